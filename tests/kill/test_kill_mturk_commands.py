"""SIGKILL of the commands by which a person decides about payments that nobody here owns, before and after each of their
commits: said once more, then an apply, and all is true. MTurk.
"""

import signal
from collections import Counter
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from tests.emulator.mturk_client import Mturk
from tests.kill.launching import Launcher
from tests.kill.launching_mturk import ACCOUNT, MturkProject, worker_of
from tests.kill.test_kill_commands import COMMITS, POINTS_MAX, WHY, YES
from tests.support.emulator import EmulatorProcess

COMMANDS = {
    "it is this bonus": (("state", "resolve", "c/AW1/3AW1", "--issued", *WHY), "payments_imported", ["1.00"]),
    "it is nobody's": (("state", "resolve", "c/AW1/3AW1", "--not-issued", *WHY), "payments_adopted", ["1.00", "1.00"]),
    "import": (("import", "--from-provider", "--since", "2020-01-01", *YES), "payments_imported", ["1.00"]),
}

Accounts = Generator[EmulatorProcess, None, None]


@pytest.fixture
def accounts(tmp_path: Path) -> Generator[Accounts, None, None]:
    """Emulators without end, each in the place of the one before."""

    def one_by_one() -> Accounts:
        for number in range(POINTS_MAX):
            with EmulatorProcess(tmp_path / f"{number}.db", {"latency-ms": 1}) as emulator:
                yield emulator

    with closing(one_by_one()) as emulators:
        yield emulators


def held_back(folder: Path, launcher: Launcher, emulator: EmulatorProcess) -> MturkProject:
    """Somebody paid the first worker by hand, and an apply held that bonus back."""
    project = MturkProject(folder, launcher, emulator)
    project.ask(w1="1.00", w2="2.00")
    who = worker_of("w1")
    with closing(Mturk(emulator, account=ACCOUNT)) as client:
        client.send(
            WorkerId=who, AssignmentId=f"3{who}", BonusAmount="1.00", Reason="by hand", UniqueRequestToken="by hand"
        )
    project.apply(code=3)
    return project


@pytest.mark.parametrize("name", COMMANDS)
def test_a_kill_before_and_after_every_commit_of_a_decision_loses_nothing(
    tmp_path: Path, launcher: Launcher, accounts: Accounts, name: str
) -> None:
    arguments, kind, first = COMMANDS[name]
    for at, emulator in enumerate(accounts, 1):
        project = held_back(tmp_path / str(at), launcher, emulator)
        ended = project.run(*arguments, at=at, prefix=COMMITS)
        if ended.code == -signal.SIGKILL:
            # What was recorded already is refused politely, what was not is recorded now.
            assert project.run(*arguments).code in (0, 1)
        project.apply()
        remote = Counter((row["worker_id"], row["amount"]) for row in emulator.mturk_payments())
        assert remote == Counter([("AW2", "2.00"), *(("AW1", amount) for amount in first)])
        project.expect(0, "state", "verify")
        if ended.code != -signal.SIGKILL:
            assert at > 4, "so few points mean that the command was not followed"
            assert any(kind in point for point in ended.points)
            return
    raise AssertionError("the command never ends")
