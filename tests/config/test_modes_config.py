"""Modes and batch sizes that a config may state, at their limits."""

from pathlib import Path

import pytest

from reconcile.config import load_config
from reconcile.diagnostics import Diagnostics

CONFIG = """\
version: 1
providers:
  toloka:
    type: toloka
    environment: sandbox
    mode: {mode}
    batch_size: {size}
"""


@pytest.mark.parametrize(("mode", "size"), [("async", 1), ("async", 1000), ("sync", 1), ("sync", 100)])
def test_a_mode_takes_batches_up_to_its_limit(tmp_path: Path, mode: str, size: int) -> None:
    path = tmp_path / "bonusctl.yaml"
    path.write_text(CONFIG.format(mode=mode, size=size))
    settings = load_config(path, Diagnostics(), {})
    assert settings is not None
    assert (settings.providers[0].mode, settings.providers[0].batch_size) == (mode, size)
