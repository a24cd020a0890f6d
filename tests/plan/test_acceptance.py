"""Accepted bonuses in a plan: neither changes nor sent, as long as they are what was accepted."""

import json
from decimal import Decimal

import pytest

from reconcile.plan.document import document
from reconcile.plan.fields import Fields
from reconcile.plan.restore import restore
from reconcile.render.plan_text import render_plan_text
from reconcile.settings import Policies
from reconcile.state.ledger import AcceptanceRecord
from tests.plan.plan_world import Records, bonus, plan, recorded, rows, settings

TOP_UP = settings(policies=Policies(allow_top_up=True))


def accepting(address: str, *, issued: str, desired: str, code: str = "") -> AcceptanceRecord:
    """Somebody accepted it when `issued` had been paid and `desired` was asked for."""
    found = bonus(address, desired)
    return AcceptanceRecord(found.bonus_id, Decimal(issued), Decimal(desired), code, "agreed", "ann", 1_790_000_000_000)


def state(*acceptances: AcceptanceRecord) -> Records:
    made = Records(recorded("w47/ann", "1.00"), recorded("w47/bob", "1.00"))
    made.accepted = list(acceptances)
    return made


def test_an_accepted_conflict_is_no_row_of_the_plan_and_is_counted() -> None:
    made = plan(
        bonus("w47/ann", "0.50"),
        bonus("w47/bob", "1.00"),
        state=state(accepting("w47/ann", issued="1.00", desired="0.50")),
    )
    assert rows(made) == []
    assert (made.unchanged, len(made.accepted), made.campaigns[0].accepted) == (1, 1, 1)
    (row,) = made.accepted
    assert (row.identity.address, row.amount, row.issued, row.reason, row.actor) == (
        "w47/ann",
        Decimal("0.50"),
        Decimal("1.00"),
        "agreed",
        "ann",
    )


@pytest.mark.parametrize(
    ("asked", "acceptance"),
    [
        ("0.60", accepting("w47/ann", issued="1.00", desired="0.50")),
        ("0.50", accepting("w47/ann", issued="0.90", desired="0.50")),
        ("0.50", accepting("w47/ann", issued="1.00", desired="0.50", code="BLOCKED")),
        ("0.50", accepting("w47/bob", issued="1.00", desired="0.50")),
    ],
    ids=["the spec was edited", "another amount was issued", "it was a rejection", "another bonus"],
)
def test_what_is_not_as_it_was_accepted_is_a_conflict_again(asked: str, acceptance: AcceptanceRecord) -> None:
    made = plan(bonus("w47/ann", asked), bonus("w47/bob", "1.00"), state=state(acceptance))
    assert rows(made) == [("conflict", "w47/ann", asked, "1.00")]
    assert made.accepted == ()


def test_an_accepted_difference_is_not_topped_up_later() -> None:
    """A person said that it stays as it is; a policy that comes later does not pay it behind their back."""
    accepted = state(accepting("w47/ann", issued="1.00", desired="1.50"))
    made = plan(bonus("w47/ann", "1.50"), bonus("w47/bob", "1.00"), state=accepted, config=TOP_UP)
    assert rows(made) == []


def test_the_document_lists_what_is_accepted_and_gives_it_back() -> None:
    made = plan(bonus("w47/ann", "0.50"), state=state(accepting("w47/ann", issued="1.00", desired="0.50")))
    written = json.loads(json.dumps(document(made)))
    assert written["summary"]["accepted"] == 1
    (row,) = written["accepted"]
    assert (row["address"], row["amount"], row["issued_amount"], row["code"], row["reason"], row["actor"]) == (
        "w47/ann", "0.50", "1.00", None, "agreed", "ann",
    )  # fmt: skip
    assert row["accepted_at"] == "2026-09-21T14:13:20.000Z"
    assert restore(Fields(written, "plan")).accepted == made.accepted


def test_a_plan_of_accepted_bonuses_alone_says_that_there_is_nothing_to_do() -> None:
    made = plan(
        bonus("w47/ann", "0.50"),
        bonus("w47/bob", "1.00"),
        state=state(accepting("w47/ann", issued="1.00", desired="0.50")),
    )
    assert "Nothing to do: 1 issued, 1 accepted as they are." in render_plan_text(made)
