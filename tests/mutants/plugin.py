"""The pytest side of a planted mutant: how many tests ran, which failed first, and that the mutant was ever called."""

from typing import NamedTuple

import pytest

from tests.mutants.switching import Switch


class Seen(NamedTuple):
    """What a session saw: tests that ended, the first that failed ("" for none), and its error in a line."""

    ran: int
    failed: str
    error: str


class Watching:
    """A plugin for one session. `calls` after the first failure tells whether the mutant was active by then."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self.seen = Seen(0, "", "")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count, and keep the first failure."""
        ended = report.when == "call" or (report.failed and report.when == "setup")
        failed, error = self.seen.failed, self.seen.error
        if report.failed and not failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            failed, error = report.nodeid, str(getattr(crash, "message", report.longrepr)).splitlines()[0][:200]
        self.seen = Seen(self.seen.ran + ended, failed, error)
