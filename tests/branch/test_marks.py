"""A mark says that a run is under way: what a pulled state may believe, with two jobs at once and with killed ones."""

import json

import pytest

from reconcile.errors import Refused, StateError
from reconcile.state.lock import acquire
from reconcile.state.reader import open_reader
from reconcile.state.sqlite import open_ledger
from reconcile.state.verify import verify_file
from tests.branch.clones import STATE, Clone, Remote, git
from tests.state.histories import ANN, HOLDER, START_MS, accepted

MARK = f"{STATE}.under-way.json"


def job(remote: Remote, name: str) -> Clone:
    """A job on a fresh machine: it has pulled."""
    clone = remote.clone(name)
    clone.pull()
    return clone


def whole(remote: Remote, name: str) -> Clone:
    """A job from its pull to its push."""
    clone = job(remote, name)
    clone.begin()
    clone.runs(name)
    clone.push()
    return clone


def test_a_pulled_state_is_unproved_and_verifies(remote: Remote) -> None:
    whole(remote, "one")
    two = job(remote, "two")
    assert two.unproved()
    assert verify_file(two.state).sound


def test_the_run_that_takes_up_an_unproved_state_closes_its_gates(remote: Remote) -> None:
    whole(remote, "one")
    two = job(remote, "two")
    assert two.gate() == ""
    two.runs("two")
    assert (two.gate(), two.unproved()) == ("imported", False)
    assert verify_file(two.state).sound


def test_begin_on_a_branch_without_a_mark_proves_the_pulled_state(remote: Remote) -> None:
    whole(remote, "one")
    two = job(remote, "two")
    report = two.begin()
    assert (report.found, report.marked, two.unproved()) == (None, True, False)
    two.runs("two")
    assert two.gate() == ""


def test_what_a_person_decided_in_between_does_not_prove_a_pulled_state(remote: Remote) -> None:
    whole(remote, "one")
    two = job(remote, "two")
    with (
        acquire(two.state, HOLDER, timeout_s=0) as lock,
        open_ledger(two.state, lock=lock, lineage="none", at_ms=START_MS) as ledger,
    ):
        ledger.commit([accepted(ANN)])
    assert two.unproved()


def test_a_mark_names_who_is_under_way_and_is_gone_after_the_push(remote: Remote) -> None:
    one = remote.clone("one")
    one.begin()
    mark = json.loads(remote.file(MARK))
    assert sorted(mark) == ["by", "format_version", "host", "since", "token"]
    assert mark["by"] == "one"
    assert job(remote, "reader").pull().mark is not None
    one.runs("one")
    report = one.push()
    assert (report.marked, MARK in remote.files()) == (False, False)
    assert job(remote, "later").pull().mark is None


def test_a_killed_job_leaves_its_mark_and_the_next_is_careful(remote: Remote) -> None:
    whole(remote, "one")
    killed = job(remote, "killed")
    killed.begin()
    killed.runs("killed")
    three = job(remote, "three")
    report = three.begin()
    assert report.found is not None
    assert report.found.by == "killed"
    assert three.unproved()
    three.runs("three")
    assert three.gate() == "imported"
    assert three.push().marked is False
    four = job(remote, "four")
    assert four.begin().found is None
    # What the gate waits for is in the journal: the fourth goes on waiting, from when the third began to.
    assert (four.unproved(), four.gate()) == (False, "imported")


def test_a_careful_job_that_did_not_run_leaves_the_mark(remote: Remote) -> None:
    """The killed run is not covered by any closed gate yet."""
    whole(remote, "one")
    job(remote, "killed").begin()
    three = job(remote, "three")
    three.begin()
    report = three.push()
    assert (report.pushed, report.marked, MARK in remote.files()) == (False, True, True)
    assert job(remote, "four").begin().found is not None


def test_a_careful_job_without_any_state_that_did_not_run_leaves_the_mark(remote: Remote) -> None:
    remote.clone("killed").begin()
    two = remote.clone("two")
    assert two.begin().found is not None
    assert two.push().marked
    assert MARK in remote.files()


def test_a_job_that_began_and_did_not_run_takes_its_own_mark_away(remote: Remote) -> None:
    whole(remote, "one")
    two = job(remote, "two")
    two.begin()
    assert two.push().marked is False
    assert MARK not in remote.files()


def test_two_jobs_that_pulled_one_state_cannot_both_go_on_at_once(remote: Remote) -> None:
    """The second to begin sees the mark of the first."""
    whole(remote, "one")
    first, second = job(remote, "first"), job(remote, "second")
    first.begin()
    second.begin()
    assert (first.unproved(), second.unproved()) == (False, True)


def test_a_mark_that_lands_in_the_middle_of_begin_is_seen(remote: Remote) -> None:
    """Two jobs begin in one moment: one push is taken, and the other finds it."""
    whole(remote, "one")
    first, second = job(remote, "first"), job(remote, "second")
    first.begin()
    tip = remote.commits()[0]
    (remote.bare / "refs" / "heads" / "bonusctl-state").unlink()
    git(remote.bare, "update-ref", "refs/heads/bonusctl-state", f"{tip}~1")
    remote.hook(
        "pre-receive",
        f"unset GIT_QUARANTINE_PATH; test -e once || {{ touch once; git update-ref refs/heads/bonusctl-state {tip}; }}",
    )
    report = second.begin()
    assert report.found is not None
    assert report.found.by == "first"
    assert second.unproved()


def test_begin_is_refused_where_another_job_has_pushed_since_the_pull(remote: Remote) -> None:
    whole(remote, "one")
    late = job(remote, "late")
    whole(remote, "two")
    with pytest.raises(Refused) as caught:
        late.begin()
    assert (caught.value.reason, caught.value.remedy) == ("branch_moved", "bonusctl state pull")
    assert late.unproved()
    late.pull()
    late.begin()
    assert not late.unproved()


def test_begin_without_a_local_state_is_refused_where_the_branch_has_one(remote: Remote) -> None:
    whole(remote, "one")
    with pytest.raises(Refused) as caught:
        remote.clone("two").begin()
    assert caught.value.reason == "branch_moved"


def test_a_push_leaves_the_mark_of_another_run(remote: Remote) -> None:
    """The first job ends while the second is under way, which then ends apart: its mark stays for who comes next."""
    whole(remote, "one")
    first, second = job(remote, "first"), job(remote, "second")
    first.begin()
    second.begin()
    first.runs("first")
    second.runs("second")
    assert first.push().marked
    assert json.loads(remote.file(MARK))["by"] == "second"
    with pytest.raises(StateError) as caught:
        second.push()
    assert caught.value.reason == "state_apart"
    assert job(remote, "third").begin().found is not None


def test_a_run_that_ends_apart_leaves_a_mark(remote: Remote) -> None:
    """The second took over from the first and was faster: what the first sent is in no journal of the branch."""
    whole(remote, "one")
    first, second = job(remote, "first"), job(remote, "second")
    first.begin()
    second.begin()
    first.runs("first")
    second.runs("second")
    assert second.push().marked is False
    with pytest.raises(StateError):
        first.push()
    assert job(remote, "third").begin().found is not None


def test_a_state_kept_on_one_machine_doubts_itself_when_a_mark_of_another_is_found(remote: Remote) -> None:
    one = whole(remote, "one")
    assert not one.unproved()
    job(remote, "killed").begin()
    one.begin()
    assert one.unproved()


def test_a_state_that_is_brought_forward_is_unproved_again(remote: Remote) -> None:
    one = whole(remote, "one")
    whole(remote, "two")
    one.pull()
    assert one.unproved()


def test_begin_brings_what_the_branch_has_not(remote: Remote) -> None:
    """An apply whose push failed: its journal goes with the next mark."""
    one = whole(remote, "one")
    one.runs("one")
    one.begin()
    assert remote.file(f"{STATE}.jsonl") == one.exported()
    assert MARK in remote.files()


def test_a_mark_that_cannot_be_read_is_a_mark(remote: Remote) -> None:
    one = whole(remote, "one")
    git(one.folder, "worktree", "add", "-q", "-b", "edit", "../edit", "origin/bonusctl-state")
    edit = one.folder.parent / "edit"
    (edit / MARK).write_text("[nonsense")
    git(edit, "add", "-A")
    git(edit, "commit", "-q", "-m", "nonsense")
    git(edit, "push", "-q", "origin", "edit:bonusctl-state")
    two = job(remote, "two")
    assert two.begin().found is not None
    assert two.unproved()


def test_a_mark_that_is_not_taken_proves_nothing(remote: Remote) -> None:
    whole(remote, "one")
    two = job(remote, "two")
    remote.hook("pre-receive", "exit 1")
    with pytest.raises(Exception, match="did not take the push"):
        two.begin()
    assert two.unproved()
    with open_reader(two.state) as reader:
        assert reader is not None
        assert reader.head() == two.head()
