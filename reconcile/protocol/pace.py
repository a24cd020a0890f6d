"""How fast requests of any kind may follow one another: a bucket of tokens on the boot-time clock, in whole numbers.

A provider counts over any second that it likes. The bucket is small and begins nearly empty, so that what it holds and
what flows in within a second stay below the limit together, also where one run follows another.
"""

from typing import Final

from reconcile.times import SECOND_MS

BURST_PER_SECOND: Final = 10
"""A tenth of a second's worth may go at once after a pause: enough that waiting costs no throughput."""
UNLIMITED: Final = 1 << 30


class Pace:
    """`per_second` 0: no limit. Times are boot-time milliseconds; a token is kept as a thousand parts."""

    def __init__(self, per_second: int, now_ms: int) -> None:
        self._per_second = per_second
        self._full = max(1, per_second // BURST_PER_SECOND) * SECOND_MS
        self._parts = min(self._full, SECOND_MS)
        self._at_ms = now_ms

    def allowed(self, now_ms: int) -> int:
        """How many requests may start now."""
        if not self._per_second:
            return UNLIMITED
        passed_ms = max(0, now_ms - self._at_ms)
        self._parts = min(self._full, self._parts + passed_ms * self._per_second)
        self._at_ms = max(self._at_ms, now_ms)
        return max(0, self._parts) // SECOND_MS

    def take(self) -> None:
        """One request starts."""
        self._parts -= SECOND_MS

    def wait_ms(self, now_ms: int) -> int:
        """Milliseconds until one may start, 0: at once."""
        if self.allowed(now_ms):
            return 0
        return -(-(SECOND_MS - self._parts) // self._per_second)
