"""A provider that throttles without a word about when to come back: the pace adapts to what it bears."""

from dataclasses import replace
from pathlib import Path

import pytest

from reconcile.protocol.pace import Pace
from tests.mturk.mturk_world import award, mturk_world, paid


@pytest.mark.parametrize(("per_second", "requests_max"), [(2, 230), (5, 205), (20, 200)])
def test_everything_is_read_and_paid_at_the_pace_that_the_provider_bears(
    tmp_path: Path, per_second: int, requests_max: int
) -> None:
    """Without a limit 60 bonuses take 186 requests: a few more are refused until the pace is found, and no bonus is left."""
    world = mturk_world(tmp_path, *(award(f"A{number}", "0.05") for number in range(60)))
    world.options = replace(world.options, requests_per_second=per_second)
    report = world.apply(slots=4, wait_s=600)
    assert (report.exit_code, len(paid(world))) == (0, 60)
    assert len(world.requests) <= requests_max
    world.close()


def start(pace: Pace, count: int, at_ms: int) -> None:
    """So many requests start at this moment."""
    for _ in range(count):
        pace.allowed(at_ms)
        pace.take()


def test_what_is_too_fast_goes_out_half_as_fast() -> None:
    """Forty a second, and then twenty: one each 50 milliseconds."""
    pace = Pace(40, 0)
    for at_ms in range(0, 1_000, 25):
        start(pace, 1, at_ms)
    pace.slower(1_000)
    assert pace.wait_ms(1_000) == 50


def test_without_a_limit_half_of_what_went_out_in_a_second_is_the_first_one() -> None:
    pace = Pace(0, 0)
    start(pace, 40, 0)
    pace.slower(500)
    assert pace.wait_ms(500) == 50


def test_refusals_of_what_had_started_before_slow_it_once() -> None:
    pace = Pace(0, 0)
    start(pace, 40, 0)
    for now_ms in (500, 501, 1_499):
        pace.slower(now_ms)
    start(pace, 2, 1_499)
    assert pace.wait_ms(1_499) == 50


def test_it_never_stands_still() -> None:
    pace = Pace(2, 0)
    start(pace, 1, 0)
    for second in range(1, 6):
        pace.slower(second * 1_000)
    assert pace.wait_ms(5_000) == 1_000


def test_each_calm_while_makes_it_a_tenth_faster_up_to_what_is_configured() -> None:
    """From 20 a second to 10, and 11 after five seconds: one each 91 milliseconds, of which one has passed."""
    pace = Pace(20, 0)
    for at_ms in range(0, 1_000, 50):
        start(pace, 1, at_ms)
    pace.slower(1_000)
    pace.calm(5_999)
    start(pace, 1, 5_999)
    assert pace.wait_ms(5_999) == 100
    pace.calm(6_000)
    assert pace.wait_ms(6_000) == 90
    for second in range(11, 200, 5):
        pace.calm(second * 1_000)
    start(pace, 2, 200_000)
    assert pace.wait_ms(200_000) == 50
