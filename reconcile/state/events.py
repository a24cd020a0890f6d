"""The journal's vocabulary: every change of a state is one of these events, appended and never altered.

The events are the truth; the tables that readers query are a fold of them (`reconcile.state.projection`), and
`state verify` folds again and compares. All events of one `Ledger.commit` become durable together or not at all.

A ledger is named by a small number that `AccountBound` gives it; an operation by a number of its own, since an
operation id may be prepared again after proof that it was not executed. Numbers rise by one and are chosen by the
writer (`Ledger.next_ledger`, `Ledger.next_operation`).
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias

from reconcile.model import Account, Identity, SendOutcome, Texts
from reconcile.state.events_decided import AcceptanceRevoked as AcceptanceRevoked
from reconcile.state.events_decided import BonusAccepted as BonusAccepted
from reconcile.state.events_decided import ImportedPayment as ImportedPayment
from reconcile.state.events_decided import PaymentsImported as PaymentsImported


class Result(StrEnum):
    """How one payment of an operation ended."""

    ISSUED = "issued"
    REJECTED = "rejected"
    RELEASED = "released"


class Basis(StrEnum):
    """What proves a settlement (PROTOCOL I5): nothing else may conclude that something was or was not paid."""

    ITEMS = "items"
    LOG = "log"
    LIST = "list"
    REFUSAL = "refusal"
    NEVER_SENT = "never_sent"
    ABSENCE = "absence"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCreated:
    """The first event of a state. `lineage` is a random UUID's text: plans carry it."""

    kind: ClassVar[str] = "state_created"
    lineage: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A writing run begins; `epoch` is one more than the state's, and fences every older run. `pull_request` is the
    number or address of the reviewed change that the run carries out, "" where none is known.
    """

    kind: ClassVar[str] = "run_started"
    run_id: str
    epoch: int
    command: str
    actor: str
    host: str
    git_commit: str
    version: str
    at_ms: int
    pull_request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """A run's end. `outcome`: done, left, failed, interrupted. `paid` is (currency, amount) of what it issued."""

    kind: ClassVar[str] = "run_ended"
    run_id: str
    outcome: str
    plan_digest: str
    issued: int
    adopted: int
    rejected: int
    in_doubt: int
    not_sent: int
    paid: tuple[tuple[str, Decimal], ...]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBound:
    """First contact: a ledger begins and belongs to `account` from now on."""

    kind: ClassVar[str] = "account_bound"
    ledger: int
    account: Account
    name: str
    currency: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GateClosed:
    """Requests of another life may be in flight: nothing new is sent until the gate opens. `reason`: new, imported,
    restored, unlocked, behind (the scan found payments that the state should have known), clock (it closed in the future).
    """

    kind: ClassVar[str] = "gate_closed"
    ledger: int
    reason: str
    at_ms: int


SINGLES: Final = "singles"
"""A gate opens at once: whatever is in flight carries an id that the provider refuses to repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOpened:
    """The gate was proved safe; `reason`: emulator, SINGLES, settled, anchor."""

    kind: ClassVar[str] = "gate_opened"
    ledger: int
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRecorded:
    """A set of approved payments was accepted. Large sets come in several events with one digest; `total` is the
    number of entries of the whole set. An entry is (payment_id, entry hash of 32 bytes, `reconcile.digest`).
    """

    kind: ClassVar[str] = "approval_recorded"
    digest: str
    total: int
    entries: tuple[tuple[bytes, bytes], ...]
    actor: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPayment:
    """One payment of an operation, as it was asked for. `entry` is its entry hash."""

    payment_id: bytes
    bonus: Identity
    sequence: int
    attempt: int
    amount: Decimal
    entry: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedOperation:
    """A frozen operation. `mode`: how it will be sent (`async`, `sync`), `target` the request's path and query and
    `body` its exact text: these bytes and no others go out under this number.
    """

    operation: int
    operation_id: bytes
    mode: str
    target: str
    body: str
    payments: tuple[PreparedPayment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsPrepared:
    """Operations are journaled, before anything of them is sent."""

    kind: ClassVar[str] = "operations_prepared"
    ledger: int
    operations: tuple[PreparedOperation, ...]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendsStarted:
    """Requests that go out once this is durable: (operation, number of the send, from 1). `server_ms`: the provider's
    clock as it was last known, None before its first answer; the outcome of an ambiguous send never brings one.
    """

    kind: ClassVar[str] = "sends_started"
    ledger: int
    sends: tuple[tuple[int, int], ...]
    at_ms: int
    boot_id: str
    boottime_ms: int
    server_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedSend:
    """What one send proved. `code`, `message`, `request_id` are the provider's, "" where it gave none; `status` is
    the HTTP status, 0 where none came; `server_ms` the provider's own Date, None where none came.
    """

    operation: int
    send: int
    outcome: SendOutcome
    status: int
    code: str
    message: str
    request_id: str
    server_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendsFinished:
    """Outcomes of sends."""

    kind: ClassVar[str] = "sends_finished"
    ledger: int
    sends: tuple[FinishedSend, ...]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How one payment ended. ISSUED: `amount`, `remote_id` and `created_ms` are the provider's. `burnt`: the provider
    holds an operation under the id in which this payment was not made, so the next attempt takes a new id.
    """

    payment_id: bytes
    result: Result
    amount: Decimal | None = None
    remote_id: str = ""
    created_ms: int | None = None
    code: str = ""
    message: str = ""
    burnt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSettled:
    """All payments of an operation that were still open end, in one event (PROTOCOL I8)."""

    kind: ClassVar[str] = "operation_settled"
    ledger: int
    operation: int
    basis: Basis
    items: tuple[Settlement, ...]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedPayment:
    """A payment with our marker that the provider shows and the state did not call issued.

    `bonus` is its identity where marker, recipient and assignment give the very payment_id, else None: ours, but
    unattributed until a spec asks for it. `campaign` and `key` are the marker's words.
    """

    payment_id: bytes
    sequence: int
    bonus: Identity | None
    campaign: str
    key: str
    recipient: str
    assignment_id: str
    amount: Decimal
    remote_id: str
    created_ms: int
    texts: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsAdopted:
    """The provider shows payments of ours that the state did not call issued: now it does. A payment that is in an
    open operation is thereby settled in it.
    """

    kind: ClassVar[str] = "payments_adopted"
    ledger: int
    payments: tuple[AdoptedPayment, ...]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsAttributed:
    """Unattributed payments found the bonuses that they were made for: (payment_id, sequence, identity)."""

    kind: ClassVar[str] = "payments_attributed"
    ledger: int
    payments: tuple[tuple[bytes, int, Identity], ...]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRead:
    """The account's balance as the provider told it, in the ledger's currency: for who reviews the next plan."""

    kind: ClassVar[str] = "balance_read"
    ledger: int
    balance: Decimal
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCompleted:
    """Every page was read. `started_ms`: the provider's clock when the first page was asked for: the next scan's
    watermark. `since_ms`: how far back it read, None: from the beginning. `newest_ours_ms`: creation of the newest
    payment of ours seen in it, None for none.
    """

    kind: ClassVar[str] = "scan_completed"
    ledger: int
    started_ms: int
    since_ms: int | None
    newest_remote_id: str
    newest_ours_ms: int | None
    payments: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised:
    """Something that should be impossible: two remote payments with one marker, a payment released and yet made."""

    kind: ClassVar[str] = "alarm_raised"
    ledger: int
    code: str
    detail: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentResolved:
    """A person decided what no provider could tell: `result` ISSUED or RELEASED, why and who."""

    kind: ClassVar[str] = "payment_resolved"
    ledger: int
    payment_id: bytes
    result: Result
    reason: str
    actor: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCarried:
    """The state was imported, restored or unlocked by hand: `how` says which, and each ledger's gate closes."""

    kind: ClassVar[str] = "state_carried"
    how: str
    reason: str
    actor: str
    epoch: int
    at_ms: int


Event: TypeAlias = (
    StateCreated
    | RunStarted
    | RunEnded
    | AccountBound
    | GateClosed
    | GateOpened
    | BalanceRead
    | ApprovalRecorded
    | OperationsPrepared
    | SendsStarted
    | SendsFinished
    | OperationSettled
    | PaymentsAdopted
    | PaymentsAttributed
    | ScanCompleted
    | AlarmRaised
    | PaymentResolved
    | StateCarried
    | BonusAccepted
    | AcceptanceRevoked
    | PaymentsImported
)

EVENTS: Final[tuple[type[Event], ...]] = (
    StateCreated,
    RunStarted,
    RunEnded,
    AccountBound,
    GateClosed,
    GateOpened,
    BalanceRead,
    ApprovalRecorded,
    OperationsPrepared,
    SendsStarted,
    SendsFinished,
    OperationSettled,
    PaymentsAdopted,
    PaymentsAttributed,
    ScanCompleted,
    AlarmRaised,
    PaymentResolved,
    StateCarried,
    BonusAccepted,
    AcceptanceRevoked,
    PaymentsImported,
)
