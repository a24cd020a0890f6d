"""`state verify`: is every row of a state what its events make of it?

Both ways follow the chain from the first event to the head, so that an altered event is found wherever it is, and check
the file's pages, the schema with its triggers, and each campaign's money, counted anew from its payments.

In full, all events are folded again into a fresh database by the very code that wrote the tables, and every table is
compared with it row by row; indexes are compared with their tables. Since such a full verification, the sums over the
rows (`rowsums`) are compared with those that it found and what commits have changed since: a row that was altered,
added or taken away by anything but a commit is noticed without folding. Not proved that way: that the commits since
then folded rightly, and that nobody altered rows and sums together. Where the sums do not agree everything is folded
again, so that what is altered is named, and nothing is called altered that is not.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from reconcile.errors import BonusctlError, StateError
from reconcile.state import chain, queries, rowsums
from reconcile.state.codec import decode
from reconcile.state.connection import damaged, harden
from reconcile.state.findings import Finding, Findings, text_of
from reconcile.state.forming import form
from reconcile.state.kept_sums import (
    SUMS,
    KeptSums,
    Verified,
    parse_sums,
    read_kept,
    read_verified,
    write_verified,
)
from reconcile.state.ledger import Head
from reconcile.state.projection import UNFOLDED, VERIFIED, Projection
from reconcile.state.queries import Source
from reconcile.state.reader import SqliteReader, open_reader
from reconcile.state.sqlite import REPLAY_EVENTS
from reconcile.state.tables import COLUMNS
from reconcile.state.verify_money import check_money

_ROWS: Final = 1_000
_FRESH_CACHE_KIB: Final = 64 * 1024
"""So much of what is folded again is held in memory, however large the state is."""
_HEADER: Final = ("application_id", "user_version")


class VerifyReport(NamedTuple):
    """What was checked and what was found: `findings` holds the first hundred. `since`: the head of the full verification
    that this one goes on from; None where everything was folded again.
    """

    events: int
    head: Head
    findings: tuple[Finding, ...]
    since: Head | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing at all was found."""
        return not self.findings


def verify_file(path: Path) -> VerifyReport:
    """Verify the state at `path`, from its last full verification on where one is known. Writes nothing into the state;
    where all was folded and found sound, that is kept beside it. Raises StateError if there is no state, or it cannot be read.
    """
    with _existing(path) as reader:
        base = read_verified(path)
        report = None if base is None else verify_since(reader, base)
        return _verify_in_full(path, reader) if report is None or not report.sound else report


def verify_file_in_full(path: Path) -> VerifyReport:
    """The same, folding everything again whatever is known."""
    with _existing(path) as reader:
        return _verify_in_full(path, reader)


@contextmanager
def _existing(path: Path) -> Iterator[SqliteReader]:
    with open_reader(path) as reader:
        if reader is None:
            raise StateError(f"There is no state at {path}", reason="state_missing")
        yield reader


def _verify_in_full(path: Path, reader: SqliteReader) -> VerifyReport:
    sums: dict[str, int] = {}
    report = verify(reader, sums)
    if report.sound:
        write_verified(path, Verified(_kept(reader.source, report.head), sums))
    return report


def _kept(source: Source, head: Head) -> KeptSums:
    """What the state keeps of its sums; where it keeps nothing of this head, the next commit begins to."""
    kept = read_kept(source)
    return kept if kept is not None and kept.head == head else KeptSums(head, head, {})


def verify(reader: SqliteReader, sums: dict[str, int] | None = None) -> VerifyReport:
    """Verify one moment of a state in full. `sums` takes the sums of its rows, by table."""
    source, findings = reader.source, Findings()
    counted: dict[str, int] = {}
    events = 0
    with _fresh() as fresh:
        try:
            _check_file(source, findings, "integrity_check(20)")
            _compare_schema(source, fresh, findings)
            events = _fold_again(source, fresh)
            for table in _tables(fresh):
                _compare(table, source, fresh, findings, counted)
            _check_verified(source, findings)
            _check_kept(source, findings, rowsums.plus(counted, {}))
            check_money(source, findings)
        except (BonusctlError, sqlite3.Error) as error:
            findings.add("state", "", "", "a state that can be read", str(error))
    if sums is not None:
        sums.update(rowsums.plus(counted, {}))
    return VerifyReport(events, _head(source), tuple(findings.found))


def verify_since(reader: SqliteReader, base: Verified) -> VerifyReport | None:
    """Verify one moment of a state by the sums over its rows; None where they do not go back to `base`."""
    source, findings = reader.source, Findings()
    head = _head(source)
    wanted = base.sums_at(_kept(source, head))
    if wanted is None or queries.event_hash(source, base.kept.head.sequence) != base.kept.head.hash:
        return None
    events = 0
    with _fresh() as fresh:
        try:
            _check_file(source, findings, "quick_check(20)")
            _compare_schema(source, fresh, findings)
            for _ in chain.verified(queries.stored_events(source, 0), chain.NO_EVENTS):
                events += 1
            _compare_sums(source, wanted, findings)
            _check_verified(source, findings)
            check_money(source, findings)
        except (BonusctlError, sqlite3.Error) as error:
            findings.add("state", "", "", "a state that can be read", str(error))
    return VerifyReport(events, head, tuple(findings.found), base.kept.head)


@contextmanager
def _fresh() -> Iterator[sqlite3.Connection]:
    # A database without a name lives in memory and spills to a private temporary file.
    with closing(sqlite3.connect("", isolation_level=None)) as fresh:
        harden(fresh)
        fresh.execute("PRAGMA journal_mode = OFF")
        fresh.execute(f"PRAGMA cache_size = -{_FRESH_CACHE_KIB}")
        form(fresh, ":memory:")
        yield fresh


def check_pages(reader: SqliteReader) -> None:
    """SQLite's quick check of the whole file, which `verify` is not needed for. Raises StateCorrupt with its first finding."""
    line = reader.source.row("PRAGMA quick_check(1)")[0]
    if line != "ok":
        raise damaged(reader.source.path, " ".join(str(line).split()))


def _head(source: Source) -> Head:
    try:
        return queries.head(source)
    except StateError:
        return chain.NO_EVENTS


# --- the file and its schema -----------------------------------------------------------------------------------------


def _check_file(source: Source, findings: Findings, check: str) -> None:
    for (line,) in source.rows(f"PRAGMA {check}"):
        if line != "ok":
            findings.add("file", "", "", "ok", line)


def _compare_schema(source: Source, fresh: sqlite3.Connection, findings: Findings) -> None:
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
    for row in sorted(expected_rows - found_rows, key=text_of):
        findings.add("sqlite_master", row[:3], "sql", row[3], "something else or nothing")
    for row in sorted(found_rows - expected_rows, key=text_of):
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


def _compare(
    table: str, source: Source, fresh: sqlite3.Connection, findings: Findings, counted: dict[str, int]
) -> None:
    """Two tables, walked side by side in the order of their keys. The rows that are there are counted."""
    info = fresh.execute(f"PRAGMA table_info({table})").fetchall()
    key = [name for _, name in sorted((column[5], column[1]) for column in info if column[5])]
    columns = key + [column[1] for column in info if not column[5]]
    kept = f"WHERE key NOT IN {UNFOLDED}" if table == "meta" else ""
    sql = f"SELECT {', '.join(columns)} FROM {table} {kept} ORDER BY {', '.join(key)}"  # noqa: S608 (our own names)
    left, right = iter(fresh.execute(sql)), _counting(table, source.connection.execute(sql), counted)
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


def _counting(table: str, cursor: sqlite3.Cursor, counted: dict[str, int]) -> Iterator[tuple[Any, ...]]:
    """The rows of a cursor, while their values are added up. A table that is not folded has no sum."""
    total = 0
    while rows := cursor.fetchmany(_ROWS):
        if table in COLUMNS:
            total += rowsums.value_of(rows)
        yield from rows
    counted[table] = total % rowsums.MODULUS


def _compare_sums(source: Source, wanted: Mapping[str, int], findings: Findings) -> None:
    for table, columns in COLUMNS.items():
        kept = f"WHERE key NOT IN {UNFOLDED}" if table == "meta" else ""
        cursor = source.connection.execute(f"SELECT {', '.join(columns)} FROM {table} {kept}")  # noqa: S608 (our own names)
        total = 0
        while rows := cursor.fetchmany(_ROWS):
            total += rowsums.value_of(rows)
        if total % rowsums.MODULUS != wanted.get(table, 0):
            findings.add(table, "", "sum of the rows", wanted.get(table, 0), total % rowsums.MODULUS)


def _compare_row(
    table: str, columns: list[str], width: int, rows: tuple[tuple[Any, ...], tuple[Any, ...]], findings: Findings
) -> None:
    for column, expected, found in zip(columns, *rows, strict=True):
        if expected != found:
            findings.add(table, rows[0][:width], column, expected, found)


# --- what is not folded ----------------------------------------------------------------------------------------------


def _check_kept(source: Source, findings: Findings, sums: Mapping[str, int]) -> None:
    """What is kept of the sums can be read; where it goes back to the beginning and no row is altered, it is the sums."""
    row = source.row("SELECT value FROM meta WHERE key = ?", SUMS)
    if row is None:
        return
    kept = parse_sums(row[0])
    if kept is None:
        findings.add("meta", SUMS, "value", "sums over rows", row[0])
    elif kept.start == chain.NO_EVENTS and kept.head == _head(source) and kept.changes != sums and not findings.found:
        findings.add("meta", SUMS, "value", "the sums of the rows", row[0])


def _check_verified(source: Source, findings: Findings) -> None:
    row = source.row("SELECT value FROM meta WHERE key = ?", VERIFIED)
    if row is None:
        return
    head = chain.parse_head(row[0])
    if head is None or chain.format_head(head) != row[0] or queries.event_hash(source, head.sequence) != head.hash:
        findings.add("meta", VERIFIED, "value", "an event of this journal", row[0])
