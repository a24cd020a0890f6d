"""Rows of a plan: for each rule a literal plan, on both sides of its border."""

from decimal import Decimal

import pytest

from reconcile import identity
from reconcile.plan.model import Action
from reconcile.settings import Policies, ProviderSettings
from tests.plan.plan_world import ACCOUNT, Records, bonus, codes, head, lost, plan, recorded, rows, settings

D = Decimal
TOP_UP = settings(policies=Policies(allow_top_up=True))


def test_what_is_missing_is_issued_as_the_first_payment() -> None:
    made = plan(bonus("w47/ann", "1.00"), bonus("w47/bob#award", "0.80"), state=Records())
    assert rows(made) == [("issue", "w47/ann", "1.00", "0.00"), ("issue", "w47/bob#award", "0.80", "0.00")]
    assert [(change.sequence, change.attempt) for change in made.changes] == [(1, 1), (1, 1)]
    assert made.refused is False


def test_ids_are_those_of_the_contract() -> None:
    """The account, the bonus, its first payment and the operation are the contract's own example."""
    one = bonus("image-labels-2026-w47/fac97860c7929add8048ed2ef63b66fd/00001092da--61ef030400c684132d0da0de", "1.00")
    (change,) = plan(one, state=Records()).changes
    assert identity.to_text(change.bonus_id) == "72899aee-4cc9-5326-86ec-85b957da2c3b"
    assert change.payment_id is not None
    assert identity.to_text(change.payment_id) == "6dd303c5-a671-57d6-b149-274d46b6b2f9"
    assert change.operation_id is not None
    assert identity.to_text(change.operation_id) == "5783fd3f-eab9-5fdb-bf63-0182a85f89b2"


def test_an_operation_has_no_id_before_the_first_contact() -> None:
    state = Records()
    state.known = ()
    made = plan(bonus("w47/ann", "1.00"), state=state)
    assert made.changes[0].operation_id is None
    assert made.operations[0].operation_id is None
    assert made.providers[0].account == ""


def test_a_plan_without_a_state_shows_everything_as_missing_and_has_no_lineage() -> None:
    made = plan(bonus("w47/ann", "1.00"), state=None)
    assert rows(made) == [("issue", "w47/ann", "1.00", "0.00")]
    assert (made.lineage, made.head) == ("", "")


def test_what_was_issued_as_asked_is_counted_and_not_listed() -> None:
    made = plan(bonus("w47/ann", "1.00"), bonus("w47/bob", "2.00"), state=Records(recorded("w47/ann", "1.00")))
    assert made.unchanged == 1
    assert rows(made) == [("issue", "w47/bob", "2.00", "0.00")]


def test_amounts_are_equal_whatever_their_decimals() -> None:
    assert plan(bonus("w47/ann", "1.00"), state=Records(recorded("w47/ann", "1.000"))).unchanged == 1


# --- another amount ------------------------------------------------------------------------------------------------


def test_more_is_a_top_up_of_the_difference_where_it_is_allowed() -> None:
    made = plan(bonus("w47/ann", "1.50"), state=Records(recorded("w47/ann", "1.00")), config=TOP_UP)
    assert rows(made) == [("top_up", "w47/ann", "0.50", "1.00")]
    (change,) = made.changes
    assert (change.sequence, change.attempt) == (2, 1)
    assert change.payment_id == identity.payment_id(change.bonus_id, 2)


def test_more_is_a_conflict_where_top_ups_are_not_allowed() -> None:
    made = plan(bonus("w47/ann", "1.50"), state=Records(recorded("w47/ann", "1.00")))
    assert rows(made) == [("conflict", "w47/ann", "1.50", "1.00")]
    assert made.changes[0].payment_id is None
    assert made.changes[0].why == (
        "1.00 USD was issued, and the spec now asks for 1.50 USD. "
        "`allow_top_up: true` under `policies` would pay the difference of 0.50 USD."
    )


def test_less_is_a_conflict_even_where_top_ups_are_allowed() -> None:
    made = plan(bonus("w47/ann", "0.99"), state=Records(recorded("w47/ann", "1.00")), config=TOP_UP)
    assert rows(made) == [("conflict", "w47/ann", "0.99", "1.00")]
    assert made.changes[0].why == (
        "1.00 USD was issued, but the spec now asks for 0.99 USD: nothing is taken back from a worker. "
        "Ask for 1.00 again."
    )


@pytest.mark.parametrize(("asked", "action"), [("1.004", "conflict"), ("1.005", "top_up")])
def test_a_difference_below_the_providers_minimum_is_a_conflict(asked: str, action: str) -> None:
    made = plan(bonus("w47/ann", asked), state=Records(recorded("w47/ann", "1.00")), config=TOP_UP)
    assert made.changes[0].action == action
    if action == "conflict":
        assert made.changes[0].why == (
            "the difference of 0.004 USD is less than the 0.005 USD that Toloka pays at least."
        )


@pytest.mark.parametrize(("asked", "action"), [("101.00", "top_up"), ("101.01", "conflict")])
def test_a_difference_above_the_providers_maximum_is_a_conflict(asked: str, action: str) -> None:
    made = plan(bonus("w47/ann", asked), state=Records(recorded("w47/ann", "1.00")), config=TOP_UP)
    assert made.changes[0].action == action


def test_a_second_top_up_is_payment_three() -> None:
    state = Records(recorded("w47/ann", "1.50", count=2))
    (change,) = plan(bonus("w47/ann", "2.00"), state=state, config=TOP_UP).changes
    assert (change.action, change.sequence, change.amount) == (Action.TOP_UP, 3, D("0.50"))


# --- in doubt and rejected -----------------------------------------------------------------------------------------


def test_a_bonus_with_an_open_payment_is_in_doubt_and_nothing_is_planned() -> None:
    made = plan(bonus("w47/ann", "1.00"), state=Records(recorded("w47/ann", in_doubt="1.00")))
    assert made.changes == ()
    (row,) = made.in_doubt
    assert (row.identity.address, row.amount) == ("w47/ann", D("1.00"))
    assert row.why == "a payment of 1.00 USD is under way and its outcome is not known yet"


def test_an_open_top_up_is_in_doubt_even_if_what_was_issued_is_what_is_asked_for() -> None:
    state = Records(recorded("w47/ann", "1.00", in_doubt="0.50"))
    made = plan(bonus("w47/ann", "1.00"), state=state, config=TOP_UP)
    assert (made.changes, made.unchanged, len(made.in_doubt)) == ((), 0, 1)


def test_a_payment_that_is_missing_in_between_puts_the_bonus_in_doubt() -> None:
    state = Records(recorded("w47/ann", "0.50", count=1, sequence=2))
    made = plan(bonus("w47/ann", "2.00"), state=state, config=TOP_UP)
    assert made.changes == ()
    assert made.in_doubt[0].why == (
        "payment number 2 of this bonus was issued, but 1 before it is not known here: "
        "it may have been made under an earlier name (`formerly` says which)"
    )


def test_a_missing_payment_is_doubt_even_where_the_sum_is_what_is_asked_for() -> None:
    state = Records(recorded("w47/ann", "2.00", count=1, sequence=2))
    assert len(plan(bonus("w47/ann", "2.00"), state=state).in_doubt) == 1


def test_a_rejected_bonus_is_planned_again_with_the_recorded_attempt() -> None:
    state = Records(recorded("w47/ann", attempt=2, rejected=True))
    (change,) = plan(bonus("w47/ann", "1.00"), state=state).changes
    assert (change.action, change.sequence, change.attempt) == (Action.ISSUE, 1, 2)
    assert change.why == "an earlier attempt was rejected: it is tried again"


def test_a_rejected_attempt_makes_another_operation_id_of_the_same_payment() -> None:
    first = plan(bonus("w47/ann", "1.00"), state=Records()).changes[0]
    again = plan(bonus("w47/ann", "1.00"), state=Records(recorded("w47/ann", attempt=2))).changes[0]
    assert first.payment_id == again.payment_id
    assert first.operation_id != again.operation_id


# --- formerly ------------------------------------------------------------------------------------------------------


def test_what_was_issued_under_the_former_name_counts() -> None:
    state = Records(recorded("old/ann", "1.00"))
    made = plan(bonus("new/ann", "1.00", formerly="old/ann"), state=state)
    assert (made.changes, made.unchanged, made.refused) == ((), 1, False)


def test_the_former_name_is_no_orphan() -> None:
    state = Records(recorded("w47/ann", "1.00"))
    made = plan(bonus("w47/ann#award", "1.00", formerly="w47/ann"), state=state)
    assert (made.changes, made.unchanged) == ((), 1)


def test_a_top_up_goes_on_from_the_former_names_sequence() -> None:
    state = Records(recorded("old/ann", "1.50", count=2))
    (change,) = plan(bonus("new/ann", "2.00", formerly="old/ann"), state=state, config=TOP_UP).changes
    assert (change.amount, change.issued, change.sequence) == (D("0.50"), D("1.50"), 3)
    assert change.payment_id == identity.payment_id(bonus("new/ann", "2.00").bonus_id, 3)


def test_payments_under_both_names_are_summed_and_whole() -> None:
    """Payment 1 under the old name and payment 2 under the new one leave no gap."""
    state = Records(recorded("old/ann", "1.00"), recorded("new/ann", "0.50", count=1, sequence=2))
    made = plan(bonus("new/ann", "1.50", formerly="old/ann"), state=state)
    assert (made.changes, made.in_doubt, made.unchanged) == ((), (), 1)


def test_an_open_payment_under_the_former_name_is_doubt() -> None:
    made = plan(bonus("new/ann", "1.00", formerly="old/ann"), state=Records(recorded("old/ann", in_doubt="1.00")))
    assert (made.changes, len(made.in_doubt)) == ((), 1)


@pytest.mark.parametrize("order", [1, -1])
def test_a_former_name_that_is_still_asked_for_pays_nobody_twice(order: int) -> None:
    state = Records(recorded("w47/ann", "1.00"))
    desired = [bonus("w47/ann", "1.00"), bonus("w47/ann#award", "1.00", formerly="w47/ann")][::order]
    made = plan(*desired, state=state)
    assert made.payments == ()
    assert [change.action for change in made.changes] == [Action.CONFLICT]


def test_a_former_name_that_was_never_recorded_changes_nothing() -> None:
    assert rows(plan(bonus("new/ann", "1.00", formerly="old/ann"), state=Records())) == [
        ("issue", "new/ann", "1.00", "0.00")
    ]


# --- payments without a bonus --------------------------------------------------------------------------------------


def test_a_payment_of_ours_without_a_bonus_counts_for_the_bonus_that_its_id_names() -> None:
    state = Records(unattributed=[lost("w47/ann", "1.00", marker_campaign="cut short")])
    made = plan(bonus("w47/ann", "1.00"), state=state)
    assert (made.changes, made.unchanged) == ((), 1)
    assert made.attributed == ((state.lost[0].payment_id, 1, bonus("w47/ann", "1.00").identity("")),)


def test_two_payments_without_a_bonus_are_both_counted() -> None:
    state = Records(unattributed=[lost("w47/ann", "1.00"), lost("w47/ann", "0.50", sequence=2)])
    made = plan(bonus("w47/ann", "2.00"), state=state, config=TOP_UP)
    assert rows(made) == [("top_up", "w47/ann", "0.50", "1.50")]
    assert made.changes[0].sequence == 3


def test_a_payment_without_a_bonus_that_leaves_a_gap_is_doubt() -> None:
    made = plan(bonus("w47/ann", "2.00"), state=Records(unattributed=[lost("w47/ann", "0.50", sequence=2)]))
    assert (made.changes, len(made.in_doubt)) == ((), 1)


def test_a_payment_without_a_bonus_of_another_project_counts_for_nobody() -> None:
    state = Records(unattributed=[lost("w47/ann", "2.00", project="other")])
    assert rows(plan(bonus("w47/ann", "1.00"), state=state)) == [("issue", "w47/ann", "1.00", "0.00")]


# --- orphans -------------------------------------------------------------------------------------------------------


def test_orphans_stand_last_by_campaign_and_recipient() -> None:
    state = Records(recorded("w47/zoe", "1.00"), recorded("w47/bob", "2.00"), recorded("w46/eve", "3.00"))
    made = plan(bonus("w47/new", "5.00"), bonus("w46/new", "6.00"), state=state)
    assert rows(made) == [
        ("issue", "w47/new", "5.00", "0.00"),
        ("issue", "w46/new", "6.00", "0.00"),
        ("orphaned", "w46/eve", "3.00", "3.00"),
        ("orphaned", "w47/bob", "2.00", "2.00"),
        ("orphaned", "w47/zoe", "1.00", "1.00"),
    ]
    assert made.refused is False


def test_an_orphan_in_doubt_says_so() -> None:
    made = plan(bonus("w47/ann", "9.00"), state=Records(recorded("w47/bob", in_doubt="1.00")))
    assert made.changes[-1].why == "a payment for it is in doubt"


def test_what_was_only_rejected_is_no_orphan() -> None:
    made = plan(bonus("w47/ann", "9.00"), state=Records(recorded("w47/bob", attempt=2, rejected=True)))
    assert rows(made) == [("issue", "w47/ann", "9.00", "0.00")]


def test_orphans_are_looked_for_only_in_campaigns_loaded_whole() -> None:
    state = Records(recorded("w47/bob", "1.00"), recorded("w46/eve", "3.00"), recorded("w46/eva", "3.00"))
    made = plan(bonus("w47/ann", "9.00"), state=state, whole=())
    assert rows(made) == [("issue", "w47/ann", "9.00", "0.00")]
    assert made.orphans_elsewhere == 2


def test_a_campaign_whose_spec_is_empty_now_is_all_orphans() -> None:
    made = plan(state=Records(recorded("w47/bob", "1.00")), whole=["w47"])
    assert rows(made) == [("orphaned", "w47/bob", "1.00", "1.00")]
    assert made.campaigns[0].orphaned == 1
    assert made.orphans_elsewhere == 0


def test_another_projects_bonuses_are_neither_ours_nor_orphans() -> None:
    state = Records(recorded("w47/bob", "1.00", project="other"))
    made = plan(bonus("w47/ann", "9.00"), state=state)
    assert rows(made) == [("issue", "w47/ann", "9.00", "0.00")]


def test_only_the_campaigns_asked_for_are_read() -> None:
    state = Records(recorded("w47/ann", "1.00"), recorded("w46/eve", "3.00"))
    plan(bonus("w47/ann", "1.00"), state=state)
    assert state.read == ["w47"]


def test_what_counts_by_its_former_name_is_recorded_nowhere_else() -> None:
    state = Records(recorded("old/ann", "1.00"), recorded("old/bob", "1.00"))
    assert plan(bonus("new/ann", "1.00", formerly="old/ann"), state=state).orphans_elsewhere == 1


# --- targets and limits --------------------------------------------------------------------------------------------


def test_a_target_leaves_everything_else_alone() -> None:
    state = Records(recorded("w47/bob", "1.00"), recorded("w47/gone", "4.00"))
    made = plan(
        bonus("w47/ann", "1.00"),
        bonus("w47/bob", "1.00"),
        bonus("w47/cat#k", "2.00"),
        state=state,
        targets=["w47/cat#k"],
    )
    assert rows(made) == [("issue", "w47/cat#k", "2.00", "0.00")]
    assert (made.unchanged, made.orphans_elsewhere, made.refused) == (0, 0, False)


def test_a_target_that_matches_nothing_is_an_error_with_what_was_probably_meant() -> None:
    made = plan(bonus("w47/anna", "1.00"), bonus("w47/bob", "1.00"), state=Records(), targets=["w47/ana"])
    (error,) = made.diagnostics
    assert (made.refused, error.code, error.summary) == (True, "target-unknown", "No spec asks for w47/ana")
    assert error.hint == "Did you mean w47/anna?"


def test_a_limited_plan_shows_all_payments_and_counts_those_that_wait() -> None:
    made = plan(bonus("w47/ann", "1.00"), bonus("w47/bob", "2.00"), bonus("w47/cat", "3.00"), state=Records(), limit=2)
    assert rows(made) == [
        ("issue", "w47/ann", "1.00", "0.00"),
        ("issue", "w47/bob", "2.00", "0.00"),
        ("issue", "w47/cat", "3.00", "0.00"),
    ]
    assert made.held_back == 1


def test_a_limited_plan_has_the_digest_of_the_whole_one() -> None:
    rows = (bonus("w47/ann", "1.00"), bonus("w47/bob", "2.00"))
    assert plan(*rows, state=Records(), limit=1).digest == plan(*rows, state=Records()).digest


# --- operations and figures ----------------------------------------------------------------------------------------


def test_payments_are_grouped_in_order_by_the_batch_size() -> None:
    made = plan(*(bonus(f"w47/w{n}", "1.00") for n in range(5)), state=Records(), config=settings(batch_size=2))
    assert [(len(operation.payments), f"{operation.amount}") for operation in made.operations] == [
        (2, "2.00"),
        (2, "2.00"),
        (1, "1.00"),
    ]
    assert [change.operation_id for change in made.changes[:2]] == [made.operations[0].operation_id] * 2


def test_the_first_payment_of_an_account_is_an_operation_of_its_own() -> None:
    """Apply sends it alone, to read its marker back: before the first contact, and until a marker was read."""
    met = Records()
    met.known = (met.known[0]._replace(verified_first=False),)
    for state in (None, met):
        made = plan(*(bonus(f"w47/w{n}", "1.00") for n in range(5)), state=state, config=settings(batch_size=3))
        assert [len(operation.payments) for operation in made.operations] == [1, 3, 1]
        assert len({change.operation_id for change in made.changes}) == (1 if state is None else 3)


def test_an_operation_of_two_has_the_contracts_id() -> None:
    made = plan(
        bonus("image-labels-2026-w47/fac97860c7929add8048ed2ef63b66fd/00001092da--61ef030400c684132d0da0de", "1.00"),
        bonus("image-labels-2026-w47/a1b0b42923c429daa2c764d7ccfc364d#quality-award", "0.80"),
        state=Records(),
        config=settings(batch_size=2),
    )
    assert made.operations[0].operation_id is not None
    assert identity.to_text(made.operations[0].operation_id) == "fa939971-8297-5150-8df3-f9c06a1c6a54"


def test_a_campaigns_figures_are_those_of_its_rows() -> None:
    state = Records(
        recorded("w47/paid", "1.00"), recorded("w47/less", "3.00"), recorded("w47/open", in_doubt="0.50"),
        recorded("w47/gone", "4.00"),
    )  # fmt: skip
    campaign = head("w47", budget="20.00")
    made = plan(
        *(
            bonus(f"w47/{name}", amount, campaign=campaign)
            for name, amount in [("paid", "1.00"), ("less", "2.00"), ("open", "0.50"), ("new", "6.00")]
        ),
        state=state,
    )
    assert made.campaigns[0]._asdict() == {
        "campaign": "w47",
        "provider": "toloka",
        "currency": "USD",
        "desired": 4,
        "unchanged": 1,
        "accepted": 0,
        "issue": 1,
        "top_up": 0,
        "conflict": 1,
        "orphaned": 1,
        "in_doubt": 1,
        "amount": D("6.00"),
        "issued": D("8.00"),
        "budget": D("20.00"),
        "budget_left": D("5.50"),
    }


def test_fees_are_counted_payment_by_payment_up_to_the_cent() -> None:
    made = plan(bonus("w47/a", "0.01"), bonus("w47/b", "0.01"), bonus("w47/c", "1.00"), state=Records())
    assert (made.providers[0].amount, made.providers[0].fees) == (D("1.02"), D("0.22"))


def test_fees_are_unknown_where_none_are_configured() -> None:
    assert plan(bonus("w47/a", "1.00"), state=Records(), config=settings(fee_percent=None)).providers[0].fees is None


def test_requests_of_today_are_counted_with_the_plans_own() -> None:
    state = Records()
    state.sent_today = 250
    (provider,) = plan(bonus("w47/a", "1.00"), bonus("w47/b", "1.00"), state=state).providers
    assert (provider.requests, provider.requests_today, provider.daily_request_limit) == (2, 250, 10_000)


@pytest.mark.parametrize(("batch_size", "today"), [(1, 286 + 250), (100, 3 + 250)])
def test_payments_of_today_that_another_state_sent_are_requests_too(batch_size: int, today: int) -> None:
    """A job was killed before it brought its journal: 286 of its payments are found. In batches they took 3 at least."""
    state = Records()
    state.sent_today, state.adopted_today = 250, 286
    (provider,) = plan(bonus("w47/a", "1.00"), state=state, config=settings(batch_size=batch_size)).providers
    assert provider.requests_today == today


def test_two_currencies_are_planned_side_by_side() -> None:
    config = settings(
        providers=(
            ProviderSettings(name="toloka", type="toloka", environment="sandbox"),
            ProviderSettings(name="tasks", type="toloka", environment="yandex"),
        )
    )
    made = plan(
        bonus("w47/ann", "1.00"), bonus("ru/ann", "50.00", campaign=head("ru", provider="tasks")),
        state=Records(), config=config,
    )  # fmt: skip
    assert [(summary.currency, f"{summary.amount}") for summary in made.providers] == [
        ("USD", "1.00"),
        ("RUB", "50.00"),
    ]
    assert made.changes[1].operation_id is None


def test_a_config_that_means_another_account_than_the_state_is_refused() -> None:
    made = plan(bonus("w47/ann", "1.00"), state=Records(), config=settings(account="f00d"))
    assert codes(made) == ["account-mismatch"]
    assert made.refused is True


def test_an_account_is_the_same_with_and_without_dashes() -> None:
    dashed = "566ec2b0-ff0d-eeaa-e5f9-d500629de162"
    assert dashed.replace("-", "") == ACCOUNT
    assert plan(bonus("w47/ann", "1.00"), state=Records(), config=settings(account=dashed)).refused is False
