"""The oracle of MTurk's altered answers: what a document still says, read by a person's rules and none of the codec's code.

As `toloka_claims`: each function raises AssertionError where an answer says more than its document, or the contrary.
"""

import re
from decimal import Decimal
from typing import Any, Final

from reconcile.model import SendOutcome
from reconcile.providers.base import AccountFound, Answer, PaymentsPage, SendAnswer, Unread

ASSIGNMENT: Final = "3A"
ACCOUNT: Final = "123456789012"
BASES: Final = {"RequestError", "ValidationException", "ThrottlingException"}
"""The types of errors in the recorded answers with which MTurk refuses, before it does anything."""
REFUSING: Final = BASES | {"ExpiredTokenException"}


def sent(status: int, doc: Any, answer: Answer) -> None:
    """What became of SendBonus."""
    assert isinstance(answer, SendAnswer)
    assert not answer.items
    if 200 <= status < 300:
        assert answer.outcome is not SendOutcome.NOT_EXECUTED, "a success was taken for a refusal"
        assert (answer.outcome is SendOutcome.EXECUTED) == (isinstance(doc, dict) and not doc)
        return
    if answer.outcome is SendOutcome.EXECUTED:
        assert kind_of(doc) == "RequestError"
        assert 400 <= status < 500
        assert repeats(doc), "an error was taken for a success"
        assert answer.exists
    elif answer.outcome is SendOutcome.NOT_EXECUTED:
        kind = kind_of(doc)
        assert kind in REFUSING
        assert 400 <= status < 500 or kind == "ThrottlingException"
        if kind == "RequestError":
            assert isinstance(doc["TurkErrorCode"], str)
            assert not repeats(doc), "paid before, and taken for a refusal"


def kind_of(doc: Any) -> str:
    """The type of an error, without the name of the service before it."""
    return str(doc["__type"]).split("#")[-1].split(":")[0]


def repeats(doc: Any) -> bool:
    """Whether an error speaks of a token or of something that exists already."""
    code, message = doc.get("TurkErrorCode"), doc.get("Message", doc.get("message"))
    said = " ".join(one for one in (code, message) if isinstance(one, str)).lower()
    return any(
        word in said for word in ("idempoten", "already", "duplicate", "requesttoken", "request token", "unique")
    )


def payments(status: int, doc: Any, answer: Answer) -> None:
    """A page of payments, whole and of the assignment that was asked for, or unread."""
    if not isinstance(answer, PaymentsPage):
        assert isinstance(answer, Unread)
        return
    assert status in range(200, 300)
    assert type(doc["NumResults"]) is int
    assert doc["NumResults"] == len(doc["BonusPayments"]) == len(answer.payments)
    assert answer.next_cursor == (doc.get("NextToken") or "")
    for one, entry in zip(answer.payments, doc["BonusPayments"], strict=True):
        assert entry["AssignmentId"] == one.assignment_id == ASSIGNMENT
        assert one.recipient == entry["WorkerId"]
        assert re.fullmatch("A[A-Z0-9]+", one.recipient)
        assert one.amount == Decimal(str(entry["BonusAmount"]))
        assert one.amount >= 0
        assert type(entry["GrantTime"]) in (int, Decimal)
        assert one.created_ms == int(entry["GrantTime"] * 1000)
        assert one.comment == entry.get("Reason", "")


def account(status: int, doc: Any, answer: Answer) -> None:
    """Whose account it is."""
    if isinstance(answer, AccountFound):
        assert status in range(200, 300)
        assert answer.id == doc["GetCallerIdentityResponse"]["GetCallerIdentityResult"]["Account"]
        assert re.fullmatch("[0-9]{12}", answer.id)
        assert answer.balance is None
    else:
        assert isinstance(answer, Unread)


def balance(status: int, doc: Any, answer: Answer) -> None:
    """What is left on it."""
    if isinstance(answer, AccountFound):
        assert status in range(200, 300)
        assert answer.id == ACCOUNT
        assert answer.balance == Decimal(str(doc["AvailableBalance"]))
    else:
        assert isinstance(answer, Unread)
