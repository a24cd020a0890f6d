"""Folders in memory where there are any: thousands of worlds are made here, and the disk is not their subject."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

IN_MEMORY = Path("/dev/shm")


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """The test's own folder, gone with it."""
    if not IN_MEMORY.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="bonusctl-test-", dir=IN_MEMORY) as folder:
        yield Path(folder)
