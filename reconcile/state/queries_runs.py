"""What one run did, told by its events: each payment, their sums, and the approval that it went by.

A payment that the provider shows counts as issued where this state had journaled it, whoever proved it in the end, and as
adopted where it had not: the same for a run that wrote its sums and for one that was killed before it could.
"""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from reconcile.errors import StateCorrupt
from reconcile.money import EXACT, ZERO
from reconcile.state.codec import decode
from reconcile.state.events import (
    ApprovalRecorded,
    Event,
    OperationSettled,
    OperationsPrepared,
    PaymentResolved,
    PaymentsAdopted,
    PaymentsImported,
    Result,
)
from reconcile.state.ledger import RunPayment, RunSum
from reconcile.state.queries import IDS_PAGE, Source, altered
from reconcile.state.queries_payments import payment_by_id

EVENTS_PAGE: Final = 200
MARKS_PAGE: Final = 50
_TELLING: Final = ("operation_settled", "payments_adopted", "payment_resolved", "payments_imported")


def run_payments(source: Source, run_id: str) -> Iterator[RunPayment]:
    """What a run settled or adopted: its events are those from its beginning to its end, or to the next beginning."""
    for event in _events(source, run_id, _TELLING):
        for ledger, how, payment_id in _told(source, event):
            found = payment_by_id(source, payment_id, ledger)
            if found is None:
                raise source.missing(f"payment {payment_id.hex()}")
            yield RunPayment(ledger, how, found)


def run_sums(source: Source, run_id: str) -> tuple[RunSum, ...]:
    """The same, summed by ledger and `how`. What a person had called issued is not counted again once it shows."""
    decided = resolved_as_issued(source)
    sums: dict[tuple[int, str], tuple[int, Decimal]] = {}

    def add(ledger: int, how: str, amount: Decimal) -> None:
        count, before = sums.get((ledger, how), (0, ZERO))
        sums[ledger, how] = count + 1, EXACT.add(before, amount)

    for event in _events(source, run_id, _TELLING):
        match event:
            case OperationSettled(ledger=ledger, items=items):
                for item in items:
                    add(ledger, item.result.value, item.amount or ZERO)
            case PaymentsAdopted(ledger=ledger, payments=adopted):
                ours = _journaled(source, ledger, [payment.payment_id for payment in adopted])
                for payment in adopted:
                    if (ledger, payment.payment_id) not in decided:
                        add(ledger, "issued" if payment.payment_id in ours else "adopted", payment.amount)
            case PaymentsImported(ledger=ledger, payments=imported):
                for taken in imported:
                    add(ledger, "adopted", taken.amount)
            case PaymentResolved(ledger=ledger, payment_id=payment_id, result=result):
                known = payment_by_id(source, payment_id, ledger)
                add(ledger, result.value, ZERO if known is None else known.amount)
            case _:
                continue
    return tuple(RunSum(*key, *sums[key]) for key in sorted(sums))


def resolved_as_issued(source: Source) -> frozenset[tuple[int, bytes]]:
    """The payments of which a person said that they were made: (ledger, payment_id)."""
    if source.row("SELECT 1 FROM runs WHERE command LIKE 'state resolve%'") is None:
        return frozenset()
    found = source.rows("SELECT sequence, kind, body FROM events WHERE kind = 'payment_resolved'")
    events = (decode(kind, body, sequence=sequence) for sequence, kind, body in found)
    return frozenset(
        (event.ledger, event.payment_id)
        for event in events
        if isinstance(event, PaymentResolved) and event.result is Result.ISSUED
    )


def run_digest(source: Source, run_id: str) -> str:
    """The digest of the set that a run sends from, as its events tell; "" where they do not.

    A set that was on record before the run has no event in it: then it is the one that holds what the run prepared, if
    one alone does.
    """
    for event in _events(source, run_id, ("approval_recorded",)):
        assert isinstance(event, ApprovalRecorded)
        return event.digest
    holding: frozenset[str] | None = None
    for event in _events(source, run_id, ("operations_prepared",)):
        assert isinstance(event, OperationsPrepared)
        for operation in event.operations:
            for payment in operation.payments:
                found = frozenset(_sets_of(source, payment.payment_id, payment.entry))
                holding = found if holding is None else holding & found
        if holding is not None and len(holding) <= 1:
            break
    return next(iter(holding)) if holding and len(holding) == 1 else ""


def _sets_of(source: Source, payment_id: bytes, entry: bytes) -> Iterator[str]:
    # From the few sets to the payment: the entries are kept by set, and by payment within one.
    rows = source.rows(
        "SELECT a.digest FROM approvals a CROSS JOIN approval_entries e "
        "ON e.approval = a.approval AND e.payment_id = ? AND e.entry = ? WHERE a.recorded = a.total",
        payment_id,
        entry,
    )
    yield from (str(digest) for (digest,) in rows)


def span_of(source: Source, run_id: str) -> tuple[int, int] | None:
    """(number of the event that began the run, number of the first event that is no longer its own)."""
    after = below = 1 << 62
    # From the end: what is asked for is mostly among the newest.
    while marks := source.rows(
        "SELECT sequence, kind, body FROM events WHERE kind IN ('run_started', 'run_ended') AND sequence < ? "
        "ORDER BY sequence DESC LIMIT ?",
        below,
        MARKS_PAGE,
    ):
        for sequence, kind, body in marks:
            if kind == "run_started" and _run_of(sequence, body) == run_id:
                return sequence, after
            after = sequence
        below = after
    return None


def _run_of(sequence: int, body: str) -> object:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise altered("an event", body[:80]) from error
    if not isinstance(value, dict):
        raise StateCorrupt(f"Event {sequence} of the state cannot be read", remedy="bonusctl state verify")
    return value.get("run_id")


def _events(source: Source, run_id: str, kinds: Sequence[str]) -> Iterator[Event]:
    span = span_of(source, run_id)
    if span is None:
        return
    first, last = span
    while rows := source.rows(
        f"SELECT sequence, kind, body FROM events WHERE sequence > ? AND sequence < ? "  # noqa: S608 (our own words)
        f"AND kind IN ({', '.join('?' * len(kinds))}) ORDER BY sequence LIMIT ?",
        first,
        last,
        *kinds,
        EVENTS_PAGE,
    ):
        for sequence, kind, body in rows:
            yield decode(kind, body, sequence=sequence)
        first = rows[-1][0]


def _told(source: Source, event: Event) -> Iterator[tuple[int, str, bytes]]:
    """(ledger, how, payment_id) of each payment that an event tells of."""
    match event:
        case OperationSettled(ledger=ledger, items=items):
            yield from ((ledger, item.result.value, item.payment_id) for item in items)
        case PaymentsAdopted(ledger=ledger, payments=adopted):
            ours = _journaled(source, ledger, [payment.payment_id for payment in adopted])
            for payment in adopted:
                yield ledger, "issued" if payment.payment_id in ours else "adopted", payment.payment_id
        case PaymentsImported(ledger=ledger, payments=imported):
            yield from ((ledger, "imported", taken.payment_id) for taken in imported)
        case PaymentResolved(ledger=ledger, payment_id=payment_id, result=result):
            yield ledger, result.value, payment_id
        case _:
            return


def _journaled(source: Source, ledger: int, payment_ids: Sequence[bytes]) -> frozenset[bytes]:
    """Those of these payments that were in an open operation of this state when they showed."""
    found: set[bytes] = set()
    for start in range(0, len(payment_ids), IDS_PAGE):
        page = payment_ids[start : start + IDS_PAGE]
        rows = source.rows(
            "SELECT p.payment_id FROM payments p JOIN operation_items i "  # noqa: S608 (our own words)
            "ON i.operation = p.operation AND i.payment_id = p.payment_id "
            f"WHERE i.result = 'issued' AND p.ledger = ? AND p.payment_id IN ({', '.join('?' * len(page))})",
            ledger,
            *page,
        )
        found |= {payment_id for (payment_id,) in rows}
    return frozenset(found)
