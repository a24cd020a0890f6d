"""What every benchmark is given: how many rounds, how large, where things lie; and the shapes of what it yields."""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from benchmarks.measuring import Case, Figure, Figures, NotRun, cpu, measure, median, memory, ratio
from benchmarks.record import Claim, Point, Row

ROOT: Final = Path(__file__).resolve().parents[1]
YARDSTICKS: Final = Path(__file__).resolve().parent / "yardsticks"
OURS: Final = (sys.executable, "-m", "reconcile")

Finding: TypeAlias = Row | Claim | Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The bench: `scale` makes every size smaller for a quick look, `asked_rounds` 0 leaves each its own number.

    `kept` is the folder of what was built before, `scratch` one that is emptied at the end, `caches` another outside of
    every project, as a user's own is. `peers` and `kit` are the
    interpreters of the environments with the peers and with toloka-kit, which may not exist.
    """

    scale: float
    asked_rounds: int
    kept: Path
    scratch: Path
    caches: Path
    peers: Path
    kit: Path

    def size(self, items: int) -> int:
        """So many items, or fewer by the scale."""
        return max(10, int(items * self.scale))

    def rounds(self, usual: int) -> int:
        """How often each contender is played."""
        return self.asked_rounds or usual


class Benchmark(NamedTuple):
    """One benchmark: what it is called, what it says of itself, and what yields its findings."""

    name: str
    title: str
    text: str
    run: Callable[[Bench], Iterator[Finding]]
    rounds: int


def process(name: str, command: Sequence[str], *, folder: Path, shown: str = "", codes: Sequence[int] = (0,)) -> Case:
    """A case that is one command."""
    environ = {"TOLOKA_TOKEN": "any"}
    return Case(name, shown, lambda: measure(command, folder=folder, environ=environ, codes=codes))


def yardstick(name: str, script: str, *arguments: str, folder: Path, python: Path | None = None) -> Case:
    """A bare process: a script of the yardsticks, with this Python or another."""
    command = [str(python or sys.executable), str(YARDSTICKS / script), *arguments]
    return process(name, command, folder=folder, shown=f"python yardsticks/{script} …")


def lacking(python: Path, package: str) -> str:
    """Why a package of another environment cannot be used, "" where it can."""
    if any(python.parents[1].glob(f"lib/python*/site-packages/{package}")):
        return ""
    return f"{package} could not be installed into {python.parents[1].name}"


def ours(name: str, *arguments: str, folder: Path, codes: Sequence[int] = (0,)) -> Case:
    """A command of bonusctl's in a project."""
    return process(name, [*OURS, *arguments], folder=folder, shown=f"bonusctl {' '.join(arguments)}", codes=codes)


def uncached(bench: Bench, name: str, *arguments: str, folder: Path) -> Case:
    """A plan that finds nothing kept from an earlier one: each time with an empty folder for caches."""

    def play() -> Figure:
        with tempfile.TemporaryDirectory(dir=bench.caches) as cache:
            return _with_cache(Path(cache), arguments, folder)

    return Case(name, f"bonusctl {' '.join(arguments)}", play)


def cached(bench: Bench, name: str, *arguments: str, folder: Path) -> Case:
    """A plan that may use what an earlier one of this run kept."""
    return Case(name, f"bonusctl {' '.join(arguments)}", lambda: _with_cache(bench.caches, arguments, folder))


def _with_cache(cache: Path, arguments: Sequence[str], folder: Path) -> Figure:
    return measure([*OURS, *arguments], folder=folder, environ={"XDG_CACHE_HOME": str(cache)})


def playable(cases: Iterable[Case | NotRun]) -> list[Case]:
    """Those that can be run here."""
    return [case for case in cases if isinstance(case, Case)]


def rows(
    cases: Iterable[Case | NotRun], figures: Figures, *, of: Callable[[Figure], float] | None = None, unit: str = ""
) -> Iterator[Row]:
    """A row for each contender, also for those that could not be run. `of`: the rate to show, in `unit`."""
    for case in cases:
        if isinstance(case, NotRun):
            yield Row(name=case.name, not_run=case.reason)
            continue
        mine = figures[case.name]
        yield Row(
            name=case.name,
            command=case.shown,
            cpu_s=median(mine, cpu),
            wall_s=median(mine, lambda figure: figure.wall_s),
            mb=median(mine, memory),
            rate=median(mine, of) if of else None,
            unit=unit if of else "",
        )


class Limit(NamedTuple):
    """≤, ≥ or = a number."""

    sense: str
    value: float


def compare(
    what: str,
    against: str,
    mine: Sequence[Figure],
    theirs: Sequence[Figure] | None,
    limit: Limit,
    *,
    part: Callable[[Figure], float] = cpu,
) -> Claim:
    """A ratio of two contenders held against its limit; not run where the other was not."""
    value = ratio(mine, theirs, part) if theirs else None
    return Claim(what=what, against=against, value=value, sense=limit.sense, limit=limit.value)


def below_mb(what: str, mine: Sequence[Figure], megabytes: float) -> Claim:
    """Peak memory held against its limit."""
    return Claim(what=what, against="peak memory", value=median(mine, memory), sense="≤", limit=megabytes, unit="MB")
