"""The state on a branch of its own: what a push makes of it, and what a pull makes of that."""

import subprocess
from pathlib import Path

import pytest

from reconcile.errors import BonusctlError, Refused, StateError
from reconcile.project import branch_files
from reconcile.project.git import GitFailed
from reconcile.project.state_branch import Standing, push
from reconcile.state.reader import open_reader
from reconcile.state.transfer import Pulled
from reconcile.state.verify import verify_file
from tests.branch.clones import STATE, Clone, Remote, git


def pushed(remote: Remote, name: str = "ann") -> Clone:
    """A clone whose state of one run is on the branch."""
    clone = remote.clone(name)
    clone.runs(name)
    clone.push()
    return clone


# --- push ------------------------------------------------------------------------------------------------------------


def test_the_first_push_makes_a_branch_that_shares_nothing_with_main_and_holds_the_export(remote: Remote) -> None:
    ann = pushed(remote)
    assert remote.files() == [".bonusctl-state", "README.md", f"{STATE}.head", f"{STATE}.jsonl"]
    assert remote.file(f"{STATE}.jsonl") == ann.exported()
    assert remote.file(f"{STATE}.head") == f"{ann.head().sequence}:{ann.head().hash}\n"
    (only,) = remote.commits()
    assert git(remote.bare, "show", "-s", "--format=%P|%an|%ae|%s", only) == (
        "|bonusctl|bonusctl@localhost|State at event 4 [skip ci]"
    )


def test_a_push_without_a_change_makes_no_commit(remote: Remote) -> None:
    ann = pushed(remote)
    before = remote.commits()
    again = ann.push()
    assert (again.pushed, again.standing, again.commit) == (False, Standing.SAME, before[0])
    assert remote.commits() == before


def test_a_push_without_a_state_pushes_nothing(remote: Remote) -> None:
    report = remote.clone("ann").push()
    assert (report.pushed, report.head.sequence, remote.commits()) == (False, 0, [])


def test_a_push_adds_a_commit_on_top_of_the_one_before(remote: Remote) -> None:
    ann = pushed(remote)
    (first,) = remote.commits()
    ann.runs()
    ann.push()
    assert remote.commits()[1:] == [first]
    assert remote.file(f"{STATE}.jsonl") == ann.exported()


def test_a_push_touches_neither_work_tree_nor_index_nor_branch(remote: Remote) -> None:
    ann = remote.clone("ann")
    (ann.folder / "specs" / "one.yaml").write_text("edited\n")
    (ann.folder / "new.txt").write_text("new\n")
    git(ann.folder, "add", "new.txt")
    index = (ann.folder / ".git" / "index").read_bytes()
    before = git(ann.folder, "status", "--porcelain=v2", "--branch")
    ann.runs()
    ann.begin()
    ann.push()
    ann.pull()
    assert (ann.folder / ".git" / "index").read_bytes() == index
    assert git(ann.folder, "status", "--porcelain=v2", "--branch") == before
    assert git(ann.folder, "stash", "list") == ""


def test_a_shallow_clone_with_a_detached_head_pulls_and_pushes(remote: Remote) -> None:
    pushed(remote).runs()
    ben = remote.clone("ben", "--depth=1")
    git(ben.folder, "checkout", "-q", "--detach")
    assert ben.pull().pulled is Pulled.MADE
    ben.runs("ben")
    assert ben.push().pushed
    assert len(remote.commits()) == 2
    assert remote.file(f"{STATE}.jsonl") == ben.exported()
    assert git(ben.folder, "rev-parse", "--abbrev-ref", "HEAD") == "HEAD"


def test_a_whole_clone_does_not_become_shallow(remote: Remote) -> None:
    pushed(remote)
    ben = remote.clone("ben")
    ben.pull()
    assert git(ben.folder, "rev-parse", "--is-shallow-repository") == "false"


def test_two_configs_share_one_branch(remote: Remote) -> None:
    ann = pushed(remote)
    inner = ann.folder / "team-b"
    (inner / "specs").mkdir(parents=True)
    (inner / "bonusctl.yaml").write_bytes((ann.folder / "bonusctl.yaml").read_bytes())
    other = Clone(inner, ann.environ)
    assert other.pull().pulled is None
    other.runs("ben")
    assert other.push().pushed
    assert f"team-b/{STATE}.jsonl" in remote.files()
    assert remote.file(f"{STATE}.jsonl") == ann.exported()
    assert remote.file(f"team-b/{STATE}.jsonl") == other.exported()


def test_a_branch_that_holds_something_else_is_left_alone(remote: Remote) -> None:
    ann = remote.clone("ann")
    ann.runs()
    before = remote.commits("main")
    for call in (ann.push, ann.begin, ann.pull):
        with pytest.raises(Refused, match="The branch origin/main does not hold a state") as caught:
            call("main")
        assert caught.value.reason == "not_a_state_branch"
    assert remote.commits("main") == before


def test_a_text_of_the_team_s_in_the_readme_stays(remote: Remote) -> None:
    ann = pushed(remote)
    git(ann.folder, "fetch", "-q", "origin", "bonusctl-state")
    git(ann.folder, "worktree", "add", "-q", "-b", "edit", "../edit", "origin/bonusctl-state")
    edit = ann.folder.parent / "edit"
    (edit / "README.md").write_text("Ours.\n")
    git(edit, "commit", "-q", "-am", "ours")
    git(edit, "push", "-q", "origin", "edit:bonusctl-state")
    ann.runs()
    ann.push()
    assert remote.file("README.md") == "Ours.\n"


# --- large journals --------------------------------------------------------------------------------------------------


def test_a_large_journal_goes_on_in_parts_of_which_full_ones_never_change(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branch_files, "PART_BYTES", 1_000)
    ann = pushed(remote)
    for _ in range(8):
        ann.runs()
    ann.push()
    parts = [path for path in remote.files() if ".jsonl" in path]
    assert parts[:3] == [f"{STATE}.jsonl", f"{STATE}.jsonl.00002", f"{STATE}.jsonl.00003"]
    second = remote.file(parts[1])
    for _ in range(8):
        ann.runs()
    ann.push()
    more = [path for path in remote.files() if ".jsonl" in path]
    assert len(more) > len(parts)
    assert remote.file(more[1]) == second
    assert "".join(remote.file(path) for path in more) == ann.exported()
    ben = remote.clone("ben")
    ben.pull()
    assert ben.exported() == ann.exported()


# --- pull ------------------------------------------------------------------------------------------------------------


def test_a_pull_makes_the_very_state_that_was_pushed(remote: Remote) -> None:
    ann = pushed(remote)
    ben = remote.clone("ben")
    report = ben.pull()
    assert (report.pulled, report.head, report.mark) == (Pulled.MADE, ann.head(), None)
    assert ben.exported() == ann.exported()
    assert verify_file(ben.state).sound
    assert ben.state.stat().st_mode & 0o777 == 0o600


def test_a_pull_from_no_branch_makes_nothing(remote: Remote) -> None:
    ben = remote.clone("ben")
    assert ben.pull().pulled is None
    assert not ben.state.exists()


def test_pulled_again_a_state_is_the_same_and_later_brought_forward(remote: Remote) -> None:
    ann = pushed(remote)
    ben = remote.clone("ben")
    ben.pull()
    assert ben.pull().pulled is Pulled.SAME
    ann.runs()
    ann.push()
    assert ben.pull().pulled is Pulled.FORWARD
    assert ben.exported() == ann.exported()


def test_a_state_that_knows_more_than_the_branch_is_kept(remote: Remote) -> None:
    ann = pushed(remote)
    ann.runs()
    head = ann.head()
    assert ann.pull().pulled is Pulled.AHEAD
    assert ann.head() == head


def test_a_state_that_went_apart_is_refused_by_both_with_both_heads(remote: Remote) -> None:
    ann = pushed(remote)
    ben = remote.clone("ben")
    ben.pull()
    ann.runs("ann")
    ann.push()
    ben.runs("ben")
    heads = ben.head(), ann.head()
    assert (heads[0].sequence, heads[1].sequence) == (7, 6)
    for call in (ben.pull, ben.push, ben.begin):
        with pytest.raises(StateError) as caught:
            call()
        assert caught.value.reason == "state_apart"
        assert caught.value.summary == (
            "The state here and the one on origin/bonusctl-state went apart: "
            f"7:{heads[0].hash[:12]} here, 6:{heads[1].hash[:12]} there"
        )
        assert f"mv {STATE} {STATE}.apart\nbonusctl state pull\nbonusctl refresh --full" in caught.value.remedy
    assert (ben.head(), ann.head()) == heads
    assert remote.file(f"{STATE}.jsonl") == ann.exported()


def test_a_state_of_another_lineage_is_refused(remote: Remote) -> None:
    pushed(remote)
    ben = remote.clone("ben")
    ben.runs("ben")
    for call in (ben.pull, ben.push):
        with pytest.raises(StateError) as caught:
            call()
        assert caught.value.reason == "state_apart"


def test_where_the_branch_knows_more_a_push_does_nothing(remote: Remote) -> None:
    ann = pushed(remote)
    ben = remote.clone("ben")
    ben.pull()
    ann.runs()
    ann.push()
    before = remote.commits()
    report = ben.push()
    assert (report.standing, report.pushed) == (Standing.THEIRS_AHEAD, False)
    assert remote.commits() == before


def test_an_altered_journal_on_the_branch_is_refused(remote: Remote) -> None:
    ann = pushed(remote)
    git(ann.folder, "worktree", "add", "-q", "-b", "edit", "../edit", "origin/bonusctl-state")
    edit = ann.folder.parent / "edit"
    journal = edit / f"{STATE}.jsonl"
    journal.write_text(journal.read_text().replace("runner", "rummer", 1))
    git(edit, "commit", "-q", "-am", "altered")
    git(edit, "push", "-q", "origin", "edit:bonusctl-state")
    ben = remote.clone("ben")
    with pytest.raises(StateError, match=r"Line 3 of the export is refused") as caught:
        ben.pull()
    assert caught.value.reason == "import_damaged"
    with open_reader(ben.state) as reader:
        assert reader is None


# --- races and refusals ----------------------------------------------------------------------------------------------


def test_a_lost_race_is_seen_and_the_push_goes_on_top(remote: Remote) -> None:
    """In the middle of the push, another config's push lands on the branch."""
    ann = pushed(remote)
    git(ann.folder, "worktree", "add", "-q", "-b", "other", "../other", "origin/bonusctl-state")
    other = ann.folder.parent / "other"
    (other / "other.txt").write_text("from another config\n")
    git(other, "add", "-A")
    git(other, "commit", "-q", "-m", "other")
    git(other, "push", "-q", "origin", "other:refs/heads/aside")
    remote.hook(
        "pre-receive",
        "unset GIT_QUARANTINE_PATH; test -e once || { touch once; git update-ref refs/heads/bonusctl-state aside; }",
    )
    ann.runs()
    assert ann.push().pushed
    assert len(remote.commits()) == 3
    assert "other.txt" in remote.files()
    assert remote.file(f"{STATE}.jsonl") == ann.exported()


def test_races_that_are_lost_again_and_again_end(remote: Remote) -> None:
    ann = pushed(remote)
    tree = "$(git rev-parse bonusctl-state^{tree})"
    commit = f"git -c user.name=x -c user.email=x commit-tree {tree} -p bonusctl-state -m again"
    remote.hook("pre-receive", f"unset GIT_QUARANTINE_PATH; git update-ref refs/heads/bonusctl-state $({commit})")
    ann.runs()
    with pytest.raises(GitFailed) as caught:
        ann.push()
    assert caught.value.reason == "push_raced"
    assert len(remote.commits()) == 7


def test_a_push_that_the_remote_refuses_says_why(remote: Remote) -> None:
    ann = pushed(remote)
    remote.hook("pre-receive", "echo 'the branch is protected' >&2; exit 1")
    ann.runs()
    with pytest.raises(GitFailed, match="The remote did not take the push to origin/bonusctl-state") as caught:
        ann.push()
    assert caught.value.reason == "push_refused"
    assert "the branch is protected" in caught.value.detail
    assert len(remote.commits()) == 1


def test_a_push_whose_answer_is_lost_was_made(remote: Remote) -> None:
    """The remote takes the push and dies before it says so."""
    ann = pushed(remote)
    remote.hook("post-receive", "kill -9 $PPID")
    ann.runs()
    assert ann.push().pushed
    assert remote.file(f"{STATE}.jsonl") == ann.exported()


def test_our_own_hooks_do_not_run(remote: Remote) -> None:
    ann = pushed(remote)
    for name in ("pre-push", "reference-transaction", "post-index-change", "post-rewrite"):
        path = ann.folder / ".git" / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho {name} >> {ann.folder.parent}/ran\n")
        path.chmod(0o755)
    ann.runs()
    ann.push()
    ann.pull()
    assert not (ann.folder.parent / "ran").exists()


def test_a_remote_that_is_not_there_is_said(remote: Remote) -> None:
    ann = pushed(remote)
    remote.bare.rename(remote.folder / "gone.git")
    for call in (ann.pull, ann.push, ann.begin):
        with pytest.raises(GitFailed) as caught:
            call()
        assert caught.value.reason == "remote_unreachable"
        assert caught.value.remedy == "See whether this works here:\ngit ls-remote origin"


def test_credentials_in_a_remote_s_address_are_not_repeated(remote: Remote) -> None:
    ann = pushed(remote)
    git(ann.folder, "remote", "set-url", "origin", "http://bot:canary-pass%2Fword@127.0.0.1:9/x.git")
    with pytest.raises(GitFailed) as caught:
        ann.pull()
    said = caught.value.summary + caught.value.detail + caught.value.remedy
    assert "canary" not in said
    assert "127.0.0.1" in said


@pytest.mark.parametrize(
    "name", ["", "-x", "--upload-pack=touch x", "a b", "a..b", "HEAD", "a\n", "x.lock", "/a", "a^", "@{u}", "a\x1b[2J"]
)
def test_a_hostile_branch_name_is_refused_before_anything_is_asked(remote: Remote, name: str) -> None:
    ann = remote.clone("ann")
    ann.runs()
    with pytest.raises(BonusctlError, match="is no name for a branch") as caught:
        ann.push(name)
    assert caught.value.reason == "usage"


@pytest.mark.parametrize(
    "name", ["", "-x", "--all", "ext::sh -c touch% x", "https://example.org/x", "../remote.git", "other"]
)
def test_only_a_remote_of_the_clone_is_asked(remote: Remote, name: str) -> None:
    ann = remote.clone("ann")
    with pytest.raises(BonusctlError, match="is no remote of this repository"):
        push(ann.project, remote=name, branch="bonusctl-state")


def test_outside_of_a_work_tree_it_is_refused(tmp_path: Path, remote: Remote) -> None:
    ann = remote.clone("ann")
    outside = tmp_path / "outside"
    (ann.folder).rename(outside)
    subprocess.run(["rm", "-rf", str(outside / ".git")], check=True)
    with pytest.raises(Refused) as caught:
        Clone(outside, ann.environ).pull()
    assert caught.value.reason == "no_work_tree"
