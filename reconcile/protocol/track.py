"""An operation on its way through a run: what the journal knows of it, and what is to be done next.

Tracks are the run's working memory. Nothing is lost with them: each is a copy of what is durable, made again by the
next run from the state.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from reconcile.model import SendOutcome
from reconcile.protocol.recovery import ambiguous
from reconcile.protocol.report import Left
from reconcile.providers.base import ItemResult, OperationSeen, RemotePayment, SendAnswer, Unread
from reconcile.state.events import PreparedOperation
from reconcile.state.ledger import OperationItem, OperationRecord, RecordedSend


class Stage(Enum):
    """What happens next with an operation."""

    READY = auto()
    """It is to be sent, for the first time or again."""
    FLYING = auto()
    """A send of it is in flight."""
    AWAITED = auto()
    """The provider took it: its payments are expected in the list."""
    ACCEPTED = auto()
    """The provider has it, or may have it: ask how it is."""
    ITEMS = auto()
    """It has ended: read what became of each payment."""
    LISTED = auto()
    """It has ended: find its payments in the provider's list."""
    READING = auto()
    """A question about it is in flight."""
    SETTLED = auto()
    LEFT = auto()
    """This run can do no more for it: `why` says what it waits for."""


@dataclass(slots=True, eq=False)
class Track:
    """One operation. `issued_before` of its payments were settled as issued earlier. Times are boot-time milliseconds. `found` and `log` hold proofs by payment id."""

    operation: OperationRecord
    stage: Stage
    sends: list[RecordedSend]
    due_ms: int = 0
    deadline_ms: int = 0
    sent_here: int = 0
    issued_before: int = 0
    reads: int = 0
    accepted: bool = False
    log_read: bool = False
    alone: bool = False
    ended: OperationSeen | None = None
    log: dict[bytes, ItemResult] = field(default_factory=dict)
    found: dict[bytes, RemotePayment] = field(default_factory=dict)
    why: Left | None = None
    code: str = ""
    message: str = ""
    request_id: str = ""

    @property
    def open_items(self) -> tuple[OperationItem, ...]:
        """Its payments that are not settled."""
        return tuple(item for item in self.operation.items if item.open)

    @property
    def executed(self) -> bool:
        """Whether the provider has it, by proof."""
        return any(send.outcome is SendOutcome.EXECUTED for send in self.sends)

    @property
    def in_doubt(self) -> bool:
        """Whether something of it may have been executed."""
        return self.executed or ambiguous(self.sends)

    def sent(self, send: RecordedSend) -> None:
        """A send was journaled."""
        self.sends.append(send)
        self.sent_here += 1

    def concluded(self, outcome: SendOutcome, server_ms: int | None) -> None:
        """The newest send has an outcome."""
        last = self.sends[-1]
        self.sends[-1] = last._replace(outcome=outcome, server_ms=last.server_ms if server_ms is None else server_ms)

    def said(self, answer: SendAnswer | Unread) -> None:
        """The provider's last words about it."""
        self.code, self.message, self.request_id = answer.code, answer.message, answer.request_id

    def leave(self, why: Left, code: str = "", message: str = "") -> None:
        """Nothing more can be done in this run."""
        self.stage, self.why, self.code, self.message = Stage.LEFT, why, code, message


def recovered(operation: OperationRecord, stage: Stage) -> Track:
    """The track of an operation that the state has open."""
    return Track(operation=operation, stage=stage, sends=list(operation.sends))


def fresh(prepared: PreparedOperation, at_ms: int) -> Track:
    """The track of an operation that is being journaled now."""
    items = tuple(
        OperationItem(
            payment_id=payment.payment_id,
            bonus_id=payment.bonus.bonus_id,
            campaign=payment.bonus.campaign,
            recipient=payment.bonus.recipient,
            assignment_id=payment.bonus.assignment_id,
            key=payment.bonus.key,
            sequence=payment.sequence,
            attempt=payment.attempt,
            amount=payment.amount,
            entry=payment.entry,
            open=True,
        )
        for payment in prepared.payments
    )
    record = OperationRecord(
        operation=prepared.operation,
        operation_id=prepared.operation_id,
        mode=prepared.mode,
        target=prepared.target,
        body=prepared.body,
        prepared_ms=at_ms,
        items=items,
        sends=(),
    )
    return Track(operation=record, stage=Stage.READY, sends=[])
