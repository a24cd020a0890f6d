"""Lists whose pages overlap: a payment that two pages show was paid once, and nobody is called paid by its repetition."""

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.emulator.fault import Fault
from reconcile.emulator.options import Options
from reconcile.model import Desired
from reconcile.protocol.report import Left
from reconcile.providers.base import WireRequest, WireResponse, WireResult
from tests.mturk.mturk_world import HOUR_MS, award, left, lose_state, mturk_settings, paid, sends
from tests.mturk.test_mturk_liars import operation_of
from tests.sim.mturk_end import with_pages
from tests.support.world import World


@dataclass(slots=True)
class Repeating(World):
    """A provider whose list of A1's assignment shows its page twice, once under a token, as often as `repeats` says."""

    repeats: int = 0

    def carry_out(self, request: WireRequest, carried_out: object) -> tuple[WireResult, int]:
        if operation_of(request) != "ListBonusPayments":
            return World.carry_out(self, request, carried_out)  # type: ignore[arg-type]
        asked = json.loads(request.body)
        second = asked.pop("NextToken", "") == "again"
        request = request._replace(body=json.dumps(asked).encode())
        result, delay_ms = World.carry_out(self, request, carried_out)  # type: ignore[arg-type]
        assert isinstance(result, WireResponse)
        page = json.loads(result.body)
        if not second and self.repeats and page["BonusPayments"] and asked["AssignmentId"] == "3A1":
            self.repeats -= 1
            page["NextToken"] = "again"
        return WireResponse(result.status, result.headers, json.dumps(page).encode()), delay_ms


@dataclass(slots=True)
class Paged(World):
    """A provider that shows one payment a page."""

    def carry_out(self, request: WireRequest, carried_out: object) -> tuple[WireResult, int]:
        return World.carry_out(self, with_pages(request, 1), carried_out)  # type: ignore[arg-type]


def world_of(kind: type[World], folder: Path, *desired: Desired) -> World:
    return kind(folder, desired=list(desired), settings=mturk_settings(), options=Options(mturk_signed=False))


def one_of_two_equal_ones_paid(folder: Path) -> Repeating:
    """Two equal bonuses in doubt: the first was paid and its answer lost, the second never arrived."""
    world = world_of(Repeating, folder, award("A9", "1.00"))
    assert isinstance(world, Repeating)
    world.apply()
    world.desired += [award("A1", "1.00"), award("A1", "1.00", key="second")]
    world.strike(
        Fault(name="cut_after", on="send_bonus", nth=(1,)),
        Fault(name="cut_before", on="send_bonus", nth=tuple(range(2, 40))),
        Fault(name="lag", on="list_bonus_payments", delay_ms=40 * HOUR_MS),
    )
    assert left(world.apply(slots=1, wait_s=0)) == {"A1": Left.IN_DOUBT}
    assert len(paid(world)) == 2
    world.strike()
    return world


def test_a_page_that_repeats_another_proves_nothing_more(tmp_path: Path) -> None:
    """Counted twice, the one payment would prove both bonuses, of which one was never paid."""
    world = one_of_two_equal_ones_paid(tmp_path)
    # No token protects a repetition any more, so that the list alone decides.
    world.clock.advance(30 * HOUR_MS)
    world.repeats = 1_000
    report = world.apply(wait_s=0)
    assert (report.exit_code, left(report)) == (3, {"A1": Left.IN_DOUBT})
    assert world.issued()["c/A1"] == Decimal("1.00"), "one was paid, and no two"
    world.repeats = 0
    world.apply()
    assert world.apply().exit_code == 0
    assert [worker for worker, _, _ in paid(world)] == ["A9", "A1", "A1"]
    world.close()


def test_what_two_pages_show_holds_back_its_own_worker_and_is_said(tmp_path: Path) -> None:
    """It may be a second payment, made by hand: whoever looks decides, and the others are paid."""
    world = world_of(Repeating, tmp_path, award("A1", "1.00"))
    assert isinstance(world, Repeating)
    world.apply()
    world.desired += [award("A1", "0.50", key="second"), award("A2", "1.00")]
    world.repeats = 1_000
    report = world.apply()
    assert [(row.address, row.why) for row in report.left] == [("c/A1/3A1#second", Left.IN_DOUBT)]
    assert report.left[0].message.endswith("Two pages of its list show it: it may be a known one, shown twice")
    assert [worker for worker, _, _ in paid(world)] == ["A1", "A2"]
    world.close()


@pytest.mark.parametrize("repeats", [1, 2])
def test_pages_that_moved_while_they_were_read_are_read_anew(tmp_path: Path, repeats: int) -> None:
    world = world_of(Repeating, tmp_path, award("A1", "1.00"))
    assert isinstance(world, Repeating)
    world.apply()
    world.desired.append(award("A1", "0.50", key="second"))
    world.repeats = repeats
    assert world.apply().exit_code == 0
    assert [amount for _, amount, _ in paid(world)] == ["1.00", "0.50"]
    world.close()


def equal_at_a_border(folder: Path) -> World:
    """Two equal bonuses, paid in the same second, each on a page of its own."""
    world = world_of(Paged, folder, award("A9", "1.00"))
    world.apply()
    world.desired += [award("A1", "1.00"), award("A1", "1.00", key="second")]
    return world


def test_two_bonuses_equal_in_everything_at_a_border_of_pages_are_both_issued_by_their_answers(tmp_path: Path) -> None:
    """`{}` proves each: the list has nothing to prove, and tells amount and time."""
    world = equal_at_a_border(tmp_path)
    assert world.apply().exit_code == 0
    assert world.issued()["c/A1"] == Decimal("2.00")
    assert world.apply().exit_code == 0
    world.close()


def test_after_a_lost_state_equal_bonuses_at_a_border_of_pages_are_paid_to_nobody_again(tmp_path: Path) -> None:
    world = equal_at_a_border(tmp_path)
    world.apply()
    lose_state(world)
    world.clock.advance(30 * HOUR_MS)
    before = len(sends(world))
    assert left(world.apply()) == {"A9": Left.IN_DOUBT, "A1": Left.IN_DOUBT}
    assert len(sends(world)) == before
    world.close()
