"""Stories in which the harness was wrong and the code was right, told by name."""

from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.model import Identity
from reconcile.state.events import PreparedPayment
from tests.sim.book import Book, Operation, Violation
from tests.sim.chooser import Choice, Script
from tests.sim.events import EVENTS
from tests.sim.history import History, Shape
from tests.sim.kinds import KINDS
from tests.sim.rules import Trace, on_send

PAYMENT = b"p" * 16
PASSES = "23 hours and 55 minutes pass"
SENT = ("/api/v1/user-bonuses?operation_id=o", b"[]")


def between(run: int, words: str) -> Choice:
    """Something happens after this run."""
    return Choice(f"run {run}", "between", 1, 1 + [event.words for event in EVENTS].index(words))


def book_of_two_sends() -> Book:
    """An operation of a run that sleeps before its request leaves, sent again by the run that took over."""
    payment = PreparedPayment(
        payment_id=PAYMENT,
        bonus=Identity("", "c", "w0", "", ""),
        sequence=1,
        attempt=1,
        amount=Decimal("1.50"),
        entry=b"",
    )
    items = {PAYMENT: payment}
    operation = Operation(1, b"o" * 16, "async", *SENT, items=items, open={PAYMENT}, sends={1: None, 2: None})
    return Book(operations={1: operation}, scans=1)


def test_a_request_is_the_send_that_its_own_run_journaled() -> None:
    """The open send of the sleeping run was taken for the one that left: its absence was then called too early."""
    trace = Trace(window_ms=899_000, started=True, scanned={"": 900_000}, begun={(1, 2)})
    clocked = {(1, 1): 1_000, (1, 2): 901_000}
    on_send(trace, book_of_two_sends(), clocked, SENT, 902_000)
    assert clocked == {(1, 1): 1_000, (1, 2): 902_000}


def test_a_request_that_another_run_journaled_breaks_a_rule() -> None:
    trace = Trace(window_ms=899_000, started=True, scanned={"": 900_000})
    with pytest.raises(Violation, match="a request whose send is not in the journal"):
        on_send(trace, book_of_two_sends(), {(1, 1): 1_000, (1, 2): 901_000}, SENT, 902_000)


def test_twins_of_one_second_on_two_pages_may_stay_in_doubt(tmp_path: Path) -> None:
    """At MTurk, on pages of one row each. One answer is lost, the run dies, and the token is forgotten: two payments that
    are alike in all that the list shows may be one that it shows twice.
    """
    (kind,) = (kind for kind in KINDS if kind.name == "mturk")
    passes = 1 + [event.words for event in EVENTS if event.mturk].index(PASSES)
    choices = [
        Choice("run 1", "pages", 1, 1),
        Choice("run 1", "request send_bonus", 2, 14),
        Choice("run 1", "after commit", 12, 1),
        Choice("run 1", "between", 1, passes),
    ]
    history = History(Script(choices), Shape(kind=kind, bonuses=1, rounds=1), tmp_path)
    history.play()
    assert history.story[1:4] == ["  request send_bonus: the answer breaks off", "  A died: after commit", PASSES]
    assert len([one for made in history.provider.truth.made.values() for one in made]) == 2
    assert "in_doubt" in history.story[-1]


def test_whoever_renames_without_a_word_answers_for_it_before_the_amounts_change(tmp_path: Path) -> None:
    """Known by its workers and amounts, a campaign with both names and amounts changed at once is another one to any
    tool. It was played as a mistake of the guard's.
    """
    words = ("the campaign is renamed, without a word", "w0 is asked for more")
    history = History(Script([between(1, words[0]), between(2, words[1])], details=False), Shape(rounds=3), tmp_path)
    history.play()
    assert words[0] in history.story
    assert words[1] not in history.story
    assert sorted(row.amount for row in history.desired) == [Decimal("1.50"), Decimal("2.50")]
