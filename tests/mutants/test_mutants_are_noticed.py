"""Each mistake of the registry, planted in the production code, is noticed by the test that is known to notice it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reconcile.protocol import recovery, repeating
from tests.mutants.registry import BY_NAME, MUTANTS
from tests.mutants.switching import Switch

ROOT = Path(__file__).parents[2]
PARTS = 4
LIMIT_S = 600


@pytest.mark.parametrize("part", range(PARTS))
def test_every_mutant_is_noticed_and_was_active(part: int) -> None:
    """One program for each part: mutants are planted in children of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants.killers", str(part), str(PARTS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == [one.name for one in MUTANTS if one.killer][part::PARTS]
    assert [row for row in rows if not row[1] or not row[2]] == []


def test_there_are_at_least_twenty_two_mutants_with_names_of_their_own() -> None:
    assert len(BY_NAME) == len(MUTANTS) >= 22
    assert sum(1 for mutant in MUTANTS if mutant.killer) >= 22


def test_what_is_noticed_by_nothing_or_in_a_pair_says_why() -> None:
    assert [mutant.name for mutant in MUTANTS if (not mutant.killer or mutant.with_) and not mutant.why] == []
    assert [mutant.with_ for mutant in MUTANTS if mutant.with_ and mutant.with_ not in BY_NAME] == []


def test_a_switch_replaces_a_function_wherever_it_was_taken_by_name_and_counts() -> None:
    switch, original = Switch(), vars(recovery)["next_step"]
    switch.replace("reconcile.protocol.recovery:next_step", lambda _: lambda: "planted")
    try:
        assert vars(repeating)["next_step"] is vars(recovery)["next_step"] is not original
        assert vars(recovery)["next_step"]() == "planted"
        assert switch.calls == {"reconcile.protocol.recovery:next_step": 1}
    finally:
        switch.undo()
    assert vars(repeating)["next_step"] is vars(recovery)["next_step"] is original


def test_the_page_has_a_row_for_every_mutant() -> None:
    page = (ROOT / "docs" / "mutants.md").read_text()
    assert [mutant.name for mutant in MUTANTS if f"| {mutant.name} | {mutant.rule} |" not in page] == []
