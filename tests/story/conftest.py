"""A provider, a GitHub and a team for each story."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.story.team import Team
from tests.support.emulator import EmulatorProcess
from tests.support.github import Server, github

Found: TypeAlias = Callable[..., Team]


@pytest.fixture
def server() -> Iterator[Server]:
    with github() as running:
        yield running


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[EmulatorProcess]:
    with EmulatorProcess(tmp_path / "provider.db", {"start-ms": 0, "run-ms": 0}) as running:
        yield running


@pytest.fixture
def found(tmp_path: Path, server: Server, emulator: EmulatorProcess) -> Found:
    """Founds a team; `provider`: more lines of the config."""

    def make(provider: str = "settle_window: 1") -> Team:
        return Team(tmp_path, server, emulator, provider)

    return make


@pytest.fixture
def team(found: Found) -> Team:
    return found()
