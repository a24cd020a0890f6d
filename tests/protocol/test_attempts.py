"""An attempt belongs to a payment: a new one, with a new operation id, only where the provider used the old id up.

A payment that goes alone has the same id for every state, so that what a batch used up does not count for it. A state
that was lost and made anew, or another machine's, never heard of the batch: it begins with the first id, and had the
other life sent the payment alone under another one, the provider could not know the two for the same.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.model import Identity
from reconcile.plan.document import chunks
from reconcile.settings import Policies
from reconcile.state.events import OperationsPrepared
from tests.protocol.steps import left
from tests.support.world import Fault, World, bonus, settings

REPEAT = frozenset({"repeat"})
FORMER = Identity("", "old", "ann", "", "")
HOUR_MS = 3_600_000
WINDOW_MS = 901_000
W1_FIRST = "75a35889-c977-5fce-b2c0-7d891e02a527"
W1_SECOND = "ef507b3c-8bea-5910-80cb-cb655442cd0d"
W2_FIRST = "c4f929d8-07ed-5619-876d-74ac8236a07f"
BOTH_FIRST = "716e92ce-4787-5d02-bbf6-a961f75e99a9"
BOTH_SECOND = "aa00b921-7739-5ed3-9ae6-f110c813ea18"
EVERYONE = [("w0", Decimal("1.00")), ("w1", Decimal("1.00")), ("w2", Decimal("1.00"))]


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


# --- alone, and together ---------------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An account that has paid in batches before, and a batch of two whose operation used up its id and paid nobody."""
    made = World(tmp_path, desired=[bonus("w0", "1.00")], settings=settings(batch_size=2))
    assert made.apply(wait_s=1_000).exit_code == 0
    made.desired += [bonus("w1", "1.00"), bonus("w2", "1.00")]
    made.strike(Fault(name="reject", user="w1"))
    made.requests.clear()
    assert left(made.apply(wait_s=1_000)) == {"c/w1": "rejected", "c/w2": "rejected"}
    assert posts(made) == [BOTH_FIRST]
    made.strike()
    made.clock.advance(48 * HOUR_MS)
    made.requests.clear()
    yield made
    made.close()


def posts(world: World) -> list[str]:
    """The operation ids that were sent, in order, each once."""
    targets = [request.target for request in world.requests if request.method == "POST"]
    return list(dict.fromkeys(target.split("operation_id=")[1][:36] for target in targets))


def paid(world: World) -> list[tuple[str, Decimal]]:
    return sorted((recipient, amount) for _, recipient, amount in world.paid())


def planned(world: World) -> list[tuple[int, str]]:
    """The attempt and the operation id of each payment, as the plan's document has them."""
    with world.looking() as ledger:
        document = json.loads("".join(chunks(world.plan(ledger))))
    return [(change["attempt"], change["operation_id"]) for change in document["changes"]]


def test_a_lost_state_sends_alone_what_the_life_before_sent_alone(world: World) -> None:
    """The batch's payments went out alone; the state was lost at once, and the new one reads a list that lags."""
    world.settings = settings()
    assert world.apply(wait_s=0).exit_code == 0
    assert posts(world) == [W1_FIRST, W2_FIRST]
    world.store.lose()
    world.strike(Fault(name="lag", on="bonuses", delay_ms=300_000, times=1))
    world.requests.clear()
    world.apply(wait_s=0)
    assert posts(world) == [W1_FIRST, W2_FIRST]
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).alarms == ()
    assert paid(world) == EVERYONE


def test_two_machines_send_a_payment_alone_under_one_id(tmp_path: Path) -> None:
    """Machine A met w1's rejection in a batch, machine B never did. Toloka takes five minutes for A's single payment."""
    (tmp_path / "b").mkdir()
    a = World(tmp_path, desired=[bonus("w0", "1.00")], settings=settings(batch_size=2))
    a.apply(wait_s=1_000)
    a.desired += [bonus("w1", "1.00"), bonus("w2", "1.00")]
    a.strike(Fault(name="reject", user="w1", positions=(0,)))
    assert left(a.apply(wait_s=1_000)) == {"c/w1": "rejected"}
    a.clock.advance(48 * HOUR_MS)
    a.settings = settings(operation_timeout_s=60)
    b = World(tmp_path / "b", desired=[bonus("w0", "1.00")], clock=a.clock, settings=settings())
    b.running = a.running
    a.strike()
    b.apply(wait_s=0)
    a.clock.advance(2 * HOUR_MS)
    b.apply(wait_s=0)
    a.requests.clear()
    b.requests.clear()
    a.strike(Fault(name="slow_start", user="w1", delay_ms=300_000))
    assert left(a.apply(wait_s=0)) == {"c/w1": "in_doubt"}
    a.strike()
    b.desired = list(a.desired)
    b.apply(wait_s=0)
    assert (posts(a), posts(b)) == ([W1_FIRST], [W1_FIRST])
    a.clock.advance(HOUR_MS)
    assert a.apply(wait_s=0).alarms == ()
    assert paid(a) == EVERYONE
    b.store.close()
    a.close()


def test_the_same_batch_takes_a_new_id_and_pays_once(world: World) -> None:
    assert world.apply(wait_s=1_000).exit_code == 0
    assert posts(world) == [BOTH_SECOND]
    assert world.apply(wait_s=1_000).exit_code == 0
    assert paid(world) == EVERYONE


def test_a_single_that_used_up_its_id_takes_its_own_second_one(world: World) -> None:
    """Two ids that held it are used up, one of them its own: the second id of its own is next."""
    world.settings = settings()
    world.desired = world.desired[:2]
    world.strike(Fault(name="reject", user="w1"))
    assert left(world.apply(wait_s=0)) == {"c/w1": "rejected"}
    world.strike()
    assert world.apply(wait_s=0).exit_code == 0
    assert posts(world) == [W1_FIRST, W1_SECOND]


def test_a_plan_of_singles_after_a_batch_shows_what_apply_sends(world: World) -> None:
    world.settings = settings()
    assert planned(world) == [(1, W1_FIRST), (1, W2_FIRST)]
    world.apply(wait_s=0)
    assert posts(world) == [W1_FIRST, W2_FIRST]


def test_a_plan_of_the_same_batch_shows_what_apply_sends(world: World) -> None:
    assert planned(world) == [(2, BOTH_SECOND), (2, BOTH_SECOND)]
    world.apply(wait_s=1_000)
    assert posts(world) == [BOTH_SECOND]


def test_the_rest_of_a_batch_goes_alone_under_its_own_first_id(world: World) -> None:
    """Only one of the two is asked for any more: a batch of one is a single, in the plan and on the wire."""
    world.desired = world.desired[:2]
    assert planned(world) == [(1, W1_FIRST)]
    world.apply(wait_s=1_000)
    assert posts(world) == [W1_FIRST]
