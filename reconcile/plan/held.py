"""A plan with what an apply would hold back, as the provider's lists said when they were last read. Pure.

It is a warning, no change of the plan: what is approved is what should be paid, and an apply reads the lists itself.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from reconcile.diagnostics import Diagnostic, Severity
from reconcile.plan.model import Plan

SHOWN_MAX: Final = 100


class HeldBack(NamedTuple):
    """A bonus that an apply would not pay now, and why, in a sentence without a full stop."""

    bonus_id: bytes
    address: str
    why: str


def with_held_back(plan: Plan, held: Sequence[HeldBack]) -> Plan:
    """The plan with a warning for each of them that it pays, up to a hundred; the rest are counted."""
    if not held:
        return plan
    paying = {change.bonus_id for change in plan.payments}
    held = [one for one in held if one.bonus_id in paying]
    found = [
        _warning(f"apply would not pay {one.address} now", f"{one.why[:1].upper()}{one.why[1:]}.")
        for one in held[:SHOWN_MAX]
    ]
    if len(held) > SHOWN_MAX:
        found.append(
            _warning(f"apply would not pay {len(held) - SHOWN_MAX:,} more now", "`bonusctl apply` names each.")
        )
    return replace(plan, diagnostics=(*plan.diagnostics, *found)) if found else plan


def _warning(summary: str, detail: str) -> Diagnostic:
    return Diagnostic(severity=Severity.WARNING, code="held-back", summary=summary, detail=detail)
