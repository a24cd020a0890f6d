"""One launcher for all tests of a worker, and an emulator for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kill.launching import Launcher
from tests.support.emulator import EmulatorProcess

LATENCY_MS = 5


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    with Launcher() as started:
        yield started


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[EmulatorProcess]:
    with EmulatorProcess(tmp_path / "remote.db", {"latency-ms": LATENCY_MS, "daily-limit": 0}) as process:
        yield process
