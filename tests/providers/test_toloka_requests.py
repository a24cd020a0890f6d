"""What we ask Toloka, byte for byte."""

from decimal import Decimal

import pytest

from reconcile.providers.base import (
    ListOperations,
    ListPayments,
    Outgoing,
    PollOperation,
    ReadAccount,
    ReadItems,
    SendOperation,
    WireRequest,
)
from reconcile.providers.strict_json import JsonError
from reconcile.providers.toloka.codec import TolokaCodec
from tests.providers.toloka_cases import CODEC, FIRST, OPERATION_ID, OUTGOING, record


def test_the_target_names_the_operation_and_asks_for_asynchronous_work() -> None:
    target, _ = CODEC.prepare(OPERATION_ID, OUTGOING[:1])
    assert target == (
        "/api/v1/user-bonuses?async_mode=true&operation_id=26e130ad-3652-443a-8dc5-094791e48ef9&skip_invalid_items=true"
    )


def test_all_or_none_is_said_in_the_target() -> None:
    target, _ = TolokaCodec(skip_invalid_items=False).prepare(OPERATION_ID, OUTGOING[:1])
    assert target.endswith("&skip_invalid_items=false")


def test_the_body_is_a_list_of_bonuses_with_exact_digits_and_the_marker_last_in_the_comment() -> None:
    _, body = CODEC.prepare(OPERATION_ID, OUTGOING)
    assert body == (
        '[{"user_id":"fac97860c7929add8048ed2ef63b66fd","amount":1.50,'
        '"assignment_id":"00001092da--61ef030400c684132d0da0de",'
        '"private_comment":"bonusctl [labels/1] [bonusctl:6dd303c5-a671-57d6-b149-274d46b6b2f9]",'
        '"public_message":{"EN":"Thank you"},"public_title":{"EN":"Great work!"}},'
        '{"user_id":"a1b0b42923c429daa2c764d7ccfc364d","amount":0.005,'
        '"private_comment":"second week [labels#quality/2] [bonusctl:a2bff27f-51fd-532c-a9f8-4b2928c11e79]",'
        '"without_message":true}]'
    )


@pytest.mark.parametrize(
    ("amount", "digits"),
    [("100.00", "100.00"), ("0.1", "0.10"), ("0.30", "0.30"), ("1E+2", "100.00"), ("9999999999.99", "9999999999.99")],
)
def test_an_amount_is_written_as_plain_digits(amount: str, digits: str) -> None:
    _, body = CODEC.prepare(OPERATION_ID, [OUTGOING[0]._replace(amount=Decimal(amount))])
    assert f'"amount":{digits},' in body


def test_texts_outside_ascii_leave_as_escapes_and_come_back_whole() -> None:
    texts = (("public_title", (("EN", 'A "quote" \\ 🎉\n'), ("RU", "Молодец"))),)
    _, body = CODEC.prepare(OPERATION_ID, [OUTGOING[0]._replace(texts=texts)])
    assert body.isascii()
    assert CODEC.texts_of(body, 0) == texts


@pytest.mark.parametrize("position", [0, 1])
def test_texts_of_a_body_are_what_was_prepared(position: int) -> None:
    _, body = CODEC.prepare(OPERATION_ID, OUTGOING)
    assert CODEC.texts_of(body, position) == OUTGOING[position].texts


def test_a_comment_with_blanks_and_brackets_comes_back_as_it_was() -> None:
    texts = (("private_comment", "  [x] week 47  "),)
    _, body = CODEC.prepare(OPERATION_ID, [OUTGOING[0]._replace(texts=texts)])
    assert CODEC.texts_of(body, 0) == texts


@pytest.mark.parametrize(("body", "position"), [("[]", 0), ("{}", 0), ("[1]", 0), ('[{"user_id":"a"}]', 1), ("", 0)])
def test_a_body_that_is_none_of_ours_is_refused(body: str, position: int) -> None:
    with pytest.raises(JsonError):
        CODEC.texts_of(body, position)


def test_a_payment_twice_in_one_operation_is_a_bug_that_is_caught() -> None:
    with pytest.raises(AssertionError, match="twice"):
        CODEC.prepare(OPERATION_ID, [OUTGOING[0], OUTGOING[0]])


def test_a_send_carries_the_journaled_bytes_and_no_others() -> None:
    operation = record()._replace(target="/api/v1/user-bonuses?frozen", body='[{"frozen":1.50}]')
    assert CODEC.request(SendOperation(operation)) == WireRequest(
        "POST", "/api/v1/user-bonuses?frozen", b'[{"frozen":1.50}]'
    )


def test_each_question_has_its_address() -> None:
    operation = record()
    id_ = "26e130ad-3652-443a-8dc5-094791e48ef9"
    assert CODEC.request(ReadAccount()) == WireRequest("GET", "/api/v1/requester")
    assert CODEC.request(PollOperation(operation)) == WireRequest("GET", f"/api/v1/operations/{id_}")
    assert CODEC.request(ReadItems(operation)) == WireRequest("GET", f"/api/v1/operations/{id_}/log")


@pytest.mark.parametrize(
    ("call", "query"),
    [
        (ListPayments(None, ""), "sort=id&limit=300"),
        (ListPayments(None, "4712"), "sort=id&id_gt=4712&limit=300"),
        (ListPayments(0, ""), "sort=id&created_gte=1970-01-01T00:00:00.000&limit=300"),
        (
            ListPayments(1_795_341_600_250, "4712"),
            "sort=id&id_gt=4712&created_gte=2026-11-22T10:00:00.250&limit=300",
        ),
    ],
)
def test_a_list_of_bonuses_is_paged_by_id_and_bounded_by_time(call: ListPayments, query: str) -> None:
    assert CODEC.request(call) == WireRequest("GET", f"/api/v1/user-bonuses?{query}")


def test_a_list_of_operations_asks_for_bonus_operations_alone() -> None:
    assert CODEC.request(ListOperations(1_795_341_600_000, "abc")).target == (
        "/api/v1/operations?type=USER_BONUS.BATCH_CREATE&sort=id&id_gt=abc"
        "&submitted_gte=2026-11-22T10:00:00.000&limit=100"
    )


def test_a_payment_without_comment_keeps_the_word_that_stood_in_for_it_to_itself() -> None:
    bare = Outgoing(FIRST, "labels", "fac9", "", "", 1, Decimal("1.00"), ())
    _, body = CODEC.prepare(OPERATION_ID, [bare])
    assert '"private_comment":"bonusctl [labels/1]' in body
    assert CODEC.texts_of(body, 0) == ()
