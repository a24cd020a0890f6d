"""An operation's log, read for proofs: which of its payments were made, and which were refused.

A payment without an entry of its own, and one whose entries contradict each other, gets no result: it stays open, and
the list of issued bonuses decides.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from reconcile.model import parse_marker
from reconcile.providers.base import ItemResult, ItemsSeen
from reconcile.providers.toloka.payments import remote_id_of
from reconcile.providers.toloka.reply import amount_of, code_and_message, field_errors
from reconcile.state.ledger import OperationItem, OperationRecord

_PERSIST: Final = "USER_BONUS_PERSIST"
_VALIDATE: Final = "USER_BONUS_VALIDATE"
_INDEX: Final = "__item_idx"


def read_log(value: object, operation: OperationRecord) -> ItemsSeen | None:
    """The proofs in a log (a list, or a page of one); None if the value is no log."""
    if isinstance(value, dict):
        value = value.get("items")
    if not isinstance(value, list):
        return None
    found: dict[bytes, list[ItemResult]] = {}
    for entry in value:
        result = _proof(entry, operation.items) if isinstance(entry, dict) else None
        if result is not None:
            found.setdefault(result.payment_id, []).append(result)
    # The same entry twice is one proof; two different ones cancel each other.
    return ItemsSeen(items=tuple(results[0] for results in found.values() if len(set(results)) == 1))


def _proof(entry: Mapping[str, object], items: Sequence[OperationItem]) -> ItemResult | None:
    kind, success, output = entry.get("type"), entry.get("success"), entry.get("output")
    given = entry.get("input")
    if not isinstance(output, dict) or not isinstance(given, dict):
        return None
    item = _match(given, items)
    if item is None:
        return None
    if kind == _PERSIST and success is True:
        return _issued(given, output, item)
    if kind in (_PERSIST, _VALIDATE) and success is False:
        return _refused(given, output, item)
    return None


def _issued(given: Mapping[str, object], output: Mapping[str, object], item: OperationItem) -> ItemResult | None:
    remote_id = remote_id_of(output.get("user_bonus_id"))
    if not remote_id:
        return None
    recipient = given.get("user_id")
    return ItemResult(
        payment_id=item.payment_id,
        issued=True,
        remote_id=remote_id,
        amount=amount_of(given.get("amount")),
        recipient=recipient if isinstance(recipient, str) else "",
    )


def _refused(given: Mapping[str, object], output: Mapping[str, object], item: OperationItem) -> ItemResult | None:
    """A refusal frees its payment to be made again, so it must be of this very payment, and say why."""
    if "user_bonus_id" in output or given.get("user_id") != item.recipient:
        return None
    if amount_of(given.get("amount")) != item.amount:
        return None
    error = code_and_message(output) or field_errors(output)
    if error is None:
        return None
    return ItemResult(
        payment_id=item.payment_id, issued=False, recipient=item.recipient, code=error[0], message=error[1]
    )


def _match(given: Mapping[str, object], items: Sequence[OperationItem]) -> OperationItem | None:
    """The payment that an entry is about: by our marker, else by position, else by recipient and amount if one fits."""
    comment = given.get("private_comment")
    found = parse_marker(comment) if isinstance(comment, str) else None
    if found is not None:
        return next((item for item in items if item.payment_id == found.payment_id), None)
    if _INDEX in given:
        index = given[_INDEX]
        if isinstance(index, str) and index.isascii() and index.isdigit() and len(index) <= 6:
            index = int(index)
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(items):
            return None
        return items[index] if given.get("user_id") == items[index].recipient else None
    amount = amount_of(given.get("amount"))
    fitting = [item for item in items if (item.recipient, item.amount) == (given.get("user_id"), amount)]
    return fitting[0] if len(fitting) == 1 else None
