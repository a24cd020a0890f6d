"""What the server is told to do with one request: the values that faults are translated into."""

from enum import StrEnum
from typing import NamedTuple

from reconcile.emulator.messages import Answer


class Kind(StrEnum):
    """What a request asks for. Only SEND and SEND_BONUS move money; the last four are MTurk's and STS's."""

    SEND = "send"
    REQUESTER = "requester"
    OPERATION = "operation"
    OPERATIONS = "operations"
    LOG = "log"
    BONUSES = "bonuses"
    BONUS = "bonus"
    ASSIGNMENT = "assignment"
    SEND_BONUS = "send_bonus"
    LIST_BONUS_PAYMENTS = "list_bonus_payments"
    GET_ACCOUNT_BALANCE = "get_account_balance"
    GET_CALLER_IDENTITY = "get_caller_identity"
    OTHER = "other"


class Execute(StrEnum):
    """Whether a request is carried out: LATER after its connection is long gone."""

    NOW = "now"
    NEVER = "never"
    LATER = "later"


class Spoil(StrEnum):
    """What is done to a true answer before it leaves."""

    NONE = "none"
    GARBLE = "garble"
    WRONG_ID = "wrong_id"
    WRONG_COUNTS = "wrong_counts"


class Delivery(StrEnum):
    """How an answer travels. TRUNCATE announces the whole length, SHORTEN the length of what is left."""

    WHOLE = "whole"
    CLOSE = "close"
    RESET = "reset"
    TRUNCATE = "truncate"
    SHORTEN = "shorten"
    HANG = "hang"
    DRIP = "drip"


class Mischief(NamedTuple):
    """What happens to an operation besides what should. None and empty: nothing.

    `fail`: it ends with FAIL after its first `made` payments, of which the log tells only if `log_kept`. `reject` is
    the code under which the items at `positions` (none named: all) are refused; `in_payment` refuses them after they
    were found valid.
    """

    start_ms: int | None = None
    run_ms: int | None = None
    fail: bool = False
    made: int = 0
    log_kept: bool = True
    reject: str = ""
    positions: tuple[int, ...] = ()
    in_payment: bool = False

    def rejects(self, position: int) -> bool:
        """Whether the item at this position is refused."""
        return bool(self.reject) and (not self.positions or position in self.positions)


class Orders(NamedTuple):
    """What the server does with one request. `instead` goes back in place of the true answer.

    `delay_ms` passes before the answer, `drip_ms` between its bytes. `lag_ms`: payments and operations younger than
    that are not shown. `archived`: the operation's log is gone.
    """

    delay_ms: int = 0
    execute: Execute = Execute.NOW
    late_ms: int = 0
    instead: Answer | None = None
    spoil: Spoil = Spoil.NONE
    delivery: Delivery = Delivery.WHOLE
    drip_ms: int = 0
    mischief: Mischief = Mischief()
    lag_ms: int = 0
    archived: bool = False
