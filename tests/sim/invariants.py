"""What must hold, whatever happens: the list of promises, each a function over what the provider did, what a journal
says and what people asked for. The rules of order, which hold the others of the list, stand in `rules`.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import groupby

from reconcile.model import Desired, Identity
from reconcile.protocol.report import Left, Report
from reconcile.state.events import OperationSettled, Result
from tests.sim.book import Book, Operation, Violation
from tests.sim.truth import Made, Truth, payment_ids


def paid_once(truth: Truth) -> None:
    """I1: at most one payment at the provider for one payment id."""
    for payment, made in truth.made.items():
        if len(made) > 1:
            raise Violation(
                f"I1: paid twice: {payment.hex()[:8]} to {made[0].recipient}, {[one.amount for one in made]}"
            )


def journaled_before_paid(made: Made, sent: Iterable[bytes]) -> None:
    """I2: whatever was paid has a journal entry that is older than it."""
    if made.payment_id not in sent:
        raise Violation(f"I2: paid without a journal entry: {made.recipient}")


def never_forgotten(truth: Truth, book: Book) -> None:
    """I2: what was paid and stands in this journal is issued or in doubt there."""
    for payment, made in truth.made.items():
        status = book.status.get(payment)
        if status in ("rejected", "released") and any(
            payment in one.items and one.sends for one in book.operations.values()
        ):
            raise Violation(f"I2: paid to {made[0].recipient}, and the state says {status}")


def issued_is_true(truth: Truth, book: Book, payments: Iterable[bytes]) -> None:
    """I4: whatever the state calls issued was paid, with the provider's amount and id."""
    for payment in payments:
        amount, remote_id = book.issued[payment]
        made = truth.made.get(payment)
        if made is None:
            raise Violation("I4: called issued, and never paid")
        if not truth.shows(made[0], amount, remote_id):
            raise Violation(
                f"I4: called issued as {amount} ({remote_id}), paid as {made[0].amount} ({made[0].remote_id})"
            )


def not_paid_is_true(truth: Truth, event: OperationSettled, alone: Iterable[bytes]) -> None:
    """I5: what is called not paid was not paid and cannot be any more. `alone`: payments that only this journal sent."""
    possible = set(truth.may_still_pay())
    sole = set(alone)
    for item in event.items:
        if item.result is Result.ISSUED or item.payment_id not in sole:
            continue
        if item.payment_id in truth.made:
            raise Violation(f"I5: called {item.result.value} ({event.basis.value}) and paid")
        if item.payment_id in possible:
            raise Violation(f"I5: called {item.result.value} ({event.basis.value}) while it may still be paid")


def asked_for(operation: Operation, desired: Iterable[Desired], book: Book) -> None:
    """I7: nothing is sent that the present specs do not ask for, to the cent."""
    wanted: dict[Identity, Desired] = {}
    for bonus in desired:
        for name in (bonus.identity(""), bonus.formerly):
            if name is not None:
                wanted[name] = bonus
    for item in operation.items.values():
        found = wanted.get(item.bonus)
        if found is None:
            raise Violation(f"I7: sent although nobody asks for it: {item.bonus.address}")
        names = [name for name in (found.identity(""), found.formerly) if name is not None]
        if found.amount != item.amount + book.paid_for(names):
            raise Violation(f"I7: {item.bonus.address} is sent {item.amount}, asked for are {found.amount}")
    if len(set(payment_ids(operation.body))) != len(operation.items):
        raise Violation("I3: a body names other payments than its operation")


def never_too_much(truth: Truth, ceilings: Mapping[str, Decimal], group_of: Mapping[tuple[str, str], str]) -> None:
    """I10: what is paid for a bonus never exceeds the largest amount that was asked for it."""
    sums: dict[str, Decimal] = {}
    for made in truth.made.values():
        for one in made:
            name = group_of.get((one.recipient, one.key), one.recipient)
            sums[name] = sums.get(name, Decimal(0)) + one.amount
    for name, paid in sums.items():
        if paid > ceilings.get(name, Decimal(0)):
            raise Violation(f"I10: {name} was paid {paid}, at most {ceilings.get(name, Decimal(0))} was ever asked for")


def report_is_whole(report: Report, desired: Iterable[Desired], book: Book) -> None:
    """I6: every desired bonus stands in the report once, or is issued as asked; 0 means that all are."""
    left = [row.bonus_id for row in report.left]
    for bonus_id, rows in groupby(sorted(left)):
        if len(list(rows)) > 1:
            raise Violation(f"I6: named twice in the report: {bonus_id.hex()[:8]}")
    missing = []
    for bonus in desired:
        names = [name for name in (bonus.identity(""), bonus.formerly) if name is not None]
        if book.paid_for(names) != bonus.amount:
            missing.append(bonus.address)
            if bonus.bonus_id not in left:
                raise Violation(f"I6: {bonus.address} is neither issued as asked nor in the report")
        elif bonus.bonus_id in left:
            row = next(row for row in report.left if row.bonus_id == bonus.bonus_id)
            if row.why is not Left.IN_DOUBT or row.bonus_id not in {
                doubt.bonus_id for doubt in (report.plan.in_doubt if report.plan else ())
            }:
                raise Violation(f"I6: {bonus.address} is issued, and the report calls it {row.why.value}")
    if report.exit_code == 0 and missing:
        raise Violation(f"I6: exit code 0, but {missing} are not issued")


def ends_true(truth: Truth, book: Book) -> None:
    """After quiet runs: the state calls issued what was paid, all of it, to the cent."""
    paid = {payment: made[0] for payment, made in truth.made.items()}
    if paid.keys() != book.issued.keys() or not all(
        truth.shows(made, *book.issued[payment]) for payment, made in paid.items()
    ):
        lost = [truth.made[payment][0].recipient for payment in paid.keys() - book.issued.keys()]
        raise Violation(f"the end: the state says something else than the provider; it lacks {lost}")


def ends_whole(report: Report, desired: Iterable[Desired], book: Book) -> None:
    """After quiet runs: every desired bonus is paid as asked, or stands in conflict for a person."""
    why = {row.bonus_id: row.why for row in report.left}
    for bonus in desired:
        names = [name for name in (bonus.identity(""), bonus.formerly) if name is not None]
        if book.paid_for(names) != bonus.amount and why.get(bonus.bonus_id) is not Left.CONFLICT:
            raise Violation(f"the end: {bonus.address} is not paid, but {why.get(bonus.bonus_id)}")
