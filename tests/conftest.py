"""A figure for each suite at the end of a run, and parts of a run."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.support.figures import KINDS, PROPERTY, Figures, Tallies, Tally, Tell, suite_of, write

OUTCOMES: Final = ("passed", "failed", "error", "skipped")
FOLDER: Final = pytest.StashKey[str]()
IN_MEMORY: Final = Path("/dev/shm")

# Thousands of states are made here, and the disk is not their subject: in memory a sync costs nothing. What is, is told by
# strace (tests/kill), and PYTEST_DEBUG_TEMPROOT names another place.
if os.access(IN_MEMORY, os.W_OK):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Says what a test played: counts by name."""

    def one(figures: Figures) -> None:
        record_property(PROPERTY, dict(figures))

    return one


def pytest_configure(config: pytest.Config) -> None:
    """Processes that a test starts do not write figures of their own over those of the run."""
    config.stash[FOLDER] = os.environ.pop("BONUSCTL_FIGURES", "")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """BONUSCTL_PART=3/20 runs every twentieth test, from the third on: twenty such runs are the whole."""
    part, _, parts = os.environ.get("BONUSCTL_PART", "1/1").partition("/")
    taken = set(items[int(part) - 1 :: int(parts)])
    config.hook.pytest_deselected(items=[item for item in items if item not in taken])
    items[:] = [item for item in items if item in taken]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Passed, failed, not run and seconds by the first folder below `tests/`. What was skipped never counts as passed."""
    tallies = _tallies(terminalreporter)
    if config.stash[FOLDER]:
        write(tallies, Path(config.stash[FOLDER]))
    suites: Tallies = {}
    for test, tally in tallies.items():
        suites.setdefault(suite_of(test), Tally()).take(tally)
    if sum(tally.cases for tally in suites.values()) < 2:
        return
    terminalreporter.section("suites")
    for suite, tally in sorted(suites.items()):
        skipped = f" {tally.not_run:>4} not run" if tally.not_run else ""
        seconds = tally.milliseconds / 1000
        terminalreporter.line(
            f"{suite:<12} {tally.passed:>6} passed {tally.failed:>4} failed {seconds:>8.1f} s{skipped}"
        )
        shown = [f"{number:,} {name}" for name, number in tally.figures.items() if not name.startswith(KINDS)]
        if shown:
            terminalreporter.line(f"{'':<12} " + ", ".join(shown))


def _tallies(terminalreporter: pytest.TerminalReporter) -> Tallies:
    """By test function."""
    tallies: Tallies = {}
    for outcome in OUTCOMES:
        for report in terminalreporter.stats.get(outcome, []):
            # A file that could not even be read has no duration.
            duration = round(getattr(report, "duration", 0) * 1000)
            one = Tally(
                passed=int(outcome == "passed"),
                failed=int(outcome in ("failed", "error")),
                not_run=int(outcome == "skipped"),
                milliseconds=duration,
            )
            for name, value in getattr(report, "user_properties", ()):
                if name == PROPERTY:
                    one.take(Tally(figures=dict(value)))
            tallies.setdefault(report.nodeid.partition("[")[0], Tally()).take(one)
    return tallies
