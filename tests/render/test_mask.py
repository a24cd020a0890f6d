"""Masked plans: no recipient, no assignment, no address of either is left in any form; figures and digest stay."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.diagnostics import Diagnostic, Severity
from reconcile.model import Identity
from reconcile.plan.model import Accepted, Plan
from reconcile.plan.saved import read_saved, write_saved
from reconcile.render.mask import Masker, mask_plan
from reconcile.render.plan_json import render_plan_json
from reconcile.render.plan_review import render_plan_html, render_plan_markdown
from reconcile.render.plan_text import render_plan_text
from reconcile.settings import Policies, Rail
from tests.plan.plan_world import Records, bonus, head, plan, recorded, settings
from tests.render.review_world import ASSIGNMENT, FIRST, GONE_ASSIGNMENT, SECOND, usual

D = Decimal
MASKER = Masker(b"a key of sixteen bytes or more")
FORMS: dict[str, Callable[[Plan], str]] = {
    "text": render_plan_text,
    "json": lambda made: "".join(render_plan_json(made)),
    "markdown": render_plan_markdown,
    "html": lambda made: "".join(render_plan_html(made)),
}
forms = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())


def test_the_same_id_has_the_same_mask_under_one_key() -> None:
    again = Masker(b"a key of sixteen bytes or more")
    assert MASKER.text(FIRST) == again.text(FIRST) != MASKER.text(SECOND)
    assert re.fullmatch(r"masked-[a-z2-7]{12}", MASKER.text(FIRST))


def test_another_key_gives_another_mask() -> None:
    assert Masker(b"another key of sixteen bytes").text(FIRST) != MASKER.text(FIRST)


def test_a_masker_does_not_show_its_key() -> None:
    assert "sixteen" not in repr(MASKER)


@forms
def test_no_id_is_left_in_a_plan(form: Callable[[Plan], str]) -> None:
    made = usual()
    assert FIRST in form(made)
    text = form(mask_plan(made, MASKER))
    for plain in (FIRST, SECOND, ASSIGNMENT, GONE_ASSIGNMENT):
        assert plain not in text
    assert MASKER.text(FIRST) in text


@forms
def test_no_id_that_was_made_from_an_id_is_left(form: Callable[[Plan], str]) -> None:
    """Whoever guesses a recipient could compute the ids of its bonuses and payments, and see them confirmed."""
    made = usual()
    text = form(mask_plan(made, MASKER))
    raw = [one for row in made.changes for one in (row.bonus_id, row.payment_id, row.operation_id, row.entry) if one]
    for one in raw:
        assert one.hex() not in text.replace("-", "")


@forms
def test_the_digest_and_the_figures_stay(form: Callable[[Plan], str]) -> None:
    made = usual()
    text = form(mask_plan(made, MASKER))
    assert made.digest in text
    assert "6.00" in text


@forms
def test_texts_keys_campaigns_and_files_that_hold_an_id_lose_it(form: Callable[[Plan], str]) -> None:
    texts = (("private_comment", f"for {FIRST} ({ASSIGNMENT})"), ("public_message", (("EN", f"Dear {FIRST}!"),)))
    campaign = head(f"for-{FIRST}")
    made = plan(
        bonus(f"for-{FIRST}/{FIRST}/{ASSIGNMENT}#key-{FIRST}", "1.00", campaign=campaign, texts=texts), state=Records()
    )
    text = form(mask_plan(made, MASKER))
    assert FIRST not in text
    assert ASSIGNMENT not in text


@forms
def test_findings_that_name_others_lose_them_too(form: Callable[[Plan], str]) -> None:
    """A renamed bonus, an almost equal recipient, a target and what it was taken for: none of them is a row."""
    typo, third = f"{FIRST[:-1]}0", "0123456789abcdef0123456789abcdef"
    state = Records(recorded(f"w47/{third}/a-gone-assignment", "1.00"), recorded(f"w47/{FIRST}", "1.00"))
    made = plan(
        bonus(f"w47/{FIRST}", "1.00"),
        bonus(f"w47/{typo}", "2.00"),
        bonus(f"w47/{third}", "1.00"),
        state=state,
        config=settings(policies=Policies(near_duplicates=Rail.WARN)),
    )
    found = {one.code for one in made.diagnostics}
    assert found == {"renamed-bonus", "near-duplicate"}
    text = form(mask_plan(made, MASKER))
    for plain in (FIRST, typo, third, "a-gone-assignment"):
        assert plain not in text


@forms
def test_a_target_that_nothing_matches_is_masked(form: Callable[[Plan], str]) -> None:
    typo = f"{FIRST[:-1]}0"
    made = plan(bonus(f"w47/{FIRST}", "1.00"), state=Records(), targets=[f"w47/{typo}"])
    assert typo in form(made)
    text = form(mask_plan(made, MASKER))
    assert typo not in text
    assert FIRST not in text


@forms
def test_a_reason_that_names_another_bonus_names_it_no_more(form: Callable[[Plan], str]) -> None:
    """Two bonuses that claim one past, and one whose past is asked for: the reasons hold addresses of other rows."""
    state = Records(recorded(f"w47/{FIRST}/old-assignment", "1.00"))
    claimed = plan(
        bonus(f"w47/{FIRST}/new-assignment", "1.00", formerly=f"w47/{FIRST}/old-assignment"),
        bonus(f"w47/{FIRST}/old-assignment", "1.00"),
        state=state,
    )
    asked = plan(
        bonus(f"w47/{FIRST}/old-assignment", "1.00"),
        bonus(f"w47/{FIRST}/new-assignment", "1.00", formerly=f"w47/{FIRST}/old-assignment"),
        state=Records(recorded(f"w47/{FIRST}/old-assignment", "1.00")),
    )
    for made, other in ((claimed, "new-assignment"), (asked, "old-assignment")):
        assert other in form(made)
        assert other not in form(mask_plan(made, MASKER))


@forms
def test_what_was_accepted_as_it_is_is_masked(form: Callable[[Plan], str]) -> None:
    who = Identity("", "w47", FIRST, ASSIGNMENT, "")
    row = Accepted(who, who.bonus_id, "toloka", "USD", D("2.00"), D("1.00"), "", f"{FIRST} agreed", "ann", 0)
    text = form(mask_plan(replace(usual(), accepted=(row,)), MASKER))
    assert FIRST not in text
    assert ASSIGNMENT not in text


def test_a_short_id_is_masked_where_it_stands_for_itself() -> None:
    """`7` is somebody's id here; the 7 of an amount or inside of a word is nobody's."""
    finding = Diagnostic(severity=Severity.WARNING, code="x", summary="7 asks for 17.00 USD; week-47/7#a7")
    made = replace(plan(bonus("w/7", "1.00"), state=Records()), diagnostics=(finding,))
    mask = MASKER.text("7")
    assert mask_plan(made, MASKER).diagnostics[0].summary == f"{mask} asks for 17.00 USD; week-47/{mask}#a7"


def test_an_id_inside_of_another_is_masked_as_the_longer_one() -> None:
    long = f"{FIRST}{SECOND}"
    made = plan(bonus(f"w47/{long}", "1.00"), bonus(f"w47/{FIRST}", "1.00"), state=Records())
    finding = Diagnostic(severity=Severity.WARNING, code="x", summary=f"{long} and {FIRST}")
    text = mask_plan(replace(made, diagnostics=(finding,)), MASKER).diagnostics[0].summary
    assert text == f"{MASKER.text(long)} and {MASKER.text(FIRST)}"


def test_masked_rows_belong_together_as_the_plain_ones_did() -> None:
    document = json.loads("".join(render_plan_json(mask_plan(usual(), MASKER))))
    payments = {payment for operation in document["operations"] for payment in operation["payments"]}
    assert payments == {row["payment_id"] for row in document["changes"] if row["payment_id"]}


def test_a_saved_plan_remembers_whom_its_findings_name(tmp_path: Path) -> None:
    state = Records(recorded(f"w47/{SECOND}/a-gone-assignment", "1.00"))
    made = plan(bonus(f"w47/{SECOND}", "1.00"), state=state)
    path = tmp_path / "saved"
    write_saved(made, path, created_ms=0, version="1")
    read = read_saved(path).plan
    assert "a-gone-assignment" in render_plan_text(read)
    assert "a-gone-assignment" not in render_plan_text(mask_plan(replace(read, changes=read.changes[:1]), MASKER))
