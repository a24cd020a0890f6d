"""What planning reads of a state, and the one way in which applying writes it.

`StateReader` is all that `plan` ever gets. `Ledger` adds `commit`: one call is one durable transaction, checked
against the run's epoch. SQLite (`reconcile.state.sqlite`) implements both, and so would a shared database.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from reconcile.model import Account, PaymentStatus, SendOutcome, Texts

if TYPE_CHECKING:
    from reconcile.state.events import Event


class Head(NamedTuple):
    """The newest event: its number (0: none) and the chain's hash up to it, 64 hex digits."""

    sequence: int
    hash: str


class LedgerRecord(NamedTuple):
    """One account's ledger.

    `gate` is "" when open, else the reason it closed, at `gate_ms`; `gate_server_ms` is the provider's time at the start
    of the first complete scan since then, None before it. Both stay where it opened for "singles" alone; where what was
    before is proved to be over they are 0 and None. `watermark_ms` is the provider's time at the start of the last complete
    scan, None before the first; `scanned_ms` our own clock at its end; `newest_ours_ms` the newest payment of ours at the
    provider. `verified_first`: a first payment's marker was read back. `balance` is what it told at `balance_ms`, or None.
    """

    ledger: int
    account: Account
    name: str
    currency: str
    bound_ms: int
    gate: str
    gate_ms: int
    watermark_ms: int | None
    scanned_ms: int | None
    newest_ours_ms: int | None
    newest_remote_id: str
    verified_first: bool
    balance: Decimal | None = None
    balance_ms: int | None = None
    gate_server_ms: int | None = None


class RecordedBonus(NamedTuple):
    """What a ledger knows of one bonus, summed over its payments.

    `issued` is what was paid, by `issued_count` payments whose highest sequence is `issued_sequence`: the two differ
    where a payment is missing in between. `open_count` payments of `open_amount` are in open operations. `attempt` is
    that of the payment which was in an operation last. `rejected`: the newest attempt was rejected.
    """

    bonus_id: bytes
    project: str
    campaign: str
    recipient: str
    assignment_id: str
    key: str
    issued: Decimal
    issued_count: int
    issued_sequence: int
    open_count: int
    open_amount: Decimal
    attempt: int
    rejected: bool


class IssuedPage(NamedTuple):
    """Some of a campaign's bonuses. `fingerprints` (`model.fingerprint`) are of those that were issued once: sequence 1 of a
    first attempt, and nothing is open. `others`, ids alone, have another story, which `bonuses_by_id` tells.
    """

    fingerprints: Sequence[bytes]
    others: Sequence[bytes]


class RecordedPayment(NamedTuple):
    """One payment. `bonus_id` is None while it is unattributed; `amount` is the provider's once issued, else the one
    asked for. `attempt` is one more than its operations whose ids were used up, `attempt_alone` than those that held no
    other payment. `operation_id` is None for an adopted one. `sent`: its newest operation was sent at least once.
    """

    payment_id: bytes
    bonus_id: bytes | None
    campaign: str
    recipient: str
    assignment_id: str
    key: str
    sequence: int
    status: PaymentStatus
    amount: Decimal
    attempt: int
    attempt_alone: int
    sent: bool
    operation_id: bytes | None
    remote_id: str
    created_ms: int | None
    code: str
    message: str


class RecordedSend(NamedTuple):
    """One try to deliver an operation. `outcome` None: a crash left it open, which counts as ambiguous."""

    send: int
    at_ms: int
    boot_id: str
    boottime_ms: int
    outcome: SendOutcome | None
    server_ms: int | None


class OperationItem(NamedTuple):
    """A payment's place in an operation. `open`: not settled there yet."""

    payment_id: bytes
    bonus_id: bytes
    campaign: str
    recipient: str
    assignment_id: str
    key: str
    sequence: int
    attempt: int
    amount: Decimal
    entry: bytes
    open: bool


class OperationRecord(NamedTuple):
    """An operation with its frozen bytes, its payments in order and its sends."""

    operation: int
    operation_id: bytes
    mode: str
    target: str
    body: str
    prepared_ms: int
    items: tuple[OperationItem, ...]
    sends: tuple[RecordedSend, ...]


class CampaignRecord(NamedTuple):
    """A campaign's sums in a ledger. `in_doubt` is the money in open operations, sent or not yet sent."""

    project: str
    campaign: str
    bonuses: int
    issued: Decimal
    in_doubt: Decimal


class RunRecord(NamedTuple):
    """One run of `history`. `ended_ms` None: it was killed, or runs now. `paid` is the money of the `issued`, `found` that of
    the `adopted`, which no run writes down: `project.audit` sums it up.
    """

    run_id: str
    command: str
    actor: str
    host: str
    git_commit: str
    version: str
    started_ms: int
    ended_ms: int | None
    outcome: str
    plan_digest: str
    issued: int
    adopted: int
    rejected: int
    in_doubt: int
    not_sent: int
    paid: tuple[tuple[str, Decimal], ...]
    pull_request: str = ""
    found: tuple[tuple[str, Decimal], ...] = ()

    @property
    def commit(self) -> str:
        """The git commit alone, its hex digits; "" where none is known."""
        return self.git_commit.partition("-")[0]

    @property
    def dirty(self) -> bool:
        """Whether config or specs held what was not committed."""
        return self.git_commit.endswith("-dirty")


class KnownPayment(NamedTuple):
    """As much of a payment as tells whether a list shows anything new of it."""

    bonus_id: bytes | None
    sequence: int
    status: PaymentStatus
    remote_id: str
    code: str


IssuedRow: TypeAlias = tuple[bytes, bytes | None, int, str, str]
"""(payment_id, bonus_id, sequence, remote_id, amount as `money.format_amount` writes it) of an issued payment. A plain
tuple, since a long list is held against very many of them.
"""


class IssuedContent(NamedTuple):
    """What an issued payment said: `texts` as the provider listed them (an adopted payment), else None and the frozen
    `body` of its operation with the payment's `position` in it, which the provider's codec reads.
    """

    texts: Texts | None
    body: str
    position: int


class AlarmRecord(NamedTuple):
    """An alarm that was raised."""

    ledger: int
    code: str
    detail: str
    at_ms: int


class AcceptanceRecord(NamedTuple):
    """A person accepts a bonus as it is: `issued` although `desired` is asked for, or its rejection with `code`."""

    bonus_id: bytes
    issued: Decimal
    desired: Decimal
    code: str
    reason: str
    actor: str
    at_ms: int


class PaidRow(NamedTuple):
    """A payment as the guardrails see it. `at_ms`: when the provider made it; where that is not known (in doubt, or
    decided by a person), when its operation was prepared. `bonus_id` is None while it is unattributed.
    """

    recipient: str
    amount: Decimal
    at_ms: int
    bonus_id: bytes | None
    campaign: str
    assignment_id: str
    key: str


class RunPayment(NamedTuple):
    """What became of one payment in one run. `how`: issued, rejected, released, adopted (not sent by this state),
    imported; `ledger` holds it.
    """

    ledger: int
    how: str
    payment: RecordedPayment


class RunSum(NamedTuple):
    """The payments of one run and ledger that ended alike. `how`: issued, adopted (imported among them), rejected, released."""

    ledger: int
    how: str
    payments: int
    amount: Decimal


class StateReader(Protocol):
    """Questions to a state. Iterators stream; none holds the whole state in memory.

    One state may know a bonus twice: in the sandbox's ledger and in production's, under the same ids. Questions by
    an id alone take `ledger`; without it they answer only while one ledger knows the id, and raise StateError when
    two do: the payments of one must never pass for those of the other.
    """

    @property
    def lineage(self) -> str:
        """The state's own random id, carried by plans."""

    def head(self) -> Head:
        """The newest event."""

    def ledgers(self) -> tuple[LedgerRecord, ...]:
        """Every ledger, in the order of their binding."""

    def ledger(self, provider_type: str, environment: str) -> LedgerRecord | None:
        """The ledger of a provider and environment, None before the first contact."""

    def bonuses(self, ledger: int, campaign: str) -> Iterator[RecordedBonus]:
        """All bonuses recorded under a campaign's name (of any project), ordered by bonus_id."""

    def issued_once(self, ledger: int, project: str, campaign: str) -> Iterator[IssuedPage]:
        """Every bonus of a project's campaign, the usual ones with all that is known of them."""

    def bonuses_by_id(self, ledger: int, bonus_ids: Iterable[bytes]) -> Iterator[RecordedBonus]:
        """Those of the given bonuses that are recorded."""

    def campaigns(self, ledger: int) -> tuple[CampaignRecord, ...]:
        """Every campaign's sums, ordered by project and name."""

    def count_rejected(self, ledger: int) -> Mapping[str, int]:
        """How many bonuses were rejected at their newest attempt, by the campaign's name; those without any are left away."""

    def payments(self, bonus_id: bytes, *, ledger: int | None = None) -> tuple[RecordedPayment, ...]:
        """A bonus's payments, by sequence."""

    def all_payments(self, ledger: int, campaign: str | None = None) -> Iterator[RecordedPayment]:
        """Payments ordered by campaign, bonus and sequence; unattributed ones last."""

    def unattributed(self, ledger: int) -> Iterator[RecordedPayment]:
        """Issued payments of ours that no bonus is known for."""

    def payment_by_id(self, payment_id: bytes, *, ledger: int | None = None) -> RecordedPayment | None:
        """One payment."""

    def known_payments(self, ledger: int, payment_ids: Sequence[bytes]) -> Mapping[bytes, KnownPayment]:
        """Those of the given payments that the ledger knows, by their id."""

    def issued_content(self, payment_id: bytes, *, ledger: int | None = None) -> IssuedContent | None:
        """Where an issued payment's texts can be read; None if it is not issued."""

    def acceptances(self, ledger: int) -> Iterator[AcceptanceRecord]:
        """Every acceptance that was not taken back, ordered by bonus_id. Whether it still holds is for planning."""

    def imported(self, ledger: int) -> Iterator[RecordedPayment]:
        """Payments that an import took over, by remote id, those without one first."""

    def open_operations(self, ledger: int) -> Iterator[OperationRecord]:
        """Operations with payments that are not settled, in the order they were prepared."""

    def count_open(self, ledger: int) -> int:
        """How many operations are open."""

    def sends_since(self, ledger: int, at_ms: int) -> int:
        """How many sends were started since a moment of our own clock."""

    def adopted_since(self, ledger: int, at_ms: int) -> int:
        """How many payments of ours that this state did not send were made since a moment of the provider's clock."""

    def paid_since(self, ledger: int, at_ms: int) -> Iterator[PaidRow]:
        """Payments issued after a moment, by time, then those in doubt whose operation was prepared after it."""

    def issued_amounts(self, ledger: int, project: str, campaign: str) -> Iterator[tuple[Decimal, int]]:
        """What a campaign's bonuses were paid: (amount, how many bonuses), one for each amount."""

    def find_runs(self, beginning: str) -> tuple[RunRecord, ...]:
        """The runs whose id begins so, newest first; at most ten."""

    def run_payments(self, run_id: str) -> Iterator[RunPayment]:
        """What a run settled or adopted, in the order in which it became durable."""

    def run_sums(self, run_id: str) -> tuple[RunSum, ...]:
        """The same, summed by ledger and outcome."""

    def run_digest(self, run_id: str) -> str:
        """The digest of the set that a run sends from, as its events tell; "" where they do not."""

    def resolved_as_issued(self) -> frozenset[tuple[int, bytes]]:
        """The payments of which a person said that they were made: (ledger, payment_id)."""

    def approved(self, digest: str) -> dict[bytes, bytes] | None:
        """The recorded set with this digest, payment_id → entry hash; None if none (or only a part) is recorded."""

    def runs(self, limit: int) -> Iterator[RunRecord]:
        """The newest runs, newest first."""

    def alarms(self) -> tuple[AlarmRecord, ...]:
        """Every alarm, oldest first."""


class Ledger(StateReader, Protocol):
    """A state opened for writing by the one run that holds its lock."""

    @property
    def epoch(self) -> int:
        """The state's epoch as this run knows it."""

    def commit(self, events: "Sequence[Event]") -> None:
        """Make events durable in one transaction. RunStarted raises the epoch; any later commit of an older run fails.

        Raises StateFenced if another run took over, StateWriteFailed if the write did not become durable: the caller
        must then send nothing more, and this ledger accepts no further commit.
        """

    def issued_rows(self, ledger: int, payment_ids: Sequence[bytes]) -> Sequence[IssuedRow]:
        """Those of the given payments that are issued under an id of the provider's."""

    def count_listed(self, ledger: int) -> int:
        """How many payments are issued under an id of the provider's."""

    def next_ledger(self) -> int:
        """The number for the next AccountBound."""

    def next_operation(self) -> int:
        """The number for the next PreparedOperation (the caller counts on from it within a run)."""
