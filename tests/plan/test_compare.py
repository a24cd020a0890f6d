"""What changed between two plans: each kind of change, and why something is gone."""

from dataclasses import replace
from decimal import Decimal

from reconcile.plan.compare import Redirected, compare
from reconcile.plan.model import Plan
from reconcile.render.review_diff import difference_lines, headline
from reconcile.render.style import PLAIN
from reconcile.settings import ProviderSettings
from tests.plan.plan_world import ACCOUNT, Records, bonus, plan, recorded, settings

D = Decimal
NONE: frozenset[bytes] = frozenset()


def of(*wishes: tuple[str, str], state: Records | None = None) -> Plan:
    return plan(*(bonus(address, amount) for address, amount in wishes), state=state or Records())


def test_the_same_plan_differs_in_nothing() -> None:
    one, other = of(("w/ann", "1.00"), ("w/ben", "1.00")), of(("w/ben", "1.00"), ("w/ann", "1.00"))
    found = compare(one, other, NONE)
    assert (found.same, found.unchanged, found.added, found.gone, found.totals) == (True, 2, (), (), ())
    assert headline(found) == "The same payments: 2, the same digest."


def test_added_gone_and_another_amount() -> None:
    found = compare(of(("w/ann", "1.00"), ("w/ben", "1.00")), of(("w/ann", "1.25"), ("w/cat", "2.00")), NONE)
    assert [change.address for change in found.added] == ["w/cat"]
    assert [(one.change.address, one.why) for one in found.gone] == [("w/ben", "no longer to be paid")]
    assert [(one.was.amount, one.now.amount) for one in found.amounts] == [(D("1.00"), D("1.25"))]
    assert found.totals == (("USD", D("2.00"), D("3.25")),)
    assert not found.same


def test_other_texts_alone() -> None:
    new = plan(bonus("w/ann", "1.00", texts=()), state=Records())
    found = compare(of(("w/ann", "1.00")), new, NONE)
    assert [one.now.address for one in found.texts] == ["w/ann"]
    assert (found.unchanged, found.totals, found.same) == (0, (), False)


def test_gone_because_it_was_paid() -> None:
    old = of(("w/ann", "1.00"))
    state = Records()
    state.issue(old)
    paid = frozenset(change.payment_id for change in old.payments if change.payment_id)
    found = compare(old, of(("w/ann", "1.00"), state=state), paid)
    assert [one.why for one in found.gone] == ["paid since"]


def test_gone_because_it_is_in_doubt_or_in_conflict() -> None:
    old = of(("w/ann", "1.00"), ("w/ben", "1.00"))
    state = Records(recorded("w/ann", in_doubt="1.00"), recorded("w/ben", "3.00"))
    found = compare(old, of(("w/ann", "1.00"), ("w/ben", "1.00"), state=state), NONE)
    assert [one.why for one in found.gone] == ["in doubt now", "in conflict now"]


def with_provider(*, environment: str = "sandbox", endpoint: str = "", act_under: str = "") -> Plan:
    toloka = ProviderSettings(
        name="toloka", type="toloka", environment=environment, endpoint=endpoint, act_under=act_under
    )
    return plan(bonus("w/ann", "1.00"), state=Records(), config=settings(providers=(toloka,)))


def test_another_address_environment_and_account_stand_out() -> None:
    plain = with_provider()
    assert compare(plain, with_provider(endpoint="http://127.0.0.1:1"), NONE).redirected == (
        Redirected("toloka", "address", "its environment's own address", "http://127.0.0.1:1"),
    )
    assert compare(plain, with_provider(act_under="other"), NONE).redirected == (
        Redirected("toloka", "acting account", "", "other"),
    )
    assert compare(plain, with_provider(environment="production"), NONE).redirected == (
        Redirected("toloka", "environment", "toloka sandbox", "toloka production"),
        Redirected("toloka", "account", ACCOUNT, ""),
    )


def test_an_account_met_in_between_is_no_change_of_account() -> None:
    met = with_provider()
    unmet = replace(met, providers=(met.providers[0]._replace(account=""),))
    assert compare(unmet, met, NONE).redirected == ()
    assert [one.what for one in compare(met, unmet, NONE).redirected] == ["account"]


def test_a_provider_that_was_not_there() -> None:
    old = with_provider()
    new = replace(old, providers=(old.providers[0]._replace(name="other"),))
    assert compare(old, new, NONE).redirected == (Redirected("other", "provider", "", "toloka sandbox"),)


def test_the_difference_as_text() -> None:
    old = of(("w/ann", "1.00"), ("w/ben", "1.00"), ("w/\x1b[31m", "1.00"))
    new = plan(
        bonus("w/ann", "1.25"),
        bonus("w/ben", "1.00", texts=(("private_comment", "well done"),)),
        bonus("w/cat", "2.00"),
        state=Records(),
    )
    new = replace(new, providers=(new.providers[0]._replace(endpoint="http://127.0.0.1:1"),))
    assert list(difference_lines(compare(old, new, NONE), PLAIN)) == [
        "Since the plan before",
        "  ! toloka: address its environment's own address → http://127.0.0.1:1",
        "  ~ w/ann  1.00 → 1.25 USD",
        "  + w/cat  2.00 USD",
        '  ~ w/ben  private_comment: none → "well done"; public_message.EN: "Thank you!" → none',
        "  - w/\\x1b[31m  no longer to be paid",
        "  1 added, 1 gone, 1 with another amount, 1 with other texts; 0 as before; 3.00 → 4.25 USD.",
    ]
