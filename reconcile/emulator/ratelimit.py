"""Toloka's limit on requests of any kind, by the second."""

from collections import deque


class RateLimit:
    """How many requests came within the last second."""

    def __init__(self) -> None:
        self._times: deque[int] = deque()

    def exceeded(self, limit: int, at_ms: int) -> bool:
        """Count one request at a moment of a steady clock; whether it is one too many. 0: no limit."""
        if not limit:
            return False
        while self._times and self._times[0] <= at_ms - 1000:
            self._times.popleft()
        if len(self._times) >= limit:
            return True
        self._times.append(at_ms)
        return False
