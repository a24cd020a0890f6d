"""What tests played, counted: cases, payments, deaths. One way for every suite.

A test takes the fixture `tell` and hands it counts by name. They are added up over the cases of a test (a name that
begins with "most" keeps the largest), shown at the end of a run, and written into the folder that BONUSCTL_FIGURES names,
a JSON file for each suite. docs/reliability.md is made from such files.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

Figures = Mapping[str, int]
Tell = Callable[[Figures], None]
PROPERTY: Final = "figures"
"""The property of a test's report that carries its counts, also from another process."""
KINDS: Final = "kind: "
"""Counts of single kinds of faults: kept, too many to be shown."""


def add(total: dict[str, int], more: Figures) -> None:
    """Add counts to a total."""
    for name, number in more.items():
        before = total.get(name, 0)
        total[name] = max(before, number) if name.startswith("most ") else before + number


@dataclass(slots=True)
class Tally:
    """What one test function came to, over all of its cases."""

    passed: int = 0
    failed: int = 0
    not_run: int = 0
    milliseconds: int = 0
    figures: dict[str, int] = field(default_factory=dict)

    def take(self, other: "Tally") -> None:
        """Add another's."""
        self.passed += other.passed
        self.failed += other.failed
        self.not_run += other.not_run
        self.milliseconds += other.milliseconds
        add(self.figures, other.figures)

    @property
    def cases(self) -> int:
        return self.passed + self.failed + self.not_run


Tallies = dict[str, Tally]
"""By test function: `tests/sim/test_found.py::test_it`."""


def suite_of(test: str) -> str:
    """The folder below `tests/` that a test stands in."""
    return test.split("/")[1] if "/" in test else "-"


def write(tallies: Tallies, folder: Path) -> None:
    """A file for each suite."""
    folder.mkdir(parents=True, exist_ok=True)
    for suite in sorted({suite_of(test) for test in tallies}):
        rows = {
            test: {
                "passed": tally.passed,
                "failed": tally.failed,
                "not_run": tally.not_run,
                "milliseconds": tally.milliseconds,
                "figures": dict(sorted(tally.figures.items())),
            }
            for test, tally in sorted(tallies.items())
            if suite_of(test) == suite
        }
        (folder / f"{suite}.json").write_text(json.dumps(rows, indent=1) + "\n")


def read(folder: Path) -> Tallies:
    """What `write` wrote."""
    tallies: Tallies = {}
    for path in sorted(folder.glob("*.json")):
        tallies |= {test: Tally(**row) for test, row in json.loads(path.read_text()).items()}
    return tallies
