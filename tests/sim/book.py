"""A journal read by the tests' own eyes: a small fold of the events, written apart from the state's."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from reconcile.model import Identity, SendOutcome
from reconcile.state.events import (
    AccountBound,
    Event,
    GateClosed,
    GateOpened,
    OperationSettled,
    OperationsPrepared,
    PaymentResolved,
    PaymentsAdopted,
    PaymentsAttributed,
    PaymentsImported,
    PreparedOperation,
    PreparedPayment,
    Result,
    ScanCompleted,
    SendsFinished,
    SendsStarted,
    StateCarried,
)


class Violation(AssertionError):
    """A rule was broken; the text begins with its name."""


@dataclass(slots=True)
class Operation:
    """An operation as the journal tells of it. `open`: payments not settled; `sends`: outcome by number, None: open."""

    number: int
    operation_id: bytes
    mode: str
    target: str
    body: bytes
    items: dict[bytes, PreparedPayment]
    open: set[bytes]
    sends: dict[int, SendOutcome | None] = field(default_factory=dict)

    @property
    def doubtful(self) -> bool:
        """Whether a send of it may have been carried out without proof."""
        return any(outcome in (None, SendOutcome.AMBIGUOUS) for outcome in self.sends.values())

    @property
    def executed(self) -> bool:
        return SendOutcome.EXECUTED in self.sends.values()


@dataclass(slots=True)
class Book:
    """What one journal holds. `issued`: amount and remote id by payment; `burnt` counts the ids used up by a payment,
    `burnt_alone` those of operations that held nothing else.
    """

    operations: dict[int, Operation] = field(default_factory=dict)
    status: dict[bytes, str] = field(default_factory=dict)
    issued: dict[bytes, tuple[Decimal, str]] = field(default_factory=dict)
    bonus: dict[bytes, Identity] = field(default_factory=dict)
    burnt: dict[bytes, int] = field(default_factory=dict)
    burnt_alone: dict[bytes, int] = field(default_factory=dict)
    gate: str = ""
    scans: int = 0

    def take(self, event: Event) -> None:
        """One more event."""
        self._take_gate(event)
        self._take_operation(event)
        match event:
            case ScanCompleted():
                self.scans += 1
            case PaymentsAdopted(payments=payments):
                for payment in payments:
                    self._issue(payment.payment_id, payment.amount, payment.remote_id)
                    if payment.bonus is not None:
                        self.bonus[payment.payment_id] = payment.bonus
            case PaymentsImported(payments=imported):
                for one in imported:
                    self._issue(one.payment_id, one.amount, one.remote_id)
                    self.bonus[one.payment_id] = one.bonus
            case PaymentsAttributed(payments=attributed):
                self.bonus |= {payment_id: bonus for payment_id, _, bonus in attributed}
            case PaymentResolved():
                raise AssertionError("no person decides about an operation in these histories")
            case _:
                pass

    def _take_gate(self, event: Event) -> None:
        match event:
            case AccountBound():
                self.gate = "new"
            case GateClosed(reason=reason):
                self.gate = reason
            case GateOpened():
                self.gate = ""
            case StateCarried(how=how):
                self.gate = how
            case _:
                pass

    def _take_operation(self, event: Event) -> None:
        match event:
            case OperationsPrepared(operations=operations):
                for prepared in operations:
                    self._prepare(prepared)
            case SendsStarted(sends=sends):
                for number, send in sends:
                    self.operations[number].sends[send] = None
            case SendsFinished(sends=finished):
                for ended in finished:
                    self.operations[ended.operation].sends[ended.send] = ended.outcome
            case OperationSettled():
                self._settle(event)
            case _:
                pass

    def _prepare(self, one: PreparedOperation) -> None:
        items = {item.payment_id: item for item in one.payments}
        operation = Operation(
            one.operation, one.operation_id, one.mode, one.target, one.body.encode(), items, set(items)
        )
        self.operations[one.operation] = operation
        self.status |= dict.fromkeys(items, "prepared")
        self.bonus |= {item.payment_id: item.bonus for item in one.payments}

    def take_all(self, events: Iterable[Event]) -> "Book":
        """All of these events, one after the other."""
        for event in events:
            self.take(event)
        return self

    def paid_for(self, wanted: Iterable[Identity]) -> Decimal:
        """What was issued for any of these identities."""
        names = set(wanted)
        return sum(
            (amount for payment, (amount, _) in self.issued.items() if self.bonus.get(payment) in names), Decimal(0)
        )

    def in_doubt(self) -> Iterator[bytes]:
        """Payments of open operations."""
        for operation in self.operations.values():
            yield from operation.open

    def _settle(self, event: OperationSettled) -> None:
        operation = self.operations[event.operation]
        for item in event.items:
            operation.open.discard(item.payment_id)
            if item.burnt:
                self.burnt[item.payment_id] = self.burnt.get(item.payment_id, 0) + 1
                if len(operation.items) == 1:
                    self.burnt_alone[item.payment_id] = self.burnt_alone.get(item.payment_id, 0) + 1
            if item.result is Result.ISSUED:
                assert item.amount is not None
                self._issue(item.payment_id, item.amount, item.remote_id)
            elif self.status[item.payment_id] != "issued":
                self.status[item.payment_id] = item.result.value

    def _issue(self, payment_id: bytes, amount: Decimal, remote_id: str) -> None:
        self.status[payment_id] = "issued"
        self.issued[payment_id] = (amount, remote_id)
        for operation in self.operations.values():
            operation.open.discard(payment_id)
