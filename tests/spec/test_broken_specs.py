"""Broken specs and data files: each has the diagnostics beside it, as a person sees them, written by hand.

`broken/NAME.yaml` is the spec (its data files are in `broken/data/`), `broken/NAME.txt` what bonusctl says of it.
"""

from pathlib import Path

import pytest

from reconcile.diagnostics import Diagnostics
from reconcile.render.diagnostics import render_text
from reconcile.settings import ProviderSettings, Settings
from reconcile.spec.document import read_specs
from reconcile.spec.files import spec_files

BROKEN = Path(__file__).parent / "broken"
CASES = sorted(path.stem for path in BROKEN.glob("*.yaml"))


def settings() -> Settings:
    toloka = ProviderSettings(name="toloka", type="toloka", environment="sandbox")
    return Settings(
        path=BROKEN / "bonusctl.yaml",
        root=BROKEN,
        project="",
        specs=(".",),
        state="state.db",
        providers=(toloka,),
        policies=(),
    )


def test_there_are_at_least_eighty_cases() -> None:
    """The corpus is large."""
    assert len(CASES) >= 80


@pytest.mark.parametrize("case", CASES)
def test_a_broken_spec_is_explained(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong, where, why it matters and what to do: the whole text is as expected."""
    monkeypatch.chdir(BROKEN)
    diagnostics = Diagnostics()
    for desired in read_specs(settings(), spec_files(settings(), [f"{case}.yaml"]), diagnostics):
        desired.texts()
    assert render_text(diagnostics, color=False) == (BROKEN / f"{case}.txt").read_text(encoding="utf-8")
