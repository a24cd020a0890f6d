"""An attempt belongs to a payment: a new one, with a new operation id, only where the provider used the old id up."""

from dataclasses import replace
from pathlib import Path

from reconcile.model import Identity
from reconcile.settings import Policies
from reconcile.state.events import OperationsPrepared
from tests.support.world import Fault, World, bonus, settings

REPEAT = frozenset({"repeat"})
FORMER = Identity("", "old", "ann", "", "")
HOUR_MS = 3_600_000


def prepared(world: World) -> list[tuple[str, int, int]]:
    """Every payment that was prepared: campaign, sequence, attempt."""
    return [
        (payment.bonus.campaign, payment.sequence, payment.attempt)
        for event in world.store.events()
        if isinstance(event, OperationsPrepared)
        for operation in event.operations
        for payment in operation.payments
    ]


def settle(world: World) -> None:
    """Time and quiet, until nothing is open any more."""
    world.strike()
    world.desired = []
    for _ in range(2):
        world.clock.advance(HOUR_MS)
        world.refresh()


def test_an_id_that_another_payment_of_the_bonus_used_up_is_not_this_ones(tmp_path: Path) -> None:
    """Payment 1 was lost on its way and proved absent; payment 2, under a former name, failed. Payment 1 keeps its id."""
    policies = replace(settings(), policies=(("USD", Policies(allow_top_up=True)),))
    world = World(tmp_path, desired=[bonus("ann", "1.00", campaign="old")], settings=policies)
    world.apply()
    world.desired = [bonus("ann", "2.00", campaign="new", allow=REPEAT)]
    world.strike(Fault(name="cut_before", on="send"))
    world.apply(wait_s=0)
    settle(world)
    world.desired = [bonus("ann", "2.00", campaign="new", formerly=FORMER, allow=REPEAT)]
    world.strike(Fault(name="fail", times=1, made=0))
    world.apply(wait_s=0)
    settle(world)
    world.desired = [bonus("ann", "2.00", campaign="new", allow=REPEAT)]
    world.apply(wait_s=0)
    assert prepared(world) == [("old", 1, 1), ("new", 1, 1), ("new", 2, 1), ("new", 1, 1)]
    world.close()


def test_a_payment_whose_id_was_used_up_takes_the_next_one_whatever_came_between(tmp_path: Path) -> None:
    """Payment 1 failed under its id; under a former name payment 2 was tried; payment 1 goes on with its second id."""
    policies = replace(settings(), policies=(("USD", Policies(allow_top_up=True)),))
    world = World(tmp_path, desired=[bonus("ann", "1.00", campaign="old")], settings=policies)
    world.apply()
    world.strike(Fault(name="fail", times=1, made=0))
    world.desired = [bonus("ann", "2.00", campaign="new", allow=REPEAT)]
    world.apply(wait_s=0)
    settle(world)
    world.strike(Fault(name="cut_before", on="send"))
    world.desired = [bonus("ann", "2.00", campaign="new", formerly=FORMER, allow=REPEAT)]
    world.apply(wait_s=0)
    settle(world)
    world.desired = [bonus("ann", "2.00", campaign="new", allow=REPEAT)]
    world.apply(wait_s=0)
    assert prepared(world) == [("old", 1, 1), ("new", 1, 1), ("new", 2, 1), ("new", 1, 2)]
    world.close()
