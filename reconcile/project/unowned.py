"""`state resolve` for a bonus that keeps waiting because of a payment that this state does not know (MTurk).

What a person says is recorded of the very payments that the provider shows now: one of them is this bonus's, with the
provider's amount and time, or none of them is, and then they count for nobody from now on.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from reconcile import identity
from reconcile.errors import Interrupted, Refused, UsageError
from reconcile.model import Desired, Identity, parse_address
from reconcile.money import Money
from reconcile.project.config import Project
from reconcile.project.look import wanted
from reconcile.project.run import Orders, opened_run, run_options
from reconcile.project.stop import StopControl
from reconcile.protocol.adopted import adopted_payment
from reconcile.protocol.adopting import Sought
from reconcile.protocol.books import unowned_id
from reconcile.protocol.deciding import run_deciding
from reconcile.protocol.ports import Progress
from reconcile.providers.base import RemotePayment
from reconcile.providers.registry import make_codec
from reconcile.state.events import Event, ImportedPayment, PaymentsAdopted, PaymentsImported
from reconcile.state.ledger import LedgerRecord
from reconcile.times import format_time


class Waiting(NamedTuple):
    """A desired bonus that may wait for payments without an owner, and the name of its provider."""

    bonus: Desired
    provider: str


Agree = Callable[[Sequence[str]], bool]
"""The payments that would be decided about, one line each → whether a person says so."""


def waiting(project: Project, address: str) -> Waiting | None:
    """The desired bonus at an address, if its provider lists by assignment only; else None."""
    parts = parse_address(address)
    if parts is None:
        return None
    bonus = wanted(project).bonuses.get(Identity(project.settings.project, *parts).bonus_id)
    settings = None if bonus is None else project.settings.provider(bonus.campaign.provider)
    if bonus is None or settings is None or not make_codec(settings).lists_by_assignment:
        return None
    return Waiting(bonus, settings.name)


def decide(
    project: Project,
    found: Waiting,
    *,
    issued: bool,
    reason: str,
    agree: Agree,
    control: StopControl,
    progress: Progress,
) -> None:
    """Read the assignment's list, ask, and record. Raises BonusctlError: Refused where there is nothing to decide."""
    settings = project.settings.provider(found.provider)
    assert settings is not None
    name = found.bonus.identity(project.settings.project)
    said = f"state resolve '{name.address}' {'--issued' if issued else '--not-issued'}: {reason}"
    orders = Orders(command=said)
    options = run_options(project, orders)

    def chosen(record: LedgerRecord, unowned: Sequence[RemotePayment]) -> Sequence[Event]:
        _some(unowned, name)
        payments = [_own(unowned, found.bonus, record.currency)] if issued else list(unowned)
        try:
            with control.asking():
                agreed = agree([_line(payment, record.currency) for payment in payments])
        except KeyboardInterrupt:
            agreed = False
        if not agreed:
            raise Interrupted("Not agreed to: nothing was recorded.")
        at_ms = project.clock.now_ms()
        if issued:
            return [_issued(record, name, payments[0], reason, options.actor, at_ms)]
        return [_disowned(record, payments, at_ms)]

    with opened_run(project, (settings,), orders, control, progress) as (ports, access):
        sought = Sought(name, b"", 0)
        run_deciding(ports, access[0], options, sought, chosen, project=project.settings.project)


def _some(unowned: Sequence[RemotePayment], name: Identity) -> None:
    if not unowned:
        raise Refused(
            f"{name.address} waits for nobody's decision",
            detail="Every payment that the provider shows for this worker and assignment has its bonus here.",
            remedy="bonusctl plan --refresh",
            reason="not_in_doubt",
        )


def _own(unowned: Sequence[RemotePayment], bonus: Desired, currency: str) -> RemotePayment:
    """The payment that is the bonus's: the only one, else the first of those with its amount."""
    fitting = [one for one in unowned if one.amount == bonus.amount] if len(unowned) > 1 else list(unowned)
    if not fitting:
        shown = "; ".join(_line(one, currency) for one in unowned)
        raise UsageError(
            f"Which of these is {bonus.address}? None has its amount, {Money(bonus.amount, currency)}",
            detail=f"The provider shows: {shown}.",
            remedy="Correct the amount in the spec to what was paid, then say it again.",
        )
    return fitting[0]


def _line(payment: RemotePayment, currency: str) -> str:
    return (
        f"{Money(payment.amount, currency)} to {payment.recipient} for {payment.assignment_id}, "
        f"{format_time(payment.created_ms)}: {payment.comment}"
    )


def _issued(
    record: LedgerRecord, name: Identity, payment: RemotePayment, reason: str, actor: str, at_ms: int
) -> PaymentsImported:
    taken = ImportedPayment(
        payment_id=identity.payment_id(name.bonus_id, 1),
        bonus=name,
        amount=payment.amount,
        remote_id=payment.remote_id,
        created_ms=payment.created_ms,
        texts=payment.texts,
    )
    return PaymentsImported(ledger=record.ledger, origin=reason, payments=(taken,), actor=actor, at_ms=at_ms)


def _disowned(record: LedgerRecord, payments: Sequence[RemotePayment], at_ms: int) -> PaymentsAdopted:
    """Known from now on, and no bonus's."""
    found = tuple(
        adopted_payment(payment, unowned_id(str(record.account), payment.remote_id), 1, None, campaign="", key="")
        for payment in payments
    )
    return PaymentsAdopted(ledger=record.ledger, payments=found, at_ms=at_ms)
