"""Reads the newest payments of the provider's list while a run goes on, to find many outcomes with few requests.

Pages follow one another from the newest id that the run's scan saw. Ids may become visible out of order, so what a
reading does not show is never concluded from it: the operation's log is asked then.
"""

from collections.abc import Mapping

from reconcile import identity
from reconcile.model import parse_marker
from reconcile.protocol.context import Context
from reconcile.protocol.scan import attributed
from reconcile.protocol.track import Stage, Track
from reconcile.providers.base import ListPayments, PaymentsPage, RemotePayment, Unread


class Listing:
    """One reading of the list at a time. `failure`: why the last one broke off."""

    def __init__(self, context: Context, base: str) -> None:
        self._context = context
        self._base = base
        self._cursor = base
        self._waiting: tuple[Track, ...] = ()
        self.running = False
        self.flying = False
        self.failure: Unread | None = None

    def failure_of(self, track: Track) -> Unread | None:
        """Why the last reading has nothing to say of an operation."""
        return self.failure

    def begin(self, tracks: tuple[Track, ...], *, anew: bool) -> None:
        """Start a reading for these ended operations; `anew` from where the run's scan ended."""
        assert not self.running
        self.running, self.failure, self._waiting = True, None, tracks
        if anew:
            self._cursor = self._base

    def call(self) -> ListPayments:
        """The next page."""
        self.flying = True
        since_ms = None if self._cursor else self._context.gateway.settings.since_ms
        return ListPayments(since_ms, self._cursor)

    def take(self, answer: PaymentsPage | Unread, tracks: Mapping[bytes, Track]) -> tuple[Track, ...]:
        """One page; after the last (or a failure) the operations that waited for it. `tracks` by payment id."""
        self.flying = False
        if isinstance(answer, Unread):
            self.failure = answer
            return self._end()
        for payment in answer.payments:
            self._see(payment, tracks)
        if answer.payments:
            self._cursor = answer.payments[-1].remote_id
        return () if answer.next_cursor else self._end()

    def _end(self) -> tuple[Track, ...]:
        self.running = False
        waiting, self._waiting = self._waiting, ()
        return tuple(track for track in waiting if track.stage is Stage.LISTED)

    def _see(self, payment: RemotePayment, tracks: Mapping[bytes, Track]) -> None:
        marker = parse_marker(payment.comment)
        track = tracks.get(marker.payment_id) if marker is not None else None
        if marker is None or track is None or attributed(marker, payment, self._context.project) is None:
            return
        earlier = track.found.setdefault(marker.payment_id, payment)
        if earlier.remote_id != payment.remote_id:
            self._context.gateway.meet(payment.recipient)
            self._context.alarm(
                "paid_twice",
                f"payment {identity.to_text(marker.payment_id)} stands twice at the provider: "
                f"{earlier.remote_id} and {payment.remote_id} ({payment.amount} to {payment.recipient})",
            )
