"""How a run that broke off stands in the journal: with its end, unless it is the state itself that broke."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from reconcile.errors import (
    BonusctlError,
    EventRefused,
    Interrupted,
    StateCorrupt,
    StateError,
    StateFenced,
    StateLocked,
    StateWriteFailed,
)
from reconcile.protocol.engine import Unrecorded
from reconcile.protocol.importing import run_import
from reconcile.state.events import Event, ImportedPayment, RunEnded
from tests.protocol.steps import three_more
from tests.support.points import CrashingLedger, Points
from tests.support.world import World, bonus

STATE_ERRORS = [StateCorrupt, StateError, StateFenced, StateLocked, StateWriteFailed]


class RefusingLedger(CrashingLedger):
    """Raises once, in the place of a commit (`at`, from 1), and would take any other. `commits` counts them."""

    at = 0
    error: Callable[[str], StateError] = EventRefused
    commits = 0

    def commit(self, events: Sequence[Event]) -> None:
        RefusingLedger.commits += 1
        if RefusingLedger.commits == RefusingLedger.at:
            raise RefusingLedger.error("made up")
        super().commit(events)


class EndlessLedger(CrashingLedger):
    """Refuses every end of a run, each with its number."""

    ends = 0

    def commit(self, events: Sequence[Event]) -> None:
        if any(isinstance(event, RunEnded) for event in events):
            self.ends += 1
            raise EventRefused(f"end {self.ends}")
        super().commit(events)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = three_more(World(tmp_path))
    yield made
    made.make_ledger = CrashingLedger
    made.close()


def breaking(world: World, at: int, error: type[StateError]) -> None:
    RefusingLedger.at, RefusingLedger.error, RefusingLedger.commits = at, error, 0
    world.make_ledger = RefusingLedger


def newest_end(world: World) -> str | None:
    """How the newest run ended; None where it stands as cut off."""
    world.make_ledger = CrashingLedger
    with world.looking() as ledger:
        (run,) = ledger.runs(1)
        return None if run.ended_ms is None else run.outcome


def commits_of_an_apply(folder: Path) -> int:
    """How many commits the same apply makes where nothing goes wrong."""
    folder.mkdir()
    world = World(folder, desired=[bonus("w0", "1.00")])
    world.apply()
    world.desired += [bonus("w1", "1.00"), bonus("w2", "2.00"), bonus("w3", "3.00")]
    breaking(world, 0, EventRefused)
    assert world.apply().exit_code == 0
    world.close()
    return RefusingLedger.commits


def test_an_apply_ends_in_the_journal_whichever_commit_was_refused(tmp_path: Path) -> None:
    """Every commit after the first in turn, those among them that the loop of sends makes; the next apply pays the rest,
    and nobody twice.
    """
    total = commits_of_an_apply(tmp_path / "counted")
    assert total > 8
    kinds = set()
    for number in range(2, total + 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = World(folder, desired=[bonus("w0", "1.00")])
        world.apply()
        world.desired += [bonus("w1", "1.00"), bonus("w2", "2.00"), bonus("w3", "3.00")]
        breaking(world, number, EventRefused)
        with pytest.raises(StateError) as caught:
            world.apply()
        kinds.add(type(caught.value))
        assert (caught.value.reason, caught.value.summary) == ("event_refused", "made up")
        assert newest_end(world) == "failed"
        assert world.apply().exit_code == 0
        assert sorted(recipient for _, recipient, _ in world.paid()) == ["w0", "w1", "w2", "w3"]
        world.close()
    assert kinds == {EventRefused, Unrecorded}


@pytest.mark.parametrize("error", STATE_ERRORS)
@pytest.mark.parametrize("at", [2, 6])
def test_after_any_other_error_of_the_state_nothing_is_written(world: World, at: int, error: type[StateError]) -> None:
    """The ledger here would take the end: it is not tried."""
    breaking(world, at, error)
    with pytest.raises(StateError):
        world.apply()
    assert RefusingLedger.commits == at
    assert newest_end(world) is None


def test_a_refresh_ends_in_the_journal_after_a_refused_event(world: World) -> None:
    breaking(world, 2, EventRefused)
    with pytest.raises(EventRefused):
        world.refresh()
    assert newest_end(world) == "failed"


def test_a_refused_end_is_told_as_it_was_first_refused(world: World) -> None:
    """The end of the broken run is refused as well: the run stands as cut off, and the first error is raised."""
    world.make_ledger = EndlessLedger
    with pytest.raises(EventRefused, match="end 1"):
        world.apply()
    assert newest_end(world) is None


class _Breaking:
    """An import in which somebody's choice breaks off."""

    origin = "the provider's list"

    def __init__(self, error: BonusctlError) -> None:
        self._error = error

    def sought(self, reader: object) -> tuple[()]:
        return ()

    def choose(self, reader: object, record: object, found: object) -> tuple[ImportedPayment, ...]:
        raise self._error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (EventRefused("made up"), "failed"),
        (Interrupted("made up"), "interrupted"),
        (StateCorrupt("made up"), None),
        (StateWriteFailed("made up"), None),
    ],
)
def test_an_import_that_broke_off_ends_as_an_apply_does(
    world: World, error: BonusctlError, outcome: str | None
) -> None:
    with (
        pytest.raises(type(error), match="made up"),
        world.opened(Points(), 2, "import", {}) as (ports, access, run),
    ):
        run_import(ports, access, access.settings, _Breaking(error), run, project="", since_ms=0)
    assert newest_end(world) == outcome
