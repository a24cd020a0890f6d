"""What we ask Toloka: the exact bytes of each request."""

import json
from collections.abc import Sequence
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _text
from typing import Final
from urllib.parse import quote

from reconcile import identity
from reconcile.model import Texts, TextValue, marker, parse_marker
from reconcile.money import format_amount
from reconcile.providers.base import (
    Call,
    ListOperations,
    ListPayments,
    Outgoing,
    PollOperation,
    ReadAccount,
    ReadAssignment,
    ReadItems,
    SendOperation,
    WireRequest,
)
from reconcile.providers.strict_json import JsonError, parse_json
from reconcile.times import format_time

OPERATION_TYPE: Final = "USER_BONUS.BATCH_CREATE"
PAYMENTS_PAGE: Final = 300
OPERATIONS_PAGE: Final = 100

# Stands before the marker where the user says nothing, so that a comment never begins with a blank.
DEFAULT_COMMENT: Final = "bonusctl"

_API: Final = "/api/v1"
_TEXT_FIELDS: Final = frozenset({"private_comment", "public_title", "public_message", "without_message"})


def target_of(operation_id: bytes, *, mode: str, skip_invalid_items: bool) -> str:
    """Path and query of a request for bonuses. The id goes along in either mode: it harms nowhere."""
    asynchronous = "true" if mode == "async" else "false"
    skip = "true" if skip_invalid_items else "false"
    query = f"async_mode={asynchronous}&operation_id={identity.to_text(operation_id)}&skip_invalid_items={skip}"
    return f"{_API}/user-bonuses?{query}"


def body_of(payments: Sequence[Outgoing]) -> str:
    """The JSON of a request for bonuses: always a list, so that results come by item."""
    assert payments, "an operation holds at least one payment"
    assert len({payment.payment_id for payment in payments}) == len(payments), "a payment stands twice in an operation"
    bonuses = [_bonus_json(payment) for payment in payments]
    # Toloka refuses a request that holds two equal bonuses for one worker: the markers make every two differ.
    assert len(set(bonuses)) == len(bonuses), "two bonuses of an operation are the same"
    return f"[{','.join(bonuses)}]"


def request_of(call: Call) -> WireRequest:
    """The bytes of a call."""
    match call:
        case ReadAccount():
            return WireRequest("GET", f"{_API}/requester")
        case SendOperation(operation):
            return WireRequest("POST", operation.target, operation.body.encode())
        case PollOperation(operation):
            return WireRequest("GET", f"{_API}/operations/{identity.to_text(operation.operation_id)}")
        case ReadItems(operation):
            return WireRequest("GET", f"{_API}/operations/{identity.to_text(operation.operation_id)}/log")
        case ReadAssignment(assignment_id):
            return WireRequest("GET", f"{_API}/assignments/{quote(assignment_id, safe='')}")
        case ListOperations(since_ms, cursor):
            after = f"&id_gt={cursor}" if cursor else ""
            since = f"&submitted_gte={_time(since_ms)}"
            query = f"type={OPERATION_TYPE}&sort=id{after}{since}&limit={OPERATIONS_PAGE}"
            return WireRequest("GET", f"{_API}/operations?{query}")
        case ListPayments(since_ms, cursor, _, until, newest):
            after = (f"&id_gt={cursor}" if cursor else "") + (f"&id_lte={until}" if until else "")
            since = f"&created_gte={_time(since_ms)}" if since_ms is not None else ""
            order, limit = ("-id", 1) if newest else ("id", PAYMENTS_PAGE)
            return WireRequest("GET", f"{_API}/user-bonuses?sort={order}{after}{since}&limit={limit}")


def texts_of_body(body: str, position: int) -> Texts:
    """What the payment at `position` of a frozen body said: the inverse of `body_of`. Raises JsonError if the body is
    none of ours.
    """
    bonuses = parse_json(body.encode())
    if not isinstance(bonuses, list) or not 0 <= position < len(bonuses) or not isinstance(bonuses[position], dict):
        raise JsonError("not a body of ours")
    return texts_of_fields(bonuses[position])


def texts_of_fields(bonus: dict[str, object]) -> Texts:
    """The texts in a bonus of Toloka's form, without our marker; fields of another type than theirs are left away."""
    found: list[tuple[str, TextValue]] = []
    comment = bonus.get("private_comment")
    if isinstance(comment, str) and (text := own_comment(comment)):
        found.append(("private_comment", text))
    for name in ("public_message", "public_title"):
        value = bonus.get(name)
        if isinstance(value, dict):
            by_language = tuple(sorted((key, text) for key, text in value.items() if isinstance(text, str)))
            if by_language:
                found.append((name, by_language))
    flag = bonus.get("without_message")
    if isinstance(flag, bool):
        found.append(("without_message", flag))
    return tuple(found)


def own_comment(comment: str) -> str:
    """The user's own part of a comment: without our marker, and "" where we stood in for it."""
    found = parse_marker(comment)
    if found is None:
        return comment
    end = comment.rstrip().removesuffix(marker(*found))
    return "" if end == DEFAULT_COMMENT else end


def _bonus_json(payment: Outgoing) -> str:
    comment, rest = _texts_json(payment.texts)
    # The marker stands last: it is what tells this payment from every other when it is listed.
    comment += marker(payment.campaign, payment.key, payment.sequence, payment.payment_id)
    assignment = f'"assignment_id":{_text(payment.assignment_id)},' if payment.assignment_id else ""
    amount = format_amount(payment.amount)
    return f'{{"user_id":{_text(payment.recipient)},"amount":{amount},{assignment}"private_comment":{_text(comment)}{rest}}}'


@lru_cache(maxsize=1024)
def _texts_json(texts: Texts) -> tuple[str, str]:
    """(the user's own comment, the JSON of the other fields with a comma before each)."""
    fields = dict(texts)
    unknown = fields.keys() - _TEXT_FIELDS
    assert not unknown, f"Toloka has no field {unknown}"
    comment = fields.pop("private_comment", "") or DEFAULT_COMMENT
    assert isinstance(comment, str)
    values = {name: dict(value) if isinstance(value, tuple) else value for name, value in sorted(fields.items())}
    return comment, "".join(f",{_text(name)}:{_json(value)}" for name, value in values.items())


def _json(value: object) -> str:
    """One value's JSON in plain ASCII: no encoding on the way can alter it."""
    return json.dumps(value, separators=(",", ":"))


def _time(at_ms: int) -> str:
    """Toloka's own form of a time: UTC without a zone."""
    return format_time(at_ms).removesuffix("Z")
