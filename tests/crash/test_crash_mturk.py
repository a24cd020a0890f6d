"""MTurk, by looks and by reference: runs that die at their points, whose writes fail, whose requests are lost; once, and
again in the recovery. In the end everybody is paid once, and the state says the same.

Every write fails; of the points and requests each story takes every fifth in `make test`, beginning with another, and all
with BONUSCTL_CRASH_PAIRS=1.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from reconcile import identity
from reconcile.errors import BonusctlError, StateWriteFailed
from reconcile.protocol.engine import Unrecorded
from reconcile.state.events import OperationsPrepared, SendsStarted
from tests.crash.test_crash_failed_writes import Failing
from tests.crash.test_crash_scenarios import Dying
from tests.mturk.mturk_world import HOUR_MS, award, mturk_world, paid, sends
from tests.support.again import Moment, moment_of, world_at
from tests.support.figures import Tell
from tests.support.stores import MemoryStore
from tests.support.world import Crash, Fault, Points, World

WHOLE = os.environ.get("BONUSCTL_CRASH_PAIRS") == "1"
STRIDE = 1 if WHOLE else 5
MOMENTS_MAX: Final = 1_000
MODES: Final = {"mturk": False, "mturk with reason_marker": True}
"""Whether the reasons end with references."""
THREE: Final = (("A1", "1.00"), ("A1", "1.00"), ("A2", "0.50"))


class Story(NamedTuple):
    """A run that dies, and what came before it. `paid`: (worker, amount) of everything, once all is over; `vanished`: what
    the provider shows no more, and the state keeps.
    """

    before: Callable[[World], None]
    run: Callable[[World, Points], object]
    paid: tuple[tuple[str, str], ...] = THREE
    faults: tuple[Fault, ...] = ()
    marked_only: bool = False
    vanished: tuple[tuple[str, str], ...] = ()


def nothing(world: World) -> None:
    """The run is the first that pays."""


def all_paid(world: World) -> None:
    assert world.apply(wait_s=3_600).exit_code == 0


def a_higher_amount(world: World) -> None:
    all_paid(world)
    world.desired[2] = award("A2", "0.80")


def in_doubt(name: str, hours: float) -> Callable[[World], None]:
    """Every request stayed without an answer, and so much time has passed."""

    def before(world: World) -> None:
        world.strike(Fault(name=name, on="send_bonus"), Fault(name="lag", on="list_bonus_payments", delay_ms=HOUR_MS))
        world.apply(wait_s=0)
        world.clock.advance(int(hours * HOUR_MS))

    return before


def state_lost(world: World) -> None:
    all_paid(world)
    world.store.lose()


def older_state(world: World) -> None:
    rest, world.desired = world.desired[1:], world.desired[:1]
    all_paid(world)
    older = world.store.events()
    world.desired += rest
    all_paid(world)
    with world.locked("state restore") as lock:
        world.store.put_back(older, carried="restored", lock=lock, at_ms=world.clock.now_ms())


def named_otherwise(world: World) -> None:
    """The state was lost, and the specs named the campaign otherwise for a while: payments of no known bonus were found."""
    all_paid(world)
    world.store.lose()
    desired, world.desired = world.desired, [award("A1", "1.00", campaign="d"), award("A2", "0.50", campaign="d")]
    assert world.apply(wait_s=0).exit_code == 3
    world.desired = desired


def one_vanished(world: World) -> None:
    all_paid(world)
    world.clock.advance(2 * HOUR_MS)
    with world.remote.ledger.transaction(writes=True):
        world.remote.ledger.connection.execute("DELETE FROM mturk_bonuses WHERE worker_id = 'A2'")


def refresh_whole(world: World, points: Points) -> object:
    return world.refresh(points, full_scan=True, wait_s=0)


def apply(world: World, points: Points) -> object:
    return world.apply(points, wait_s=0)


def refresh(world: World, points: Points) -> object:
    return world.refresh(points, wait_s=0)


STORIES: Final[Mapping[str, Story]] = {
    "fresh pay": Story(nothing, apply),
    "top-up": Story(a_higher_amount, apply, paid=(*THREE, ("A2", "0.30"))),
    "lost answers": Story(nothing, apply, faults=(Fault(name="cut_after", on="send_bonus", nth=(1, 3)),)),
    "a ServiceFault after it was done": Story(nothing, apply, faults=(Fault(name="error_after", on="send_bonus"),)),
    "a RequestError": Story(nothing, apply, faults=(Fault(name="refuse", on="send_bonus", nth=(2,)),)),
    "sent again after 21 hours": Story(in_doubt("cut_before", 21), apply),
    "observed after 23 hours": Story(in_doubt("cut_before", 23), apply),
    "paid, and looked at after 25 hours": Story(in_doubt("cut_after", 25), apply),
    "refresh": Story(in_doubt("cut_after", 1), refresh),
    "adoption": Story(state_lost, apply, marked_only=True),
    "restored": Story(older_state, apply, marked_only=True),
    "attributed later": Story(named_otherwise, apply, marked_only=True),
    "whole refresh": Story(one_vanished, refresh_whole, paid=THREE[:2], vanished=THREE[2:]),
}
PLAYED: Final = [
    (name, mode) for name, story in STORIES.items() for mode, marked in MODES.items() if marked or not story.marked_only
]
every_story = pytest.mark.parametrize(("name", "mode"), PLAYED)


def begun(folder: Path, name: str, mode: str) -> Moment:
    """The moment at which the run starts: two equal bonuses of one assignment, and another worker's."""
    three = (award("A1", "1.00"), award("A1", "1.00", key="equal"), award("A2", "0.50"))
    world = mturk_world(folder, *three, reason_marker=MODES[mode], allow_top_up=True)
    world.kept = MemoryStore()
    STORIES[name].before(world)
    moment = moment_of(world)
    world.close()
    return moment


def begin(folder: Path, name: str, moment: Moment) -> World:
    """A world in which the run is about to start, its faults in force."""
    world = world_at(folder, moment)
    world.strike(*STORIES[name].faults)
    return world


def tokens(world: World) -> Counter[bytes]:
    """How often each token went out in the run that died."""
    return Counter(identity.from_text(json.loads(one.body)["UniqueRequestToken"]) or b"" for one in sends(world))


def journaled(world: World) -> Counter[bytes]:
    """How many sends of each payment are in the journal."""
    names: dict[int, bytes] = {}
    started: Counter[bytes] = Counter()
    for event in world.store.events():
        if isinstance(event, OperationsPrepared):
            names |= {one.operation: one.payments[0].payment_id for one in event.operations}
        elif isinstance(event, SendsStarted):
            started.update(names[number] for number, _ in event.sends)
    return started


def assert_none_too_many(world: World, name: str) -> None:
    made = Counter((worker, amount) for worker, amount, _ in paid(world))
    assert made <= Counter(STORIES[name].paid), "paid twice"


def recover(world: World, name: str) -> None:
    """Nothing is wrong any more: one apply, which waits for windows, ends with the truth."""
    world.strike()
    report = world.apply(wait_s=3_600)
    assert_none_too_many(world, name)
    assert report.exit_code == 0, report
    made = Counter((worker, amount) for worker, amount, _ in paid(world))
    assert made == Counter(STORIES[name].paid)
    sums: dict[str, Decimal] = {}
    for worker, amount in (*STORIES[name].paid, *STORIES[name].vanished):
        sums[f"c/{worker}"] = sums.get(f"c/{worker}", Decimal(0)) + Decimal(amount)
    assert world.issued() == sums
    world.close()


def first_of(name: str, mode: str) -> int:
    """The point that a story begins with: together the stories take them all."""
    return 1 + (len(name) + len(mode)) % STRIDE


@every_story
def test_a_crash_at_a_point_and_a_second_run_end_with_the_truth(
    tmp_path: Path, name: str, mode: str, tell: Tell
) -> None:
    died, moment = 0, begun(tmp_path, name, mode)
    for number in range(first_of(name, mode), MOMENTS_MAX, STRIDE):
        world = begin(tmp_path, name, moment)
        before = journaled(world)
        try:
            STORIES[name].run(world, Dying(die_at=frozenset({number})))
        except Crash:
            died += 1
            assert tokens(world) <= journaled(world) - before, "sent before it was durable"
            assert_none_too_many(world, name)
            if (number // STRIDE) % 3 == 0:
                # And the recovery dies, too.
                world.strike()
                with suppress(Crash):
                    world.apply(Dying(die_at=frozenset({1 + number % 23})), wait_s=3_600)
                assert_none_too_many(world, name)
            recover(world, name)
        else:
            world.close()
            assert died > 12 // STRIDE, "so few points mean that the run was not followed"
            tell({"points died at": died})
            return
    raise AssertionError("the run never ends")


@every_story
def test_after_a_failed_write_nothing_more_is_sent_and_the_next_run_ends_with_the_truth(
    tmp_path: Path, name: str, mode: str, tell: Tell
) -> None:
    failed, moment = 0, begun(tmp_path, name, mode)
    for number in range(1, MOMENTS_MAX):
        world, points = begin(tmp_path, name, moment), Failing(fail_commit=number)
        before = journaled(world)
        try:
            STORIES[name].run(world, points)
        except (StateWriteFailed, Unrecorded):
            failed += 1
            assert points.names["before commit"] == number, "a second write was attempted"
            assert tokens(world) <= journaled(world) - before, "sent before it was durable"
            recover(world, name)
        else:
            world.close()
            assert points.names["before commit"] < number
            tell({"writes failed": failed})
            return
    raise AssertionError("the run never ends")


@every_story
def test_a_request_lost_anywhere_pays_nobody_twice_and_the_next_run_ends_with_the_truth(
    tmp_path: Path, name: str, mode: str, tell: Tell
) -> None:
    """Before or after it was carried out, in turn."""
    moment = begun(tmp_path, name, mode)
    for losses, number in enumerate(range(first_of(name, mode), MOMENTS_MAX, STRIDE)):
        world = begin(tmp_path, name, moment)
        lost = Fault(name=("cut_before", "cut_after")[number // STRIDE % 2], on="any", nth=(number,))
        world.strike(*STORIES[name].faults, lost)
        with suppress(BonusctlError):
            STORIES[name].run(world, Points())
        assert_none_too_many(world, name)
        if len(world.requests) < number:
            world.close()
            tell({"requests lost": losses})
            return
        recover(world, name)
    raise AssertionError("the run never ends")
