"""What a person decided, in the state: acceptances that count and end, payments imported once."""

from decimal import Decimal

import pytest

from reconcile.errors import EventRefused
from reconcile.model import Identity, PaymentStatus
from reconcile.state.events import Basis, Event, ImportedPayment
from reconcile.state.ledger import AcceptanceRecord
from tests.state.histories import (
    ANN,
    BEN,
    FAY,
    GUS,
    START_MS,
    accepted,
    adopted,
    adopted_payment,
    executed,
    imported,
    imported_payment,
    issued,
    memory,
    pid,
    prepared,
    released,
    revoked,
    settled,
)


def test_an_acceptance_is_read_back_with_who_and_why() -> None:
    with memory(accepted(ANN, issued="1.50", desired="2.00")) as ledger:
        assert list(ledger.acceptances(1)) == [
            AcceptanceRecord(
                ANN.bonus_id, Decimal("1.50"), Decimal("2.00"), "", "agreed with the team", "ann", START_MS + 7
            )
        ]


def test_the_newest_acceptance_of_a_bonus_counts() -> None:
    with memory(accepted(ANN, desired="2.00"), accepted(ANN, desired="3.00")) as ledger:
        assert [one.desired for one in ledger.acceptances(1)] == [Decimal("3.00")]


def test_an_acceptance_that_was_taken_back_is_gone_until_a_new_one() -> None:
    with memory(accepted(ANN), revoked(ANN)) as ledger:
        assert list(ledger.acceptances(1)) == []
        ledger.commit([accepted(ANN)])
        assert len(list(ledger.acceptances(1))) == 1


@pytest.mark.parametrize("before", [(), (accepted(ANN), revoked(ANN)), (accepted(BEN),)])
def test_only_what_is_accepted_can_be_taken_back(before: tuple[Event, ...]) -> None:
    with memory(*before) as ledger, pytest.raises(EventRefused, match="nothing to take back"):
        ledger.commit([revoked(ANN)])


def test_an_imported_payment_is_issued_under_the_id_of_its_bonuss_first() -> None:
    with memory(imported(imported_payment(FAY, remote_id="41"))) as ledger:
        (payment,) = ledger.payments(FAY.bonus_id)
        assert (payment.payment_id, payment.status, payment.remote_id) == (pid(FAY), PaymentStatus.ISSUED, "41")
        assert (payment.code, payment.message, payment.operation_id) == ("imported", "week-46.csv", None)
        assert [one.payment_id for one in ledger.imported(1)] == [pid(FAY)]


def test_what_an_imported_payment_said_is_known_only_where_the_provider_told_it() -> None:
    with memory(imported(imported_payment(FAY, remote_id="41"), imported_payment(GUS, texts=()))) as ledger:
        content = ledger.issued_content(pid(FAY))
        assert content is not None
        assert content.texts == (("private_comment", "thanks"),)
        assert ledger.issued_content(pid(GUS)) is None


def test_a_payment_of_the_providers_is_imported_once() -> None:
    with memory(imported(imported_payment(FAY, remote_id="41"))) as ledger:
        with pytest.raises(EventRefused, match="41 was imported before"):
            ledger.commit([imported(imported_payment(GUS, remote_id="41"))])
        with pytest.raises(EventRefused, match="42 was imported before"):
            ledger.commit([imported(imported_payment(GUS, remote_id="42"), imported_payment(ANN, remote_id="42"))])


def paid_and_under_way() -> list[Event]:
    return [prepared(1, ANN), *executed(1), settled(1, issued(ANN)), prepared(2, BEN)]


@pytest.mark.parametrize(
    ("payment", "why"),
    [
        (imported_payment(ANN), "does not have the id of its next payment"),
        (imported_payment(ANN, payment_id=pid(ANN, 3)), "does not have the id of its next payment"),
        (imported_payment(BEN), "may have been paid"),
    ],
    ids=["its first once more", "not its next", "under way"],
)
def test_what_was_paid_or_may_have_been_is_not_imported_once_more(payment: ImportedPayment, why: str) -> None:
    with memory(paid_and_under_way()) as ledger, pytest.raises(EventRefused, match=why):
        ledger.commit([imported(payment)])


def test_a_payment_made_beside_a_bonus_that_was_paid_is_its_next() -> None:
    """A top-up of another life: the bonus has both, and the sum of both."""
    top_up = imported_payment(ANN, amount="0.50", payment_id=pid(ANN, 2), remote_id="43")
    with memory(paid_and_under_way(), imported(top_up)) as ledger:
        assert [(one.sequence, one.amount) for one in ledger.payments(ANN.bonus_id)] == [
            (1, Decimal("1.50")),
            (2, Decimal("0.50")),
        ]
        (bonus,) = ledger.bonuses_by_id(1, [ANN.bonus_id])
        assert (bonus.issued, bonus.issued_count, bonus.issued_sequence) == (Decimal("2.00"), 2, 2)


def test_a_bonus_without_a_payment_may_go_on_from_its_former_names() -> None:
    with memory(imported(imported_payment(FAY, payment_id=pid(FAY, 3)))) as ledger:
        assert [one.sequence for one in ledger.payments(FAY.bonus_id)] == [3]


def test_a_bonus_goes_on_from_its_former_names_up_to_the_highest_sequence_and_no_further() -> None:
    with memory(imported(imported_payment(FAY, payment_id=pid(FAY, 1_000)))) as ledger:
        assert [one.sequence for one in ledger.payments(FAY.bonus_id)] == [1_000]
        with pytest.raises(EventRefused, match="does not have the id of its next payment"):
            ledger.commit([imported(imported_payment(GUS, payment_id=pid(GUS, 1_001)))])


def test_a_payment_of_ours_that_found_no_bonus_yet_is_not_imported_as_well() -> None:
    """The provider showed it under its marker: imported, it would count a second time."""
    with memory(adopted(adopted_payment(ANN, known=False, remote_id="77"))) as ledger:
        with pytest.raises(EventRefused, match="Payment 1 of week-47/ann/a1 is issued: never twice"):
            ledger.commit([imported(imported_payment(ANN, remote_id="78"))])
        assert [(one.status, one.remote_id) for one in ledger.unattributed(1)] == [(PaymentStatus.ISSUED, "77")]


def test_a_payment_that_was_proved_not_made_may_be_imported() -> None:
    never_sent: list[Event] = [prepared(1, ANN), settled(1, released(ANN), basis=Basis.NEVER_SENT)]
    with memory(never_sent, imported(imported_payment(ANN, texts=()))) as ledger:
        (payment,) = ledger.payments(ANN.bonus_id)
        assert (payment.status, payment.code) == (PaymentStatus.ISSUED, "imported")
        assert ledger.issued_content(pid(ANN)) is None


@pytest.mark.parametrize(
    "payment",
    [imported_payment(ANN, payment_id=pid(BEN)), imported_payment(ANN, amount="0.00")],
    ids=["another's id", "no money"],
)
def test_an_import_that_could_not_be_true_is_refused(payment: object) -> None:
    with memory() as ledger, pytest.raises(EventRefused, match="An imported payment of week-47/ann/a1"):
        ledger.commit([imported(payment)])  # type: ignore[arg-type]


def test_a_bonus_that_was_imported_is_not_paid_again_but_topped_up() -> None:
    gus = Identity("", "week-46", "gus", "", "")
    with memory(imported(imported_payment(gus))) as ledger:
        with pytest.raises(EventRefused, match="never twice"):
            ledger.commit([prepared(1, gus)])
        ledger.commit([prepared(1, gus, sequence=2)])
        assert ledger.count_open(1) == 1
