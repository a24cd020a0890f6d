"""Matching payments made before bonusctl: by recipient, assignment and amount, equal ones counted against each other."""

from decimal import Decimal

from reconcile.model import PaymentStatus
from reconcile.plan.importing import Candidate, Matching, Recorded, match
from reconcile.settings import Policies
from reconcile.state.ledger import RecordedPayment
from tests.plan.plan_world import Records, bonus, plan, recorded, settings

NOTHING = Recorded(frozenset(), ())


def paid(
    recipient: str, amount: str, *, remote_id: str = "", assignment: str = "", created_ms: int | None = None
) -> Candidate:
    return Candidate(recipient, assignment, Decimal(amount), remote_id, created_ms, (), "old.csv:2")


def before(recipient: str, amount: str, *, remote_id: str = "", created_ms: int | None = None) -> RecordedPayment:
    """A payment that an earlier import took over."""
    return RecordedPayment(
        bytes(16), bytes(16), "w46", recipient, "", "", 1, PaymentStatus.ISSUED, Decimal(amount), 1, 1,
        False, None, remote_id, created_ms, "imported", "old.csv",
    )  # fmt: skip


def matching(*candidates: Candidate, asked: tuple[tuple[str, str], ...], known: Recorded = NOTHING) -> Matching:
    made = plan(*(bonus(address, amount) for address, amount in asked), state=Records())
    return match(candidates, made.changes, known)


def addresses(found: Matching) -> list[tuple[str, str]]:
    return [(one.change.address, one.candidate.remote_id) for one in found.matched]


def whys(found: Matching) -> list[str]:
    return [one.why for one in found.unmatched]


def test_a_payment_matches_the_bonus_of_its_recipient_assignment_and_amount() -> None:
    found = matching(
        paid("bob", "2.00", remote_id="7", assignment="a1"),
        paid("ann", "1.000", remote_id="8"),
        asked=(("w47/ann", "1.00"), ("w47/bob/a1", "2.00")),
    )
    assert addresses(found) == [("w47/ann", "8"), ("w47/bob/a1", "7")]
    assert (found.unmatched, found.ambiguous, found.already) == ((), (), ())


def test_what_fits_no_bonus_is_said_with_what_comes_closest() -> None:
    found = matching(
        paid("cat", "1.00"),
        paid("ann", "9.00"),
        paid("bob", "2.00"),
        paid("bob", "9.00"),
        asked=(("w47/ann", "1.00"), ("w47/bob/a1", "2.00")),
    )
    assert whys(found) == [
        "the specs ask for nothing more for this recipient",
        "the specs ask for another amount",
        "the specs ask for this amount for another assignment",
        "the specs ask for other assignments and amounts",
    ]
    assert found.matched == ()


def test_as_many_payments_as_bonuses_are_interchangeable() -> None:
    found = matching(
        paid("ann", "1.00", remote_id="7"),
        paid("ann", "1.00", remote_id="8"),
        asked=(("w47/ann#speed", "1.00"), ("w47/ann#quality", "1.00")),
    )
    assert addresses(found) == [("w47/ann#speed", "7"), ("w47/ann#quality", "8")]


def test_fewer_payments_than_bonuses_are_ambiguous_and_none_is_taken() -> None:
    found = matching(paid("ann", "1.00", remote_id="7"), asked=(("w47/ann#speed", "1.00"), ("w47/ann#quality", "1.00")))
    assert found.matched == ()
    assert [(one.candidate.remote_id, one.addresses) for one in found.ambiguous] == [
        ("7", ("w47/ann#speed", "w47/ann#quality"))
    ]


def test_more_payments_than_bonuses_leave_the_rest_unmatched() -> None:
    found = matching(
        paid("ann", "1.00", remote_id="7"), paid("ann", "1.00", remote_id="8"), asked=(("w47/ann", "1.00"),)
    )
    assert addresses(found) == [("w47/ann", "7")]
    assert whys(found) == ["its bonus is matched by an equal payment already"]


def test_a_payment_of_what_a_top_up_would_pay_is_matched_and_no_other() -> None:
    """What was issued already, and what is in conflict with it, lack nothing of this amount."""
    state = Records(recorded("w47/ann", "1.00"), recorded("w47/bob", "1.00"))
    top_up = settings(policies=Policies(allow_top_up=True))
    made = plan(bonus("w47/ann", "1.50"), bonus("w47/bob", "0.50"), state=state, config=top_up)
    found = match([paid("ann", "0.50"), paid("bob", "0.50"), paid("ann", "1.50")], made.changes, NOTHING)
    assert [(one.change.address, one.change.sequence) for one in found.matched] == [("w47/ann", 2)]
    assert whys(found) == ["the specs ask for nothing more for this recipient", "the specs ask for another amount"]


def test_what_a_bonus_lacks_where_top_ups_are_not_allowed_is_said_and_not_taken() -> None:
    state = Records(recorded("w47/ann", "1.00"))
    found = match([paid("ann", "0.50")], plan(bonus("w47/ann", "1.50"), state=state).changes, NOTHING)
    assert (found.matched, whys(found)) == (
        (),
        ["it is what w47/ann lacks: `allow_top_up: true` under `policies` lets it be taken over"],
    )


# --- known before --------------------------------------------------------------------------------------------------


def test_a_payment_whose_remote_id_is_recorded_is_not_taken_again() -> None:
    known = Recorded(frozenset({"7"}), (before("ann", "1.00", remote_id="7"),))
    found = matching(paid("ann", "1.00", remote_id="7"), asked=(("w47/ann", "1.00"),), known=known)
    assert (len(found.already), found.matched) == (1, ())


def test_another_payment_of_the_same_worker_and_amount_is_taken() -> None:
    known = Recorded(frozenset({"7"}), (before("ann", "1.00", remote_id="7"),))
    found = matching(paid("ann", "1.00", remote_id="8"), asked=(("w47/ann", "1.00"),), known=known)
    assert addresses(found) == [("w47/ann", "8")]


def test_a_remote_id_that_stands_twice_in_a_file_counts_once() -> None:
    asked = (("w47/ann#speed", "1.00"), ("w47/ann#quality", "1.00"))
    found = matching(paid("ann", "1.00", remote_id="7"), paid("ann", "1.00", remote_id="7"), asked=asked)
    assert (len(found.already), len(found.ambiguous)) == (1, 1)


def test_a_row_without_an_id_is_the_equal_payment_that_was_imported_before_once() -> None:
    """The same file again, with a new campaign that asks for the same of the same workers."""
    known = Recorded(frozenset(), (before("ann", "1.00"),))
    one = matching(paid("ann", "1.00"), asked=(("w47/ann", "1.00"),), known=known)
    assert (len(one.already), one.matched) == (1, ())
    two = matching(paid("ann", "1.00"), paid("ann", "1.00"), asked=(("w47/ann", "1.00"),), known=known)
    assert (len(two.already), len(two.matched)) == (1, 1)


def test_the_providers_payment_is_the_one_that_a_file_without_ids_named() -> None:
    known = Recorded(frozenset(), (before("ann", "1.00"),))
    found = matching(paid("ann", "1.00", remote_id="7", created_ms=5), asked=(("w47/ann", "1.00"),), known=known)
    assert (len(found.already), found.matched) == (1, ())


def test_a_row_without_an_id_may_be_the_providers_payment_that_was_imported() -> None:
    known = Recorded(frozenset({"7"}), (before("ann", "1.00", remote_id="7", created_ms=5),))
    found = matching(paid("ann", "1.00"), asked=(("w47/ann", "1.00"),), known=known)
    assert len(found.already) == 1


def test_payments_of_different_times_are_different_payments() -> None:
    known = Recorded(frozenset(), (before("ann", "1.00", created_ms=5),))
    found = matching(paid("ann", "1.00", created_ms=6), asked=(("w47/ann", "1.00"),), known=known)
    assert addresses(found) == [("w47/ann", "")]
