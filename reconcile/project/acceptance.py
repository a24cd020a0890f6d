"""Accepting a bonus as it is, and taking that back: looked up in the plan as it is now, recorded with who and why."""

from typing import NamedTuple

from reconcile.errors import Refused, UsageError
from reconcile.model import Identity, parse_address
from reconcile.plan.acceptance import Acceptable, acceptable
from reconcile.plan.model import Plan
from reconcile.project.config import Project
from reconcile.project.run import holding_lock
from reconcile.project.specs import choose, plan_of
from reconcile.project.state_ops import journal, no_state, require_state
from reconcile.project.system import actor, new_id
from reconcile.state.events import AcceptanceRevoked, BonusAccepted
from reconcile.state.ledger import LedgerRecord, StateReader
from reconcile.state.reader import open_reader
from reconcile.state.sqlite import open_ledger


class Offer(NamedTuple):
    """What a person would accept, in which ledger and currency."""

    ledger: int
    currency: str
    what: Acceptable


def offered(project: Project, address: str) -> Offer:
    """What there is to accept at an address, by the plan as it is now. Raises Refused where there is nothing,
    InvalidInput for specs with errors.
    """
    with open_reader(project.state_path) as reader:
        return _offer(project, require_state(project, reader), address)


def accept(project: Project, address: str, *, seen: Acceptable, reason: str) -> None:
    """Record that a person accepts what they have `seen`. Raises Refused where it is no longer so."""
    clock = project.clock
    with holding_lock(project, "state accept") as lock:
        if not project.state_path.exists():
            raise no_state(project)
        with open_ledger(project.state_path, lock=lock, lineage=new_id(), at_ms=clock.now_ms()) as ledger:
            offer = _offer(project, ledger, address)
            if offer.what != seen:
                raise Refused(
                    f"{address} has changed meanwhile",
                    detail="Nothing was recorded.",
                    remedy=f"bonusctl state show '{address}'",
                    reason="not_acceptable",
                )
            event = BonusAccepted(
                ledger=offer.ledger,
                bonus=seen.identity,
                issued=seen.issued,
                desired=seen.desired,
                code=seen.code,
                reason=reason,
                actor=actor(project.environ),
                at_ms=clock.now_ms(),
            )
            journal(project, ledger, "state accept", [event])


def revoke(project: Project, address: str, *, reason: str) -> None:
    """Take an acceptance back: the bonus is planned as if it had never been. Raises Refused where there is none."""
    clock = project.clock
    bonus = _named(project, address)
    with holding_lock(project, "state accept --revoke") as lock:
        if not project.state_path.exists():
            raise no_state(project)
        with open_ledger(project.state_path, lock=lock, lineage=new_id(), at_ms=clock.now_ms()) as ledger:
            events = [
                AcceptanceRevoked(
                    ledger=found.ledger,
                    bonus=bonus,
                    reason=reason,
                    actor=actor(project.environ),
                    at_ms=clock.now_ms(),
                )
                for found in ledger.ledgers()
                if any(one.bonus_id == bonus.bonus_id for one in ledger.acceptances(found.ledger))
            ]
            if not events:
                raise Refused(
                    f"{address} is not accepted",
                    detail="There is nothing to take back.",
                    remedy="bonusctl state list",
                    reason="not_accepted",
                )
            journal(project, ledger, "state accept --revoke", events)


def _named(project: Project, address: str) -> Identity:
    parts = parse_address(address)
    if parts is None:
        raise UsageError(
            f"{address} is no address of a bonus",
            detail="An address is campaign/recipient, with /assignment_id and #key where the bonus has them.",
            remedy="List the addresses:\nbonusctl state list",
        )
    return Identity(project.settings.project, *parts)


def _offer(project: Project, reader: StateReader, address: str) -> Offer:
    bonus_id = _named(project, address).bonus_id
    plan = plan_of(choose(project), reader, project.clock.now_ms())
    for change in plan.changes:
        settings = project.settings.provider(change.provider)
        ledger = reader.ledger(*settings.ledger_key) if settings is not None else None
        if change.bonus_id == bonus_id and ledger is not None:
            what = acceptable(change, reader, ledger.ledger)
            if what is not None:
                return _offered(ledger, what)
    raise _nothing_to_accept(plan, bonus_id, address)


def _offered(ledger: LedgerRecord, what: Acceptable) -> Offer:
    return Offer(ledger.ledger, ledger.currency, what)


def _nothing_to_accept(plan: Plan, bonus_id: bytes, address: str) -> Refused:
    detail = "Only a conflict with what was issued, or a bonus that the provider rejected, is accepted as it is."
    remedy = "bonusctl plan"
    if any(row.bonus_id == bonus_id for row in plan.accepted):
        detail = "It is accepted already."
        remedy = f"To take that back:\nbonusctl state accept '{address}' --revoke --reason TEXT"
    elif any(row.bonus_id == bonus_id for row in plan.in_doubt):
        detail = "It is in doubt: what became of it is asked first, and a person can decide what no provider tells."
        remedy = f"bonusctl refresh\nbonusctl state resolve '{address}' --issued --reason TEXT"
    return Refused(f"There is nothing to accept of {address}", detail=detail, remedy=remedy, reason="not_acceptable")
