"""SIGKILL of each command that writes a state by hand, before and after each of its commits: once more, then an apply, and all is true."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.decided.test_import_command import pay_by_hand
from tests.kill.launching import Launcher, Project
from tests.support.emulator import EmulatorProcess
from tests.support.paying import Paying

POINTS_MAX = 60
YES = ("--auto-approve",)
WHY = ("--reason", "seen", *YES)
COMMITS = ("before commit", "after commit")
"""Of the network's points a command has the same as every run: `tests/crash` dies there."""


def nothing(project: Project) -> None:
    project.ask(w1="10.00", w2="20.00")


def paid(project: Project) -> None:
    nothing(project)
    project.apply()


def in_doubt(project: Project) -> None:
    """The first payment's request went out, and the process died before its answer."""
    nothing(project)
    ended = project.run("apply", *YES, at=1, prefix="answer received: SendOperation")
    assert ended.code == -signal.SIGKILL


def in_conflict(project: Project) -> None:
    """More was issued to the first worker than the spec asks for by now."""
    paid(project)
    project.ask(w1="4.00", w2="20.00")


def accepted(project: Project) -> None:
    in_conflict(project)
    project.expect(0, "state", "accept", "c/w1", *WHY)


def by_hand(project: Project) -> None:
    project.ask(w1="10.00", w2="20.00")
    pay_by_hand(Paying(project.folder / "hand", project.emulator), "w1", "10.00")


def backed_up(project: Project) -> None:
    """A backup and an export of before the second payment."""
    project.ask(w1="10.00")
    project.apply()
    project.expect(0, "state", "backup", "older.db")
    (project.folder / "older.jsonl").write_text(project.expect(0, "state", "export").out)
    paid(project)


def exported(project: Project) -> None:
    """An export, and the state gone."""
    backed_up(project)
    for path in (project.folder / "state").iterdir():
        path.unlink()


class Command(NamedTuple):
    """What comes before, the command line, and the kinds of events that it alone commits. `left`: the amounts that were
    paid and that the spec no longer asks for.
    """

    before: Callable[[Project], None]
    arguments: tuple[str, ...]
    events: tuple[str, ...]
    final: tuple[tuple[str, str], ...] = (("w1", "10.00"), ("w2", "20.00"))


COMMANDS = {
    "first refresh": Command(nothing, ("refresh",), ("state_created", "account_bound", "scan_completed")),
    "resolve as issued": Command(
        in_doubt, ("state", "resolve", "c/w1", "--issued", *WHY), ("run_started", "payment_resolved", "run_ended")
    ),
    "accept": Command(in_conflict, ("state", "accept", "c/w1", *WHY), ("bonus_accepted",)),
    "accept no more": Command(accepted, ("state", "accept", "c/w1", "--revoke", *WHY), ("acceptance_revoked",)),
    "import from the provider": Command(
        by_hand, ("import", "--from-provider", "--since", "2020-01-01", *YES), ("payments_imported",)
    ),
    "restore": Command(backed_up, ("state", "restore", "older.db", "--reason", "seen"), ("state_carried",)),
    "import of a state": Command(
        exported, ("state", "import", "older.jsonl", "--reason", "seen"), ("replay", "state_carried")
    ),
    "unlock": Command(paid, ("state", "unlock", *WHY), ("state_carried",)),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_kill_before_and_after_every_commit_of_a_command_loses_nothing(
    tmp_path: Path, launcher: Launcher, name: str
) -> None:
    command = COMMANDS[name]
    for at in range(1, POINTS_MAX):
        account = EmulatorProcess(tmp_path / f"{at}.db", {"latency-ms": 1, "daily-limit": 0, "run-ms": 0})
        with account:
            project = Project(tmp_path / str(at), launcher, account)
            command.before(project)
            ended = project.run(*command.arguments, at=at, prefix=COMMITS)
            if ended.code == -signal.SIGKILL:
                # What was recorded already is refused politely, what was not is recorded now.
                assert project.run(*command.arguments).code in (0, 1, 3)
            final = project.run("apply", *YES, "--format", "json", "--wait", "5")
            assert final.code in (0, 3), final
            assert "crash" not in final.out
            remote = sorted((row["user_id"], row["amount"]) for row in account.payments())
            assert remote == list(command.final)
            project.expect(0, "state", "verify")
            state = project.expect(0, "state", "list", "--format", "json").json()["bonuses"]
            issued = sorted((row["recipient"], row["issued_amount"]) for row in state)
            assert issued == list(command.final)
        if ended.code != -signal.SIGKILL:
            assert at > 2, "so few points mean that the command was not followed"
            kinds = {kind for point in ended.points for kind in point.rpartition(": ")[2].split("+")}
            assert set(command.events) <= kinds
            return
    raise AssertionError("the command never ends")
