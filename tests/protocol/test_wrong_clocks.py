"""Clocks that are wrong, ours or the provider's: what they say opens nothing too early, and keeps nothing back for ever."""

from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

import pytest

from reconcile.providers.base import WireRequest, WireResponse, WireResult
from tests.protocol.steps import left, paid, renamed, until_due
from tests.support.world import Fault, World, bonus, settings

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WINDOW_MS = 901_000
LAG = Fault(name="lag", on="bonuses", delay_ms=300_000, times=1)
OPERATIONS_LAG = Fault(name="lag", on="operations", delay_ms=300_000, times=1)
SHORT = settings(operation_timeout_s=60)


class Misdated(World):
    """Its provider's answers are dated `ahead_s` seconds ahead; those of the list of payments alone where `only_list`."""

    ahead_s = 0
    only_list = False

    def carry_out(self, request: WireRequest, carried_out: Callable[[], None]) -> tuple[WireResult, int]:
        result, delay_ms = World.carry_out(self, request, carried_out)
        listed = "/user-bonuses?" in request.target
        if self.ahead_s and isinstance(result, WireResponse) and (listed or not self.only_list):
            date = formatdate(self.clock.now_ms() / 1000 + self.ahead_s, usegmt=True)
            result = result._replace(headers={**result.headers, "date": date})
        return result, delay_ms


# --- our own -------------------------------------------------------------------------------------------------------------


def set_right_after_a_month_ahead(tmp_path: Path) -> World:
    """Our clock was a month ahead at the first contact."""
    world = World(tmp_path, desired=[bonus("w0", "1.00")])
    world.clock.skew_ms = 30 * DAY_MS
    assert world.apply(wait_s=0).exit_code == 0
    world.clock.skew_ms = 0
    world.clock.advance(DAY_MS)
    return world


def test_former_names_wait_no_month_for_a_clock_that_was_a_month_ahead(tmp_path: Path) -> None:
    world = set_right_after_a_month_ahead(tmp_path)
    world.desired = [bonus("w0", "1.00"), renamed()]
    assert left(world.apply(wait_s=0)) == {"c/w1#award": "gate"}
    world.clock.advance(WINDOW_MS)
    world.apply(wait_s=0)
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == ["w0", "w1"]


def test_batches_wait_no_month_for_a_clock_that_was_a_month_ahead(tmp_path: Path) -> None:
    world = set_right_after_a_month_ahead(tmp_path)
    world.settings = settings(batch_size=2)
    world.desired = [bonus("w0", "1.00"), bonus("w1", "1.00"), bonus("w2", "1.00")]
    report = world.apply(wait_s=0)
    assert left(report) == {"c/w1": "gate", "c/w2": "gate"}
    assert report.waits[0].text == (
        "toloka: this state is of a time that has not come yet, by the clocks that there are now, and requests of another "
        "life may still be in flight: nothing new is sent for another 15 min"
    )
    assert world.apply(wait_s=2_000).exit_code == 0
    assert paid(world) == ["w0", "w1", "w2"]


def test_a_clock_that_is_some_seconds_ahead_begins_no_wait_anew(tmp_path: Path) -> None:
    world = World(tmp_path, desired=[bonus("w0", "1.00")])
    began_ms = world.clock.now_ms()
    world.clock.skew_ms = 59_000
    world.apply(wait_s=0)
    world.clock.skew_ms = 0
    world.apply(wait_s=0)
    with world.looking() as ledger:
        assert ledger.ledgers()[0].gate_ms >= began_ms + 59_000


# --- the provider's --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year_ahead", [True, False], ids=["a year", "not at all"])
def test_former_names_wait_no_year_for_an_answer_that_was_dated_a_year_ahead(tmp_path: Path, year_ahead: bool) -> None:
    world = Misdated(tmp_path, desired=[bonus("w0", "1.00")])
    world.ahead_s = 366 * 86_400 if year_ahead else 0
    world.apply(wait_s=0)
    world.ahead_s = 0
    world.desired = [bonus("w0", "1.00"), renamed()]
    for _ in range(2):
        assert left(world.apply(wait_s=0)) == {"c/w1#award": "gate"}
        world.clock.advance(WINDOW_MS if year_ahead else WINDOW_MS // 2)
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == ["w0", "w1"]


def test_a_list_that_is_dated_an_hour_ahead_shows_no_operation_that_has_just_ended(tmp_path: Path) -> None:
    world = Misdated(tmp_path, desired=[bonus("w0", "1.00"), bonus("w1", "1.00")], settings=SHORT)
    world.strike(Fault(name="slow_start", user="w1", delay_ms=2 * HOUR_MS))
    world.apply(wait_s=0)
    world.store.lose()
    world.desired = [bonus("w0", "1.00"), renamed()]
    world.strike(LAG, OPERATIONS_LAG)
    world.apply(wait_s=0)
    until_due(world, 60_000)
    world.apply(wait_s=0)
    world.clock.advance(90_000)
    world.strike(LAG)
    world.ahead_s, world.only_list = 3_600, True
    assert left(world.apply(wait_s=0)) == {"c/w1#award": "gate"}
    world.ahead_s = 0
    world.clock.advance(HOUR_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == ["w0", "w1"]


def test_a_date_a_day_ahead_leaves_nothing_unread_for_a_day(tmp_path: Path) -> None:
    """What another machine pays three hours later is read, not found out by sending it."""
    world = Misdated(tmp_path, desired=[bonus("w2", "2.00")])
    world.apply()
    world.ahead_s = 86_400
    world.apply()
    world.ahead_s = 0
    world.clock.advance(3 * HOUR_MS)
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other", desired=[bonus("w1", "1.00")], clock=world.clock, running=world.remote)
    other.apply()
    other.store.close()
    world.clock.advance(3 * HOUR_MS)
    world.desired = [bonus("w2", "2.00"), bonus("w1", "1.00")]
    assert [(item.address, item.adopted) for item in world.apply().paid] == [("c/w1", True)]
    assert paid(world) == ["w1", "w2"]
