"""The guard: a renamed campaign, key or project must not pay everybody again."""

import pytest

from reconcile.diagnostics import Place, Severity
from tests.plan.plan_world import Records, bonus, codes, head, lost, plan, recorded, settings

PAID = tuple(recorded(f"old/{name}", "1.00") for name in ("ann", "bob", "cat", "dan"))


# --- in one campaign -----------------------------------------------------------------------------------------------


def test_a_new_key_for_what_was_paid_is_refused_with_the_line_to_add() -> None:
    made = plan(bonus("w47/ann#award", "1.00"), state=Records(recorded("w47/ann", "1.00")))
    (error,) = made.diagnostics
    assert (made.refused, error.code) == (True, "renamed-bonus")
    assert error.summary == "w47/ann#award would be paid what w47/ann was paid"
    assert error.place == Place("specs/w47.yaml", 5)
    assert error.hint == (
        "If it is the same bonus, say what it was:\n"
        "  formerly: {key: ~}\n"
        "If it is meant to be paid beside the old one:\n"
        "  allow: [repeat]"
    )


def test_another_assignment_is_guarded_like_another_key() -> None:
    made = plan(bonus("w47/ann/a2#k", "1.00"), state=Records(recorded("w47/ann/a1#k", "1.00")))
    assert "  formerly: {assignment_id: a1}" in made.diagnostics[0].hint.split("\n")


def test_an_orphan_in_doubt_counts_as_paid() -> None:
    made = plan(bonus("w47/ann#award", "1.00"), state=Records(recorded("w47/ann", in_doubt="1.00")))
    assert made.diagnostics[0].summary == "w47/ann#award would be paid what w47/ann has in doubt"


@pytest.mark.parametrize(("address", "amount"), [("w47/ann#award", "1.01"), ("w47/eve#award", "1.00")])
def test_another_amount_or_recipient_is_no_match(address: str, amount: str) -> None:
    assert plan(bonus(address, amount), state=Records(recorded("w47/ann", "1.00"))).diagnostics == ()


def test_matching_is_by_count_so_that_a_second_equal_bonus_is_free() -> None:
    """One orphan of 1.00 explains one of two new bonuses of 1.00."""
    made = plan(bonus("w47/ann#a", "1.00"), bonus("w47/ann#b", "1.00"), state=Records(recorded("w47/ann", "1.00")))
    assert codes(made) == ["renamed-bonus"]


def test_a_bonus_that_is_still_asked_for_is_no_old_name() -> None:
    made = plan(bonus("w47/ann#b", "1.00"), bonus("w47/ann", "1.00"), state=Records(recorded("w47/ann", "1.00")))
    assert made.diagnostics == ()


@pytest.mark.parametrize("where", ["bonus", "file"])
def test_allow_repeat_says_that_it_is_meant(where: str) -> None:
    campaign = head("w47", allow=["repeat"] if where == "file" else [])
    new = bonus("w47/ann#award", "1.00", campaign=campaign, allow=["repeat"] if where == "bonus" else [])
    made = plan(new, state=Records(recorded("w47/ann", "1.00")))
    assert (made.diagnostics, len(made.payments)) == ((), 1)


def test_formerly_settles_it() -> None:
    made = plan(bonus("w47/ann#award", "1.00", formerly="w47/ann"), state=Records(recorded("w47/ann", "1.00")))
    assert (made.diagnostics, made.payments) == ((), ())


def test_a_mistyped_formerly_does_not_silence_the_guard() -> None:
    made = plan(bonus("w47/ann#award", "1.00", formerly="w47/ann#typo"), state=Records(recorded("w47/ann", "1.00")))
    assert codes(made) == ["renamed-bonus"]


def test_many_renamed_bonuses_are_twenty_and_a_count() -> None:
    state = Records(*(recorded(f"w47/a{n}", "1.00") for n in range(25)))
    made = plan(*(bonus(f"w47/a{n}#key", "1.00") for n in range(25)), state=state)
    assert len(made.diagnostics) == 21
    assert made.diagnostics[-1].summary == "And 5 more bonuses of w47 look renamed: 25 together, 25.00 USD"


def test_a_campaign_that_is_not_loaded_whole_is_only_warned_about() -> None:
    """Another file of the campaign may ask for the old ones."""
    made = plan(bonus("w47/ann#award", "1.00"), state=Records(recorded("w47/ann", "1.00")), whole=(), held=["w47"])
    assert [diagnostic.severity for diagnostic in made.diagnostics] == [Severity.WARNING]
    assert made.refused is False


def test_a_target_does_not_get_past_the_guard() -> None:
    state = Records(recorded("w47/ann", "1.00"), recorded("w47/bob", "1.00"))
    made = plan(bonus("w47/ann#k", "1.00"), bonus("w47/bob", "1.00"), state=state, targets=["w47/ann#k"])
    assert codes(made) == ["renamed-bonus"]


def test_a_limit_does_not_hide_a_rename() -> None:
    state = Records(recorded("w47/zoe", "1.00"))
    made = plan(bonus("w47/ann", "1.00"), bonus("w47/zoe#k", "1.00"), state=state, limit=1)
    assert codes(made) == ["renamed-bonus"]


# --- another campaign ----------------------------------------------------------------------------------------------


def test_a_renamed_campaign_is_refused_with_the_line_to_add() -> None:
    made = plan(*(bonus(f"new/{name}", "1.00") for name in ("ann", "bob", "cat", "dan")), state=Records(*PAID))
    (error,) = made.diagnostics
    assert (made.refused, error.code) == (True, "renamed-campaign")
    assert error.summary == "Campaign new would pay again what old has paid"
    assert error.detail == (
        "4 of its 4 payments, 4.00 USD, equal payments of old by recipient and amount. 4 were made there in all, "
        "and no spec holds it any more. A renamed campaign would pay everybody again."
    )
    assert error.hint == (
        "If it was renamed, say so at the head of the spec:\n"
        "  formerly: old\n"
        "If it is meant that they are paid again, say so in the spec:\n"
        "  allow: [repeat]"
    )
    assert error.place == Place("specs/new.yaml", 2)


def test_a_campaign_that_a_spec_still_holds_is_no_old_name() -> None:
    made = plan(bonus("new/ann", "1.00"), state=Records(*PAID), held=["old", "new"])
    assert made.diagnostics == ()


def test_half_of_the_new_payments_is_too_much() -> None:
    made = plan(
        bonus("new/ann", "1.00"), bonus("new/x", "1.00"),
        state=Records(*PAID, *(recorded(f"old/z{n}", "1.00") for n in range(20))),
    )  # fmt: skip
    assert (made.refused, codes(made)) == (True, ["renamed-campaign"])


def test_half_of_the_old_payments_is_too_much() -> None:
    made = plan(
        *(bonus(f"new/{name}", "1.00") for name in ("ann", "bob")),
        *(bonus(f"new/x{n}", "1.00") for n in range(20)),
        state=Records(*PAID),
    )
    assert (made.refused, codes(made)) == (True, ["renamed-campaign"])


def test_less_than_half_of_both_is_a_warning() -> None:
    made = plan(bonus("new/ann", "1.00"), bonus("new/x", "1.00"), bonus("new/y", "1.00"), state=Records(*PAID))
    assert [(one.code, one.severity) for one in made.diagnostics] == [("renamed-campaign", Severity.WARNING)]
    assert made.refused is False


def test_one_payment_for_the_same_assignment_is_too_much() -> None:
    made = plan(
        bonus("new/ann/a1", "1.00"), *(bonus(f"new/x{n}", "1.00") for n in range(9)),
        state=Records(recorded("old/ann/a1", "1.00"), *(recorded(f"old/y{n}", "1.00") for n in range(9))),
    )  # fmt: skip
    assert made.refused is True
    assert "1 of them is for the very same assignment." in made.diagnostics[0].detail


def test_a_new_campaign_with_other_workers_is_left_alone() -> None:
    assert plan(bonus("new/eve", "1.00"), state=Records(*PAID)).diagnostics == ()


def test_formerly_counts_what_the_old_campaign_paid_and_nothing_is_refused() -> None:
    made = plan(
        *(bonus(f"new/{name}", "1.00", formerly=f"old/{name}") for name in ("ann", "bob", "cat", "dan")),
        bonus("new/eve", "1.00", formerly="old/eve"),
        state=Records(*PAID),
    )
    assert (made.diagnostics, made.unchanged, len(made.payments)) == ((), 4, 1)


def test_a_mistyped_former_campaign_does_not_silence_the_guard() -> None:
    made = plan(
        *(bonus(f"new/{row.recipient}", "1.00", formerly=f"odl/{row.recipient}") for row in PAID), state=Records(*PAID)
    )
    assert codes(made) == ["renamed-campaign"]


def test_a_campaign_renamed_together_with_its_keys_is_refused() -> None:
    made = plan(
        *(bonus(f"new/{row.recipient}#k", "1.00", formerly=f"old/{row.recipient}#k") for row in PAID),
        state=Records(*PAID),
    )
    assert codes(made) == ["renamed-campaign"]


def test_allow_repeat_in_the_new_campaign_says_that_it_is_meant() -> None:
    campaign = head("new", allow=["repeat"])
    made = plan(*(bonus(f"new/{row.recipient}", "1.00", campaign=campaign) for row in PAID), state=Records(*PAID))
    assert (made.diagnostics, len(made.payments)) == ((), 4)


def test_a_campaign_that_has_paid_already_may_pay_like_an_old_one() -> None:
    """Week after week the same workers get the same amounts: there only the same assignment refuses."""
    state = Records(*PAID, recorded("new/eve", "1.00"))
    made = plan(bonus("new/eve", "1.00"), bonus("new/ann", "1.00"), state=state)
    assert made.refused is False


def test_a_campaign_renamed_twice_is_refused_for_the_name_that_formerly_leaves_out() -> None:
    """`old` paid four, was renamed `mid` and paid eve; `new` says formerly: mid, or formerly: old, and never both."""
    paid = (*PAID, recorded("mid/eve", "0.15"))
    names = [row.recipient for row in PAID]
    one = plan(*(bonus(f"new/{n}", "1.00", formerly=f"mid/{n}") for n in names), state=Records(*paid))
    other = [bonus(f"new/{n}", "1.00", formerly=f"old/{n}") for n in names]
    two = plan(*other, bonus("new/eve", "0.15", formerly="old/eve"), state=Records(*paid))
    assert (one.refused, two.refused) == (True, True)


def test_nothing_to_issue_reads_no_other_campaign() -> None:
    state = Records(*PAID, recorded("new/eve", "1.00"))
    plan(bonus("new/eve", "1.00"), state=state)
    assert state.read == ["new"]


# --- another project -----------------------------------------------------------------------------------------------


def test_a_renamed_project_is_refused_with_the_line_to_restore() -> None:
    state = Records(*(recorded(f"w47/{name}", "1.00", project="vision") for name in ("ann", "bob")))
    made = plan(
        *(bonus(f"w47/{name}", "1.00", project="sight") for name in ("ann", "bob")),
        state=state,
        config=settings(project="sight"),
    )
    (error,) = made.diagnostics
    assert (made.refused, error.code) == (True, "renamed-project")
    assert error.summary == "Campaign w47 would pay again what w47 of project vision has paid"
    assert error.hint.split("\n")[1] == "  project: vision"


def test_a_project_name_where_there_was_none_is_refused() -> None:
    made = plan(
        bonus("w47/ann", "1.00", project="sight"),
        state=Records(recorded("w47/ann", "1.00")),
        config=settings(project="sight"),
    )
    assert made.diagnostics[0].hint.split("\n")[:2] == [
        "If the project was renamed, take this line out of the config again:",
        "  project: sight",
    ]


def test_payments_without_a_bonus_under_the_same_campaign_give_a_renamed_project_away() -> None:
    """The state was made anew after the project's name had changed: no marker finds its bonus."""
    state = Records(unattributed=[lost("w47/ann", "1.00", project="vision")])
    made = plan(bonus("w47/ann", "1.00", project="sight"), state=state, config=settings(project="sight"))
    assert codes(made) == ["renamed-project"]


def test_another_teams_campaign_of_another_name_is_not_ours() -> None:
    state = Records(recorded("theirs/ann", "1.00", project="other"))
    assert plan(bonus("w47/ann", "1.00"), state=state).diagnostics == ()


# --- rows moved to another campaign ----------------------------------------------------------------------------------


def test_a_row_moved_to_another_campaign_for_the_same_assignment_is_refused() -> None:
    made = plan(
        bonus("old/bob", "2.00"),
        bonus("w47/ann/a1", "1.00"),
        state=Records(recorded("old/ann/a1", "1.00"), recorded("old/bob", "2.00")),
    )
    (error,) = made.diagnostics
    assert (made.refused, error.code) == (True, "moved-bonus")
    assert error.summary == "Campaign w47 would pay what old has paid and no longer asks for"
    assert "  formerly: {campaign: old}" in error.hint.split("\n")


def test_a_row_moved_without_an_assignment_is_a_warning_with_its_money() -> None:
    """The same amount to the same worker may be chance: flat amounts come every week."""
    made = plan(
        bonus("old/bob", "2.00"),
        bonus("w47/ann", "1.00"),
        state=Records(recorded("old/ann", "1.00"), recorded("old/bob", "2.00")),
    )
    (warning,) = made.diagnostics
    assert (made.refused, warning.code, warning.severity) == (False, "moved-bonus", Severity.WARNING)
    assert warning.detail.startswith("1 of its 1 payments, 1.00 USD, equal such a payment by recipient and amount.")


def test_formerly_at_the_moved_row_settles_it() -> None:
    made = plan(
        bonus("old/bob", "2.00"),
        bonus("w47/ann/a1", "1.00", formerly="old/ann/a1"),
        state=Records(recorded("old/ann/a1", "1.00"), recorded("old/bob", "2.00")),
    )
    assert (made.diagnostics, made.payments) == ((), ())


def test_allow_repeat_at_the_moved_row_says_that_it_is_meant() -> None:
    made = plan(
        bonus("old/bob", "2.00"),
        bonus("w47/ann/a1", "1.00", allow=["repeat"]),
        state=Records(recorded("old/ann/a1", "1.00"), recorded("old/bob", "2.00")),
    )
    assert (made.diagnostics, len(made.payments)) == ((), 1)
