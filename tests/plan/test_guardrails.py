"""Guardrails: windows, outliers, almost equal recipients, repetitions. Both sides of each border, each exception.

The plans here are made at moment 0, so that what was paid before lies at negative times.
"""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from reconcile.diagnostics import Diagnostic, Severity
from reconcile.model import Desired, Identity
from reconcile.plan import likeness
from reconcile.plan.likeness import one_apart
from reconcile.plan.model import Plan
from reconcile.settings import Policies, Rail
from reconcile.state.ledger import PaidRow
from reconcile.times import DAY_MS
from tests.plan.plan_world import Records, bonus, codes, head, plan, recorded, settings

D = Decimal
WORKER = "fac97860c7929add8048ed2ef63b66fd"


def paid(address: str, amount: str, *, ago_ms: int) -> PaidRow:
    """A payment that the provider made so long before the plan."""
    campaign, _, rest = address.partition("/")
    rest, _, key = rest.partition("#")
    recipient, _, assignment_id = rest.partition("/")
    bonus_id = Identity("", campaign, recipient, assignment_id, key).bonus_id
    return PaidRow(recipient, D(amount), -ago_ms, bonus_id, campaign, assignment_id, key)


def planned(
    *desired: Desired, policies: Policies, recent: Sequence[PaidRow] = (), state: Records | None = None
) -> Plan:
    state = state or Records()
    state.recent = list(recent)
    return plan(*desired, state=state, config=settings(policies=policies), held=["w46", "w47"])


def only(made: Plan) -> Diagnostic:
    (found,) = made.diagnostics
    return found


# --- windows -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("amount", "refused"), [("10.00", False), ("10.01", True)])
def test_max_per_recipient_30d_counts_every_campaign_inclusively(amount: str, refused: bool) -> None:
    made = planned(
        bonus("w47/ann", amount),
        policies=Policies(max_per_recipient_30d=D("50.00")),
        recent=[paid("w46/ann", "30.00", ago_ms=DAY_MS), paid("w45/ann", "10.00", ago_ms=9 * DAY_MS)],
    )
    assert made.refused is refused
    if refused:
        assert only(made).summary == (
            "ann would have 50.01 USD in 30 days, 40.00 USD of it issued or in doubt already; "
            "max_per_recipient_30d allows 50.00 USD"
        )


@pytest.mark.parametrize(("ago_ms", "refused"), [(30 * DAY_MS, False), (30 * DAY_MS - 1, True)])
def test_a_payment_leaves_the_window_after_thirty_days(ago_ms: int, refused: bool) -> None:
    made = planned(
        bonus("w47/ann", "1.00"),
        policies=Policies(max_per_recipient_30d=D("50.00")),
        recent=[paid("w46/ann", "50.00", ago_ms=ago_ms)],
    )
    assert made.refused is refused


def test_another_recipients_payments_do_not_count_in_the_window() -> None:
    made = planned(
        bonus("w47/ann", "1.00"),
        policies=Policies(max_per_recipient_30d=D("1.00")),
        recent=[paid("w46/ben", "50.00", ago_ms=1)],
    )
    assert not made.refused


@pytest.mark.parametrize(("amount", "refused"), [("50.00", False), ("50.01", True)])
def test_max_per_day_counts_the_last_24_hours_and_the_whole_plan(amount: str, refused: bool) -> None:
    made = planned(
        bonus("w47/ann", "50.00"),
        bonus("w47/ben", amount),
        policies=Policies(max_per_day=D("300.00")),
        recent=[paid("w46/cat", "200.00", ago_ms=DAY_MS - 1), paid("w46/dan", "900.00", ago_ms=DAY_MS)],
    )
    assert made.refused is refused
    if refused:
        assert only(made).summary == (
            "toloka would pay 300.01 USD in 24 hours, 200.00 USD of it issued or in doubt already; "
            "max_per_day allows 300.00 USD"
        )


def test_max_per_day_counts_only_what_a_limit_sends_now() -> None:
    policies = Policies(max_per_day=D("1.00"))
    two = bonus("w47/ann", "1.00"), bonus("w47/ben", "1.00")
    assert plan(*two, state=Records(), config=settings(policies=policies), limit=1).refused is False
    assert plan(*two, state=Records(), config=settings(policies=policies), limit=2).refused is True


def test_windows_can_warn_instead() -> None:
    made = planned(bonus("w47/ann", "2.00"), policies=Policies(max_per_day=D("1.00"), windows=Rail.WARN))
    assert (made.refused, only(made).severity) == (False, Severity.WARNING)


def test_windows_can_be_off() -> None:
    made = planned(bonus("w47/ann", "2.00"), policies=Policies(max_per_day=D("1.00"), windows=Rail.OFF))
    assert made.diagnostics == ()


def test_a_bonus_that_is_excused_from_the_windows_is_not_counted_by_them() -> None:
    policies = Policies(max_per_day=D("1.00"), max_per_recipient_30d=D("1.00"))
    excused = bonus("w47/ann#award", "9.00", allow=["window"])
    assert not planned(excused, bonus("w47/ann", "1.00"), policies=policies).refused
    assert planned(excused, bonus("w47/ann", "1.01"), policies=policies).refused


def test_windows_are_not_asked_for_where_nothing_is_paid() -> None:
    state = Records(recorded("w47/ann", "5.00"))
    made = planned(
        bonus("w47/ann", "5.00"),
        policies=Policies(max_per_day=D("1.00"), max_per_recipient_30d=D("1.00")),
        recent=[paid("w47/ann", "5.00", ago_ms=1)],
        state=state,
    )
    assert made.diagnostics == ()


def test_the_first_twenty_recipients_are_named_and_the_rest_counted() -> None:
    many = [bonus(f"w47/worker-{number:03}", "2.00") for number in range(25)]
    made = planned(*many, policies=Policies(max_per_recipient_30d=D("1.00")))
    assert len(made.diagnostics) == 21
    assert made.diagnostics[-1].summary == "And 5 more like that"


# --- outliers ------------------------------------------------------------------------------------------------------


def crowd(amount: str, count: int = 9) -> list[Desired]:
    """So many bonuses of one amount, besides the one that is looked at."""
    return [bonus(f"w47/crowd-{number}", amount) for number in range(count)]


@pytest.mark.parametrize(("amount", "found"), [("13.49", []), ("13.50", ["outlier"])])
def test_ten_times_the_median_stands_out(amount: str, found: list[str]) -> None:
    """Of 1.30, 1.31 … 1.38 and the one looked at, the lower middle is 1.34; with 1.35 in its place ten times are 13.50."""
    others = [bonus(f"w47/crowd-{number}", f"1.3{number + 1}") for number in range(9)]
    made = planned(*others, bonus("w47/ann", amount), policies=Policies())
    assert codes(made) == found


def test_an_outlier_is_told_with_the_median() -> None:
    made = planned(*crowd("1.50"), bonus("w47/ann", "40.00"), policies=Policies())
    assert (only(made).summary, only(made).detail) == (
        "w47/ann: 40.00 USD is ten times the median of its campaign or more",
        "The median of w47 is 1.50 USD.",
    )


@pytest.mark.parametrize("amount", ["15.00", "0.15", "0.015"])
def test_a_slipped_decimal_point_is_told_with_what_was_meant(amount: str) -> None:
    made = planned(*crowd("1.50"), bonus("w47/ann", amount), policies=Policies())
    assert only(made).summary == f"w47/ann: {amount} USD is 1.50 USD with its decimal point moved"


@pytest.mark.parametrize(("others", "found"), [(8, []), (9, ["outlier"])])
def test_of_nine_bonuses_none_is_far_from_the_others(others: int, found: list[str]) -> None:
    assert codes(planned(*crowd("1.50", others), bonus("w47/ann", "90.00"), policies=Policies())) == found


def test_what_was_issued_in_the_campaign_tells_what_is_usual() -> None:
    state = Records(*(recorded(f"w47/crowd-{number}", "1.50") for number in range(9)))
    made = planned(*crowd("1.50"), bonus("w47/ann", "15.00"), policies=Policies(), state=state)
    assert codes(made) == ["outlier"]


def test_an_amount_that_a_tenth_have_is_usual_itself() -> None:
    awards = [bonus(f"w47/award-{number}", "15.00") for number in range(3)]
    assert codes(planned(*crowd("1.50", 20), *awards, policies=Policies())) == []
    assert codes(planned(*crowd("1.50", 20), *awards[:2], policies=Policies())) == ["outlier", "outlier"]


def test_a_top_up_counts_with_the_whole_amount() -> None:
    state = Records(*(recorded(f"w47/crowd-{number}", "1.50") for number in range(9)), recorded("w47/ann", "1.50"))
    made = planned(*crowd("1.50"), bonus("w47/ann", "15.00"), policies=Policies(allow_top_up=True), state=state)
    assert only(made).summary == "w47/ann: 15.00 USD is 1.50 USD with its decimal point moved"


@pytest.mark.parametrize(
    ("rail", "refused", "count"), [(Rail.WARN, False, 1), (Rail.REFUSE, True, 1), (Rail.OFF, False, 0)]
)
def test_outliers_warn_refuse_or_are_off(rail: Rail, refused: bool, count: int) -> None:
    made = planned(*crowd("1.50"), bonus("w47/ann", "90.00"), policies=Policies(outliers=rail))
    assert (made.refused, len(made.diagnostics)) == (refused, count)


def test_an_outlier_can_be_meant() -> None:
    made = planned(*crowd("1.50"), bonus("w47/ann", "90.00", allow=["outlier"]), policies=Policies())
    assert made.diagnostics == ()


def test_a_campaign_can_mean_its_outliers() -> None:
    whole = head("w47", allow=["outlier"])
    others = [bonus(f"w47/crowd-{number}", "1.50", campaign=whole) for number in range(9)]
    assert planned(*others, bonus("w47/ann", "90.00", campaign=whole), policies=Policies()).diagnostics == ()


# --- almost equal recipients ---------------------------------------------------------------------------------------

LIKE = Policies(near_duplicates=Rail.WARN)


@pytest.mark.parametrize(
    ("other", "how"),
    [
        ("fac97860c7929add8048ed2ef63b66fe", "by one character"),
        ("aac97860c7929add8048ed2ef63b66fd", "by one character"),
        ("fac97860c7929add8948ed2ef63b66fd", "by one character"),
        ("fac97860c7929add804ed2ef63b66fd", "by one character"),
        ("fac97860c7929add8048ed2ef63b66fd1", "by one character"),
        ("xfac97860c7929add8048ed2ef63b66fd", "by one character"),
        ("FAC97860c7929add8048ed2ef63b66fd", "only by case, or by a zero and an O"),
        ("fac9786Oc7929addB048ed2ef63b66fd", None),
        ("fac9786Oc7929add8O48ed2ef63b66fd", "only by case, or by a zero and an O"),
        ("fac97860c7929add8048ed2ef63b6600", None),
        ("a1b0b42923c429daa2c764d7ccfc364d", None),
    ],
)
def test_a_recipient_that_is_almost_another_of_the_plan(other: str, how: str | None) -> None:
    made = planned(bonus(f"w47/{WORKER}", "1.00"), bonus(f"w47/{other}", "1.00"), policies=LIKE)
    if how is None:
        assert made.diagnostics == ()
    else:
        assert only(made).summary == (
            f"w47/{other}: recipient {other} differs {how} from {WORKER}, who is to be paid too"
        )


def test_a_recipient_that_is_almost_one_that_was_paid() -> None:
    typo = f"{WORKER[:-1]}e"
    made = planned(
        bonus(f"w47/{WORKER}", "1.00"),
        bonus(f"w47/{typo}", "1.00"),
        policies=LIKE,
        state=Records(recorded(f"w47/{WORKER}", "1.00")),
    )
    assert only(made).summary == (
        f"w47/{typo}: recipient {typo} differs by one character from {WORKER}, who was paid before"
    )
    assert only(made).mentions == (WORKER,)


@pytest.mark.parametrize(("one", "other", "found"), [("ann", "anna", 0), ("worker", "worked", 1), ("bob", "BOB", 1)])
def test_short_names_are_compared_by_case_alone(one: str, other: str, found: int) -> None:
    made = planned(bonus(f"w47/{one}", "1.00"), bonus(f"w47/{other}", "1.00"), policies=LIKE)
    assert len(made.diagnostics) == found


def test_the_same_recipient_twice_is_no_near_duplicate() -> None:
    made = planned(bonus(f"w47/{WORKER}#a", "1.00"), bonus(f"w47/{WORKER}#b", "1.00"), policies=LIKE)
    assert made.diagnostics == ()


@pytest.mark.parametrize("excused", [0, 1])
def test_a_near_duplicate_can_be_meant_on_either_side(excused: int) -> None:
    allow = [["near-duplicate"] if number == excused else [] for number in range(2)]
    made = planned(
        bonus("w47/worker-a", "1.00", allow=allow[0]), bonus("w47/worker-b", "1.00", allow=allow[1]), policies=LIKE
    )
    assert made.diagnostics == ()


def test_near_duplicates_refuse_where_the_config_says_so() -> None:
    policies = Policies(near_duplicates=Rail.REFUSE)
    assert planned(bonus("w47/worker-a", "1.00"), bonus("w47/worker-b", "1.00"), policies=policies).refused


def test_comparing_ends_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "COMPARED_MAX", 5)
    many = [bonus(f"w47/common-beginning-{number}{number}-end", "1.00") for number in range(9)]
    assert codes(planned(*many, policies=LIKE)) == ["near-duplicate-partly"]


def test_one_apart_is_what_a_comparison_of_all_edits_says() -> None:
    """Against the definition itself, over all short texts of two letters."""
    texts = [""]
    for _ in range(5):
        texts += [f"{text}{letter}" for text in texts for letter in "ab"]
    texts = sorted(set(texts))
    for one in texts:
        edits = {one[:at] + letter + one[at + 1 :] for at in range(len(one)) for letter in "ab"}
        edits |= {one[:at] + one[at + 1 :] for at in range(len(one))}
        edits |= {one[:at] + letter + one[at:] for at in range(len(one) + 1) for letter in "ab"}
        for other in texts:
            assert one_apart(one, other) is (other in edits - {one}), (one, other)


# --- repetitions ---------------------------------------------------------------------------------------------------

WEEKS = Policies(repeat_days=14)


@pytest.mark.parametrize(("ago_ms", "found"), [(14 * DAY_MS, []), (14 * DAY_MS - 1, ["repeat"])])
def test_the_same_payment_under_another_key_within_so_many_days(ago_ms: int, found: list[str]) -> None:
    made = planned(
        bonus("w47/ann#award", "0.80"),
        bonus("w47/ann#quality", "0.80"),
        policies=WEEKS,
        recent=[paid("w47/ann#quality", "0.80", ago_ms=ago_ms)],
        state=Records(recorded("w47/ann#quality", "0.80")),
    )
    assert codes(made) == found
    if found:
        assert only(made).summary == "w47/ann#award would be paid what w47/ann#quality was paid"
        assert made.refused


@pytest.mark.parametrize(
    ("past", "found"),
    [
        ("w47/ann/a1#other", ["repeat"]),
        ("w46/ann/a1", ["repeat"]),
        ("w47/ann/a2", []),
        ("w47/ben/a1", []),
        ("w47/ann/a1", []),
    ],
)
def test_what_repeats_an_assignments_payment(past: str, found: list[str]) -> None:
    """The same recipient, amount and assignment; the bonus itself is no repetition of itself."""
    made = planned(bonus("w47/ann/a1", "0.80"), policies=WEEKS, recent=[paid(past, "0.80", ago_ms=1)])
    assert codes(made) == found


def test_without_an_assignment_only_the_same_campaign_repeats() -> None:
    made = planned(bonus("w47/ann#award", "0.80"), policies=WEEKS, recent=[paid("w46/ann#award", "0.80", ago_ms=1)])
    assert made.diagnostics == ()


def test_another_amount_is_no_repetition() -> None:
    made = planned(bonus("w47/ann#b", "0.81"), policies=WEEKS, recent=[paid("w47/ann#a", "0.80", ago_ms=1)])
    assert made.diagnostics == ()


def test_two_bonuses_of_one_plan_can_repeat_each_other() -> None:
    made = planned(bonus("w47/ann#a", "0.80"), bonus("w47/ann#b", "0.80"), policies=WEEKS)
    assert only(made).summary == "w47/ann#b would be paid what w47/ann#a is to be paid"


def test_a_repetition_can_be_meant() -> None:
    made = planned(bonus("w47/ann#a", "0.80"), bonus("w47/ann#b", "0.80", allow=["repeat"]), policies=WEEKS)
    assert made.diagnostics == ()


@pytest.mark.parametrize(
    ("rail", "refused", "count"), [(Rail.WARN, False, 1), (Rail.REFUSE, True, 1), (Rail.OFF, False, 0)]
)
def test_repetitions_warn_refuse_or_are_off(rail: Rail, refused: bool, count: int) -> None:
    policies = Policies(repeat_days=14, repeats=rail)
    made = planned(bonus("w47/ann#a", "0.80"), bonus("w47/ann#b", "0.80"), policies=policies)
    assert (made.refused, len(made.diagnostics)) == (refused, count)
