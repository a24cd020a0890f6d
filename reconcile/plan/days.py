"""Over how many days a plan's requests go, where one day's quota does not suffice, and how many on each."""

from typing import Final, NamedTuple

from reconcile.plan.model import ProviderSummary
from reconcile.settings import usable_requests
from reconcile.times import DAY_MS, format_time

DAYS_MAX: Final = 3_660
"""Ten years: what takes longer is cut off there."""


class Day(NamedTuple):
    """A UTC day, `2026-11-22`, and how many of the plan's requests can be sent on it."""

    date: str
    requests: int


def days(provider: ProviderSummary) -> tuple[Day, ...]:
    """From the plan's own day to the last that it needs, one apply each day; () where nothing is sent.

    The plan's own day is the first even where nothing is left of its quota.
    """
    found: list[Day] = []
    usable = max(1, usable_requests(provider.daily_request_limit))
    left = provider.requests
    free = max(0, usable - provider.requests_today)
    while left > 0 and len(found) < DAYS_MAX:
        count = min(left, free)
        found.append(Day(date_of(provider.day_ms + len(found) * DAY_MS), count))
        left, free = left - count, usable
    return tuple(found)


def date_of(at_ms: int) -> str:
    """The UTC day of a moment."""
    return format_time(at_ms)[:10]
