"""What guardrails and audits ask of a state: payments by time, amounts of a campaign, what one run did."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from reconcile.errors import StateCorrupt
from reconcile.model import PaymentStatus
from reconcile.state.codec import decode
from reconcile.state.events import (
    GateClosed,
    GateOpened,
    OperationSettled,
    PaymentResolved,
    PaymentsAdopted,
    PaymentsImported,
    StateCarried,
)
from reconcile.state.ledger import PaidRow, RunPayment
from reconcile.state.queries import PAGE, Amounts, Source, altered
from reconcile.state.queries_payments import payment_by_id

_PAID: Final = (
    "SELECT p.payment_id, coalesce(b.recipient, p.recipient), p.amount, coalesce(p.created_ms, o.prepared_ms), p.bonus_id, "
    "coalesce(c.name, p.marker_campaign), coalesce(b.assignment_id, p.assignment_id), coalesce(b.key, p.marker_key) "
    "FROM payments p LEFT JOIN campaigns c ON c.campaign = p.campaign "
    "LEFT JOIN bonuses b ON b.campaign = p.campaign AND b.bonus_id = p.bonus_id "
    "LEFT JOIN operations o ON o.operation = p.operation "
)
_GATES: Final = ("gate_opened", "gate_closed", "state_carried")
_AGREED: Final = ("approval_recorded", "operations_prepared")
_TELLING: Final = ("operation_settled", "payments_adopted", "payment_resolved", "payments_imported")


def paid_since(source: Source, ledger: int, at_ms: int) -> Iterator[PaidRow]:
    """Payments issued after a moment, by time, then those without a time whose operation was prepared after it."""
    amounts = Amounts()
    last = at_ms, b"\xff" * 16
    sql = (
        f"{_PAID} WHERE p.ledger = ? AND (p.created_ms, p.payment_id) > (?, ?) AND p.status = ? "
        "ORDER BY p.created_ms, p.payment_id LIMIT ?"
    )
    while rows := source.rows(sql, ledger, *last, PaymentStatus.ISSUED.value, PAGE):
        yield from (_paid(row, amounts) for row in rows)
        last = rows[-1][3], rows[-1][0]
    without_time = (
        f"{_PAID} WHERE p.ledger = ? AND p.created_ms IS NULL AND p.status IN (?, ?) AND o.prepared_ms > ? "
        "ORDER BY p.payment_id"
    )
    found = source.rows(without_time, ledger, PaymentStatus.ISSUED.value, PaymentStatus.PREPARED.value, at_ms)
    yield from (_paid(row, amounts) for row in found)


def _paid(row: tuple[Any, ...], amounts: Amounts) -> PaidRow:
    _, recipient, amount, at_ms, bonus_id, campaign, assignment_id, key = row
    return PaidRow(recipient, amounts[amount], at_ms, bonus_id, campaign, assignment_id, key)


def issued_amounts(source: Source, ledger: int, project: str, campaign: str) -> Iterator[tuple[Decimal, int]]:
    """What a campaign's bonuses were paid: (amount, how many bonuses), one for each amount."""
    amounts = Amounts()
    rows = source.rows(
        "SELECT b.issued, count(*) FROM campaigns c JOIN bonuses b ON b.campaign = c.campaign "
        "WHERE c.ledger = ? AND c.project = ? AND c.name = ? AND b.issued_count > 0 GROUP BY b.issued ORDER BY b.issued",
        ledger,
        project,
        campaign,
    )
    for amount, count in rows:
        yield amounts[amount], count


def applied_commit(source: Source) -> str:
    """The git commit of the newest apply whose plan was agreed to; "" if none has one.

    A run that was cut off did not record what it was agreed to: it counts if it prepared a payment or an approval.
    """
    below = 1 << 62
    while rows := source.rows(
        "SELECT epoch, run_id, git_commit, ended_ms, plan_digest FROM runs WHERE command LIKE 'apply%' "
        "AND git_commit <> '' AND epoch < ? ORDER BY epoch DESC LIMIT 20",
        below,
    ):
        for _, run_id, commit, ended_ms, plan_digest in rows:
            if plan_digest or (ended_ms is None and _agreed(source, run_id)):
                return str(commit)
        below = rows[-1][0]
    return ""


def _agreed(source: Source, run_id: str) -> bool:
    span = _span(source, run_id)
    sql = f"SELECT 1 FROM events WHERE sequence > ? AND sequence < ? AND kind IN ({', '.join('?' * len(_AGREED))})"  # noqa: S608
    return span is not None and source.row(sql, *span, *_AGREED) is not None


def open_gates(source: Source, sequence: int) -> frozenset[int]:
    """The ledgers whose gate was open at this event."""
    found: dict[int, bool] = {}
    ledgers = {number for (number,) in source.rows("SELECT ledger FROM ledgers")}
    below = sequence + 1
    # Backwards, a few at a time: what a gate was last told stands near, and it alone counts.
    while found.keys() < ledgers and (
        rows := source.rows(
            "SELECT sequence, kind, body FROM events WHERE sequence < ? "  # noqa: S608 (our own words)
            f"AND kind IN ({', '.join('?' * len(_GATES))}) ORDER BY sequence DESC LIMIT 5",
            below,
            *_GATES,
        )
    ):
        for number, kind, body in rows:
            match decode(kind, body, sequence=number):
                case GateOpened(ledger=ledger):
                    found.setdefault(ledger, True)
                case GateClosed(ledger=ledger):
                    found.setdefault(ledger, False)
                case StateCarried():
                    found |= dict.fromkeys(ledgers - found.keys(), False)
        below = rows[-1][0]
    return frozenset(ledger for ledger, was_open in found.items() if was_open)


# --- one run ---------------------------------------------------------------------------------------------------------


def run_payments(source: Source, run_id: str) -> Iterator[RunPayment]:
    """What a run settled or adopted: its events are those from its beginning to its end, or to the next beginning."""
    span = _span(source, run_id)
    if span is None:
        return
    first, last = span
    while rows := source.rows(
        f"SELECT sequence, kind, body FROM events WHERE sequence > ? AND sequence < ? "  # noqa: S608 (our own words)
        f"AND kind IN ({', '.join('?' * len(_TELLING))}) ORDER BY sequence LIMIT 200",
        first,
        last,
        *_TELLING,
    ):
        for sequence, kind, body in rows:
            yield from _told(source, decode(kind, body, sequence=sequence))
        first = rows[-1][0]


def _span(source: Source, run_id: str) -> tuple[int, int] | None:
    """(number of the event that began the run, number of the first event that is no longer its own)."""
    first = None
    marks = source.rows(
        "SELECT sequence, kind, body FROM events WHERE kind IN ('run_started', 'run_ended') ORDER BY sequence"
    )
    for sequence, kind, body in marks:
        if first is not None:
            return first, sequence
        if kind == "run_started" and _run_of(sequence, body) == run_id:
            first = sequence
    return None if first is None else (first, 1 << 62)


def _run_of(sequence: int, body: str) -> object:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise altered("an event", body[:80]) from error
    if not isinstance(value, dict):
        raise StateCorrupt(f"Event {sequence} of the state cannot be read", remedy="bonusctl state verify")
    return value.get("run_id")


def _told(source: Source, event: object) -> Iterator[RunPayment]:
    match event:
        case OperationSettled(ledger=ledger, items=items):
            for item in items:
                yield _of(source, ledger, item.result.value, item.payment_id)
        case PaymentsAdopted(ledger=ledger, payments=adopted):
            for payment in adopted:
                yield _of(source, ledger, "adopted", payment.payment_id)
        case PaymentsImported(ledger=ledger, payments=imported):
            for taken in imported:
                yield _of(source, ledger, "imported", taken.payment_id)
        case PaymentResolved(ledger=ledger, payment_id=payment_id, result=result):
            yield _of(source, ledger, result.value, payment_id)
        case _:
            return


def _of(source: Source, ledger: int, how: str, payment_id: bytes) -> RunPayment:
    found = payment_by_id(source, payment_id, ledger)
    if found is None:
        raise source.missing(f"payment {payment_id.hex()}")
    return RunPayment(ledger, how, found)
