"""Issued bonuses as Toloka lists them."""

import re
from typing import Final

from reconcile.providers.base import PaymentsPage, RemotePayment, Unread
from reconcile.providers.toloka.operations import page_of
from reconcile.providers.toloka.reply import Reply, amount_of, time_of, unread
from reconcile.providers.toloka.requests import texts_of_fields

_DIGITS: Final = re.compile(r"[1-9][0-9]{0,18}|0", re.ASCII)
_NAME_LENGTH_MAX: Final = 256


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
    texts = tuple(text for text in texts_of_fields(item) if text != ("without_message", False))
    return RemotePayment(
        remote_id=remote_id,
        recipient=recipient,
        assignment_id=assignment_id or "",
        amount=amount,
        created_ms=created_ms,
        comment=comment or "",
        texts=texts,
    )
