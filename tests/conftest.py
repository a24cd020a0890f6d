"""A figure for each suite at the end of a run."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

FIGURES: Final = "figures"
"""A property of a test: what it played, by name. Figures of a suite are added up."""
OUTCOMES: Final = {"passed": "passed", "failed": "failed", "error": "failed", "skipped": "not run"}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Passed, failed, not run and seconds by the first folder below `tests/`. What was skipped never counts as passed."""
    tallies: dict[str, Counter[str]] = {}
    milliseconds: Counter[str] = Counter()
    figures: dict[str, Counter[str]] = {}
    for outcome, word in OUTCOMES.items():
        for report in terminalreporter.stats.get(outcome, []):
            suite = report.nodeid.split("/")[1] if "/" in report.nodeid else "-"
            tallies.setdefault(suite, Counter())[word] += 1
            # A file that could not even be read has no duration.
            milliseconds[suite] += round(getattr(report, "duration", 0) * 1000)
            for name, value in getattr(report, "user_properties", ()):
                if name == FIGURES:
                    figures.setdefault(suite, Counter()).update(value)
    if sum(tally.total() for tally in tallies.values()) < 2:
        return
    terminalreporter.section("suites")
    for suite, tally in sorted(tallies.items()):
        skipped = f" {tally['not run']:>4} not run" if tally["not run"] else ""
        seconds = milliseconds[suite] / 1000
        terminalreporter.line(
            f"{suite:<12} {tally['passed']:>6} passed {tally['failed']:>4} failed {seconds:>8.1f} s{skipped}"
        )
        if suite in figures:
            shown = {name: number for name, number in figures[suite].items() if ":" not in name}
            terminalreporter.line(f"{'':<12} " + ", ".join(f"{number:,} {name}" for name, number in shown.items()))
    _write(figures)


def _write(figures: dict[str, Counter[str]]) -> None:
    """BONUSCTL_FIGURES names the file that keeps a run's figures, as JSON by suite."""
    path = os.environ.get("BONUSCTL_FIGURES")
    if path and figures:
        Path(path).write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
