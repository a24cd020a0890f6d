"""What may be done with an operation that a run left open: decided from the journal alone, never from the spec.

The spec is asked one thing only: whether every payment in it is still wanted exactly as journaled. What is no longer
wanted is observed, never sent again.
"""

from collections.abc import Sequence
from enum import Enum, auto

from reconcile.model import SendOutcome
from reconcile.protocol.ages import Moment, oldest_ms, youngest_ms
from reconcile.state.ledger import OperationRecord, RecordedSend


class Step(Enum):
    """The next step for an open operation."""

    CANCEL = auto()
    """Nothing of it was executed, by proof: its payments are free to be planned again."""
    SEND_AGAIN = auto()
    """Same id, same bytes: the provider refuses a repetition."""
    OBSERVE = auto()
    """Ask the operation, then its log, then the list. Never send."""


def next_step(operation: OperationRecord, *, wanted: frozenset[bytes], protection_ms: int, now: Moment) -> Step:
    """The one rule for an open operation. `wanted`: the payments that may be sent again, as the specs still ask for them."""
    outcomes = {send.outcome or SendOutcome.AMBIGUOUS for send in operation.sends}
    if SendOutcome.EXECUTED in outcomes:
        return Step.OBSERVE
    if SendOutcome.AMBIGUOUS not in outcomes:
        # No send at all, or definite refusals only: nothing was executed.
        return Step.CANCEL
    whole = all(item.open and item.payment_id in wanted for item in operation.items)
    young = oldest_ms(operation.sends, now) < protection_ms
    return Step.SEND_AGAIN if whole and young else Step.OBSERVE


def is_quiet(sends: Sequence[RecordedSend], *, window_ms: int, now: Moment) -> bool:
    """Whether a list read `now` may prove that none of these sends was executed: the window has passed for all."""
    possible = [send for send in sends if send.outcome is not SendOutcome.NOT_EXECUTED]
    return not possible or youngest_ms(possible, now) >= window_ms


def ambiguous(sends: Sequence[RecordedSend]) -> bool:
    """Whether any send may have been executed without proof: its outcome is unknown, or a crash left it open."""
    return any((send.outcome or SendOutcome.AMBIGUOUS) is SendOutcome.AMBIGUOUS for send in sends)
