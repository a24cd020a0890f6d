"""The run lock between real processes."""

import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from reconcile.errors import StateError, StateFenced, StateLocked
from reconcile.state.events import StateCarried
from reconcile.state.lock import Holder, acquire, lock_path, read_holder, unlock
from tests.state.histories import HOLDER, START_MS, fill, locked_ledger, run_started, scanned

SECOND = Holder(pid=8, host="laptop", command="bonusctl refresh", since_ms=START_MS)

# Takes the lock, opens the state, begins a run, says so, and commits a scan for each line it is sent.
RUNNER = """
import os, sys
from pathlib import Path
from reconcile.errors import BonusctlError
from reconcile.state.lock import Holder, acquire
from reconcile.state.sqlite import open_ledger
from tests.state.histories import LINEAGE, START_MS, run_started, scanned

path = Path(sys.argv[1])
holder = Holder(pid=os.getpid(), host="child", command="bonusctl apply", since_ms=START_MS)
with acquire(path, holder, timeout_s=0) as lock, open_ledger(path, lock=lock, lineage=LINEAGE, at_ms=START_MS) as ledger:
    ledger.commit([run_started(ledger.epoch + 1)])
    print("running", flush=True)
    for line in sys.stdin:
        try:
            ledger.commit([scanned()])
            print("committed", lock.still_held(), flush=True)
        except BonusctlError as error:
            print(type(error).__name__, lock.still_held(), flush=True)
"""


@contextmanager
def runner(state: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock and has begun a run."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert said(process) == "running"
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ask(process: subprocess.Popen[str]) -> str:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    return said(process)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state.db"
    fill(path)
    return path


def test_a_held_lock_refuses_and_names_its_holder(state: Path) -> None:
    with runner(state) as process, pytest.raises(StateLocked) as caught:
        acquire(state, HOLDER, timeout_s=0.1)
    assert f"locked by `bonusctl apply` (process {process.pid} on child, since 2026-09-21T14:13:20.000Z)" in str(
        caught.value
    )
    assert caught.value.reason == "lock_held"


def test_a_lock_of_a_killed_process_is_free_at_once(state: Path) -> None:
    with runner(state) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with acquire(state, SECOND, timeout_s=0) as lock:
            assert lock.still_held()
            assert read_holder(state) == SECOND


def test_two_locks_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    with acquire(tmp_path / "s.db", HOLDER, timeout_s=0), pytest.raises(StateLocked):
        acquire(tmp_path / "s.db", SECOND, timeout_s=0)


def test_a_lock_is_waited_for(state: Path) -> None:
    with runner(state) as process:
        assert process.stdin is not None
        process.stdin.close()
        with acquire(state, SECOND, timeout_s=30) as lock:
            assert lock.still_held()


def test_a_released_lock_is_no_longer_held_nor_signed(tmp_path: Path) -> None:
    lock = acquire(tmp_path / "s.db", HOLDER, timeout_s=0)
    lock.release()
    lock.release()
    assert not lock.still_held()
    assert read_holder(tmp_path / "s.db") is None


def test_a_lock_file_is_private(tmp_path: Path) -> None:
    with acquire(tmp_path / "s.db", HOLDER, timeout_s=0):
        assert stat.S_IMODE(lock_path(tmp_path / "s.db").stat().st_mode) == 0o600
        unlock(tmp_path / "s.db")
        assert stat.S_IMODE(lock_path(tmp_path / "s.db").stat().st_mode) == 0o600


def test_a_lock_that_is_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    lock_path(tmp_path / "s.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="symbolic link"):
        acquire(tmp_path / "s.db", HOLDER, timeout_s=0)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff" * 10, b"[" * 4000])
def test_a_garbled_signature_is_no_holder(tmp_path: Path, text: bytes) -> None:
    lock_path(tmp_path / "s.db").write_bytes(text)
    assert read_holder(tmp_path / "s.db") is None


def test_a_paused_run_whose_lock_was_taken_over_neither_writes_nor_thinks_it_holds_the_lock(state: Path) -> None:
    with runner(state) as process:
        assert ask(process) == "committed True"
        process.send_signal(signal.SIGSTOP)
        holder = unlock(state)
        assert holder is not None
        assert holder.pid == process.pid
        with locked_ledger(state) as (ledger, lock):
            carried = StateCarried(how="unlocked", reason="hangs", actor="ann", epoch=ledger.epoch + 1, at_ms=START_MS)
            ledger.commit([carried])
            process.send_signal(signal.SIGCONT)
            assert ask(process) == "StateFenced False"
            assert ask(process) == "StateWriteFailed False"
            assert lock.still_held()
            ledger.commit([scanned()])


def test_an_unlocked_run_is_stopped_even_before_the_next_one_begins(state: Path) -> None:
    with runner(state) as process:
        unlock(state)
        assert ask(process) == "StateFenced False"


def test_a_removed_lock_file_stops_its_run(state: Path) -> None:
    with runner(state) as process:
        lock_path(state).unlink()
        assert ask(process) == "StateFenced False"


def test_the_epoch_alone_stops_an_older_run(state: Path) -> None:
    """Without the lock file's help: a run that only the journal can tell."""
    with locked_ledger(state) as (ledger, _):
        other = ledger.__class__(ledger.source.connection, state, None, ledger.head())
        other.commit([run_started(other.epoch + 1)])
        with pytest.raises(StateFenced, match="epoch 2 has begun, this run is of epoch 1"):
            ledger.commit([scanned()])


def test_a_journal_that_grew_meanwhile_stops_a_run_of_the_same_epoch(state: Path) -> None:
    with locked_ledger(state) as (ledger, _):
        other = ledger.__class__(ledger.source.connection, state, None, ledger.head())
        other.commit([scanned()])
        with pytest.raises(StateFenced, match="its journal has grown"):
            ledger.commit([scanned()])


def test_the_lock_is_not_inherited_by_programs_that_a_run_starts(tmp_path: Path) -> None:
    lock = acquire(tmp_path / "s.db", HOLDER, timeout_s=0)
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        lock.release()
        acquire(tmp_path / "s.db", SECOND, timeout_s=0).release()
    finally:
        child.kill()
        child.wait()


def test_unlocking_says_who_had_signed(tmp_path: Path) -> None:
    assert unlock(tmp_path / "s.db") is None
    with acquire(tmp_path / "s.db", HOLDER, timeout_s=0) as lock:
        assert unlock(tmp_path / "s.db") == HOLDER
        assert not lock.still_held()
        with acquire(tmp_path / "s.db", SECOND, timeout_s=0) as taken:
            assert taken.still_held()
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.db.lock"]
