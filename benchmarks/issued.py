"""Bonuses as the product itself knows them: events of a state, entries of a provider's list, bodies of requests."""

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from benchmarks import made
from reconcile import identity
from reconcile.model import Account, Identity, marker
from reconcile.protocol.ending import ended_without_sends
from reconcile.providers.base import Outgoing
from reconcile.providers.toloka.requests import body_of, target_of
from reconcile.state.events import (
    AccountBound,
    AdoptedPayment,
    Event,
    PaymentsAdopted,
    RunEnded,
    RunStarted,
    ScanCompleted,
)
from reconcile.state.ledger import Ledger
from reconcile.state.lock import Holder, acquire
from reconcile.state.sqlite import open_ledger

ACCOUNT = Account("toloka", "sandbox", "r1")
_CREATED = "2023-11-14T22:13:20.000"


def extend(path: Path, bonuses: range) -> None:
    """Add bonuses to a state, made where there is none, as runs that adopted what they found: one for each commit."""
    lock = acquire(path, Holder(pid=os.getpid(), host="bench", command="bench", since_ms=0), timeout_s=0)
    try:
        with open_ledger(path, lock=lock, lineage="00000000-0000-4000-8000-000000000001", at_ms=made.AT_MS) as ledger:
            if not bonuses.start:
                bound = AccountBound(ledger=1, account=ACCOUNT, name="r", currency="USD", at_ms=made.AT_MS)
                ten = tuple(adopted(number, made.TEN) for number in range(10))
                ledger.commit([_begun(ledger, 0), bound, PaymentsAdopted(ledger=1, payments=ten, at_ms=made.AT_MS)])
                ledger.commit([_ended(0, 10)])
            for first in range(bonuses.start, bonuses.stop, made.COMMITTED):
                _run(ledger, range(first, min(first + made.COMMITTED, bonuses.stop)))
            ledger.commit([_scanned(bonuses.stop)])
    finally:
        lock.release()


def adopted(number: int, campaign: str = made.CAMPAIGN) -> AdoptedPayment:
    """A payment that the provider showed and no state had."""
    bonus = identity_of(number, campaign)
    return AdoptedPayment(
        payment_id=identity.payment_id(bonus.bonus_id, 1),
        sequence=1,
        bonus=bonus,
        campaign=campaign,
        key="",
        recipient=bonus.recipient,
        assignment_id=bonus.assignment_id,
        amount=Decimal(made.amount(number)),
        remote_id=str(remote_id(number, campaign)),
        created_ms=made.AT_MS,
        texts=(),
    )


def remote_id(number: int, campaign: str) -> int:
    """The provider's number of a payment."""
    return number + 1 if campaign == made.CAMPAIGN else 10**9 + number


def identity_of(number: int, campaign: str = made.CAMPAIGN) -> Identity:
    """Which bonus it is."""
    return Identity("", campaign, made.recipient(number), made.assignment(number), "")


def listed(bonuses: range) -> Iterator[str]:
    """The same payments, and the ten, as Toloka lists them, each as JSON, by id."""
    pairs = [*((number, made.CAMPAIGN) for number in bonuses), *((number, made.TEN) for number in range(10))]
    for number, campaign in pairs:
        payment_id = identity.payment_id(identity_of(number, campaign).bonus_id, 1)
        yield (
            f'{{"id":"{remote_id(number, campaign)}","created":"{_CREATED}","user_id":"{made.recipient(number)}",'
            f'"assignment_id":"{made.assignment(number)}","amount":{made.amount(number)},'
            f'"private_comment":"bonusctl{marker(campaign, "", 1, payment_id)}",'
            f'"public_title":{{"EN":"{made.TITLE}"}},"public_message":{{"EN":"{made.message(number)}"}}}}'
        )


def requests(items: int, batch: int) -> Iterator[str]:
    """What pays so many bonuses, in batches: a target, a tab and a body."""
    for first in range(0, items, batch):
        payments = [_outgoing(number) for number in range(first, min(first + batch, items))]
        key = identity.operation_id(str(ACCOUNT), [(payment.payment_id, 1) for payment in payments])
        yield f"{target_of(key, mode='async', skip_invalid_items=True)}\t{body_of(payments)}"


def _outgoing(number: int) -> Outgoing:
    bonus = identity_of(number)
    return Outgoing(
        payment_id=identity.payment_id(bonus.bonus_id, 1),
        campaign=bonus.campaign,
        key="",
        sequence=1,
        recipient=bonus.recipient,
        assignment_id=bonus.assignment_id,
        amount=Decimal(made.amount(number)),
        texts=(("public_message", (("EN", made.message(number)),)), ("public_title", (("EN", made.TITLE),))),
    )


# --- runs ------------------------------------------------------------------------------------------------------------


def _run(ledger: Ledger, bonuses: range) -> None:
    payments = tuple(adopted(number) for number in bonuses)
    number = bonuses.start + 1
    events: list[Event] = [_begun(ledger, number)]
    events += [PaymentsAdopted(ledger=1, payments=payments, at_ms=made.AT_MS), _ended(number, len(payments))]
    ledger.commit(events)


def _begun(ledger: Ledger, number: int) -> RunStarted:
    return RunStarted(
        run_id=_run_id(number),
        epoch=ledger.epoch + 1,
        command="apply",
        actor="bench",
        host="bench",
        git_commit="",
        version="0",
        at_ms=made.AT_MS,
    )


def _ended(number: int, payments: int) -> RunEnded:
    return ended_without_sends(_run_id(number), at_ms=made.AT_MS, adopted=payments)


def _run_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number + 2:012x}"


def _scanned(payments: int) -> ScanCompleted:
    return ScanCompleted(
        ledger=1,
        started_ms=made.AT_MS,
        since_ms=None,
        newest_remote_id=str(payments),
        newest_ours_ms=made.AT_MS,
        payments=payments,
        at_ms=made.AT_MS,
    )
