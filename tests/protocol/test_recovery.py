"""What may be done with an open operation, from its journal alone."""

from decimal import Decimal

import pytest

from reconcile.model import SendOutcome
from reconcile.protocol.ages import Moment
from reconcile.protocol.recovery import Step, is_quiet, next_step
from reconcile.state.ledger import OperationItem, OperationRecord, RecordedSend

DAY = 86_400_000
NOT, YES, MAYBE = SendOutcome.NOT_EXECUTED, SendOutcome.EXECUTED, SendOutcome.AMBIGUOUS


def item(number: int, *, is_open: bool = True) -> OperationItem:
    payment = bytes([number]) * 16
    return OperationItem(payment, payment, "c", "w", "", "", 1, 1, Decimal("1.00"), b"", is_open)


def operation(*outcomes: SendOutcome | None, items: int = 1, settled: int = 0) -> OperationRecord:
    sends = tuple(RecordedSend(n, 0, "a", 0, outcome, None) for n, outcome in enumerate(outcomes, 1))
    rows = tuple(item(n, is_open=n > settled) for n in range(1, items + 1))
    return OperationRecord(1, b"o" * 16, "async", "/t", "[]", 0, rows, sends)


def step(record: OperationRecord, *, wanted: int = 9, age_ms: int = 1_000) -> Step:
    return next_step(
        record,
        wanted=frozenset(bytes([n]) * 16 for n in range(1, wanted + 1)),
        protection_ms=7 * DAY,
        now=Moment(age_ms, "a", age_ms, None),
    )


def test_an_operation_that_was_never_sent_is_cancelled() -> None:
    assert step(operation()) is Step.CANCEL


def test_an_operation_that_was_only_refused_is_cancelled() -> None:
    assert step(operation(NOT, NOT)) is Step.CANCEL


def test_an_ambiguous_send_that_is_still_wanted_is_sent_again() -> None:
    assert step(operation(MAYBE)) is Step.SEND_AGAIN


def test_a_send_that_a_crash_left_open_counts_as_ambiguous() -> None:
    assert step(operation(None)) is Step.SEND_AGAIN


def test_after_executed_nothing_is_ever_sent_again() -> None:
    assert step(operation(MAYBE, YES)) is Step.OBSERVE
    assert step(operation(YES, NOT)) is Step.OBSERVE


def test_a_later_refusal_does_not_settle_an_earlier_ambiguous_send() -> None:
    assert step(operation(MAYBE, NOT)) is Step.SEND_AGAIN


def test_what_the_specs_no_longer_want_is_observed() -> None:
    assert step(operation(MAYBE), wanted=0) is Step.OBSERVE


def test_an_operation_is_sent_again_whole_or_not_at_all() -> None:
    assert step(operation(MAYBE, items=2), wanted=1) is Step.OBSERVE
    assert step(operation(MAYBE, items=2, settled=1), wanted=2) is Step.OBSERVE
    assert step(operation(MAYBE, items=2), wanted=2) is Step.SEND_AGAIN


@pytest.mark.parametrize(("age_ms", "expected"), [(7 * DAY - 1, Step.SEND_AGAIN), (7 * DAY, Step.OBSERVE)])
def test_the_protection_ends_to_the_millisecond(age_ms: int, expected: Step) -> None:
    assert step(operation(MAYBE), age_ms=age_ms) is expected


@pytest.mark.parametrize(("age_ms", "expected"), [(899_999, False), (900_000, True)])
def test_absence_counts_once_the_window_has_passed(age_ms: int, expected: bool) -> None:
    sends = operation(MAYBE).sends
    assert is_quiet(sends, window_ms=900_000, now=Moment(age_ms, "a", age_ms, None)) is expected


def test_a_refused_send_needs_no_window() -> None:
    assert is_quiet(operation(NOT).sends, window_ms=900_000, now=Moment(0, "a", 0, None))
