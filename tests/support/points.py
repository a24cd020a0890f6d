"""Every place where a run can die, counted; and the state that dies there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reconcile.errors import StateWriteFailed
from reconcile.state.events import Event
from reconcile.state.ledger import Ledger


class Crash(BaseException):
    """The process is gone, here and now."""


@dataclass(slots=True)
class Points:
    """Every place where a run can die, counted. `die_at`: numbers of the events at which it does, from 1.
    `fail_commit`: the number of the commit that does not become durable, as on a full disk.
    """

    die_at: frozenset[int] = frozenset()
    fail_commit: int = 0
    count: int = 0
    names: dict[str, int] = field(default_factory=dict)

    def reach(self, name: str) -> None:
        self.count += 1
        self.names[name] = self.names.get(name, 0) + 1
        if self.count in self.die_at:
            raise Crash(name)

    def disk_full(self) -> bool:
        """Whether the commit that was just reached does not become durable."""
        return self.names["before commit"] == self.fail_commit

    def unreachable(self) -> str:
        """Why the request that was just reached does not leave this host, "" where it does."""
        return ""

    def committed(self, events: Sequence[Event]) -> None:
        """These events are durable."""


class CrashingLedger:
    """The real state; dies before or after a commit when the points say so. After a failed write it takes no other."""

    def __init__(self, ledger: Ledger, points: Points) -> None:
        self._ledger = ledger
        self._points = points
        self._failed = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    def commit(self, events: Sequence[Event]) -> None:
        self._points.reach("before commit")
        self._failed = self._failed or self._points.disk_full()
        if self._failed:
            raise StateWriteFailed("the disk is full")
        self._ledger.commit(events)
        self._points.committed(events)
        self._points.reach("after commit")
