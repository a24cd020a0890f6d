"""Payments of one plain life are folded by the values of their rows: the tables are those of the general fold."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.errors import EventRefused
from reconcile.model import Identity
from reconcile.state import fold_operations, fold_plain, fold_settling
from reconcile.state.events import Event
from tests.state.histories import (
    ANN,
    BEN,
    CAT,
    adopted,
    adopted_payment,
    everything,
    executed,
    issued,
    memory,
    prepared,
    rejected,
    sent,
    settled,
    tell,
)

Commits = Sequence[Sequence[Event]]
TOLD = replace(issued(ANN), message="late")


def rows_of(commits: Commits) -> list[str]:
    """Every row of every table, what is kept of their sums, and the commits that were refused."""
    refused = []
    with memory() as ledger:
        for number, events in enumerate(commits):
            try:
                ledger.commit(events)
            except EventRefused:
                refused.append(f"refused {number}")
        return refused + list(ledger._connection.iterdump())


def generally(commits: Commits) -> list[str]:
    """The same, folded without the short way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fold_plain, "begin", lambda *_: False)
        patch.setattr(fold_plain, "settle", lambda _tables, _operation, event: event.items)
        return rows_of(commits)


@given(
    choices=st.lists(st.integers(min_value=0, max_value=47), max_size=200),
    moves=st.integers(0, 60),
    joined=st.integers(1, 4),
)
def test_any_history_in_any_commits_gives_the_rows_of_the_general_fold(
    choices: list[int], moves: int, joined: int
) -> None:
    told = list(tell(choices, moves))
    commits = [
        [event for events in told[start : start + joined] for event in events] for start in range(0, len(told), joined)
    ]
    assert rows_of(commits) == generally(commits)


LIVES: dict[str, Commits] = {
    "every kind of event": everything(),
    "issued as asked": [[prepared(1, ANN, BEN)], executed(1), [settled(1, issued(ANN), issued(BEN))]],
    "two campaigns": [[prepared(1, ANN, CAT)], executed(1), [settled(1, issued(ANN), issued(CAT))]],
    "another amount": [[prepared(1, ANN)], executed(1), [settled(1, issued(ANN, "1.49"))]],
    "a message": [[prepared(1, ANN)], executed(1), [settled(1, TOLD)]],
    "one rejected": [[prepared(1, ANN, BEN)], executed(1), [settled(1, issued(ANN), rejected(BEN))]],
    "a second attempt": [
        [prepared(1, ANN)],
        [*executed(1), settled(1, rejected(ANN))],
        [prepared(2, ANN, attempt=2)],
        executed(2),
        [settled(2, issued(ANN))],
    ],
    "a top-up": [
        [prepared(1, ANN)],
        [*executed(1), settled(1, issued(ANN))],
        [prepared(2, ANN, sequence=2)],
        executed(2),
        [settled(2, issued(ANN, sequence=2))],
    ],
    "all in one commit": [[prepared(1, ANN), *executed(1), settled(1, issued(ANN))]],
    "prepared and adopted": [[prepared(1, ANN, BEN), sent(1), adopted(adopted_payment(ANN))]],
    "adopted, then settled": [
        [prepared(1, ANN, BEN), sent(1)],
        [adopted(adopted_payment(ANN))],
        [settled(1, rejected(ANN), issued(BEN))],
    ],
    "settled and topped up in one commit": [
        [prepared(1, ANN)],
        executed(1),
        [settled(1, issued(ANN)), prepared(2, ANN, sequence=2)],
        [sent(2), settled(2, issued(ANN, sequence=2))],
    ],
    "settled twice": [[prepared(1, ANN)], executed(1), [settled(1, issued(ANN))], [settled(1, issued(ANN))]],
    "settled twice in one commit": [
        [prepared(1, ANN)],
        executed(1),
        [settled(1, issued(ANN)), settled(1, issued(ANN))],
    ],
    "settled in part": [[prepared(1, ANN, BEN)], executed(1), [settled(1, issued(ANN))], [settled(1, issued(BEN))]],
    "prepared twice": [[prepared(1, ANN)], [prepared(2, ANN)], [prepared(2, BEN)]],
    "prepared twice in one commit": [[prepared(1, ANN), prepared(2, ANN)], [prepared(1, ANN)]],
    "settled in another operation": [[prepared(1, ANN), prepared(2, BEN)], executed(2), [settled(2, issued(ANN))]],
    "of no money": [[prepared(1, ANN, amount="0.00")], [prepared(1, ANN)]],
    "a first attempt that is called the second": [[prepared(1, ANN, attempt=2)], [prepared(1, ANN)]],
}


@pytest.mark.parametrize("commits", LIVES.values(), ids=LIVES.keys())
def test_a_payments_life_gives_the_rows_of_the_general_fold(commits: Commits) -> None:
    assert rows_of(commits) == generally(commits)


def test_a_plain_life_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """First payments that are paid as they were asked for never reach the general fold."""

    def reached(*_: object) -> NoReturn:
        raise AssertionError("the general fold was asked")

    monkeypatch.setattr(fold_operations, "_open_payment", reached)
    monkeypatch.setattr(fold_settling, "_settle_item", reached)
    names = [Identity("", f"week-{number % 2}", f"worker-{number}", "", "") for number in range(5)]
    with memory([prepared(1, *names)], executed(1), [settled(1, *map(issued, names))]) as ledger:
        assert [(one.campaign, str(one.issued)) for one in ledger.campaigns(1)] == [
            ("week-0", "4.50"),
            ("week-1", "3.00"),
        ]
