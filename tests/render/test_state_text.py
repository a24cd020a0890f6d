"""The state as tables."""

from decimal import Decimal

import pytest

from reconcile.model import PaymentStatus
from reconcile.project.look import status_of
from reconcile.render.state_text import render_bonuses_text, render_status_text
from reconcile.render.state_values import BonusRow, CampaignRow, StatusNotes
from reconcile.state.ledger import RecordedPayment


def payment(sequence: int, status: PaymentStatus, *, sent: bool = True) -> RecordedPayment:
    return RecordedPayment(
        bytes(16), bytes(16), "w", "r", "", "", sequence, status, Decimal("1.00"), 1, 1,
        sent, bytes(16), "", None, "", "",
    )  # fmt: skip


ISSUED, REJECTED = PaymentStatus.ISSUED, PaymentStatus.REJECTED
PREPARED, RELEASED = PaymentStatus.PREPARED, PaymentStatus.RELEASED


@pytest.mark.parametrize(
    ("payments", "word"),
    [
        ([payment(1, ISSUED)], "issued"),
        ([payment(1, PREPARED)], "in_doubt"),
        ([payment(1, PREPARED, sent=False)], "planned"),
        ([payment(1, RELEASED)], "planned"),
        ([payment(1, REJECTED)], "rejected"),
        ([payment(1, ISSUED), payment(2, PREPARED)], "in_doubt"),
        ([payment(1, ISSUED), payment(2, REJECTED)], "rejected"),
        ([payment(1, ISSUED), payment(2, RELEASED)], "issued"),
        ([payment(1, PREPARED), payment(2, ISSUED)], "in_doubt"),
    ],
)
def test_a_bonus_has_one_word_for_all_its_payments(payments: list[RecordedPayment], word: str) -> None:
    """In doubt while any payment is; rejected if the newest was; issued if any was; else planned."""
    assert status_of(payments) == word


def test_the_list_has_one_line_a_bonus() -> None:
    rows = [
        BonusRow(bytes(16), "w", "toloka", "a", "", "k", "USD", Decimal("1.50"), Decimal("1.50"), "issued", ()),
        BonusRow(bytes(16), "w", "toloka", "b\x1b", "t", "", "USD", None, Decimal("0.00"), "in_doubt", ()),
    ]
    assert "".join(render_bonuses_text(rows)) == (
        "ADDRESS    STATUS    DESIRED  ISSUED\n"
        "w/a#k      issued       1.50    1.50  USD\n"
        "w/b\\x1b/t  in doubt        -    0.00  USD\n"
    )


def test_a_long_list_comes_in_pieces_whose_columns_only_grow() -> None:
    """A piece is a thousand bonuses, the first with the heads: nothing waits for the last row."""

    def row(number: int, name: str) -> BonusRow:
        amount = Decimal("1.50")
        return BonusRow(bytes(16), "w", "toloka", name, "", "", "USD", amount, amount, "issued", ())

    names = [f"{number:04}" for number in range(1_000)] + ["longer than before", "x"]
    pieces = render_bonuses_text(row(number, name) for number, name in enumerate(names))
    first = next(pieces)
    assert first.splitlines()[:2] == ["ADDRESS  STATUS  DESIRED  ISSUED", "w/0000   issued     1.50    1.50  USD"]
    assert len(first.splitlines()) == 1_001
    assert next(pieces) == (
        "w/longer than before  issued     1.50    1.50  USD\nw/x                   issued     1.50    1.50  USD\n"
    )
    assert list(pieces) == []


def test_the_status_shows_a_budget_that_is_overdrawn_with_its_sign() -> None:
    row = CampaignRow(
        campaign="w",
        provider="toloka",
        currency="USD",
        desired=1_200,
        issued=1_000,
        to_issue=100,
        in_doubt=50,
        rejected=30,
        conflict=15,
        orphaned=5,
        amount=Decimal("100.00"),
        issued_amount=Decimal("1000.00"),
        budget=Decimal("900.00"),
        budget_left=Decimal("-250.00"),
    )
    text = render_status_text([row], StatusNotes())
    assert text.splitlines()[1].split() == (
        ["w", "1,200", "1,000", "100", "50", "30", "15", "5", "1,000.00", "100.00", "-250.00", "USD"]
    )


def test_the_status_says_that_rejected_bonuses_are_counted_as_to_issue_too() -> None:
    row = CampaignRow(
        campaign="w",
        provider="toloka",
        currency="USD",
        desired=8,
        issued=6,
        to_issue=2,
        in_doubt=0,
        rejected=2,
        conflict=0,
        orphaned=0,
        amount=Decimal("4745.01"),
        issued_amount=Decimal("12.00"),
        budget=None,
        budget_left=None,
    )
    lines = render_status_text([row, row._replace(campaign="v", rejected=0)], StatusNotes()).splitlines()
    assert lines[1].split()[8:10] == ["12.00", "4,745.01"]
    assert lines[4] == "Total: 24.00 USD paid, 9,490.02 USD to pay"
    assert lines[6] == "2 rejected: what is still to be issued of it counts under TO ISSUE too, and is tried again."


def test_nothing_at_all_is_said_in_a_sentence() -> None:
    assert "".join(render_bonuses_text([])) == "No bonus is recorded or desired.\n"
    assert render_status_text([], StatusNotes()) == "No campaign is recorded or desired.\n"
