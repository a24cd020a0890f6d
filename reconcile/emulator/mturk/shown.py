"""MTurk's side of the emulator for people and tests: what the control API tells, and the rows of the page."""

from decimal import Decimal
from typing import NamedTuple

from reconcile.emulator.ledger import Ledger
from reconcile.emulator.mturk.store import Bonus, bonuses, count_bonuses, newest_bonuses
from reconcile.emulator.options import Options
from reconcile.money import add, format_amount
from reconcile.times import format_time

CURRENCY = "USD"


class Table(NamedTuple):
    """A table of the page: a title, and cells as (class, text), the text not escaped yet."""

    title: str
    head: tuple[tuple[str, str], ...]
    rows: tuple[tuple[tuple[str, str], ...], ...]


def mturk_json(ledger: Ledger, options: Options) -> dict[str, object]:
    """Everything that the ledger holds of MTurk, sums made anew from the bonuses."""
    rows = bonuses(ledger.connection)
    names = sorted({options.mturk_account, *(row.account for row in rows)})
    return {
        "currency": CURRENCY,
        "accounts": [
            {"id": name, "balance": format_amount(ledger.balance(name, options.mturk_balance))} for name in names
        ],
        "payments": [_payment_json(row) for row in rows],
        "late": int(ledger.connection.execute("SELECT count(*) FROM mturk_late").fetchone()[0]),
        "sums": {"payments": len(rows), "amount": format_amount(add(Decimal(row.amount) for row in rows))},
    }


def newest_table(ledger: Ledger, limit: int) -> Table | None:
    """The newest bonuses, the newest first; None where MTurk was never used."""
    rows = newest_bonuses(ledger.connection, limit)
    head = (
        ("", "Granted, UTC"),
        ("", "AWS account"),
        ("", "Worker"),
        ("", "Assignment"),
        ("number", "Amount"),
        ("", "Reason"),
    )
    count = count_bonuses(ledger.connection)
    title = "Newest bonuses of MTurk" + (f": {limit} of {count:,}" if count > limit else "")
    return Table(title, head, tuple(map(_cells, rows))) if rows else None


def _payment_json(bonus: Bonus) -> dict[str, object]:
    shown = bonus._asdict()
    shown["granted"] = format_time(shown.pop("granted_ms"))
    return shown


def _cells(bonus: Bonus) -> tuple[tuple[str, str], ...]:
    return (
        ("", format_time(bonus.granted_ms).removesuffix("Z").replace("T", " ")),
        ("id", bonus.account),
        ("id", bonus.worker_id),
        ("id", bonus.assignment_id),
        ("number", f"{Decimal(bonus.amount):,} {CURRENCY}"),
        ("text", bonus.reason),
    )
