"""`check_assignments: true`: whose an assignment is and what became of it is asked before its bonus is paid."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.protocol.report import Report
from tests.support.world import Fault, World, bonus, settings


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, settings=settings(check_assignments=True))
    yield made
    made.close()


def left(report: Report) -> dict[str, tuple[str, str]]:
    return {row.address: (row.why.value, row.message) for row in report.left}


def paid(world: World) -> dict[str, Decimal]:
    return {recipient: amount for _, recipient, amount in world.paid()}


def asked(world: World) -> list[str]:
    """The assignments that were read, in order."""
    return [one.target.rpartition("/")[2] for one in world.requests if "/assignments/" in one.target]


def test_a_bonus_for_an_accepted_assignment_of_its_worker_is_paid(world: World) -> None:
    world.desired = [bonus("w1", "1.00", assignment_id="a1@w1")]
    assert world.apply().exit_code == 0
    assert paid(world) == {"w1": Decimal("1.00")}
    assert asked(world) == ["a1%40w1"]


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("missing-1@w1", "assignment missing-1@w1 does not exist at the provider"),
        ("rejected-1@w1", "assignment rejected-1@w1 is REJECTED, not accepted"),
        ("submitted-1@w1", "assignment submitted-1@w1 is SUBMITTED, not accepted"),
        ("a1@w2", "assignment a1@w2 belongs to another worker, w2"),
    ],
)
def test_what_an_assignment_does_not_bear_is_not_paid_and_said(world: World, assignment: str, sentence: str) -> None:
    world.desired = [bonus("w1", "1.00", assignment_id=assignment), bonus("w2", "2.00")]
    report = world.apply()
    assert report.exit_code == 3
    assert left(report) == {f"c/w1/{assignment}": ("assignment", sentence)}
    assert paid(world) == {"w2": Decimal("2.00")}


def test_without_the_key_no_assignment_is_read(world: World) -> None:
    world.settings = settings()
    world.desired = [bonus("w1", "1.00", assignment_id="rejected-1@w1")]
    assert world.apply().exit_code == 0
    assert asked(world) == []


def test_each_assignment_is_read_once_a_run(world: World) -> None:
    world.desired = [bonus("w1", "1.00", assignment_id="a1@w1", key=key) for key in ("speed", "quality")]
    assert world.apply().exit_code == 0
    assert asked(world) == ["a1%40w1"]


def test_what_is_issued_already_is_not_asked_for_again(world: World) -> None:
    world.desired = [bonus("w1", "1.00", assignment_id="a1@w1")]
    world.apply()
    world.apply()
    assert len(asked(world)) == 1


def test_an_assignment_that_cannot_be_read_is_asked_for_again_and_then_left(world: World) -> None:
    world.desired = [bonus("w1", "1.00", assignment_id="a1@w1"), bonus("w2", "2.00")]
    world.strike(Fault(name="error_before", on="assignment"))
    report = world.apply()
    assert [why for why, _ in left(report).values()] == ["assignment"]
    assert "could not be read" in report.left[0].message
    assert (len(asked(world)), paid(world)) == (4, {"w2": Decimal("2.00")})
    world.strike()
    assert world.apply().exit_code == 0


def test_a_moment_of_trouble_is_waited_out(world: World) -> None:
    world.desired = [bonus("w1", "1.00", assignment_id="a1@w1")]
    world.strike(Fault(name="too_many", on="assignment", interval="MIN", retry_after_s=2, times=1))
    assert world.apply().exit_code == 0


def test_a_limit_that_is_not_over_soon_is_not_waited_for(world: World) -> None:
    world.desired = [bonus("w1", "1.00", assignment_id="a1@w1")]
    world.strike(Fault(name="too_many", on="assignment", interval="DAY"))
    report = world.apply()
    assert [why for why, _ in left(report).values()] == ["assignment"]
    assert len(asked(world)) == 1


def test_a_stop_while_assignments_are_read_sends_nothing(world: World) -> None:
    world.desired = [bonus(f"w{number}", "1.00", assignment_id=f"a@w{number}") for number in range(20)]
    world.stop_after = 8
    report = world.apply()
    assert (report.exit_code, paid(world)) == (130, {})
    world.stop_after = 0
    assert world.apply().exit_code == 0
    assert len(paid(world)) == 20


def test_a_person_accepts_the_work_and_the_next_run_pays(world: World) -> None:
    world.desired = [bonus("w1", "1.00", assignment_id="a1")]
    assert [message for _, message in left(world.apply()).values()] == ["assignment a1 does not exist at the provider"]
    with world.remote.ledger.transaction(writes=True):
        world.remote.ledger.connection.execute(
            "INSERT INTO assignments VALUES (?, 'a1', 'w1', 'ACCEPTED')", (world.options.account,)
        )
    assert world.apply().exit_code == 0
