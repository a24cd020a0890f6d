"""A state whose tables an older bonusctl made: read as it lies, brought to today's form by the next run."""

import sqlite3
from pathlib import Path

import pytest

from reconcile.state.connection import FORMAT
from reconcile.state.events import GateClosed
from reconcile.state.lock import acquire
from reconcile.state.reader import open_reader
from reconcile.state.sqlite import open_ledger
from reconcile.state.verify import verify
from tests.state.histories import ANN as BONUS
from tests.state.histories import HOLDER, LINEAGE, START_MS, bound, prepared, run_started, scanned


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A state of format 1: without the columns for balances, for the gate's moment and for payments that go alone."""
    path = tmp_path / "folder" / "state.db"
    path.parent.mkdir()
    with (
        acquire(path, HOLDER, timeout_s=0) as lock,
        open_ledger(path, lock=lock, lineage=LINEAGE, at_ms=START_MS) as new,
    ):
        closed = GateClosed(ledger=1, reason="new", at_ms=START_MS)
        new.commit([run_started(), bound(), closed, prepared(1, BONUS), scanned(0)])
    connection = sqlite3.connect(path)
    connection.executescript(
        "ALTER TABLE ledgers DROP COLUMN balance; ALTER TABLE ledgers DROP COLUMN balance_ms;"
        "ALTER TABLE ledgers DROP COLUMN gate_server_ms; ALTER TABLE payments DROP COLUMN attempt_alone;"
        "PRAGMA user_version = 1;"
    )
    connection.close()
    return path


def format_of(path: Path) -> int:
    connection = sqlite3.connect(path)
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return number


def test_an_older_state_is_read_without_being_touched(older: Path) -> None:
    before = older.read_bytes()
    with open_reader(older) as reader:
        assert reader is not None
        (ledger,) = reader.ledgers()
        assert (ledger.balance, reader.count_open(1)) == (None, 1)
    assert older.read_bytes() == before


def test_the_next_run_brings_an_older_state_to_todays_form(older: Path) -> None:
    with (
        acquire(older, HOLDER, timeout_s=0) as lock,
        open_ledger(older, lock=lock, lineage="", at_ms=START_MS) as ledger,
    ):
        assert ledger.ledgers()[0].balance is None
    assert (format_of(older), FORMAT) == (5, 5)


def test_an_older_state_brought_up_is_what_its_events_fold_to(older: Path) -> None:
    with acquire(older, HOLDER, timeout_s=0) as lock, open_ledger(older, lock=lock, lineage="", at_ms=START_MS):
        pass
    with open_reader(older) as reader:
        assert reader is not None
        assert verify(reader).findings == ()
