"""Over how many days a plan runs: both sides of the day's quota."""

from decimal import Decimal

import pytest

from reconcile.plan.days import days
from reconcile.plan.model import ProviderSummary

DAY_2026_11_22 = 1_795_305_600_000


def provider(requests: int, *, today: int = 0, limit: int = 10_000) -> ProviderSummary:
    return ProviderSummary(
        name="toloka",
        type="toloka",
        environment="sandbox",
        account="",
        endpoint="",
        currency="USD",
        payments=requests,
        amount=Decimal("1.00"),
        fees=None,
        requests=requests,
        requests_today=today,
        daily_request_limit=limit,
        day_ms=DAY_2026_11_22,
    )


@pytest.mark.parametrize(
    ("requests", "today", "expected"),
    [
        (0, 0, []),
        (1, 0, [("2026-11-22", 1)]),
        (9_800, 0, [("2026-11-22", 9_800)]),
        (9_801, 0, [("2026-11-22", 9_800), ("2026-11-23", 1)]),
        (12_345, 0, [("2026-11-22", 9_800), ("2026-11-23", 2_545)]),
        (100, 9_700, [("2026-11-22", 100)]),
        (101, 9_700, [("2026-11-22", 100), ("2026-11-23", 1)]),
        (5, 9_800, [("2026-11-22", 0), ("2026-11-23", 5)]),
        (5, 10_000, [("2026-11-22", 0), ("2026-11-23", 5)]),
    ],
)
def test_a_day_takes_its_limit_less_two_percent(requests: int, today: int, expected: list[tuple[str, int]]) -> None:
    """10,000 a day are allowed, so 9,800 are used."""
    assert [tuple(day) for day in days(provider(requests, today=today))] == expected


def test_a_limit_below_fifty_leaves_nothing_aside() -> None:
    assert [day.requests for day in days(provider(5, limit=2))] == [2, 2, 1]


def test_a_plan_for_centuries_is_cut_off_after_ten_years() -> None:
    assert len(days(provider(1 << 60, limit=1))) == 3_660
