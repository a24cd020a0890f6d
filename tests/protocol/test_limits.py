"""The provider's limits: requests a second, bonus requests a day, intervals of 429, and the account's money."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.errors import ProviderError, Refused
from reconcile.model import Account
from reconcile.protocol.pace import Pace
from reconcile.protocol.quota import Quota
from reconcile.protocol.report import Report
from reconcile.providers.base import WireRequest, WireResult
from reconcile.times import format_time
from tests.support.world import Fault, World, bonus, settings

MIDNIGHT_MS = 1_700_006_400_000  # 2023-11-15T00:00:00Z, an hour and 47 minutes after the world begins
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, desired=[bonus("w1", "1.00"), bonus("w2", "2.00"), bonus("w3", "3.00")])
    yield made
    made.close()


def left(report: Report) -> dict[str, str]:
    return {row.address: row.why.value for row in report.left}


def posts(world: World) -> int:
    return sum(1 for request in world.requests if request.method == "POST")


def waits(report: Report) -> list[tuple[str, str | None]]:
    return [(wait.why.value, None if wait.until_ms is None else format_time(wait.until_ms)) for wait in report.waits]


# --- requests a second ---------------------------------------------------------------------------------------------


def test_a_greedy_sender_stays_below_three_hundred_in_any_second_and_loses_nothing_below_the_pace() -> None:
    """250 a second over ten seconds, whatever second one looks at."""
    pace, starts = Pace(250, 0), []
    for now_ms in range(10_000):
        for _ in range(pace.allowed(now_ms)):
            pace.take()
            starts.append(now_ms)
    assert max(sum(1 for at in starts if begin <= at < begin + 1_000) for begin in range(9_000)) < 300
    assert len(starts) >= 2_499


def test_a_burst_after_a_pause_is_small() -> None:
    pace = Pace(250, 0)
    assert (pace.allowed(0), pace.allowed(1_000_000)) == (1, 25)


def test_the_wait_for_the_next_request_is_the_time_that_one_takes() -> None:
    pace = Pace(250, 0)
    pace.take()
    assert (pace.wait_ms(0), pace.wait_ms(3), pace.wait_ms(4)) == (4, 1, 0)


def test_without_a_limit_every_slot_may_be_used() -> None:
    pace = Pace(0, 0)
    for _ in range(1_000):
        pace.take()
    assert (pace.allowed(0) > 1_000, pace.wait_ms(0)) == (True, 0)


@dataclass(slots=True)
class WatchedWorld(World):
    """Remembers when each request was served."""

    times: list[int] = field(default_factory=list)

    def carry_out(self, request: WireRequest, carried_out: Callable[[], None]) -> tuple[WireResult, int]:
        self.times.append(self.clock.boot_ms)
        return World.carry_out(self, request, carried_out)


def test_a_whole_run_keeps_the_pace_with_its_reads_and_its_sends(tmp_path: Path) -> None:
    """Five a second: never more than six in a second, and the run does not take longer than the pace makes it."""
    paced = settings(requests_per_second=5)
    world = WatchedWorld(tmp_path, desired=[bonus(f"w{n}", "1.00") for n in range(40)], settings=paced)
    assert world.apply(slots=8).exit_code == 0
    assert len(world.times) > 40
    assert max(sum(1 for at in world.times if begin <= at < begin + 1_000) for begin in world.times) <= 6
    assert world.times[-1] - world.times[0] < len(world.times) * 1_000 // 5 + 10_000
    world.close()


# --- the day's quota -----------------------------------------------------------------------------------------------


def test_a_day_is_counted_once_and_begins_anew_at_midnight() -> None:
    asked = []

    def sent_since(at_ms: int) -> int:
        asked.append(at_ms)
        return 40 if at_ms < MIDNIGHT_MS else 0

    quota = Quota(100, sent_since)
    assert quota.left(MIDNIGHT_MS - 2) == 58
    quota.take()
    assert quota.left(MIDNIGHT_MS - 1) == 57
    assert quota.left(MIDNIGHT_MS) == 98
    assert asked == [MIDNIGHT_MS - DAY_MS, MIDNIGHT_MS]


def test_two_percent_of_the_days_requests_are_left_to_others(tmp_path: Path) -> None:
    world = World(tmp_path, desired=[bonus(f"w{n}", "1.00") for n in range(55)])
    world.settings = settings(daily_request_limit=50)
    report = world.apply()
    assert (len(world.paid()), len(report.left), report.exit_code) == (49, 6, 3)
    assert set(left(report).values()) == {"quota"}
    assert waits(report) == [("quota", "2023-11-15T00:00:00.000Z")]
    assert report.waits[0].text == (
        "toloka: today's 49 bonus requests are used up (50 are allowed; the rest is left to other programs)"
    )
    world.close()


def test_a_quota_that_just_suffices_leaves_nothing_and_waits_for_nothing(world: World) -> None:
    world.settings = settings(daily_request_limit=3)
    report = world.apply()
    assert (report.exit_code, report.waits) == (0, ())


def test_a_run_that_goes_over_midnight_counts_the_new_day_anew(tmp_path: Path) -> None:
    """Twenty a day, twenty-four bonuses, and midnight after the first few."""
    world = World(tmp_path, desired=[bonus(f"w{n}", "1.00") for n in range(24)])
    world.settings = settings(daily_request_limit=20)
    world.clock.wall_ms = MIDNIGHT_MS - 700
    report = world.apply(slots=1)
    assert (report.exit_code, len(world.paid())) == (0, 24)
    world.close()


def test_a_plan_of_three_days_goes_on_under_one_approval(tmp_path: Path) -> None:
    """An apply each day with the digest that was approved on the first: 49, 49, 22, and then nothing is left to do."""
    world = World(tmp_path, desired=[bonus(f"w{n}", "1.00") for n in range(120)])
    world.settings = settings(daily_request_limit=50)
    world.refresh()
    with world.looking() as reader:
        plan = world.plan(reader)
    world.expect_digest = plan.digest
    days = []
    for _ in range(3):
        report = world.apply()
        days.append((len(report.issued()), report.exit_code))
        world.clock.advance(DAY_MS)
    assert days == [(49, 3), (49, 3), (22, 0)]
    assert (world.apply().exit_code, len(world.paid())) == (0, 120)
    world.close()


def test_what_was_not_approved_is_not_sent_on_a_later_day(tmp_path: Path) -> None:
    world = World(tmp_path, desired=[bonus(f"w{n}", "1.00") for n in range(4)])
    world.settings = settings(daily_request_limit=3)
    world.refresh()
    with world.looking() as reader:
        world.expect_digest = world.plan(reader).digest
    assert left(world.apply()) == {"c/w3": "quota"}
    world.clock.advance(DAY_MS)
    world.desired.append(bonus("late", "1.00"))
    assert left(world.apply()) == {"c/late": "not_approved"}
    assert len(world.paid()) == 4
    world.close()


# --- 429 by interval -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("retry_after_s", "waited_ms"), [(7, 7_000), (0, 60_000)])
def test_a_minutes_limit_is_waited_for_even_without_patience(world: World, retry_after_s: int, waited_ms: int) -> None:
    """As long as Retry-After says, else a minute; `--wait 0` makes no difference."""
    world.strike(Fault(name="too_many", user="w2", interval="MIN", retry_after_s=retry_after_s, times=1))
    before = world.clock.boot_ms
    assert world.apply(wait_s=0).exit_code == 0
    assert waited_ms <= world.clock.boot_ms - before < waited_ms + 10_000


def test_a_burst_of_refusals_counts_as_one(tmp_path: Path) -> None:
    """Eight requests in flight are refused together: one pause, and then all are paid."""
    world = World(tmp_path, desired=[bonus(f"w{n}", "1.00") for n in range(20)])
    world.apply(limit=1)
    world.strike(Fault(name="too_many", interval="MIN", retry_after_s=1, times=16))
    assert world.apply(slots=8).exit_code == 0
    assert len(world.paid()) == 20
    world.close()


def test_an_hours_limit_ends_the_apply_with_when_to_come_back(world: World) -> None:
    world.strike(Fault(name="too_many", user="w2", interval="HOUR"))
    report = world.apply(slots=1)
    assert left(report) == {"c/w2": "quota", "c/w3": "quota"}
    assert report.exit_code == 3
    (wait,) = report.waits
    assert wait.why.value == "quota"
    assert wait.text.startswith("toloka: no more requests for 60 min: TOO_MANY_REQUESTS: Too many requests (request ")
    assert wait.until_ms is not None
    assert 0 <= world.clock.wall_ms + HOUR_MS - wait.until_ms < 10_000
    world.strike()
    assert world.apply().exit_code == 0


@pytest.mark.parametrize(("wait_s", "paid"), [(3_590, 1), (3_700, 3)])
def test_an_hours_limit_is_waited_for_where_it_fits_the_wait(world: World, wait_s: int, paid: int) -> None:
    world.strike(Fault(name="too_many", user="w2", interval="HOUR", times=1))
    world.apply(slots=1, wait_s=wait_s)
    assert len(world.paid()) == paid


def test_the_days_limit_ends_the_apply_until_the_next_utc_midnight(world: World) -> None:
    """By the provider's own clock, which is half an hour ahead of ours here."""
    with world.remote.ledger.transaction(writes=True):
        world.remote.ledger.set_clock_offset(HOUR_MS // 2)
    world.strike(Fault(name="too_many", user="w2", interval="DAY"))
    report = world.apply(slots=1)
    assert left(report) == {"c/w2": "quota", "c/w3": "quota"}
    (wait,) = report.waits
    assert wait.until_ms is not None
    assert format_time(wait.until_ms + 1_000)[:16] == "2023-11-14T23:30"
    assert wait.text.startswith("toloka: no more requests today: TOO_MANY_REQUESTS")


def test_a_limit_met_while_settling_an_old_operation_keeps_new_ones_back(world: World) -> None:
    """One request fails, not a hundred."""
    world.strike(Fault(name="cut_before", user="w1"))
    world.apply(wait_s=0)
    world.strike(Fault(name="too_many", interval="DAY"))
    world.desired += [bonus(f"n{n}", "1.00") for n in range(9)]
    sent = posts(world)
    report = world.apply(wait_s=0)
    assert posts(world) == sent + 1
    assert left(report)["c/n1"] == "quota"


def test_a_read_that_is_limited_for_an_hour_sends_nothing_and_says_so(world: World) -> None:
    world.strike(Fault(name="too_many", on="bonuses", interval="HOUR"))
    before = world.clock.boot_ms
    report = world.apply()
    assert (set(left(report).values()), report.exit_code, posts(world)) == ({"scan_failed"}, 3, 0)
    assert world.clock.boot_ms - before < 60_000
    assert "TOO_MANY_REQUESTS: Too many requests (request " in report.waits[0].text
    until_ms = report.waits[0].until_ms
    assert until_ms is not None
    assert 0 <= world.clock.wall_ms + HOUR_MS - until_ms < 10_000


def test_a_contact_that_is_refused_for_today_says_when_to_come_back(world: World) -> None:
    world.strike(Fault(name="too_many", on="requester", interval="DAY"))
    with pytest.raises(ProviderError) as caught:
        world.apply()
    assert caught.value.reason == "too_many_requests"
    assert caught.value.detail[:59] == "Nothing was sent. Come back after 2023-11-15T00:00:00.000Z."


# --- money ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("balance", "paid"), [("7.20", 3), ("7.19", 0)])
def test_the_balance_must_suffice_for_amounts_and_fees(world: World, balance: str, paid: int) -> None:
    """6.00 and twenty percent of it, to the cent."""
    world.options = replace(world.options, balance=Decimal(balance), fee_percent=20)
    world.settings = settings(fee_percent=Decimal(20))
    world.apply()
    assert len(world.paid()) == paid


def test_with_an_unknown_fee_the_amounts_alone_are_compared_and_it_is_said(world: World) -> None:
    world.options = replace(world.options, balance=Decimal("5.99"))
    world.settings = settings(fee_percent=None)
    report = world.apply()
    assert (posts(world), report.exit_code) == (0, 3)
    assert "3 payments need 6.00 USD + fees unknown: 0.01 USD is missing" in report.waits[0].text


def test_what_the_day_still_allows_is_all_that_the_balance_must_pay_for(world: World) -> None:
    """Two requests are left today: 3.00 USD of 6.00."""
    world.options = replace(world.options, balance=Decimal("3.00"))
    world.settings = settings(daily_request_limit=2)
    assert left(world.apply()) == {"c/w3": "quota"}


def test_money_that_runs_out_midway_keeps_what_was_paid_and_waits_without_a_time(world: World) -> None:
    world.strike(Fault(name="no_funds", user="w2"))
    report = world.apply(slots=1, wait_s=0)
    assert left(report) == {"c/w2": "in_doubt", "c/w3": "funds"}
    assert ("funds", None) in waits(report)
    world.strike()
    assert world.apply().exit_code == 0
    assert len(world.paid()) == 3


# --- whose account -------------------------------------------------------------------------------------------------


def test_an_account_is_the_same_with_or_without_dashes_and_in_either_case(world: World) -> None:
    world.apply()
    world.settings = settings(account="E0000000-0000-0000-0000-000000000001")
    assert world.apply().exit_code == 0


def test_the_account_that_is_acted_for_must_be_the_one_that_answers(world: World) -> None:
    world.settings = settings(account="a2", act_under="a2")
    with pytest.raises(Refused, match=r"the provider answers for account e0+1, the config acts for a2"):
        world.apply()
    assert posts(world) == 0


def test_operations_are_ours_in_either_spelling_of_their_ids(world: World) -> None:
    world.options = replace(world.options, ids_dashed=False)
    world.strike(Fault(name="cut_after", user="w2"))
    assert world.apply().exit_code == 0
    assert world.apply().exit_code == 0
    assert len(world.paid()) == 3
    with world.looking() as reader:
        assert reader.ledgers()[0].account == Account("toloka", "sandbox", "e0000000000000000000000000000001")
