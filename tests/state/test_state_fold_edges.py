"""The fold where it is easy to be nearly right: two outcomes in another order, batches over two campaigns, second lives."""

from dataclasses import replace
from decimal import Decimal

import pytest

from reconcile.errors import EventRefused
from reconcile.model import PaymentStatus, SendOutcome
from reconcile.state.events import Basis, Event, PaymentResolved, PaymentsAttributed, Result, StateCarried
from reconcile.state.sqlite import SqliteLedger
from tests.state.histories import (
    ANN,
    BEN,
    CAT,
    START_MS,
    adopted,
    adopted_payment,
    executed,
    finished,
    issued,
    memory,
    pid,
    prepared,
    rejected,
    released,
    run_started,
    sent,
    settled,
)

NOT, YES = SendOutcome.NOT_EXECUTED, SendOutcome.EXECUTED


def money(ledger: SqliteLedger) -> dict[str, tuple[str, str, int]]:
    """Of each campaign: issued, in doubt, and how many bonuses it has."""
    rows = ledger.source.rows("SELECT name, issued, in_doubt, bonuses FROM campaigns")
    return {name: (paid, open_amount, bonuses) for name, paid, open_amount, bonuses in rows}


def test_a_batch_over_two_campaigns_counts_in_each() -> None:
    with memory([prepared(1, ANN, CAT, BEN, amount="2.00")]) as ledger:
        assert money(ledger) == {"week-47": ("0.00", "4.00", 2), "week-48": ("0.00", "2.00", 1)}
        ledger.commit([*executed(1), settled(1, *(issued(one, amount="2.00") for one in (ANN, CAT, BEN)))])
        assert money(ledger) == {"week-47": ("4.00", "0.00", 2), "week-48": ("2.00", "0.00", 1)}
        assert [one.recipient for one in ledger.bonuses(1, "week-48")] == ["cat"]


def test_what_was_executed_stays_so_whatever_another_send_says_later() -> None:
    """The first send's answer came last in one run, and first in another."""
    for outcomes in ((finished(1, YES), finished(1, NOT, 2)), (finished(1, NOT, 2), finished(1, YES))):
        with memory([prepared(1, ANN), sent(1), sent(1, 2), *outcomes]) as ledger:
            with pytest.raises(EventRefused, match="was executed: it is never sent again"):
                ledger.commit([sent(1, 3)])
            assert ledger.source.row("SELECT executed, not_executed FROM operations") == (1, 1)


def test_two_refused_sends_are_a_refusal_and_one_of_two_is_not() -> None:
    both: list[Event] = [prepared(1, ANN), sent(1), finished(1, NOT), sent(1, 2)]
    with memory(both) as ledger:
        with pytest.raises(EventRefused, match="is not refused: it may have paid"):
            ledger.commit([settled(1, released(ANN), basis=Basis.REFUSAL)])
        ledger.commit([finished(1, NOT, 2), settled(1, released(ANN), basis=Basis.REFUSAL)])
        assert [one.status for one in ledger.payments(ANN.bonus_id)] == [PaymentStatus.RELEASED]


def test_a_payment_that_begins_anew_has_no_word_of_its_rejection() -> None:
    with memory([prepared(1, ANN), *executed(1), settled(1, rejected(ANN))], prepared(2, ANN, attempt=2)) as ledger:
        (payment,) = ledger.payments(ANN.bonus_id)
        assert (payment.status, payment.code, payment.message) == (PaymentStatus.PREPARED, "", "")


def test_a_send_keeps_the_clock_that_was_known_when_it_began_and_the_moment_of_its_end() -> None:
    began = replace(sent(1), server_ms=START_MS + 40)
    ended = finished(1, SendOutcome.AMBIGUOUS)
    silent = replace(ended, sends=(replace(ended.sends[0], server_ms=None),))
    with memory([prepared(1, ANN), began]) as ledger:
        (operation,) = ledger.open_operations(1)
        assert operation.sends[0].server_ms == START_MS + 40
        ledger.commit([silent])
        (operation,) = ledger.open_operations(1)
        assert operation.sends[0].server_ms == START_MS + 40
        assert ledger.source.row("SELECT finished_ms FROM sends") == (START_MS + 3,)


def test_an_answer_with_a_clock_takes_the_place_of_the_one_that_was_known() -> None:
    with memory([prepared(1, ANN), replace(sent(1), server_ms=START_MS + 40), finished(1, YES)]) as ledger:
        (operation,) = ledger.open_operations(1)
        assert operation.sends[0].server_ms == START_MS + 3


def test_a_campaigns_money_in_doubt_is_what_is_open_alone() -> None:
    with memory([prepared(1, ANN, amount="2.00"), prepared(2, BEN, amount="0.70")]) as ledger:
        assert [one.in_doubt for one in ledger.campaigns(1)] == [Decimal("2.70")]
        ledger.commit([settled(1, released(ANN), basis=Basis.NEVER_SENT)])
        assert [one.in_doubt for one in ledger.campaigns(1)] == [Decimal("0.70")]


def test_a_settlement_does_not_take_the_payment_of_another_operation() -> None:
    with memory([prepared(1, ANN), *executed(1), prepared(2, BEN), *executed(2)]) as ledger:
        with pytest.raises(EventRefused, match="Operation 1 does not hold payment"):
            ledger.commit([settled(1, issued(ANN), issued(BEN))])
        assert ledger.count_open(1) == 2


def test_a_persons_word_on_what_is_issued_is_refused_by_the_payments_name() -> None:
    word = PaymentResolved(ledger=1, payment_id=pid(ANN), result=Result.ISSUED, reason="r", actor="ann", at_ms=START_MS)
    with memory([prepared(1, ANN), *executed(1), settled(1, issued(ANN))]) as ledger:
        with pytest.raises(EventRefused) as caught:
            ledger.commit([word])
        assert caught.value.summary.endswith(
            ": Payment 260628a8-b297-5294-952b-1609867d438a is not open: there is nothing to decide"
        )


def test_what_was_rejected_and_is_shown_after_all_has_no_word_of_its_rejection() -> None:
    with memory([prepared(1, ANN), *executed(1), settled(1, rejected(ANN))], adopted(adopted_payment(ANN))) as ledger:
        (payment,) = ledger.payments(ANN.bonus_id)
        assert (payment.status, payment.code, payment.message) == (PaymentStatus.ISSUED, "", "")


def test_adopted_payments_of_one_campaign_are_its_bonuses_and_its_money() -> None:
    with memory(adopted(adopted_payment(ANN, remote_id="1"), adopted_payment(BEN, remote_id="2"))) as ledger:
        assert money(ledger) == {"week-47": ("3.00", "0.00", 2)}


def test_a_payment_that_found_its_bonus_keeps_none_of_its_markers_words() -> None:
    found = PaymentsAttributed(ledger=1, payments=((pid(ANN), 1, ANN),), at_ms=START_MS)
    with memory(adopted(adopted_payment(ANN, known=False)), found) as ledger:
        words = "marker_campaign, marker_key, recipient, assignment_id"
        assert ledger.source.row(f"SELECT {words} FROM payments") == (None, None, None, None)


def test_a_top_up_that_a_person_called_issued_takes_the_providers_amount_beside_what_was_paid_before() -> None:
    word = PaymentResolved(
        ledger=1, payment_id=pid(ANN, 2), result=Result.ISSUED, reason="r", actor="ann", at_ms=START_MS
    )
    first: list[Event] = [prepared(1, ANN), *executed(1), settled(1, issued(ANN))]
    top_up: list[Event] = [prepared(2, ANN, sequence=2, amount="0.50"), sent(2), word]
    with memory(first, top_up) as ledger:
        assert money(ledger) == {"week-47": ("2.00", "0.00", 1)}
        ledger.commit([adopted(adopted_payment(ANN, sequence=2, amount="0.40"))])
        assert money(ledger) == {"week-47": ("1.90", "0.00", 1)}
        (bonus,) = ledger.bonuses_by_id(1, [ANN.bonus_id])
        assert (bonus.issued, bonus.issued_count) == (Decimal("1.90"), 2)


def test_an_issued_payment_keeps_the_code_that_came_with_it() -> None:
    with memory([prepared(1, ANN), *executed(1), settled(1, replace(issued(ANN), code="LATE"))]) as ledger:
        (payment,) = ledger.payments(ANN.bonus_id)
        assert (payment.status, payment.code, payment.message) == (PaymentStatus.ISSUED, "LATE", "")


def test_a_rejection_that_names_an_amount_is_a_rejection() -> None:
    named = replace(rejected(ANN), amount=Decimal("1.50"), remote_id="7", created_ms=START_MS, code="", message="")
    with memory([prepared(1, ANN), *executed(1), settled(1, named)]) as ledger:
        assert [one.status for one in ledger.payments(ANN.bonus_id)] == [PaymentStatus.REJECTED]
        assert money(ledger) == {"week-47": ("0.00", "0.00", 1)}


def test_runs_go_on_after_a_state_was_carried_over() -> None:
    carried = StateCarried(how="imported", reason="", actor="ann", epoch=4, at_ms=START_MS)
    with memory(carried, run_started(5)) as ledger:
        assert ledger.epoch == 5
        assert list(ledger.source.rows("SELECT epoch FROM runs ORDER BY epoch")) == [(1,), (5,)]


def test_a_state_keeps_the_moment_at_which_it_was_made() -> None:
    with memory() as ledger:
        assert ledger.source.row("SELECT value FROM meta WHERE key = 'created_ms'") == ("1790000000000",)


def test_an_event_that_is_refused_says_that_nothing_of_it_was_written() -> None:
    with memory() as ledger, pytest.raises(EventRefused) as caught:
        ledger.commit([run_started(3)])
    assert caught.value.detail == "Recording it would make the state untrue. Nothing of it was written."
    assert caught.value.remedy == (
        "This is a mistake in bonusctl: please report it with the output of\nbonusctl state verify"
    )
