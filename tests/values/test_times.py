"""Times: milliseconds inside, ISO 8601 in UTC at the borders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.times import duration, format_time, parse_time, utc_day_start


@given(st.integers(0, 253_402_300_799_999))
def test_times_come_back(at_ms: int) -> None:
    """Every time until the year 9999 survives its text, and so do its day's first millisecond."""
    assert parse_time(format_time(at_ms)) == at_ms
    assert format_time(utc_day_start(at_ms)) == f"{format_time(at_ms)[:10]}T00:00:00.000Z"


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("2026-11-22T10:00:00.000Z", 1_795_341_600_000),
        ("2026-11-22T10:00:00Z", 1_795_341_600_000),
        ("2026-11-22T10:00:00", 1_795_341_600_000),
        ("2026-11-22 10:00:00+00:00", 1_795_341_600_000),
        ("2026-11-22T10:00:00.5", 1_795_341_600_500),
        ("2026-11-22T10:00:00,123456789Z", 1_795_341_600_123),
        ("2026-11-22", 1_795_305_600_000),
        (" 2026-11-22 ", 1_795_305_600_000),
        ("1970-01-01", 0),
        ("2026-02-30", None),
        ("2026-11-22T25:00:00Z", None),
        ("2026-11-22T10:00:00+01:00", None),
        ("22.11.2026", None),
        ("٢٠٢٦-11-22", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_texts_of_times(text: str, at_ms: int | None) -> None:
    """Dates and times in UTC; other zones and other forms are none."""
    assert parse_time(text) == at_ms


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (99, "99 s"),
        (100, "2 min"),
        (5_940, "99 min"),
        (5_941, "1 h 40 min"),
        (7_200, "2 h"),
        (187_200, "2 d 4 h"),
    ],
)
def test_durations_for_people(seconds: int, text: str) -> None:
    """Rounded up, in the two largest units."""
    assert duration(seconds) == text
