"""A list of payments that says when to come back: nobody reads it before, and nobody waits for it longer than the run does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reconcile.providers.base import WireRequest, WireResponse, WireResult
from reconcile.times import format_time
from tests.protocol.steps import left, strike_after_the_scan, three_more
from tests.support.asked import bonus
from tests.support.sim_wire import SimWire
from tests.support.world import Fault, World

HOUR_MS = 3_600_000


class CountingWire(SimWire):
    """Counts how often the run looked for answers while none was on its way."""

    idle_turns = 0

    def wait(self, timeout_s: float) -> Sequence[tuple[int, WireResult]]:
        CountingWire.idle_turns += not self._queue and not self._answered
        return super().wait(timeout_s)


@dataclass(slots=True)
class ListWorld(World):
    """Remembers when the list was asked for, and what it answered."""

    readings: list[tuple[int, int]] = field(default_factory=list)

    def carry_out(self, request: WireRequest, carried_out: Callable[[], None]) -> tuple[WireResult, int]:
        at_ms = self.clock.boot_ms
        result, delay_ms = World.carry_out(self, request, carried_out)
        if request.method == "GET" and request.target.startswith("/api/v1/user-bonuses"):
            self.readings.append((at_ms, result.status if isinstance(result, WireResponse) else 0))
        return result, delay_ms

    def refuse_the_list(self, *faults: Fault) -> None:
        """From the next plan on, so that the scan before it is read."""
        strike_after_the_scan(self, *faults, forget=self.readings.clear)

    def pause_ms(self) -> int:
        """From the first refusal of the list to the next reading of it."""
        refused = next(number for number, (_, status) in enumerate(self.readings) if status in (429, 503))
        return self.readings[refused + 1][0] - self.readings[refused][0]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ListWorld]:
    made = three_more(ListWorld(tmp_path, make_wire=CountingWire))
    yield made
    made.close()


def limited(interval: str = "MIN", *, retry_after_s: int = 0, times: int = 0) -> Fault:
    return Fault(name="too_many", on="bonuses", interval=interval, retry_after_s=retry_after_s, times=times)


def slow_sends(delay_ms: int) -> Fault:
    return Fault(name="latency", on="send", delay_ms=delay_ms)


def test_a_list_that_says_when_to_come_back_is_left_alone_while_payments_are_sent(world: ListWorld) -> None:
    """Sixty payments take a second each, four at a time; the list's first answer is 429 with twenty seconds."""
    world.desired += [bonus(f"n{number}", "1.00") for number in range(60)]
    world.refuse_the_list(limited(retry_after_s=20, times=1), slow_sends(1_000))
    assert world.apply(slots=4).exit_code == 0
    assert 20_000 <= world.pause_ms() < 21_000
    assert len(world.paid()) == 64


def test_a_list_that_says_when_to_come_back_is_left_alone_once_all_is_sent(world: ListWorld) -> None:
    """The answer of the last send comes four seconds after the list's refusal, and its operation ends at once."""
    world.refuse_the_list(
        limited(retry_after_s=20, times=1), Fault(name="latency", on="send", nth=(3,), delay_ms=4_000)
    )
    assert world.apply(wait_s=0).exit_code == 0
    assert 20_000 <= world.pause_ms() < 21_000


def test_waiting_for_the_list_takes_four_turns_a_second(world: ListWorld) -> None:
    """Sixty seconds: the run neither asks without end nor sleeps past the moment."""
    world.refuse_the_list(limited(retry_after_s=60, times=1))
    CountingWire.idle_turns = 0
    assert world.apply(wait_s=0).exit_code == 0
    assert 60_000 <= world.pause_ms() < 60_500
    assert 230 <= CountingWire.idle_turns < 260


@pytest.mark.parametrize(("retry_after_s", "exit_code"), [(120, 0), (121, 3)])
def test_two_minutes_are_always_waited_for_and_a_second_more_is_not(
    world: ListWorld, retry_after_s: int, exit_code: int
) -> None:
    world.refuse_the_list(limited(retry_after_s=retry_after_s, times=1))
    assert world.apply(wait_s=0).exit_code == exit_code


@pytest.mark.parametrize(("wait_s", "exit_code"), [(3_590, 3), (3_700, 0)])
def test_an_hour_is_waited_for_where_it_fits_the_wait(world: ListWorld, wait_s: int, exit_code: int) -> None:
    world.refuse_the_list(limited("HOUR", times=1))
    began_ms = world.clock.boot_ms
    assert world.apply(wait_s=wait_s).exit_code == exit_code
    assert (world.clock.boot_ms - began_ms > HOUR_MS) == (exit_code == 0)


def test_a_list_that_is_closed_for_an_hour_is_asked_once_and_leaves_in_doubt_what_waits_for_it(
    world: ListWorld,
) -> None:
    """Sixty payments end one after another, and none of them asks it again; the report says when to come back."""
    world.desired += [bonus(f"n{number}", "1.00") for number in range(60)]
    world.refuse_the_list(limited("HOUR"), slow_sends(1_000))
    report = world.apply(slots=4, wait_s=0)
    ((refused_ms, status),) = world.readings
    assert status == 429
    assert (set(left(report).values()), len(left(report)), report.exit_code) == ({"in_doubt"}, 63, 3)
    (wait,) = report.waits
    assert wait.why.value == "in_doubt"
    assert wait.text.startswith("toloka: what was sent cannot be looked at now: TOO_MANY_REQUESTS: Too many requests")
    assert wait.until_ms is not None
    assert 0 <= wait.until_ms - (world.clock.wall_ms - world.clock.boot_ms + refused_ms) - HOUR_MS < 1_000


def test_what_a_closed_list_left_in_doubt_is_settled_by_the_next_run(world: ListWorld) -> None:
    world.refuse_the_list(limited("HOUR"))
    world.apply(wait_s=0)
    world.while_asking = world.strike
    world.strike()
    assert world.apply(wait_s=0).exit_code == 0
    assert len(world.paid()) == 4


def test_a_list_that_is_closed_for_a_while_is_read_again_in_the_same_run(world: ListWorld) -> None:
    """It closes for 130 seconds, which `--wait 0` does not cover; sending goes on for five minutes."""
    world.desired += [bonus(f"n{number}", "1.00") for number in range(300)]
    world.refuse_the_list(limited(retry_after_s=130, times=1), slow_sends(4_000))
    report = world.apply(slots=4, wait_s=0)
    assert 130_000 <= world.pause_ms() < 135_000
    assert set(left(report).values()) == {"in_doubt"}
    assert 60 < len(left(report)) < 200
    assert len(world.paid()) == 304


def test_a_rejection_is_found_out_while_the_list_is_closed(world: ListWorld) -> None:
    """The operation's own log tells it: the list is not needed for that."""
    world.refuse_the_list(limited("HOUR"), Fault(name="reject", user="w2"))
    report = world.apply(wait_s=0)
    assert left(report) == {"c/w1": "in_doubt", "c/w2": "rejected", "c/w3": "in_doubt"}


def test_a_list_that_is_closed_for_today_says_midnight(world: ListWorld) -> None:
    world.refuse_the_list(limited("DAY"))
    report = world.apply(wait_s=0)
    assert (set(left(report).values()), len(world.readings)) == ({"in_doubt"}, 1)
    assert [format_time(wait.until_ms or 0)[:19] for wait in report.waits] == ["2023-11-15T00:00:00"]
