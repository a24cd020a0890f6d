"""The guard: last week's spec under a new campaign, with the old one still there."""

import pytest

from reconcile.diagnostics import Place, Severity
from reconcile.plan.model import Plan
from tests.plan.plan_world import Records, bonus, codes, head, plan, recorded

NAMES = ("ann", "bob", "cat")
PAID = tuple(recorded(f"w47/{name}", "1.00") for name in NAMES)
STILL = tuple(bonus(f"w47/{name}", "1.00") for name in NAMES)


def copies(made: Plan) -> list[str]:
    return [one for one in codes(made) if one == "copied-campaign"]


def test_a_copied_campaign_is_a_warning_with_its_numbers_and_the_way_out() -> None:
    made = plan(*STILL, *(bonus(f"w48/{name}", "1.00") for name in NAMES), state=Records(*PAID))
    (warning,) = made.diagnostics
    assert (made.refused, warning.code, warning.severity) == (False, "copied-campaign", Severity.WARNING)
    assert warning.summary == "Campaign w48 would pay again what w47 has paid"
    assert warning.detail == (
        "All of its 3 payments, 3.00 USD, equal payments of w47 by recipient and amount. 3 were made there in all. "
        "A spec that was copied with its rows or its data file pays everybody again."
    )
    assert warning.hint == (
        "If the old rows or the old data file were left in it, put the new ones in.\n"
        "If it is meant that they are paid again, say so in the spec:\n"
        "  allow: [repeat]"
    )
    assert warning.place == Place("specs/w48.yaml", 2)


def test_the_very_same_assignments_are_counted() -> None:
    paid = [recorded(f"w47/{name}/a{n}", "1.00") for n, name in enumerate(NAMES)]
    still = [bonus(f"w47/{name}/a{n}", "1.00") for n, name in enumerate(NAMES)]
    made = plan(
        *still, bonus("w48/ann/a0", "1.00"), bonus("w48/bob/b1", "1.00"), bonus("w48/cat", "1.00"), state=Records(*paid)
    )
    assert "by recipient and amount, 1 for the very same assignment. 3 were made" in made.diagnostics[0].detail


def test_a_part_of_what_the_old_campaign_paid_is_a_copy_too() -> None:
    paid = (*PAID, recorded("w47/dan", "1.00"))
    new = (bonus(f"w48/{name}", "1.00") for name in NAMES)
    made = plan(*STILL, bonus("w47/dan", "1.00"), *new, state=Records(*paid))
    assert "4 were made there in all." in made.diagnostics[0].detail


@pytest.mark.parametrize("other", [("w48/cat", "1.01"), ("w48/eve", "1.00")], ids=["another amount", "another worker"])
def test_one_row_that_differs_is_no_copy(other: tuple[str, str]) -> None:
    made = plan(*STILL, bonus("w48/ann", "1.00"), bonus("w48/bob", "1.00"), bonus(*other), state=Records(*PAID))
    assert made.diagnostics == ()


def test_one_row_more_than_was_paid_is_no_copy() -> None:
    new = [bonus(f"w48/{name}", "1.00") for name in (*NAMES, "dan")]
    assert plan(*STILL, *new, state=Records(*PAID)).diagnostics == ()


def test_a_worker_who_is_paid_twice_needs_two_payments_to_be_a_copy() -> None:
    new = [bonus("w48/ann#x", "1.00"), bonus("w48/ann#y", "1.00"), bonus("w48/bob", "1.00")]
    assert plan(*STILL, *new, state=Records(*PAID)).diagnostics == ()


def test_two_equal_payments_are_chance() -> None:
    made = plan(*STILL, bonus("w48/ann", "1.00"), bonus("w48/bob", "1.00"), state=Records(*PAID))
    assert made.diagnostics == ()


def test_a_campaign_that_has_begun_to_pay_is_no_copy() -> None:
    new = [bonus(f"w48/{name}", "1.00") for name in (*NAMES, "dan")]
    made = plan(*STILL, *new, state=Records(*PAID, recorded("w48/dan", "1.00")))
    assert made.diagnostics == ()


@pytest.mark.parametrize("where", ["bonus", "file"])
def test_allow_repeat_says_that_a_copy_is_meant(where: str) -> None:
    campaign = head("w48", allow=["repeat"] if where == "file" else [])
    allow = ["repeat"] if where == "bonus" else []
    made = plan(
        *STILL, *(bonus(f"w48/{n}", "1.00", campaign=campaign, allow=allow) for n in NAMES), state=Records(*PAID)
    )
    assert (made.diagnostics, len(made.payments)) == ((), 3)


def test_a_campaign_that_a_file_beside_the_plan_holds_is_compared_too() -> None:
    """`plan specs/w48.yaml` alone."""
    made = plan(*(bonus(f"w48/{name}", "1.00") for name in NAMES), state=Records(*PAID), held=["w47", "w48"])
    assert copies(made) == ["copied-campaign"]


def test_rows_that_were_moved_are_said_to_be_moved_and_not_copied() -> None:
    state = Records(*PAID, recorded("w47/zoe", "1.00"))
    made = plan(bonus("w47/zoe", "1.00"), *(bonus(f"w48/{name}", "1.00") for name in NAMES), state=state)
    assert codes(made) == ["moved-bonus"]


def test_several_campaigns_that_paid_the_same_are_one_warning() -> None:
    state = Records(*PAID, *(recorded(f"w46/{name}", "1.00") for name in NAMES))
    earlier = (bonus(f"w46/{name}", "1.00") for name in NAMES)
    made = plan(*earlier, *STILL, *(bonus(f"w48/{name}", "1.00") for name in NAMES), state=state)
    (warning,) = made.diagnostics
    assert warning.summary == "Campaign w48 would pay again what w47 has paid"
    assert "3 were made there in all. 1 other campaign paid the same. A spec" in warning.detail


def test_another_teams_campaign_is_not_compared() -> None:
    state = Records(*(recorded(f"w47/{name}", "1.00", project="other") for name in NAMES))
    made = plan(*(bonus(f"w48/{name}", "1.00") for name in NAMES), state=state, held=["w47", "w48"])
    assert made.diagnostics == ()


def test_the_rows_of_a_campaign_whose_amounts_leave_no_room_are_not_read() -> None:
    state = Records(*(recorded(f"w47/{name}", "2.00") for name in NAMES))
    plan(*(bonus(f"w48/{name}", "1.00") for name in NAMES), state=state, held=["w47", "w48"])
    assert state.read == ["w48"]
