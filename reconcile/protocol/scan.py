"""Read what the provider says was paid, every page, and bring the state up to it.

The scan comes before anything is sent, recovery included: a restored backup would otherwise repeat what its lost part
had paid. A payment of ours is known by the marker at the end of its comment, and the marker is believed only where
the id computed from it, the recipient and the assignment is the very id it names.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from reconcile import identity
from reconcile.errors import BonusctlError
from reconcile.identity import bonus_ids
from reconcile.model import Identity, Marker, PaymentStatus, parse_address, parse_marker
from reconcile.protocol.adopted import adopted_payment, paid_of
from reconcile.protocol.comparing import Listed, Span, alarms, compare
from reconcile.protocol.gateway import Gateway, over_ms, told
from reconcile.protocol.knowing import Knowing
from reconcile.protocol.report import Missing, Paid
from reconcile.providers.base import ListPayments, PaymentsPage, RemotePayment, Unread
from reconcile.providers.columns import ColumnPayments
from reconcile.state.events import (
    AdoptedPayment,
    AlarmRaised,
    Event,
    GateClosed,
    PaymentsAdopted,
    ScanCompleted,
)
from reconcile.state.ledger import KnownPayment, Ledger, LedgerRecord

MARGIN_MS: Final = 3_600_000
IMPORTED: Final = "imported"
"""The code of a payment that an import took over."""


class ScanFailed(BonusctlError):
    """A page of the provider's list stayed unread: nothing may be sent. `until_ms`: when to come back, if known."""

    reason = "scan_failed"
    until_ms: int | None = None


class Scan(NamedTuple):
    """A complete scan. `newest_remote_id`: the greatest id seen, "" for none. `adopted`: payments that the state now
    calls issued; those that the state had sent itself are not marked as adopted. `alarms` are sentences. `missing`: what
    a full scan should have shown and did not.
    """

    newest_remote_id: str
    adopted: tuple[Paid, ...]
    alarms: tuple[str, ...]
    missing: tuple[Missing, ...] = ()


Tell = Callable[[Sequence[Paid]], None]


def _untold(_: Sequence[Paid]) -> None:
    """Nobody watches."""


def scan(
    ledger: Ledger, gateway: Gateway, record: LedgerRecord, *, project: str, full: bool, tell: Tell = _untold
) -> Scan:
    """Read every page since the watermark, less a margin, and adopt what the state lacks. Raises ScanFailed.

    `tell` hears of each page's payments that are new to the state as soon as they are recorded there.
    """
    since_ms = _since_ms(gateway, record, full=full)
    listed = Listed() if full else None
    reader = _Reader(ledger, gateway, record, project, listed, tell)
    started_ms: int | None = None
    cursor = ""
    while True:
        page = gateway.ask(ListPayments(since_ms, cursor))
        if isinstance(page, Unread):
            failed = ScanFailed(
                f"{gateway.settings.name}: the list of payments could not be read: {told(page, gateway.codec)}",
                detail="Nothing was sent: what was paid already must be known first.",
                remedy="Run it again; nothing is lost.",
            )
            failed.until_ms = over_ms(page, gateway.moment())
            raise failed
        assert isinstance(page, PaymentsPage)
        if started_ms is None:
            # The provider's own clock, before the first page was read: what comes later is the next scan's.
            moment = gateway.moment()
            # Without a Date the watermark stays where it was: our own clock may be ahead of the provider's.
            started_ms = (record.watermark_ms or 0) if moment.server_ms is None else moment.server_ms
        reader.take(page.payments)
        if not page.next_cursor:
            break
        cursor = page.next_cursor
    missing: tuple[Missing, ...] = ()
    if listed is not None:
        span = Span(since_ms, started_ms, gateway.settings.settle_window_s * 1000)
        missing = reader.look_back(listed, span)
    ledger.commit(
        [
            ScanCompleted(
                ledger=record.ledger,
                started_ms=started_ms,
                since_ms=since_ms,
                newest_remote_id=reader.newest,
                newest_ours_ms=reader.newest_ours_ms,
                payments=reader.count,
                at_ms=gateway.moment().wall_ms,
            ),
        ]
    )
    return Scan(reader.newest, tuple(reader.adopted), tuple(reader.alarms), missing)


def _since_ms(gateway: Gateway, record: LedgerRecord, *, full: bool) -> int | None:
    if full or record.watermark_ms is None:
        return gateway.settings.since_ms
    # A date that the provider gave wrongly, or a proxy, is in the future of the clock that the scan ended by.
    read_ms = record.watermark_ms if record.scanned_ms is None else min(record.watermark_ms, record.scanned_ms)
    return max(0, read_ms - max(MARGIN_MS, 2 * gateway.settings.settle_window_s * 1000))


def attributed(marker: Marker, payment: RemotePayment, project: str) -> Identity | None:
    """The bonus that a marker names, if the id computed from it is the one it carries; else None."""
    bonus = Identity(project, marker.campaign, payment.recipient, payment.assignment_id, marker.key)
    fits = identity.payment_id(bonus.bonus_id, marker.sequence) == marker.payment_id
    return bonus if fits else None


class _Reader:
    """Takes pages, commits what is new after each."""

    def __init__(
        self,
        ledger: Ledger,
        gateway: Gateway,
        record: LedgerRecord,
        project: str,
        listed: Listed | None,
        tell: Tell,
    ) -> None:
        self._tell = tell
        self._ledger = ledger
        self._gateway = gateway
        self._record = record
        self._project = project
        self._listed = listed
        self._knowing = Knowing(ledger, record.ledger, project)
        self._behind = False
        self._seen: dict[bytes, str] = {}
        self._bonus_ids: dict[str, Callable[[str], bytes]] = {}
        self._newest: tuple[int, str] | None = None
        self.newest = ""
        self.newest_ours_ms: int | None = None
        self.count = 0
        self.adopted: list[Paid] = []
        self.alarms: list[str] = []

    def take(self, payments: Sequence[RemotePayment]) -> None:
        """One page: what the state knows as it is listed is passed by, the rest is read payment by payment."""
        self.count += len(payments)
        strange: Sequence[RemotePayment] = payments
        if isinstance(payments, ColumnPayments) and payments:
            columns = payments.columns
            known = self._knowing.tell(columns)
            self._see_newest(columns.remote_ids[-1])
            if known.known:
                self._see_ours(max(columns.created_ms[place] for place in known.known))
            if self._listed is not None:
                self._listed.see_known(columns, known.known)
            strange = [payments[place] for place in known.strange]
        if self._listed is not None:
            self._listed.see(strange)
        if strange:
            self._take_strange(strange)

    def _take_strange(self, payments: Sequence[RemotePayment]) -> None:
        """Adopt what the state does not call issued, raise alarms, all in one commit."""
        at_ms = self._gateway.moment().wall_ms
        events: list[Event] = []
        adopted: list[AdoptedPayment] = []
        paid: list[Paid] = []
        ours = list(self._ours(payments))
        recorded_ones = self._ledger.known_payments(self._record.ledger, [marker.payment_id for _, marker in ours])
        for payment, marker in ours:
            known = recorded_ones.get(marker.payment_id)
            recorded = known is not None and known.status is PaymentStatus.ISSUED and bool(known.remote_id)
            if known is not None and recorded:
                # The usual case comes first: nothing is new of it.
                if known.remote_id == payment.remote_id and self._is_its_own(marker, payment, known):
                    continue
                earlier = known.remote_id
            else:
                earlier = self._seen.setdefault(marker.payment_id, payment.remote_id)
                if known is not None and known.code == IMPORTED:
                    # A file named it without an id, and bonusctl paid the bonus all the same: two payments.
                    earlier = "one taken over by an import"
            if known is not None and known.bonus_id is not None and not self._is_its_own(marker, payment, known):
                events.append(self._copied(marker, payment, at_ms))
            elif earlier != payment.remote_id:
                events.append(self._twice(marker, earlier, payment, at_ms))
            elif not recorded:
                # Sent by this state, or resolved as issued by a person before its id was known.
                sent = known is not None and known.status in (PaymentStatus.PREPARED, PaymentStatus.ISSUED)
                adopted.append(self._adopt(payment, marker))
                paid.append(self._paid(adopted[-1], adopted=not sent))
                self._behind |= not sent
        if self._behind and self._record.gate == "" and adopted:
            # With the adoption itself, so that a crash cannot forget that this state was behind.
            events.append(GateClosed(ledger=self._record.ledger, reason="behind", at_ms=at_ms))
            self._record = self._record._replace(gate="behind")
        if adopted:
            events.append(PaymentsAdopted(ledger=self._record.ledger, payments=tuple(adopted), at_ms=at_ms))
        if events:
            self._ledger.commit(events)
        self.adopted += paid
        if paid:
            self._tell(paid)

    def _is_its_own(self, marker: Marker, payment: RemotePayment, known: KnownPayment) -> bool:
        """Whether a marker is that of the listed payment's own bonus. Once a bonus is recorded its id alone tells it."""
        if known.bonus_id is None:
            return True
        make = self._bonus_ids.get(marker.campaign)
        if make is None:
            make = self._bonus_ids[marker.campaign] = bonus_ids(self._project, marker.campaign)
        names = f"{payment.recipient}\x1f{payment.assignment_id}\x1f{marker.key}"
        if not names.isascii():
            return attributed(marker, payment, self._project) is not None
        if marker.sequence == known.sequence and make(names) == known.bonus_id:
            return True
        return attributed(marker, payment, self._project) is not None

    def look_back(self, listed: Listed, span: Span) -> tuple[Missing, ...]:
        """What the state calls issued and the whole list does not show so: journaled as alarms."""
        missing = tuple(compare(self._ledger, self._record, listed, span, self._gateway))
        events, sentences = alarms(self._ledger, self._record, missing, self._gateway.moment().wall_ms)
        if events:
            self._ledger.commit(events)
        self.alarms += sentences
        return missing

    def _ours(self, payments: Sequence[RemotePayment]) -> Iterator[tuple[RemotePayment, Marker]]:
        for payment in payments:
            self._see_newest(payment.remote_id)
            marker = parse_marker(payment.comment)
            if marker is not None:
                self._see_ours(payment.created_ms)
                yield payment, marker

    def _see_newest(self, remote_id: str) -> None:
        number = _number(remote_id)
        if self._newest is None or number > self._newest:
            self._newest, self.newest = number, remote_id

    def _see_ours(self, created_ms: int) -> None:
        if self.newest_ours_ms is None or created_ms > self.newest_ours_ms:
            self.newest_ours_ms = created_ms

    def _adopt(self, payment: RemotePayment, marker: Marker) -> AdoptedPayment:
        bonus = attributed(marker, payment, self._project)
        return adopted_payment(
            payment, marker.payment_id, marker.sequence, bonus, campaign=marker.campaign, key=marker.key
        )

    def _paid(self, payment: AdoptedPayment, *, adopted: bool) -> Paid:
        bonus = Identity("", payment.campaign, payment.recipient, payment.assignment_id, payment.key)
        if parse_address(bonus.address) != (bonus.campaign, bonus.recipient, bonus.assignment_id, bonus.key):
            # A provider may have names that no address can hold: nobody finds them in this one again.
            self._gateway.meet(payment.recipient, payment.assignment_id)
        provider, currency = self._gateway.settings.name, self._record.currency
        return paid_of(payment, provider=provider, currency=currency, adopted=adopted)

    def _copied(self, marker: Marker, payment: RemotePayment, at_ms: int) -> AlarmRaised:
        self._gateway.meet(payment.recipient)
        text = (
            f"payment {payment.remote_id} ({payment.amount} to {payment.recipient}) carries the marker of payment "
            f"{identity.to_text(marker.payment_id)}, which is another worker's or assignment's: it does not count"
        )
        self.alarms.append(text)
        return AlarmRaised(ledger=self._record.ledger, code="marker_copied", detail=text, at_ms=at_ms)

    def _twice(self, marker: Marker, earlier: str, payment: RemotePayment, at_ms: int) -> AlarmRaised:
        self._gateway.meet(payment.recipient)
        text = (
            f"payment {identity.to_text(marker.payment_id)} stands twice at the provider: "
            f"{earlier} and {payment.remote_id} ({payment.amount} to {payment.recipient})"
        )
        self.alarms.append(text)
        return AlarmRaised(ledger=self._record.ledger, code="paid_twice", detail=text, at_ms=at_ms)


def _number(remote_id: str) -> tuple[int, str]:
    """Remote ids in the order of their numbers: ids are texts of digits, and "9" comes before "10"."""
    return (int(remote_id), "") if remote_id.isascii() and remote_id.isdigit() else (-1, remote_id)
