"""What differs between issued and desired, one readable line each."""

from decimal import Decimal

from reconcile import identity
from reconcile.model import Texts
from reconcile.plan.explain import explain, text_differences
from reconcile.settings import Policies
from reconcile.state.ledger import IssuedContent
from tests.plan.plan_world import Records, bonus, plan, recorded, settings

OLD: Texts = (("public_message", (("EN", "Thanks"), ("RU", "Спасибо"))), ("public_title", (("EN", "Good"),)))
NEW: Texts = (
    ("private_comment", "week 47"),
    ("public_message", (("EN", "Thank you"),)),
    ("public_title", (("EN", "Good"),)),
)


def world(content: IssuedContent) -> Records:
    state = Records(recorded("w47/ann", "1.00"))
    one = bonus("w47/ann", "1.00")
    payment_id = identity.payment_id(one.bonus_id, 1)
    state.settle(payment_id, Decimal("1.00"), one.bonus_id)
    state.contents[payment_id] = content
    return state


def test_texts_that_share_no_field_differ_field_by_field() -> None:
    was, now = (("public_message", (("EN", "Thanks"),)),), (("private_comment", "ok"), ("without_message", True))
    assert text_differences(was, now) == (
        'private_comment: none → "ok"',
        'public_message.EN: "Thanks" → none',
        'without_message: none → "true"',
    )


def test_amount_and_texts_are_told_by_field_and_language() -> None:
    state = world(IssuedContent(OLD, "", 0))
    made = explain(plan(bonus("w47/ann", "0.80", texts=NEW), state=state), state, {})
    assert made.changes[0].differences == (
        "amount: 1.00 USD → 0.80 USD",
        'private_comment: none → "week 47"',
        'public_message.EN: "Thanks" → "Thank you"',
        'public_message.RU: "Спасибо" → none',
    )


def test_a_top_up_tells_the_whole_amount() -> None:
    state = world(IssuedContent(OLD, "", 0))
    made = plan(bonus("w47/ann", "1.50", texts=OLD), state=state, config=settings(policies=Policies(allow_top_up=True)))
    assert explain(made, state, {}).changes[0].differences == ("amount: 1.00 USD → 1.50 USD",)


def test_a_frozen_body_is_read_by_its_providers_codec() -> None:
    state = world(IssuedContent(None, "frozen", 3))
    asked: list[tuple[str, int]] = []

    def texts_of(body: str, position: int) -> Texts:
        asked.append((body, position))
        return OLD

    explain(plan(bonus("w47/ann", "0.80", texts=OLD), state=state), state, {"toloka": texts_of})
    assert asked == [("frozen", 3)]


def test_only_the_rows_that_are_shown_are_explained() -> None:
    state = Records(*(recorded(f"w47/a{n}", "1.00") for n in range(5)))
    made = explain(plan(*(bonus(f"w47/a{n}", "0.50") for n in range(5)), state=state), state, {}, limit=2)
    assert [bool(change.differences) for change in made.changes] == [True, True, False, False, False]


def test_what_cannot_be_read_is_left_out() -> None:
    state = Records(recorded("w47/ann", "1.00"))
    made = explain(plan(bonus("w47/ann", "0.80"), state=state), state, {})
    assert made.changes[0].differences == ("amount: 1.00 USD → 0.80 USD",)


def test_a_plan_without_changes_is_given_back_as_it_is() -> None:
    state = Records()
    made = plan(bonus("w47/ann", "0.80"), state=state)
    assert explain(made, state, {}) is made


def test_a_flag_is_told_as_a_word() -> None:
    assert text_differences((("without_message", False),), (("without_message", True),)) == (
        'without_message: "false" → "true"',
    )


def test_a_long_text_is_cut_around_its_first_difference() -> None:
    was, now = "a" * 100 + "old ending" + "z" * 100, "a" * 100 + "new ending" + "z" * 100
    (line,) = text_differences((("private_comment", was),), (("private_comment", now),))
    assert line == (f'private_comment: "…{"a" * 20}old ending{"z" * 30}…" → "…{"a" * 20}new ending{"z" * 30}…"')
