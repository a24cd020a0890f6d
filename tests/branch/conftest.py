"""A remote for each test."""

from pathlib import Path

import pytest

from tests.branch.clones import Remote


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path)
