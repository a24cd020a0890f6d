"""`check_assignments: true` through the real command: what is not borne out is left with a sentence, and exit 3."""

from pathlib import Path

import pytest

from tests.support.emulator import EmulatorProcess
from tests.support.paying import Paying


@pytest.mark.parametrize("check", [True, False])
def test_only_accepted_work_of_the_worker_is_paid_where_it_is_checked(tmp_path: Path, check: bool) -> None:
    with EmulatorProcess(tmp_path / "remote.db", {"start-ms": 0, "run-ms": 0}) as emulator:
        paying = Paying(tmp_path / "project", emulator, {"check_assignments": str(check).lower()})
        paying.ask(
            "user_id: w1, assignment_id: a1, amount: 1.00",
            "user_id: w2, assignment_id: rejected-a2@w2, amount: 1.00",
            "user_id: w3, amount: 1.00",
        )
        emulator.assignments({"id": "a1", "user_id": "w1"})
        done = paying.expect(3 if check else 0, "apply", "--auto-approve", "--format", "json").json()
        assert [(one["address"], one["reason"]) for one in done["left"]] == (
            [("c/w2/rejected-a2@w2", "assignment")] if check else []
        )
        assert [name for name, _ in paying.paid()] == (["w1", "w3"] if check else ["w1", "w2", "w3"])


def test_the_report_says_why_an_assignment_does_not_bear_a_payment(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path / "remote.db", {"start-ms": 0, "run-ms": 0}) as emulator:
        paying = Paying(tmp_path / "project", emulator, {"check_assignments": "true"})
        paying.ask("user_id: w1, assignment_id: a1, amount: 1.00")
        out = paying.expect(3, "apply", "--auto-approve").out
        assert "1 not sent: its assignment does not bear it" in out
        assert "assignment a1 does not exist at the provider" in out
