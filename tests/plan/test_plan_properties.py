"""What holds for every world: order does not matter, a plan carried out leaves nothing, nobody gets more than asked."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.model import Desired
from reconcile.settings import Policies
from reconcile.state.ledger import RecordedBonus
from tests.plan.plan_world import Records, bonus, plan, recorded
from tests.plan.plan_world import settings as config

CENTS = st.integers(1, 500).map(lambda cents: f"{Decimal(cents) / 100:.2f}")
ADDRESSES = st.builds(
    lambda campaign, who, key: f"{campaign}/{who}{key}",
    st.sampled_from(["w46", "w47"]),
    st.sampled_from(["ann", "bob", "cat", "dan", "eve"]),
    st.sampled_from(["", "#k", "/a1", "/a1#k"]),
)
DESIRED = st.dictionaries(ADDRESSES, CENTS, max_size=12).map(
    lambda found: [bonus(address, amount) for address, amount in found.items()]
)
PAST = st.dictionaries(ADDRESSES, st.tuples(CENTS, st.integers(1, 3), st.sampled_from(["", "1.00"])), max_size=12).map(
    lambda found: [recorded(key, issued, count=n, in_doubt=doubt) for key, (issued, n, doubt) in found.items()]
)
TOP_UP = config(policies=Policies(allow_top_up=True))


@settings(max_examples=150, deadline=None)
@given(DESIRED, PAST, st.randoms(use_true_random=False))
def test_the_order_of_the_specs_changes_neither_digest_nor_sums(
    desired: list[Desired], past: list[RecordedBonus], random: object
) -> None:
    assert hasattr(random, "shuffle")
    shuffled = list(desired)
    random.shuffle(shuffled)
    one, other = (plan(*order, state=Records(*past), config=TOP_UP) for order in (desired, shuffled))
    assert one.digest == other.digest
    assert set(one.changes) == set(other.changes)
    assert [change for change in one.changes if not change.pays and not change.path] == [
        change for change in other.changes if not change.pays and not change.path
    ]


@settings(max_examples=150, deadline=None)
@given(DESIRED, PAST)
def test_after_a_plan_was_carried_out_there_is_nothing_to_pay(
    desired: list[Desired], past: list[RecordedBonus]
) -> None:
    state = Records(*past)
    state.issue(plan(*desired, state=state, config=TOP_UP))
    again = plan(*desired, state=state, config=TOP_UP)
    assert again.payments == ()
    assert again.operations == ()


@settings(max_examples=150, deadline=None)
@given(DESIRED, PAST)
def test_nobody_gets_more_than_was_asked_and_every_bonus_has_one_place(
    desired: list[Desired], past: list[RecordedBonus]
) -> None:
    state = Records(*past)
    before = {row.bonus_id: row.issued + row.open_amount for row in past}
    made = plan(*desired, state=state, config=TOP_UP)
    asked = {one.bonus_id: one.amount for one in desired}
    for change in made.payments:
        assert before.get(change.bonus_id, Decimal(0)) + change.amount == asked[change.bonus_id]
    listed = sum(1 for change in made.changes if change.path) + len(made.in_doubt)
    assert listed + made.unchanged == len(desired)
