"""`state resolve` for a bonus that keeps waiting because of a payment that this state does not know (MTurk).

What a person says is recorded of the very payments that the provider shows now: they are this bonus's, with the
provider's amount and time, or they are no bonus's of these specs, and then they count for nobody from now on. The
second is an answer about every bonus that waits for them, so that each of those has to be named in it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from reconcile import identity
from reconcile.errors import Interrupted, Refused, UsageError
from reconcile.model import Desired, Identity, parse_address
from reconcile.money import Money, add
from reconcile.plan.claims import Claim, claims
from reconcile.project.config import Project
from reconcile.project.look import wanted
from reconcile.project.run import Orders, opened_run, run_options
from reconcile.project.specs import choose, plan_of
from reconcile.project.stop import StopControl
from reconcile.project.taking_over import next_sequence
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
    found: Sequence[Waiting],
    *,
    issued: bool,
    reason: str,
    agree: Agree,
    control: StopControl,
    progress: Progress,
) -> None:
    """Read the assignment's list, ask, and record. `found`: the bonuses that the answer is about, of one recipient and
    assignment; issued is said of one alone. Raises BonusctlError: Refused where there is nothing to decide, or where
    another bonus has to be named first.
    """
    first = found[0]
    _check_place(found)
    assert len(found) == 1 or not issued, "one payment is one bonus's"
    settings = project.settings.provider(first.provider)
    assert settings is not None
    names = [one.bonus.identity(project.settings.project) for one in found]
    told = " ".join(f"'{name.address}'" for name in names)
    orders = Orders(command=f"state resolve {told} {'--issued' if issued else '--not-issued'}: {reason}")
    options = run_options(project, orders)

    with opened_run(project, (settings,), orders, control, progress) as (ports, access):

        def chosen(record: LedgerRecord, unowned: Sequence[RemotePayment]) -> Sequence[Event]:
            _some(unowned, names[0])
            plan = plan_of(choose(project), ports.ledger, project.clock.now_ms())
            lacking = claims(plan, first.provider, first.bonus.recipient, first.bonus.assignment_id)
            payments = list(unowned)
            if issued:
                payments = own_payments(unowned, names[0], lacking, record.currency)
                sequence = next_sequence(ports.ledger, record.ledger, names[0], first.bonus.formerly)
            else:
                _check_named(unowned, names, lacking, record.currency)
            _ask(agree, control, [_line(payment, record.currency) for payment in payments])
            at_ms = project.clock.now_ms()
            if issued:
                return [taken(record, names[0], payments, sequence, reason=reason, actor=options.actor, at_ms=at_ms)]
            return [disowned(record, payments, at_ms)]

        sought = Sought(names[0], b"", 0)
        run_deciding(ports, access[0], options, sought, chosen, project=project.settings.project)


def _ask(agree: Agree, control: StopControl, lines: Sequence[str]) -> None:
    try:
        with control.asking():
            agreed = agree(lines)
    except KeyboardInterrupt:
        agreed = False
    if not agreed:
        raise Interrupted("Not agreed to: nothing was recorded.")


def _check_place(found: Sequence[Waiting]) -> None:
    """Raises UsageError for bonuses of several workers or assignments."""
    first = found[0]
    for one in found[1:]:
        places = [(each.provider, each.bonus.recipient, each.bonus.assignment_id) for each in (first, one)]
        if places[0] != places[1]:
            raise UsageError(
                f"{first.bonus.address} and {one.bonus.address} are not of one worker and assignment",
                detail="One answer is about the payments to one worker for one assignment. Nothing was changed.",
                remedy="Say it of each by itself.",
            )


def _some(unowned: Sequence[RemotePayment], name: Identity) -> None:
    if not unowned:
        raise Refused(
            f"{name.address} waits for nobody's decision",
            detail="Every payment that the provider shows for this worker and assignment has its bonus here.",
            remedy="bonusctl plan --refresh",
            reason="not_in_doubt",
        )


# --- they are no bonus's -------------------------------------------------------------------------------------------


def _check_named(
    unowned: Sequence[RemotePayment], names: Sequence[Identity], lacking: Sequence[Claim], currency: str
) -> None:
    """Raises Refused where a bonus that waits for the same payments is not named: they would be called not its own,
    too, and it would be paid once more.
    """
    named = {name.bonus_id for name in names}
    others = [claim.bonus.address for claim in lacking if claim.bonus_id not in named]
    if not others:
        return
    every = " ".join(f"'{address}'" for address in (*(name.address for name in names), *others))
    says = "\n".join(f"bonusctl state resolve '{address}' --issued --reason TEXT" for address in others)
    raise Refused(
        f"{' and '.join(others)} wait{'s' if len(others) == 1 else ''} for the same payments",
        detail=f"The provider shows: {'; '.join(_line(one, currency) for one in unowned)}. --not-issued says of all of "
        f"them that they are no bonus of these specs, and what was paid for {others[0]} would be paid once more. "
        "Nothing was recorded.",
        remedy=f"If it was paid for another bonus, say that first:\n{says}\n\n"
        f"If it was paid for none of them, name them all:\nbonusctl state resolve {every} --not-issued --reason TEXT",
        reason="others_wait",
    )


def disowned(record: LedgerRecord, payments: Sequence[RemotePayment], at_ms: int) -> PaymentsAdopted:
    """Known from now on, and no bonus's."""
    account = str(record.account)
    found = tuple(
        adopted_payment(payment, unowned_id(account, payment.remote_id), 1, None, campaign="", key="")
        for payment in payments
    )
    return PaymentsAdopted(ledger=record.ledger, payments=found, at_ms=at_ms)


# --- they are this bonus's -----------------------------------------------------------------------------------------


def own_payments(
    unowned: Sequence[RemotePayment], name: Identity, lacking: Sequence[Claim], currency: str
) -> list[RemotePayment]:
    """The payments that are the bonus's: the first of those with the amount that it lacks; else all, where together
    they are that and nobody else waits; else the only one, unless it is just what another one lacks.

    Raises Refused where the bonus lacks nothing, UsageError where nobody can tell which it is.
    """
    own = next((claim for claim in lacking if claim.bonus_id == name.bonus_id), None)
    if own is None:
        raise Refused(
            f"{name.address} lacks nothing: another payment of it cannot be taken over",
            detail="It is issued as the specs ask, accepted as it is, or no longer asked for. Nothing was recorded.",
            remedy=f"bonusctl state show '{name.address}'",
            reason="not_in_doubt",
        )
    others = [claim for claim in lacking if claim.bonus_id != name.bonus_id]
    fitting = [payment for payment in unowned if payment.amount == own.lacks]
    if fitting:
        return fitting[:1]
    if not others and add(payment.amount for payment in unowned) == own.lacks:
        return list(unowned)
    if len(unowned) > 1 or any(claim.lacks == unowned[0].amount for claim in others):
        raise _which(unowned, own, others, currency)
    return list(unowned)


def _which(unowned: Sequence[RemotePayment], own: Claim, others: Sequence[Claim], currency: str) -> UsageError:
    address, shown = own.bonus.address, "; ".join(_line(one, currency) for one in unowned)
    waiting_too = "".join(f" {one.bonus.address} lacks {Money(one.lacks, currency)}." for one in others)
    return UsageError(
        f"Which of these is {address}? None has the amount that it lacks, {Money(own.lacks, currency)}",
        detail=f"The provider shows: {shown}.{waiting_too} Nothing was recorded.",
        remedy="Say first of the others whose they are, or correct the amount in the spec to what was paid.",
    )


def _line(payment: RemotePayment, currency: str) -> str:
    return (
        f"{Money(payment.amount, currency)} to {payment.recipient} for {payment.assignment_id}, "
        f"{format_time(payment.created_ms)}: {payment.comment}"
    )


def taken(
    record: LedgerRecord,
    name: Identity,
    payments: Sequence[RemotePayment],
    sequence: int,
    *,
    reason: str,
    actor: str,
    at_ms: int,
) -> PaymentsImported:
    """They are the bonus's, from its payment number `sequence` on."""
    found = tuple(
        ImportedPayment(
            payment_id=identity.payment_id(name.bonus_id, number),
            bonus=name,
            amount=payment.amount,
            remote_id=payment.remote_id,
            created_ms=payment.created_ms,
            texts=payment.texts,
        )
        for number, payment in enumerate(payments, sequence)
    )
    return PaymentsImported(ledger=record.ledger, origin=reason, payments=found, actor=actor, at_ms=at_ms)
