"""Times in the headers of an answer: when the server made it, and when to come back."""

import re
from typing import Final

from reconcile.times import DAY_MS, SECOND_MS, parse_time

_DATE: Final = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def retry_after(text: str, server_ms: int | None) -> float | None:
    """Seconds of a Retry-After header, at most a day; as a date it is read against the server's own clock."""
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return min(int(text), DAY_MS // SECOND_MS)
    until_ms = http_date(text)
    if until_ms is None or server_ms is None:
        return None
    return min(max(0, until_ms - server_ms), DAY_MS) / SECOND_MS


def http_date(text: str) -> int | None:
    """Milliseconds of `Sun, 22 Nov 2026 10:00:00 GMT`, the one form in which servers write dates; else None."""
    match = _DATE.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    day, month, year, hour, minute, second = match.groups()
    return parse_time(f"{year}-{_MONTHS.index(month) + 1:02d}-{day}T{hour}:{minute}:{second}Z")
