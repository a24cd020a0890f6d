"""The state as a file: durable, private, refused where it cannot be trusted, and never written by a reader."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from reconcile.errors import StateCorrupt, StateError, StateWriteFailed
from reconcile.state import connection, files
from reconcile.state.lock import acquire
from reconcile.state.reader import open_reader
from reconcile.state.sqlite import open_ledger
from reconcile.state.verify import verify
from tests.state.histories import (
    HOLDER,
    LINEAGE,
    START_MS,
    everything,
    fill,
    locked_ledger,
    scanned,
)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "state.db"
    fill(path, *everything())
    return path


def listing(folder: Path) -> list[tuple[str, int, int]]:
    return sorted((entry.name, entry.stat().st_mtime_ns, entry.stat().st_size) for entry in folder.iterdir())


# --- making ----------------------------------------------------------------------------------------------------------


def test_a_missing_state_reads_as_none(tmp_path: Path) -> None:
    with open_reader(tmp_path / "no" / "state.db") as reader:
        assert reader is None
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_no_state_yet(tmp_path: Path) -> None:
    """A run that died between making the file and making the tables leaves one."""
    (tmp_path / "state.db").touch()
    with open_reader(tmp_path / "state.db") as reader:
        assert reader is None
    fill(tmp_path / "state.db")
    with open_reader(tmp_path / "state.db") as reader:
        assert reader is not None
        assert reader.lineage == LINEAGE


def test_a_state_and_its_journal_are_private_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.db"
    with umask(0o000), locked_ledger(path) as (ledger, _):
        ledger.source.connection.execute("BEGIN IMMEDIATE")
        ledger.source.connection.execute("UPDATE meta SET value = value || 1")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.with_name("state.db-journal").stat().st_mode) == 0o600
        ledger.source.connection.execute("ROLLBACK")


def test_a_state_that_others_could_read_is_made_private_again(state: Path) -> None:
    state.chmod(0o644)
    with locked_ledger(state):
        assert stat.S_IMODE(state.stat().st_mode) == 0o600


def test_the_connection_is_as_durable_as_it_says(state: Path) -> None:
    with locked_ledger(state) as (ledger, _):
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "trusted_schema", "cell_size_check", "busy_timeout")
        found = [ledger.source.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
        assert found == ["delete", 3, 1, 0, 1, 60_000]


def test_a_state_made_twice_from_the_same_events_is_the_same_to_the_last_row(tmp_path: Path) -> None:
    dumps = []
    for name in ("one.db", "two.db"):
        fill(tmp_path / name, *everything())
        with closing(sqlite3.connect(tmp_path / name)) as opened:
            dumps.append(list(opened.iterdump()))
    assert dumps[0] == dumps[1]


# --- refusing --------------------------------------------------------------------------------------------------------


def test_a_symbolic_link_is_refused(state: Path) -> None:
    link = state.with_name("link.db")
    link.symlink_to(state)
    with pytest.raises(StateError, match="is a symbolic link"), open_reader(link):
        pass
    with pytest.raises(StateError, match="is a symbolic link"), locked_ledger(link):
        pass


def test_a_file_with_two_names_is_refused(state: Path) -> None:
    state.with_name("second.db").hardlink_to(state)
    with pytest.raises(StateError, match=r"has 2 names \(hard links\)"), open_reader(state):
        pass


def test_a_folder_or_a_pipe_is_no_state(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(StateError, match="no regular file"), open_reader(path):
            pass


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("CREATE TABLE t (x)")
    before = path.read_bytes()
    with pytest.raises(StateError, match="no state of bonusctl"), locked_ledger(path):
        pass
    with pytest.raises(StateError, match="no state of bonusctl"), open_reader(path):
        pass
    assert path.read_bytes() == before


def test_a_state_of_a_newer_version_is_refused(state: Path) -> None:
    with closing(sqlite3.connect(state)) as opened:
        opened.execute("PRAGMA user_version = 99")
    with pytest.raises(StateError, match=r"newer bonusctl \(format 99, this one knows 5\)"), open_reader(state):
        pass
    with pytest.raises(StateError, match="newer bonusctl"), locked_ledger(state):
        pass


def test_a_state_in_write_ahead_mode_is_not_read_but_a_run_takes_it_back(state: Path) -> None:
    with closing(sqlite3.connect(state)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")
    with pytest.raises(StateError, match="second file"), open_reader(state):
        pass
    with locked_ledger(state):
        pass
    with open_reader(state) as reader:
        assert reader is not None


@pytest.mark.parametrize("damage", ["text", "zeros", "cut"])
def test_a_damaged_file_is_corrupt_and_the_way_out_is_named(state: Path, damage: str) -> None:
    whole = state.read_bytes()
    half = len(whole) // 2
    damaged = {"text": b"no database\n" * 400, "zeros": whole[:4096] + bytes(len(whole) - 4096), "cut": whole[:half]}
    state.write_bytes(damaged[damage])
    with pytest.raises(StateCorrupt) as caught, locked_ledger(state):
        pass
    assert "bonusctl state restore" in caught.value.remedy


def test_an_altered_event_stops_the_next_run(state: Path) -> None:
    with closing(sqlite3.connect(state)) as opened:
        opened.execute("DROP TRIGGER events_never_altered")
        opened.execute("UPDATE events SET body = replace(body, '1.50', '9.50') WHERE sequence = 7")
        opened.commit()
    with pytest.raises(StateCorrupt, match="journal is broken at event 7"), locked_ledger(state):
        pass


def test_only_what_the_last_run_wrote_is_verified_again_at_the_next_opening(state: Path) -> None:
    """Verified events are not read again; `state verify` reads them all."""
    fill(state)
    with closing(sqlite3.connect(state)) as opened:
        (value,) = opened.execute("SELECT value FROM meta WHERE key = 'verified'").fetchone()
    assert value.startswith("28:")


@pytest.mark.parametrize(
    ("mount", "kind"),
    [
        ("36 35 98:0 / /data rw - ext4 /dev/a rw", ""),
        ("36 35 98:0 / /data rw shared:1 - nfs4 server:/x rw", "nfs4"),
        ("36 35 98:0 / /data rw - cifs //server/x rw", "cifs"),
        ("36 35 98:0 / /data rw - fuse.sshfs host: rw", "fuse.sshfs"),
        ("36 35 98:0 / /data rw - fuse.encfs x rw", ""),
        ("36 35 98:0 / /dat rw - nfs server:/x rw", ""),
        ("36 35 98:0 / /data/sub rw - nfs server:/x rw", ""),
        ("36 35 98:0 / /data rw - nfs server:/x rw\n37 36 98:1 / /data/state rw - ext4 /dev/b rw", ""),
        ("36 35 98:0 / /data/state\\040x rw - nfs server:/x rw", ""),
    ],
)
def test_a_network_file_system_is_told_by_the_mount_that_holds_the_folder(mount: str, kind: str) -> None:
    assert files.network_kind(Path("/data/state"), f"1 0 8:1 / / rw - ext4 /dev/r rw\n{mount}\n") == kind


def test_a_state_on_a_network_file_system_is_refused_unless_it_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("1 0 0:1 / / rw - nfs4 server:/ rw\n")
    monkeypatch.setattr(files, "MOUNTS", mounts)
    path = tmp_path / "state.db"
    with pytest.raises(StateError, match=r"network file system \(nfs4\)"), locked_ledger(path):
        pass
    with (
        acquire(path, HOLDER, timeout_s=0) as lock,
        open_ledger(path, lock=lock, lineage=LINEAGE, at_ms=START_MS, network_allowed=True) as ledger,
    ):
        assert ledger.head().sequence == 1


# --- reading never writes --------------------------------------------------------------------------------------------


def test_a_reader_leaves_no_trace_in_the_folder(state: Path) -> None:
    before = listing(state.parent)
    with open_reader(state) as reader:
        assert reader is not None
        list(reader.all_payments(1))
        verified = verify(reader)
    assert verified.sound
    assert listing(state.parent) == before


def test_a_reader_reads_from_a_folder_that_it_could_not_write(state: Path) -> None:
    state.chmod(0o400)
    state.parent.chmod(0o500)
    try:
        with open_reader(state) as reader:
            assert reader is not None
            assert reader.head().sequence == 28
    finally:
        state.parent.chmod(0o700)


def test_a_reader_sees_one_moment_while_a_run_wants_to_write(state: Path) -> None:
    with open_reader(state) as reader:
        assert reader is not None
        assert reader.head().sequence == 28
        with locked_ledger(state) as (ledger, _):
            ledger.source.connection.execute("PRAGMA busy_timeout = 50")
            with pytest.raises(StateWriteFailed, match="kept busy by another program"):
                ledger.commit([scanned()])
        assert reader.head().sequence == 28
    with open_reader(state) as reader:
        assert reader is not None
        assert reader.head().sequence == 28


def test_a_state_that_stays_locked_cannot_be_read_and_says_why(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_S", 0.05)
    with closing(sqlite3.connect(state, isolation_level=None)) as browser:
        browser.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StateError, match="kept busy by another program") as caught, open_reader(state):
            pass
    assert caught.value.reason == "state_busy"
