"""Times: milliseconds since the epoch inside, `2026-11-22T10:00:00.000Z` at the borders. Always UTC."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ISO: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:Z|\+00:?00)?)?", re.ASCII
)


def format_time(at_ms: int) -> str:
    """`2026-11-22T10:00:00.000Z`."""
    seconds, milliseconds = divmod(at_ms, SECOND_MS)
    return f"{_second_text(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=256)
def _second_text(seconds: int) -> str:
    # A third of the time that strftime takes, and many payments are made within a second.
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def parse_time(text: str) -> int | None:
    """Milliseconds of a UTC time or date in ISO 8601, with or without zone (a missing zone means UTC); else None."""
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction = match.groups(default="0")
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        return None
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND_MS + int(fraction.ljust(3, "0")[:3])


def utc_day_start(at_ms: int) -> int:
    """The first millisecond of the UTC day that `at_ms` is in."""
    return at_ms - at_ms % DAY_MS


def duration(seconds: int) -> str:
    """A duration for people: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    if seconds < 100:
        return f"{seconds} s"
    minutes = -(-seconds // 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
