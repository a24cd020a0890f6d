"""Whose are the payments of a list that shows no id of ours: properties, and each rule by an example."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.model import Texts
from reconcile.protocol.matching import Looks, Matched, Open, Owned, looks, match
from reconcile.providers.base import RemotePayment

ONE = Decimal("1.00")
TWO = Decimal("2.00")
THANKS: Texts = (("reason", "Thanks"),)
AGAIN: Texts = (("reason", "Again"),)


def payment_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def shown(
    number: int,
    recipient: str = "A1",
    amount: Decimal = ONE,
    texts: Texts = THANKS,
    reference: tuple[bytes, int] | None = None,
) -> RemotePayment:
    """A payment of the list."""
    return RemotePayment(
        remote_id=f"r{number}",
        recipient=recipient,
        assignment_id="3A",
        amount=amount,
        created_ms=number,
        comment="",
        texts=texts,
        reference=reference,
    )


def owned(number: int, recipient: str = "A1", amount: Decimal = ONE, texts: Texts = THANKS) -> Owned:
    return Owned(payment_id(number), recipient, amount, texts)


def doubtful(
    number: int,
    recipient: str = "A1",
    amount: Decimal = ONE,
    texts: Texts = THANKS,
    *,
    executed: bool = False,
    forgotten: bool = False,
    referring: bool = False,
) -> Open:
    return Open(payment_id(number), recipient, amount, texts, executed, forgotten, referring)


def found(matched: Matched) -> dict[int, str]:
    """Number of the payment in doubt → the remote id that was found for it."""
    return {int.from_bytes(one, "big"): payment.remote_id for one, payment in matched.found.items()}


def unowned(matched: Matched) -> list[str]:
    return [payment.remote_id for payment in matched.unowned]


# --- each rule ---------------------------------------------------------------------------------------------------------


def test_a_payment_in_doubt_that_shows_is_found() -> None:
    assert found(match([shown(7)], [], [doubtful(1)])) == {1: "r7"}


@pytest.mark.parametrize(
    "other",
    [shown(7, recipient="A2"), shown(7, amount=TWO), shown(7, texts=AGAIN)],
    ids=["worker", "amount", "text"],
)
def test_another_worker_amount_or_text_is_another_payment(other: RemotePayment) -> None:
    """And it has no owner here, so that its worker is in doubt."""
    matched = match([other], [], [doubtful(1)])
    assert (found(matched), unowned(matched)) == ({}, ["r7"])


def test_blanks_that_a_provider_alters_do_not_count() -> None:
    said: Texts = (("reason", " Thanks \n a  lot "),)
    returned: Texts = (("reason", "Thanks a lot"),)
    assert found(match([shown(7, texts=returned)], [], [doubtful(1, texts=said)])) == {1: "r7"}


def test_what_is_issued_takes_its_payment_before_what_is_in_doubt() -> None:
    """One payment, and two that look like it: the issued one has it, the other stays in doubt."""
    matched = match([shown(7)], [owned(2)], [doubtful(1)])
    assert (found(matched), unowned(matched), matched.unseen) == ({}, [], ())


def test_an_issued_payment_whose_text_is_not_known_takes_any_text() -> None:
    matched = match([shown(7, texts=AGAIN)], [owned(2, texts=())], [])
    assert unowned(matched) == []


def test_an_issued_payment_whose_text_is_known_leaves_another_text() -> None:
    matched = match([shown(7, texts=AGAIN)], [owned(2)], [])
    assert (unowned(matched), matched.unseen) == (["r7"], (payment_id(2),))


def test_an_issued_payment_of_unknown_text_takes_what_would_prove_another() -> None:
    """It may be either of the two: the one in doubt is not proved by the other one's text."""
    matched = match([shown(7), shown(8, texts=AGAIN)], [owned(2, texts=())], [doubtful(1)])
    assert (found(matched), unowned(matched)) == ({}, ["r8"])


def test_equal_payments_that_all_show_are_all_found() -> None:
    assert set(found(match([shown(7), shown(8)], [], [doubtful(1), doubtful(2)]))) == {1, 2}


def test_of_equal_payments_in_doubt_of_which_fewer_show_none_is_found() -> None:
    """It is not known which was made: neither is settled, and the one that shows has an owner all the same."""
    matched = match([shown(7)], [], [doubtful(1), doubtful(2)])
    assert (found(matched), unowned(matched), matched.undecided) == ({}, [], frozenset({"A1"}))


def test_of_equal_payments_the_one_that_was_executed_by_proof_is_found() -> None:
    matched = match([shown(7)], [], [doubtful(1), doubtful(2, executed=True)])
    assert (found(matched), matched.undecided) == ({2: "r7"}, frozenset())


def test_equal_payments_whose_tokens_are_forgotten_are_interchangeable() -> None:
    """One was made and one was not: which of them no longer matters."""
    matched = match([shown(7)], [], [doubtful(1, forgotten=True), doubtful(2, forgotten=True)])
    assert (len(found(matched)), matched.undecided) == (1, frozenset())


def test_one_token_that_still_counts_keeps_equal_payments_undecided() -> None:
    matched = match([shown(7)], [], [doubtful(1, forgotten=True), doubtful(2)])
    assert (found(matched), matched.undecided) == ({}, frozenset({"A1"}))


def test_more_equal_payments_than_were_asked_for_leave_the_rest_without_an_owner() -> None:
    matched = match([shown(7), shown(8)], [], [doubtful(1)])
    assert (found(matched), unowned(matched)) == ({1: "r7"}, ["r8"])


# --- references --------------------------------------------------------------------------------------------------------


def test_a_reference_finds_its_payment_whatever_the_amount() -> None:
    matched = match([shown(7, amount=TWO, reference=(payment_id(1), 1))], [], [doubtful(1, referring=True)])
    assert found(matched) == {1: "r7"}


def test_a_payment_sent_with_a_reference_is_not_found_by_its_looks() -> None:
    """The one without may have been made by hand, and a reference that a provider cut off proves nothing."""
    matched = match([shown(7)], [], [doubtful(1, referring=True)])
    assert (found(matched), unowned(matched)) == ({}, ["r7"])


def test_a_reference_to_a_payment_of_another_life_is_ours() -> None:
    matched = match([shown(7, reference=(payment_id(9), 1))], [], [])
    assert ([one.remote_id for one in matched.referred], unowned(matched)) == (["r7"], [])


def test_a_reference_copied_to_another_worker_does_not_count_and_leaves_that_worker_in_doubt() -> None:
    matched = match([shown(7, recipient="A2", reference=(payment_id(1), 1))], [], [doubtful(1, referring=True)])
    assert ([one.remote_id for one in matched.copied], found(matched), unowned(matched)) == (["r7"], {}, ["r7"])


def test_a_second_payment_under_a_reference_is_told_and_has_no_owner() -> None:
    reference = (payment_id(1), 1)
    matched = match([shown(7, reference=reference), shown(8, reference=reference)], [owned(1)], [])
    assert ([one.remote_id for one in matched.doubled], unowned(matched)) == (["r8"], ["r8"])


def test_a_second_payment_under_a_reference_that_a_person_decided_about_has_its_owner() -> None:
    """It is known by the list's own name for it."""
    reference = (payment_id(1), 1)
    decided = owned(5)._replace(remote_id="r8")
    matched = match([shown(7, reference=reference), shown(8, reference=reference)], [owned(1), decided], [])
    assert (matched.doubled, unowned(matched), matched.unseen) == ((), [], ())


def test_a_name_of_the_list_gives_nothing_to_an_owner_whose_reference_stands_there() -> None:
    """Names are made of times, and may move when a lagging list shows more: a reference beats them."""
    mine = owned(2)._replace(remote_id="r7")
    listed = [shown(7, reference=(payment_id(9), 1)), shown(8, reference=(payment_id(2), 1))]
    matched = match(listed, [mine], [])
    assert ([one.remote_id for one in matched.referred], matched.unseen) == (["r7"], ())


# --- what two pages show, and may be one payment -------------------------------------------------------------------------


def test_what_may_be_shown_twice_proves_nothing_of_what_is_in_doubt() -> None:
    """One of two equal ones was made for certain, and which of them is not known: both wait."""
    matched = match([shown(7)], [], [doubtful(1), doubtful(2)], perhaps=[shown(8)])
    assert (found(matched), unowned(matched), matched.undecided) == ({}, [], frozenset({"A1"}))


def test_where_tokens_are_forgotten_what_may_be_shown_twice_keeps_the_other_one_in_doubt() -> None:
    """Its absence is not proved."""
    opened = [doubtful(1, forgotten=True), doubtful(2, forgotten=True)]
    matched = match([shown(7)], [], opened, perhaps=[shown(8)])
    assert (found(matched), matched.undecided) == ({1: "r7"}, frozenset({"A1"}))


def test_what_may_be_shown_twice_is_the_second_of_two_that_were_executed_by_proof() -> None:
    opened = [doubtful(1, executed=True), doubtful(2, executed=True)]
    matched = match([shown(7)], [], opened, perhaps=[shown(8)])
    assert (found(matched), unowned(matched), matched.undecided) == ({1: "r7", 2: "r8"}, [], frozenset())


def test_what_may_be_shown_twice_is_the_second_of_two_that_are_issued() -> None:
    matched = match([shown(7)], [owned(1), owned(2)], [], perhaps=[shown(8)])
    assert (unowned(matched), matched.unseen) == ([], ())


def test_what_may_be_shown_twice_and_is_nobodys_keeps_its_worker_in_doubt() -> None:
    assert unowned(match([shown(7)], [owned(1)], [], perhaps=[shown(8)])) == ["r8"]


def test_what_may_be_shown_twice_with_a_reference_is_that_very_payment() -> None:
    named = (payment_id(1), 1)
    matched = match([shown(7, reference=named)], [], [doubtful(1)], perhaps=[shown(8, reference=named)])
    assert (found(matched), matched.doubled, unowned(matched)) == ({1: "r7"}, (), [])


# --- properties --------------------------------------------------------------------------------------------------------

people = st.sampled_from(["A1", "A2"])
amounts = st.sampled_from([ONE, TWO])
texts = st.sampled_from([THANKS, AGAIN])
lists = st.lists(st.tuples(people, amounts, texts), max_size=6)
issued = st.lists(st.tuples(people, amounts, st.sampled_from([THANKS, AGAIN, ()])), max_size=4)
opened = st.lists(st.tuples(people, amounts, texts, st.booleans(), st.booleans()), max_size=5)


def everything(
    listed: list[tuple[str, Decimal, Texts]],
    have: list[tuple[str, Decimal, Texts]],
    doubts: list[tuple[str, Decimal, Texts, bool, bool]],
) -> tuple[list[RemotePayment], list[Owned], list[Open], Matched]:
    payments = [shown(number, *one) for number, one in enumerate(listed)]
    mine = [owned(100 + number, *one) for number, one in enumerate(have)]
    open_ones = [
        doubtful(200 + number, *one[:3], executed=one[3], forgotten=one[4]) for number, one in enumerate(doubts)
    ]
    return payments, mine, open_ones, match(payments, mine, open_ones)


def looks_of(one: RemotePayment | Open) -> Looks:
    return looks(one.recipient, one.amount, one.texts)


@settings(deadline=None, max_examples=300)
@given(lists, issued, opened)
def test_a_payment_of_the_list_proves_one_payment_at_most(
    listed: list[tuple[str, Decimal, Texts]],
    have: list[tuple[str, Decimal, Texts]],
    doubts: list[tuple[str, Decimal, Texts, bool, bool]],
) -> None:
    """Found, owned and without an owner never share one, and what is found looks as it was sent."""
    payments, mine, open_ones, matched = everything(listed, have, doubts)
    used = [one.remote_id for one in (*matched.found.values(), *matched.unowned)]
    assert len(set(used)) == len(used)
    assert len(used) + (len(mine) - len(matched.unseen)) <= len(payments)
    sent = {one.payment_id: looks_of(one) for one in open_ones}
    assert all(looks_of(remote) == sent[one] for one, remote in matched.found.items())


@settings(deadline=None, max_examples=300)
@given(lists, issued, opened)
def test_no_payment_disappears(
    listed: list[tuple[str, Decimal, Texts]],
    have: list[tuple[str, Decimal, Texts]],
    doubts: list[tuple[str, Decimal, Texts, bool, bool]],
) -> None:
    """Each of the list is found, owned, without an owner, or of equal ones that are undecided."""
    payments, mine, _, matched = everything(listed, have, doubts)
    counted = len(matched.found) + len(matched.unowned) + len(mine) - len(matched.unseen)
    if not matched.undecided:
        assert counted == len(payments)
    left = [one for one in payments if one.recipient not in matched.undecided]
    assert counted >= len(left)


@settings(deadline=None, max_examples=300)
@given(lists, issued, opened)
def test_an_order_of_the_list_changes_no_outcome(
    listed: list[tuple[str, Decimal, Texts]],
    have: list[tuple[str, Decimal, Texts]],
    doubts: list[tuple[str, Decimal, Texts, bool, bool]],
) -> None:
    """How many of each kind are found, and who is in doubt, is the same whichever way the list is read."""
    payments, mine, open_ones, matched = everything(listed, have, doubts)
    other = match(list(reversed(payments)), mine, open_ones)
    assert matched.found.keys() == other.found.keys()
    assert matched.undecided == other.undecided
    assert Counter(map(looks_of, matched.unowned)) == Counter(map(looks_of, other.unowned))


@settings(deadline=None, max_examples=300)
@given(opened)
def test_an_executed_payment_is_found_as_soon_as_enough_show(
    doubts: list[tuple[str, Decimal, Texts, bool, bool]],
) -> None:
    """Where the list shows every one that was executed by proof, each of those is found."""
    executed = [one[:3] for one in doubts if one[3]]
    _, _, open_ones, matched = everything(executed, [], doubts)
    assert {one.payment_id for one in open_ones if one.executed} <= matched.found.keys()
