"""A page of issued bonuses read by column is the page read entry by entry."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.providers.base import PaymentsPage, Unread
from reconcile.providers.columns import ColumnPayments
from reconcile.providers.toloka.payments import _read_one_by_one, columns_of, read_payments_page
from reconcile.providers.toloka.reply import Reply

USUAL: dict[str, Any] = {
    "id": "7",
    "created": "2016-10-23T13:27:00",
    "user_id": "w1",
    "assignment_id": "a1",
    "amount": Decimal("1.5"),
    "private_comment": "good",
    "public_title": {"EN": "Great"},
}
ODD: dict[str, list[Any]] = {
    "id": [
        "8",
        "07",
        "+8",
        " 8",
        "8_0",
        "\u0668",
        "",
        "-8",
        "9" * 19,
        "9" * 20,
        "9" * 5000,
        8,
        8.0,
        True,
        None,
        [],
        {},
    ],
    "created": ["2016-10-23T13:27:01.5", "2016-10-23T13:27:01.500Z", "now", "", 5, None, [], {}],
    "user_id": ["w2", "", "x" * 256, "x" * 257, 5, None, [], {}],
    "assignment_id": ["", None, 0, False, 5, [], {}],
    "amount": [
        *(Decimal(text) for text in ("0", "-0", "-1", "1.50", "1e2", "1E-9", "1E-10", "1E+30", "0.0050")),
        *(5, 0, -1, True, "1.5", "x", "", None, [], {}),
    ],
    "private_comment": ["", None, 0, False, 5, [], {}],
    "public_title": [None, "x", {"EN": 5}, {}],
    "without_message": [True, False, "x"],
}


@st.composite
def entries(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Entries as Toloka lists them, now and then one with a value of another form, or without one."""
    found = []
    for number in draw(st.lists(st.integers(1, 30), max_size=5)) if draw(st.booleans()) else range(5):
        entry = {**USUAL, "id": str(10 + number)}
        for name in draw(st.lists(st.sampled_from([*ODD]), max_size=1)):
            entry[name] = draw(st.sampled_from(ODD[name]))
        for name in draw(st.lists(st.sampled_from([*USUAL]), max_size=1)) if draw(st.integers(0, 9)) == 0 else ():
            entry.pop(name, None)
        found.append(entry)
    return found


@given(entries(), st.sampled_from(["", "0", "9", "12"]), st.sampled_from(["", "13", "99"]), st.booleans())
def test_both_ways_say_the_same_of_any_page(
    items: list[dict[str, Any]], cursor: str, until: str, has_more: bool
) -> None:
    reply = Reply(status=200, value={"items": items, "has_more": has_more}, server_ms=5)
    plainly = _read_one_by_one(reply, items, cursor, until, has_more=has_more)
    found = read_payments_page(reply, cursor, until)
    assert found == plainly
    assert repr(found) == repr(plainly)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ODD.items() for value in values])
def test_both_ways_say_the_same_of_one_entry_with_an_odd_value(name: str, value: object) -> None:
    items = [{**USUAL, name: value}]
    reply = Reply(status=200, value={"items": items, "has_more": False})
    assert read_payments_page(reply, "") == _read_one_by_one(reply, items, "", "", has_more=False)


def test_a_page_of_the_usual_form_is_read_by_column() -> None:
    reply = Reply(status=200, value={"items": [USUAL], "has_more": False})
    page = read_payments_page(reply, "")
    assert isinstance(page, PaymentsPage)
    assert isinstance(page.payments, ColumnPayments)
    columns = page.payments.columns
    assert (columns.remote_ids, columns.numbers, columns.amount_texts) == (["7"], [7], ["1.50"])
    assert columns.created_ms == [1_477_229_220_000]


@pytest.mark.parametrize(("after", "read"), [(6, True), (7, False)])
def test_the_first_id_is_above_the_one_that_was_read_last(after: int, read: bool) -> None:
    assert (columns_of([USUAL], after=after) is not None) is read


@pytest.mark.parametrize(("until", "read"), [("8", True), ("7", True), ("6", False)])
def test_no_id_is_beyond_the_last_that_was_asked_for(until: str, read: bool) -> None:
    reply = Reply(status=200, value={"items": [USUAL], "has_more": False})
    assert isinstance(read_payments_page(reply, "", until), PaymentsPage if read else Unread)


def test_payments_of_columns_are_a_sequence_like_another() -> None:
    items = [{**USUAL, "id": str(number)} for number in range(1, 5)]
    page = read_payments_page(Reply(status=200, value={"items": items, "has_more": True}), "")
    assert isinstance(page, PaymentsPage)
    payments = page.payments
    ids = [one.remote_id for one in payments]
    assert (ids, len(payments), payments[-1].remote_id, page.next_cursor) == (["1", "2", "3", "4"], 4, "4", "4")
    assert [one.remote_id for one in payments[1:3]] == ["2", "3"]
    assert payments == tuple(payments)
    assert payments[0].texts == (("private_comment", "good"), ("public_title", (("EN", "Great"),)))
    with pytest.raises(IndexError):
        payments[4]
