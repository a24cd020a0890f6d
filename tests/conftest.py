"""A figure for each suite at the end of a run."""

from collections import Counter
from typing import Final

import pytest

OUTCOMES: Final = {"passed": "passed", "failed": "failed", "error": "failed", "skipped": "not run"}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Passed, failed, not run and seconds by the first folder below `tests/`. What was skipped never counts as passed."""
    tallies: dict[str, Counter[str]] = {}
    milliseconds: Counter[str] = Counter()
    for outcome, word in OUTCOMES.items():
        for report in terminalreporter.stats.get(outcome, []):
            suite = report.nodeid.split("/")[1] if "/" in report.nodeid else "-"
            tallies.setdefault(suite, Counter())[word] += 1
            # A file that could not even be read has no duration.
            milliseconds[suite] += round(getattr(report, "duration", 0) * 1000)
    if sum(tally.total() for tally in tallies.values()) < 2:
        return
    terminalreporter.section("suites")
    for suite, tally in sorted(tallies.items()):
        skipped = f" {tally['not run']:>4} not run" if tally["not run"] else ""
        seconds = milliseconds[suite] / 1000
        terminalreporter.line(
            f"{suite:<12} {tally['passed']:>6} passed {tally['failed']:>4} failed {seconds:>8.1f} s{skipped}"
        )
