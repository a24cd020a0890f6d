"""Which desired bonuses may be the ones that a payment without an owner was made for."""

from decimal import Decimal

from reconcile.plan.claims import claims
from reconcile.settings import Policies
from tests.plan.plan_world import Records, bonus, plan, recorded, settings


def claimed(*asked: tuple[str, str], state: Records | None = None, top_ups: bool = False) -> list[tuple[str, Decimal]]:
    """(address, what it lacks) of each claim on a payment to ann for a1."""
    made = plan(
        *(bonus(address, amount) for address, amount in asked),
        state=state or Records(),
        config=settings(policies=Policies(allow_top_up=top_ups)),
    )
    return [(one.bonus.address, one.lacks) for one in claims(made, "toloka", "ann", "a1")]


def test_bonuses_of_the_same_recipient_and_assignment_claim_what_they_ask_for() -> None:
    found = claimed(
        ("w47/ann/a1", "1.00"), ("w47/ann/a1#award", "0.05"), ("w47/ann/a2", "2.00"), ("w47/bob/a1", "3.00")
    )
    assert found == [("w47/ann/a1", Decimal("1.00")), ("w47/ann/a1#award", Decimal("0.05"))]


def test_a_top_up_claims_its_difference() -> None:
    state = Records(recorded("w47/ann/a1", "1.00"))
    assert claimed(("w47/ann/a1", "1.50"), state=state, top_ups=True) == [("w47/ann/a1", Decimal("0.50"))]


def test_a_conflict_claims_what_is_not_issued_yet() -> None:
    """The top-up may have been made in another life, and its permission taken back since."""
    state = Records(recorded("w47/ann/a1", "1.00"))
    assert claimed(("w47/ann/a1", "1.50"), state=state) == [("w47/ann/a1", Decimal("0.50"))]


def test_what_is_issued_whole_or_more_than_that_claims_nothing() -> None:
    state = Records(recorded("w47/ann/a1", "1.00"), recorded("w47/ann/a1#award", "2.00"))
    assert claimed(("w47/ann/a1", "1.00"), ("w47/ann/a1#award", "0.05"), state=state) == []


def test_a_bonus_that_no_spec_asks_for_claims_nothing() -> None:
    state = Records(recorded("w47/ann/a1#gone", "1.00"))
    assert claimed(("w47/ann/a1", "1.00"), state=state) == [("w47/ann/a1", Decimal("1.00"))]


def test_a_bonus_in_doubt_claims_what_is_under_way() -> None:
    state = Records(recorded("w47/ann/a1", in_doubt="0.70", count=0))
    assert claimed(("w47/ann/a1", "1.00"), state=state) == [("w47/ann/a1", Decimal("0.70"))]
