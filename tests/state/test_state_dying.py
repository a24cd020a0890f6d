"""A state survives kills, full disks and folders that cannot be written: nothing that was committed is lost."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from reconcile.errors import StateWriteFailed
from reconcile.state.reader import open_reader
from reconcile.state.verify import verify, verify_file
from tests.state.histories import ANN, everything, fill, locked_ledger, prepared, run_started

# Commits without end, and says how many commits returned; `--spill` dies inside a transaction that reached the file.
WRITER = """
import os, sys, itertools
from pathlib import Path
from tests.state.histories import Identity, locked_ledger, prepared, run_started

with locked_ledger(Path(sys.argv[1])) as (ledger, _):
    ledger.commit([run_started(ledger.epoch + 1)])
    if "--spill" in sys.argv:
        connection = ledger.source.connection
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN IMMEDIATE")
        for number in range(2000):
            connection.execute("INSERT INTO meta VALUES (?, ?)", (f"spill-{number}", "x" * 300))
        os.kill(os.getpid(), 9)
    for number in itertools.count(ledger.next_operation()):
        ledger.commit([prepared(number, Identity("", "kill", f"w{number}", "", ""))])
        print(number, flush=True)
"""
ROOT = Path(__file__).parents[2]


def child(state: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(state), *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "state.db"
    fill(path, *everything())
    return path


def listing(folder: Path) -> list[tuple[str, int, int]]:
    return sorted((entry.name, entry.stat().st_mtime_ns, entry.stat().st_size) for entry in folder.iterdir())


def test_a_hot_journal_is_rolled_back_in_a_private_copy_and_not_in_place(state: Path) -> None:
    with child(state, "--spill") as process:
        process.wait()
    assert state.with_name("state.db-journal").stat().st_size > 0
    before, whole = listing(state.parent), state.read_bytes()
    with open_reader(state) as reader:
        assert reader is not None
        assert reader.head().sequence == 29
        assert reader.source.rows("SELECT * FROM meta WHERE key LIKE 'spill%'") == []
        assert verify(reader).sound
    assert listing(state.parent) == before
    assert state.read_bytes() == whole
    with locked_ledger(state) as (ledger, _):
        assert ledger.head().sequence == 29
    assert not state.with_name("state.db-journal").exists()


def test_twenty_kills_lose_no_commit_that_returned(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    fill(path)
    for kill in range(20):
        with child(path) as process:
            assert process.stdout is not None
            returned = 0
            for line in process.stdout:
                returned = int(line)
                if returned % 7 == kill % 7:
                    process.send_signal(signal.SIGKILL)
                    break
            for line in process.stdout:
                returned = int(line)
        with open_reader(path) as reader:
            assert reader is not None
            assert returned <= reader.count_open(1) <= returned + 1
        report = verify_file(path)
        assert report.findings == ()
    assert sorted(entry.name for entry in tmp_path.iterdir() if "journal" not in entry.name) == [
        "state.db",
        "state.db.checked",
        "state.db.lock",
        "state.db.verified",
    ]


def test_a_full_disk_fails_the_write_and_ends_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    fill(path)
    code = f"""
import resource, signal
from dataclasses import replace
from pathlib import Path
from reconcile.errors import StateWriteFailed
from tests.state.histories import ANN, BEN, locked_ledger, prepared, run_started

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path({str(path)!r})
large = prepared(1, ANN)
large = replace(large, operations=(replace(large.operations[0], body="x" * 100_000),))

def attempt(number, event):
    try:
        ledger.commit([event])
    except StateWriteFailed as error:
        print(number, error)

with locked_ledger(path) as (ledger, _):
    ledger.commit([run_started(2)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, resource.RLIM_INFINITY))
    attempt(1, large)
    attempt(2, large)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    attempt(3, prepared(1, BEN))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert [line[0] for line in lines] == ["1", "2", "3"], done.stderr
    assert "could not be written" in lines[0]
    assert "takes no more writes in this run" in lines[1]
    assert "takes no more writes in this run" in lines[2]
    assert verify_file(path).sound
    with locked_ledger(path) as (ledger, _):
        assert ledger.epoch == 2
        assert ledger.next_operation() == 1
        ledger.commit([prepared(1, ANN)])


def test_a_folder_that_cannot_be_written_shows_before_anything_is_done(tmp_path: Path) -> None:
    """As another user where this runs as root, who may write anywhere."""
    path = tmp_path / "state.db"
    fill(path)
    before = path.read_bytes()
    code = f"""
import os
from pathlib import Path
from reconcile.errors import StateError
from tests.state.histories import locked_ledger, run_started
if os.geteuid() == 0:
    os.setegid(65534); os.seteuid(65534)
try:
    with locked_ledger(Path({str(path)!r})) as (ledger, _):
        ledger.commit([run_started(2)])
except StateError as error:
    print(type(error).__name__, error)
"""
    tmp_path.chmod(0o555)
    path.chmod(0o444)
    try:
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    finally:
        tmp_path.chmod(0o755)
    assert done.stdout.startswith("StateError "), done.stderr
    assert path.read_bytes() == before


def test_a_ledger_whose_file_cannot_be_locked_for_writing_says_so_and_stays_shut(state: Path) -> None:
    with closing(sqlite3.connect(state, isolation_level=None)) as browser, locked_ledger(state) as (ledger, _):
        browser.execute("BEGIN IMMEDIATE")
        ledger.source.connection.execute("PRAGMA busy_timeout = 50")
        with pytest.raises(StateWriteFailed, match="kept busy by another program"):
            ledger.commit([run_started(4)])
        browser.execute("ROLLBACK")
        with pytest.raises(StateWriteFailed, match="takes no more writes"):
            ledger.commit([run_started(4)])
        with pytest.raises(StateWriteFailed, match="takes no more writes"):
            ledger.next_operation()
