"""The recorded world of the Toloka tests: one operation of two bonuses, and what Toloka said of it."""

import json
import re
from decimal import Decimal
from typing import Any, Final

from reconcile import identity
from reconcile.model import marker
from reconcile.providers.base import Outgoing, WireResponse
from reconcile.providers.toloka.codec import TolokaCodec
from reconcile.state.ledger import OperationItem, OperationRecord

CODEC: Final = TolokaCodec(skip_invalid_items=True)
OPERATION_ID: Final = bytes.fromhex("26e130ad3652443a8dc5094791e48ef9")
OPERATION_TEXT: Final = "26e130ad-3652-443a-8dc5-094791e48ef9"
FIRST: Final = bytes.fromhex("6dd303c5a67157d6b149274d46b6b2f9")
SECOND: Final = bytes.fromhex("a2bff27f51fd532ca9f84b2928c11e79")
DATE: Final = {"date": "Sun, 22 Nov 2026 10:00:00 GMT"}
DATE_MS: Final = 1_795_341_600_000

OUTGOING: Final = (
    Outgoing(
        payment_id=FIRST,
        campaign="labels",
        recipient="fac97860c7929add8048ed2ef63b66fd",
        assignment_id="00001092da--61ef030400c684132d0da0de",
        key="",
        sequence=1,
        amount=Decimal("1.50"),
        texts=(("public_message", (("EN", "Thank you"),)), ("public_title", (("EN", "Great work!"),))),
    ),
    Outgoing(
        payment_id=SECOND,
        campaign="labels",
        recipient="a1b0b42923c429daa2c764d7ccfc364d",
        assignment_id="",
        key="quality",
        sequence=2,
        amount=Decimal("0.005"),
        texts=(("private_comment", "second week"), ("without_message", True)),
    ),
)


def record(count: int = 2, mode: str = "async") -> OperationRecord:
    """The journaled operation of the first `count` bonuses, sent once."""
    target, body = CODEC.prepare(OPERATION_ID, OUTGOING[:count])
    items = tuple(
        OperationItem(
            payment_id=payment.payment_id,
            bonus_id=identity.uuid5(payment.recipient),
            campaign=payment.campaign,
            recipient=payment.recipient,
            assignment_id=payment.assignment_id,
            key=payment.key,
            sequence=payment.sequence,
            attempt=1,
            amount=payment.amount,
            entry=bytes(32),
            open=True,
        )
        for payment in OUTGOING[:count]
    )
    return OperationRecord(1, OPERATION_ID, mode, target, body, 0, items, ())


def operation(status: str = "SUCCESS", **changes: Any) -> dict[str, Any]:
    """The operation as Toloka shows it at its end, or while it is under way."""
    shown: dict[str, Any] = {
        "id": OPERATION_TEXT,
        "type": "USER_BONUS.BATCH_CREATE",
        "status": status,
        "submitted": "2026-11-22T09:59:00",
        "started": "2026-11-22T09:59:01.250",
        "finished": "2026-11-22T09:59:02",
        "progress": 100,
        "parameters": {"skip_invalid_items": True},
        "details": {
            "total_count": 2,
            "valid_count": 2,
            "not_valid_count": 0,
            "success_count": 2,
            "failed_count": 0,
        },
    }
    return {**shown, **changes}


def echo(position: int) -> dict[str, Any]:
    """A bonus as the log repeats it: amounts as texts."""
    payment = OUTGOING[position]
    comment = "bonusctl" if position == 0 else "second week"
    return {
        "user_id": payment.recipient,
        "amount": str(payment.amount),
        "private_comment": comment + marker(payment.campaign, payment.key, payment.sequence, payment.payment_id),
    }


def log() -> list[dict[str, Any]]:
    """The first bonus was issued, the second refused."""
    return [
        {"type": "USER_BONUS_VALIDATE", "success": True, "input": echo(0), "output": {}},
        {"type": "USER_BONUS_PERSIST", "success": True, "input": echo(0), "output": {"user_bonus_id": "4711"}},
        {
            "type": "USER_BONUS_VALIDATE",
            "success": False,
            "input": echo(1),
            "output": {"user_id": {"code": "ENTITY_DOES_NOT_EXIST", "message": "There is no such user"}},
        },
    ]


def payments_page() -> dict[str, Any]:
    """A page of the list of bonuses: amounts and ids in both forms, times with and without fraction."""
    return {
        "items": [
            {"id": "4711", **echo(0), "created": "2026-11-22T09:59:02", "without_message": False},
            {"id": 4712, **echo(1), "amount": Decimal("0.005"), "created": "2026-11-22T09:59:02.500Z"},
        ],
        "has_more": True,
    }


def response(status: int, value: object, headers: dict[str, str] | None = None) -> WireResponse:
    """An answer with `value` as its JSON, or with these very bytes."""
    body = (
        value
        if isinstance(value, bytes)
        else re.sub(r'"<(-?[0-9.]+)>"', r"\1", json.dumps(value, default=_number)).encode()
    )
    return WireResponse(status, DATE if headers is None else headers, body)


def error(code: str, **more: Any) -> dict[str, Any]:
    """Toloka's own form of an error."""
    return {"request_id": "req-1", "code": code, "message": "What is wrong", **more}


def _number(value: object) -> str:
    """A decimal as a JSON number, by way of a text that `response` strips of its quotes."""
    assert isinstance(value, Decimal)
    return f"<{value}>"
