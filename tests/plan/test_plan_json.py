"""`plan --format json`: the contract's document, streamed."""

import json

from reconcile.plan.document import document
from reconcile.render.plan_json import render_plan_json
from reconcile.settings import Policies, ProviderSettings
from tests.plan.plan_world import Records, bonus, head, plan, recorded, settings

LABELS = "image-labels-2026-w47/fac97860c7929add8048ed2ef63b66fd/00001092da--61ef030400c684132d0da0de"


def test_a_row_has_the_contracts_keys_and_ids() -> None:
    made = plan(bonus(LABELS, "1.00"), state=Records())
    found = json.loads("".join(render_plan_json(made)))
    assert found["format_version"] == 1
    assert found["summary"] == {
        "issue": 1, "top_up": 0, "unchanged": 0, "conflict": 0, "orphaned": 0, "in_doubt": 0,
        "accepted": 0, "operations": 1, "total": "1.00", "fees": "0.20", "currency": "USD",
    }  # fmt: skip
    (row,) = found["changes"]
    contract = {
        "action": "issue",
        "address": LABELS,
        "bonus_id": "72899aee-4cc9-5326-86ec-85b957da2c3b",
        "payment_id": "6dd303c5-a671-57d6-b149-274d46b6b2f9",
        "operation_id": "5783fd3f-eab9-5fdb-bf63-0182a85f89b2",
        "campaign": "image-labels-2026-w47",
        "provider": "toloka",
        "recipient": "fac97860c7929add8048ed2ef63b66fd",
        "assignment_id": "00001092da--61ef030400c684132d0da0de",
        "key": None,
        "amount": "1.00",
        "issued_amount": "0.00",
    }
    assert {key: row[key] for key in contract} == contract
    assert found["operations"] == [
        {
            "operation_id": "5783fd3f-eab9-5fdb-bf63-0182a85f89b2",
            "provider": "toloka",
            "payments": ["6dd303c5-a671-57d6-b149-274d46b6b2f9"],
            "amount": "1.00",
        }
    ]


def test_ids_are_null_where_nothing_will_be_sent() -> None:
    made = plan(bonus("w47/ann", "2.00"), state=Records(recorded("w47/ann", "1.00"), recorded("w47/bob", "1.00")))
    rows = json.loads("".join(render_plan_json(made)))["changes"]
    assert [
        (row["action"], row["payment_id"], row["operation_id"], row["amount"], row["issued_amount"]) for row in rows
    ] == [
        ("conflict", None, None, "2.00", "1.00"),
        ("orphaned", None, None, "1.00", "1.00"),
    ]


def test_the_operation_id_is_null_before_the_first_contact() -> None:
    (row,) = json.loads("".join(render_plan_json(plan(bonus("w47/ann", "2.00"), state=None))))["changes"]
    assert row["payment_id"] is not None
    assert row["operation_id"] is None


def test_fees_are_null_when_unknown() -> None:
    made = plan(bonus("w47/ann", "2.00"), state=None, config=settings(fee_percent=None))
    assert json.loads("".join(render_plan_json(made)))["summary"]["fees"] is None


def test_with_two_currencies_total_and_fees_are_null_and_totals_has_them() -> None:
    config = settings(
        providers=(
            ProviderSettings(name="toloka", type="toloka", environment="sandbox"),
            ProviderSettings(name="tasks", type="toloka", environment="yandex"),
        )
    )
    made = plan(
        bonus("w47/ann", "1.00"),
        bonus("ru/ann", "50.00", campaign=head("ru", provider="tasks")),
        state=None,
        config=config,
    )
    summary = json.loads("".join(render_plan_json(made)))["summary"]
    assert (summary["total"], summary["fees"], summary["totals"]) == (None, None, {"USD": "1.00", "RUB": "50.00"})


def test_the_pieces_are_what_json_makes_of_the_whole() -> None:
    made = plan(
        bonus("w47/ann", "1.50", texts=(("public_title", (("EN", 'Grüße "x" \u202e\n'),)),)),
        bonus("w47/bob", "9.00"),
        bonus("w47/eve", "1.00"),
        state=Records(recorded("w47/ann", "1.00"), recorded("w47/eve", in_doubt="1.00"), recorded("w47/fay", "1.00")),
        config=settings(policies=Policies(allow_top_up=True, max_bonus=None, max_plan_bonuses=1)),
    )
    assert "".join(render_plan_json(made)) == json.dumps(document(made)) + "\n"
    empty = plan(state=None)
    assert "".join(render_plan_json(empty)) == json.dumps(document(empty)) + "\n"


def test_a_plan_streams_row_by_row() -> None:
    made = plan(*(bonus(f"w47/a{n}", "1.00") for n in range(100)), state=Records())
    assert max(map(len, render_plan_json(made))) < 1_000


def test_hostile_text_is_escaped_and_exact() -> None:
    hostile = "\x1b[2J\u202e\x9b::error::"
    made = plan(bonus("w47/ann", "1.00", texts=(("private_comment", hostile),)), state=Records())
    text = "".join(render_plan_json(made))
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text)["changes"][0]["texts"] == {"private_comment": hostile}
