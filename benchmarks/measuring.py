"""Measuring whole processes: CPU seconds, wall seconds, peak memory; rounds that take turns; ratios of pairs.

This machine's speed changes from minute to minute. So no figure is held against another run's: contenders take
turns, in one order and then in the other, and a ratio is the median of the ratios of each round.
"""

import os
import select
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

LAUNCH: Final = str(Path(__file__).with_name("launch.py"))
LOOK_S: Final = 0.25
"""How often a process is looked at for children whose memory must be added to its own."""


class Figure(NamedTuple):
    """What one process cost. `mb` is its peak memory, with its children's where it had some. `items`: what it did in
    `paying_s` seconds by the server's clock, 0 where no server counted.
    """

    cpu_s: float
    wall_s: float
    mb: float
    items: int = 0
    paying_s: float = 0.0


class Case(NamedTuple):
    """One contender: its name, the command as a person would type it, and what plays it once."""

    name: str
    shown: str
    play: Callable[[], Figure]


class NotRun(NamedTuple):
    """A contender that cannot be had here, and why. It never counts as passed."""

    name: str
    reason: str


Figures: TypeAlias = Mapping[str, Sequence[Figure]]


class ProcessFailed(Exception):
    """A measured command ended otherwise than it should."""


def measure(
    command: Sequence[str], *, folder: Path, environ: Mapping[str, str] | None = None, codes: Sequence[int] = (0,)
) -> Figure:
    """Run a command to its end. Its output is thrown away. Raises ProcessFailed for an exit code not in `codes`."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as told, tempfile.TemporaryFile() as complaints:
        launcher = subprocess.Popen(
            [sys.executable, "-I", "-S", LAUNCH, str(writing), *command],
            cwd=folder,
            env={**_plain_environ(), **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            pass_fds=(writing,),
        )
        os.close(writing)
        with launcher:
            family_mb = _watch(launcher.pid, told.fileno())
            words = told.readline().split()
        complaints.seek(0)
        complaint = complaints.read().decode(errors="replace")
    if not words or int(words[0]) not in codes:
        raise ProcessFailed(f"{' '.join(command)}: exit {words[0] if words else '?'}: {complaint[-2000:]}")
    return Figure(float(words[1]), float(words[2]), max(int(words[3]) / 1024, family_mb))


def _plain_environ() -> dict[str, str]:
    """This environment without what changes how a Python starts, such as whether it may keep compiled modules."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") or name == "PYTHONPATH"}


def played(cases: Sequence[Case], rounds: int) -> dict[str, list[Figure]]:
    """Every case once a round, the order turned round each time."""
    figures: dict[str, list[Figure]] = {case.name: [] for case in cases}
    for number in range(rounds):
        for case in cases if number % 2 == 0 else reversed(cases):
            figures[case.name].append(case.play())
    return figures


def median(figures: Sequence[Figure], part: Callable[[Figure], float]) -> float:
    """The middle of a part of some figures."""
    return statistics.median(part(figure) for figure in figures)


def ratio(mine: Sequence[Figure], theirs: Sequence[Figure], part: Callable[[Figure], float]) -> float:
    """The median of the ratios of each round's pair."""
    return statistics.median(part(one) / part(other) for one, other in zip(mine, theirs, strict=True))


def cpu(figure: Figure) -> float:
    """CPU seconds, user and system."""
    return figure.cpu_s


def memory(figure: Figure) -> float:
    """Peak megabytes."""
    return figure.mb


def rate(figure: Figure) -> float:
    """Items a second of the whole process, from its start to its end."""
    return figure.items / figure.wall_s


def paying_rate(figure: Figure) -> float:
    """Items a second from the first request's arrival to the last's, by the server's clock."""
    return figure.items / figure.paying_s


# --- the memory of a family ------------------------------------------------------------------------------------------


def _watch(launcher: int, told: int) -> float:
    """The largest sum of memory, in megabytes, of the command and its children, 0 where it had none."""
    largest = 0.0
    while not select.select([told], [], [], LOOK_S)[0]:
        family = descendants(launcher)
        if len(family) > 1:
            largest = max(largest, sum(proportional_mb(process) for process in family))
    return largest


def descendants(ancestor: int) -> list[int]:
    """The processes that a process has started, and theirs, without itself."""
    parents = {int(path.name): _parent(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()}
    found = {ancestor}
    grew = True
    while grew:
        more = {process for process, parent in parents.items() if parent in found} - found
        found |= more
        grew = bool(more)
    return sorted(found - {ancestor})


def _parent(process: int) -> int:
    try:
        # The name stands in brackets and may hold anything: what follows the last bracket is state and parent.
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def proportional_mb(process: int) -> float:
    """A process's memory, in megabytes, pages that it shares divided among those who share them."""
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass  # it has ended since it was seen
    return 0.0
