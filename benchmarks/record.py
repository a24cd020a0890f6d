"""What a run of benchmarks keeps: processes with their figures, ratios with their limits, as JSON beside this file.

Each benchmark has an entry of its own, with the commit, day, machine and versions that it was measured with: one run
again replaces its own entry and no other. The page is rendered from this and from nothing else.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FORMAT_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One process: medians over the rounds. `rate` is items a second, `unit` what an item is. `not_run`: why there
    are no figures, "" where there are.
    """

    name: str
    command: str = ""
    cpu_s: float | None = None
    wall_s: float | None = None
    mb: float | None = None
    rate: float | None = None
    unit: str = ""
    not_run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A ratio or figure and its limit. `sense`: ≤, ≥ or =, "" where no limit is set. `value` None: not run."""

    what: str
    against: str
    value: float | None
    sense: str = ""
    limit: float | None = None
    unit: str = ""
    note: str = ""

    @property
    def verdict(self) -> str:
        """reached, missed, not run, or "" without a limit."""
        if self.value is None:
            return "not run"
        if not self.sense or self.limit is None:
            return ""
        kept = {"≤": self.value <= self.limit, "≥": self.value >= self.limit, "=": self.value == self.limit}
        return "reached" if kept[self.sense] else "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One size of a series that grows: microseconds of CPU an item, and the process's peak megabytes."""

    series: str
    items: int
    cpu_us: float
    mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A benchmark as it was last run. `machine` and `versions`: name → text."""

    title: str
    text: str
    commit: str
    day: str
    rounds: int
    seconds: int
    machine: dict[str, str]
    versions: dict[str, str]
    rows: tuple[Row, ...]
    claims: tuple[Claim, ...]
    points: tuple[Point, ...] = ()


def read_record(path: Path) -> dict[str, Entry]:
    """The entries by benchmark, {} where nothing is recorded yet."""
    if not path.exists():
        return {}
    document = json.loads(path.read_text("utf-8"))
    assert document["format_version"] == FORMAT_VERSION, path
    return {name: _entry(value) for name, value in document["entries"].items()}


def write_record(path: Path, entries: dict[str, Entry]) -> None:
    """Write all entries."""
    document = {
        "format_version": FORMAT_VERSION,
        "entries": {name: dataclasses.asdict(entry) for name, entry in entries.items()},
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _entry(value: dict[str, Any]) -> Entry:
    parts = {
        "rows": tuple(Row(**row) for row in value["rows"]),
        "claims": tuple(Claim(**claim) for claim in value["claims"]),
        "points": tuple(Point(**point) for point in value["points"]),
    }
    return Entry(**{**value, **parts})
