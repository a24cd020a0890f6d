"""What was agreed to, and how: by a person who was asked, by --auto-approve, by a saved plan, by a digest."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from reconcile.errors import Interrupted
from reconcile.plan.approval import Approved, Judgement, agreed_now, approve_digest, approve_plan, approve_saved, judge
from reconcile.plan.model import Change, Plan
from reconcile.plan.saved import SavedPlan
from reconcile.protocol.funds import Funds
from reconcile.protocol.runner import Consented
from reconcile.state.ledger import StateReader

FundsOf: TypeAlias = Callable[[Sequence[Change]], Sequence[Funds]]
"""Payments → each account's money before and after them."""


class AutoApprove(NamedTuple):
    """Whatever the plan is."""


class Ask(NamedTuple):
    """`agree` shows the plan, and the money before and after, and asks a person."""

    agree: Callable[[Plan, Judgement, FundsOf], bool]


class Saved(NamedTuple):
    """The payments of a saved plan. `named`: its digest was given beside it, so that the file may be spared where the
    digest alone says enough.
    """

    plan: SavedPlan
    named: bool = False


class Expected(NamedTuple):
    """The payments of the set that a digest names."""

    digest: str


Consent: TypeAlias = AutoApprove | Ask | Saved | Expected


def consented(
    how: Consent, plan: Plan, reader: StateReader, funds: FundsOf, *, before: Plan | None = None
) -> Consented:
    """What of `plan` is sent. `before`: the plan before this run read what was paid, where a digest may name that.

    Raises Refused, or Interrupted where a person said no.
    """
    approved = _approved(how, plan, reader, before)
    judgement = judge(approved, plan, reader)
    if isinstance(how, Ask) and judgement.send and not how.agree(plan, judgement, funds):
        raise Interrupted(
            "Not approved: nothing was sent.", remedy="Plan again when the specs say what you want:\nbonusctl plan"
        )
    if isinstance(how, AutoApprove | Ask):
        approved = agreed_now(plan)
    known = not approved.entries or reader.approved(approved.digest) is not None
    return Consented(
        send=judgement.send,
        not_approved=judgement.not_approved,
        digest=approved.digest,
        entries=() if known else approved.entries.items(),
        withdrawn=judgement.no_longer_asked,
    )


def _approved(how: Consent, plan: Plan, reader: StateReader, before: Plan | None) -> Approved:
    match how:
        case Saved(saved, named):
            digest = saved.plan.digest
            if named and (digest == plan.digest or reader.approved(digest) is not None):
                # The same set as the file's, by what the plan is now or by the state's own record.
                return approve_digest(digest, plan, reader)
            return approve_saved(saved, plan, reader)
        case Expected(digest):
            return approve_digest(digest, plan, reader, before=before)
        case AutoApprove() | Ask():
            return approve_plan(plan)
