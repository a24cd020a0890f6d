"""A run on MTurk that dies at each of its durable writes and network events, and histories of all that goes wrong.

Whatever happens, no bonus is paid twice, and once the troubles end everything is paid.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconcile.emulator.fault import Fault
from reconcile.errors import StateError
from tests.mturk.mturk_world import HOUR_MS, MINUTE_MS, award, lose_state, mturk_world, paid
from tests.support.points import Crash, Points
from tests.support.world import World

DESIRED = Counter({("A1", "1.00"): 2, ("A1", "0.05"): 1, ("A2", "0.50"): 1})


def three(folder: Path, *, reason_marker: bool) -> World:
    """Four bonuses: two equal ones and a third for one assignment, and one of another worker."""
    return mturk_world(
        folder,
        award("A1", "1.00"),
        award("A1", "1.00", key="equal"),
        award("A1", "0.05", key="small"),
        award("A2", "0.50"),
        reason_marker=reason_marker,
    )


def payments(world: World) -> Counter[tuple[str, str]]:
    return Counter((worker, amount) for worker, amount, _ in paid(world))


def nothing(world: World) -> None:
    """Only the next run."""


def later(hours: float) -> Callable[[World], None]:
    return lambda world: world.clock.advance(int(hours * HOUR_MS))


@pytest.mark.parametrize("reason_marker", [False, True], ids=["by looks", "by reference"])
@pytest.mark.parametrize(
    "between", [nothing, later(21.9), later(22.1), later(30)], ids=["at once", "21.9 h", "22.1 h", "30 h"]
)
def test_a_crash_at_every_point_pays_once(
    tmp_path: Path, between: Callable[[World], None], *, reason_marker: bool
) -> None:
    """Also where a day passes before the next run: young, the token tells; old, the list."""
    for number in range(1, 10_000):
        here = tmp_path / str(number)
        here.mkdir()
        world = three(here, reason_marker=reason_marker)
        try:
            world.apply(Points(die_at=frozenset({number})))
        except Crash:
            between(world)
            report = world.apply(wait_s=3600)
            assert (report.exit_code, payments(world)) == (0, DESIRED), f"died at {number}"
            world.close()
        else:
            world.close()
            assert number > 60
            return
    raise AssertionError("the run never ends")


@pytest.mark.parametrize("reason_marker", [False, True], ids=["by looks", "by reference"])
def test_a_state_lost_after_a_crash_at_every_point_pays_nobody_again(tmp_path: Path, *, reason_marker: bool) -> None:
    """By reference everything is found again and the rest is paid; by looks what is not known waits for a person."""
    for number in range(1, 10_000, 3):
        here = tmp_path / str(number)
        here.mkdir()
        world = three(here, reason_marker=reason_marker)
        try:
            world.apply(Points(die_at=frozenset({number})))
        except Crash:
            lose_state(world)
            report = world.apply(wait_s=3600)
            assert payments(world) <= DESIRED, f"died at {number}"
            if reason_marker:
                assert (report.exit_code, payments(world)) == (0, DESIRED), f"died at {number}"
            world.close()
        else:
            world.close()
            return
    raise AssertionError("the run never ends")


# --- histories ---------------------------------------------------------------------------------------------------------

FAULTS = ("cut_before", "cut_after", "error_before", "error_after", "late", "hang", "too_many", "refuse", "garble")
fault = st.builds(
    lambda name, nth, delay: Fault(name=name, on="send_bonus", nth=nth, delay_ms=delay if name == "late" else 0),
    st.sampled_from(FAULTS),
    st.lists(st.integers(1, 8), min_size=1, max_size=5, unique=True).map(lambda found: tuple(sorted(found))),
    st.integers(0, 14 * MINUTE_MS),
)
lag = st.builds(
    lambda delay: Fault(name="lag", on="list_bonus_payments", delay_ms=delay), st.integers(1, 14 * MINUTE_MS)
)
troubles = st.lists(st.one_of(fault, lag), max_size=3).map(tuple)
step = st.one_of(
    st.tuples(st.just("apply"), troubles, st.integers(1, 90)),
    st.tuples(st.just("refresh"), troubles, st.integers(1, 60)),
    st.tuples(st.just("wait"), st.sampled_from([MINUTE_MS, 20 * MINUTE_MS, 5 * HOUR_MS, 21 * HOUR_MS, 27 * HOUR_MS])),
    st.tuples(st.just("lose")),
    st.tuples(st.just("more")),
)


def play(world: World, steps: list[tuple[object, ...]]) -> None:
    """Each step; a run may die, and a day may pass."""
    for number, (what, *more) in enumerate(steps):
        match what, more:
            case (("apply" | "refresh"), (tuple() as faults, int() as die_at)):
                world.strike(*faults)
                run = world.apply if what == "apply" else world.refresh
                with suppress(Crash, StateError):
                    run(Points(die_at=frozenset({die_at})), wait_s=0)
            case "wait", (int() as milliseconds,):
                world.clock.advance(milliseconds)
            case "lose", ():
                lose_state(world)
            case "more", ():
                world.desired.append(award("A1", "1.00", key=f"more {number}"))
        assert payments(world) <= wanted(world), f"step {number}: paid twice"


def wanted(world: World) -> Counter[tuple[str, str]]:
    return Counter((bonus.recipient, f"{bonus.amount:.2f}") for bonus in world.desired)


many = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])


@many
@given(st.lists(step, max_size=6))
def test_no_history_pays_twice_and_with_references_all_is_paid_in_the_end(steps: list[tuple[object, ...]]) -> None:
    with TemporaryDirectory() as folder:
        world = three(Path(folder), reason_marker=True)
        play(world, steps)
        world.strike()
        world.clock.advance(27 * HOUR_MS)
        report = world.apply(wait_s=3600)
        assert (report.exit_code, payments(world)) == (0, wanted(world))
        world.close()


@many
@given(st.lists(step, max_size=6))
def test_no_history_pays_twice_by_looks_either(steps: list[tuple[object, ...]]) -> None:
    """Without references a lost state leaves bonuses in doubt; without a loss all is paid in the end."""
    with TemporaryDirectory() as folder:
        world = three(Path(folder), reason_marker=False)
        play(world, steps)
        world.strike()
        for _ in range(2):
            world.clock.advance(27 * HOUR_MS)
            report = world.apply(wait_s=3600)
        assert payments(world) <= wanted(world)
        if ("lose",) not in steps:
            assert (report.exit_code, payments(world)) == (0, wanted(world))
        world.close()
