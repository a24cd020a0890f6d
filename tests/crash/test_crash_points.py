"""Die at every durable write and every network event of a run, once each, and run again: paid once, state true."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.world import Crash, Fault, Points, World, bonus, settings

WORKERS = {f"w{number}": Decimal(f"{number}.00") for number in range(1, 6)}


def five(folder: Path) -> World:
    return World(folder, desired=[bonus(name, f"{amount:.2f}") for name, amount in WORKERS.items()])


def assert_paid_once(world: World) -> None:
    """What was paid, what the state says and what the specs ask for are one and the same."""
    paid = world.paid()
    assert sorted((recipient, amount) for _, recipient, amount in paid) == sorted(WORKERS.items())
    assert world.issued() == {f"c/{name}": amount for name, amount in WORKERS.items()}


def crash_everywhere(folder: Path, between: Callable[[World], None]) -> dict[str, int]:
    """A world for each point: die there, let something happen, run again twice. Returns the points reached."""
    reached: dict[str, int] = {}
    for number in range(1, 10_000):
        here = folder / str(number)
        here.mkdir()
        world = five(here)
        points = Points(die_at=frozenset({number}))
        try:
            world.apply(points)
        except Crash as crash:
            reached[str(crash)] = reached.get(str(crash), 0) + 1
        else:
            world.close()
            assert number > 30, "so few points mean that the run was not followed"
            return reached
        between(world)
        report = world.apply()
        assert report.exit_code == 0, report
        assert_paid_once(world)
        again = world.apply()
        assert not again.issued()
        assert again.unchanged == 5
        world.close()
    raise AssertionError("the run never ends")


def test_a_crash_at_every_point_and_a_second_run_pay_each_bonus_once(tmp_path: Path) -> None:
    reached = crash_everywhere(tmp_path, lambda world: None)
    assert set(reached) == {
        "before commit",
        "after commit",
        "request leaves",
        "request carried out, no answer yet",
        "answer received",
    }


def test_a_state_deleted_after_a_crash_at_every_point_is_made_anew_and_nothing_is_paid_again(tmp_path: Path) -> None:
    crash_everywhere(tmp_path, lambda world: world.state.unlink(missing_ok=True))


def test_a_day_between_the_crash_and_the_second_run_changes_nothing(tmp_path: Path) -> None:
    crash_everywhere(tmp_path, lambda world: world.clock.advance(86_400_000))


def test_a_reboot_between_the_crash_and_the_second_run_changes_nothing(tmp_path: Path) -> None:
    def reboot(world: World) -> None:
        world.clock.boot, world.clock.boot_ms = "boot-2", 5_000

    crash_everywhere(tmp_path, reboot)


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
def test_an_ambiguous_answer_to_any_send_pays_once(tmp_path: Path, name: str) -> None:
    for number in range(1, 6):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = five(folder)
        world.strike(Fault(name=name, nth=(number,)))
        world.apply(wait_s=0)
        world.strike()
        world.clock.advance(1_000_000)
        report = world.apply()
        assert report.exit_code == 0, report
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
    world.options = replace(world.options, run_ms=2_000_000)
    report = world.apply()
    assert report.exit_code == 3
    assert report.left
    world.clock.advance(3_000_000)
    world.remote.options = replace(world.options, run_ms=60)
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
