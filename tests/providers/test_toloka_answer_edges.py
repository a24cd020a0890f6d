"""Toloka's answers at their edges: what a refused send keeps, which account it is, and what stays unread."""

from typing import Any

import pytest

from reconcile.model import SendOutcome
from reconcile.providers.base import (
    AccountFound,
    ItemResult,
    ItemsArchived,
    ItemsSeen,
    PollOperation,
    ReadAccount,
    ReadItems,
    SendAnswer,
    SendOperation,
    Trouble,
    Unread,
)
from tests.providers.toloka_cases import (
    CODEC,
    DATE_MS,
    FIRST,
    OUTGOING,
    SECOND,
    echo,
    error,
    operation,
    record,
    response,
)

BY_ITEM = {"0": {"amount": {"code": "TOO_MUCH", "message": "over"}}}


def send(status: int, value: Any) -> SendAnswer:
    found = CODEC.answer(SendOperation(record(2)), response(status, value))
    assert isinstance(found, SendAnswer)
    return found


def test_a_refusal_by_items_says_what_is_wrong_with_each() -> None:
    found = send(400, error("VALIDATION_ERROR", payload=BY_ITEM))
    assert found.outcome is SendOutcome.NOT_EXECUTED
    assert found.items[:1] == (ItemResult(payment_id=FIRST, issued=False, code="TOO_MUCH", message="amount: over"),)


def test_an_answer_that_proves_nothing_says_nothing_of_items() -> None:
    found = send(500, error("INTERNAL_ERROR", payload=BY_ITEM))
    assert (found.outcome, found.items) == (SendOutcome.AMBIGUOUS, ())


def test_an_answer_without_an_error_of_tolokas_names_no_request() -> None:
    assert send(502, b"<html>").request_id == ""


def test_an_accepted_operation_tells_the_servers_time_and_nothing_of_items() -> None:
    found = send(201, operation())
    assert (found.outcome, found.items, found.server_ms) == (SendOutcome.EXECUTED, (), DATE_MS)


def test_another_operation_than_the_one_that_was_sent_is_said_to_be_one() -> None:
    found = send(201, operation(id="00000000-0000-4000-8000-000000000000"))
    assert (found.outcome, found.code, found.server_ms) == (SendOutcome.AMBIGUOUS, "bad_answer", DATE_MS)
    assert found.message.startswith("the answer is not the operation that was sent: ")


@pytest.mark.parametrize("call", [PollOperation(record()), ReadItems(record())])
def test_an_operation_that_is_not_found_stops_no_run(call: PollOperation | ReadItems) -> None:
    """Its address need not exist yet: a 404 there says nothing about the address of all."""
    found = CODEC.answer(call, response(404, error("SOMETHING_ELSE")))
    assert isinstance(found, Unread)
    assert found.trouble is Trouble.NONE


def test_archived_logs_are_tolokas_own_word() -> None:
    assert CODEC.answer(ReadItems(record()), response(400, error("OPERATION_LOGS_ARCHIVED"))) == ItemsArchived()
    assert isinstance(CODEC.answer(ReadItems(record()), response(400, error("OTHER"))), Unread)


def test_what_is_no_log_is_said_to_be_none() -> None:
    found = CODEC.answer(ReadItems(record()), response(200, {}))
    assert isinstance(found, Unread)
    assert found.message == "it is no log of an operation"


# --- the log -----------------------------------------------------------------------------------------------------

WRONG = {"user_id": {"code": "ENTITY_DOES_NOT_EXIST", "message": "There is no such user"}}


def proofs(*entries: Any) -> dict[bytes, tuple[bool, str, str]]:
    """By payment: whether it was issued, its id and the recipient that the log names."""
    found = CODEC.answer(ReadItems(record()), response(200, list(entries)))
    assert isinstance(found, ItemsSeen)
    return {item.payment_id: (item.issued, item.remote_id, item.recipient) for item in found.items}


def entry(kind: str, *, success: Any, given: Any, output: Any) -> dict[str, Any]:
    return {"type": kind, "success": success, "input": given, "output": output}


def test_a_refusal_with_one_word_for_all_frees_its_payment() -> None:
    output = {"code": "ENTITY_DOES_NOT_EXIST", "message": "no"}
    refused = entry("USER_BONUS_VALIDATE", success=False, given=echo(1), output=output)
    assert proofs(refused) == {SECOND: (False, "", OUTGOING[1].recipient)}


def test_a_refusal_that_names_a_bonus_as_well_frees_no_payment() -> None:
    output = {"code": "ENTITY_DOES_NOT_EXIST", "message": "no", "user_bonus_id": "7"}
    assert proofs(entry("USER_BONUS_PERSIST", success=False, given=echo(1), output=output)) == {}


@pytest.mark.parametrize(
    ("kind", "success"),
    [("USER_BONUS_NOTIFY", False), ("USER_BONUS_PERSIST", None), ("USER_BONUS_VALIDATE", 0), (None, False)],
)
def test_only_a_failed_check_or_a_failed_payment_frees_one(kind: str, success: object) -> None:
    assert proofs(entry(kind, success=success, given=echo(1), output=WRONG)) == {}


def test_what_stands_in_a_log_and_is_no_entry_is_passed_over() -> None:
    refused = entry("USER_BONUS_VALIDATE", success=False, given=echo(1), output=WRONG)
    assert list(proofs(None, 7, "entry", [], refused)) == [SECOND]


def by_position(position: object, row: int = 0) -> dict[bytes, tuple[bool, str, str]]:
    given = {"user_id": OUTGOING[row].recipient, "amount": "9.99", "__item_idx": position}
    return proofs(entry("USER_BONUS_PERSIST", success=True, given=given, output={"user_bonus_id": "7"}))


@pytest.mark.parametrize("position", [0, "0", "000000"])
def test_the_first_position_is_nought_as_a_number_or_in_digits(position: object) -> None:
    assert by_position(position) == {FIRST: (True, "7", OUTGOING[0].recipient)}


@pytest.mark.parametrize("position", ["0000000", "-0", "\u0660", "", "x", False, None, 0.0, -1, 2, [0]])
def test_what_is_no_position_finds_no_payment(position: object) -> None:
    assert by_position(position) == {}


def test_an_entry_without_a_recipient_of_text_names_none() -> None:
    given = {**echo(0), "user_id": 7}
    paid = entry("USER_BONUS_PERSIST", success=True, given=given, output={"user_bonus_id": "7"})
    assert proofs(paid) == {FIRST: (True, "7", "")}


# --- the account -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "number"),
    [(0, "0"), (1, "1"), (9_999_999_999_999_999_999, "9999999999999999999"), ("566ec2b0ff0deeaae5f9d500629de162", "")],
)
def test_an_account_is_known_by_its_number_or_its_text(raw: object, number: str) -> None:
    found = CODEC.answer(ReadAccount(), response(200, {"id": raw}))
    assert isinstance(found, AccountFound)
    assert found.id == (number or raw)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "it shows no account"),
        ({}, "it shows no account id"),
        ({"id": True}, "it shows no account id"),
        ({"id": -1}, "it shows no account id"),
        ({"id": 10_000_000_000_000_000_000}, "it shows no account id"),
    ],
)
def test_what_is_no_account_is_said_to_be_none(value: object, message: str) -> None:
    found = CODEC.answer(ReadAccount(), response(200, value))
    assert isinstance(found, Unread)
    assert (found.code, found.message) == ("bad_answer", message)


@pytest.mark.parametrize(
    ("public_name", "name"),
    [
        ("Lab", "Lab"),
        ({"RU": "Лаб", "EN": "Lab"}, "Lab"),
        ({"RU": "Labor"}, "Labor"),
        ({"EN": "", "DE": "Labor"}, ""),
        ({"EN": 7, "DE": "Labor"}, "Labor"),
        ({}, ""),
        (7, ""),
    ],
)
def test_an_account_is_named_in_english_or_in_its_first_language(public_name: object, name: str) -> None:
    found = CODEC.answer(ReadAccount(), response(200, {"id": 1, "public_name": public_name}))
    assert isinstance(found, AccountFound)
    assert found.name == name
