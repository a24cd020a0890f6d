"""The bytes of each call. A payment's body is frozen once: its token is the payment's own id, on every machine the same.

The id of the operation stays out of it: that one rises with an attempt, and a token must not, since only success uses
it up.
"""

import json
from collections.abc import Sequence
from typing import Final

from reconcile import identity
from reconcile.money import format_amount
from reconcile.providers.base import (
    Call,
    ListOperations,
    ListPayments,
    Outgoing,
    PollOperation,
    ReadAccount,
    ReadAssignment,
    ReadItems,
    SendOperation,
    WireRequest,
)
from reconcile.providers.mturk.reference import reference

TARGET: Final = "/"
PAGE_SIZE: Final = 100
FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/x-amz-json-1.1"
_SERVICE: Final = "MTurkRequesterServiceV20170117"
_IDENTITY: Final = b"Action=GetCallerIdentity&Version=2011-06-15"


def body_of(payment: Outgoing, *, reason_marker: bool) -> str:
    """The frozen body of SendBonus."""
    texts = dict(payment.texts)
    reason = texts.pop("reason", "")
    assert isinstance(reason, str), "a reason is a text"
    assert reason, "a reason is there"
    assert not texts, f"MTurk has no such texts: {', '.join(texts)}"
    assert payment.assignment_id, "MTurk pays for assignments only"
    end = reference(payment.payment_id, payment.sequence) if reason_marker else ""
    return _text(
        {
            "WorkerId": payment.recipient,
            "BonusAmount": format_amount(payment.amount),
            "AssignmentId": payment.assignment_id,
            "Reason": reason + end,
            "UniqueRequestToken": identity.to_text(payment.payment_id),
        }
    )


def reason_of(body: str) -> str:
    """The reason in a frozen body, with its reference."""
    reason = json.loads(body)["Reason"]
    assert isinstance(reason, str)
    return reason


def request_of(call: Call) -> WireRequest:
    """The request of a call."""
    match call:
        case SendOperation(operation):
            return _asked("SendBonus", operation.body, operation.target)
        case ListPayments(_, cursor, scope):
            assert scope, "MTurk lists by assignment"
            page: dict[str, object] = {"AssignmentId": scope, "MaxResults": PAGE_SIZE}
            return _asked("ListBonusPayments", _text({**page, "NextToken": cursor} if cursor else page))
        case ReadAccount(known):
            if known:
                return _asked("GetAccountBalance", "{}")
            return WireRequest("POST", TARGET, _IDENTITY, (("Content-Type", FORM),))
        case PollOperation() | ListOperations() | ReadItems() | ReadAssignment():
            raise AssertionError(f"MTurk has no answer to {type(call).__name__}")


def is_identity(request: WireRequest) -> bool:
    """Whether a request is for AWS's token service."""
    return request.body == _IDENTITY


def only(payments: Sequence[Outgoing]) -> Outgoing:
    """The one payment of an operation: SendBonus knows no more."""
    assert len(payments) == 1, "MTurk pays one bonus a request"
    return payments[0]


def _asked(operation: str, body: str, target: str = TARGET) -> WireRequest:
    headers = (("Content-Type", _JSON), ("X-Amz-Target", f"{_SERVICE}.{operation}"))
    return WireRequest("POST", target, body.encode("ascii"), headers)


def _text(value: dict[str, object]) -> str:
    """JSON in plain ASCII: no encoding on the way can alter it."""
    return json.dumps(value, separators=(",", ":"))
