"""Plays histories, and makes of one that failed the shortest one that still does."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from tests.sim.chooser import Choice, Chooser, Merged, RandomChooser, Script, Walk
from tests.sim.history import History, Shape, swarm

Make = Callable[[Chooser], History]


class Failure(NamedTuple):
    """A history that failed: its story, what was wrong, the choices it takes, and how many of them are bad."""

    story: tuple[str, ...]
    error: Exception
    choices: tuple[Choice, ...]
    bad: int


class Figures(Counter[str]):
    """What was played: histories, steps, crashes, faults, and each kind of fault by its words."""

    def add(self, history: History, *, merged: bool) -> None:
        """One more history, or (`merged`) the beginning of some whose rest was played."""
        self["worlds met again" if merged else "histories"] += 1
        self["steps"] += history.watch.steps
        for words, times in history.struck.items():
            self["crashes" if words.startswith("dies") else "faults and events"] += times
            self[f"kind: {words}"] += times


def play(make: Make, chooser: Chooser, figures: Figures | None = None) -> Failure | None:
    """One history; what went wrong in it."""
    history, merged = make(chooser), False
    try:
        history.play()
    except Merged:
        merged = True
    except Exception as error:  # noqa: BLE001 (whatever the code raised is a finding)
        return Failure(tuple(history.story), error, tuple(chooser.made), chooser.bad)
    finally:
        if figures is not None:
            figures.add(history, merged=merged)
    return None


def shrink(make: Make, found: Failure, *, details: bool = True) -> Failure:
    """The same failure with every choice left away that it does not need. `details`: as the chooser had it."""
    smaller = True
    while smaller:
        smaller = False
        for number in reversed(range(len(found.choices))):
            rest = found.choices[:number] + found.choices[number + 1 :]
            failure = play(make, Script(rest, details=details))
            if failure is not None and len(failure.choices) < len(found.choices):
                found, smaller = failure, True
                break
    return found


def fail(make: Make, found: Failure, command: str, *, details: bool = True) -> None:
    """Raise what went wrong, with the shortest story that shows it and how to play it again."""
    least = shrink(make, found, details=details)
    script = ";".join("|".join(map(str, choice)) for choice in least.choices)
    story = "\n  ".join(least.story)
    least.error.add_note(
        f"{least.bad} bad choices:\n  {story}\nagain: {command}\nor: BONUSCTL_SCRIPT='{script}' {command}"
    )
    raise least.error


def script_of(text: str) -> list[Choice]:
    """The choices that `fail` wrote down."""
    rows = (row.split("|") for row in text.split(";") if row)
    return [Choice(run, about, int(nth), int(option)) for run, about, nth, option in rows]


def play_seeds(seeds: Iterable[int], folder: Path) -> Figures:
    """The histories of these seeds. Raises what the first that fails raised, shrunk."""
    figures = Figures()
    written = os.environ.get("BONUSCTL_SCRIPT")
    for seed in seeds:

        def make(chooser: Chooser, seed: int = seed) -> History:
            return swarm(chooser, seed, folder)

        chooser = Script(script_of(written)) if written is not None else RandomChooser(seed)
        found = play(make, chooser, figures)
        if found is not None:
            fail(make, found, f"BONUSCTL_SEED={seed} pytest tests/sim/test_random_histories.py")
    return figures


def play_every(
    shape: Shape, budget: int, folder: Path, *, block: int, blocks: int, most: int, merging: bool = True
) -> Figures:
    """One part of all histories with at most `budget` bad choices, at most `most` of them. `merging`: what follows a world
    is played once, however often histories come to it (`tests/sim/worlds.py`).
    """
    figures = Figures()
    written = os.environ.get("BONUSCTL_SCRIPT")

    def make(chooser: Chooser) -> History:
        return History(chooser, shape, folder)

    choosers: Iterable[Chooser] = Walk(budget, block=block, blocks=blocks, merging=merging)
    if written is not None:
        choosers = [Script(script_of(written), details=False)]
    for chooser in choosers:
        found = play(make, chooser, figures)
        if found is not None:
            fail(make, found, "pytest tests/sim/test_every_history.py", details=False)
        if figures["histories"] + figures["worlds met again"] >= most:
            figures["blocks cut short"] += 1
            break
    return figures
