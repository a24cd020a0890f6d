"""Whether a bonus is paid: each verdict with its amount and its words, at both sides of every limit."""

from decimal import Decimal
from typing import Any

import pytest

from reconcile.plan.decision import NOTHING, Conflict, Doubt, Known, Pay, Settled, Terms, decide
from reconcile.plan.model import FIRST, Action, Attempts
from reconcile.providers.rules import Tariff

D = Decimal
TARIFF = Tariff(currency="USD", decimals=3, amount_min=D("0.005"), amount_max=D("100.00"))
TERMS = Terms(TARIFF, True, "Toloka")
RETRIED = "an earlier attempt was rejected: it is tried again"


def known(issued: str = "0.00", **fields: Any) -> Known:
    return NOTHING._replace(issued=D(issued), **fields)


def test_of_what_nothing_is_known_the_first_payment_is_made_under_the_first_attempt() -> None:
    assert decide(D("1.00"), NOTHING, TERMS) == Pay(Action.ISSUE, D("1.00"), 1, FIRST, "")


def test_a_rejected_payment_is_tried_again_and_says_so() -> None:
    assert decide(D("1.00"), known(attempts=Attempts(2, 3), rejected=True), TERMS) == Pay(
        Action.ISSUE, D("1.00"), 1, Attempts(2, 3), RETRIED
    )


def test_a_top_up_pays_the_difference_under_the_next_number_without_a_word() -> None:
    found = decide(D("1.50"), known("1.00", next_sequence=2), TERMS)
    assert found == Pay(Action.TOP_UP, D("0.50"), 2, FIRST, "")


def test_what_was_issued_as_asked_is_settled() -> None:
    assert decide(D("1.0"), known("1.00", next_sequence=2), TERMS) == Settled()


def test_a_gap_is_doubt_about_all_that_is_asked_for() -> None:
    assert decide(D("3.00"), known("1.00", next_sequence=4, missing=2), TERMS) == Doubt(
        D("3.00"),
        "payment number 3 of this bonus was issued, but 2 before it are not known here: it may have been made under an "
        "earlier name (`formerly` says which)",
    )
    found = decide(D("3.00"), known("1.00", next_sequence=3, missing=1), TERMS)
    assert isinstance(found, Doubt)
    assert "but 1 before it is not known here" in found.why


@pytest.mark.parametrize(
    ("count", "why"),
    [
        (1, "a payment of 2.00 USD is under way and its outcome is not known yet"),
        (2, "2 payments of 2.00 USD together are under way and their outcome is not known yet"),
    ],
)
def test_what_is_open_is_doubt_about_its_amount(count: int, why: str) -> None:
    assert decide(D("3.00"), known(open_count=count, open_amount=D("2.00")), TERMS) == Doubt(D("2.00"), why)


@pytest.mark.parametrize(
    ("asked", "issued", "why"),
    [
        ("0.004", "0.00", "0.004 USD is less than the 0.005 USD that Toloka pays at least."),
        ("1.004", "1.00", "the difference of 0.004 USD is less than the 0.005 USD that Toloka pays at least."),
        ("100.001", "0.00", "100.001 USD is more than the 100.00 USD that Toloka pays at most at a time."),
        (
            "101.001",
            "1.00",
            "the difference of 100.001 USD is more than the 100.00 USD that Toloka pays at most at a time.",
        ),
    ],
)
def test_a_difference_out_of_bounds_is_a_conflict_that_says_which(asked: str, issued: str, why: str) -> None:
    assert decide(D(asked), known(issued), TERMS) == Conflict(why)


@pytest.mark.parametrize("amount", ["0.005", "100.00"])
def test_a_payment_at_its_bounds_is_made(amount: str) -> None:
    assert decide(D(amount), NOTHING, TERMS) == Pay(Action.ISSUE, D(amount), 1, FIRST, "")


def test_a_higher_amount_is_a_conflict_where_top_ups_are_not_allowed() -> None:
    assert decide(D("1.50"), known("1.00", next_sequence=2), TERMS._replace(allow_top_up=False)) == Conflict(
        "1.00 USD was issued, and the spec now asks for 1.50 USD. `allow_top_up: true` under `policies` would pay the "
        "difference of 0.50 USD."
    )


def test_a_lower_amount_is_a_conflict_and_takes_nothing_back() -> None:
    assert decide(D("0.50"), known("1.00", next_sequence=2), TERMS) == Conflict(
        "1.00 USD was issued, but the spec now asks for 0.50 USD: nothing is taken back from a worker. Ask for 1.00 again."
    )
