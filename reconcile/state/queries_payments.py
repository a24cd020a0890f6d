"""What readers ask about payments and operations. An operation's text is read from the event that prepared it."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from reconcile import identity
from reconcile.model import PaymentStatus, SendOutcome, Texts
from reconcile.state.codec import Parts, decode_parts
from reconcile.state.events import AdoptedPayment, ImportedPayment, PaymentsImported, PreparedOperation
from reconcile.state.ledger import (
    IssuedContent,
    IssuedRow,
    KnownPayment,
    OperationItem,
    OperationRecord,
    RecordedPayment,
    RecordedSend,
)
from reconcile.state.queries import IDS_PAGE, PAGE, Amounts, Source, altered, one_ledger

OPERATIONS_PAGE: Final = 200

_PAYMENT: Final = (
    "SELECT p.payment_id, p.bonus_id, coalesce(c.name, p.marker_campaign), coalesce(b.recipient, p.recipient), "
    "coalesce(b.assignment_id, p.assignment_id), coalesce(b.key, p.marker_key), p.sequence, p.status, p.amount, "
    "p.attempt, p.attempt_alone, coalesce(o.sends, 0), o.operation_id, p.remote_id, p.created_ms, p.code, p.message "
    "FROM payments p LEFT JOIN campaigns c ON c.campaign = p.campaign "
    "LEFT JOIN bonuses b ON b.campaign = p.campaign AND b.bonus_id = p.bonus_id "
    "LEFT JOIN operations o ON o.operation = p.operation "
)
_STATUS: Final = {status.value: status for status in PaymentStatus}
_OUTCOMES: Final[dict[str | None, SendOutcome | None]] = {outcome.value: outcome for outcome in SendOutcome} | {
    None: None
}
_AMOUNTS: Final = Amounts()
_LISTED: Final = "status = 'issued' AND remote_id <> ''"


def _payment(row: tuple[Any, ...]) -> RecordedPayment:
    *name, status, amount, attempt, alone, sends, operation_id, remote_id, created_ms, code, message = row
    if status not in _STATUS:
        raise altered("a payment's status", status)
    tried = attempt, alone, sends > 0, operation_id
    known = _STATUS[status], _AMOUNTS[amount], *tried, remote_id, created_ms, code, message
    return RecordedPayment._make((*name, *known))


# --- payments --------------------------------------------------------------------------------------------------------


def payments(source: Source, bonus_id: bytes, ledger: int | None) -> tuple[RecordedPayment, ...]:
    """A bonus's payments, by sequence."""
    found = source.rows(
        "SELECT b.campaign, c.ledger FROM bonuses b CROSS JOIN campaigns c "
        "WHERE b.bonus_id = ? AND c.campaign = b.campaign AND coalesce(?, c.ledger) = c.ledger",
        bonus_id,
        ledger,
    )
    bonus = one_ledger(found, f"Bonus {identity.to_text(bonus_id)}")
    if bonus is None:
        return ()
    rows = source.rows(f"{_PAYMENT} WHERE p.campaign = ? AND p.bonus_id = ? ORDER BY p.sequence", bonus[0], bonus_id)
    return tuple(_payment(row) for row in rows)


def all_payments(source: Source, ledger: int, campaign: str | None) -> Iterator[RecordedPayment]:
    """Payments by campaign, bonus and sequence; unattributed ones last."""
    found = source.rows(
        "SELECT name, project, campaign FROM campaigns WHERE ledger = ? AND coalesce(?, name) = name",
        ledger,
        campaign,
    )
    for _, _, number in sorted(found):
        yield from _campaign_payments(source, number)
    for payment in unattributed(source, ledger):
        if campaign is None or payment.campaign == campaign:
            yield payment


def _campaign_payments(source: Source, number: int) -> Iterator[RecordedPayment]:
    last = b"", 0
    sql = (
        f"{_PAYMENT} WHERE p.campaign = ? AND (p.bonus_id, p.sequence) > (?, ?) ORDER BY p.bonus_id, p.sequence LIMIT ?"
    )
    while rows := source.rows(sql, number, *last, PAGE):
        payment = None
        for row in rows:
            payment = _payment(row)
            yield payment
        assert payment is not None
        assert payment.bonus_id is not None
        last = payment.bonus_id, payment.sequence


def unattributed(source: Source, ledger: int) -> Iterator[RecordedPayment]:
    """Issued payments of ours that no bonus is known for."""
    sql = (
        f"{_PAYMENT} WHERE p.campaign IS NULL AND p.bonus_id IS NULL AND p.ledger = ? "
        "AND (p.sequence, p.payment_id) > (?, ?) ORDER BY p.sequence, p.payment_id LIMIT ?"
    )
    yield from _paged(source, sql, ledger, (0, b""), lambda payment: (payment.sequence, payment.payment_id))


def imported(source: Source, ledger: int) -> Iterator[RecordedPayment]:
    """Payments that an import took over, by remote id."""
    sql = (
        f"{_PAYMENT} WHERE p.ledger = ? AND p.code = 'imported' AND (p.remote_id, p.payment_id) > (?, ?) "
        "ORDER BY p.remote_id, p.payment_id LIMIT ?"
    )
    yield from _paged(source, sql, ledger, ("", b""), lambda payment: (payment.remote_id, payment.payment_id))


def _paged(
    source: Source,
    sql: str,
    ledger: int,
    first: tuple[int | str, bytes],
    place: Callable[[RecordedPayment], tuple[int | str, bytes]],
) -> Iterator[RecordedPayment]:
    """Payments page by page, each page after the `place` of the last one's end: no cursor stays open in between."""
    last = first
    while rows := [_payment(row) for row in source.rows(sql, ledger, *last, PAGE)]:
        yield from rows
        last = place(rows[-1])


def payment_by_id(source: Source, payment_id: bytes, ledger: int | None) -> RecordedPayment | None:
    """One payment."""
    found = source.rows(f"{_PAYMENT} WHERE p.payment_id = ? AND coalesce(?, p.ledger) = p.ledger", payment_id, ledger)
    row = one_ledger(found, f"Payment {identity.to_text(payment_id)}")
    return _payment(row) if row else None


def known_payments(source: Source, ledger: int, payment_ids: Sequence[bytes]) -> dict[bytes, KnownPayment]:
    """Those of these payments that the ledger knows."""
    found: dict[bytes, KnownPayment] = {}
    for start in range(0, len(payment_ids), IDS_PAGE):
        page = payment_ids[start : start + IDS_PAGE]
        rows = source.rows(
            "SELECT payment_id, bonus_id, sequence, status, remote_id, code FROM payments "  # noqa: S608 (our own words)
            f"WHERE ledger = ? AND payment_id IN ({', '.join('?' * len(page))})",
            ledger,
            *page,
        )
        for payment_id, bonus_id, sequence, status, remote_id, code in rows:
            if status not in _STATUS:
                raise altered("a payment's status", status)
            found[payment_id] = KnownPayment(bonus_id, sequence, _STATUS[status], remote_id, code)
    return found


def issued_rows(source: Source, ledger: int, payment_ids: Sequence[bytes]) -> list[IssuedRow]:
    """Those of these payments that are issued under an id of the provider's."""
    found: list[IssuedRow] = []
    for start in range(0, len(payment_ids), IDS_PAGE):
        page = payment_ids[start : start + IDS_PAGE]
        found += source.rows(_issued_sql(len(page)), ledger, *page)
    return found


@lru_cache(maxsize=8)
def _issued_sql(count: int) -> str:
    # Made once for each length: most pages of a list are equally long.
    return (
        "SELECT payment_id, bonus_id, sequence, remote_id, amount FROM payments "  # noqa: S608 (our own words)
        f"WHERE ledger = ? AND payment_id IN ({', '.join('?' * count)}) AND {_LISTED}"
    )


def count_listed(source: Source, ledger: int) -> int:
    """How many payments are issued under an id of the provider's."""
    sql = f"SELECT count(*) FROM payments WHERE ledger = ? AND {_LISTED}"  # noqa: S608 (our own words)
    count: int = source.row(sql, ledger)[0]
    return count


def issued_content(source: Source, payment_id: bytes, ledger: int | None) -> IssuedContent | None:
    """Where an issued payment's texts can be read."""
    found = source.rows(
        "SELECT p.status, p.told_event, p.told_position, p.operation FROM payments p "
        "WHERE p.payment_id = ? AND coalesce(?, p.ledger) = p.ledger",
        payment_id,
        ledger,
    )
    row = one_ledger(found, f"Payment {identity.to_text(payment_id)}")
    if row is None or row[0] != PaymentStatus.ISSUED:
        return None
    _, told_event, told_position, operation = row
    if told_event is not None:
        return IssuedContent(_told(source, told_event, told_position), "", 0)
    if operation is None:
        return None
    place = source.row(
        "SELECT o.event, o.position, i.position FROM operations o "
        "JOIN operation_items i ON i.operation = o.operation WHERE o.operation = ? AND i.payment_id = ?",
        operation,
        payment_id,
    )
    if place is None:
        raise source.missing(f"the operation of payment {identity.to_text(payment_id)}")
    frozen: PreparedOperation = _parts(source, place[0], "operations", PreparedOperation).item(place[1])
    return IssuedContent(None, frozen.body, place[2])


def _told(source: Source, event: int, position: int) -> Texts:
    """What a payment said, by the event in which it was adopted or imported."""
    row = source.row("SELECT kind FROM events WHERE sequence = ?", event)
    part_type = ImportedPayment if row is not None and row[0] == PaymentsImported.kind else AdoptedPayment
    told: AdoptedPayment | ImportedPayment = _parts(source, event, "payments", part_type).item(position)
    return told.texts


def _parts(source: Source, event: int, name: str, part_type: type[Any]) -> Parts:
    row = source.row("SELECT body FROM events WHERE sequence = ?", event)
    if row is None:
        raise source.missing(f"event {event}")
    return decode_parts(row[0], name, part_type, sequence=event)


# --- operations ------------------------------------------------------------------------------------------------------


def open_operations(source: Source, ledger: int) -> Iterator[OperationRecord]:
    """Operations with open payments, in the order they were prepared."""
    last, event, parts = 0, 0, None
    while rows := source.rows(
        "SELECT operation, event, position, prepared_ms FROM operations "
        "WHERE ledger = ? AND operation > ? AND open_count > 0 ORDER BY operation LIMIT ?",
        ledger,
        last,
        OPERATIONS_PAGE,
    ):
        last = rows[-1][0]
        numbers = [row[0] for row in rows]
        unsettled, sends = _open_items(source, numbers), _sends(source, numbers)
        for number, operation_event, position, prepared_ms in rows:
            if parts is None or operation_event != event:
                event, parts = operation_event, _parts(source, operation_event, "operations", PreparedOperation)
            frozen: PreparedOperation = parts.item(position)
            yield _operation(frozen, prepared_ms, unsettled.get(number, frozenset()), tuple(sends.get(number, ())))


def _open_items(source: Source, numbers: list[int]) -> dict[int, set[bytes]]:
    found: dict[int, set[bytes]] = {}
    marks = ", ".join("?" * len(numbers))
    sql = f"SELECT operation, payment_id FROM operation_items WHERE operation IN ({marks}) AND result = ''"  # noqa: S608
    for number, payment_id in source.rows(sql, *numbers):
        found.setdefault(number, set()).add(payment_id)
    return found


def _sends(source: Source, numbers: list[int]) -> dict[int, list[RecordedSend]]:
    found: dict[int, list[RecordedSend]] = {}
    sql = (
        "SELECT operation, send, at_ms, boot_id, boottime_ms, outcome, server_ms FROM sends "  # noqa: S608
        f"WHERE operation IN ({', '.join('?' * len(numbers))}) ORDER BY operation, send"
    )
    for number, send, at_ms, boot_id, boottime_ms, outcome, server_ms in source.rows(sql, *numbers):
        if outcome not in _OUTCOMES:
            raise altered("what a send proved", outcome)
        proved = _OUTCOMES[outcome]
        found.setdefault(number, []).append(RecordedSend(send, at_ms, boot_id, boottime_ms, proved, server_ms))
    return found


def _operation(
    frozen: PreparedOperation,
    prepared_ms: int,
    unsettled: set[bytes] | frozenset[bytes],
    sends: tuple[RecordedSend, ...],
) -> OperationRecord:
    items = tuple(
        OperationItem(
            payment.payment_id,
            payment.bonus.bonus_id,
            payment.bonus.campaign,
            payment.bonus.recipient,
            payment.bonus.assignment_id,
            payment.bonus.key,
            payment.sequence,
            payment.attempt,
            payment.amount,
            payment.entry,
            payment.payment_id in unsettled,
        )
        for payment in frozen.payments
    )
    return OperationRecord(
        frozen.operation, frozen.operation_id, frozen.mode, frozen.target, frozen.body, prepared_ms, items, sends
    )


def count_open(source: Source, ledger: int) -> int:
    """How many operations are open."""
    number: int = source.row("SELECT count(*) FROM operations WHERE ledger = ? AND open_count > 0", ledger)[0]
    return number
