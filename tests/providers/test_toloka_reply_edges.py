"""Toloka's words at their edges: which bodies are its own error, which answer is a success, which limit is the day's."""

from decimal import Decimal
from typing import Any

import pytest

from reconcile.providers.base import Trouble
from reconcile.providers.toloka.reply import OwnError, amount_of, open_reply, own_error, position_of, unread
from tests.providers.toloka_cases import DATE, DATE_MS, error, response


@pytest.mark.parametrize(("status", "succeeded"), [(199, False), (200, True), (299, True), (300, False), (301, False)])
def test_a_2xx_alone_is_a_success(status: int, succeeded: bool) -> None:
    assert open_reply(response(status, {"id": "x"})).succeeded is succeeded


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (299, "", ""),
        (300, "redirected", "HTTP 300"),
        (399, "redirected", "HTTP 399"),
        (400, "http_error", "HTTP 400 without Toloka's own error"),
        (199, "http_error", "HTTP 199 without Toloka's own error"),
    ],
)
def test_an_answer_without_a_word_of_tolokas_is_named_by_its_status(status: int, code: str, message: str) -> None:
    reply = open_reply(response(status, {}))
    assert (reply.status, reply.code, reply.message, reply.error) == (status, code, message, None)
    assert reply.server_ms == DATE_MS


def test_a_success_that_cannot_be_read_says_why_and_is_none() -> None:
    reply = open_reply(response(200, b"{", {}))
    assert (reply.succeeded, reply.code, reply.server_ms) == (False, "bad_answer", None)
    assert reply.broken
    assert reply.message == f"the answer is {reply.broken}"


def test_an_error_that_cannot_be_read_is_not_tolokas_own() -> None:
    reply = open_reply(response(400, b'{"code": "VALIDATION_ERROR", "message": "m"'))
    assert (reply.error, reply.code) == (None, "http_error")


@pytest.mark.parametrize(
    "value",
    [
        error("VALIDATION_ERROR", message=7),
        error("VALIDATION_ERROR", request_id=7),
        error("validation error"),
        error("x"),
        {"code": "VALIDATION_ERROR"},
        {"user_id": {"code": "ENTITY_CONFLICT", "message": "m"}},
    ],
    ids=[
        "a message of another type",
        "a request of another type",
        "two words",
        "lower case",
        "no message",
        "by fields",
    ],
)
def test_a_body_that_is_not_quite_tolokas_error_is_none(value: dict[str, Any]) -> None:
    assert own_error(value, 400) is None


def test_a_conflict_by_fields_keeps_each_fields_words() -> None:
    value = {
        "user_id": {"code": "ENTITY_CONFLICT", "message": "twice"},
        "amount": {"code": "TOO_MUCH"},
    }
    assert own_error(value, 409) == OwnError(code="ENTITY_CONFLICT", message="user_id: twice; amount: TOO_MUCH")


@pytest.mark.parametrize(
    "entry",
    [{"code": "two words", "message": "m"}, {"code": "CODE", "message": 7}, "CODE", {"message": "m"}],
)
def test_a_conflict_in_which_one_field_says_nothing_of_tolokas_is_none(entry: object) -> None:
    assert own_error({"user_id": {"code": "ENTITY_CONFLICT", "message": "m"}, "other": entry}, 409) is None


def test_an_error_by_items_names_each_item_by_its_position() -> None:
    payload = {
        "0": {"amount": {"code": "TOO_MUCH", "message": "over the limit"}},
        "12": {"user_id": {"code": "UNKNOWN", "message": ""}, "amount": {"code": "NONE", "message": "none"}},
    }
    found = own_error(error("VALIDATION_ERROR", payload=payload), 400)
    assert found == OwnError(
        code="VALIDATION_ERROR",
        message="What is wrong (item 0: amount: over the limit; item 12: user_id: UNKNOWN; amount: none)",
        request_id="req-1",
        items=((0, "TOO_MUCH", "amount: over the limit"), (12, "UNKNOWN", "user_id: UNKNOWN; amount: none")),
    )


@pytest.mark.parametrize("name", ["x", "01", "-1", "10000", ""])
def test_a_payload_with_one_entry_that_is_no_item_names_none(name: str) -> None:
    payload = {"0": {"amount": {"code": "TOO_MUCH"}}, name: {"amount": {"code": "TOO_MUCH"}}}
    found = own_error(error("VALIDATION_ERROR", payload=payload), 400)
    assert found is not None
    assert found.items == ()


def test_a_payload_in_which_an_item_has_no_errors_names_none() -> None:
    payload = {"0": {"amount": {"code": "TOO_MUCH"}}, "1": {}}
    found = own_error(error("VALIDATION_ERROR", payload=payload), 400)
    assert found is not None
    assert found.items == ()


@pytest.mark.parametrize(("name", "position"), [("0", 0), ("9999", 9_999), ("10000", None), ("00", None), (0, None)])
def test_a_position_is_digits_without_a_leading_zero(name: object, position: int | None) -> None:
    assert position_of(name) == position


# --- limits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "known", "trouble", "wait_s"),
    [
        ("DAY", "DAY", Trouble.QUOTA, 86_400),
        ("HOUR", "HOUR", Trouble.LATER, 3_600),
        ("MIN", "MIN", Trouble.LATER, 60),
        ("day", "", Trouble.LATER, 1),
        ("WEEK", "", Trouble.LATER, 1),
        (["DAY"], "", Trouble.LATER, 1),
        (7, "", Trouble.LATER, 1),
    ],
)
def test_the_limit_that_was_reached_says_when_to_come_back(
    interval: object, known: str, trouble: Trouble, wait_s: int
) -> None:
    reply = open_reply(response(429, error("TOO_MANY_REQUESTS", payload={"interval": interval}), DATE))
    assert reply.error is not None
    assert reply.error.interval == known
    found = unread(reply)
    assert (found.trouble, found.retry_after_s) == (trouble, wait_s)
    assert (found.code, found.request_id) == ("TOO_MANY_REQUESTS", "req-1")


def test_a_limit_without_words_is_one_of_the_second() -> None:
    reply = open_reply(response(429, {"code": "TOO_MANY_REQUESTS"}))
    assert (reply.message, reply.retry_after_s) == ("", 1)


def test_a_read_without_funds_is_one_of_funds() -> None:
    assert unread(open_reply(response(400, error("NOT_ENOUGH_BALANCE")))).trouble is Trouble.FUNDS


def test_what_did_not_fit_is_said_in_its_own_words() -> None:
    found = unread(open_reply(response(200, {})), message="no items")
    assert (found.code, found.message, found.trouble) == ("bad_answer", "no items", Trouble.NONE)


@pytest.mark.parametrize(("text", "fits"), [("1.123456789", True), ("1.1234567891", False)])
def test_an_amount_has_at_most_nine_decimals(text: str, fits: bool) -> None:
    for value in (Decimal(text), text):
        assert (amount_of(value) == Decimal(text)) is fits
        assert (amount_of(value) is None) is not fits
