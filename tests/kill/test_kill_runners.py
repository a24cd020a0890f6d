"""Many runners at once: on one state, one of them stopped while another takes its lock; two states on one account; an
emulator that dies in the middle. Real processes, real signals.
"""

import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.kill.launching import Ended, Launcher, Project
from tests.kill.launching_mturk import MturkProject
from tests.support.emulator import EmulatorProcess

APPLY = ("apply", "--auto-approve", "--format", "json", "--wait", "10")
BATCHES = "    batch_size: 5\n"
FORTY = {f"w{number}": f"0.{number + 10}" for number in range(40)}


def recipients(emulator: EmulatorProcess) -> Counter[str]:
    return Counter(str(row["user_id"]) for row in emulator.payments())


def reason(ended: Ended) -> str:
    return str(ended.json().get("reason", ""))


def sends(ended: Ended) -> int:
    return sum(1 for point in ended.points if point == "request has left: SendOperation")


# --- one state -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("runners", [2, 8, 32])
def test_of_many_runners_on_one_state_one_at_a_time_pays_and_the_others_say_that_it_is_locked(
    tmp_path: Path, launcher: Launcher, emulator: EmulatorProcess, runners: int
) -> None:
    project = Project(tmp_path / "project", launcher, emulator)
    project.ask(**FORTY)
    under_way = [project.start(*APPLY) for _ in range(runners)]
    ended = [one.wait() for one in under_way]
    assert {one.code for one in ended} <= {0, 1}
    assert {reason(one) for one in ended if one.code == 1} <= {"lock_held"}
    assert any(one.code == 0 for one in ended)
    project.assert_true()


def test_runners_that_are_killed_and_started_without_end_pay_each_bonus_once(
    tmp_path: Path, launcher: Launcher, emulator: EmulatorProcess
) -> None:
    """A lock that a killed process left never blocks the next: of each pair one dies while it pays."""
    project = Project(tmp_path / "project", launcher, emulator)
    project.ask(**FORTY)
    for at in (3, 9, 17, 26):
        under_way = [project.start(*APPLY, at=at, prefix="request has left: SendOperation") for _ in range(2)]
        codes = {one.wait().code for one in under_way}
        assert codes <= {0, 1, -signal.SIGKILL}
    project.apply()
    project.assert_true()


# --- a runner that is stopped ----------------------------------------------------------------------------------------

MOMENTS = {
    "before it says anything to the provider": ("request leaves: ReadAccount", 1),
    "before its scan is recorded": ("before commit: scan_completed", 1),
    "before its first payment is journaled": ("before commit: operations_prepared", 1),
    "before its first payment leaves": ("request leaves: SendOperation", 1),
    "between payments, one journaled and not sent": ("request leaves: SendOperation", 3),
    "after a payment has left": ("request has left: SendOperation", 2),
    "before an outcome is recorded": ("before commit: sends_finished", 2),
}


WAYS: dict[str, tuple[type[Project], str]] = {
    "singles": (Project, ""),
    "batches": (Project, BATCHES),
    "sync": (Project, "    mode: sync\n"),
    "mturk": (MturkProject, ""),
    "mturk by reference": (MturkProject, "    reason_marker: true\n"),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("way", WAYS)
def test_a_stopped_runner_whose_lock_was_taken_over_sends_nothing_when_it_wakes(
    tmp_path: Path, launcher: Launcher, emulator: EmulatorProcess, way: str, moment: str
) -> None:
    """It is stopped, its lock is taken, another run pays everything: then it wakes, writes nothing, and says so.

    One connection, so that nothing but the moment itself is under way: a run that is stopped inside a commit keeps
    SQLite's own lock, too, and has to be ended.
    """
    kind, mode = WAYS[way]
    project = kind(tmp_path / "project", launcher, emulator, mode, concurrency=1)
    project.ask(**dict(list(FORTY.items())[:16]))
    prefix, at = MOMENTS[moment]
    stopped = project.start(*APPLY, at=at, prefix=prefix, action="SIGSTOP")
    asleep = stopped.wait()
    assert asleep.stopped
    project.expect(0, "state", "unlock", "--reason", "it hangs", "--auto-approve")
    other = project.run(*APPLY)
    assert other.code in (0, 3), other
    before = sends(asleep)
    stopped.send(signal.SIGCONT)
    woken = stopped.wait()
    assert woken.code == 1
    assert reason(woken) == "state_fenced"
    assert "took over" in woken.err
    assert sends(woken) == before
    project.apply()
    project.assert_true()


# --- two states on one account ---------------------------------------------------------------------------------------


def test_two_states_that_pay_one_by_one_at_once_pay_nobody_twice(
    tmp_path: Path, launcher: Launcher, emulator: EmulatorProcess
) -> None:
    projects = [Project(tmp_path / name, launcher, emulator) for name in ("one", "two")]
    for project in projects:
        project.ask(**FORTY)
    under_way = [project.start(*APPLY) for project in projects]
    assert {one.wait().code for one in under_way} <= {0, 3}
    assert recipients(emulator) == Counter(FORTY.keys())
    for project in projects:
        project.apply()
        project.assert_true()


def test_a_second_state_that_pays_in_batches_waits_for_what_the_first_has_under_way(
    tmp_path: Path, launcher: Launcher
) -> None:
    """Batches promise one writer. A second state is new: its gate holds it back until what the first sent has ended."""
    with EmulatorProcess(tmp_path / "remote.db", {"latency-ms": 5, "daily-limit": 0}) as emulator:
        first = Project(tmp_path / "first", launcher, emulator, BATCHES)
        first.ask(**FORTY)
        first.expect(0, *APPLY)
        emulator.set_options(start_ms=600_000)
        first.ask(**FORTY, **{f"x{number}": "0.50" for number in range(10)})
        stopped = first.start(*APPLY, at=1, prefix="answer received: SendOperation", action="SIGSTOP")
        assert stopped.wait().stopped
        second = Project(tmp_path / "second", launcher, emulator, BATCHES)
        second.ask(**first.asked)
        early = second.run("apply", "--auto-approve", "--format", "json", "--wait", "0")
        assert early.code == 3
        assert sends(early) == 0
        emulator.set_options(start_ms=0)
        emulator.advance(700_000)
        stopped.send(signal.SIGCONT)
        assert stopped.wait().code == 0
        for project in (second, first):
            project.expect(0, *APPLY)
            project.assert_true()


# --- the emulator dies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["", BATCHES, "    mode: sync\n"], ids=["singles", "batches", "sync"])
def test_an_emulator_killed_in_the_middle_of_an_apply_and_started_again_pays_nobody_twice(
    tmp_path: Path, launcher: Launcher, mode: str
) -> None:
    with EmulatorProcess(tmp_path / "remote.db", {"latency-ms": 5, "daily-limit": 0}) as emulator:
        project = Project(tmp_path / "project", launcher, emulator, mode)
        project.ask(**FORTY)
        project.expect(0, "refresh")
        for at in (2, 3, 5):
            runner = project.start(*APPLY, at=at, prefix="request has left: SendOperation", action="SIGSTOP")
            if not runner.wait().stopped:
                continue
            emulator.kill()
            runner.send(signal.SIGCONT)
            emulator.start()
            assert runner.wait().code in (0, 1, 3)
            assert max(recipients(emulator).values()) == 1
        project.run(*APPLY)
        project.apply()
        project.assert_true()
