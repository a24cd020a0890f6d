"""A figure for each suite at the end of a run."""

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Passed, failed and seconds by the first folder below `tests/`."""
    passed: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    milliseconds: Counter[str] = Counter()
    for outcome, tally in (("passed", passed), ("failed", failed), ("error", failed)):
        for report in terminalreporter.stats.get(outcome, []):
            suite = report.nodeid.split("/")[1] if "/" in report.nodeid else "-"
            tally[suite] += 1
            milliseconds[suite] += round(report.duration * 1000)
    if len(passed) + len(failed) < 2:
        return
    terminalreporter.section("suites")
    for suite in sorted(passed.keys() | failed.keys()):
        seconds = milliseconds[suite] / 1000
        terminalreporter.line(f"{suite:<12} {passed[suite]:>6} passed {failed[suite]:>4} failed {seconds:>8.1f} s")
