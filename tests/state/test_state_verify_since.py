"""`state verify` after a full verification: rows by their sums, every event by the chain."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from reconcile.errors import EventRefused
from reconcile.protocol.ending import ended_without_sends
from reconcile.state import rowsums
from reconcile.state.chain import NO_EVENTS
from reconcile.state.connection import harden
from reconcile.state.forming import form
from reconcile.state.kept_sums import KeptSums, format_sums, parse_sums, read_kept, read_verified, verified_path
from reconcile.state.ledger import Head
from reconcile.state.queries import Source
from reconcile.state.reader import SqliteReader, open_reader
from reconcile.state.tables import COLUMNS
from reconcile.state.verify import verify_file, verify_file_in_full, verify_since
from tests.state.histories import ANN, CAT, START_MS, everything, fill, locked_ledger, prepared, sent

NULLABLE = {"marker_campaign", "marker_key", "recipient", "assignment_id", "outcome", "balance"}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state that was verified in full at event 28, and went on to event 30."""
    path = tmp_path / "state.db"
    fill(path, *everything())
    assert verify_file(path).since is None
    with locked_ledger(path) as (ledger, _):
        ledger.commit([prepared(4, ANN, sequence=2), sent(4)])
    return path


@contextmanager
def by_hand(path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody with a database browser: the triggers are put back afterwards."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in triggers:
            connection.execute(sql)


def other(value: object, column: str) -> str:
    """SQL of another value that the column takes."""
    match value:
        case None:
            return "'x'" if column in NULLABLE else "x'00'" if column == "bonus_id" else "7"
        case int():
            return str(value + 1000)
        case bytes():
            return f"x'{bytes([value[0] ^ 1]).hex()}{value[1:].hex()}'"
        case _:
            text = str(value)[:-1] + ("y" if str(value).endswith("x") else "x")
            return "'" + text.replace("'", "''") + "'"


def test_a_second_verification_goes_on_from_the_first(state: Path) -> None:
    report = verify_file(state)
    assert report.sound
    assert report.since is not None
    assert (report.since.sequence, report.events, report.head.sequence) == (28, 30, 30)


def test_every_altered_column_of_every_row_is_noticed_by_its_table_s_sum(state: Path) -> None:
    base, image, missed, tried = read_verified(state), state.read_bytes(), [], 0
    assert base is not None
    for table, columns in COLUMNS.items():
        for column in columns:
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
                connection.deserialize(image)
                rows = connection.execute(f"SELECT {column}, count(*) OVER () FROM {table} LIMIT 1").fetchall()
                if not rows:
                    continue
                tried += 1
                connection.execute("PRAGMA ignore_check_constraints = ON")
                first = f"(SELECT {', '.join(columns)} FROM {table} LIMIT 1)"
                connection.execute(
                    f"UPDATE {table} SET {column} = {other(rows[0][0], column)} WHERE ({', '.join(columns)}) IS {first}"
                )
                harden(connection)
                report = verify_since(SqliteReader(Source(connection, "state")), base)
                if report is None or report.sound:
                    missed.append((table, column))
    assert missed == []
    assert tried > 90


def test_the_altered_row_is_named(state: Path) -> None:
    """Where the sums differ all is folded again, which knows what stood there."""
    with by_hand(state) as connection:
        connection.execute(
            "UPDATE payments SET remote_id = '4711' WHERE payment_id = (SELECT min(payment_id) FROM payments)"
        )
    report = verify_file(state)
    assert report.since is None
    assert [(finding.table, finding.column, finding.found) for finding in report.findings] == [
        ("payments", "remote_id", "4711")
    ]


@pytest.mark.parametrize("statement", ["DELETE FROM alarms", "INSERT INTO alarms VALUES (4, 1, 'c', 'd', 0)"])
def test_a_row_that_was_taken_away_or_added_is_noticed(state: Path, statement: str) -> None:
    with by_hand(state) as connection:
        connection.execute(statement)
    assert not verify_file(state).sound


def test_two_rows_that_changed_places_are_noticed(state: Path) -> None:
    """A sum that added up columns would be the same."""
    with by_hand(state) as connection:
        rows = connection.execute("SELECT payment_id, ledger, remote_id FROM payments ORDER BY remote_id").fetchall()
        (first, ledger, less), (second, _, more) = rows[0], rows[-1]
        assert less != more
        for payment_id, remote_id in ((first, more), (second, less)):
            connection.execute(
                "UPDATE payments SET remote_id = ? WHERE payment_id = ? AND ledger = ?", (remote_id, payment_id, ledger)
            )
    assert not verify_file(state).sound


def test_an_altered_event_from_before_the_full_verification_is_noticed(state: Path) -> None:
    with by_hand(state) as connection:
        connection.execute("UPDATE events SET body = replace(body, '1.50', '9.50') WHERE sequence = 7")
    report = verify_file(state)
    assert report.findings[0].found.startswith("The state's journal is broken at event 7")


def test_rows_and_sums_that_were_altered_together_are_found_in_full_alone(state: Path) -> None:
    """What a verification by sums cannot know, and says so."""
    base = read_verified(state)
    assert base is not None
    columns = ", ".join(COLUMNS["alarms"])
    with by_hand(state) as connection:
        (before,) = connection.execute(f"SELECT {columns} FROM alarms").fetchall()
        connection.execute("UPDATE alarms SET detail = 'nothing at all'")
        (after,) = connection.execute(f"SELECT {columns} FROM alarms").fetchall()
        kept = read_kept(Source(connection, state))
        assert kept is not None
        change = {"alarms": rowsums.value_of([after]) - rowsums.value_of([before])}
        connection.execute(
            "UPDATE meta SET value = ? WHERE key = 'sums'", (format_sums(kept.moved(kept.head, change)),)
        )
    assert verify_file(state).sound
    assert [finding.column for finding in verify_file_in_full(state).findings] == ["detail"]


def test_altered_sums_of_a_sound_state_raise_no_false_alarm_that_names_a_row(state: Path) -> None:
    with by_hand(state) as connection:
        kept = read_kept(Source(connection, state))
        assert kept is not None
        wrong = format_sums(kept.moved(kept.head, {"sends": 1}))
        connection.execute("UPDATE meta SET value = ? WHERE key = 'sums'", (wrong,))
    assert [(finding.table, finding.key) for finding in verify_file(state).findings] == [("meta", "sums")]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kept":"x","sums":{}}', '{"kept":{},"sums":3}', "\x00"])
def test_what_is_kept_beside_the_state_and_cannot_be_read_counts_as_nothing(state: Path, text: str) -> None:
    verified_path(state).write_text(text)
    report = verify_file(state)
    assert report.sound
    assert report.since is None


def test_another_state_in_its_place_is_folded_whole(state: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "state.db"
    fill(elsewhere, [prepared(1, CAT)])
    verified_path(elsewhere).write_bytes(verified_path(state).read_bytes())
    report = verify_file(elsewhere)
    assert report.sound
    assert report.since is None


def test_a_commit_that_kept_no_sums_has_all_folded_again_once(state: Path) -> None:
    """As a program that knows nothing of sums would: its events are there, and the sums are those of an earlier head."""
    with locked_ledger(state) as (ledger, _):
        before = ledger.source.row("SELECT value FROM meta WHERE key = 'sums'")[0]
        ledger.commit([prepared(5, CAT, sequence=2)])
    with by_hand(state) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'sums'", (before,))
    assert verify_file(state).since is None
    report = verify_file(state)
    assert report.since is not None
    assert report.since.sequence == 31
    with locked_ledger(state) as (ledger, _):
        ledger.commit([sent(5)])
    report = verify_file(state)
    assert report.sound
    assert report.since is not None
    assert report.head.sequence == 32


def test_a_refused_commit_moves_no_sums(state: Path) -> None:
    with locked_ledger(state) as (ledger, _):
        with pytest.raises(EventRefused):
            ledger.commit([prepared(5, CAT, sequence=2), sent(5), prepared(9, CAT, sequence=2)])
        ledger.commit([prepared(5, CAT, sequence=2)])
    assert verify_file(state).sound
    assert verify_file(state).since is not None


def test_a_run_s_end_that_is_written_in_the_middle_of_a_commit_counts_once(state: Path) -> None:
    """Some events have the rows before them written at once."""
    with open_reader(state) as reader:
        assert reader is not None
        run_id = next(iter(reader.runs(1))).run_id
    with locked_ledger(state) as (ledger, _):
        ledger.commit([prepared(5, CAT, sequence=2), ended_without_sends(run_id, at_ms=START_MS)])
    assert verify_file(state).since is not None
    assert verify_file_in_full(state).sound


def test_tables_that_are_formed_anew_have_their_sums_from_the_beginning(state: Path) -> None:
    with closing(sqlite3.connect(state, isolation_level=None)) as connection:
        harden(connection)
        form(connection, state)
        kept = read_kept(Source(connection, state))
    assert kept is not None
    assert (kept.start, kept.head.sequence) == (NO_EVENTS, 30)
    assert verify_file_in_full(state).sound


def test_kept_sums_are_read_back_and_nothing_else_is() -> None:
    kept = KeptSums(NO_EVENTS, Head(3, "ab" * 32), {"alarms": 5, "meta": rowsums.MODULUS - 1})
    text = format_sums(kept)
    assert parse_sums(text) == kept
    for altered in (text.replace('"3:', '"4:'), text.replace("05", "06"), text[:-1], f" {text}", "3", "null"):
        assert altered != text
        assert parse_sums(altered) is None


def test_sums_do_not_depend_on_the_order_and_change_by_what_changed() -> None:
    one: tuple[Any, ...] = ("a", 1, None, b"x")
    two: tuple[Any, ...] = ("a", 1, None, b"y")
    assert rowsums.value_of([one, two]) == rowsums.value_of([two]) + rowsums.value_of([one])
    assert rowsums.minus(rowsums.plus({"t": 3}, {"t": 4}), {"t": 3}) == {"t": 4}
    assert rowsums.plus({"t": 3}, {"t": -3}) == {}


def test_the_value_of_a_row_is_the_same_for_ever() -> None:
    """It lies in states. Literal: BLAKE2b of ( 4 u 1 a i 1 N s 1 x, each number as four bytes, the lowest first."""
    assert rowsums.value_of([("a", 1, None, b"x")]) == 0x612FC2F47F22619A7004ACB727BC4821
