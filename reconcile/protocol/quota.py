"""How many bonus requests the day still has: counted by UTC day and by our own clock, with some left for others."""

from collections.abc import Callable

from reconcile.settings import usable_requests
from reconcile.times import DAY_MS, utc_day_start


class Quota:
    """The day's requests on one account. `sent_since` tells how many were sent since a moment of our own clock.

    A run that goes over midnight begins to count anew; a clock that jumps back to the day before counts that whole day.
    """

    def __init__(self, limit: int, sent_since: Callable[[int], int]) -> None:
        self.limit = limit
        self.usable = usable_requests(limit)
        self._sent_since = sent_since
        self._day_ms: int | None = None
        self._sent = 0

    def left(self, now_ms: int) -> int:
        """How many requests may still be sent at this moment (wall clock)."""
        day_ms = utc_day_start(now_ms)
        if day_ms != self._day_ms:
            self._day_ms, self._sent = day_ms, self._sent_since(day_ms)
        return max(0, self.usable - self._sent)

    def take(self) -> None:
        """One request is sent."""
        self._sent += 1


def next_day_ms(now_ms: int) -> int:
    """The next UTC midnight."""
    return utc_day_start(now_ms) + DAY_MS
