"""Policies and budgets: allowed, at the limit, just over; with the numbers in the message."""

from decimal import Decimal

import pytest

from reconcile.diagnostics import Place
from reconcile.plan.model import Plan
from reconcile.settings import Policies, ProviderSettings
from tests.plan.plan_world import Records, bonus, codes, head, plan, recorded, settings

D = Decimal
YANDEX = ProviderSettings(name="tasks", type="toloka", environment="yandex")


def limited(*desired: tuple[str, str], state: Records | None = None, policies: Policies, budget: str = "") -> Plan:
    campaign = head("w47", budget=budget)
    return plan(
        *(bonus(address, amount, campaign=campaign) for address, amount in desired),
        state=state or Records(),
        config=settings(policies=policies),
    )


@pytest.mark.parametrize(("amount", "refused"), [("4.99", False), ("5.00", False), ("5.01", True)])
def test_max_bonus_limits_one_bonus_inclusively(amount: str, refused: bool) -> None:
    made = limited(("w47/ann", amount), policies=Policies(max_bonus=D("5.00")))
    assert made.refused is refused
    if refused:
        (error,) = made.diagnostics
        assert error.code == "policy-max-bonus"
        assert error.summary == "w47/ann asks for 5.01 USD; max_bonus allows 5.00 USD"
        assert error.place == Place("specs/w47.yaml", 5)


def test_max_bonus_counts_the_whole_desired_amount_of_a_top_up() -> None:
    state = Records(recorded("w47/ann", "4.00"))
    made = limited(("w47/ann", "5.50"), state=state, policies=Policies(max_bonus=D("5.00"), allow_top_up=True))
    assert made.diagnostics[0].summary == "w47/ann asks for 5.50 USD; max_bonus allows 5.00 USD"


def test_a_limit_lowered_below_what_was_issued_refuses_nothing_by_itself() -> None:
    state = Records(recorded("w47/ann", "9.00"))
    policies = Policies(max_bonus=D("5.00"), max_per_recipient=D("5.00"), max_plan_total=D("5.00"))
    assert limited(("w47/ann", "9.00"), state=state, policies=policies, budget="5.00").diagnostics == ()


@pytest.mark.parametrize(("amount", "refused"), [("2.00", False), ("2.01", True)])
def test_max_per_recipient_counts_issued_in_doubt_orphaned_and_planned(amount: str, refused: bool) -> None:
    """1.00 issued, 3.00 in doubt, 4.00 orphaned and 2.00 planned are 10.00."""
    state = Records(
        recorded("w47/ann#paid", "1.00"), recorded("w47/ann#open", in_doubt="3.00"), recorded("w47/ann#gone", "4.00")
    )
    made = limited(
        ("w47/ann#paid", "1.00"),
        ("w47/ann#open", "3.00"),
        ("w47/ann#new", amount),
        state=state,
        policies=Policies(max_per_recipient=D("10.00")),
    )
    assert made.refused is refused
    if refused:
        assert made.diagnostics[0].summary == (
            "ann would have 10.01 USD from w47, 8.00 USD of it issued or in doubt already; "
            "max_per_recipient allows 10.00 USD"
        )


def test_max_per_recipient_counts_each_campaign_by_itself() -> None:
    made = plan(
        bonus("w47/ann", "3.00"),
        bonus("w46/ann", "3.00"),
        state=Records(),
        config=settings(policies=Policies(max_per_recipient=D("3.00"))),
    )
    assert made.diagnostics == ()


def test_max_per_recipient_counts_what_was_paid_under_a_former_name() -> None:
    made = plan(
        bonus("new/ann", "2.00", formerly="old/ann"),
        bonus("new/ann#more", "2.00"),
        state=Records(recorded("old/ann", "2.00")),
        config=settings(policies=Policies(max_per_recipient=D("3.00"))),
    )
    assert codes(made) == ["policy-max-per-recipient"]


@pytest.mark.parametrize(("last", "refused"), [("0.50", False), ("0.51", True)])
def test_max_plan_total_limits_what_one_plan_pays(last: str, refused: bool) -> None:
    made = limited(
        ("w47/ann", "1000.00"), ("w47/bob", last), state=Records(recorded("w47/ann", "1000.00")),
        policies=Policies(max_plan_total=D("0.50")),
    )  # fmt: skip
    assert made.refused is refused


def test_max_plan_total_says_both_numbers() -> None:
    made = limited(
        *((f"w47/a{n}", "99.00") for n in range(12)), ("w47/z", "46.50"), policies=Policies(max_plan_total=D("1000.00"))
    )
    assert made.diagnostics[0].summary == "This plan pays 1,234.50 USD; max_plan_total allows 1,000.00 USD"


def test_fees_count_for_no_policy() -> None:
    """20 percent of fees come on top of the 1.00 that the limit allows."""
    assert limited(("w47/ann", "1.00"), policies=Policies(max_plan_total=D("1.00"))).refused is False


@pytest.mark.parametrize(("number", "refused"), [(2, False), (3, True)])
def test_max_plan_bonuses_limits_how_many_are_paid(number: int, refused: bool) -> None:
    made = limited(*((f"w47/a{n}", "1.00") for n in range(number)), policies=Policies(max_plan_bonuses=2))
    assert made.refused is refused
    if refused:
        assert made.diagnostics[0].summary == "This plan pays 3 bonuses; max_plan_bonuses allows 2"


def test_a_limit_of_payments_is_what_the_policies_see() -> None:
    made = plan(
        *(bonus(f"w47/a{n}", "1.00") for n in range(3)),
        state=Records(),
        config=settings(policies=Policies(max_plan_bonuses=2)),
        limit=2,
    )
    assert made.refused is False


def test_require_assignment_refuses_a_bonus_without_one() -> None:
    made = limited(("w47/ann", "1.00"), ("w47/bob/a1", "1.00"), policies=Policies(require_assignment=True))
    assert [error.summary for error in made.diagnostics] == [
        "w47/ann names no assignment; require_assignment asks for one"
    ]


@pytest.mark.parametrize(("amount", "refused"), [("2.00", False), ("2.01", True)])
def test_a_budget_limits_all_that_a_campaign_may_ever_pay(amount: str, refused: bool) -> None:
    """5.00 issued, of which 2.00 are orphaned, 3.00 in doubt and 2.00 planned are 10.00."""
    state = Records(recorded("w47/ann", "3.00"), recorded("w47/gone", "2.00"), recorded("w47/open", in_doubt="3.00"))
    made = limited(
        ("w47/ann", "3.00"), ("w47/open", "3.00"), ("w47/new", amount), state=state, policies=Policies(), budget="10.00"
    )
    assert made.refused is refused
    if refused:
        assert made.diagnostics[0].summary == "w47 would pay 10.01 USD; its budget allows 10.00 USD"
        assert made.diagnostics[0].place == Place("specs/w47.yaml", 4)
        assert made.campaigns[0].budget_left == D("-0.01")


def test_many_violations_are_shown_as_twenty_and_a_count() -> None:
    made = limited(*((f"w47/a{n}", "2.00") for n in range(30)), policies=Policies(max_bonus=D("1.00")))
    assert len(made.diagnostics) == 21
    assert made.diagnostics[-1].summary == "And 10 more break max_bonus"


def test_a_refused_plan_is_whole() -> None:
    made = limited(("w47/ann", "2.00"), policies=Policies(max_bonus=D("1.00")))
    assert (made.refused, len(made.changes), len(made.operations)) == (True, 1, 1)


def test_policies_of_one_currency_do_not_limit_another() -> None:
    made = plan(
        bonus("ru/ann", "50.00", campaign=head("ru", provider="tasks")),
        state=Records(),
        config=settings(policies=Policies(max_bonus=D("1.00")), providers=(YANDEX,)),
    )
    assert made.diagnostics == ()
