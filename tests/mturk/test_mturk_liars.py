"""Answers that are none, lists that lead in circles, references in the wrong place: nobody is paid again for them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconcile.emulator.options import Options
from reconcile.model import Desired
from reconcile.protocol.report import Left
from reconcile.providers.base import WireRequest, WireResponse, WireResult
from tests.mturk.mturk_world import HOUR_MS, award, left, lose_state, mturk_settings, paid, sends
from tests.sim.mturk_end import with_pages
from tests.support.world import World

Lie = Callable[[str, int], bytes | None]
"""(the request's operation, its number among all of that operation) → the body that comes back instead, with a 200."""


def truth(_: str, __: int) -> None:
    """No lie at all."""


@dataclass(slots=True)
class Lying(World):
    """A provider that carries everything out, and answers something else where `lie` says so."""

    lie: Lie = truth

    def carry_out(self, request: WireRequest, carried_out: Callable[[], None]) -> tuple[WireResult, int]:
        # Named: a class with slots is made twice, and `super()` without a name would mean the first.
        result, delay_ms = World.carry_out(self, request, carried_out)
        name = operation_of(request)
        body = self.lie(name, sum(operation_of(one) == name for one in self.requests))
        return (result if body is None else WireResponse(200, {}, body)), delay_ms


def operation_of(request: WireRequest) -> str:
    return dict(request.headers).get("X-Amz-Target", "").rpartition(".")[2]


def lying(folder: Path, *desired: Desired, **changes: object) -> Lying:
    return Lying(
        folder,
        desired=list(desired),
        settings=mturk_settings(**changes),  # type: ignore[arg-type]
        options=Options(mturk_signed=False),
    )


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"NumResults":0}', b'{"BonusPayments":[]}', b'{"BonusPayments":[],"NumResults":false}', b'{"a":1}'],
)
def test_an_answer_that_is_no_list_is_not_an_empty_one(tmp_path: Path, body: bytes) -> None:
    """Paid, the state lost, the token forgotten: such a list would let it be paid again."""
    world = lying(tmp_path, award("A1", "1.00"))
    world.apply()
    lose_state(world)
    world.clock.advance(25 * HOUR_MS)
    world.lie = lambda name, _: body if name == "ListBonusPayments" else None
    assert left(world.apply(wait_s=0)) == {"A1": Left.SCAN_FAILED}
    assert paid(world) == [("A1", "1.00", "Thank you!")]
    world.close()


def in_circles(name: str, number: int) -> bytes | None:
    """Two pages that lead to one another, for ever."""
    if name != "ListBonusPayments":
        return None
    return json.dumps({"NumResults": 0, "BonusPayments": [], "NextToken": "ab"[number % 2]}).encode()


def test_a_list_that_leads_in_circles_sends_nothing(tmp_path: Path) -> None:
    world = lying(tmp_path, award("A1", "1.00"))
    world.lie = in_circles
    report = world.apply(wait_s=0)
    assert (left(report), sends(world)) == ({"A1": Left.SCAN_FAILED}, [])
    assert "its pages lead back to one that was read" in report.waits[0].text
    world.close()


def test_observing_ends_where_a_list_leads_in_circles(tmp_path: Path) -> None:
    """The payment stays in doubt, the run comes to its end, and the next one finds it."""
    world = lying(tmp_path, award("A1", "1.00"))
    # The first list is the scan's.
    world.lie = lambda name, number: in_circles(name, number) if number > 1 else None
    assert left(world.apply(wait_s=0)) == {"A1": Left.IN_DOUBT}
    assert len(world.requests) < 100
    world.lie = truth
    assert world.apply().exit_code == 0
    assert paid(world) == [("A1", "1.00", "Thank you!")]
    world.close()


@dataclass(slots=True)
class Paged(World):
    """A provider that shows one payment a page."""

    def carry_out(self, request: WireRequest, carried_out: Callable[[], None]) -> tuple[WireResult, int]:
        return World.carry_out(self, with_pages(request, 1), carried_out)


def test_a_payment_on_the_last_page_of_a_list_counts(tmp_path: Path) -> None:
    """Two bonuses of one assignment are paid and the state is lost: the second page alone shows the second worker's."""
    first, second = award("A1", "1.00", assignment="3A"), award("A2", "1.00", assignment="3A")
    world = Paged(tmp_path, desired=[first, second], settings=mturk_settings(), options=Options(mturk_signed=False))
    world.apply()
    lose_state(world)
    world.clock.advance(25 * HOUR_MS)
    assert left(world.apply()) == {"A1": Left.IN_DOUBT, "A2": Left.IN_DOUBT}
    assert len(paid(world)) == 2
    world.close()


def copied_to_another_assignment(folder: Path) -> Lying:
    """A1 was paid for 3AX, and somebody paid A1 for 3AY by hand, with a copy of the reason and its reference."""
    world = lying(folder, award("A1", "1.00", assignment="3AX"), reason_marker=True)
    world.apply()
    ((_, _, reason),) = paid(world)
    (folder / "other").mkdir()
    other = lying(folder / "other", award("A1", "1.00", assignment="3AY", reason=reason, campaign="by-hand"))
    other.clock, other.running = world.clock, world.remote
    other.apply()
    world.desired.append(award("A1", "1.00", assignment="3AY"))
    return world


def test_a_reference_copied_to_another_assignment_of_its_worker_leaves_that_one_in_doubt(tmp_path: Path) -> None:
    world = copied_to_another_assignment(tmp_path)
    before = len(sends(world))
    report = world.apply()
    assert [(row.address, row.why) for row in report.left] == [("c/A1/3AY", Left.IN_DOUBT)]
    assert "another worker's or assignment's: it does not count" in report.alarms[0]
    assert len(sends(world)) == before
    world.close()


@dataclass(slots=True)
class Expiring(World):
    """Credentials that end once so many bonuses were sent."""

    sends_max: int = 0

    def carry_out(self, request: WireRequest, carried_out: Callable[[], None]) -> tuple[WireResult, int]:
        asks = operation_of(request) not in ("SendBonus", "ListBonusPayments")
        if asks and len(sends(self)) >= self.sends_max:
            self.requests.append(request)
            carried_out()
            return WireResponse(400, {}, b'{"__type":"ExpiredTokenException","message":"expired"}'), 0
        return World.carry_out(self, request, carried_out)


def test_access_that_ends_after_paying_keeps_the_report(tmp_path: Path) -> None:
    """The balance afterwards is for the next plan only."""
    world = Expiring(
        tmp_path,
        desired=[award("A1", "1.00"), award("A2", "1.00")],
        settings=mturk_settings(),
        options=Options(mturk_signed=False),
        sends_max=2,
    )
    report = world.apply()
    assert (report.exit_code, [row.address for row in report.paid]) == (0, ["c/A1/3A1", "c/A2/3A2"])
    assert report.notes == (
        "mturk: the provider refused access: ExpiredTokenException: the balance after paying is not known",
    )
    world.close()
