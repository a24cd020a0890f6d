"""`state verify`: is every row of a state what its events make of it?

The chain is followed from the first event to the head, all events are folded again into a fresh database by the very
code that wrote the tables, and every table is compared with it row by row; beside that stand SQLite's own integrity
check, the schema with its triggers, and the sums counted anew from the payments.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from reconcile.errors import BonusctlError, StateError
from reconcile.money import ZERO, format_amount
from reconcile.state import chain, queries
from reconcile.state.codec import decode
from reconcile.state.connection import damaged, harden
from reconcile.state.forming import form
from reconcile.state.ledger import Head
from reconcile.state.projection import UNFOLDED, VERIFIED, Projection
from reconcile.state.queries import Source
from reconcile.state.reader import SqliteReader, open_reader
from reconcile.state.sqlite import REPLAY_EVENTS

FINDINGS_MAX: Final = 100
_HEADER: Final = ("application_id", "user_version")


class Finding(NamedTuple):
    """One thing that is not as the events make it. `key` and `column` are "" where the whole table or row is meant."""

    table: str
    key: str
    column: str
    expected: str
    found: str


class VerifyReport(NamedTuple):
    """What was checked and what was found: `findings` holds the first hundred."""

    events: int
    head: Head
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing at all was found."""
        return not self.findings


def verify_file(path: Path) -> VerifyReport:
    """Verify the state at `path` without writing to it. Raises StateError if there is none, or it cannot be read."""
    with open_reader(path) as reader:
        if reader is None:
            raise StateError(f"There is no state at {path}", reason="state_missing")
        return verify(reader)


def verify(reader: SqliteReader) -> VerifyReport:
    """Verify one moment of a state."""
    source, findings = reader.source, _Findings()
    events = 0
    # A database without a name lives in memory and spills to a private temporary file.
    with closing(sqlite3.connect("", isolation_level=None)) as fresh:
        harden(fresh)
        fresh.execute("PRAGMA journal_mode = OFF")
        form(fresh, ":memory:")
        try:
            _check_file(source, findings)
            _compare_schema(source, fresh, findings)
            events = _fold_again(source, fresh)
            for table in _tables(fresh):
                _compare(table, source, fresh, findings)
            _check_verified(source, findings)
            _check_sums(source, findings)
        except (BonusctlError, sqlite3.Error) as error:
            findings.add("state", "", "", "a state that can be read", str(error))
    return VerifyReport(events, _head(source), tuple(findings.found))


def check_pages(reader: SqliteReader) -> None:
    """SQLite's quick check of the whole file, which `verify` is not needed for. Raises StateCorrupt with its first finding."""
    line = reader.source.row("PRAGMA quick_check(1)")[0]
    if line != "ok":
        raise damaged(reader.source.path, " ".join(str(line).split()))


class _Findings:
    def __init__(self) -> None:
        self.found: list[Finding] = []

    def add(self, table: str, key: object, column: str, expected: object, found: object) -> None:
        if len(self.found) < FINDINGS_MAX:
            self.found.append(Finding(table, _text(key), column, _text(expected), _text(found)))


def _text(value: object) -> str:
    match value:
        case None:
            return "null"
        case bytes():
            return value.hex()
        case tuple():
            return ", ".join(_text(part) for part in value)
        case _:
            return str(value)


def _head(source: Source) -> Head:
    try:
        return queries.head(source)
    except StateError:
        return chain.NO_EVENTS


# --- the file and its schema -----------------------------------------------------------------------------------------


def _check_file(source: Source, findings: _Findings) -> None:
    for (line,) in source.rows("PRAGMA integrity_check(20)"):
        if line != "ok":
            findings.add("file", "", "", "ok", line)


def _compare_schema(source: Source, fresh: sqlite3.Connection, findings: _Findings) -> None:
    for name in _HEADER:
        expected, found = fresh.execute(f"PRAGMA {name}").fetchone()[0], source.row(f"PRAGMA {name}")[0]
        if expected != found:
            findings.add("file", "", name, expected, found)
    # Where tables and indexes begin depends on their past; a trigger begins nowhere.
    sql = (
        "SELECT type, name, tbl_name, sql, CASE WHEN type IN ('table', 'index') THEN 0 ELSE rootpage END "
        "FROM sqlite_master"
    )
    expected_rows, found_rows = set(fresh.execute(sql).fetchall()), set(source.rows(sql))
    for row in sorted(expected_rows - found_rows, key=_text):
        findings.add("sqlite_master", row[:3], "sql", row[3], "something else or nothing")
    for row in sorted(found_rows - expected_rows, key=_text):
        findings.add("sqlite_master", row[:3], "sql", "something else or nothing", row[3])


def _tables(fresh: sqlite3.Connection) -> list[str]:
    rows = fresh.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'events' ORDER BY name")
    return [name for (name,) in rows.fetchall()]


# --- the events, folded again ----------------------------------------------------------------------------------------


def _fold_again(source: Source, fresh: sqlite3.Connection) -> int:
    projection, count = Projection(fresh), 0
    fresh.execute("BEGIN")
    for count, stored in enumerate(chain.verified(queries.stored_events(source, 0), chain.NO_EVENTS), 1):
        projection.apply(stored.sequence, decode(stored.kind, stored.body, sequence=stored.sequence))
        if count % REPLAY_EVENTS == 0:
            projection.flush()
    projection.flush()
    fresh.execute("COMMIT")
    return count


def _compare(table: str, source: Source, fresh: sqlite3.Connection, findings: _Findings) -> None:
    """Two tables, walked side by side in the order of their keys."""
    info = fresh.execute(f"PRAGMA table_info({table})").fetchall()
    key = [name for _, name in sorted((column[5], column[1]) for column in info if column[5])]
    columns = key + [column[1] for column in info if not column[5]]
    kept = f"WHERE key NOT IN {UNFOLDED}" if table == "meta" else ""
    sql = f"SELECT {', '.join(columns)} FROM {table} {kept} ORDER BY {', '.join(key)}"  # noqa: S608 (our own names)
    left, right = iter(fresh.execute(sql)), iter(source.connection.execute(sql))
    expected, found, width = next(left, None), next(right, None), len(key)
    while expected is not None or found is not None:
        if found is None or (expected is not None and expected[:width] < found[:width]):
            assert expected is not None
            findings.add(table, expected[:width], "", "a row", "none")
            expected = next(left, None)
        elif expected is None or found[:width] < expected[:width]:
            findings.add(table, found[:width], "", "no row", "one")
            found = next(right, None)
        else:
            if expected != found:
                _compare_row(table, columns, width, (expected, found), findings)
            expected, found = next(left, None), next(right, None)


def _compare_row(
    table: str, columns: list[str], width: int, rows: tuple[tuple[Any, ...], tuple[Any, ...]], findings: _Findings
) -> None:
    for column, expected, found in zip(columns, *rows, strict=True):
        if expected != found:
            findings.add(table, rows[0][:width], column, expected, found)


# --- what is not folded ----------------------------------------------------------------------------------------------


def _check_verified(source: Source, findings: _Findings) -> None:
    row = source.row("SELECT value FROM meta WHERE key = ?", VERIFIED)
    if row is None:
        return
    head = chain.parse_head(row[0])
    if head is None or chain.format_head(head) != row[0] or queries.event_hash(source, head.sequence) != head.hash:
        findings.add("meta", VERIFIED, "value", "an event of this journal", row[0])


class _Sums(NamedTuple):
    issued: Decimal = ZERO
    issued_count: int = 0
    opened: Decimal = ZERO
    open_count: int = 0


def _check_sums(source: Source, findings: _Findings) -> None:
    """The money of each campaign, counted once from its payments and once from its bonuses."""
    payments, bonuses = _sums(_payment_sums(source)), _sums(_bonus_sums(source))
    for campaign, issued, in_doubt in source.rows("SELECT campaign, issued, in_doubt FROM campaigns ORDER BY campaign"):
        counted = payments.get(campaign, _Sums())
        if bonuses.get(campaign, _Sums()) != counted:
            findings.add("bonuses", campaign, "sums", counted, bonuses.get(campaign, _Sums()))
        for column, expected, found in (("issued", counted.issued, issued), ("in_doubt", counted.opened, in_doubt)):
            if format_amount(expected) != found:
                findings.add("campaigns", campaign, column, format_amount(expected), found)


def _payment_sums(source: Source) -> Iterator[tuple[int, _Sums]]:
    amounts = queries.Amounts()
    for campaign, status, amount, count in source.rows(
        "SELECT campaign, status, amount, count(*) FROM payments "
        "WHERE campaign IS NOT NULL AND status IN ('issued', 'prepared') GROUP BY campaign, status, amount"
    ):
        total = amounts[amount] * count
        yield (
            campaign,
            _Sums(issued=total, issued_count=count) if status == "issued" else _Sums(opened=total, open_count=count),
        )


def _bonus_sums(source: Source) -> Iterator[tuple[int, _Sums]]:
    amounts = queries.Amounts()
    for campaign, issued, opened, count, issued_count, open_count in source.rows(
        "SELECT campaign, issued, open_amount, count(*), sum(issued_count), sum(open_count) "
        "FROM bonuses GROUP BY campaign, issued, open_amount"
    ):
        yield campaign, _Sums(amounts[issued] * count, issued_count, amounts[opened] * count, open_count)


def _sums(parts: Iterator[tuple[int, _Sums]]) -> dict[int, _Sums]:
    totals: dict[int, _Sums] = {}
    for campaign, part in parts:
        before = totals.get(campaign, _Sums())
        totals[campaign] = _Sums(
            before.issued + part.issued,
            before.issued_count + part.issued_count,
            before.opened + part.opened,
            before.open_count + part.open_count,
        )
    return totals
