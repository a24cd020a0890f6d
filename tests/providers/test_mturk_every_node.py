"""Each recorded answer of MTurk's, each of its nodes altered, with each status: proved rightly or not at all.

What an altered answer may still prove is told by `mturk_claims`, which shares no code with what is tested.
"""

import json
from decimal import Decimal
from typing import Any, Final

import pytest

from reconcile.providers.base import ListPayments, ReadAccount, SendOperation
from tests.providers import mturk_claims as claims
from tests.providers.altered_answers import STATUSES, Question, ask, doubled_names, mutants, proves
from tests.providers.test_mturk_codec import PLAIN, entry, operation
from tests.providers.toloka_cases import response
from tests.support.figures import Tell

SEND: Final = Question(SendOperation(operation()), claims.sent)
LIST: Final = Question(ListPayments(None, "", claims.ASSIGNMENT), claims.payments)
WHO: Final = Question(ReadAccount(), claims.account)
BALANCE: Final = Question(ReadAccount(claims.ACCOUNT), claims.balance)
QUESTIONS: Final = (SEND, LIST, WHO, BALANCE)


def refused(code: str, message: str = "What is wrong", kind: str = "RequestError") -> dict[str, Any]:
    """MTurk's own form of an error."""
    return {"__type": kind, "Message": message, "TurkErrorCode": f"AWS.MechanicalTurk.{code}"}


def common(kind: str) -> dict[str, Any]:
    """AWS's."""
    return {"__type": f"com.amazonaws.mturk#{kind}", "message": "What is wrong"}


SHOWN: Final = [
    entry(GrantTime=1700000000),
    entry(WorkerId="A2", BonusAmount="0.50", Reason="Well done", GrantTime=1700000009),
]
IDENTITY: Final = {
    "GetCallerIdentityResponse": {"GetCallerIdentityResult": {"Account": claims.ACCOUNT, "UserId": "AIDA", "Arn": "a"}}
}
RECORDED: Final[dict[str, tuple[Question, int, Any]]] = {
    "paid": (SEND, 200, {}),
    "paid before": (SEND, 400, refused("DuplicateCall", 'The idempotency token "t" has already been processed.')),
    "no such assignment": (SEND, 400, refused("AssignmentDoesNotExist")),
    "no funds": (SEND, 400, refused("InsufficientFunds")),
    "invalid": (SEND, 400, common("ValidationException")),
    "throttled": (SEND, 400, common("ThrottlingException")),
    "expired": (SEND, 400, common("ExpiredTokenException")),
    "a fault": (SEND, 500, refused("ServiceFault", kind="ServiceFault")),
    "a fault of AWS": (SEND, 503, common("ServiceUnavailable")),
    "list": (LIST, 200, {"NumResults": 2, "BonusPayments": SHOWN, "NextToken": "more"}),
    "list, the last page": (LIST, 200, {"NumResults": 1, "BonusPayments": SHOWN[:1]}),
    "list, empty": (LIST, 200, {"NumResults": 0, "BonusPayments": []}),
    "who": (WHO, 200, IDENTITY),
    "balance": (BALANCE, 200, {"AvailableBalance": "10000.00", "OnHoldBalance": "0.00"}),
}  # fmt: skip
AMBIGUOUS: Final = {"a fault", "a fault of AWS"}


@pytest.mark.parametrize("name", RECORDED)
def test_each_node_of_a_recorded_answer_altered_is_proved_rightly_or_not_at_all(name: str, tell: Tell) -> None:
    question, status, recorded = RECORDED[name]
    recorded = json.loads(response(status, recorded).body, parse_float=Decimal)
    altered = proved = 0
    for _, value in mutants(recorded):
        altered += 1
        proved += proves(ask(PLAIN, question, status, value))
    for body in doubled_names(recorded):
        altered += 1
        answer = PLAIN.answer(question.call, response(status, body))
        assert not proves(answer), f"{answer} of {body!r}"
    tell({"answers altered": altered, "still prove": proved})


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_answer_with_another_status_or_to_another_question_is_proved_rightly_or_not_at_all(
    name: str, tell: Tell
) -> None:
    """An empty object above all: it pays as an answer to SendBonus, and is no list and no balance."""
    _, _, recorded = RECORDED[name]
    value = json.loads(response(200, recorded).body, parse_float=Decimal)
    for question in QUESTIONS:
        for status in STATUSES:
            ask(PLAIN, question, status, value)
    tell({"answers elsewhere": len(QUESTIONS) * len(STATUSES)})


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_answer_itself_proves_what_it_says(name: str) -> None:
    """Else nothing above would mean anything: an answer that is never believed is never wrong."""
    question, status, recorded = RECORDED[name]
    assert proves(ask(PLAIN, question, status, recorded)) == (name not in AMBIGUOUS)
