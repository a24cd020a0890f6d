"""Events that cannot follow what the state knows are refused before the commit, and leave no trace."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from reconcile.errors import EventRefused, StateError
from reconcile.model import SendOutcome
from reconcile.state.events import (
    Basis,
    Event,
    GateClosed,
    OperationsPrepared,
    PaymentResolved,
    PaymentsAttributed,
    Result,
    StateCarried,
    StateCreated,
)
from tests.state.histories import (
    ANN,
    BEN,
    CAT,
    LINEAGE,
    PRODUCTION,
    START_MS,
    adopted,
    adopted_payment,
    approval,
    bound,
    executed,
    finished,
    issued,
    memory,
    pid,
    prepared,
    rejected,
    released,
    run_ended,
    run_started,
    scanned,
    sent,
    settled,
)

OPEN: list[Event] = [prepared(1, ANN)]
SENT: list[Event] = [prepared(1, ANN), sent(1)]
AMBIGUOUS: list[Event] = [*SENT, finished(1, SendOutcome.AMBIGUOUS)]
EXECUTED: list[Event] = [prepared(1, ANN), *executed(1)]
ISSUED: list[Event] = [*EXECUTED, settled(1, issued(ANN))]
RESENT: list[Event] = [*AMBIGUOUS, sent(1, 2), finished(1, SendOutcome.NOT_EXECUTED, 2)]


def resolution(result: Result) -> PaymentResolved:
    return PaymentResolved(ledger=1, payment_id=pid(ANN), result=result, reason="r", actor="a", at_ms=START_MS)


def with_payment(**changes: object) -> OperationsPrepared:
    """An operation whose payment was tampered with."""
    operation = prepared(1, ANN).operations[0]
    payment = replace(operation.payments[0], **changes)  # type: ignore[arg-type]
    return OperationsPrepared(ledger=1, operations=(replace(operation, payments=(payment,)),), at_ms=START_MS)


REFUSED: dict[str, tuple[Sequence[Event], Event, str]] = {
    "a second beginning": ([], StateCreated(lineage=LINEAGE, at_ms=START_MS), "begins with its creation"),
    "a run of the same epoch": ([], run_started(1), "cannot follow epoch 1"),
    "a run that skips an epoch": ([], run_started(3), "cannot follow epoch 1"),
    "the end of a run that never was": ([], run_ended(2), "not under way"),
    "a run's second end": ([run_ended()], run_ended(), "not under way"),
    "a carried state without a new epoch": (
        [],
        StateCarried(how="unlocked", reason="", actor="a", epoch=1, at_ms=START_MS),
        "cannot follow epoch 1",
    ),
    "a second account for one environment": ([], bound(2), "has a ledger already"),
    "a ledger out of order": ([], bound(3, PRODUCTION), "cannot follow ledger 1"),
    "a gate without a reason": ([], GateClosed(ledger=1, reason="", at_ms=START_MS), "for a reason"),
    "an unknown ledger": ([], replace(scanned(), ledger=2), "no ledger 2"),
    "an operation out of order": ([], prepared(2, ANN), "cannot follow 0"),
    "an operation with another's id": (
        [],
        prepared(1, ANN, account=PRODUCTION),
        "does not have the id that its payments give",
    ),
    "an operation without payments": (
        [],
        OperationsPrepared(
            ledger=1, operations=(replace(prepared(1, ANN).operations[0], payments=()),), at_ms=START_MS
        ),
        "holds no payment",
    ),
    "an operation with one payment twice": ([], prepared(1, ANN, ANN), "or one twice"),
    "a payment id of another sequence": ([], with_payment(sequence=2), "id that its bonus gives"),
    "a payment of no money": ([], with_payment(amount=Decimal("0.00")), "of no money"),
    "a payment that is open": (OPEN, prepared(2, ANN), "has an open payment"),
    "a top-up while a payment is open": (OPEN, prepared(2, ANN, sequence=2), "has an open payment"),
    "a payment that was issued": (ISSUED, prepared(2, ANN), "never twice"),
    "an attempt that nothing burnt": ([], prepared(1, ANN, attempt=2), "at attempt 1, not 2"),
    "an attempt whose id is burnt": ([*EXECUTED, settled(1, rejected(ANN))], prepared(2, ANN), "at attempt 2, not 1"),
    "a send out of order": (OPEN, sent(1, 2), "cannot follow send 0"),
    "a send of what was executed": (EXECUTED, sent(1, 2), "never sent again"),
    "a send of what is settled": ([*OPEN, settled(1, released(ANN), basis=Basis.NEVER_SENT)], sent(1), "only whole"),
    "a send of a part": ([prepared(1, ANN, BEN), adopted(adopted_payment(ANN))], sent(1), "only whole operations"),
    "a send through another ledger": ([bound(2, PRODUCTION), *OPEN], sent(1, ledger=2), "Ledger 2 has no operation 1"),
    "the outcome of a send that never was": (OPEN, finished(1, SendOutcome.EXECUTED), "not under way"),
    "a second outcome of a send": (AMBIGUOUS, finished(1, SendOutcome.NOT_EXECUTED), "not under way"),
    "never sent, though it was": (SENT, settled(1, released(ANN), basis=Basis.NEVER_SENT), "it may have paid"),
    "a refusal with an ambiguous sibling": (RESENT, settled(1, released(ANN), basis=Basis.REFUSAL), "may have paid"),
    "a refusal while a send is under way": (SENT, settled(1, released(ANN), basis=Basis.REFUSAL), "may have paid"),
    "a refusal that nobody sent": (OPEN, settled(1, released(ANN), basis=Basis.REFUSAL), "may have paid"),
    "a payment proved by absence": (SENT, settled(1, issued(ANN), basis=Basis.ABSENCE), "cannot prove"),
    "an issue without an amount": (EXECUTED, settled(1, replace(issued(ANN), amount=None)), "provider's amount"),
    "a settlement that leaves one open": (
        [prepared(1, ANN, BEN), *executed(1)],
        settled(1, issued(ANN)),
        "leaves 1 open",
    ),
    "a settlement that names one twice": (EXECUTED, settled(1, issued(ANN), issued(ANN)), "names a payment twice"),
    "a settlement of a stranger": (EXECUTED, settled(1, issued(ANN), issued(BEN)), "does not hold payment"),
    "a settlement of what is settled": (ISSUED, settled(1, issued(ANN)), "is settled"),
    "an adoption under another bonus's id": (
        [],
        adopted(replace(adopted_payment(ANN), bonus=BEN)),
        "is not payment 1 of",
    ),
    "an attribution of what is not there": (
        [],
        PaymentsAttributed(ledger=1, payments=((pid(ANN), 1, ANN),), at_ms=START_MS),
        "has no payment",
    ),
    "an attribution to a stranger": (
        [adopted(adopted_payment(ANN, known=False))],
        PaymentsAttributed(ledger=1, payments=((pid(ANN), 1, CAT),), at_ms=START_MS),
        "is not payment 1 of",
    ),
    "an attribution to a second bonus": (
        [adopted(adopted_payment(ANN))],
        PaymentsAttributed(ledger=1, payments=((pid(ANN), 1, BEN),), at_ms=START_MS),
        "belongs to another bonus",
    ),
    "a person's word on nothing": ([], resolution(Result.ISSUED), "nothing to decide"),
    "a person's word against a proof": (ISSUED, resolution(Result.RELEASED), "nothing to decide"),
    "a person's rejection": (SENT, resolution(Result.REJECTED), "a person cannot make it rejected"),
    "a set of two sizes": ([approval(pid(ANN), total=2)], approval(pid(BEN), total=3), "has 2 payments, not 3"),
    "a set that overflows": ([approval(pid(ANN), total=1)], approval(pid(BEN), total=1), "more than its 1"),
    "one payment with two contents": (
        [approval(pid(ANN), total=2)],
        approval(pid(ANN), total=2, entry=bytes(32)),
        "two contents",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_event_that_cannot_follow_is_refused_and_leaves_no_trace(name: str) -> None:
    before, event, says = REFUSED[name]
    with memory() as ledger:
        if before:
            ledger.commit(before)
        head = ledger.head()
        with pytest.raises(EventRefused) as caught:
            ledger.commit([scanned(START_MS), event])
        assert says in caught.value.summary
        assert ledger.head() == head
        assert ledger.ledgers()[0].watermark_ms is None
        ledger.commit([scanned(START_MS)])
        assert ledger.head().sequence == head.sequence + 1


def test_one_bonus_in_two_ledgers_must_be_asked_for_with_its_ledger() -> None:
    """The sandbox's payment must not pass for production's: they have the same ids."""
    with memory(bound(2, PRODUCTION), prepared(1, ANN), prepared(2, ANN, ledger=2, account=PRODUCTION)) as ledger:
        ledger.commit([sent(1), finished(1, SendOutcome.EXECUTED), settled(1, issued(ANN))])
        for ask in (ledger.payment_by_id, ledger.issued_content):
            with pytest.raises(StateError, match="recorded in 2 ledgers"):
                ask(pid(ANN))
        with pytest.raises(StateError, match="recorded in 2 ledgers"):
            ledger.payments(ANN.bonus_id)
        sandbox, production = (ledger.payment_by_id(pid(ANN), ledger=number) for number in (1, 2))
        assert sandbox is not None
        assert production is not None
        assert (sandbox.status, production.status) == ("issued", "prepared")
        assert [len(ledger.payments(ANN.bonus_id, ledger=number)) for number in (1, 2)] == [1, 1]
        assert ledger.issued_content(pid(ANN), ledger=2) is None
        assert [one.issued for one in ledger.bonuses_by_id(2, [ANN.bonus_id])] == [Decimal("0.00")]
