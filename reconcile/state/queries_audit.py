"""What guardrails and audits ask of a state: payments by time, amounts of a campaign, commits and gates."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from reconcile.model import PaymentStatus
from reconcile.state.codec import decode
from reconcile.state.events import SINGLES, GateClosed, GateOpened, StateCarried
from reconcile.state.ledger import PaidRow
from reconcile.state.queries import PAGE, Amounts, Source
from reconcile.state.queries_runs import span_of

_PAID: Final = (
    "SELECT p.payment_id, coalesce(b.recipient, p.recipient), p.amount, coalesce(p.created_ms, o.prepared_ms), p.bonus_id, "
    "coalesce(c.name, p.marker_campaign), coalesce(b.assignment_id, p.assignment_id), coalesce(b.key, p.marker_key) "
    "FROM payments p LEFT JOIN campaigns c ON c.campaign = p.campaign "
    "LEFT JOIN bonuses b ON b.campaign = p.campaign AND b.bonus_id = p.bonus_id "
    "LEFT JOIN operations o ON o.operation = p.operation "
)
_GATES: Final = ("gate_opened", "gate_closed", "state_carried")
_AGREED: Final = ("approval_recorded", "operations_prepared")


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


def count_rejected(source: Source, ledger: int) -> dict[str, int]:
    """How many bonuses were rejected at their newest attempt, by the campaign's name."""
    rows = source.rows(
        "SELECT c.name, count(*) FROM campaigns c JOIN bonuses b ON b.campaign = c.campaign "
        "WHERE c.ledger = ? AND b.rejected <> 0 GROUP BY c.name",
        ledger,
    )
    return dict(rows)


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
    span = span_of(source, run_id)
    sql = f"SELECT 1 FROM events WHERE sequence > ? AND sequence < ? AND kind IN ({', '.join('?' * len(_AGREED))})"  # noqa: S608
    return span is not None and source.row(sql, *span, *_AGREED) is not None


def open_gates(source: Source, sequence: int) -> frozenset[int]:
    """The ledgers whose gate was proved open at this event: by time, by an anchor, or on the emulator."""
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
                case GateOpened(ledger=ledger, reason=reason):
                    # Behind singles the window may not have passed: that they opened it proves nothing later.
                    found.setdefault(ledger, reason != SINGLES)
                case GateClosed(ledger=ledger):
                    found.setdefault(ledger, False)
                case StateCarried():
                    found |= dict.fromkeys(ledgers - found.keys(), False)
        below = rows[-1][0]
    return frozenset(ledger for ledger, was_open in found.items() if was_open)
