"""A plan whose rows wait outside the memory says, byte for byte, what the same plan in memory says."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from reconcile.model import Desired
from reconcile.plan.approval import agreed_now, approve_plan, judge
from reconcile.plan.compare import compare
from reconcile.plan.explain import explain
from reconcile.plan.model import Plan
from reconcile.plan.saved import read_saved, write_saved
from reconcile.render.mask import Masker, mask_plan
from reconcile.render.plan_json import render_plan_json
from reconcile.render.plan_review import render_plan_html, render_plan_markdown
from reconcile.render.plan_text import render_plan_text
from reconcile.rows import IN_MEMORY, Spooling
from reconcile.settings import Policies, Rail, Settings
from tests.plan.plan_world import Records, bonus, head, plan, recorded, settings
from tests.support.spilling import SPILLING

MASKER = Masker(b"sixteen bytes ok")


class Case(NamedTuple):
    """What is planned. Made anew for each plan, since a state's fake has a memory."""

    desired: list[Desired]
    state: Records | None
    config: Settings
    limit: int | None = None


def _many(number: int, *, amount: str = "1.00", campaign: str = "w47") -> list[Desired]:
    return [
        bonus(f"{campaign}/w{one}", amount, texts=(("public_title", (("EN", f"Text {one % 13}"),)),))
        for one in range(number)
    ]


def first_contact() -> Case:
    return Case(_many(7), None, settings())


def batches() -> Case:
    return Case(_many(23), Records(), settings(batch_size=5))


def of_every_kind() -> Case:
    """Payments, top-ups, conflicts, doubts, orphans, an amount that stands out, and limits that are broken."""
    state = Records(
        *(recorded(f"w47/old{one}", "1.00") for one in range(4)),
        recorded("w47/cat", "1.00"), recorded("w47/eve", in_doubt="1.00"), recorded("w47/fay", "3.00"),
    )  # fmt: skip
    campaign = head("w47", budget="5.00")
    desired = [
        *_many(12),
        bonus("w47/cat", "1.50", campaign=campaign),
        bonus("w47/fay", "0.50", campaign=campaign),
        bonus("w47/eve", "1.00", campaign=campaign),
        bonus("w47/big", "50.00", campaign=campaign),
        bonus("w47/w1#again", "1.00", campaign=campaign),
    ]
    policies = Policies(
        allow_top_up=True,
        max_bonus=Decimal(20),
        max_per_recipient=Decimal("1.50"),
        max_plan_total=Decimal(10),
        max_plan_bonuses=5,
        require_assignment=True,
        near_duplicates=Rail.WARN,
        repeat_days=30,
    )
    return Case(desired, state, settings(policies=policies))


def renamed() -> Case:
    """Two campaigns that would pay what an older one has paid."""
    state = Records(*(recorded(f"w46/w{one}", "1.00") for one in range(5)))
    return Case([*_many(5), *_many(3, campaign="w48")], state, settings(batch_size=100))


def limited() -> Case:
    return Case(_many(9), Records(), settings(), limit=4)


CASES = (first_contact, batches, of_every_kind, renamed, limited)


def made(case: Callable[[], Case], spooling: Spooling) -> Plan:
    desired, state, config, limit = case()
    found = plan(*desired, state=state, config=config, limit=limit, spooling=spooling)
    return explain(found, state, {})


def shown(one: Plan) -> Iterator[str]:
    """All that is ever made of a plan for people and programs."""
    yield "".join(render_plan_json(one))
    for rows in (0, 3, 200):
        yield render_plan_text(one, limit_rows=rows)
    for characters in (4_000, 65_536):
        yield render_plan_markdown(one, max_chars=characters)
    yield "".join(render_plan_html(one))


@pytest.mark.parametrize("case", CASES)
def test_a_spooled_plan_is_the_plan_and_shows_the_same(case: Callable[[], Case]) -> None:
    spooled, whole = made(case, SPILLING), made(case, IN_MEMORY)
    assert not isinstance(spooled.changes, tuple)
    assert isinstance(whole.changes, tuple)
    assert spooled == whole
    assert spooled.digest == whole.digest
    assert list(shown(spooled)) == list(shown(whole))


@pytest.mark.parametrize("case", CASES)
def test_a_spooled_plan_is_masked_in_the_same_way(case: Callable[[], Case]) -> None:
    spooled, whole = mask_plan(made(case, SPILLING), MASKER), mask_plan(made(case, IN_MEMORY), MASKER)
    assert not isinstance(spooled.changes, tuple)
    assert list(shown(spooled)) == list(shown(whole))


@pytest.mark.parametrize("case", CASES)
def test_a_spooled_plan_is_saved_in_the_same_bytes_and_read_again(tmp_path: Path, case: Callable[[], Case]) -> None:
    whole = made(case, IN_MEMORY)
    for name, one in (("spooled", made(case, SPILLING)), ("whole", whole)):
        write_saved(one, tmp_path / name, created_ms=1_795_341_600_000, version="0.1.0")
    assert (tmp_path / "spooled").read_bytes() == (tmp_path / "whole").read_bytes()
    again = read_saved(tmp_path / "spooled", SPILLING).plan
    assert not isinstance(again.changes, tuple)
    assert again == read_saved(tmp_path / "whole", IN_MEMORY).plan
    assert again.changes == whole.changes


@pytest.mark.parametrize("case", CASES)
def test_a_spooled_plan_is_approved_and_judged_in_the_same_way(case: Callable[[], Case]) -> None:
    """As the plan itself, as a part of it, and as a set that holds more than is asked for now."""
    spooled, whole = made(case, SPILLING), made(case, IN_MEMORY)
    for approve in (approve_plan, agreed_now):
        assert approve(spooled).digest == approve(whole).digest
        assert dict(approve(spooled).entries) == dict(approve(whole).entries)
        assert list(approve(spooled).entries.items()) == list(approve(whole).entries.items())
    if spooled.refused:
        return
    half = agreed_now(made(lambda: case()._replace(limit=2), IN_MEMORY))
    more = approve_plan(plan(*case().desired, bonus("w99/zoe", "1.00"), state=Records()))
    for approved in (approve_plan(whole), approve_plan(spooled), half, more):
        judged = [judge(approved, one, Records()) for one in (spooled, whole)]
        assert judged[0] == judged[1]


def test_what_differs_from_a_spooled_plan_is_the_same() -> None:
    older, newer = made(batches, SPILLING), made(limited, SPILLING)
    assert compare(older, newer, frozenset()) == compare(
        made(batches, IN_MEMORY), made(limited, IN_MEMORY), frozenset()
    )
