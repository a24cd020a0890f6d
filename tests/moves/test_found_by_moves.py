"""What the moves found, each by its name."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from reconcile.model import Desired, Identity
from reconcile.settings import Policies
from tests.support.world import Fault, World, bonus, settings


def renamed(one: Desired) -> Desired:
    """The bonus as campaign `d`, formerly `c`."""
    new = bonus(one.recipient, str(one.amount), campaign="d")
    return new._replace(formerly=Identity("", "c", one.recipient, "", ""))


def topping_up(folder: Path) -> World:
    world = World(folder, desired=[bonus("w1", "1.00")])
    world.settings = replace(settings(), policies=(("USD", Policies(allow_top_up=True)),))
    return world


def amounts(world: World) -> list[Decimal]:
    return [amount for _, _, amount in world.paid()]


def test_a_top_up_under_a_new_name_that_failed_once_is_made_at_its_second_attempt(tmp_path: Path) -> None:
    """1.00 was paid as campaign c; its top-up as campaign d is payment 2, and its first operation ends with FAIL. The
    next attempt was counted as the first again, which the state refused, in every run from then on.
    """
    world = topping_up(tmp_path)
    assert world.apply().exit_code == 0
    world.desired = [renamed(bonus("w1", "1.50"))]
    world.strike(Fault(name="fail"))
    world.apply(wait_s=0)
    world.strike()
    world.clock.advance(2_000_000)
    assert world.apply(wait_s=0).exit_code == 0
    assert amounts(world) == [Decimal("1.00"), Decimal("0.50")]
    world.close()


def test_a_first_payment_that_was_rejected_before_its_bonus_got_a_former_name_does_not_stop_the_second(
    tmp_path: Path,
) -> None:
    """1.00 was paid as c. As d, and nobody said that it is the same, a first payment is rejected. Then somebody does."""
    world = topping_up(tmp_path)
    assert world.apply().exit_code == 0
    world.desired = [bonus("w1", "1.50", campaign="d")]
    world.strike(Fault(name="reject"))
    assert [left.why for left in world.apply(wait_s=0).left] == ["rejected"]
    world.strike()
    world.clock.advance(901_000)
    world.desired = [renamed(bonus("w1", "1.50"))]
    assert world.apply(wait_s=0).exit_code == 0
    assert amounts(world) == [Decimal("1.00"), Decimal("0.50")]
    world.close()
