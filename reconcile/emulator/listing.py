"""Searches in the ledger, as SQL: bonuses and operations by filters, in an order, a page at a time."""

import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

STATUS: Final = (
    "CASE WHEN start_ms > :now THEN 'PENDING' WHEN finish_ms > :now OR done = 0 THEN 'RUNNING' ELSE result END"
)
# Columns that follow from the moment of the search. An operation that has not ended has no end to compare: NULL.
_MOMENTARY: Final = {"status": STATUS, "finished_ms": "CASE WHEN done = 1 AND finish_ms <= :now THEN finish_ms END"}
_OPERATION_COLUMNS: Final = f"operation, submitted_ms, start_ms, finish_ms, skip_invalid, counts, {STATUS}, posts"


class Filter(NamedTuple):
    """One condition: a column of ours, a comparison of ours, and the value of the request."""

    column: str
    comparison: str
    value: str | int


class Order(NamedTuple):
    """One column of ours to sort by."""

    column: str
    descending: bool


class Search(NamedTuple):
    """A search of one account's rows, sorted by the columns of `order`, the first first.

    Rows from after `until_ms` do not exist for it; None: all do.
    """

    account: str
    filters: tuple[Filter, ...]
    order: tuple[Order, ...]
    limit: int
    now_ms: int
    until_ms: int | None = None


class OperationRow(NamedTuple):
    """An operation as it stands at a moment. `counts` is JSON, `{}` before it was carried out."""

    operation: str
    submitted_ms: int
    start_ms: int
    finish_ms: int
    skip_invalid: int
    counts: str
    status: str
    posts: int


class TotalRow(NamedTuple):
    """A sum of payments by name: of a campaign, of a recipient."""

    name: str
    payments: int
    amount: str


def search_bonuses(connection: sqlite3.Connection, search: Search) -> list[str]:
    """The JSON of the bonuses found: one more than the limit, if there are more."""
    sql, values = _query("SELECT body FROM bonuses", search, "created_ms", "id")
    return [str(row[0]) for row in connection.execute(sql, values)]


def search_operations(connection: sqlite3.Connection, search: Search) -> list[OperationRow]:
    """The operations found: one more than the limit, if there are more."""
    select = f"SELECT {_OPERATION_COLUMNS} FROM operations"  # noqa: S608 (columns of ours)
    sql, values = _query(select, search, "submitted_ms", "operation")
    return [OperationRow._make(row) for row in connection.execute(sql, values)]


def bonus(connection: sqlite3.Connection, account: str, number: int) -> str | None:
    """The JSON of one bonus."""
    row = connection.execute("SELECT body FROM bonuses WHERE id = ? AND account = ?", (number, account)).fetchone()
    return None if row is None else str(row[0])


def operation_log(connection: sqlite3.Connection, account: str, operation: str) -> list[str]:
    """The lines of an operation's log, each JSON."""
    rows = connection.execute(
        "SELECT body FROM log WHERE account = ? AND operation = ? ORDER BY entry", (account, operation)
    )
    return [str(row[0]) for row in rows]


def totals(connection: sqlite3.Connection, account: str, kind: str, limit: int) -> list[TotalRow]:
    """Sums of a kind, the largest first. The order alone compares as floating point; sums never do."""
    rows = connection.execute(
        "SELECT name, payments, amount FROM totals WHERE account = ? AND kind = ?"
        " ORDER BY CAST(amount AS REAL) DESC, name LIMIT ?",
        (account, kind, limit),
    )
    return [TotalRow._make(row) for row in rows]


def count_totals(connection: sqlite3.Connection, account: str, kind: str) -> int:
    """How many names have a sum of a kind."""
    row = connection.execute("SELECT count(*) FROM totals WHERE account = ? AND kind = ?", (account, kind)).fetchone()
    return int(row[0])


def payment_rows(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """(account, operation, position, body, comment, amount) of every bonus, by id."""
    return connection.execute(
        "SELECT account, operation, position, body, private_comment, amount FROM bonuses ORDER BY id"
    ).fetchall()


def account_rows(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """(account, balance) of every account that paid or whose balance was set."""
    return connection.execute("SELECT account, balance FROM accounts ORDER BY account").fetchall()


def operation_accounts(connection: sqlite3.Connection) -> list[str]:
    """Every account with an operation."""
    return [str(row[0]) for row in connection.execute("SELECT DISTINCT account FROM operations ORDER BY account")]


def open_late(connection: sqlite3.Connection) -> int:
    """How many requests wait to be carried out after their connection died."""
    return int(connection.execute("SELECT count(*) FROM late").fetchone()[0])


def _query(select: str, search: Search, age_column: str, last_order: str) -> tuple[str, dict[str, str | int]]:
    values: dict[str, str | int] = {"account": search.account, "now": search.now_ms, "limit": search.limit + 1}
    where = ["account = :account"]
    for number, (column, comparison, value) in enumerate(search.filters):
        where.append(f"{_MOMENTARY.get(column, column)} {comparison} :v{number}")
        values[f"v{number}"] = value
    if search.until_ms is not None:
        where.append(f"{age_column} <= :until")
        values["until"] = search.until_ms
    return f"{select} WHERE {' AND '.join(where)} ORDER BY {_order_by(search.order, last_order)} LIMIT :limit", values


def _order_by(order: Sequence[Order], last: str) -> str:
    # Rows that are equal in everything asked for still come in one order, by id.
    whole = order if any(part.column == last for part in order) else (*order, Order(last, descending=False))
    return ", ".join(
        f"{_MOMENTARY.get(part.column, part.column)}{' DESC' if part.descending else ''}" for part in whole
    )
