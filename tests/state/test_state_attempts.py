"""A payment's two counts: ids used up in operations of any kind, and in those that held it alone."""

import sqlite3
from pathlib import Path

import pytest

from reconcile.errors import EventRefused
from reconcile.state.events import Event, OperationsPrepared
from reconcile.state.lock import acquire
from reconcile.state.reader import open_reader
from reconcile.state.sqlite import SqliteLedger, open_ledger
from reconcile.state.verify import verify
from tests.state.histories import (
    ANN,
    BEN,
    HOLDER,
    LINEAGE,
    START_MS,
    bound,
    executed,
    issued,
    memory,
    pid,
    prepared,
    rejected,
    released,
    run_started,
    settled,
)


def failed(number: int, prepared: OperationsPrepared) -> list[Event]:
    """An operation that the provider took and that paid nobody: its id is used up."""
    return [
        prepared,
        *executed(number),
        settled(number, *(rejected(one.bonus) for one in prepared.operations[0].payments)),
    ]


BATCH = failed(1, prepared(1, ANN, BEN))
SINGLE = failed(1, prepared(1, ANN))
OLD = [*BATCH, *failed(2, prepared(2, ANN, attempt=2))]
"""As before format 5: the single payment took the number that came after the batch's."""


def counts(ledger: SqliteLedger) -> tuple[int, int]:
    """Ann's first payment: (attempt, attempt_alone)."""
    payment = ledger.payment_by_id(pid(ANN))
    assert payment is not None
    return payment.attempt, payment.attempt_alone


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ([prepared(1, ANN)], (1, 1)),
        (SINGLE, (2, 2)),
        (BATCH, (2, 1)),
        ([*BATCH, *failed(2, prepared(2, ANN, BEN, attempt=2))], (3, 1)),
        ([*BATCH, *failed(2, prepared(2, ANN))], (3, 2)),
        ([*SINGLE, *failed(2, prepared(2, ANN, attempt=2))], (3, 3)),
        ([prepared(1, ANN), *executed(1), settled(1, released(ANN))], (1, 1)),
        ([*BATCH, prepared(2, ANN), *executed(2), settled(2, issued(ANN))], (2, 1)),
        (OLD, (3, 1)),
        ([*OLD, *failed(3, prepared(3, ANN))], (4, 2)),
    ],
    ids=[
        "new",
        "a single",
        "a batch",
        "two batches",
        "a batch and a single",
        "two singles",
        "an id that is not used up",
        "a batch, then paid alone",
        "a single of an older bonusctl, whose id no other state takes",
        "the same, and then one of today",
    ],
)
def test_both_counts_go_on_where_an_id_is_used_up(told: list[Event], found: tuple[int, int]) -> None:
    with memory(told) as ledger:
        assert counts(ledger) == found


TWO_BATCHES = [*BATCH, *failed(2, prepared(2, ANN, BEN, attempt=2))]


@pytest.mark.parametrize(
    ("told", "following", "message"),
    [
        (BATCH, prepared(2, ANN, BEN), "at attempt 2, not 1"),
        (TWO_BATCHES, prepared(3, ANN, BEN, attempt=1), "at attempt 3, not 1"),
        (TWO_BATCHES, prepared(3, ANN, attempt=2), "at attempt 1, not 2"),
        (TWO_BATCHES, prepared(3, ANN, attempt=4), "at attempt 1, not 4"),
        (SINGLE, prepared(2, ANN), "at attempt 2, not 1"),
        ([*BATCH, *failed(2, prepared(2, ANN))], prepared(3, ANN), "at attempt 2, not 1"),
    ],
)
def test_an_attempt_of_neither_count_is_refused(told: list[Event], following: Event, message: str) -> None:
    with memory(told) as ledger, pytest.raises(EventRefused, match=message):
        ledger.commit([following])


@pytest.mark.parametrize(
    ("told", "following"),
    [
        (TWO_BATCHES, prepared(3, ANN)),
        (TWO_BATCHES, prepared(3, ANN, BEN, attempt=3)),
        (SINGLE, prepared(2, ANN, attempt=2)),
    ],
)
def test_the_next_attempt_of_its_kind_is_taken(told: list[Event], following: Event) -> None:
    with memory(told) as ledger:
        ledger.commit([following])
        assert ledger.count_open(1) == 1


def test_a_journal_of_before_the_two_counts_still_folds() -> None:
    """A single at the count of all, failed, and the one after it, which was paid."""
    with memory([*OLD, prepared(3, ANN, attempt=3), *executed(3), settled(3, issued(ANN))]) as ledger:
        (payment, *_) = ledger.payments(ANN.bonus_id)
        assert (payment.status.value, payment.attempt, payment.attempt_alone) == ("issued", 3, 1)


def test_a_state_of_before_the_two_counts_is_brought_up_from_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with (
        acquire(path, HOLDER, timeout_s=0) as lock,
        open_ledger(path, lock=lock, lineage=LINEAGE, at_ms=START_MS) as new,
    ):
        new.commit([run_started(), bound(), *OLD])
    connection = sqlite3.connect(path)
    connection.executescript("ALTER TABLE payments DROP COLUMN attempt_alone; PRAGMA user_version = 4;")
    connection.close()
    with acquire(path, HOLDER, timeout_s=0) as lock, open_ledger(path, lock=lock, lineage="", at_ms=START_MS) as ledger:
        assert counts(ledger) == (3, 1)
    with open_reader(path) as reader:
        assert reader is not None
        assert verify(reader).findings == ()
