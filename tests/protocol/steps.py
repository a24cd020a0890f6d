"""What several stories of this folder begin with, and how they read a report."""

from collections.abc import Callable
from typing import TypeVar

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


def left(report: Report) -> dict[str, str]:
    """Why each bonus is left, by address."""
    return {row.address: row.why.value for row in report.left}
