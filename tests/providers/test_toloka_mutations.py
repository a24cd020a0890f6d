"""Each recorded answer, each of its nodes altered in every way: never wrongly paid, never wrongly not paid."""

import copy
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.model import SendOutcome
from reconcile.providers.base import (
    ItemsSeen,
    ListOperations,
    ListPayments,
    OperationPhase,
    OperationSeen,
    PaymentsPage,
    PollOperation,
    ReadAccount,
    ReadItems,
    SendAnswer,
    SendOperation,
    Unread,
    WireResponse,
)
from tests.providers.toloka_cases import (
    CODEC,
    FIRST,
    OPERATION_TEXT,
    SECOND,
    error,
    log,
    operation,
    payments_page,
    record,
    response,
)

EXECUTED, NOT, AMBIGUOUS = SendOutcome.EXECUTED, SendOutcome.NOT_EXECUTED, SendOutcome.AMBIGUOUS
DELETED = object()
OTHERS: tuple[Any, ...] = (
    DELETED,
    None,
    True,
    False,
    0,
    -1,
    3,
    10**30,
    Decimal("0.5"),
    "",
    "x",
    "9" * 5000,
    "09ee3f76-5cdc-4388-adcc-c580a3ab4c53",
    [],
    {},
    [[]],
    {"code": "X", "message": "y"},
)
CONFLICT = {"user_id": {"code": "ENTITY_CONFLICT", "message": "It is not allowed"}}


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every node of a value, itself included."""
    yield at
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from paths(entry, (*at, key))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from paths(entry, (*at, index))


def doubled(value: Any) -> Any:
    """The same value once more: a text or a list twice as long, a number twice as large."""
    return value * 2 if isinstance(value, str | int | list) else value


def mutants(value: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(path, the value with that node altered)."""
    for path in paths(value):
        for other in (*OTHERS, "doubled"):
            if not path:
                if other is not DELETED:
                    yield path, doubled(value) if other == "doubled" else other
                continue
            changed = copy.deepcopy(value)
            parent = changed
            for step in path[:-1]:
                parent = parent[step]
            if other is DELETED:
                del parent[path[-1]]
            else:
                parent[path[-1]] = doubled(parent[path[-1]]) if other == "doubled" else other
            yield path, changed


@pytest.mark.parametrize("recorded", [operation(), operation("PENDING"), operation("FAIL")])
def test_an_altered_operation_is_never_taken_for_a_refusal_nor_believed_with_another_id_or_count(recorded: Any) -> None:
    """Of a 201, only EXECUTED with our id, our kind and sums that fit; else AMBIGUOUS."""
    for path, value in mutants(recorded):
        answer = CODEC.answer(SendOperation(record()), response(201, value))
        assert isinstance(answer, SendAnswer)
        assert answer.outcome in (EXECUTED, AMBIGUOUS), path
        if answer.outcome is EXECUTED:
            assert value["id"].replace("-", "") == OPERATION_TEXT.replace("-", ""), path
            assert value["type"] == "USER_BONUS.BATCH_CREATE", path
            assert value.get("details") is None or value["details"]["total_count"] == 2, path


def test_an_altered_operation_shows_the_same_success_or_nothing() -> None:
    for path, value in mutants(operation()):
        answer = CODEC.answer(PollOperation(record()), response(200, value))
        if isinstance(answer, OperationSeen):
            seen = (answer.phase, answer.failed, answer.total, answer.issued)
            assert seen == (OperationPhase.DONE, False, 2, 2), path
        else:
            assert isinstance(answer, Unread), path


@pytest.mark.parametrize(
    ("status", "recorded", "allowed"),
    [
        (400, error("VALIDATION_ERROR", payload={"amount": {"code": "C", "message": "m"}}), {NOT, AMBIGUOUS}),
        (401, error("AUTHENTICATION_ERROR"), {NOT, AMBIGUOUS}),
        (409, error("OPERATION_ALREADY_EXISTS"), {EXECUTED, AMBIGUOUS}),
        (409, CONFLICT, {NOT, AMBIGUOUS}),
        (429, error("TOO_MANY_REQUESTS", payload={"interval": "DAY"}), {NOT, AMBIGUOUS}),
        (409, error("CONFLICT_STATE"), {AMBIGUOUS}),
        (500, error("INTERNAL_ERROR"), {AMBIGUOUS}),
        (503, error("VALIDATION_ERROR"), {AMBIGUOUS}),
    ],
)
def test_an_altered_error_is_ambiguous_or_what_it_was(status: int, recorded: Any, allowed: set[SendOutcome]) -> None:
    for path, value in mutants(recorded):
        answer = CODEC.answer(SendOperation(record()), response(status, value))
        assert isinstance(answer, SendAnswer)
        assert answer.outcome in allowed, (path, value)


def test_an_altered_log_never_turns_a_payment_into_its_contrary() -> None:
    """The first was issued, the second refused: altered entries prove that or nothing."""
    for path, value in mutants(log()):
        answer = CODEC.answer(ReadItems(record()), response(200, value))
        if isinstance(answer, Unread):
            continue
        assert isinstance(answer, ItemsSeen)
        found = {item.payment_id: item.issued for item in answer.items}
        assert found.get(FIRST, True) is True, path
        assert found.get(SECOND, False) is False, path
        assert found.keys() <= {FIRST, SECOND}, path


def test_an_altered_list_is_whole_or_unread() -> None:
    for path, value in mutants(payments_page()):
        answer = CODEC.answer(ListPayments(None, ""), response(200, value))
        if isinstance(answer, PaymentsPage):
            whole = value["items"] if isinstance(value, dict) else []
            assert len(answer.payments) == len(whole), path
            assert [item.remote_id for item in answer.payments] == [str(item["id"]) for item in whole], path
        else:
            assert isinstance(answer, Unread), path


@pytest.mark.parametrize("end", range(0, 400, 7))
def test_an_answer_cut_short_proves_nothing(end: int) -> None:
    whole = response(201, operation())
    cut = whole._replace(body=whole.body[: min(end, len(whole.body) - 1)])
    answer = CODEC.answer(SendOperation(record()), cut)
    assert isinstance(answer, SendAnswer)
    assert answer.outcome is AMBIGUOUS


@settings(max_examples=300, deadline=None)
@given(status=st.integers(100, 599), body=st.binary(max_size=300))
def test_garbage_is_classed_as_ambiguous_and_never_raises(status: int, body: bytes) -> None:
    """Any bytes with any status, to any call."""
    result = WireResponse(
        status, {"date": body[:30].decode("latin-1"), "retry-after": body[:9].decode("latin-1")}, body
    )
    answer = CODEC.answer(SendOperation(record()), result)
    assert isinstance(answer, SendAnswer)
    assert answer.outcome is AMBIGUOUS
    for call in (
        ReadAccount(),
        PollOperation(record()),
        ReadItems(record()),
        ListPayments(None, ""),
        ListOperations(0, ""),
    ):
        assert isinstance(CODEC.answer(call, result), Unread)
