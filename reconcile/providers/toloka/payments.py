"""Issued bonuses as Toloka lists them."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from operator import lt
from typing import Final, cast

from reconcile.model import Texts
from reconcile.money import format_amount
from reconcile.providers.base import PaymentsPage, RemotePayment, Unread
from reconcile.providers.columns import ColumnPayments, Columns
from reconcile.providers.toloka.operations import page_of
from reconcile.providers.toloka.reply import Reply, amount_of, time_of, unread
from reconcile.providers.toloka.requests import texts_of_fields

_DIGITS: Final = re.compile(r"[1-9][0-9]{0,18}|0", re.ASCII)
_NAME_LENGTH_MAX: Final = 256
_NUMBER_OVER: Final = 10**19
_NO_AMOUNT: Final = (Decimal(-1), "")
_TEXTS: Final[frozenset[type]] = frozenset({str})
_TEXTS_OR_NONE: Final[frozenset[type]] = frozenset({str, type(None)})
_NUMBERS: Final[frozenset[type]] = frozenset({int, Decimal})


def remote_id_of(value: object) -> str:
    """The id of a bonus, a text of digits or a number, as text; "" where it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if 0 <= value < 10**19 else ""
    return value if isinstance(value, str) and _DIGITS.fullmatch(value) else ""


def read_payments_page(reply: Reply, cursor: str, until: str = "") -> PaymentsPage | Unread:
    """A page of issued bonuses. One entry that cannot be read, or that is out of order or bounds, makes the whole page
    unread: a scan with a hole would let something be paid again.
    """
    page = page_of(reply.value)
    if isinstance(page, str):
        return unread(reply, message=page)
    items, has_more = page
    columns = columns_of(items, after=int(cursor) if cursor else -1)
    if columns is not None and not (until and columns.numbers[-1] > int(until)):
        payments = ColumnPayments(columns, lambda position: _texts(items[position]))
        last_id = columns.remote_ids[-1]
        return PaymentsPage(payments=payments, next_cursor=last_id if has_more else "", server_ms=reply.server_ms)
    return _read_one_by_one(reply, items, cursor, until, has_more=has_more)


def _read_one_by_one(
    reply: Reply, items: Sequence[dict[str, object]], cursor: str, until: str, *, has_more: bool
) -> PaymentsPage | Unread:
    """Each entry by itself: which of them cannot be read, and the forms of values that columns leave to this."""
    found: list[RemotePayment] = []
    last = int(cursor) if cursor else -1
    for item in items:
        payment = _payment(item)
        if payment is None:
            shown = remote_id_of(item.get("id")) or "without an id"
            return unread(reply, message=f"a bonus of the list cannot be read: {shown}")
        number = int(payment.remote_id)
        if number <= last:
            return unread(reply, message=f"the list of bonuses is not in the order of its ids at {number}")
        last = number
        found.append(payment)
    if until and last > int(until):
        return unread(reply, message=f"the list of bonuses goes beyond the last id that was asked for, to {last}")
    if has_more and not found:
        return unread(reply, message="the list of bonuses says that it goes on, but does not")
    return PaymentsPage(
        payments=tuple(found), next_cursor=found[-1].remote_id if has_more else "", server_ms=reply.server_ms
    )


def columns_of(items: Sequence[dict[str, object]], *, after: int) -> Columns | None:
    """A page's columns, where every entry has the usual form, with ids that rise from above `after`. None says nothing
    against the page: whoever reads it entry by entry finds the same payments, or what is wrong with them.
    """
    try:
        ids = [item["id"] for item in items]
        recipients = [item["user_id"] for item in items]
        times = [item["created"] for item in items]
        given = [item["amount"] for item in items]
    except KeyError:
        return None
    assignments = [item.get("assignment_id") for item in items]
    comments = [item.get("private_comment") for item in items]
    numbers = _rising(ids, after)
    if numbers is None or not _are(_TEXTS, recipients) or not _are(_TEXTS, times):
        return None
    if not _are(_TEXTS_OR_NONE, assignments) or not _are(_TEXTS_OR_NONE, comments) or not _are(_NUMBERS, given):
        return None
    lengths = set(map(len, cast("list[str]", recipients)))
    amounts = [_amount(text) for text in map(str, given)]
    created = {text: time_of(text) for text in set(times)}
    if 0 in lengths or max(lengths) > _NAME_LENGTH_MAX or _NO_AMOUNT in amounts or None in created.values():
        return None
    return Columns(
        remote_ids=cast("list[str]", ids),
        numbers=numbers,
        recipients=cast("list[str]", recipients),
        assignment_ids=[text or "" for text in cast("list[str | None]", assignments)],
        amounts=[amount for amount, _ in amounts],
        amount_texts=[text for _, text in amounts],
        created_ms=[cast("int", created[text]) for text in times],
        comments=[text or "" for text in cast("list[str | None]", comments)],
    )


def _are(types: frozenset[type], values: Sequence[object]) -> bool:
    return types.issuperset(map(type, values))


def _rising(ids: Sequence[object], after: int) -> Sequence[int] | None:
    """The ids as numbers, if they are texts of digits, each in its usual form and above the one before."""
    if not ids or not _are(_TEXTS, ids):
        return None
    try:
        numbers = list(map(int, cast("Sequence[str]", ids)))
    except ValueError:
        return None
    rises = numbers[0] > after and all(map(lt, numbers, numbers[1:]))
    # What is written back as it came has no sign, no blank, no leading zero and no digit but ours.
    usual = rises and numbers[-1] < _NUMBER_OVER and list(map(str, numbers)) == ids
    return numbers if usual else None


@lru_cache(maxsize=4096)
def _amount(text: str) -> tuple[Decimal, str]:
    """The amount of a JSON number's text, and its own text; `_NO_AMOUNT` where it is none."""
    amount = amount_of(Decimal(text))
    return _NO_AMOUNT if amount is None else (amount, format_amount(amount))


def _texts(item: dict[str, object]) -> Texts:
    return tuple(text for text in texts_of_fields(item) if text != ("without_message", False))


def _payment(item: dict[str, object]) -> RemotePayment | None:
    remote_id = remote_id_of(item.get("id"))
    recipient = item.get("user_id")
    assignment_id = item.get("assignment_id")
    comment = item.get("private_comment")
    amount = amount_of(item.get("amount"))
    created_ms = time_of(item.get("created"))
    if not remote_id or amount is None or created_ms is None:
        return None
    if not isinstance(recipient, str) or not 0 < len(recipient) <= _NAME_LENGTH_MAX:
        return None
    if not isinstance(assignment_id, str | None) or not isinstance(comment, str | None):
        return None
    return RemotePayment(
        remote_id=remote_id,
        recipient=recipient,
        assignment_id=assignment_id or "",
        amount=amount,
        created_ms=created_ms,
        comment=comment or "",
        texts=_texts(item),
    )
