"""Groups what a run learned since its last commit, and makes it durable in one transaction.

Nothing that is told here counts until `flush` returns: no request starts and no result is shown before. The order
inside a commit is fixed: outcomes, settlements, then new operations, then the sends that start next.
"""

from collections.abc import Callable, Sequence

from reconcile.protocol.ages import Moment
from reconcile.state.events import (
    AlarmRaised,
    Basis,
    Event,
    FinishedSend,
    OperationSettled,
    OperationsPrepared,
    PreparedOperation,
    SendsFinished,
    SendsStarted,
    Settlement,
)
from reconcile.state.ledger import Ledger


class Journal:
    """The one writer of a run, for one ledger."""

    def __init__(self, ledger: Ledger, number: int) -> None:
        self._ledger = ledger
        self.number = number
        self._finished: list[FinishedSend] = []
        self._settled: list[Callable[[int], Event]] = []
        self._prepared: list[PreparedOperation] = []
        self._started: list[tuple[int, int]] = []
        self._after: list[Callable[[], None]] = []

    def finished(self, send: FinishedSend) -> None:
        """The outcome of a send."""
        self._finished.append(send)

    def settle(self, operation: int, basis: Basis, items: Sequence[Settlement]) -> None:
        """How an operation ended: every payment in it that was open, and what proves it."""
        number, ended = self.number, tuple(items)
        assert ended
        self._settled.append(
            lambda at_ms: OperationSettled(ledger=number, operation=operation, basis=basis, items=ended, at_ms=at_ms)
        )

    def alarm(self, code: str, detail: str) -> None:
        """Something that should be impossible."""
        number = self.number
        self._settled.append(lambda at_ms: AlarmRaised(ledger=number, code=code, detail=detail, at_ms=at_ms))

    def prepare(self, operation: PreparedOperation) -> None:
        """A new operation, before anything of it is sent."""
        self._prepared.append(operation)

    def starting(self, operation: int, send: int) -> None:
        """A send that goes out once this is durable."""
        self._started.append((operation, send))

    def after(self, action: Callable[[], None]) -> None:
        """Run `action` once everything told so far is durable."""
        self._after.append(action)

    def flush(self, now: Moment) -> None:
        """One commit, if there is anything to commit; then what waited for it. Raises StateError."""
        events: list[Event] = []
        at_ms = now.wall_ms
        if self._finished:
            events.append(SendsFinished(ledger=self.number, sends=tuple(self._finished), at_ms=at_ms))
        events += [make(at_ms) for make in self._settled]
        if self._prepared:
            events.append(OperationsPrepared(ledger=self.number, operations=tuple(self._prepared), at_ms=at_ms))
        if self._started:
            events.append(
                SendsStarted(
                    ledger=self.number,
                    sends=tuple(self._started),
                    at_ms=at_ms,
                    boot_id=now.boot_id,
                    boottime_ms=now.boottime_ms,
                    server_ms=now.server_ms,
                )
            )
        if events:
            self._ledger.commit(events)
        actions, self._after = self._after, []
        self._finished, self._settled, self._prepared, self._started = [], [], [], []
        for action in actions:
            action()
