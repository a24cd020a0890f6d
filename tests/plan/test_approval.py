"""Approvals: a test for each sentence about saved plans and digests."""

from dataclasses import replace
from decimal import Decimal

import pytest

from reconcile import identity
from reconcile.errors import Refused
from reconcile.model import Desired
from reconcile.plan.approval import Approved, approve_digest, approve_plan, approve_saved, judge
from reconcile.plan.model import Plan
from reconcile.plan.saved import SavedPlan
from reconcile.settings import Policies, ProviderSettings
from tests.plan.plan_world import Records, bonus, lost, plan, recorded, settings

ANN, BOB, CAT = bonus("w47/ann", "1.00"), bonus("w47/bob", "2.00"), bonus("w47/cat", "3.00")


def saved(made: Plan) -> SavedPlan:
    return SavedPlan(plan=made, created_ms=0, version="0.1.0")


def paid(state: Records, *desired: Desired) -> None:
    """These were paid and recorded meanwhile."""
    state.issue(plan(*desired, state=state))


def addresses(changes: object) -> list[str]:
    assert isinstance(changes, tuple)
    return [change.address for change in changes]


def refused(approval: object) -> str:
    assert callable(approval)
    with pytest.raises(Refused) as refusal:
        approval()
    return refusal.value.reason


# --- what is sent --------------------------------------------------------------------------------------------------


def test_all_of_an_approved_plan_is_sent() -> None:
    state = Records()
    made = plan(ANN, BOB, state=state)
    judged = judge(approve_plan(made), made, state)
    assert (addresses(judged.send), judged.not_approved, judged.no_longer_asked) == (["w47/ann", "w47/bob"], (), 0)


def test_what_is_still_missing_and_approved_is_sent() -> None:
    state = Records()
    set_of_two = approve_plan(plan(ANN, BOB, state=state))
    paid(state, ANN)
    judged = judge(set_of_two, plan(ANN, BOB, state=state), state)
    assert (addresses(judged.send), judged.settled) == (["w47/bob"], 1)


def test_what_is_missing_and_not_approved_is_not_sent() -> None:
    state = Records()
    set_of_one = approve_plan(plan(ANN, state=state))
    judged = judge(set_of_one, plan(ANN, BOB, state=state), state)
    assert (addresses(judged.send), addresses(judged.not_approved)) == (["w47/ann"], ["w47/bob"])


@pytest.mark.parametrize(
    "edited",
    [
        bonus("w47/ann", "1.01"),
        bonus("w47/ann", "1.00", texts=(("public_message", (("EN", "Other words"),)),)),
    ],
)
def test_an_approved_payment_that_was_edited_since_is_not_approved(edited: Desired) -> None:
    state = Records()
    approved = approve_plan(plan(ANN, BOB, state=state))
    judged = judge(approved, plan(edited, BOB, state=state), state)
    assert (addresses(judged.send), addresses(judged.not_approved)) == (["w47/bob"], ["w47/ann"])


def test_what_was_approved_and_is_no_longer_asked_for_is_not_sent() -> None:
    state = Records()
    approved = approve_plan(plan(ANN, BOB, state=state))
    judged = judge(approved, plan(ANN, state=state), state)
    assert (addresses(judged.send), judged.no_longer_asked) == (["w47/ann"], 1)


def test_an_approved_payment_in_doubt_is_neither_sent_nor_forgotten() -> None:
    state = Records()
    approved = approve_plan(plan(ANN, BOB, state=state))
    state.rows[ANN.bonus_id] = recorded("w47/ann", in_doubt="1.00")
    payment_id = identity.payment_id(ANN.bonus_id, 1)
    state.settle(payment_id, Decimal("1.00"), ANN.bonus_id)
    state.paid[payment_id] = state.paid[payment_id]._replace(status="prepared")  # type: ignore[arg-type]
    judged = judge(approved, plan(ANN, BOB, state=state), state)
    assert (addresses(judged.send), judged.settled, judged.no_longer_asked) == (["w47/bob"], 0, 0)


def test_a_rejected_payment_is_sent_again_under_the_same_approval() -> None:
    state = Records()
    approved = approve_plan(plan(ANN, state=state))
    state.rows[ANN.bonus_id] = recorded("w47/ann", attempt=2, rejected=True)
    assert addresses(judge(approved, plan(ANN, state=state), state).send) == ["w47/ann"]


def test_a_merge_job_run_again_finds_nothing_to_do() -> None:
    state = Records()
    first = saved(plan(ANN, BOB, state=state))
    paid(state, ANN, BOB)
    now = plan(ANN, BOB, state=state)
    judged = judge(approve_saved(first, now, state), now, state)
    assert (judged.send, judged.not_approved, judged.settled) == ((), (), 2)


def test_what_is_approved_is_sent_and_what_is_not_is_named() -> None:
    state = Records()
    made = plan(ANN, BOB, CAT, state=state)
    approved = Approved(
        "sha256:x", {key: value for key, value in approve_plan(made).entries.items() if value != made.changes[0].entry}
    )
    judged = judge(approved, made, state)
    assert (addresses(judged.send), addresses(judged.not_approved)) == (["w47/bob", "w47/cat"], ["w47/ann"])


# --- stale ---------------------------------------------------------------------------------------------------------


def test_a_used_up_plan_is_stale_where_something_else_is_asked_for() -> None:
    state = Records()
    first = saved(plan(ANN, state=state))
    paid(state, ANN)
    now = plan(ANN, BOB, state=state)
    assert refused(lambda: judge(approve_saved(first, now, state), now, state)) == "stale_plan"


def test_a_plan_of_nothing_approves_nothing_that_comes_later() -> None:
    state = Records()
    first = saved(plan(state=state))
    now = plan(ANN, state=state)
    assert refused(lambda: judge(approve_saved(first, now, state), now, state)) == "stale_plan"


def test_a_plan_of_which_something_is_left_is_not_stale() -> None:
    state = Records()
    first = saved(plan(ANN, BOB, state=state))
    paid(state, ANN)
    now = plan(ANN, BOB, CAT, state=state)
    judged = judge(approve_saved(first, now, state), now, state)
    assert (addresses(judged.send), addresses(judged.not_approved)) == (["w47/bob"], ["w47/cat"])


def test_adoption_makes_a_plan_smaller_and_not_stale() -> None:
    """The scan found a payment that the state had not known: it was made as approved."""
    state = Records()
    first = saved(plan(ANN, BOB, state=state))
    paid(state, BOB)
    now = plan(ANN, BOB, state=state)
    assert addresses(judge(approve_saved(first, now, state), now, state).send) == ["w47/ann"]


def test_a_payment_issued_meanwhile_with_another_amount_is_stale() -> None:
    state = Records()
    first = saved(plan(ANN, BOB, state=state))
    paid(state, bonus("w47/ann", "1.50"))
    now = plan(ANN, BOB, state=state)
    assert refused(lambda: approve_saved(first, now, state)) == "stale_plan"


# --- another environment, account or state -------------------------------------------------------------------------


def test_a_plan_for_another_environment_is_refused() -> None:
    state = Records()
    production = settings(providers=(ProviderSettings(name="toloka", type="toloka", environment="production"),))
    first = saved(plan(ANN, state=state))
    now = plan(ANN, state=state, config=production)
    assert refused(lambda: approve_saved(first, now, state)) == "environment_mismatch"


def test_a_plan_for_another_account_is_refused() -> None:
    state = Records()
    made = plan(ANN, state=state)
    other = replace(made, providers=(made.providers[0]._replace(account="another"),))
    assert refused(lambda: approve_saved(saved(other), made, state)) == "account_mismatch"


def test_a_plan_made_before_the_first_contact_fits_the_account_that_is_met() -> None:
    state = Records()
    made = plan(ANN, state=state)
    before = replace(made, providers=(made.providers[0]._replace(account=""),))
    assert addresses(judge(approve_saved(saved(before), made, state), made, state).send) == ["w47/ann"]


def test_a_plan_of_another_lineage_is_refused() -> None:
    state = Records()
    made = plan(ANN, state=state)
    assert refused(lambda: approve_saved(saved(replace(made, lineage="another")), made, state)) == "lineage_mismatch"


def test_a_plan_without_a_lineage_fits_a_state_that_has_no_past() -> None:
    state = Records()
    first = saved(plan(ANN, state=None))
    now = plan(ANN, state=state)
    assert addresses(judge(approve_saved(first, now, state), now, state).send) == ["w47/ann"]


@pytest.mark.parametrize(
    "state", [Records(recorded("w40/zoe", "9.00")), Records(unattributed=[lost("w40/zoe", "9.00")])]
)
def test_a_plan_made_without_a_state_is_not_fit_once_the_account_has_a_history(state: Records) -> None:
    first = saved(plan(ANN, state=None))
    assert refused(lambda: approve_saved(first, plan(ANN, state=state), state)) == "lineage_mismatch"


def test_a_plan_made_without_a_state_has_nothing_to_do_where_all_of_it_is_paid() -> None:
    """Its job is run again, and the state that knew the approval is lost: nothing is missing, so nothing is refused."""
    state = Records()
    first = saved(plan(ANN, state=None))
    paid(state, ANN)
    now = plan(ANN, state=state)
    assert judge(approve_saved(first, now, state), now, state) == ((), (), 0, 1)


def test_the_state_that_accepted_a_plan_without_a_lineage_goes_on_under_it() -> None:
    """The first apply created the state, recorded the set, paid one of two and was killed."""
    state = Records()
    first = saved(plan(ANN, BOB, state=None))
    state.sets[first.plan.digest] = dict(approve_plan(first.plan).entries)
    paid(state, ANN)
    now = plan(ANN, BOB, state=state)
    assert addresses(judge(approve_saved(first, now, state), now, state).send) == ["w47/bob"]


# --- digests and policies ------------------------------------------------------------------------------------------


def test_a_digest_is_that_of_the_plan_as_it_is_now() -> None:
    state = Records()
    made = plan(ANN, state=state)
    assert approve_digest(made.digest, made, state) == approve_plan(made)


def test_a_digest_may_be_of_a_set_that_the_state_has_recorded() -> None:
    state = Records()
    first = plan(ANN, BOB, state=state)
    state.sets[first.digest] = dict(approve_plan(first).entries)
    paid(state, ANN)
    now = plan(ANN, BOB, state=state)
    assert now.digest != first.digest
    assert addresses(judge(approve_digest(first.digest, now, state), now, state).send) == ["w47/bob"]


def test_any_other_digest_is_refused() -> None:
    state = Records()
    made = plan(ANN, state=state)
    assert refused(lambda: approve_digest("sha256:" + "0" * 64, made, state)) == "digest_mismatch"


def test_a_plan_that_breaks_a_policy_is_refused_whatever_was_approved() -> None:
    state = Records()
    approved = approve_plan(plan(ANN, state=state))
    now = plan(ANN, state=state, config=settings(policies=Policies(max_bonus=Decimal("0.50"))))
    assert refused(lambda: judge(approved, now, state)) == "policy"


def test_another_account_in_the_config_is_refused_as_such() -> None:
    state = Records()
    now = plan(ANN, state=state, config=settings(account="f00d"))
    assert refused(lambda: judge(approve_plan(now), now, state)) == "account_mismatch"


def test_the_same_specs_and_state_have_the_same_digest_whatever_the_account_and_batch() -> None:
    one = plan(ANN, BOB, state=Records())
    other = plan(BOB, ANN, state=None, config=settings(batch_size=2, fee_percent=None))
    assert one.digest == other.digest
