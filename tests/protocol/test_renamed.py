"""Bonuses with a former name: a payment under that name has another id, so that no provider refuses the new one."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.model import Identity
from reconcile.state.events import StateCarried
from tests.mturk.mturk_world import award, mturk_world
from tests.mturk.mturk_world import paid as paid_at_mturk
from tests.protocol.steps import left, renamed
from tests.support.world import Fault, World, bonus

WINDOW_MS = 901_000
LAG = Fault(name="lag", on="bonuses", delay_ms=300_000, times=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two bonuses are paid; then w1's is called otherwise, a third one is new, and the state is gone."""
    made = World(tmp_path, desired=[bonus("w1", "1.00"), bonus("w2", "2.00")])
    made.apply()
    made.store.lose()
    made.desired = [renamed(), bonus("w2", "2.00"), bonus("w3", "3.00")]
    yield made
    made.close()


def paid(world: World) -> list[tuple[str, Decimal]]:
    return [(recipient, amount) for _, recipient, amount in world.paid()]


def restored(world: World) -> None:
    """What `state restore` writes."""
    with world.looking() as ledger:
        epoch, at_ms = ledger.epoch + 1, world.clock.now_ms()
        ledger.commit([StateCarried(how="restored", reason="", actor="test", epoch=epoch, at_ms=at_ms)])


ONCE = [("w1", Decimal("1.00")), ("w2", Decimal("2.00")), ("w3", Decimal("3.00"))]


def test_what_a_lost_state_paid_under_a_former_name_is_not_paid_again_under_a_list_that_lags(world: World) -> None:
    world.strike(LAG)
    report = world.apply(wait_s=0)
    assert left(report) == {"c/w1#award": "gate"}
    assert [(wait.why.value, wait.text) for wait in report.waits] == [
        (
            "gate",
            "toloka: this state is so young that what was paid before it may not show yet: "
            "bonuses with `formerly` are paid in 15 min at the earliest (`--wait 900` waits for it)",
        )
    ]
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == ONCE


def test_a_run_that_may_wait_waits_and_finds_it(world: World) -> None:
    world.strike(LAG)
    assert world.apply(wait_s=1_000).exit_code == 0
    assert paid(world) == ONCE


def test_a_bonus_that_was_never_paid_under_its_former_name_is_paid_after_the_window(world: World) -> None:
    world.desired = [*world.desired, bonus("w4", "4.00")._replace(formerly=Identity("", "old", "w4", "", ""))]
    assert left(world.apply(wait_s=0)) == {"c/w4": "gate"}
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == [*ONCE, ("w4", Decimal("4.00"))]


@pytest.mark.parametrize("ahead_ms", [10_800_000, -7_200_000])
def test_a_wall_clock_that_jumps_proves_nothing(world: World, ahead_ms: int) -> None:
    """The second run reads the list a moment after the first one, whatever the machine thinks that it is."""
    world.strike(LAG)
    world.apply(wait_s=0)
    world.clock.skew_ms = ahead_ms
    world.strike(LAG)
    assert left(world.apply(wait_s=0)) == {"c/w1#award": "gate"}


def test_a_run_without_a_scan_holds_them_back_as_well(world: World) -> None:
    world.strike(LAG)
    world.apply(wait_s=0)
    assert left(world.apply(wait_s=0, scan=False)) == {"c/w1#award": "gate"}


def test_a_state_that_is_older_than_the_window_waits_for_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, desired=[bonus("w1", "1.00")])
    world.apply()
    world.clock.advance(WINDOW_MS)
    world.apply()
    world.desired = [bonus("w2", "2.00")._replace(formerly=Identity("", "old", "w2", "", ""))]
    assert world.apply(wait_s=0).exit_code == 0
    world.close()


def test_a_restored_state_that_a_kept_head_anchors_waits_for_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, desired=[bonus("w1", "1.00")])
    world.apply()
    restored(world)
    world.desired = [bonus("w2", "2.00")._replace(formerly=Identity("", "old", "w2", "", ""))]
    assert left(world.apply(wait_s=0, anchored=frozenset())) == {"c/w2": "gate"}
    restored(world)
    assert world.apply(wait_s=0, anchored=frozenset({1})).exit_code == 0
    world.close()


def test_at_mturk_they_wait_for_the_lists_too(tmp_path: Path) -> None:
    world = mturk_world(tmp_path)
    world.desired = [award("A1", "1.00")]
    world.apply()
    world.store.lose()
    (row,) = world.desired
    world.desired = [award("A1", "1.00", key="award")._replace(formerly=row.identity(""))]
    world.strike(Fault(name="lag", on="list_bonus_payments", delay_ms=300_000))
    assert left(world.apply(wait_s=0)) == {world.desired[0].address: "gate"}
    assert paid_at_mturk(world) == [("A1", "1.00", "Thank you!")]
    world.close()
