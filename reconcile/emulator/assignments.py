"""Assignments as far as a bonus needs them: whose each is, and its status. By a rule, or registered by hand."""

import sqlite3
from typing import Final, NamedTuple

STATUSES: Final = ("ACTIVE", "SUBMITTED", "ACCEPTED", "REJECTED", "SKIPPED", "EXPIRED")


class Assignment(NamedTuple):
    """A worker's response to a task suite."""

    id: str
    user_id: str
    status: str


def find_assignment(connection: sqlite3.Connection, account: str, assignment_id: str) -> Assignment | None:
    """The registered one, or the one that the rule gives: `rejected-a1@worker` is the worker's and REJECTED."""
    row = connection.execute(
        "SELECT id, user_id, status FROM assignments WHERE account = ? AND id = ?", (account, assignment_id)
    ).fetchone()
    if row is not None:
        return Assignment._make(row)
    _, _, owner = assignment_id.rpartition("@")
    if assignment_id.startswith("missing") or owner in ("", assignment_id):
        return None
    status = next((status for status in STATUSES if assignment_id.startswith(f"{status.lower()}-")), "ACCEPTED")
    return Assignment(assignment_id, owner, status)


def register_assignment(connection: sqlite3.Connection, account: str, row: object) -> None:
    """Take over one assignment, or alter it. Raises ValueError with what does not fit."""
    given = row if isinstance(row, dict) else {}
    found = [given.get("id"), given.get("user_id"), given.get("status", "ACCEPTED")]
    if not all(isinstance(text, str) and text for text in found) or found[2] not in STATUSES:
        raise ValueError(f"id, user_id and a status of {', '.join(STATUSES)} are expected")
    connection.execute("INSERT OR REPLACE INTO assignments VALUES (?, ?, ?, ?)", (account, *found))
