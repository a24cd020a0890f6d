"""A project of the real command against a real emulator of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.emulator import EmulatorProcess
from tests.support.paying import Paying


@pytest.fixture
def paying(tmp_path: Path) -> Iterator[Paying]:
    with EmulatorProcess(tmp_path / "remote.db", {"start-ms": 0, "run-ms": 0}) as emulator:
        yield Paying(tmp_path / "project", emulator)
