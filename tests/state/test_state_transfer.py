"""Export, import, backup, restore and the head as an anchor."""

import json
import stat
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconcile.digest import canonical_json
from reconcile.errors import StateCorrupt, StateError, StateFenced
from reconcile.state import chain
from reconcile.state.backup import backup_state, restore_state
from reconcile.state.chain import format_head, parse_head
from reconcile.state.ledger import Head
from reconcile.state.lock import acquire
from reconcile.state.reader import SqliteReader, open_reader
from reconcile.state.transfer import export_state, import_state
from reconcile.state.verify import verify, verify_file
from tests.state.histories import (
    ANN,
    HOLDER,
    START_MS,
    adopted,
    adopted_payment,
    everything,
    fill,
    locked_ledger,
    memory,
    run_started,
    scanned,
    tell,
)

FOLDERS = count()


def exported(reader: SqliteReader) -> list[str]:
    lines: list[str] = []
    export_state(reader, lines.append)
    return lines


def export_of(path: Path) -> list[str]:
    with open_reader(path) as reader:
        assert reader is not None
        return exported(reader)


def take(path: Path, lines: list[str] | Iterator[str]) -> Head:
    with acquire(path, HOLDER, timeout_s=0) as lock:
        return import_state(path, lines, lock=lock, actor="ann", reason="new machine", at_ms=START_MS + 99)


def restore(backup: Path, path: Path) -> Path | None:
    with acquire(path, HOLDER, timeout_s=0) as lock:
        return restore_state(backup, path, lock=lock, actor="ann", reason="disk died", at_ms=START_MS + 99)


def head_of(path: Path) -> Head:
    with open_reader(path) as reader:
        assert reader is not None
        return reader.head()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state.db"
    fill(path, *everything())
    return path


# --- export and import -----------------------------------------------------------------------------------------------


def test_an_export_is_a_header_and_one_line_an_event() -> None:
    with memory() as ledger:
        lines = exported(ledger)
    assert lines[0] == (
        '{"count":3,"format_version":1,"hash":"' + ledger.head().hash + '",'
        '"lineage":"11111111-2222-4333-8444-555555555555","sequence":3}'
    )
    assert lines[1].startswith(
        '{"body":{"at_ms":"2026-09-21T14:13:20.000Z","lineage":"11111111-2222-4333-8444-555555555555"},"hash":"'
    )
    assert lines[1].endswith('","kind":"state_created","sequence":1}')
    assert len(lines) == 4


def test_an_import_makes_the_same_state_with_every_gate_closed(state: Path, tmp_path: Path) -> None:
    lines = export_of(state)
    other = tmp_path / "other" / "state.db"
    head = take(other, [line + "\n" for line in lines])
    assert head.sequence == 29
    assert verify_file(other).sound
    assert export_of(other)[1:-1] == lines[1:]
    with open_reader(other) as reader:
        assert reader is not None
        assert reader.ledgers()[0].gate == "imported"
        assert reader.lineage == "11111111-2222-4333-8444-555555555555"
    with locked_ledger(other) as (ledger, _):
        assert ledger.epoch == 4
        ledger.commit([run_started(5)])


def test_an_import_of_what_is_there_already_changes_nothing(state: Path) -> None:
    head = head_of(state)
    assert take(state, export_of(state)) == head
    assert head_of(state) == head


def test_an_import_brings_an_older_state_forward(state: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    backup_state(state, old)
    with locked_ledger(state) as (ledger, _):
        ledger.commit([run_started(4), adopted(adopted_payment(ANN.__class__("", "later", "zoe", "", "")))])
    assert take(old, export_of(state)).sequence == 31
    assert verify_file(old).sound
    with open_reader(old) as reader:
        assert reader is not None
        assert [record.campaign for record in reader.campaigns(1)] == [
            "later",
            "week-46",
            "week-47",
            "week-49",
            "week-48",
        ]


def test_an_older_export_does_not_replace_a_newer_state(state: Path) -> None:
    lines = export_of(state)
    with locked_ledger(state) as (ledger, _):
        ledger.commit([run_started(4)])
    with pytest.raises(StateError, match=r"ends at event 28, the state at .* at event 29") as caught:
        take(state, lines)
    assert caught.value.reason == "import_older"


def test_states_that_parted_are_not_joined(state: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    backup_state(state, other)
    with locked_ledger(state) as (ledger, _):
        ledger.commit([scanned(START_MS)])
    with locked_ledger(other) as (ledger, _):
        ledger.commit([run_started(4), scanned()])
        ledger.commit([scanned()])
    head = head_of(state)
    with pytest.raises(StateError, match="differ at event 29") as caught:
        take(state, export_of(other))
    assert caught.value.reason == "import_diverged"
    assert head_of(state) == head


def test_another_states_export_is_refused(state: Path, tmp_path: Path) -> None:
    with memory(scanned()) as ledger:
        lines = [line.replace("1111-2222", "1111-3333") for line in exported(ledger)]
    with pytest.raises(StateError, match="another state"):
        take(state, lines)


def cut(lines: list[str]) -> list[str]:
    return lines[:-1]


def cut_line(lines: list[str]) -> list[str]:
    return [*lines[:-1], lines[-1][:-20]]


def swapped(lines: list[str]) -> list[str]:
    return [*lines[:5], lines[6], lines[5], *lines[7:]]


def left_out(lines: list[str]) -> list[str]:
    return [*lines[:5], *lines[6:]]


def amount(lines: list[str]) -> list[str]:
    return [line.replace('"1.50"', '"9.50"') if number == 7 else line for number, line in enumerate(lines)]


def blank(lines: list[str]) -> list[str]:
    return [line.replace('"body":{', '"body": {') if number == 7 else line for number, line in enumerate(lines)]


def twice(lines: list[str]) -> list[str]:
    return [*lines, lines[-1]]


def key_twice(lines: list[str]) -> list[str]:
    return [line.replace('{"body"', '{"kind":"x","body"') if number == 7 else line for number, line in enumerate(lines)]


def deep(lines: list[str]) -> list[str]:
    return [*lines[:7], "[" * 100_000, *lines[8:]]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (cut, "Line 29 of the export is refused: the export ends after event 27, its head is 28"),
        (cut_line, "Line 29 of the export is refused: it is no JSON"),
        (swapped, "Line 6 of the export is refused: event 6 stands where event 5 belongs"),
        (left_out, "Line 6 of the export is refused: event 6 stands where event 5 belongs"),
        (amount, "Line 8 of the export is refused: event 7 does not have the hash"),
        (blank, "Line 8 of the export is refused: it is not written as an export writes it"),
        (twice, "Line 30 of the export is refused: event 28 stands where event 29 belongs"),
        (key_twice, "Line 8 of the export is refused: it is not written as an export writes it"),
        (deep, "Line 8 of the export is refused: it is no JSON"),
        (lambda lines: lines[1:], "Line 1 of the export is refused: it does not have the fields"),
        (lambda _: [], "Line 1 of the export is refused: it is no JSON"),
        (lambda lines: lines[:1], "Line 2 of the export is refused: the export ends after event 0, its head is 28"),
    ],
)
def test_a_spoiled_export_is_refused_with_its_line_and_imports_nothing(
    state: Path, tmp_path: Path, spoil: Callable[[list[str]], list[str]], says: str
) -> None:
    other = tmp_path / "other.db"
    with pytest.raises(StateError) as caught:
        take(other, spoil(export_of(state)))
    assert says in caught.value.summary
    with open_reader(other) as reader:
        assert reader is None


def test_a_text_that_bonusctl_does_not_write_is_refused_although_its_chain_is_right(
    state: Path, tmp_path: Path
) -> None:
    lines, previous, made = export_of(state), chain.GENESIS, []
    for number, line in enumerate(lines[1:], 1):
        event = json.loads(line)
        body = canonical_json(event["body"])
        body = body.replace(",", ", ", 1) if number == 7 else body
        previous = chain.link(previous, event["kind"], body)
        made.append(f'{{"body":{body},"hash":"{previous.hex()}","kind":"{event["kind"]}","sequence":{number}}}')
    header = canonical_json({**json.loads(lines[0]), "hash": previous.hex()})
    with pytest.raises(
        StateCorrupt, match="Event 7 of the state cannot be read: it is not written as bonusctl writes it"
    ):
        take(tmp_path / "new.db", [header, *made])
    with open_reader(tmp_path / "new.db") as reader:
        assert reader is None


def test_an_export_that_cannot_be_read_to_its_end_imports_nothing(state: Path, tmp_path: Path) -> None:
    def broken() -> Iterator[str]:
        yield from export_of(state)[:4]
        raise OSError(5, "Input/output error")

    with pytest.raises(StateError, match="Line 5 of the export is refused: it cannot be read"):
        take(tmp_path / "other.db", broken())


def test_an_event_that_cannot_follow_is_refused_although_its_chain_is_right(tmp_path: Path) -> None:
    """A forger can compute hashes; what the events say must still be possible."""
    import json

    from reconcile.digest import canonical_json
    from reconcile.state.chain import GENESIS, link

    with memory() as ledger:
        lines = [json.loads(line) for line in exported(ledger)]
    lines[2]["body"]["epoch"] = 7
    previous = GENESIS
    for line in lines[1:]:
        previous = link(previous, line["kind"], canonical_json(line["body"]))
        line["hash"] = previous.hex()
    lines[0]["hash"] = previous.hex()
    with pytest.raises(StateError, match="epoch 7 cannot follow epoch 0"):
        take(tmp_path / "other.db", [canonical_json(line) for line in lines])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choices=st.lists(st.integers(min_value=0, max_value=47), max_size=160), moves=st.integers(0, 40))
def test_any_history_verifies_and_comes_back_from_its_export(tmp_path: Path, choices: list[int], moves: int) -> None:
    folder = tmp_path / str(next(FOLDERS))
    with memory(*tell(choices, moves)) as ledger:
        assert verify(ledger).findings == ()
        lines = exported(ledger)
        before = list(ledger.all_payments(1)), ledger.campaigns(1), list(ledger.open_operations(1))
    take(folder / "state.db", lines)
    with open_reader(folder / "state.db") as reader:
        assert reader is not None
        assert (list(reader.all_payments(1)), reader.campaigns(1), list(reader.open_operations(1))) == before
        assert exported(reader)[1 : len(lines)] == lines[1:]
        assert verify(reader).sound


# --- backup and restore ----------------------------------------------------------------------------------------------


def test_a_backup_is_a_private_whole_state(state: Path, tmp_path: Path) -> None:
    target = tmp_path / "backups" / "b.db"
    assert backup_state(state, target) == head_of(state)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert verify_file(target).sound
    assert export_of(target) == export_of(state)


def test_a_backup_can_be_taken_while_a_run_holds_the_state(state: Path, tmp_path: Path) -> None:
    with locked_ledger(state) as (ledger, _):
        ledger.commit([run_started(4)])
        assert backup_state(state, tmp_path / "b.db") == ledger.head()
        ledger.commit([scanned()])


def test_a_backup_never_replaces_a_file(state: Path, tmp_path: Path) -> None:
    (tmp_path / "b.db").touch()
    with pytest.raises(StateError, match="is there already"):
        backup_state(state, tmp_path / "b.db")


def test_a_backup_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="There is no state"):
        backup_state(tmp_path / "no.db", tmp_path / "b.db")


def test_a_restored_state_keeps_the_former_file_closes_the_gates_and_fences_older_runs(
    state: Path, tmp_path: Path
) -> None:
    backup_state(state, tmp_path / "b.db")
    with locked_ledger(state) as (ledger, _):
        ledger.commit([run_started(4)])
        ledger.commit([run_started(5)])
    former = export_of(state)
    aside = restore(tmp_path / "b.db", state)
    assert aside == tmp_path / "state.db.before-restore-1"
    assert export_of(aside) == former
    assert head_of(state).sequence == 29
    assert verify_file(state).sound
    with locked_ledger(state) as (ledger, _):
        assert ledger.epoch == 6
        assert ledger.ledgers()[0].gate == "restored"
        ledger.commit([run_started(7)])
    assert restore(tmp_path / "b.db", state) == tmp_path / "state.db.before-restore-2"


def test_a_backup_is_restored_where_no_state_is(state: Path, tmp_path: Path) -> None:
    backup_state(state, tmp_path / "b.db")
    assert restore(tmp_path / "b.db", tmp_path / "new.db") is None
    assert verify_file(tmp_path / "new.db").sound


def test_a_backup_is_restored_over_a_damaged_state(state: Path, tmp_path: Path) -> None:
    backup_state(state, tmp_path / "b.db")
    state.write_bytes(b"no database at all" * 1000)
    state.with_name("state.db-journal").write_bytes(b"nor a journal")
    aside = restore(tmp_path / "b.db", state)
    assert aside is not None
    assert aside.read_bytes().startswith(b"no database")
    assert verify_file(state).sound
    assert not state.with_name("state.db-journal").exists()


def test_a_backup_that_does_not_verify_is_not_restored(state: Path, tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    backup_state(state, tmp_path / "b.db")
    with closing(sqlite3.connect(tmp_path / "b.db")) as connection:
        connection.execute("UPDATE bonuses SET issued = '0.00'")
        connection.commit()
    before = state.read_bytes()
    with pytest.raises(StateCorrupt, match="does not verify"):
        restore(tmp_path / "b.db", state)
    assert state.read_bytes() == before


def test_a_restore_without_the_lock_changes_nothing(state: Path, tmp_path: Path) -> None:
    backup_state(state, tmp_path / "b.db")
    lock = acquire(state, HOLDER, timeout_s=0)
    lock.release()
    before = state.read_bytes()
    with pytest.raises(StateFenced):
        restore_state(tmp_path / "b.db", state, lock=lock, actor="a", reason="r", at_ms=START_MS)
    assert state.read_bytes() == before


# --- the head as an anchor -------------------------------------------------------------------------------------------


def test_a_head_is_found_in_the_state_it_came_from_and_in_all_that_grew_from_it(state: Path) -> None:
    anchor = parse_head(format_head(head_of(state)))
    assert anchor is not None
    with locked_ledger(state) as (ledger, _):
        ledger.commit([run_started(4)])
        assert ledger.contains_head(anchor)
        assert ledger.contains_head(ledger.head())
        assert not ledger.contains_head(Head(anchor.sequence, "0" * 64))
        assert not ledger.contains_head(Head(anchor.sequence + 5, anchor.hash))


def test_an_older_state_does_not_contain_a_newer_head(state: Path, tmp_path: Path) -> None:
    backup_state(state, tmp_path / "b.db")
    with locked_ledger(state) as (ledger, _):
        ledger.commit([run_started(4)])
        anchor = ledger.head()
    with open_reader(tmp_path / "b.db") as reader:
        assert reader is not None
        assert not reader.contains_head(anchor)


@pytest.mark.parametrize("text", ["", "3", "3:", "03:" + "0" * 64, "-1:" + "0" * 64, "3:" + "0" * 63, "3:" + "G" * 64])
def test_what_is_no_head_is_none(text: str) -> None:
    assert parse_head(text) is None
