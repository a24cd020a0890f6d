"""Which commit was applied last, and which gates were open at an event."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from reconcile.state.events import Event, GateClosed, GateOpened, RunStarted, StateCarried
from reconcile.state.ledger import Head
from reconcile.state.sqlite import SqliteLedger, open_memory
from tests.state.histories import (
    ANN,
    LINEAGE,
    PRODUCTION,
    START_MS,
    approval,
    bound,
    pid,
    prepared,
    run_ended,
    run_started,
)


@contextmanager
def told(events: Sequence[Event]) -> Iterator[SqliteLedger]:
    """A state in memory with these events, each its own commit."""
    with open_memory(lineage=LINEAGE, at_ms=START_MS) as ledger:
        for event in events:
            ledger.commit([event])
        yield ledger


def begun(epoch: int, commit: str, command: str = "apply") -> RunStarted:
    return replace(run_started(epoch), git_commit=commit, command=command)


AGREED = run_ended
NOT_AGREED = replace(run_ended(2), plan_digest="", outcome="failed")


@pytest.mark.parametrize(
    ("events", "commit"),
    [
        ([], ""),
        ([begun(1, "a1"), AGREED(1)], "a1"),
        ([begun(1, "a1"), AGREED(1), begun(2, "b2"), AGREED(2)], "b2"),
        ([begun(1, "a1"), AGREED(1), begun(2, "b2"), NOT_AGREED], "a1"),
        ([begun(1, "a1"), AGREED(1), begun(2, ""), AGREED(2)], "a1"),
        ([begun(1, "a1"), AGREED(1), begun(2, "b2", "refresh"), AGREED(2)], "a1"),
        ([begun(1, "a1"), AGREED(1), begun(2, "b2", "apply --allow-older-commit"), AGREED(2)], "b2"),
        ([begun(1, "a1"), AGREED(1), begun(2, "b2")], "a1"),
        ([begun(1, "a1"), AGREED(1), bound(), begun(2, "b2"), prepared(1, ANN)], "b2"),
        ([begun(1, "a1"), AGREED(1), begun(2, "b2"), approval(pid(ANN), total=1)], "b2"),
        ([bound(), begun(1, "a1"), prepared(1, ANN), begun(2, "b2")], "a1"),
    ],
)
def test_the_last_applied_commit_is_that_of_the_newest_apply_that_was_agreed_to(
    events: list[Event], commit: str
) -> None:
    """A run that was cut off counts once it had prepared a payment or an approval."""
    with told(events) as ledger:
        assert ledger.applied_commit() == commit


def test_the_newest_agreed_apply_is_found_behind_many_that_nobody_agreed_to() -> None:
    refused = [
        event
        for epoch in range(2, 60)
        for event in (begun(epoch, "b2"), replace(run_ended(epoch), plan_digest="", outcome="failed"))
    ]
    with told([begun(1, "a1"), AGREED(1), *refused]) as ledger:
        assert ledger.applied_commit() == "a1"


def closed(ledger: int) -> GateClosed:
    return GateClosed(ledger=ledger, reason="new", at_ms=START_MS)


def opened(ledger: int) -> GateOpened:
    return GateOpened(ledger=ledger, reason="settled", at_ms=START_MS)


def test_a_gate_at_an_event_is_what_it_was_last_told_until_then() -> None:
    carried = StateCarried(how="imported", reason="", actor="ann", epoch=1, at_ms=START_MS)
    first: list[Event] = [bound(1), closed(1)]
    second: list[Event] = [bound(2, PRODUCTION), closed(2)]
    with told([*first, *second, opened(1), opened(2), carried, opened(2)]) as ledger:
        open_at = [sorted(ledger.open_gates(Head(sequence, ""))) for sequence in range(1, 10)]
    assert open_at == [[], [], [], [], [], [1], [1, 2], [], [2]]


def test_a_gate_that_singles_opened_is_no_anchor() -> None:
    """The window may not have passed: what opened it proves nothing of other ids."""
    singles = GateOpened(ledger=1, reason="singles", at_ms=START_MS)
    with told([bound(1), closed(1), opened(1), closed(1), singles]) as ledger:
        assert ledger.open_gates(ledger.head()) == frozenset()


def test_a_gate_that_was_told_long_ago_is_found() -> None:
    noise = [event for _ in range(20) for event in (closed(2), opened(2))]
    with told([bound(1), closed(1), opened(1), bound(2, PRODUCTION), *noise]) as ledger:
        assert ledger.open_gates(ledger.head()) == frozenset({1, 2})
