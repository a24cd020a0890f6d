"""The end of a run: every payment that was agreed to and not made is left, once, with its reason, whatever came first."""

from decimal import Decimal

import pytest

from reconcile.plan.model import Change
from reconcile.protocol.context import Tally
from reconcile.protocol.ending import what_is_left
from reconcile.protocol.report import Left, Paid, PaidRows, left_bonus
from reconcile.rows import IN_MEMORY, Spooling
from tests.plan.plan_world import Records, bonus, plan
from tests.support.spilling import SPILLING

PLAN = plan(*(bonus(f"w47/w{number}", "1.00") for number in range(5)), state=Records())


def paid(change: Change) -> Paid:
    assert change.payment_id is not None
    return Paid(change.address, change.payment_id, "toloka", "USD", change.amount, "7", False)


def left(tally: Tally, spooling: Spooling, *, now: int | None = None) -> list[tuple[str, Left]]:
    rows = what_is_left(
        PLAN,
        send=PLAN.payments,
        now=now,
        not_approved=(),
        tally=tally,
        stopped={"toloka": Left.QUOTA},
        spooling=spooling,
    )
    assert rows.whys.total() == len(rows)
    return [(row.address, row.why) for row in rows]


@pytest.mark.parametrize("spooling", [IN_MEMORY, SPILLING])
@pytest.mark.parametrize("order", [(0, 1, 3), (3, 1, 0), (1, 0, 3)])
def test_what_was_not_paid_is_left_in_whatever_order_the_rest_was_paid(
    spooling: Spooling, order: tuple[int, ...]
) -> None:
    tally = Tally(paid=PaidRows(spooling))
    tally.paid += [paid(PLAN.payments[number]) for number in order]
    assert left(tally, spooling) == [("w47/w2", Left.QUOTA), ("w47/w4", Left.QUOTA)]
    assert left(tally, spooling, now=3) == [("w47/w2", Left.QUOTA), ("w47/w4", Left.LIMIT)]
    assert (tally.paid.issued, tally.paid.sums) == (3, {"USD": Decimal("3.00")})


def test_what_is_known_of_a_payment_is_its_reason_unless_it_was_found_paid_later() -> None:
    tally = Tally()
    for number in (1, 2):
        change = PLAN.payments[number]
        assert change.payment_id is not None
        tally.left[change.payment_id] = left_bonus(change, Left.REJECTED, "no such worker")
    tally.paid += [paid(PLAN.payments[number]) for number in (4, 2, 0, 3)]
    assert left(tally, IN_MEMORY) == [("w47/w1", Left.REJECTED)]
