"""How fast requests of any kind may follow one another: a bucket of tokens on the boot-time clock, in whole numbers.

A provider counts over any second that it likes. The bucket is small and begins nearly empty, so that what it holds and
what flows in within a second stay below the limit together, also where one run follows another.

A provider that names no limit and no time to come back, and yet says that it is too fast, halves the pace; a while
without such a word makes it faster again, up to what the config allows.
"""

from typing import Final

from reconcile.times import SECOND_MS

BURST_PER_SECOND: Final = 10
"""A tenth of a second's worth may go at once after a pause: enough that waiting costs no throughput."""
CALM_MS: Final = 5 * SECOND_MS
"""So long after it was made slower or faster the pace may be made faster."""
UNLIMITED: Final = 1 << 30


class Pace:
    """`per_second` 0: no limit. Times are boot-time milliseconds; a token is kept as a thousand parts."""

    def __init__(self, per_second: int, now_ms: int) -> None:
        self._most = per_second
        self._at_ms = now_ms
        self._changed_ms = now_ms - SECOND_MS
        self._starts = _Starts(now_ms)
        self._limit(per_second)
        self._parts = min(self._full, SECOND_MS)

    def allowed(self, now_ms: int) -> int:
        """How many requests may start now."""
        self._starts.look(now_ms)
        if not self._per_second:
            return UNLIMITED
        passed_ms = max(0, now_ms - self._at_ms)
        self._parts = min(self._full, self._parts + passed_ms * self._per_second)
        self._at_ms = max(self._at_ms, now_ms)
        return max(0, self._parts) // SECOND_MS

    def take(self) -> None:
        """One request starts."""
        self._starts.count += 1
        self._parts -= SECOND_MS

    def slower(self, now_ms: int) -> None:
        """The provider says that it is too fast: half of what went out in a second. Answers to what started before the
        last change say nothing about it.
        """
        if now_ms - self._changed_ms < SECOND_MS:
            return
        rate = self._starts.per_second
        self._limit(max(1, min(rate, self._per_second or rate) // 2))
        self._parts, self._at_ms, self._changed_ms = 0, max(self._at_ms, now_ms), now_ms

    def calm(self, now_ms: int) -> None:
        """The provider answered: a tenth faster after each calm while, if it was made slower."""
        if self._per_second == self._most or now_ms - self._changed_ms < CALM_MS:
            return
        faster = self._per_second + max(1, self._per_second // 10)
        self._limit(min(faster, self._most) if self._most else faster)
        self._changed_ms = now_ms

    def wait_ms(self, now_ms: int) -> int:
        """Milliseconds until one may start, 0: at once."""
        if self.allowed(now_ms):
            return 0
        return -(-(SECOND_MS - self._parts) // self._per_second)

    def _limit(self, per_second: int) -> None:
        self._per_second = per_second
        self._full = max(1, per_second // BURST_PER_SECOND) * SECOND_MS


class _Starts:
    """How many requests started, by whole seconds."""

    def __init__(self, now_ms: int) -> None:
        self.count = 0
        self._before = 0
        self._since_ms = now_ms

    @property
    def per_second(self) -> int:
        """In the last whole second, or in the present one if that has more already."""
        return max(self.count, self._before)

    def look(self, now_ms: int) -> None:
        """A second may be over."""
        passed_ms = now_ms - self._since_ms
        if passed_ms >= SECOND_MS:
            self._before = self.count * SECOND_MS // passed_ms
            self.count, self._since_ms = 0, now_ms
