"""`state verify` notices every altered column of every row of every table."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reconcile.errors import BonusctlError
from reconcile.state.connection import harden
from reconcile.state.events import Basis, Event
from reconcile.state.findings import Finding
from reconcile.state.queries import Source
from reconcile.state.reader import SqliteReader
from reconcile.state.verify import verify, verify_file
from tests.state.histories import ANN, START_MS, everything, fill, prepared, released, settled


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("verify") / "state.db"
    fill(path, *everything())
    fill(path)  # a second opening remembers how far the first run's events were verified
    return path


@pytest.fixture(scope="module")
def image(state: Path) -> bytes:
    """The whole file, to be altered in memory."""
    return state.read_bytes()


def altered(image: bytes, *statements: str) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.deserialize(image)
    connection.execute("PRAGMA writable_schema = ON")
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        connection.execute(statement)
    return connection


def without_triggers(image: bytes, *statements: str) -> bytes:
    """The image after somebody with a database browser was at it, the triggers put back."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as plain:
        plain.deserialize(image)
        triggers = [sql for (sql,) in plain.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")]
    with closing(altered(image, *statements)) as connection:
        for sql in triggers:
            connection.execute(sql)
        return connection.serialize()


def noticed(image: bytes) -> bool:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(image)
        try:
            harden(connection)
            return not verify(SqliteReader(Source(connection, "state"))).sound
        except (BonusctlError, sqlite3.Error):
            return True


def tables(image: bytes) -> dict[str, list[tuple[str, bool]]]:
    """Every table with its columns, and whether a column may be null."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(image)
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [(row[1], not row[3]) for row in connection.execute(f"PRAGMA table_info({name})")] for name in names
        }


def rows(image: bytes, table: str) -> Iterator[tuple[int, str, list[Any]]]:
    """(number, WHERE that names the row, values) of every row."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(image)
        info = connection.execute(f"PRAGMA table_info({table})").fetchall()
        key = [row[1] for row in sorted(info, key=lambda row: row[5]) if row[5]]
        quoted = ", ".join(f"quote({column})" for column in key)
        for number, row in enumerate(connection.execute(f"SELECT {quoted}, * FROM {table}").fetchall()):
            where = " AND ".join(f"{column} = {value}" for column, value in zip(key, row, strict=False))
            yield number, where, list(row[len(key) :])


def other(value: object) -> str:
    """SQL of another value of the same type."""
    match value:
        case None:
            return "7"
        case int():
            return str(value + 1000)
        case bytes():
            return f"x'{bytes([value[0] ^ 1]).hex()}{value[1:].hex()}'"
        case _:
            text = str(value)
            changed = f"{int(text) + 1}" if text.isdigit() else text[:-1] + ("x" if text[-1:] != "x" else "y")
            return "'" + (changed or "x").replace("'", "''") + "'"


def test_an_untouched_state_is_sound(state: Path) -> None:
    report = verify_file(state)
    assert report.findings == ()
    assert report.sound
    assert report.events == report.head.sequence == 29


def test_putting_the_triggers_back_leaves_no_trace(image: bytes) -> None:
    """So what the next test notices is the altered column and nothing else."""
    assert not noticed(without_triggers(image))


def test_every_altered_column_of_every_row_of_every_table_is_noticed(image: bytes) -> None:
    missed, tried, found = [], 0, tables(image)
    assert len(found) == 15
    for table, columns in found.items():
        for number, where, values in rows(image, table):
            for (column, _), value in zip(columns, values, strict=True):
                new = other(value)
                if value is None and column in (
                    "marker_campaign",
                    "marker_key",
                    "recipient",
                    "assignment_id",
                    "outcome",
                ):
                    new = "'x'"
                elif value is None and column == "bonus_id":
                    new = "x'00'"
                tried += 1
                if not noticed(without_triggers(image, f"UPDATE {table} SET {column} = {new} WHERE {where}")):
                    missed.append((table, number, column))
    assert missed == []
    assert tried > 350


def test_every_altered_column_of_the_schema_is_noticed(image: bytes) -> None:
    """The schema is a table too: types, names, root pages, statements, triggers and indexes."""
    missed = []
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(image)
        names = connection.execute("SELECT rowid, type, name, tbl_name, rootpage, sql FROM sqlite_master").fetchall()
    for rowid, *values in names:
        for column, value in zip(("type", "name", "tbl_name", "rootpage", "sql"), values, strict=True):
            if value is None:
                continue
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
                connection.deserialize(image)
                connection.execute("PRAGMA writable_schema = ON")
                connection.execute(f"UPDATE sqlite_master SET {column} = {other(value)} WHERE rowid = {rowid}")
                changed = connection.serialize()
            if not noticed(changed):
                missed.append((rowid, column, value))
    assert missed == []


@pytest.mark.parametrize("pragma", ["application_id", "user_version"])
def test_an_altered_header_is_noticed(image: bytes, pragma: str) -> None:
    assert noticed(without_triggers(image, f"PRAGMA {pragma} = 7"))


@pytest.mark.parametrize("table", ["alarms", "approvals", "operation_items", "meta", "sends", "runs", "events"])
def test_a_deleted_row_is_noticed(image: bytes, table: str) -> None:
    where = "key = 'lineage'" if table == "meta" else "1"
    assert noticed(without_triggers(image, f"DELETE FROM {table} WHERE {where}"))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO alarms VALUES (4, 1, 'c', 'd', 0)",
        "INSERT INTO meta VALUES ('extra', 'x')",
        "CREATE TABLE extra (x)",
        "CREATE INDEX extra ON sends (code)",
        "CREATE VIEW extra AS SELECT 1",
        "CREATE TRIGGER extra AFTER INSERT ON events BEGIN SELECT 1; END",
        "DROP INDEX sends_by_time",
    ],
)
def test_what_was_added_or_dropped_is_noticed(image: bytes, statement: str) -> None:
    assert noticed(without_triggers(image, statement))


def test_a_missing_trigger_is_noticed(image: bytes) -> None:
    with closing(altered(image)) as connection:
        assert noticed(connection.serialize())


def test_a_finding_names_table_key_column_and_both_values(image: bytes) -> None:
    changed = without_triggers(image, "UPDATE campaigns SET issued = '9.99' WHERE campaign = 1")
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(changed)
        report = verify(SqliteReader(Source(connection, "state")))
    assert report.findings == (
        Finding("campaigns", "1", "issued", "1.50", "9.99"),
        Finding("campaigns", "1", "issued", "1.50", "9.99"),
    )


def test_an_altered_event_is_named(image: bytes) -> None:
    changed = without_triggers(image, "UPDATE events SET body = replace(body, '1.50', '9.50') WHERE sequence = 7")
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(changed)
        report = verify(SqliteReader(Source(connection, "state")))
    assert [finding.found.split(":")[0] for finding in report.findings] == ["The state's journal is broken at event 7"]


def test_findings_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    commits: list[list[Event]] = [
        [prepared(n, ANN), settled(n, released(ANN), basis=Basis.NEVER_SENT)] for n in range(1, 151)
    ]
    fill(path, *commits)
    changed = without_triggers(path.read_bytes(), f"UPDATE operations SET prepared_ms = {START_MS}")
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(changed)
        report = verify(SqliteReader(Source(connection, "state")))
    assert len(report.findings) == 100


def test_what_triggers_refuse(state: Path) -> None:
    """An event is never altered or replaced, and no row of any table is deleted."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(state.read_bytes())
        harden(connection)
        refused = [
            "UPDATE events SET body = '{}' WHERE sequence = 1",
            "REPLACE INTO events SELECT * FROM events WHERE sequence = 1",
            *(f"DELETE FROM {table}" for table in tables(state.read_bytes()) if not table.startswith("_")),
        ]
        for statement in refused:
            with pytest.raises(sqlite3.IntegrityError, match=r"never altered|nothing is deleted"):
                connection.execute(statement)
