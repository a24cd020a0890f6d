"""What the ledger keeps of MTurk: bonuses, the tokens of the last day, assignments, requests that come late."""

import sqlite3
from typing import NamedTuple


class Bonus(NamedTuple):
    """A bonus paid. `amount` is text in dollars; `request_id` names the request that paid it."""

    id: int
    account: str
    hit_id: str
    assignment_id: str
    worker_id: str
    amount: str
    reason: str
    token: str
    granted_ms: int
    request_id: str


class Assignment(NamedTuple):
    """An assignment that was registered by hand."""

    id: str
    worker_id: str
    hit_id: str


class Page(NamedTuple):
    """A piece of a list: what came after the bonus `after_id`, not younger than `until_ms`, at most `limit`."""

    account: str
    assignment_id: str
    hit_id: str
    after_id: int
    until_ms: int
    limit: int


_COLUMNS = ", ".join(Bonus._fields)


def add_bonus(connection: sqlite3.Connection, bonus: Bonus) -> None:
    """Write a bonus; its id is given here."""
    connection.execute(
        f"INSERT INTO mturk_bonuses ({_COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (columns of ours)
        bonus[1:],
    )


def bonuses(connection: sqlite3.Connection) -> list[Bonus]:
    """Every bonus of every account, in the order in which they were paid."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM mturk_bonuses ORDER BY id")  # noqa: S608 (columns of ours)
    return [Bonus._make(row) for row in rows]


def newest_bonuses(connection: sqlite3.Connection, limit: int) -> list[Bonus]:
    """The newest bonuses of all accounts, the newest first."""
    select = f"SELECT {_COLUMNS} FROM mturk_bonuses ORDER BY id DESC LIMIT ?"  # noqa: S608 (columns of ours)
    return [Bonus._make(row) for row in connection.execute(select, (limit,))]


def count_bonuses(connection: sqlite3.Connection) -> int:
    """How many bonuses were paid, in all accounts."""
    return int(connection.execute("SELECT count(*) FROM mturk_bonuses").fetchone()[0])


def page_of_bonuses(connection: sqlite3.Connection, page: Page) -> list[Bonus]:
    """One page, of an assignment or, where that is "", of a HIT."""
    column, value = ("assignment_id", page.assignment_id) if page.assignment_id else ("hit_id", page.hit_id)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM mturk_bonuses"  # noqa: S608 (columns of ours)
        f" WHERE account = ? AND {column} = ? AND id > ? AND granted_ms <= ? ORDER BY id LIMIT ?",
        (page.account, value, page.after_id, page.until_ms, page.limit),
    )
    return [Bonus._make(row) for row in rows]


def find_token(connection: sqlite3.Connection, account: str, token: str, since_ms: int) -> str | None:
    """The request that used a token after `since_ms`; None if it is forgotten, or was never used."""
    row = connection.execute(
        "SELECT request_id FROM mturk_tokens WHERE account = ? AND token = ? AND used_ms > ?",
        (account, token, since_ms),
    ).fetchone()
    return None if row is None else str(row[0])


def remember_token(connection: sqlite3.Connection, account: str, token: str, request_id: str, used_ms: int) -> None:
    """Write that a token was used, now and last."""
    connection.execute("INSERT OR REPLACE INTO mturk_tokens VALUES (?, ?, ?, ?)", (account, token, request_id, used_ms))


def register_assignment(connection: sqlite3.Connection, account: str, row: object) -> None:
    """Take over one assignment, or alter it. Raises ValueError with what does not fit."""
    given = row if isinstance(row, dict) else {}
    found = [given.get("id"), given.get("worker_id"), given.get("hit_id", f"HIT{given.get('id')}")]
    if not all(isinstance(text, str) and text for text in found):
        raise ValueError("id, worker_id and, unless it follows the rule, hit_id are expected")
    connection.execute("INSERT OR REPLACE INTO mturk_assignments VALUES (?, ?, ?, ?)", (account, *found))


def find_assignment(connection: sqlite3.Connection, account: str, assignment_id: str) -> Assignment | None:
    """The registered one."""
    row = connection.execute(
        "SELECT id, worker_id, hit_id FROM mturk_assignments WHERE account = ? AND id = ?", (account, assignment_id)
    ).fetchone()
    return None if row is None else Assignment._make(row)


def is_registered_hit(connection: sqlite3.Connection, account: str, hit_id: str) -> bool:
    """Whether a registered assignment belongs to this HIT."""
    row = connection.execute(
        "SELECT 1 FROM mturk_assignments WHERE account = ? AND hit_id = ?", (account, hit_id)
    ).fetchone()
    return row is not None


def add_late(connection: sqlite3.Connection, account: str, body: bytes, due_ms: int) -> None:
    """Keep a SendBonus whose connection died, for later."""
    connection.execute("INSERT INTO mturk_late (due_ms, account, body) VALUES (?, ?, ?)", (due_ms, account, body))


def take_late(connection: sqlite3.Connection, now_ms: int) -> list[tuple[int, str, bytes]]:
    """(when, account, body) of the requests whose time has come, the oldest first. They are gone from the ledger."""
    rows = connection.execute(
        "DELETE FROM mturk_late WHERE due_ms <= ? RETURNING due_ms, late, account, body", (now_ms,)
    ).fetchall()
    return [(due_ms, account, body) for due_ms, _, account, body in sorted(rows)]
