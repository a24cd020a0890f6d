"""Jobs at once, jobs that died, and jobs that come too late: nobody is paid twice, and the state's branch is whole."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.story.conftest import Found
from tests.story.team import ANN, BEN, CARRY, CAT, PAY, Team, owed, spec
from tests.support.actions import Ran, git

BEGIN = "Say on the state's branch that a run is under way"
MARK = "state/bonusctl.db.under-way.json"
FIRST = {"first": spec("first", owed(ANN, "1.00"), owed(BEN, "0.50"))}
SECOND = {"second": spec("second", owed(CAT, "0.30"))}
ALL = ["ann 1.00", "ben 0.50", "cat 0.30", "dan 0.05"]
BATCHES = "mode: sync\n    batch_size: 2\n    settle_window: {window}"


def merged(team: Team) -> tuple[str, str]:
    """Two pull requests, both reviewed before either was merged."""
    team.starts()
    one, two = team.review(12, "first", FIRST), team.review(13, "second", SECOND)
    return team.merge(one), team.merge(two)


def at_once(team: Team, step: str, *jobs: Callable[[], Ran]) -> list[Ran]:
    """Jobs without any concurrency group: all stand before `step` at one time, then go on."""
    team.jobs.meet = (step, threading.Barrier(len(jobs)))
    with ThreadPoolExecutor(len(jobs)) as pool:
        ended = [each.result() for each in [pool.submit(job) for job in jobs]]
    team.jobs.meet = None
    return ended


def test_two_merges_one_after_the_other_are_each_paid_under_their_own_approval(team: Team) -> None:
    first, second = merged(team)
    assert team.jobs.push(first).ok
    assert team.paid() == ["ann 1.00", "ben 0.50", "dan 0.05"]
    assert team.jobs.push(second).ok
    assert team.paid() == ALL
    assert team.kept() == ALL


def test_two_jobs_that_pay_at_one_time_pay_nobody_twice_and_both_approvals_end_up_paid(team: Team) -> None:
    """Without GitHub's concurrency group. One of the two cannot bring its state to the branch: run again, it can."""
    first, second = merged(team)
    jobs = at_once(team, PAY, lambda: team.jobs.push(first), lambda: team.jobs.push(second))
    assert team.paid() == ALL
    assert sorted(job.step(CARRY).code for job in jobs) == [0, 1]
    for number in ("12", "13"):
        again = team.jobs.by_hand(second, number)
        assert again.ok, again.printed
    assert team.paid() == ALL
    assert team.kept() == ALL


def test_one_job_started_twice_at_one_time_pays_once(team: Team) -> None:
    """The provider itself refuses the second request for each payment."""
    merge = team.merge(team.review(12, "first", FIRST))
    at_once(team, PAY, lambda: team.jobs.push(merge), lambda: team.jobs.push(merge))
    assert team.paid() == ["ann 1.00", "ben 0.50"]
    assert team.jobs.push(merge).ok
    assert team.kept() == ["ann 1.00", "ben 0.50"]


def test_two_jobs_that_begin_at_one_time_are_told_of_each_other(team: Team) -> None:
    first, second = merged(team)
    jobs = at_once(team, BEGIN, lambda: team.jobs.push(first), lambda: team.jobs.push(second))
    assert any("under way" in job.printed for job in jobs)
    for number in ("12", "13"):
        assert team.jobs.by_hand(second, number).step(PAY).code == 0
    assert team.paid() == ALL
    assert team.kept() == ALL


def test_after_a_killed_job_single_payments_go_on_at_once(found: Found) -> None:
    """SIGKILL after two of three payments, nothing pushed: the next job reads what was paid, and pays the third."""
    team = found("settle_window: 900")
    team.jobs.wait_s = 0
    team.starts()
    merge = team.merge(team.review(12, "first", FIRST | SECOND))
    team.emulator.faults([{"name": "hang", "on": "send", "nth": [3], "executes": False}])
    team.jobs.lose_at = 3
    assert team.jobs.push(merge).lost
    team.jobs.lose_at = 0
    team.emulator.faults([])
    assert MARK in team.on_branch()
    assert team.paid() == ["ann 1.00", "ben 0.50", "dan 0.05"]
    job = team.jobs.push(merge)
    assert job.ok, job.printed
    assert "is under way since" in job.printed
    assert team.paid() == ALL
    assert team.kept() == ALL


def test_after_a_killed_job_batches_wait_for_a_settle_window_and_then_pay_what_is_missing(team: Team) -> None:
    """The runner is lost while the first of two batches is under way, paid and without an answer. Nobody moves the runners'
    own clock, so that the window is one of a second where it passes.
    """
    team.starts()
    team.emulator.advance(901_000)
    team.configure(BATCHES.format(window=1))
    team.direct("batches", {})
    merge = team.merge(team.review(12, "first", FIRST | SECOND))
    team.emulator.faults([{"name": "hang", "on": "send", "user": ANN}])
    team.jobs.lose_at = 3
    assert team.jobs.push(merge).lost
    team.jobs.lose_at = team.jobs.wait_s = 0
    team.emulator.faults([])
    team.configure(BATCHES.format(window=900))
    soon = team.direct("a window of fifteen minutes", {})
    team.server.memory.histories[soon] = [merge]
    job = team.jobs.by_hand(soon, "12")
    assert (job.step(PAY).code, job.step(CARRY).code) == (3, 0)
    assert team.paid() == ["ann 1.00", "ben 0.50", "dan 0.05"]

    team.configure(BATCHES.format(window=1))
    later = team.direct("a window of a second", {})
    team.server.memory.histories[later] = [merge]
    team.jobs.wait_s = 30
    again = team.jobs.by_hand(later, "12")
    assert again.ok, again.printed
    assert team.paid() == ALL
    assert team.kept() == ALL


def test_the_first_job_ever_whose_state_was_lost_finds_nothing_to_do(team: Team) -> None:
    """Its plan was made without any state; run again, the scan finds that all of it is paid."""
    merge = team.merge(team.review(12, "first", FIRST))
    assert team.jobs.push(merge).ok
    git(team.jobs.origin, "branch", "-D", "bonusctl-state")
    again = team.jobs.push(merge)
    assert again.ok, again.printed
    assert team.paid() == ["ann 1.00", "ben 0.50"]
    assert team.kept() == ["ann 1.00", "ben 0.50"]


def test_a_job_run_again_from_an_older_merge_is_refused_unless_that_is_meant(team: Team) -> None:
    """What a later review took out of the specs would be paid from the older ones."""
    team.starts()
    first = team.merge(team.review(12, "first", FIRST))
    team.emulator.faults([{"name": "no_funds", "on": "send", "nth": [2]}])
    assert team.jobs.push(first).step(PAY).code == 3
    team.emulator.faults([])
    fewer = {"first": spec("first", owed(ANN, "1.00"))} | SECOND
    assert team.jobs.push(team.merge(team.review(13, "second", fewer))).ok
    paid = ["ann 1.00", "cat 0.30", "dan 0.05"]
    assert team.paid() == paid
    again = team.jobs.push(first)
    assert (again.step(PAY).code, again.step(CARRY).code) == (1, 0)
    assert "Bonuses: refused" in again.summary
    assert team.paid() == paid
    assert team.kept() == paid
    digest = team.status(git(team.clone, "rev-parse", "first").strip()).split()[1]
    arguments = ("apply", "--expect-digest", digest, "--auto-approve", "--format", "json")
    refused = team.by_person(*arguments, folder=again.folder)
    assert (refused.code, refused.json()["reason"]) == (1, "older_commit")
    meant = team.by_person(*arguments, "--allow-older-commit", folder=again.folder)
    assert meant.code == 0, meant.err
    assert team.paid() == ALL
