"""Each recorded answer of Toloka's, each of its nodes altered, with each status: proved rightly or not at all.

What an altered answer may still prove is told by `toloka_claims`, which shares no code with what is tested. How many
cases there were stands in the figures (`pytest -s`).
"""

import json
from decimal import Decimal
from functools import partial
from typing import Any, Final

import pytest

from reconcile.providers.base import (
    ListOperations,
    ListPayments,
    PollOperation,
    ReadAccount,
    ReadAssignment,
    ReadItems,
    SendOperation,
)
from reconcile.providers.toloka.codec import TolokaCodec
from tests.providers import toloka_claims as claims
from tests.providers.altered_answers import REFUSED, STATUSES, Question, ask, doubled_names, mutants, proves
from tests.providers.toloka_cases import (
    CODEC,
    DATE,
    OPERATION_ID,
    OUTGOING,
    echo,
    error,
    log,
    operation,
    payments_page,
    record,
    response,
)
from tests.support.figures import Tell

NEVER_STARTED: Final = {**dict.fromkeys(claims.COUNTS, 0), "total_count": 2}


def sync_record() -> Any:
    """The same two payments, sent in synchronous mode."""
    target, body = TolokaCodec(mode="sync", skip_invalid_items=True).prepare(OPERATION_ID, OUTGOING)
    return record(mode="sync")._replace(target=target, body=body)


def bonus(position: int, number: str) -> dict[str, Any]:
    """A bonus as a synchronous answer shows it."""
    return {"id": number, **echo(position), "created": "2026-11-22T09:59:02"}


SEND: Final = Question(SendOperation(record()), partial(claims.sent, mode="async"))
SEND_SYNC: Final = Question(SendOperation(sync_record()), partial(claims.sent, mode="sync"))
POLL: Final = Question(PollOperation(record()), claims.polled)
LIST_OPERATIONS: Final = Question(ListOperations(0, ""), claims.operations)
LOG: Final = Question(ReadItems(record()), claims.items)
LIST_PAYMENTS: Final = Question(ListPayments(None, ""), claims.payments)
ACCOUNT: Final = Question(ReadAccount(), claims.account)
ASSIGNMENT: Final = Question(ReadAssignment(claims.ASSIGNMENT), claims.assignment)
QUESTIONS: Final = (SEND, SEND_SYNC, POLL, LIST_OPERATIONS, LOG, LIST_PAYMENTS, ACCOUNT, ASSIGNMENT)

RECORDED: Final[dict[str, tuple[Question, int, Any]]] = {
    "account": (ACCOUNT, 200, {"id": "566ec2b0ff0deeaae5f9d500629de162", "public_name": {"EN": "Ann"}, "balance": Decimal("120.35")}),
    "send, pending": (SEND, 202, operation("PENDING", details=None)),
    "send, running": (SEND, 201, operation("RUNNING", details=NEVER_STARTED)),
    "send, done": (SEND, 201, operation()),
    "send, failed": (SEND, 201, operation("FAIL", details=NEVER_STARTED)),
    "send, both paid at once": (
        SEND_SYNC, 201, {"items": {"0": bonus(0, "4711"), "1": bonus(1, "4712")}, "validation_errors": {}},
    ),
    "send, one of two at once": (SEND_SYNC, 201, {"items": {"0": bonus(0, "4711")}, "validation_errors": {"1": REFUSED}}),
    "invalid": (SEND, 400, error("VALIDATION_ERROR", payload={"1": REFUSED})),
    "invalid, at once": (SEND_SYNC, 400, error("VALIDATION_ERROR", payload={"0": REFUSED, "1": REFUSED})),
    "no balance": (SEND, 400, error("NOT_ENOUGH_BALANCE")),
    "who are you": (SEND, 401, error("AUTHENTICATION_ERROR")),
    "not allowed": (SEND, 403, error("ACCESS_DENIED")),
    "no such address": (SEND, 404, error("DOES_NOT_EXIST")),
    "exists already": (SEND, 409, error("OPERATION_ALREADY_EXISTS")),
    "twice in one request": (SEND, 409, {"user_id": {"code": "ENTITY_CONFLICT", "message": "It is not allowed"}}),
    "conflict": (SEND, 409, error("CONFLICT_STATE")),
    "too large": (SEND, 413, error("PAYLOAD_TOO_LARGE")),
    "wrong form": (SEND, 415, error("UNSUPPORTED_MEDIA_TYPE")),
    "too many": (SEND, 429, error("TOO_MANY_REQUESTS", payload={"interval": "DAY"})),
    "an error of its own": (SEND, 500, error("INTERNAL_ERROR")),
    "broke off": (SEND, 500, error("OPERATION_EXECUTION_ERROR")),
    "a part was down": (SEND, 503, error("REMOTE_SERVICE_UNAVAILABLE")),
    "operation, running": (POLL, 200, operation("RUNNING", details=None)),
    "operation, done": (POLL, 200, operation()),
    "operation, failed": (POLL, 200, operation("FAIL", details=NEVER_STARTED)),
    "operation, unknown": (POLL, 404, error("DOES_NOT_EXIST")),
    "operations": (
        LIST_OPERATIONS, 200,
        {"items": [operation(), operation("RUNNING", id="ffe130ad-3652-443a-8dc5-094791e48ef9")], "has_more": True},
    ),
    "log": (LOG, 200, log()),
    "log, a page": (LOG, 200, {"items": log(), "has_more": False}),
    "log, kept no longer": (LOG, 409, error("OPERATION_LOGS_ARCHIVED")),
    "payments": (LIST_PAYMENTS, 200, payments_page()),
    "payments, none": (LIST_PAYMENTS, 200, {"items": [], "has_more": False}),
    "assignment": (
        ASSIGNMENT, 200, {"id": claims.ASSIGNMENT, "user_id": "w1", "status": "ACCEPTED", "pool_id": "7"},
    ),
    "assignment, unknown": (ASSIGNMENT, 404, error("DOES_NOT_EXIST")),
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDED)
def test_each_node_of_a_recorded_answer_altered_is_proved_rightly_or_not_at_all(name: str, tell: Tell) -> None:
    question, status, recorded = RECORDED[name]
    recorded = json.loads(response(status, recorded).body, parse_float=Decimal)
    counts: dict[str, int] = {}
    proved = 0
    for kind, value in mutants(recorded):
        counts[kind] = counts.get(kind, 0) + 1
        proved += proves(ask(CODEC, question, status, value))
    for body in doubled_names(recorded):
        counts["a name twice"] = counts.get("a name twice", 0) + 1
        answer = CODEC.answer(question.call, response(status, {}, DATE)._replace(body=body))
        assert not proves(answer), f"{answer} of {body!r}"
    tell(
        {"answers altered": sum(counts.values()), "still prove": proved}
        | {f"kind: {kind}": n for kind, n in counts.items()}
    )


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_answer_with_another_status_or_to_another_question_is_proved_rightly_or_not_at_all(
    name: str, tell: Tell
) -> None:
    """Each answer with each status to each question: what comes from the wrong place proves nothing that it does not say."""
    _, _, recorded = RECORDED[name]
    value = json.loads(response(200, recorded).body, parse_float=Decimal)
    for question in QUESTIONS:
        for status in STATUSES:
            ask(CODEC, question, status, value)
    tell({"answers elsewhere": len(QUESTIONS) * len(STATUSES)})


AMBIGUOUS: Final = {"conflict", "an error of its own", "broke off", "a part was down"}


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_answer_itself_proves_what_it_says(name: str) -> None:
    """Else nothing above would mean anything: an answer that is never believed is never wrong."""
    question, status, recorded = RECORDED[name]
    assert proves(ask(CODEC, question, status, recorded)) == (name not in AMBIGUOUS)
