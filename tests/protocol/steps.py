"""What several stories of this folder begin with, and how they read a report."""

from collections.abc import Callable
from typing import TypeVar

from reconcile.model import Desired, Identity
from reconcile.protocol.report import Report
from tests.support.world import Fault, World, bonus

W = TypeVar("W", bound=World)


def three_more(world: W) -> W:
    """An account that has paid before, and three more bonuses."""
    world.desired = [bonus("w0", "1.00")]
    assert world.apply().exit_code == 0
    world.desired += [bonus("w1", "1.00"), bonus("w2", "2.00"), bonus("w3", "3.00")]
    return world


def strike_after_the_scan(world: World, *faults: Fault, forget: Callable[[], None]) -> None:
    """Faults from the next plan on; `forget` empties what was remembered of the requests before."""

    def strike() -> None:
        world.strike(*faults)
        forget()

    world.while_asking = strike


def renamed() -> Desired:
    """The bonus of w1, paid as "c/w1" before."""
    return bonus("w1", "1.00", key="award")._replace(formerly=Identity("", "c", "w1", "", ""))


def until_due(world: World, before_ms: int) -> None:
    """So long before what runs at the provider ends."""
    due_ms = world.remote.ledger.next_due_ms()
    assert due_ms is not None
    world.clock.advance(due_ms - world.clock.now_ms() - before_ms)


def paid(world: World) -> list[str]:
    """Whom the provider paid, once for each payment."""
    return sorted(recipient for _, recipient, _ in world.paid())


def left(report: Report) -> dict[str, str]:
    """Why each bonus is left, by address."""
    return {row.address: row.why.value for row in report.left}
