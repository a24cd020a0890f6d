"""The harness itself: it enumerates all there is, tells the same story again, and finds a rule that was switched off."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from reconcile.model import SendOutcome
from reconcile.protocol import observing, repeating, scan, sending, session
from reconcile.protocol.recovery import Step
from reconcile.protocol.track import Track
from reconcile.providers.base import SendAnswer
from tests.sim import provider
from tests.sim.chooser import Chooser, Merged, RandomChooser, Script, Walk
from tests.sim.history import History, Shape, swarm
from tests.sim.kinds import BATCHES, SINGLES, SYNC, Kind
from tests.sim.playing import Failure, play, play_every, script_of, shrink
from tests.sim.worlds import name_of


def three_coins(chooser: Chooser) -> str:
    """A history of three choices; the second has three options and exists only after a first that was harmless."""
    first = chooser.pick("first", 2)
    second = chooser.pick("second", 3) if not first else 0
    return f"{first}{second}{chooser.pick('third', 2)}"


def test_a_walk_visits_every_history_within_the_budget_once() -> None:
    assert [three_coins(chooser) for chooser in Walk(0)] == ["000"]
    assert sorted(three_coins(chooser) for chooser in Walk(1)) == ["000", "001", "010", "020", "100"]
    assert sorted(three_coins(chooser) for chooser in Walk(2)) == [
        "000", "001", "010", "011", "020", "021", "100", "101",
    ]  # fmt: skip


def test_the_blocks_of_a_walk_are_the_whole() -> None:
    """Only the harmless history stands in each block."""
    parts = [three_coins(chooser) for block in range(3) for chooser in Walk(2, block=block, blocks=3)]
    assert sorted(parts) == ["000"] * 3 + ["001", "010", "011", "020", "021", "100", "101"]


def test_places_are_free_and_all_visited() -> None:
    """A place belongs to the choice before it: it takes nothing of the budget."""

    def story(chooser: Chooser) -> str:
        return f"{chooser.pick('older', 2) and 1 + chooser.place('length', 3)}{chooser.pick('crash', 2)}"

    assert sorted(story(chooser) for chooser in Walk(1)) == ["00", "01", "10", "20", "30"]


def test_a_seed_tells_the_same_story_twice_and_its_script_tells_it_too(tmp_path: Path) -> None:
    for seed in range(30, 50):
        chooser = RandomChooser(seed)
        history = swarm(chooser, seed, tmp_path)
        history.play()
        again = swarm(RandomChooser(seed), seed, tmp_path)
        again.play()
        scripted = swarm(Script(chooser.made), seed, tmp_path)
        scripted.play()
        assert history.story == again.story == scripted.story
        assert history.watch.steps == scripted.watch.steps


def test_a_written_script_reads_back() -> None:
    assert script_of("run 1|request send|2|7;run 2|between|1|3") == [
        ("run 1", "request send", 2, 7),
        ("run 2", "between", 1, 3),
    ]


# --- worlds that two histories come to -------------------------------------------------------------------------------


def coins(chooser: Chooser) -> str:
    """Of four throws only the parity of their sum is left to be seen."""
    world = 0
    for throw in range(4):
        world = (world + chooser.pick("throw", 3)) % 2
        chooser.came_to(partial(bytes, [throw, world]))
    return f"{world}{chooser.pick('last', 2)}"


def test_a_merging_walk_comes_to_every_end_that_a_whole_walk_comes_to() -> None:
    def ends(walk: Walk) -> list[str]:
        found = []
        for chooser in walk:
            with suppress(Merged):
                found.append(coins(chooser))
        return found

    for budget, number in ((1, 10), (2, 42), (3, 98)):
        whole, merging = ends(Walk(budget)), ends(Walk(budget, merging=True))
        assert len(whole) == number
        assert set(merging) == set(whole)
        assert len(merging) < number


def last_worlds(folder: Path, monkeypatch: pytest.MonkeyPatch, *, merging: bool, block: int) -> set[bytes]:
    """How the worlds of all histories of a part of K = 2 stand after their quiet runs."""
    found: set[bytes] = set()
    finish = History._finish

    def finishing(self: History) -> None:
        finish(self)
        found.add(name_of(self))

    with monkeypatch.context() as patched:
        patched.setattr(History, "_finish", finishing)
        shape = Shape(kind=SINGLES, core=True, quiet=2)
        play_every(shape, 2, folder, block=block, blocks=PARTS, most=10**9, merging=merging)
    return found


PARTS = int(os.environ.get("BONUSCTL_MERGE_PARTS", "80"))


@pytest.mark.parametrize("block", [9, 41] if PARTS == 80 else range(PARTS))
def test_what_is_not_played_again_ends_in_no_other_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """Two parts of eighty, with and without merging: the same ends, to every row, event and millisecond. With
    BONUSCTL_MERGE_PARTS=8 all histories with two bad choices.
    """
    whole = last_worlds(tmp_path, monkeypatch, merging=False, block=block)
    assert last_worlds(tmp_path, monkeypatch, merging=True, block=block) == whole
    assert len(whole) > 20


@pytest.mark.parametrize("merging", [False, True])
def test_a_mistake_that_takes_two_bad_choices_is_found_with_and_without_merging(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, merging: bool
) -> None:
    monkeypatch.setattr(scan._Reader, "take", nobody_looks)
    """A scan that adopts nothing: no history with one bad choice shows it. Searched from the parts that begin between two
    runs.
    """
    shape = Shape(kind=SINGLES, core=True, quiet=2)
    histories = (one for block in range(68, 114) for one in Walk(2, block=block, blocks=114, merging=merging))
    tried = (play(lambda one: History(one, shape, tmp_path), chooser) for chooser in histories)
    found = next(failure for failure in tried if failure is not None)
    assert found.bad == 2


# --- rules switched off ----------------------------------------------------------------------------------------------


def always_again(*_: object, **__: object) -> Step:
    return Step.SEND_AGAIN


def absent_at_once(*_: object, **__: object) -> bool:
    return True


def open_gate(*_: object, **__: object) -> None:
    return None


def time_out_is_failure(self: sending.Sender, track: Track, answer: SendAnswer) -> None:
    """What is unknown counts as not executed."""
    if answer.outcome is SendOutcome.AMBIGUOUS:
        answer = replace(answer, outcome=SendOutcome.NOT_EXECUTED, status=400)
    ORIGINAL_TAKE(self, track, answer)


ORIGINAL_TAKE = sending.Sender.take


def nobody_looks(self: object, payments: object) -> None:
    """The list is read, and nothing in it counts."""


def always_once(self: object, request: object) -> bool:
    return True


class Mutant(NamedTuple):
    """A rule switched off: where, by what, and where histories look for it."""

    target: object
    name: str
    instead: Callable[..., object]
    kind: Kind
    within: int
    says: str | tuple[str, ...]


MUTANTS = {
    "what is open is always sent again": Mutant(
        repeating, "next_step", always_again, SINGLES, 200, "a quiet run broke off"
    ),
    "absence counts at once": Mutant(observing, "absence_counts", absent_at_once, SYNC, 400, "I5"),
    "no gate": Mutant(session, "pass_gate", open_gate, BATCHES, 400, "gate"),
    "a time-out is a failure": Mutant(sending.Sender, "take", time_out_is_failure, SINGLES, 200, "I5"),
    "a scan that adopts nothing": Mutant(scan._Reader, "take", nobody_looks, SINGLES, 400, ("I1", "I6")),
    "the wire delivers twice": Mutant(provider.TolokaProvider, "refuses_repetition", always_once, SYNC, 400, "I1"),
}


def first_failure(kind: Kind, within: int, folder: Path) -> tuple[int, Callable[[Chooser], History], Failure] | None:
    for seed in range(within):

        def make(chooser: Chooser) -> History:
            return History(chooser, Shape(kind=kind), folder)

        found = play(make, RandomChooser(seed))
        if found is not None:
            return seed, make, found
    return None


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_rule_switched_off_is_found_and_shrunk_to_three_bad_choices(
    tmp_path: Path, mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutant.target, mutant.name, mutant.instead)
    first = first_failure(mutant.kind, mutant.within, tmp_path)
    assert first is not None, "nothing was found"
    seed, make, found = first
    least = shrink(make, found)
    print(f"found after {seed + 1} histories: {least.error}\n" + "\n".join(least.story))
    assert str(least.error).startswith(mutant.says)
    assert least.bad <= 3
    # And the rule switched on again holds in this very history.
    monkeypatch.undo()
    assert play(make, Script(least.choices)) is None
