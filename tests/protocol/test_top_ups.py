"""Top-ups in whole runs: chains of payments of one bonus, their doubts, lost states and former names."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.model import Desired, Identity, parse_marker
from reconcile.protocol.report import Report
from reconcile.settings import Policies, Settings
from reconcile.state.events import BonusAccepted
from tests.support.world import Crash, Fault, Points, World, bonus, settings

TOP_UP: Settings = replace(settings(), policies=(("USD", Policies(allow_top_up=True)),))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, desired=[bonus("w1", "1.00"), bonus("w2", "2.00")], settings=TOP_UP)
    yield made
    made.close()


def ask(world: World, amount: str, *, recipient: str = "w1", formerly: Identity | None = None, key: str = "") -> None:
    """The specs ask for another amount of one bonus."""
    asked = bonus(recipient, amount, key=key)._replace(formerly=formerly)
    world.desired = [asked if one.recipient == recipient else one for one in world.desired]


def paid(world: World, recipient: str = "w1") -> list[tuple[Decimal, int]]:
    """What the provider paid one worker, with the sequence that each comment names."""
    found = []
    for remote_id, to, amount in world.paid():
        rows = world.remote.ledger.connection.execute("SELECT private_comment FROM bonuses WHERE id = ?", (remote_id,))
        marker = parse_marker(rows.fetchone()[0])
        assert marker is not None
        if to == recipient:
            found.append((amount, marker.sequence))
    return found


def left(report: Report) -> dict[str, str]:
    return {row.address: row.why.value for row in report.left}


class DiesPaying(Points):
    """The process is gone when its payment was carried out and the answer has not come."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def reach(self, name: str) -> None:
        super().reach(name)
        if name.startswith("request carried out") and self._world.requests[-1].method == "POST":
            raise Crash(name)


def lose_state(world: World) -> None:
    for path in world.folder.glob("bonusctl.db*"):
        path.unlink()


def test_each_higher_amount_pays_the_difference_under_the_next_sequence(world: World) -> None:
    for amount in ("1.00", "1.50", "2.00"):
        ask(world, amount)
        assert world.apply().exit_code == 0
    assert paid(world) == [(Decimal("1.00"), 1), (Decimal("0.50"), 2), (Decimal("0.50"), 3)]
    assert world.issued()["c/w1"] == Decimal("2.00")
    assert world.apply().unchanged == 2


def test_a_top_up_whose_answer_was_lost_is_paid_once(world: World) -> None:
    world.apply()
    ask(world, "1.50")
    world.strike(Fault(name="cut_after"), Fault(name="error_before", on="operation", times=100))
    assert left(world.apply()) == {"c/w1": "in_doubt"}
    ask(world, "2.00")
    world.strike()
    assert world.apply().exit_code == 0
    assert paid(world) == [(Decimal("1.00"), 1), (Decimal("0.50"), 2), (Decimal("0.50"), 3)]


def test_a_top_up_in_doubt_keeps_the_next_one_waiting(world: World) -> None:
    """What is open counts: the next amount is worked out only once the outcome is known."""
    world.apply()
    ask(world, "1.50")
    world.strike(Fault(name="cut_before"), Fault(name="error_before", on="operation", times=100))
    world.apply(wait_s=0)
    ask(world, "3.00")
    world.strike(Fault(name="error_before", on="operation", times=100))
    assert left(world.apply(wait_s=0)) == {"c/w1": "in_doubt"}
    assert paid(world) == [(Decimal("1.00"), 1)]


@pytest.mark.parametrize(("amount", "why"), [("1.004", "conflict"), ("1.005", "")])
def test_a_difference_below_the_providers_minimum_is_a_conflict(world: World, amount: str, why: str) -> None:
    world.apply()
    ask(world, amount)
    report = world.apply()
    assert left(report) == ({"c/w1": why} if why else {})


def test_a_lower_amount_is_a_conflict_and_takes_nothing_back(world: World) -> None:
    world.apply()
    ask(world, "0.50")
    assert left(world.apply()) == {"c/w1": "conflict"}
    assert paid(world) == [(Decimal("1.00"), 1)]


def test_a_lost_state_adopts_every_payment_of_a_chain_by_its_sequence(world: World) -> None:
    for amount in ("1.00", "1.50", "2.00"):
        ask(world, amount)
        world.apply()
    lose_state(world)
    report = world.apply()
    assert (report.exit_code, report.unchanged) == (0, 0)
    ask(world, "2.25")
    assert world.apply().exit_code == 0
    assert paid(world)[-1] == (Decimal("0.25"), 4)


def test_a_state_lost_in_the_middle_of_a_top_up_pays_it_once(world: World) -> None:
    world.apply()
    ask(world, "1.50")
    with pytest.raises(Crash):
        world.apply(DiesPaying(world))
    lose_state(world)
    while world.apply(wait_s=0).exit_code:
        world.clock.advance(901_000)
    assert paid(world) == [(Decimal("1.00"), 1), (Decimal("0.50"), 2)]


def test_a_payment_missing_in_between_is_in_doubt_and_nothing_is_sent(world: World) -> None:
    """Sequence 2 is known and 1 is not: the list shows only what was created since a date."""
    world.apply()
    ask(world, "1.50")
    since_ms = world.clock.now_ms() + 1
    world.clock.advance(60_000)
    world.apply()
    lose_state(world)
    provider = replace(world.settings.providers[0], since_ms=since_ms)
    world.settings = replace(world.settings, providers=(provider,))
    world.desired = world.desired[:1]
    report = world.apply()
    assert left(report) == {"c/w1": "in_doubt"}
    assert "1 before it is not known here" in report.left[0].message
    assert len(paid(world)) == 2


def test_a_former_names_payments_count_and_the_chain_goes_on(world: World) -> None:
    for amount in ("1.00", "1.50"):
        ask(world, amount)
        world.apply()
    ask(world, "2.00", key="award", formerly=Identity("", "c", "w1", "", ""))
    world.clock.advance(901_000)
    assert world.apply().exit_code == 0
    assert paid(world)[-1] == (Decimal("0.50"), 3)
    assert world.apply().unchanged == 2


# --- accepted as they are ------------------------------------------------------------------------------------------


def accept(world: World, desired: Desired, *, issued: str, code: str = "") -> None:
    """A person accepts a bonus as it is."""
    with world.looking() as ledger:
        event = BonusAccepted(
            ledger=1,
            bonus=desired.identity(""),
            issued=Decimal(issued),
            desired=desired.amount,
            code=code,
            reason="agreed",
            actor="ann",
            at_ms=world.clock.now_ms(),
        )
        ledger.commit([event])


def test_an_accepted_conflict_is_not_left_until_the_spec_changes(world: World) -> None:
    world.apply()
    ask(world, "0.50")
    assert world.apply().exit_code == 3
    accept(world, world.desired[0], issued="1.00")
    report = world.apply()
    assert (report.exit_code, report.left, report.plan and len(report.plan.accepted)) == (0, (), 1)
    ask(world, "0.60")
    assert left(world.apply()) == {"c/w1": "conflict"}


def test_an_accepted_rejection_is_not_tried_again(world: World) -> None:
    world.strike(Fault(name="reject", user="w2", code="ENTITY_DOES_NOT_EXIST"))
    report = world.apply()
    assert [(row.address, row.code) for row in report.left] == [("c/w2", "ENTITY_DOES_NOT_EXIST")]
    accept(world, world.desired[1], issued="0.00", code="ENTITY_DOES_NOT_EXIST")
    posts = len([one for one in world.requests if one.method == "POST"])
    assert world.apply().exit_code == 0
    assert len([one for one in world.requests if one.method == "POST"]) == posts


def test_an_accepted_rejection_under_another_code_is_tried_again(world: World) -> None:
    world.strike(Fault(name="reject", user="w2", code="ENTITY_DOES_NOT_EXIST"))
    world.apply()
    accept(world, world.desired[1], issued="0.00", code="ENTITY_ACCESS_DENIED")
    world.strike()
    assert world.apply().exit_code == 0
    assert paid(world, "w2") == [(Decimal("2.00"), 1)]


def test_an_accepted_rejection_of_another_amount_is_tried_again(world: World) -> None:
    world.strike(Fault(name="reject", user="w2", code="ENTITY_DOES_NOT_EXIST"))
    world.apply()
    accept(world, world.desired[1], issued="0.00", code="ENTITY_DOES_NOT_EXIST")
    ask(world, "1.75", recipient="w2")
    world.strike()
    assert world.apply().exit_code == 0
    assert paid(world, "w2") == [(Decimal("1.75"), 1)]
