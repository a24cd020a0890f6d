"""A backup that is put back knows of sends that the state's other life has settled since, and paid in another way: what no id
protects is not sent again before a list could show it.
"""

import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.model import Desired
from tests.mturk.mturk_world import award, mturk_world
from tests.mturk.mturk_world import paid as paid_at_mturk
from tests.protocol.steps import left, paid, renamed
from tests.support.world import Fault, World, bonus, settings

HOUR_MS = 3_600_000
WINDOW_MS = 901_000
LAG = Fault(name="lag", on="bonuses", delay_ms=300_000, times=1)
AGAIN = "an operation of before is sent again in 15 min at the earliest (`--wait 900` waits for it)"


def kept_in_doubt(world: World, backup: Path, *new: Desired) -> None:
    """The new bonuses are sent, and lost on their way; a backup is kept; then they are proved not made, since nobody asks
    for them any more.
    """
    world.apply(wait_s=1_000)
    before = list(world.desired)
    world.desired = [*before, *new]
    world.strike(Fault(name="cut_before", user=new[0].recipient))
    assert set(left(world.apply(wait_s=0)).values()) == {"in_doubt"}
    world.strike()
    shutil.copy(world.state, backup)
    world.desired = before
    world.clock.advance(HOUR_MS)
    assert world.refresh().exit_code == 0


@pytest.fixture
def single(tmp_path: Path) -> Iterator[World]:
    """w1's single of 1.00 is in doubt in the backup, and proved not made since."""
    world = World(tmp_path, desired=[bonus("w0", "1.00")])
    kept_in_doubt(world, tmp_path / "backup.db", bonus("w1", "1.00"))
    yield world
    world.close()


def put_back(world: World, *faults: Fault) -> None:
    world.restore(world.state.parent / "backup.db")
    world.strike(*faults)


def test_what_has_been_paid_under_a_new_name_is_not_sent_again_under_the_old_one(single: World) -> None:
    single.desired = [bonus("w0", "1.00"), renamed()]
    assert single.apply(wait_s=0).exit_code == 0
    put_back(single, LAG)
    report = single.apply(wait_s=0)
    assert left(report) == {"c/w1#award": "gate"}
    single.clock.advance(WINDOW_MS)
    assert single.apply(wait_s=0).exit_code == 0
    assert paid(single) == ["w0", "w1"]


def test_what_a_person_called_not_paid_and_the_other_life_paid_is_not_sent_again(single: World) -> None:
    """The run says what it waits for, and a run that may wait does."""
    single.desired = [bonus("w0", "1.00"), renamed()]
    single.apply(wait_s=0)
    put_back(single, LAG)
    assert single.apply(wait_s=1_000).exit_code == 0
    assert paid(single) == ["w0", "w1"]


def test_behind_a_closed_gate_nothing_is_sent_again(single: World) -> None:
    """The other life's payment has not begun yet: its operation is all that shows."""
    single.desired = [bonus("w0", "1.00"), renamed()]
    single.settings = settings(operation_timeout_s=60)
    single.strike(Fault(name="slow_start", user="w1", delay_ms=2 * HOUR_MS))
    assert left(single.apply(wait_s=0)) == {"c/w1#award": "in_doubt"}
    put_back(single)
    assert left(single.apply(wait_s=0)) == {"c/w1#award": "gate"}
    single.clock.advance(3 * HOUR_MS)
    assert single.apply(wait_s=0).exit_code == 0
    assert paid(single) == ["w0", "w1"]


def test_a_single_that_has_gone_out_in_a_batch_is_not_sent_again(single: World) -> None:
    single.settings = settings(batch_size=2)
    single.desired = [bonus("w0", "1.00"), bonus("w1", "1.00"), bonus("w3", "3.00")]
    single.clock.advance(HOUR_MS)
    assert single.apply(wait_s=0).exit_code == 0
    put_back(single, LAG)
    assert left(single.apply(wait_s=0)) == {"c/w1": "gate", "c/w3": "gate"}
    single.clock.advance(WINDOW_MS)
    assert single.apply(wait_s=0).exit_code == 0
    assert sorted(paid(single)) == ["w0", "w1", "w3"]


def test_a_batch_whose_payments_have_gone_out_alone_is_not_sent_again(tmp_path: Path) -> None:
    """Singles open the gate at once: it is not the gate that keeps the batch back."""
    world = World(tmp_path, desired=[bonus("w0", "1.00")], settings=settings(batch_size=2))
    kept_in_doubt(world, tmp_path / "backup.db", bonus("w1", "1.00"), bonus("w2", "2.00"))
    world.clock.advance(48 * HOUR_MS)
    world.settings = settings()
    world.desired = [bonus("w0", "1.00"), bonus("w1", "1.00"), bonus("w2", "2.00")]
    assert world.apply(wait_s=0).exit_code == 0
    put_back(world, LAG)
    world.apply(wait_s=0)
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == ["w0", "w1", "w2"]
    world.close()


@pytest.mark.parametrize("same", [lambda: bonus("w1", "1.00"), renamed])
def test_what_is_still_in_doubt_is_sent_again_under_its_own_name_at_once_and_under_a_former_one_after_the_window(
    tmp_path: Path, same: Callable[[], Desired]
) -> None:
    world = World(tmp_path, desired=[bonus("w0", "1.00")])
    world.apply()
    world.desired = [bonus("w0", "1.00"), bonus("w1", "1.00")]
    world.strike(Fault(name="cut_before", user="w1"))
    world.apply(wait_s=0)
    world.strike()
    shutil.copy(world.state, tmp_path / "backup.db")
    put_back(world)
    former = same().formerly is not None
    world.desired = [bonus("w0", "1.00"), same()]
    report = world.apply(wait_s=0)
    assert left(report) == ({"c/w1#award": "in_doubt"} if former else {})
    assert any(wait.text.endswith(AGAIN) for wait in report.waits) is former
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert world.paid()[1:] == [("1000005", "w1", Decimal("1.00"))]
    world.close()


def test_at_mturk_what_has_been_paid_under_a_new_name_is_not_sent_again_under_the_old_one(tmp_path: Path) -> None:
    world = mturk_world(tmp_path, award("A0", "1.00"))
    old = award("A1", "1.00")
    kept_in_doubt(world, tmp_path / "backup.db", old)
    new = award("A1", "1.00", key="award")._replace(formerly=old.identity(""))
    world.desired = [award("A0", "1.00"), new]
    world.clock.advance(HOUR_MS)
    assert world.apply(wait_s=0).exit_code == 0
    put_back(world, Fault(name="lag", on="list_bonus_payments", delay_ms=300_000))
    assert left(world.apply(wait_s=0)) == {"c/A1/3A1#award": "gate"}
    world.clock.advance(HOUR_MS)
    world.strike()
    world.apply(wait_s=0)
    assert paid_at_mturk(world) == [("A0", "1.00", "Thank you!"), ("A1", "1.00", "Thank you!")]
    world.close()
