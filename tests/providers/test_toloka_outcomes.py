"""The table of outcomes: what each answer to a payment's request proves, both sides of every line."""

from typing import Any

import pytest

from reconcile.model import SendOutcome
from reconcile.providers.base import Lost, NotSent, SendAnswer, SendOperation, Trouble, WireResponse, WireResult
from reconcile.providers.toloka import outcomes
from tests.providers.toloka_cases import CODEC, DATE, DATE_MS, OPERATION_TEXT, error, operation, record, response

EXECUTED, NOT, AMBIGUOUS = SendOutcome.EXECUTED, SendOutcome.NOT_EXECUTED, SendOutcome.AMBIGUOUS
CONFLICT = {"user_id": {"code": "ENTITY_CONFLICT", "message": "It is not allowed to apply multiple bonuses"}}
HTML = b"<html><h1>429 Too Many Requests</h1></html>"


def send(result: WireResult, count: int = 2) -> SendAnswer:
    answer = CODEC.answer(SendOperation(record(count)), result)
    assert isinstance(answer, SendAnswer)
    return answer


ROWS: tuple[tuple[int, Any, SendOutcome, Trouble], ...] = (
    (201, operation(), EXECUTED, Trouble.NONE),
    (202, operation("PENDING"), EXECUTED, Trouble.NONE),
    (200, operation("RUNNING", details=None), EXECUTED, Trouble.NONE),
    (201, operation("FAIL"), EXECUTED, Trouble.NONE),
    (409, error("OPERATION_ALREADY_EXISTS"), EXECUTED, Trouble.NONE),
    (409, {"code": "OPERATION_ALREADY_EXISTS"}, EXECUTED, Trouble.NONE),
    (400, error("OPERATION_ALREADY_EXISTS"), AMBIGUOUS, Trouble.NONE),
    (400, error("VALIDATION_ERROR"), NOT, Trouble.NONE),
    (400, error("SOMETHING_NEW"), NOT, Trouble.NONE),
    (400, error("OPERATION_EXECUTION_ERROR"), AMBIGUOUS, Trouble.NONE),
    (400, error("BILLING_NOT_SYNCHRONIZED"), AMBIGUOUS, Trouble.NONE),
    (400, {"code": "VALIDATION_ERROR"}, AMBIGUOUS, Trouble.NONE),
    (400, {"code": "validation error", "message": "of a proxy"}, AMBIGUOUS, Trouble.NONE),
    (400, {"code": 400, "message": "of a proxy"}, AMBIGUOUS, Trouble.NONE),
    (400, {"message": "of a proxy"}, AMBIGUOUS, Trouble.NONE),
    (400, [error("VALIDATION_ERROR")], AMBIGUOUS, Trouble.NONE),
    (400, CONFLICT, AMBIGUOUS, Trouble.NONE),
    (400, b"", AMBIGUOUS, Trouble.NONE),
    (400, HTML, AMBIGUOUS, Trouble.NONE),
    (400, error("NOT_ENOUGH_BALANCE"), NOT, Trouble.FUNDS),
    (402, error("NOT_ENOUGH_BALANCE"), AMBIGUOUS, Trouble.FUNDS),
    (403, error("NOT_ENOUGH_BALANCE"), NOT, Trouble.FUNDS),
    (409, error("NOT_ENOUGH_BALANCE"), AMBIGUOUS, Trouble.FUNDS),
    (500, error("NOT_ENOUGH_BALANCE"), AMBIGUOUS, Trouble.FUNDS),
    (401, error("AUTHENTICATION_ERROR"), NOT, Trouble.STOP),
    (403, error("ACCESS_DENIED"), NOT, Trouble.STOP),
    (404, error("DOES_NOT_EXIST"), NOT, Trouble.STOP),
    (401, HTML, AMBIGUOUS, Trouble.STOP),
    (403, HTML, AMBIGUOUS, Trouble.STOP),
    (404, HTML, AMBIGUOUS, Trouble.STOP),
    (409, CONFLICT, NOT, Trouble.NONE),
    (409, error("ENTITY_CONFLICT"), NOT, Trouble.NONE),
    (409, error("CONFLICT_STATE"), AMBIGUOUS, Trouble.NONE),
    (409, {"user_id": {"code": "OTHER", "message": "m"}}, AMBIGUOUS, Trouble.NONE),
    (409, {"user_id": "ENTITY_CONFLICT"}, AMBIGUOUS, Trouble.NONE),
    (409, {}, AMBIGUOUS, Trouble.NONE),
    (413, error("PAYLOAD_TOO_LARGE"), NOT, Trouble.NONE),
    (413, HTML, AMBIGUOUS, Trouble.NONE),
    (415, error("UNSUPPORTED_MEDIA_TYPE"), NOT, Trouble.NONE),
    (415, b"", AMBIGUOUS, Trouble.NONE),
    (429, error("TOO_MANY_REQUESTS", payload={"interval": "MIN"}), NOT, Trouble.LATER),
    (429, {"code": "TOO_MANY_REQUESTS", "payload": {"interval": "HOUR"}}, NOT, Trouble.LATER),
    (429, {"code": "TOO_MANY_REQUESTS", "payload": {"interval": "DAY"}}, NOT, Trouble.QUOTA),
    (429, error("OTHER"), AMBIGUOUS, Trouble.LATER),
    (429, HTML, AMBIGUOUS, Trouble.LATER),
    (402, error("OTHER"), AMBIGUOUS, Trouble.NONE),
    (405, error("OTHER"), AMBIGUOUS, Trouble.NONE),
    (408, error("REQUEST_TIMEOUT"), AMBIGUOUS, Trouble.NONE),
    (422, error("VALIDATION_ERROR"), AMBIGUOUS, Trouble.NONE),
    (500, error("INTERNAL_ERROR"), AMBIGUOUS, Trouble.NONE),
    (502, HTML, AMBIGUOUS, Trouble.NONE),
    (503, error("REMOTE_SERVICE_UNAVAILABLE"), AMBIGUOUS, Trouble.NONE),
    (504, b"", AMBIGUOUS, Trouble.NONE),
    (301, error("VALIDATION_ERROR"), AMBIGUOUS, Trouble.NONE),
    (302, b"", AMBIGUOUS, Trouble.NONE),
    (307, operation(), AMBIGUOUS, Trouble.NONE),
    (304, b"", AMBIGUOUS, Trouble.NONE),
    (201, b"", AMBIGUOUS, Trouble.NONE),
    (201, HTML, AMBIGUOUS, Trouble.NONE),
    (201, b'{"id": "26e130ad-3652-443a-8dc5-094791e48ef9", "type": "USER_B', AMBIGUOUS, Trouble.NONE),
    (201, [operation()], AMBIGUOUS, Trouble.NONE),
    (201, {"items": {}, "validation_errors": {}}, AMBIGUOUS, Trouble.NONE),
    (201, error("VALIDATION_ERROR"), AMBIGUOUS, Trouble.NONE),
    (201, operation(id="09ee3f76-5cdc-4388-adcc-c580a3ab4c53"), AMBIGUOUS, Trouble.NONE),
    (201, operation(type="POOL.OPEN"), AMBIGUOUS, Trouble.NONE),
    (201, operation("DONE"), AMBIGUOUS, Trouble.NONE),
    (201, operation(details={}), AMBIGUOUS, Trouble.NONE),
    (201, operation(details=None), AMBIGUOUS, Trouble.NONE),
)


@pytest.mark.parametrize(("status", "body", "outcome", "trouble"), ROWS)
def test_an_answer_proves_what_the_table_says(status: int, body: Any, outcome: SendOutcome, trouble: Trouble) -> None:
    """Each status with Toloka's own error, and with something that only resembles it."""
    answer = send(response(status, body))
    assert (answer.outcome, answer.trouble, answer.status) == (outcome, trouble, status)


@pytest.mark.parametrize("id_", [OPERATION_TEXT, OPERATION_TEXT.replace("-", ""), OPERATION_TEXT.upper()])
def test_an_operation_is_ours_with_or_without_dashes_and_in_either_case(id_: str) -> None:
    assert send(response(201, operation(id=id_))).outcome is EXECUTED


@pytest.mark.parametrize(
    ("counts", "outcome"),
    [
        ((2, 2, 0, 2, 0), EXECUTED),
        ((2, 1, 1, 1, 0), EXECUTED),
        ((2, 1, 1, 1, 1), EXECUTED),
        ((2, 2, 0, 1, 1), EXECUTED),
        ((2, 0, 2, 0, 0), EXECUTED),
        ((3, 3, 0, 3, 0), AMBIGUOUS),
        ((1, 1, 0, 1, 0), AMBIGUOUS),
        ((2, 2, 1, 2, 0), AMBIGUOUS),
        ((2, 2, 0, 1, 0), AMBIGUOUS),
        ((2, 2, 0, 3, 0), AMBIGUOUS),
        ((2, 1, 1, 2, 0), AMBIGUOUS),
        ((2, 2, 0, -2, 0), AMBIGUOUS),
        ((2, 2, 0, "2", 0), AMBIGUOUS),
        ((2, 2, 0, True, 0), AMBIGUOUS),
        ((2, 2, 0, 2, None), AMBIGUOUS),
    ],
)
def test_an_operation_that_ended_well_is_believed_only_if_its_counts_add_up(
    counts: tuple[Any, ...], outcome: SendOutcome
) -> None:
    names = ("total_count", "valid_count", "not_valid_count", "success_count", "failed_count")
    details = dict(zip(names, counts, strict=True))
    assert send(response(201, operation(details=details))).outcome is outcome


def test_what_was_not_sent_was_not_executed() -> None:
    answer = send(NotSent("no connection: refused"))
    assert (answer.outcome, answer.status, answer.code) == (NOT, 0, "not_sent")


def test_what_was_lost_proves_nothing() -> None:
    answer = send(Lost("reset"))
    assert (answer.outcome, answer.status, answer.code, answer.message) == (AMBIGUOUS, 0, "lost", "reset")


def test_exists_is_told_from_executed_just_now() -> None:
    assert send(response(409, error("OPERATION_ALREADY_EXISTS"))).exists
    assert not send(response(201, operation())).exists


@pytest.mark.parametrize(
    ("headers", "payload", "seconds"),
    [
        ({}, {"interval": "MIN"}, 60),
        ({}, {"interval": "HOUR"}, 3_600),
        ({}, {"interval": "DAY"}, 86_400),
        ({}, {"interval": "WEEK"}, 1),
        ({}, None, 1),
        ({"retry-after": "7"}, {"interval": "HOUR"}, 7),
        ({"retry-after": "0"}, {"interval": "MIN"}, 0),
        ({"retry-after": "99999999"}, {"interval": "MIN"}, 86_400),
        ({"retry-after": "-1"}, {"interval": "MIN"}, 60),
        ({"retry-after": "soon"}, {"interval": "MIN"}, 60),
        ({**DATE, "retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, {"interval": "MIN"}, 30),
        ({**DATE, "retry-after": "Sun, 22 Nov 2026 09:00:00 GMT"}, {"interval": "MIN"}, 0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, {"interval": "MIN"}, 60),
    ],
)
def test_how_long_to_wait_is_what_the_server_says_or_the_interval(
    headers: dict[str, str], payload: Any, seconds: int
) -> None:
    answer = send(response(429, error("TOO_MANY_REQUESTS", payload=payload), headers))
    assert answer.retry_after_s == seconds


def test_the_record_keeps_code_message_request_id_and_the_servers_time() -> None:
    answer = send(response(400, error("VALIDATION_ERROR")))
    assert (answer.code, answer.message, answer.request_id) == ("VALIDATION_ERROR", "What is wrong", "req-1")
    assert answer.server_ms == DATE_MS


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (
            {"amount": {"code": "VALUE_LESS_THAN_MIN", "message": "Too little", "params": [1]}},
            "What is wrong (amount: Too little)",
        ),
        (
            {"1": {"amount": {"code": "VALUE_LESS_THAN_MIN", "message": "Too little"}}},
            "What is wrong (item 1: amount: Too little)",
        ),
        ({"x": 1}, "What is wrong"),
        ([1], "What is wrong"),
    ],
)
def test_a_validation_error_says_which_field(payload: Any, message: str) -> None:
    assert send(response(400, error("VALIDATION_ERROR", payload=payload))).message == message


def test_a_long_message_is_kept_to_three_hundred_characters() -> None:
    answer = send(response(400, error("VALIDATION_ERROR", message="x" * 301)))
    assert answer.message == "x" * 299 + "…"


def test_every_word_of_the_table_has_a_sentence() -> None:
    codes = {row.code for row in outcomes.DEFINITE if row.code} | outcomes.NEVER_A_REFUSAL
    ours = {outcomes.NOT_SENT, outcomes.LOST, outcomes.REDIRECTED, outcomes.BAD_ANSWER, outcomes.HTTP_ERROR}
    for code in codes | ours | {"NOT_ENOUGH_BALANCE", "AUTHENTICATION_ERROR", "ACCESS_DENIED", "DOES_NOT_EXIST"}:
        assert outcomes.explain(code).endswith("."), code


def test_a_code_that_is_not_known_is_said_to_be_that() -> None:
    assert outcomes.explain("SOMETHING_NEW").startswith("This version does not know the code")
    assert outcomes.explain("") == ""


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 32 Nov 2026 10:00:00 GMT", "Sun, 22 Nox 2026 10:00:00 GMT"])
def test_a_date_that_is_none_is_no_time(date: str) -> None:
    assert send(WireResponse(500, {"date": date}, b"")).server_ms is None
