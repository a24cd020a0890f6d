"""docs/policies.md tells every policy and every exception, and nothing else."""

import re
from pathlib import Path

from reconcile.config import POLICY_KEYS
from reconcile.spec.given import ALLOWANCES

TEXT = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()


def test_every_policy_is_in_the_tables_and_in_the_example() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)) == set(POLICY_KEYS)
    assert re.findall(r"^  (\w+):", TEXT, re.MULTILINE) == list(POLICY_KEYS)


def test_every_exception_is_named() -> None:
    assert set(re.findall(r"allow: \[([\w-]+)\]", TEXT)) == set(ALLOWANCES)
