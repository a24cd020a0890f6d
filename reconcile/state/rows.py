"""The rows of the projection: one class a table, one field a column, in the table's order, the key first.

They are mutable on purpose: an event of hundreds of payments touches a campaign's sums hundreds of times, and the
store once (`reconcile.state.tables`). Amounts are texts here, as they lie in the tables,
but for a campaign's.
"""

from dataclasses import dataclass
from decimal import Decimal

from reconcile.money import ZERO


@dataclass(slots=True)
class MetaRow:
    """A fact about the whole state."""

    key: str
    value: str


@dataclass(slots=True, kw_only=True)
class LedgerRow:
    """A ledger; see `ledger.LedgerRecord`."""

    ledger: int
    type: str
    environment: str
    account_id: str
    name: str
    currency: str
    bound_ms: int
    gate: str = ""
    gate_ms: int
    watermark_ms: int | None = None
    scanned_ms: int | None = None
    newest_ours_ms: int | None = None
    newest_remote_id: str = ""
    verified_first: int = 0
    balance: str | None = None
    balance_ms: int | None = None
    gate_server_ms: int | None = None


@dataclass(slots=True, kw_only=True)
class CampaignRow:
    """A campaign's sums, amounts all along: each payment adds to them."""

    campaign: int
    ledger: int
    project: str
    name: str
    bonuses: int = 0
    issued: Decimal = ZERO
    in_doubt: Decimal = ZERO


@dataclass(slots=True, kw_only=True)
class BonusRow:
    """A bonus's sums; see `ledger.RecordedBonus`."""

    campaign: int
    bonus_id: bytes
    recipient: str
    assignment_id: str
    key: str
    issued: str = "0.00"
    issued_count: int = 0
    issued_sequence: int = 0
    open_count: int = 0
    open_amount: str = "0.00"
    attempt: int = 1
    rejected: int = 0


@dataclass(slots=True, kw_only=True)
class OperationRow:
    """An operation: where its text lies (`event`, `position`), how much is open, what its sends proved."""

    operation: int
    ledger: int
    operation_id: bytes
    event: int
    position: int
    prepared_ms: int
    items: int
    open_count: int
    sends: int = 0
    executed: int = 0
    not_executed: int = 0


@dataclass(slots=True, kw_only=True)
class PaymentRow:
    """A payment; its attempts are as in `ledger.RecordedPayment`. `told_event` and `told_position`: the adoption in which
    the provider told its texts.
    """

    payment_id: bytes
    ledger: int
    campaign: int | None = None
    bonus_id: bytes | None = None
    sequence: int
    status: str
    amount: str
    attempt: int = 1
    attempt_alone: int = 1
    operation: int | None = None
    remote_id: str = ""
    created_ms: int | None = None
    code: str = ""
    message: str = ""
    told_event: int | None = None
    told_position: int | None = None
    marker_campaign: str | None = None
    marker_key: str | None = None
    recipient: str | None = None
    assignment_id: str | None = None


@dataclass(slots=True)
class ItemRow:
    """A payment's place in an operation; `result` is "" while it is open."""

    operation: int
    payment_id: bytes
    position: int
    result: str = ""


@dataclass(slots=True, kw_only=True)
class SendRow:
    """One try to deliver an operation; `outcome` None while it is under way."""

    operation: int
    send: int
    ledger: int
    at_ms: int
    boot_id: str
    boottime_ms: int
    finished_ms: int | None = None
    outcome: str | None = None
    status: int = 0
    code: str = ""
    message: str = ""
    request_id: str = ""
    server_ms: int | None = None


@dataclass(slots=True, kw_only=True)
class RunRow:
    """A run; `paid` is JSON, (currency, amount) pairs."""

    epoch: int
    run_id: str
    command: str
    actor: str
    host: str
    git_commit: str
    version: str
    started_ms: int
    ended_ms: int | None = None
    outcome: str = ""
    plan_digest: str = ""
    issued: int = 0
    adopted: int = 0
    rejected: int = 0
    in_doubt: int = 0
    not_sent: int = 0
    paid: str = "[]"
    pull_request: str = ""


@dataclass(slots=True)
class ApprovalRow:
    """An approved set; complete once `recorded` is `total`."""

    approval: int
    digest: str
    total: int
    recorded: int
    actor: str
    at_ms: int


@dataclass(slots=True)
class EntryRow:
    """One payment of an approved set."""

    approval: int
    payment_id: bytes
    entry: bytes


@dataclass(slots=True, kw_only=True)
class AcceptanceRow:
    """A bonus that a person accepts as it is; see `ledger.AcceptanceRecord`. `revoked`: it was taken back."""

    ledger: int
    bonus_id: bytes
    issued: str
    desired: str
    code: str
    reason: str
    actor: str
    at_ms: int
    revoked: int = 0


@dataclass(slots=True)
class AlarmRow:
    """An alarm, by the event that raised it."""

    event: int
    ledger: int
    code: str
    detail: str
    at_ms: int
