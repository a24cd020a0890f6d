"""Answers of the synchronous mode: what each proves of each payment, and what proves nothing."""

import copy
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from reconcile.model import SendOutcome
from reconcile.providers.base import ItemResult, SendAnswer, SendOperation
from reconcile.providers.toloka.codec import TolokaCodec
from reconcile.state.ledger import OperationRecord
from tests.providers.toloka_cases import CODEC, FIRST, OPERATION_ID, OUTGOING, SECOND, echo, error, record, response

EXECUTED, NOT, AMBIGUOUS = SendOutcome.EXECUTED, SendOutcome.NOT_EXECUTED, SendOutcome.AMBIGUOUS
TOO_LITTLE = {"amount": {"code": "VALUE_LESS_THAN_MIN", "message": "Value must be greater", "params": [0.005]}}
NOBODY = {"user_id": {"code": "ENTITY_DOES_NOT_EXIST", "message": "There is no such user"}}
DELETED = object()


def sent(*, skip_invalid_items: bool = True) -> OperationRecord:
    target, body = TolokaCodec(mode="sync", skip_invalid_items=skip_invalid_items).prepare(OPERATION_ID, OUTGOING)
    return record(mode="sync")._replace(target=target, body=body)


def answer(status: int, value: object, *, skip_invalid_items: bool = True) -> SendAnswer:
    found = CODEC.answer(SendOperation(sent(skip_invalid_items=skip_invalid_items)), response(status, value))
    assert isinstance(found, SendAnswer)
    return found


def bonus(position: int, number: str, **changes: Any) -> dict[str, Any]:
    """A bonus as a synchronous answer shows it."""
    return {"id": number, **echo(position), "created": "2026-11-22T09:59:02", **changes}


def both() -> dict[str, Any]:
    return {"items": {"0": bonus(0, "4711"), "1": bonus(1, "4712")}, "validation_errors": {}}


def one_of_two() -> dict[str, Any]:
    return {"items": {"0": bonus(0, "4711")}, "validation_errors": {"1": NOBODY}}


ISSUED_FIRST = ItemResult(
    payment_id=FIRST,
    issued=True,
    remote_id="4711",
    amount=Decimal("1.50"),
    recipient="fac97860c7929add8048ed2ef63b66fd",
    created_ms=1_795_341_542_000,
)
ISSUED_SECOND = ItemResult(
    payment_id=SECOND,
    issued=True,
    remote_id="4712",
    amount=Decimal("0.005"),
    recipient="a1b0b42923c429daa2c764d7ccfc364d",
    created_ms=1_795_341_542_000,
)
REFUSED_SECOND = ItemResult(
    payment_id=SECOND,
    issued=False,
    recipient="a1b0b42923c429daa2c764d7ccfc364d",
    code="ENTITY_DOES_NOT_EXIST",
    message="user_id: There is no such user",
)


def test_the_request_asks_for_synchronous_processing_and_still_names_the_operation() -> None:
    assert sent().target == (
        "/api/v1/user-bonuses?async_mode=false&operation_id=26e130ad-3652-443a-8dc5-094791e48ef9&skip_invalid_items=true"
    )


def test_positions_become_payments() -> None:
    found = answer(201, both())
    assert (found.outcome, found.items) == (EXECUTED, (ISSUED_FIRST, ISSUED_SECOND))


def test_a_partial_success_proves_both_the_paid_and_the_refused() -> None:
    found = answer(201, one_of_two())
    assert (found.outcome, found.items) == (EXECUTED, (ISSUED_FIRST, REFUSED_SECOND))


def test_an_amount_that_differs_is_the_providers() -> None:
    changed = both()
    changed["items"]["0"]["amount"] = Decimal("1.25")
    assert answer(201, changed).items[0].amount == Decimal("1.25")


def test_a_bonus_that_comes_back_without_our_marker_is_executed_and_proves_no_more() -> None:
    """Never sent again, never called absent: a list that shows no marker could not show it."""
    for comment in (DELETED, None, "bonusctl", "bonusctl [labels/1] [bonusctl:6dd3"):
        changed = both()
        changed["items"]["0"]["private_comment"] = comment
        if comment is DELETED:
            del changed["items"]["0"]["private_comment"]
        found = answer(201, changed)
        assert (found.outcome, found.items) == (EXECUTED, (ISSUED_SECOND,))


UNFIT: dict[str, Any] = {
    "an operation": {"id": "26e130ad-3652-443a-8dc5-094791e48ef9", "type": "USER_BONUS.BATCH_CREATE"},
    "one bonus": bonus(0, "4711"),
    "a list": [bonus(0, "4711"), bonus(1, "4712")],
    "nothing": {},
    "no positions at all": {"items": {}, "validation_errors": {}},
    "a position is missing": {"items": {"0": bonus(0, "4711")}, "validation_errors": {}},
    "a position more": {**both(), "validation_errors": {"2": NOBODY}},
    "a position in both": {**both(), "validation_errors": {"1": NOBODY}},
    "positions from 1": {"items": {"1": bonus(0, "4711"), "2": bonus(1, "4712")}, "validation_errors": {}},
    "a position with a leading zero": {"items": {"00": bonus(0, "4711"), "1": bonus(1, "4712")}},
    "no position": {"items": {"first": bonus(0, "4711"), "1": bonus(1, "4712")}},
    "swapped": {"items": {"0": bonus(1, "4711"), "1": bonus(0, "4712")}},
    "somebody else": {"items": {"0": bonus(0, "4711", user_id="w9"), "1": bonus(1, "4712")}},
    "another payment's marker": {
        "items": {"0": {**bonus(1, "4711"), "user_id": echo(0)["user_id"]}, "1": bonus(1, "4")}
    },
    "no id": {"items": {"0": bonus(0, ""), "1": bonus(1, "4712")}},
    "one id twice": {"items": {"0": bonus(0, "4711"), "1": bonus(1, "4711")}},
    "no amount": {"items": {"0": bonus(0, "4711", amount=None), "1": bonus(1, "4712")}},
    "an error without a code": {"items": {"0": bonus(0, "4711")}, "validation_errors": {"1": {}}},
    "errors as a list": {"items": {"0": bonus(0, "4711")}, "validation_errors": [NOBODY]},
}


@pytest.mark.parametrize("value", UNFIT.values(), ids=UNFIT)
def test_a_success_that_does_not_cover_each_payment_once_proves_nothing(value: object) -> None:
    found = answer(201, value)
    assert (found.outcome, found.items, found.code) == (AMBIGUOUS, (), "bad_answer")


def test_some_paid_and_some_refused_is_not_believed_where_all_or_none_was_asked_for() -> None:
    assert answer(201, one_of_two(), skip_invalid_items=False).outcome is AMBIGUOUS
    assert answer(201, both(), skip_invalid_items=False).outcome is EXECUTED


def test_a_refusal_of_everything_names_each_payment_with_its_own_code() -> None:
    found = answer(400, error("VALIDATION_ERROR", payload={"0": TOO_LITTLE, "1": NOBODY}))
    assert found.outcome is NOT
    assert [(item.payment_id, item.issued, item.code) for item in found.items] == [
        (FIRST, False, "VALUE_LESS_THAN_MIN"),
        (SECOND, False, "ENTITY_DOES_NOT_EXIST"),
    ]


def test_a_refusal_of_all_for_one_names_that_one_alone() -> None:
    found = answer(400, error("VALIDATION_ERROR", payload={"1": NOBODY}), skip_invalid_items=False)
    assert (found.outcome, [item.payment_id for item in found.items]) == (NOT, [SECOND])


@pytest.mark.parametrize(
    "payload", [None, {}, TOO_LITTLE, {"2": NOBODY}, {"0": NOBODY, "x": NOBODY}, {"0": {}}, [NOBODY]]
)
def test_a_payload_without_positions_that_were_sent_names_nobody(payload: object) -> None:
    found = answer(400, error("VALIDATION_ERROR", payload=payload))
    assert (found.outcome, found.items) == (NOT, ())


def test_an_operation_that_exists_already_is_executed_and_shows_no_items() -> None:
    found = answer(409, error("OPERATION_ALREADY_EXISTS"))
    assert (found.outcome, found.exists, found.items) == (EXECUTED, True, ())


# --- each node of an answer, altered -------------------------------------------------------------------------------

OTHERS: tuple[Any, ...] = (
    DELETED,
    None,
    True,
    0,
    -1,
    10**30,
    "",
    "x",
    "4712",
    [],
    {},
    [[]],
    {"code": "X", "message": "y"},
)


def _nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from _nodes(value[key], (*path, key))


def _altered(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    changed = copy.deepcopy(value)
    inside = changed
    for key in path[:-1]:
        inside = inside[key]
    if other is DELETED:
        del inside[path[-1]]
    else:
        inside[path[-1]] = other
    return changed


@pytest.mark.parametrize("recorded", [both(), one_of_two()], ids=["both", "one of two"])
def test_an_altered_success_never_proves_a_payment_refused_nor_another_one_paid(recorded: dict[str, Any]) -> None:
    """Whatever node is altered: what was paid is never called refused, and no id or recipient of another is taken."""
    true = {item.payment_id: item for item in answer(201, recorded).items}
    for path in _nodes(recorded):
        for other in OTHERS:
            if not path and other is DELETED:
                continue
            found = answer(201, _altered(recorded, path, other))
            assert found.outcome in (EXECUTED, AMBIGUOUS)
            for item in found.items:
                assert item.issued is true[item.payment_id].issued, (path, other)
                assert not item.issued or item.recipient == true[item.payment_id].recipient


def test_two_equal_bonuses_for_one_worker_differ_by_their_markers() -> None:
    """Toloka refuses a request in which user, amount, title, message and comment are the same twice."""
    twin = OUTGOING[0]._replace(payment_id=SECOND, sequence=2)
    _, body = CODEC.prepare(OPERATION_ID, (OUTGOING[0], twin))
    assert len(set(body[1:-1].split('},{"user_id"'))) == 2
    with pytest.raises(AssertionError):
        CODEC.prepare(OPERATION_ID, (OUTGOING[0], OUTGOING[0]))
