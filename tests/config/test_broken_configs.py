"""Broken configs: each has the diagnostics beside it, as a person sees them, written by hand."""

from pathlib import Path

import pytest

from reconcile.config import load_config
from reconcile.diagnostics import Diagnostics
from reconcile.render.diagnostics import render_text

BROKEN = Path(__file__).parent / "broken"
CASES = sorted(path.stem for path in BROKEN.glob("*.yaml"))


@pytest.mark.parametrize("case", CASES)
def test_a_broken_config_is_explained(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong, where, why it matters and what to do: the whole text is as expected, and there are no settings."""
    monkeypatch.chdir(BROKEN)
    diagnostics = Diagnostics()
    assert load_config(Path(f"{case}.yaml"), diagnostics, {}) is None
    assert render_text(diagnostics, color=False) == (BROKEN / f"{case}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_a_secret_is_never_repeated(case: str) -> None:
    """Whatever else is said of a config, no token, key or password of it is."""
    said = (BROKEN / f"{case}.txt").read_text(encoding="utf-8")
    for secret in ("not-shown", "abcdefghijklmnopqrstuvw", "AQAAAAAb", "AKIAIOSFODNN7EXAMPLE"):
        assert secret not in said
