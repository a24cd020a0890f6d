"""Whose may a payment be that nobody here owns? The desired bonuses of its worker and assignment that still lack
something, as a plan knows them. Pure.
"""

from decimal import Decimal
from typing import NamedTuple

from reconcile.model import Identity
from reconcile.money import EXACT
from reconcile.plan.model import Action, Change, Plan


class Claim(NamedTuple):
    """A desired bonus of which something is not issued. `lacks` is how much."""

    bonus: Identity
    bonus_id: bytes
    lacks: Decimal


def claims(plan: Plan, provider: str, recipient: str, assignment_id: str) -> tuple[Claim, ...]:
    """The claims of one recipient and assignment: first those that pay or are in conflict, in the order of the specs,
    then those in doubt. A bonus that a person accepted as it is, or that no spec asks for, has none.
    """
    place = provider, recipient, assignment_id
    rows = (row for row in plan.changes if (row.provider, row.identity.recipient, row.identity.assignment_id) == place)
    open_ones = (
        doubt
        for doubt in plan.in_doubt
        if (doubt.provider, doubt.identity.recipient, doubt.identity.assignment_id) == place
    )
    return (
        *(Claim(row.identity, row.bonus_id, _lacking(row)) for row in rows if _lacking(row) > 0),
        *(Claim(doubt.identity, doubt.bonus_id, doubt.amount) for doubt in open_ones),
    )


def _lacking(row: Change) -> Decimal:
    """What the spec asks for and nobody was paid yet; nothing for a bonus that no spec asks for."""
    if row.pays:
        return row.amount
    return EXACT.subtract(row.amount, row.issued) if row.action is Action.CONFLICT else Decimal(0)
