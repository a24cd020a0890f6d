"""Die at every durable write and every network event of a run, and let something happen before the next run: the state is
lost, a day passes, the machine starts anew, the mode changes. Paid once, state true. (`test_crash_scenarios`: nothing.)
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.again import moment_of, world_at
from tests.support.stores import MemoryStore
from tests.support.world import Crash, Fault, Points, World, bonus, settings

WORKERS = {f"w{number}": Decimal(f"{number}.00") for number in range(1, 6)}
WINDOW_MS = 901_000


class Mode(NamedTuple):
    """How payments go out. `ids_used`: which of Toloka's two readings of operation_id holds in synchronous mode."""

    mode: str = "async"
    batch_size: int = 1
    skip_invalid_items: bool = True
    ids_used: bool = False

    @property
    def repeatable(self) -> bool:
        """Whether the very next run may finish: nothing has to wait for a window."""
        return self == Mode()


MODES = {
    "singles": Mode(),
    "batches": Mode(batch_size=3),
    "batches, all or none": Mode(batch_size=3, skip_invalid_items=False),
    "sync": Mode("sync"),
    "sync, ids used": Mode("sync", ids_used=True),
    "sync batches": Mode("sync", 3),
    "sync batches, ids used": Mode("sync", 3, ids_used=True),
    "sync batches, all or none": Mode("sync", 3, skip_invalid_items=False),
}
every_mode = pytest.mark.parametrize("mode", MODES.values(), ids=MODES)


def five(folder: Path, mode: Mode = MODES["singles"]) -> World:
    """Five bonuses, and a state in memory whose gate is open."""
    world = World(folder, desired=[bonus(name, f"{amount:.2f}") for name, amount in WORKERS.items()])
    world.kept = MemoryStore()
    world.options = replace(world.options, sync_ids_used=mode.ids_used)
    world.settings = settings(mode=mode.mode, batch_size=mode.batch_size, skip_invalid_items=mode.skip_invalid_items)
    if not mode.repeatable:
        world.refresh()
        world.clock.advance(WINDOW_MS)
    return world


def assert_paid_once(world: World) -> None:
    """What was paid, what the state says and what the specs ask for are one and the same."""
    paid = world.paid()
    assert sorted((recipient, amount) for _, recipient, amount in paid) == sorted(WORKERS.items())
    assert world.issued() == {f"c/{name}": amount for name, amount in WORKERS.items()}


def assert_none_twice(world: World) -> None:
    recipients = [recipient for _, recipient, _ in world.paid()]
    assert len(set(recipients)) == len(recipients), "paid twice"


def crash_everywhere(folder: Path, mode: Mode, between: Callable[[World], None]) -> dict[str, int]:
    """A world for each point: die there, let something happen, run again twice. Returns the points reached.

    Asynchronous singles are done with the very next run; in every other mode it may leave some in doubt, and the run
    after the window ends it.
    """
    reached: dict[str, int] = {}
    world = five(folder, mode)
    moment = moment_of(world)
    world.close()
    for number in range(1, 10_000):
        world = world_at(folder, moment)
        points = Points(die_at=frozenset({number}))
        try:
            world.apply(points)
        except Crash as crash:
            reached[str(crash)] = reached.get(str(crash), 0) + 1
        else:
            world.close()
            assert number > 20, "so few points mean that the run was not followed"
            return reached
        between(world)
        report = world.apply(wait_s=60 if mode.repeatable else 0)
        if not mode.repeatable:
            assert report.exit_code in (0, 3), report
            assert_none_twice(world)
            world.clock.advance(WINDOW_MS)
            report = world.apply(wait_s=0)
        assert report.exit_code == 0, report
        assert_paid_once(world)
        again = world.apply()
        assert not again.issued()
        assert again.unchanged == 5
        world.close()
    raise AssertionError("the run never ends")


@pytest.mark.parametrize("name", ["singles", "batches", "sync", "sync batches, ids used"])
def test_a_state_deleted_after_a_crash_at_every_point_is_made_anew_and_nothing_is_paid_again(
    tmp_path: Path, name: str
) -> None:
    crash_everywhere(tmp_path, MODES[name], lambda world: world.store.lose())


@pytest.mark.parametrize("name", ["singles", "sync batches"])
def test_a_day_between_the_crash_and_the_second_run_changes_nothing(tmp_path: Path, name: str) -> None:
    crash_everywhere(tmp_path, MODES[name], lambda world: world.clock.advance(86_400_000))


@pytest.mark.parametrize("name", ["singles", "sync batches"])
def test_a_reboot_between_the_crash_and_the_second_run_changes_nothing(tmp_path: Path, name: str) -> None:
    def reboot(world: World) -> None:
        world.clock.boot, world.clock.boot_ms = "boot-2", 5_000

    crash_everywhere(tmp_path, MODES[name], reboot)


@pytest.mark.parametrize(("before", "after"), [("sync batches", "singles"), ("batches", "sync"), ("singles", "sync")])
def test_another_mode_after_a_crash_at_every_point_pays_each_bonus_once(
    tmp_path: Path, before: str, after: str
) -> None:
    """An operation keeps the promises of the mode that it was journaled in."""

    def change(world: World) -> None:
        mode = MODES[after]
        world.settings = settings(mode=mode.mode, batch_size=mode.batch_size)

    # The slower rule of the two: the second run may have to wait for a window.
    crash_everywhere(tmp_path, MODES[before]._replace(skip_invalid_items=before != "singles"), change)


AMBIGUOUS = [
    "cut_after",
    "cut_before",
    "reset",
    "hang",
    "truncate",
    "shorten",
    "error_after",
    "error_before",
    "garble",
    "wrong_id",
    "wrong_counts",
    "proxy_page",
    "bare",
    "redirect",
    "late",
]


@pytest.mark.parametrize("name", AMBIGUOUS)
@every_mode
def test_an_ambiguous_answer_to_any_send_pays_once(tmp_path: Path, mode: Mode, name: str) -> None:
    for number in range(1, 6 if mode.batch_size == 1 else 4):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = five(folder, mode)
        world.strike(Fault(name=name, nth=(number,), delay_ms=400_000 if name == "late" else 0))
        world.apply(wait_s=0)
        # At once, and after the latest moment at which a cut-off request can be carried out.
        world.strike()
        world.apply(wait_s=0)
        assert_none_twice(world)
        world.clock.advance(1_000_000)
        report = world.apply()
        assert report.exit_code == 0, report
        assert_paid_once(world)
        world.close()


@every_mode
def test_a_request_of_a_lost_state_that_is_carried_out_late_is_not_paid_again(tmp_path: Path, mode: Mode) -> None:
    """One payment a request: its id refuses the second. In every other mode the gate waits until nothing can come."""
    for number in range(1, 4):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = five(folder, mode)
        world.strike(Fault(name="late", nth=tuple(range(number, 50)), delay_ms=400_000))
        world.apply(wait_s=0)
        world.strike()
        world.store.lose()
        # Another order puts other payments together: no batch meets its own id again.
        world.desired.reverse()
        world.apply(wait_s=0)
        for _ in range(2):
            world.clock.advance(WINDOW_MS)
            assert_none_twice(world)
            report = world.apply(wait_s=0)
        assert report.exit_code == 0
        assert_paid_once(world)
        world.close()


def test_ten_thousand_seconds_of_silence_leave_everything_in_doubt_and_then_pay_once(tmp_path: Path) -> None:
    world = five(tmp_path)
    world.apply()
    world.desired.append(bonus("w6", "6.00"))
    everyone = dict(WORKERS) | {"w6": Decimal("6.00")}
    world.strike(Fault(name="cut_before"))
    report = world.apply(wait_s=0)
    assert report.exit_code == 3
    assert [left.why for left in report.left] == ["in_doubt"]
    world.strike()
    world.clock.advance(10_000_000)
    assert world.apply().exit_code == 0
    assert world.issued() == {f"c/{name}": amount for name, amount in everyone.items()}
    assert len(world.paid()) == 6
    world.close()


def test_the_gate_of_a_new_batching_state_waits_for_the_window(tmp_path: Path) -> None:
    """With batches a new state cannot know what another life has in flight."""
    world = five(tmp_path)
    world.settings = settings(batch_size=5)
    report = world.apply(wait_s=0)
    assert report.exit_code == 3
    assert {left.why for left in report.left} == {"gate"}
    assert not world.paid()
    world.clock.advance(901_000)
    report = world.apply(wait_s=0)
    assert report.exit_code == 0
    assert_paid_once(world)
    world.close()


def test_a_slow_operation_is_left_in_doubt_and_settled_by_a_later_run(tmp_path: Path) -> None:
    world = five(tmp_path)
    world.options = replace(world.options, start_ms=2_000_000)
    report = world.apply()
    assert report.exit_code == 3
    assert report.left
    world.clock.advance(3_000_000)
    world.remote.options = replace(world.options, start_ms=20)
    assert world.apply().exit_code == 0
    assert_paid_once(world)
    world.close()


def test_what_the_specs_no_longer_ask_for_is_never_sent_again(tmp_path: Path) -> None:
    world = five(tmp_path)
    world.strike(Fault(name="cut_before", nth=(1, 2, 3, 4)))
    first = world.apply(wait_s=0)
    assert first.exit_code == 3
    world.strike()
    world.desired = [bonus(name, f"{amount:.2f}") for name, amount in WORKERS.items() if name != "w1"]
    world.apply(wait_s=0)
    assert "w1" not in {recipient for _, recipient, _ in world.paid()}
    world.clock.advance(1_000_000)
    report = world.apply(wait_s=0)
    assert report.exit_code == 0
    assert {recipient for _, recipient, _ in world.paid()} == {"w2", "w3", "w4", "w5"}
    world.close()
