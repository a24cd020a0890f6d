"""A settle window that ends while a run is at work: the list is read once more, and no person is asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconcile.protocol.report import Left, Wait
from reconcile.protocol.session import Session
from tests.protocol.steps import left
from tests.support.sim_provider import SimClock
from tests.support.world import Fault, World, bonus, settings

WINDOW_MS = 901_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One bonus is paid; a synchronous request for another one was lost on its way, 899 seconds ago."""
    made = World(tmp_path, desired=[bonus("w0", "1.00")], settings=settings(mode="sync"))
    made.refresh()
    made.clock.advance(WINDOW_MS)
    assert made.apply().exit_code == 0
    made.desired += [bonus("w1", "1.00")]
    made.strike(Fault(name="cut_before", user="w1"))
    assert left(made.apply(wait_s=0)) == {"c/w1": "in_doubt"}
    with made.looking() as ledger:
        (operation,) = ledger.open_operations(1)
    made.clock.advance(operation.sends[-1].at_ms + 899_000 - made.clock.now_ms())
    # The scan is the first reading of the list; the one after it succeeds at the third try, when the window is over.
    made.strike(Fault(name="error_before", on="bonuses", nth=(2, 3), status=503))
    yield made
    made.close()


def test_a_run_that_may_wait_reads_the_list_once_more_and_pays(world: World) -> None:
    report = world.apply(wait_s=10)
    assert (report.exit_code, left(report)) == (0, {})
    assert [recipient for _, recipient, _ in world.paid()] == ["w0", "w1"]


def test_a_run_that_may_not_wait_says_when_to_come_back(world: World) -> None:
    report = world.apply(wait_s=0)
    assert left(report) == {"c/w1": "in_doubt"}
    (wait,) = report.waits
    assert wait.text == "toloka: an outcome is proved at the earliest in 1 s"
    assert wait.until_ms is not None
    assert world.apply(wait_s=0).exit_code == 0


@pytest.mark.parametrize(
    ("since_ms", "patience_ms", "soon_ms"), [(-500, 5_000, 100), (-500, 50, None), (700, 5_000, 700)]
)
def test_a_wait_that_is_over_by_now_is_no_reason_to_end(since_ms: int, patience_ms: int, soon_ms: int | None) -> None:
    """It was not over yet when it was looked at, and what was looked at after it took longer than that."""
    session = Session.__new__(Session)
    session._clock = clock = SimClock()
    wait = Wait(provider="toloka", why=Left.IN_DOUBT, text="", until_ms=clock.now_ms() + since_ms)
    assert session._soon([wait], clock.boottime_ms() + patience_ms) == soon_ms
