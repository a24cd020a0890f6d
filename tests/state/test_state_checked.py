"""A state's pages are read whole once a day, and whenever anybody but a run that ended well had the file."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from reconcile.errors import StateCorrupt
from reconcile.state.checked import AGE_MAX_MS, checked_ms, checked_path, keep_checked
from reconcile.state.lock import Holder, acquire
from reconcile.state.sqlite import SqliteLedger, open_ledger
from tests.state.histories import LINEAGE, START_MS, bound, everything, run_started

PAGE = 4096


@contextmanager
def opened(path: Path, at_ms: int = START_MS) -> Iterator[SqliteLedger]:
    holder = Holder(pid=os.getpid(), host="here", command="test", since_ms=START_MS)
    with (
        acquire(path, holder, timeout_s=0) as lock,
        open_ledger(path, lock=lock, lineage=LINEAGE, at_ms=at_ms) as ledger,
    ):
        yield ledger


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state.db"
    with opened(path) as ledger:
        ledger.commit([run_started(1), bound()])
        for events in everything():
            ledger.commit(events)
    return path


def damage(path: Path) -> None:
    """The head of an index that an opening does not look at becomes a kind of page that SQLite does not have."""
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'payments_by_time'").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * PAGE)
        file.write(b"\xee")


def test_a_run_that_ends_well_vouches_for_the_file(state: Path) -> None:
    assert checked_ms(state, START_MS) == START_MS
    assert checked_path(state).stat().st_mode & 0o777 == 0o600


def test_what_was_vouched_for_is_not_read_again(state: Path) -> None:
    """Damage that the opening does not touch goes unseen where the damaged file itself is called checked."""
    damage(state)
    keep_checked(state, START_MS)
    with opened(state):
        pass
    checked_path(state).unlink()
    with pytest.raises(StateCorrupt), opened(state):
        pass


def test_an_altered_file_is_read_again_even_where_size_and_time_were_put_back(state: Path) -> None:
    before = state.stat()
    damage(state)
    os.utime(state, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert state.stat().st_size == before.st_size
    with pytest.raises(StateCorrupt), opened(state):
        pass


def test_the_same_bytes_in_another_file_are_read_again(state: Path) -> None:
    copy = state.with_name("copy.db")
    copy.write_bytes(state.read_bytes())
    copy.replace(state)
    assert checked_ms(state, START_MS) is None


def test_a_day_later_the_pages_are_read_again(state: Path) -> None:
    assert checked_ms(state, START_MS + AGE_MAX_MS - 1) == START_MS
    assert checked_ms(state, START_MS + AGE_MAX_MS) is None


def test_runs_in_between_do_not_put_the_check_off(state: Path) -> None:
    with opened(state, START_MS + 3_600_000) as ledger:
        ledger.commit([run_started(ledger.epoch + 1)])
    assert checked_ms(state, START_MS + 3_600_000) == START_MS


def test_a_clock_that_went_backwards_knows_nothing(state: Path) -> None:
    assert checked_ms(state, START_MS - 1) is None


def test_a_journal_of_a_killed_run_beside_the_file_counts_as_altered(state: Path) -> None:
    state.with_name("state.db-journal").write_bytes(b"")
    assert checked_ms(state, START_MS) is None


def test_a_run_that_was_cut_off_vouches_for_nothing(state: Path) -> None:
    def cut_off() -> None:
        with opened(state) as ledger:
            ledger.commit([run_started(ledger.epoch + 1)])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_off()
    assert checked_ms(state, START_MS) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"checked_ms": 1, "stamp": 3}', '{"checked_ms": "1", "stamp": []}'])
def test_a_mark_that_cannot_be_read_vouches_for_nothing(state: Path, text: str) -> None:
    checked_path(state).write_text(text)
    assert checked_ms(state, START_MS) is None
