"""Stories that histories found, each a mistake then and mended since. They are told by name, so that a new row in a menu
changes none of them.
"""

from pathlib import Path

import pytest

from reconcile.emulator.orders import Kind as Request
from tests.sim.chooser import Choice, Script
from tests.sim.events import EVENTS
from tests.sim.history import History, Shape
from tests.sim.kinds import SYNC, SYNC_BATCHES, Kind
from tests.sim.menus import troubles

READ_LAGS = [trouble.words for trouble in troubles(Request.BONUSES, core=False)].index("lags five minutes behind")


def between(run: int, words: str) -> Choice:
    """Something happens after this run."""
    return Choice(f"run {run}", "between", 1, 1 + [event.words for event in EVENTS].index(words))


def send(run: int, nth: int, words: str) -> Choice:
    """Something happens to the nth payment's request of this run."""
    menu = [trouble.words for trouble in troubles(Request.SEND, core=False)]
    return Choice(f"run {run}", "request send", nth, 1 + menu.index(words))


def test_a_renamed_bonus_is_not_paid_again_by_a_new_state_whose_list_lags(tmp_path: Path) -> None:
    """What was paid under the former name has another id, which refuses nothing."""
    choices = [
        between(1, "w1 gets a key, with formerly"),
        between(2, "the state is lost"),
        Choice("run 3", "request bonuses", 1, 1 + READ_LAGS),
    ]
    history = History(Script(choices, details=False), Shape(rounds=3), tmp_path)
    history.play()
    assert "  request bonuses: lags five minutes behind" in history.story
    assert [len(made) for made in history.provider.truth.made.values()] == [1, 1]


@pytest.mark.parametrize("kind", [SYNC, SYNC_BATCHES], ids=lambda kind: kind.name)
@pytest.mark.parametrize("carried", ["the state is lost", "an older state is restored"])
def test_a_wall_clock_that_jumps_ahead_does_not_open_the_gate(tmp_path: Path, kind: Kind, carried: str) -> None:
    """A first payment's request is under way, its state is gone, and the clock says that hours have passed."""
    choices = [
        send(1, 1, "it is carried out ten minutes later"),
        between(1, carried),
        between(2, "the clock goes ahead three hours"),
    ]
    history = History(Script(choices, details=False), Shape(kind=kind, rounds=3), tmp_path)
    history.play()
    assert "the clock goes ahead three hours" in history.story
    assert [len(made) for made in history.provider.truth.made.values()] == [1, 1]
