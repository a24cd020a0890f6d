"""From matched lists to events: what is in doubt and shows is issued, what a reference names is ours, and copies and
repetitions are said aloud.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from reconcile import identity
from reconcile.model import Identity, PaymentStatus
from reconcile.money import Money
from reconcile.plan.model import Change, Plan
from reconcile.protocol.adopted import adopted_payment, paid_of
from reconcile.protocol.books import Books
from reconcile.protocol.comparing import Span, alarms
from reconcile.protocol.gateway import Gateway
from reconcile.protocol.matching import Matched
from reconcile.protocol.report import Missing, Paid
from reconcile.protocol.track import Track
from reconcile.providers.base import RemotePayment
from reconcile.settings import ProviderSettings
from reconcile.state.events import AdoptedPayment, AlarmRaised, Event, PaymentsAdopted
from reconcile.state.ledger import Ledger, LedgerRecord, OperationItem

CHUNK: Final = 1_000
"""Payments of one event."""


class Sought(NamedTuple):
    """A bonus that the specs may want paid: `payment_id` is the payment that would be made, b"" for none yet, or for none
    any more, under a former name.
    """

    bonus: Identity
    payment_id: bytes
    sequence: int


class RefreshView(Protocol):
    """What a refresh asks of the specs, where a plan comes after it: what would be paid is looked at, as an apply does."""

    def sought(self, settings: ProviderSettings) -> Sequence[Sought]:
        """What the specs may want paid through a provider, as the ledger stands."""

    def payments(self, settings: ProviderSettings) -> Sequence[Change]:
        """What would be paid through it."""


def sought_of(plan: Plan, provider: str) -> tuple[Sought, ...]:
    """What a plan would pay through a provider, or would if it knew more."""
    changes = [change for change in plan.payments if change.provider == provider]
    doubtful = [doubt for doubt in plan.in_doubt if doubt.provider == provider]
    paying = [Sought(row.identity, row.payment_id, row.sequence) for row in changes if row.payment_id is not None]
    formers = [*(row.former for row in changes), *(row.former for row in doubtful)]
    unpaid = [*(doubt.identity for doubt in doubtful), *(name for name in formers if name is not None)]
    return (*paying, *(Sought(name, b"", 0) for name in unpaid))


class Adopter:
    """Takes the assignments of one scan; `commit` makes what they show durable. `alarms` are sentences."""

    def __init__(
        self,
        ledger: Ledger,
        gateway: Gateway,
        record: LedgerRecord,
        books: Books,
        *,
        project: str,
        sought: Sequence[Sought],
    ) -> None:
        self._ledger = ledger
        self._gateway = gateway
        self._record = record
        self._books = books
        self._project = project
        self._sought: defaultdict[tuple[str, str], list[Identity]] = defaultdict(list)
        for one in sought:
            self._sought[one.bonus.recipient, one.bonus.assignment_id].append(one.bonus)
        self._payments: list[AdoptedPayment] = []
        self._told: list[tuple[str, str]] = []
        self._unseen: list[bytes] = []
        self.adopted: list[Paid] = []
        self.alarms: list[str] = []

    def take(self, matched: Matched, tracks: Sequence[Track]) -> None:
        """One assignment."""
        items = {item.payment_id: item for track in tracks for item in track.operation.items}
        for payment_id, payment in matched.found.items():
            self._adopt(payment_id, items[payment_id].sequence, self._identity(items[payment_id]), payment, ours=True)
        for payment in matched.referred:
            self._refer(payment, items)
        for payment in matched.copied:
            self._copied(payment)
        for payment in matched.doubled:
            assert payment.reference is not None
            name = identity.to_text(payment.reference[0])
            self._alarm(
                "paid_twice", f"payment {name} stands twice at the provider: {self._shown(payment)} is a second"
            )
        self._unseen += matched.unseen

    def commit(self) -> None:
        """Make it durable: issued from now on, with the provider's amounts."""
        at_ms, number = self._gateway.moment().wall_ms, self._record.ledger
        known = {(alarm.code, alarm.detail) for alarm in self._ledger.alarms() if alarm.ledger == number}
        events: list[Event] = [
            AlarmRaised(ledger=number, code=code, detail=text, at_ms=at_ms)
            for code, text in self._told
            if (code, text) not in known
        ]
        for start in range(0, len(self._payments), CHUNK):
            payments = tuple(self._payments[start : start + CHUNK])
            events.append(PaymentsAdopted(ledger=number, payments=payments, at_ms=at_ms))
        if events:
            self._ledger.commit(events)

    def look_back(self, span: Span) -> tuple[Missing, ...]:
        """What the state calls issued and its assignment's list does not show: journaled as alarms."""
        found = []
        for payment_id in self._unseen:
            payment = self._ledger.payment_by_id(payment_id, ledger=self._record.ledger)
            assert payment is not None
            if payment.remote_id and span.covers(payment.created_ms):
                bonus = Identity("", payment.campaign, payment.recipient, payment.assignment_id, payment.key)
                self._gateway.meet(payment.recipient, payment.assignment_id)
                name = self._gateway.settings.name
                found.append(
                    Missing(
                        bonus.address, payment_id, name, self._record.currency, payment.amount, payment.remote_id, None
                    )
                )
        events, sentences = alarms(self._ledger, self._record, found, self._gateway.moment().wall_ms)
        if events:
            self._ledger.commit(events)
        self.alarms += sentences
        return tuple(found)

    # --- one payment -------------------------------------------------------------------------------------------------

    def _refer(self, payment: RemotePayment, items: Mapping[bytes, OperationItem]) -> None:
        """A reference to a payment that is not issued here: made in another life, or thought not to have been made.

        Where its bonus is not known it is ours all the same, and keeps its worker in doubt until a spec names it.
        """
        assert payment.reference is not None
        payment_id, sequence = payment.reference
        known = self._ledger.payment_by_id(payment_id, ledger=self._record.ledger)
        place = payment.recipient, payment.assignment_id
        if known is not None and (known.recipient, known.assignment_id) != place:
            self._copied(payment)
            return
        bonuses = self._sought.get(place, ())
        bonus = next((one for one in bonuses if identity.payment_id(one.bonus_id, sequence) == payment_id), None)
        if bonus is None and payment_id in items:
            bonus = self._identity(items[payment_id])
        if known is None or known.status is not PaymentStatus.ISSUED:
            self._adopt(payment_id, sequence, bonus, payment, ours=False)
        if bonus is not None or (known is not None and known.bonus_id is not None):
            self._books.own(payment_id, payment)

    def _adopt(
        self, payment_id: bytes, sequence: int, bonus: Identity | None, payment: RemotePayment, *, ours: bool
    ) -> None:
        campaign, key = ("", "") if bonus is None else (bonus.campaign, bonus.key)
        taken = adopted_payment(payment, payment_id, sequence, bonus, campaign=campaign, key=key)
        self._payments.append(taken)
        self._gateway.meet(payment.recipient, payment.assignment_id)
        provider, currency = self._gateway.settings.name, self._record.currency
        self.adopted.append(paid_of(taken, provider=provider, currency=currency, adopted=not ours))

    def _identity(self, item: OperationItem) -> Identity | None:
        """The bonus of a journaled payment, if it is of this project."""
        bonus = Identity(self._project, item.campaign, item.recipient, item.assignment_id, item.key)
        return bonus if bonus.bonus_id == item.bonus_id else None

    def _copied(self, payment: RemotePayment) -> None:
        assert payment.reference is not None
        name = identity.to_text(payment.reference[0])
        self._alarm(
            "marker_copied",
            f"{self._shown(payment)} carries the reference of payment {name}, which is another worker's or "
            "assignment's: it does not count",
        )

    def _shown(self, payment: RemotePayment) -> str:
        money = Money(payment.amount, self._record.currency)
        self._gateway.meet(payment.recipient, payment.assignment_id)
        return f"payment {payment.remote_id} ({money} to {payment.recipient})"

    def _alarm(self, code: str, text: str) -> None:
        self._told.append((code, text))
        self.alarms.append(text)
