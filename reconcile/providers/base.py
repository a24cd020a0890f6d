"""The interface between the protocol and a provider: typed calls out, typed answers back.

The protocol (`reconcile.protocol`) decides what is asked and what an answer means for a payment. A provider's `Codec`
only translates: a call into a request's bytes, a result of the wire into an answer. It is pure; a `Wire` carries the
bytes (`reconcile.providers.http`, or a simulation). Every answer is one of three kinds: it proves something, it
proves the contrary, or it proves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

from reconcile.model import SendOutcome, Texts
from reconcile.providers.wire import Lost as Lost
from reconcile.providers.wire import NotSent as NotSent
from reconcile.providers.wire import Ticket as Ticket
from reconcile.providers.wire import Wire as Wire
from reconcile.providers.wire import WireRequest as WireRequest
from reconcile.providers.wire import WireResponse as WireResponse
from reconcile.providers.wire import WireResult as WireResult
from reconcile.settings import ProviderSettings
from reconcile.state.ledger import OperationRecord

# --- what the protocol asks ----------------------------------------------------------------------------------------


class ReadAccount(NamedTuple):
    """Who are we, and what is the balance? `known` is the account's id where the provider tells the two apart
    (`Codec.balance_apart`) and the first is answered already: then the balance is asked for.
    """

    known: str = ""


class SendOperation(NamedTuple):
    """Deliver an operation's frozen bytes. `journaled_ms`: the boot-time moment at which this send was journaled."""

    operation: OperationRecord
    journaled_ms: int | None = None


class PollOperation(NamedTuple):
    """How is this operation?"""

    operation: OperationRecord


class ListOperations(NamedTuple):
    """One page of the account's operations submitted at or after `since_ms` (the provider's clock); `cursor` "" for
    the first page.
    """

    since_ms: int
    cursor: str


class ReadItems(NamedTuple):
    """What became of each payment of a finished operation (Toloka: its log)."""

    operation: OperationRecord


class ListPayments(NamedTuple):
    """One page of the payments created at or after `since_ms` (None: all), after the remote id `cursor` ("": all).

    `scope` is "" for providers that list everything, else what the provider can list by (MTurk: an assignment id).
    `until` bounds the page to remote ids up to it, "" for no bound. `newest`: the one with the highest id, and no other.
    """

    since_ms: int | None
    cursor: str
    scope: str = ""
    until: str = ""
    newest: bool = False


class ReadAssignment(NamedTuple):
    """Whose is this assignment, and was it accepted?"""

    assignment_id: str


Call: TypeAlias = (
    ReadAccount | SendOperation | PollOperation | ListOperations | ReadItems | ListPayments | ReadAssignment
)


# --- what the provider answers -------------------------------------------------------------------------------------


class Trouble(StrEnum):
    """What a refusal or a failed read means for the run."""

    NONE = "none"
    """This request alone."""
    LATER = "later"
    """Too many requests: the same one can go out after `retry_after_s`."""
    QUOTA = "quota"
    """The day's quota is used up: nothing new today."""
    FUNDS = "funds"
    """The balance does not suffice: nothing new."""
    STOP = "stop"
    """Credentials or address are wrong: the run ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A question stayed unanswered. It proves nothing. `final`: the provider refuses this very question, so that asking
    again is no use.
    """

    code: str
    message: str
    trouble: Trouble = Trouble.NONE
    retry_after_s: float | None = None
    request_id: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFound:
    """The account behind the credentials. `balance` in its currency, None if the provider does not say."""

    id: str
    name: str
    balance: Decimal | None
    server_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """What the provider proves of one payment of an operation: it was made (`remote_id`), or it was refused.

    `amount` is the provider's where it reports one; `created_ms` likewise.
    """

    payment_id: bytes
    issued: bool
    remote_id: str = ""
    amount: Decimal | None = None
    recipient: str = ""
    created_ms: int | None = None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAnswer:
    """The class of a send. `exists`: the provider knew the operation already. `items`: results that came with it
    (synchronous answers). `status`, `code`, `message`, `request_id` for the record; `code` is the provider's own.
    """

    outcome: SendOutcome
    status: int = 0
    code: str = ""
    message: str = ""
    request_id: str = ""
    exists: bool = False
    items: tuple[ItemResult, ...] = ()
    trouble: Trouble = Trouble.NONE
    retry_after_s: float | None = None
    server_ms: int | None = None


class OperationPhase(StrEnum):
    """RUNNING covers everything before the end."""

    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSeen:
    """An operation as the provider shows it. Counts are None where it shows none. `failed`: it ended with FAIL, which
    proves nothing about its items.
    """

    operation_id: bytes
    phase: OperationPhase
    failed: bool
    submitted_ms: int | None
    finished_ms: int | None
    total: int | None
    issued: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationAbsent:
    """The provider does not know the operation (yet)."""

    server_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsPage:
    """One page of operations; `next_cursor` "" on the last."""

    operations: tuple[OperationSeen, ...]
    next_cursor: str
    server_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsSeen:
    """Proofs found in the log. Payments without a proof are not in it: they stay open."""

    items: tuple[ItemResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsArchived:
    """The log is gone for good."""


class RemotePayment(NamedTuple):
    """A payment as the provider lists it. `comment` whole, marker included; `texts` without the marker. `reference`:
    the payment of ours, as (payment_id, sequence), that its text names by a reference of the provider's own form.
    """

    remote_id: str
    recipient: str
    assignment_id: str
    amount: Decimal
    created_ms: int
    comment: str
    texts: Texts
    reference: tuple[bytes, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsPage:
    """One page of payments; `next_cursor` "" on the last. A provider may give them as `providers.columns.ColumnPayments`."""

    payments: Sequence[RemotePayment]
    next_cursor: str
    server_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentFound:
    """An assignment. `status` is the provider's own word, `accepted` what it means; `recipient` whose it is."""

    status: str
    accepted: bool
    recipient: str
    server_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentAbsent:
    """The provider knows no such assignment."""

    server_ms: int | None = None


Answer: TypeAlias = (
    Unread
    | AccountFound
    | SendAnswer
    | OperationSeen
    | OperationAbsent
    | OperationsPage
    | ItemsSeen
    | ItemsArchived
    | PaymentsPage
    | AssignmentFound
    | AssignmentAbsent
)


# --- the provider --------------------------------------------------------------------------------------------------


class Outgoing(NamedTuple):
    """A payment that is about to be prepared."""

    payment_id: bytes
    campaign: str
    recipient: str
    assignment_id: str
    key: str
    sequence: int
    amount: Decimal
    texts: Texts


class Promise(NamedTuple):
    """What a provider promises of an operation that was sent in one of its modes.

    `protection_ms`: how long after its first send it may be sent again with the same id, 0: never. `holds_operations`:
    the provider keeps it under our id, where it can be asked for. `burns_ids`: once the provider shows the operation
    as ended, its id is used up even where it made no payment.
    """

    protection_ms: int
    holds_operations: bool
    burns_ids: bool


class Codec(Protocol):
    """One provider type's words. Pure: no clock, no network, no state."""

    @property
    def lists_operations(self) -> bool:
        """Whether the account's operations can be listed, whoever sent them."""

    @property
    def lists_by_assignment(self) -> bool:
        """Whether payments are listed for one assignment at a time only, and without any id of ours."""

    @property
    def balance_apart(self) -> bool:
        """Whether the account and its balance are two questions (`ReadAccount.known`)."""

    def promise(self, mode: str) -> Promise:
        """What holds for an operation journaled in `mode`, whatever mode the config names by now."""

    def prepare(self, operation_id: bytes, payments: Sequence[Outgoing]) -> tuple[str, str]:
        """(target, body) of the request that makes these payments: frozen from then on."""

    def request(self, call: Call) -> WireRequest:
        """The bytes of a call."""

    def answer(self, call: Call, result: WireResult) -> Answer:
        """What a result means for a call. Never raises for what a provider sent: what does not fit is Unread, or
        AMBIGUOUS for a send.
        """

    def texts_of(self, body: str, position: int) -> Texts:
        """What a payment of a frozen body said."""

    def refers(self, body: str) -> bool:
        """Whether what a frozen body says names its payments, so that only that can prove them in a list."""

    def explain(self, code: str) -> str:
        """What a code of the provider's (or of ours, where it gave none) means and what to do; "" for no code."""


class CodecFactory(Protocol):
    """Makes the codec of one configured provider."""

    def __call__(self, settings: ProviderSettings) -> Codec:
        """The codec for these settings."""
