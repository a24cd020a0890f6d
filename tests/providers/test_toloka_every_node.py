"""Each recorded answer of Toloka's, each of its nodes altered, with each status: proved rightly or not at all.

What an altered answer may still prove is told by `toloka_claims`, which shares no code with what is tested. How many
cases there were stands in the figures (`pytest -s`).
"""

import copy
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any, Final, NamedTuple

import pytest

from reconcile.model import SendOutcome
from reconcile.providers.base import (
    Answer,
    Call,
    ListOperations,
    ListPayments,
    PollOperation,
    ReadAccount,
    ReadAssignment,
    ReadItems,
    SendAnswer,
    SendOperation,
    Unread,
)
from reconcile.providers.toloka.codec import TolokaCodec
from tests.providers import toloka_claims as claims
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

Judge = Callable[[int, Any, Answer], None]
DELETED: Final = object()
REFUSED: Final = {"user_id": {"code": "ENTITY_DOES_NOT_EXIST", "message": "There is no such user"}}
NEVER_STARTED: Final = {**dict.fromkeys(claims.COUNTS, 0), "total_count": 2}


def sync_record() -> Any:
    """The same two payments, sent in synchronous mode."""
    target, body = TolokaCodec(mode="sync", skip_invalid_items=True).prepare(OPERATION_ID, OUTGOING)
    return record(mode="sync")._replace(target=target, body=body)


def bonus(position: int, number: str) -> dict[str, Any]:
    """A bonus as a synchronous answer shows it."""
    return {"id": number, **echo(position), "created": "2026-11-22T09:59:02"}


class Question(NamedTuple):
    """A call, and who judges its answers."""

    call: Call
    judge: Judge


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
STATUSES: Final = (200, 201, 202, 204, 301, 400, 401, 403, 404, 409, 413, 415, 418, 422, 429, 500, 502, 503, 504)
OTHERS: Final[tuple[Any, ...]] = (
    DELETED, None, True, False, 0, 1, -1, 3, 4711, 10**18, 10**30, 10**400, -(10**30), Decimal("0.5"), Decimal("-1.50"), "", " ",
    "x", "0", "-1", "1.50", "9" * 5000, "4712", "09ee3f76-5cdc-4388-adcc-c580a3ab4c53", "SUCCESS", "FAIL", "RUNNING",
    "VALIDATION_ERROR", "OPERATION_ALREADY_EXISTS", "INTERNAL_ERROR", "ACCEPTED", "USER_BONUS_PERSIST", OUTGOING[0].recipient,
    OUTGOING[1].recipient, echo(0)["private_comment"], echo(1)["private_comment"], [], {}, [[]], [None], {"": None},
    {"code": "X", "message": "y"}, REFUSED,
)  # fmt: skip


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every node of a value, itself included."""
    yield at
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inner, (*at, key))


def altered(value: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    """The value with one node changed: `change` gets its parent and its name or place there."""
    held = [copy.deepcopy(value)]
    parent: Any = held
    for step in (0, *path)[:-1]:
        parent = parent[step]
    change(parent, (0, *path)[-1])
    return held[0] if held else DELETED


def mutants(value: Any) -> Iterator[tuple[str, Any]]:
    """(kind of alteration, the value with one node altered)."""
    for path in paths(value):
        for other in OTHERS:
            if other is DELETED and path:
                yield "deleted", altered(value, path, lambda parent, at: parent.__delitem__(at))
            elif other is not DELETED:
                yield "replaced", altered(value, path, partial(_put, other))
        for kind, change in (("doubled", _double), ("negative", _negate), ("taken from the next", _from_the_next)):
            yield kind, altered(value, path, change)


def _put(new: Any, parent: Any, at: Any) -> None:
    parent[at] = copy.deepcopy(new)


def _double(parent: Any, at: Any) -> None:
    """Twice as long, twice as much; an item of a list stands there twice."""
    if isinstance(parent, list) and isinstance(parent[at], dict) and len(parent) > 1:
        parent.insert(at, copy.deepcopy(parent[at]))
    elif isinstance(parent[at], str | int | list | Decimal):
        parent[at] = parent[at] * 2


def _negate(parent: Any, at: Any) -> None:
    value = parent[at]
    if isinstance(value, int | Decimal):
        parent[at] = -value
    elif isinstance(value, str):
        parent[at] = f"-{value}"


def _from_the_next(parent: Any, at: Any) -> None:
    """What stands beside it takes its place: a right value at a wrong one's."""
    keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
    parent[at] = copy.deepcopy(parent[keys[(keys.index(at) + 1) % len(keys)]])


def doubled_names(value: Any) -> Iterator[bytes]:
    """The JSON with one name of one object there twice: with the same value, and with another before or behind it."""
    for path in paths(value):
        if path and isinstance(path[-1], str):
            for first, second in (("same", "same"), ("same", "other"), ("other", "same")):
                shown = altered(value, path, partial(_mark_doubled, first, second))
                yield _undoubled(response(200, shown).body)


def _mark_doubled(first: str, second: str, parent: Any, at: Any) -> None:
    old = parent.pop(at)
    values = {"same": old, "other": "x" if old != "x" else "y"}
    parent[f"{at}@1"], parent[f"{at}@2"] = values[first], values[second]


def _undoubled(body: bytes) -> bytes:
    """The two names without the sign that kept them apart."""
    return body.replace(b'@1":', b'":').replace(b'@2":', b'":')


def ask(question: Question, status: int, value: Any) -> Answer:
    """The answer of the codec; judged by what the document says."""
    answer = CODEC.answer(question.call, response(status, value))
    try:
        question.judge(status, value, answer)
    except (KeyError, TypeError, ValueError) as unsaid:
        raise AssertionError(f"{answer} of a document that says nothing of the kind: {status} {value}") from unsaid
    except AssertionError as wrong:
        wrong.add_note(f"{answer}\nof {status} {value}")
        raise
    return answer


def proves(answer: Answer) -> bool:
    """Whether an answer says anything at all."""
    if isinstance(answer, SendAnswer):
        return answer.outcome is not SendOutcome.AMBIGUOUS
    return not isinstance(answer, Unread)


@pytest.mark.parametrize("name", RECORDED)
def test_each_node_of_a_recorded_answer_altered_is_proved_rightly_or_not_at_all(name: str, tell: Tell) -> None:
    question, status, recorded = RECORDED[name]
    recorded = json.loads(response(status, recorded).body, parse_float=Decimal)
    counts: dict[str, int] = {}
    proved = 0
    for kind, value in mutants(recorded):
        counts[kind] = counts.get(kind, 0) + 1
        proved += proves(ask(question, status, value))
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
            ask(question, status, value)
    tell({"answers elsewhere": len(QUESTIONS) * len(STATUSES)})


AMBIGUOUS: Final = {"conflict", "an error of its own", "broke off", "a part was down"}


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_answer_itself_proves_what_it_says(name: str) -> None:
    """Else nothing above would mean anything: an answer that is never believed is never wrong."""
    question, status, recorded = RECORDED[name]
    assert proves(ask(question, status, recorded)) == (name not in AMBIGUOUS)
