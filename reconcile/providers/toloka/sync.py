"""Answers of the synchronous mode: results by position in the request, believed only where they fit what was sent.

Positions must name each payment of the request exactly once, as issued or as refused. An issued one must be for our
recipient and carry our marker; its amount is taken as Toloka states it. An issued one without any marker is paid, but
not known to be findable: it gets no proof here, and the list is left to show it.
"""

from collections.abc import Mapping
from typing import Final

from reconcile.model import parse_marker
from reconcile.providers.base import ItemResult
from reconcile.providers.toloka.payments import remote_id_of
from reconcile.providers.toloka.reply import OwnError, amount_of, field_errors, position_of, time_of
from reconcile.state.ledger import OperationItem, OperationRecord

_ALL_OR_NONE: Final = "skip_invalid_items=false"


def read_sync_answer(value: object, operation: OperationRecord) -> tuple[ItemResult, ...] | str:
    """The proofs in a 2xx to a list of bonuses, or why it is none that can be believed."""
    if not isinstance(value, dict) or "items" not in value:
        return "it shows no items by position"
    issued = _by_position(value["items"])
    refused = _by_position(value.get("validation_errors") or {})
    if issued is None or refused is None:
        return "its positions cannot be read"
    if sorted((*issued, *refused)) != list(range(len(operation.items))):
        return "its positions are not those of the payments that were sent"
    if issued and refused and _ALL_OR_NONE in operation.target:
        return "some were paid and some refused, but all or none was asked for"
    proofs: list[ItemResult] = []
    for position, item in enumerate(operation.items):
        proof = _issued(issued[position], item) if position in issued else _refused(refused[position], item)
        if isinstance(proof, str):
            return f"at position {position} {proof}"
        proofs.append(proof)
    made = [proof.remote_id for proof in proofs if proof.issued]
    if len(set(made)) != len(made):
        return "it shows one bonus at two positions"
    return tuple(proof for proof in proofs if not proof.issued or proof.recipient)


def read_refusals(error: OwnError, operation: OperationRecord) -> tuple[ItemResult, ...]:
    """What a refusal of a whole request says of single payments in it; () where it names none, or a position that
    was not sent.
    """
    count = len(operation.items)
    if len({position for position, _, _ in error.items}) != len(error.items):
        return ()
    if any(position >= count for position, _, _ in error.items):
        return ()
    return tuple(
        ItemResult(payment_id=operation.items[position].payment_id, issued=False, code=code, message=message)
        for position, code, message in error.items
    )


def _by_position(value: object) -> dict[int, object] | None:
    if not isinstance(value, dict):
        return None
    found: dict[int, object] = {}
    for name, entry in value.items():
        position = position_of(name)
        if position is None:
            return None
        found[position] = entry
    return found


def _issued(bonus: object, item: OperationItem) -> ItemResult | str:
    if not isinstance(bonus, Mapping):
        return "it shows no bonus"
    remote_id, amount = remote_id_of(bonus.get("id")), amount_of(bonus.get("amount"))
    if not remote_id or amount is None:
        return "it shows a bonus without id or amount"
    if bonus.get("user_id") != item.recipient:
        return "it shows a bonus for somebody else"
    comment = bonus.get("private_comment")
    marker = parse_marker(comment) if isinstance(comment, str) else None
    if marker is not None and marker.payment_id != item.payment_id:
        return "it shows another payment of ours"
    return ItemResult(
        payment_id=item.payment_id,
        issued=True,
        remote_id=remote_id,
        amount=amount,
        # Without our marker the list could never show it as ours: no recipient here means no proof.
        recipient=item.recipient if marker is not None else "",
        created_ms=time_of(bonus.get("created")),
    )


def _refused(errors: object, item: OperationItem) -> ItemResult | str:
    error = field_errors(errors)
    if error is None:
        return "it does not say what is wrong"
    return ItemResult(
        payment_id=item.payment_id, issued=False, recipient=item.recipient, code=error[0], message=error[1]
    )
