"""What the repository says about MTurk: the example works as it stands, and the page says what the code does."""

import re
import shutil
from pathlib import Path

import pytest

from reconcile.providers.mturk.codec import PROTECTION_MS
from reconcile.providers.rules import MTURK
from tests.support.commandline import CommandLine

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "mturk.md").read_text()


def test_the_example_is_valid_and_paid_on_the_embedded_emulator(tmp_path: Path) -> None:
    """Three bonuses, two of them for one assignment; then there is nothing to do."""
    shutil.copytree(ROOT / "specs" / "mturk", tmp_path / "mturk", ignore=shutil.ignore_patterns("state"))
    config = (tmp_path / "mturk" / "bonusctl.yaml").read_text()
    line = CommandLine(tmp_path / "mturk", config, {})
    assert "3 bonuses" in line.expect(0, "validate").out
    assert "Pays 2.05 USD + 0.41 USD fees = 2.46 USD." in line.expect(0, "plan").out
    assert "3 issued (2.05 USD)" in line.expect(0, "apply", "--auto-approve").out
    line.expect(0, "plan", "--detailed-exitcode")


def test_the_page_names_every_key_of_the_config() -> None:
    block = PAGE.split("## The config")[1].split("```")[1]
    named = set(re.findall(r"^    ([a-z_]+):", block, re.MULTILINE))
    assert set(MTURK.keys) - named == {"proxy_from_environment"}
    assert named - set(MTURK.keys) == {"type", "environment"}


def test_the_page_tells_the_border_and_the_closing_day() -> None:
    assert PROTECTION_MS == 22 * 3_600_000
    assert "Younger than 22 hours" in PAGE
    assert f"AWS closed MTurk on {MTURK.closed['production']}" in PAGE


def test_a_spec_with_mistakes_is_shown_with_their_places(tmp_path: Path) -> None:
    """Patterns, cents and what is required: each with file, line and column."""
    config = "version: 1\nproviders:\n  mturk: {type: mturk, environment: emulator}\n"
    line = CommandLine(tmp_path, config, {})
    line.spec(
        "labels",
        "version: 1\ncampaign: c\nprovider: mturk\nbonuses:\n"
        "  - {worker_id: B1, assignment_id: 3A, amount: 1.00, reason: Thanks}\n"
        "  - {worker_id: A1, assignment_id: 3a, amount: 1.00, reason: Thanks}\n"
        "  - {worker_id: A1, assignment_id: 3A, amount: 1.005, reason: Thanks}\n"
        "  - {worker_id: A1, amount: 1.00}\n"
        "  - {worker_id: A1, assignment_id: 3A, amount: 1.00, reason: 'Thanks [b:bdMDxaZxV9axSSdNRray-Q]'}\n",
    )
    found = re.findall(r"^specs/labels\.yaml:(\d+:\d+): error: (.*)$", line.expect(1, "validate").out, re.MULTILINE)
    assert found == [
        ("5:17", "`worker_id` does not have the form that the provider gives it"),
        ("6:36", "`assignment_id` does not have the form that the provider gives it"),
        ("7:48", "`amount`: 3 decimals, but the provider pays at most 2"),
        ("8:5", "`assignment_id` is missing"),
        ("8:5", "`reason` is missing"),
        ("9:62", "`reason` looks like a marker of bonusctl"),
    ]


ROW = "  - {{worker_id: {worker}, assignment_id: {assignment}, amount: {amount}, reason: {reason}}}\n"
GOOD = {"worker": "A1", "assignment": "3A", "amount": "1.00", "reason": "Thanks"}
BOUNDS = {
    "worker": ("A" + "1" * 63, "A" + "1" * 64),
    "assignment": ("3" * 64, "3" * 65),
    "amount": ("0.01", "0.00"),
    "amount at most": ("10000.00", "10000.01"),
    "reason": ("x" * 2_000, "x" * 2_001),
}


@pytest.mark.parametrize("bound", BOUNDS)
def test_each_bound_of_the_service_model_from_both_sides(tmp_path: Path, bound: str) -> None:
    """At the limit it is valid; one more is an error at its own place, the sixth line."""
    line = CommandLine(tmp_path, "version: 1\nproviders:\n  mturk: {type: mturk, environment: emulator}\n", {})
    field, (within, beyond) = bound.split()[0], BOUNDS[bound]
    head = "version: 1\ncampaign: c\nprovider: mturk\nbonuses:\n"
    rows = [ROW.format(**{**GOOD, "worker": "A2", field: within}), ROW.format(**{**GOOD, field: beyond})]
    line.spec("c", head + rows[0])
    assert line.expect(0, "validate", "--format", "json").json()["valid"] is True
    line.spec("c", head + "".join(rows))
    (found,) = line.expect(1, "validate", "--format", "json").json()["diagnostics"]
    column = rows[1].index(f"{beyond}") + 1
    assert (found["path"], found["line"], found["column"]) == ("specs/c.yaml", 6, column)


@pytest.mark.parametrize("worker", ["a1", "B1", "A-1", "1A", "A1é"])
def test_a_worker_that_mturk_does_not_have_is_an_error(tmp_path: Path, worker: str) -> None:
    line = CommandLine(tmp_path, "version: 1\nproviders:\n  mturk: {type: mturk, environment: emulator}\n", {})
    line.spec("c", "version: 1\ncampaign: c\nprovider: mturk\nbonuses:\n" + ROW.format(**{**GOOD, "worker": worker}))
    (found,) = line.expect(1, "validate", "--format", "json").json()["diagnostics"]
    assert (found["line"], found["column"]) == (5, 17)
