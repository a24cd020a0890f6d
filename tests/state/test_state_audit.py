"""Payments by time, a campaign's amounts, and what one run did."""

import sqlite3
from dataclasses import replace
from decimal import Decimal

import pytest

from reconcile.model import Identity
from reconcile.state import queries_audit
from reconcile.state.events import ApprovalRecorded, PaymentResolved, Result
from reconcile.state.ledger import PaidRow, RunSum
from tests.state.histories import (
    ANN,
    BEN,
    CAT,
    START_MS,
    adopted,
    adopted_payment,
    executed,
    issued,
    memory,
    pid,
    prepared,
    rejected,
    run_ended,
    run_started,
    sent,
    settled,
)

DAN = Identity("", "week-46", "dan", "a9", "")


def test_payments_since_a_moment_are_those_issued_after_it_and_those_in_doubt() -> None:
    with memory(
        [prepared(1, ANN), *executed(1), settled(1, issued(ANN, "1.25"))],
        [prepared(2, BEN, amount="2.00"), sent(2)],
        [adopted(adopted_payment(DAN, known=False, amount="3.00"))],
    ) as ledger:
        assert list(ledger.paid_since(1, START_MS)) == [
            PaidRow("ann", Decimal("1.25"), START_MS + 4, ANN.bonus_id, "week-47", "a1", ""),
            PaidRow("dan", Decimal("3.00"), START_MS + 6, None, "week-46", "a9", ""),
            PaidRow("ben", Decimal("2.00"), START_MS + 1, BEN.bonus_id, "week-47", "", "quality"),
        ]


def test_a_payment_of_that_very_moment_is_no_longer_since_it() -> None:
    with memory([prepared(1, ANN), *executed(1), settled(1, issued(ANN))]) as ledger:
        assert [row.recipient for row in ledger.paid_since(1, START_MS + 3)] == ["ann"]
        assert list(ledger.paid_since(1, START_MS + 4)) == []


def test_a_rejected_payment_was_not_paid() -> None:
    with memory([prepared(1, ANN), *executed(1), settled(1, rejected(ANN))]) as ledger:
        assert list(ledger.paid_since(1, 0)) == []


def test_a_payment_that_a_person_called_issued_counts_from_when_it_was_prepared() -> None:
    resolved = PaymentResolved(
        ledger=1, payment_id=pid(CAT), result=Result.ISSUED, reason="seen", actor="ann", at_ms=START_MS + 50
    )
    with memory([prepared(1, CAT), sent(1)], [resolved]) as ledger:
        assert [row.at_ms for row in ledger.paid_since(1, 0)] == [START_MS + 1]


def test_payments_of_many_pages_come_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries_audit, "PAGE", 3)
    workers = [Identity("", "week-47", f"w{number}", "", "") for number in range(10)]
    events = [adopted(adopted_payment(one, remote_id=one.recipient)) for one in workers]
    with memory(events) as ledger:
        assert sorted(row.recipient for row in ledger.paid_since(1, 0)) == sorted(one.recipient for one in workers)


def test_payments_by_time_are_read_from_their_index() -> None:
    with memory() as ledger:
        connection: sqlite3.Connection = ledger.source.connection
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        list(ledger.paid_since(1, 0))
        list(ledger.run_payments("run-1"))
        connection.set_trace_callback(None)
        plans = [str(row[3]) for sql in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
        assert any("USING INDEX payments_by_time" in step for step in plans)
        assert any("USING INDEX events_of_runs" in step for step in plans)
        assert [step for step in plans if step.startswith("SCAN")] == []


def test_a_campaigns_amounts_are_counted_by_bonus() -> None:
    with memory(
        [prepared(1, ANN, BEN), *executed(1), settled(1, issued(ANN, "1.50"), issued(BEN, "1.50"))],
        [prepared(2, CAT), *executed(2), settled(2, issued(CAT, "9.00"))],
    ) as ledger:
        assert list(ledger.issued_amounts(1, "", "week-47")) == [(Decimal("1.50"), 2)]
        assert list(ledger.issued_amounts(1, "other", "week-47")) == []


def test_a_run_is_found_by_the_beginning_of_its_id() -> None:
    with memory([run_ended(), run_started(2)]) as ledger:
        assert [run.run_id for run in ledger.find_runs("run-")] == ["run-2", "run-1"]
        assert [run.run_id for run in ledger.find_runs("run-1")] == ["run-1"]
        assert ledger.find_runs("un-1") == ()


def test_a_run_did_what_was_settled_between_its_beginning_and_its_end() -> None:
    with memory(
        [prepared(1, ANN, BEN), *executed(1), settled(1, issued(ANN), rejected(BEN))],
        [adopted(adopted_payment(DAN))],
        [run_ended(), run_started(2)],
        [prepared(2, CAT), *executed(2), settled(2, issued(CAT))],
    ) as ledger:
        assert [(one.how, one.payment.recipient, one.payment.remote_id) for one in ledger.run_payments("run-1")] == [
            ("issued", "ann", "ann-1"),
            ("rejected", "ben", ""),
            ("adopted", "dan", "77"),
        ]


def test_a_killed_run_ends_where_the_next_one_begins() -> None:
    with memory(
        [prepared(1, ANN), *executed(1)],
        [run_started(2)],
        [settled(1, issued(ANN))],
    ) as ledger:
        assert list(ledger.run_payments("run-1")) == []
        assert [one.payment.recipient for one in ledger.run_payments("run-2")] == ["ann"]


def test_what_a_run_issued_and_what_it_found_are_two_sums() -> None:
    """A payment of an open operation that shows in the list is this state's own; one that it never journaled is found."""
    with memory(
        [prepared(1, ANN), sent(1), prepared(2, BEN), *executed(2), settled(2, rejected(BEN))],
        [adopted(adopted_payment(ANN, amount="1.25"), adopted_payment(DAN, amount="3.00", remote_id="78"))],
    ) as ledger:
        assert ledger.run_sums("run-1") == (
            RunSum(1, "adopted", 1, Decimal("3.00")),
            RunSum(1, "issued", 1, Decimal("1.25")),
            RunSum(1, "rejected", 1, Decimal("0.00")),
        )
        assert [one.how for one in ledger.run_payments("run-1")] == ["rejected", "issued", "adopted"]


def test_what_a_person_called_issued_counts_in_that_run_alone_with_the_amount_that_shows_later() -> None:
    seen = PaymentResolved(
        ledger=1, payment_id=pid(CAT), result=Result.ISSUED, reason="seen", actor="ann", at_ms=START_MS + 50
    )
    with memory(
        [prepared(1, CAT), sent(1), run_ended()],
        [replace(run_started(2), command="state resolve"), seen, run_ended(2)],
        [run_started(3), adopted(adopted_payment(CAT, amount="1.25")), run_ended(3)],
    ) as ledger:
        assert ledger.run_sums("run-2") == (RunSum(1, "issued", 1, Decimal("1.25")),)
        assert ledger.run_sums("run-3") == ()


def test_the_digest_of_a_run_without_one_is_not_guessed_between_two_sets() -> None:
    """Both sets on record hold the payment that it prepared."""
    entries = (pid(ANN), b"e" * 32)
    first = ApprovalRecorded(digest="sha256:aa", total=1, entries=(entries,), actor="ann", at_ms=START_MS)
    operation = replace(prepared(1, ANN).operations[0].payments[0], entry=b"e" * 32)
    ready = prepared(1, ANN)
    ready = replace(ready, operations=(replace(ready.operations[0], payments=(operation,)),))
    with memory([first, run_ended(), run_started(2), ready]) as ledger:
        assert ledger.run_digest("run-1") == "sha256:aa"
        assert ledger.run_digest("run-2") == "sha256:aa"
    second = ApprovalRecorded(
        digest="sha256:bb", total=2, entries=(entries, (pid(BEN), b"f" * 32)), actor="ann", at_ms=START_MS
    )
    with memory([first, second, run_ended(), run_started(2), ready]) as ledger:
        assert ledger.run_digest("run-2") == ""


def test_an_unknown_run_did_nothing() -> None:
    with memory() as ledger:
        assert list(ledger.run_payments("run-9")) == []
