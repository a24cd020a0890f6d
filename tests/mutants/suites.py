"""The suites that mutants are run against, each until the first failure or its limit."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from tests.mutants.driver import Plant, Verdict, against_histories, against_tests
from tests.mutants.registry import RANDOM
from tests.sim.chooser import Chooser, RandomChooser, Walk
from tests.sim.history import History, Shape, swarm
from tests.sim.kinds import BATCHES, SINGLES, SYNC, SYNC_BATCHES
from tests.sim.playing import Make, play


class Suite(NamedTuple):
    """A suite: its name, what it counts, and how it is run within so many seconds."""

    name: str
    counts: str
    run: Callable[[Sequence[Plant], int], Verdict]


PROTOCOL: Final = ("tests/protocol", "tests/plan/test_planner.py", "tests/plan/test_approval.py")
BORDERS: Final = ("tests/state", "tests/providers/test_http_wire.py", "tests/providers/test_toloka_outcomes.py",
                  "tests/providers/test_toloka_reads.py", "tests/emulator/test_toloka_send.py")  # fmt: skip
KILLER_HISTORIES: Final = 300
CRASHES: Final = ("tests/crash/test_crash_points.py",)


def _tests(*paths: str) -> Callable[[Sequence[Plant], int], Verdict]:
    return lambda plants, seconds: against_tests(plants, paths, seconds)


def _every() -> Iterator[tuple[str, Make, Chooser]]:
    """Every history with at most one bad choice, of the kinds in turn."""
    walks = [(kind, iter(Walk(1))) for kind in (SINGLES, BATCHES, SYNC, SYNC_BATCHES)]
    while walks:
        for pair in list(walks):
            kind, walk = pair
            chooser = next(walk, None)
            if chooser is None:
                walks.remove(pair)
                continue
            yield f"{kind.name}", lambda one, folder, kind=kind: History(one, Shape(kind=kind), folder), chooser  # type: ignore[misc]


def _random() -> Iterator[tuple[str, Make, Chooser]]:
    for seed in range(100_000):
        yield f"seed {seed}", lambda one, folder, seed=seed: swarm(one, seed, folder), RandomChooser(seed)  # type: ignore[misc]


def _histories(
    all_of_them: Callable[[], Iterator[tuple[str, Make, Chooser]]], most: int
) -> Callable[[Sequence[Plant], int], Verdict]:
    def run(plants: Sequence[Plant], seconds: int) -> Verdict:
        until = time.monotonic() + seconds - 5

        def played(folder: Path) -> tuple[int, str, str]:
            ran = 0
            for name, make, chooser in islice(all_of_them(), most):
                ran += 1
                found = play(lambda one, make=make: make(one, folder), chooser)  # type: ignore[misc]
                if found is not None:
                    return ran, name, f"{type(found.error).__name__}: {found.error}".splitlines()[0][:200]
                if time.monotonic() > until:
                    break
            return ran, "", ""

        return against_histories(plants, played, seconds)

    return run


SUITES: Final = (
    Suite("protocol", "tests", _tests(*PROTOCOL)),
    Suite("state and wire", "tests", _tests(*BORDERS)),
    Suite("crash points", "tests", _tests(*CRASHES)),
    Suite("one bad choice", "histories", _histories(_every, 2_000)),
    Suite("random", "histories", _histories(_random, 2_000)),
)


def against_killer(plants: Sequence[Plant], killer: str, seconds: int) -> Verdict:
    """The one test that a mutant is known to be noticed by, or the first few hundred histories."""
    run = _histories(_random, KILLER_HISTORIES) if killer == RANDOM else _tests(killer)
    return run(plants, seconds)
