"""README's table of commands, and the pages that it leads to."""

import re
from pathlib import Path

from reconcile.cli.catalog import CI_COMMANDS, COMMANDS, STATE_COMMANDS

TOP = Path(__file__).parents[2]
README = (TOP / "README.md").read_text("utf-8")
TABLE = README.partition("\n## Commands\n")[2].partition("\n## ")[0]


def row(beginning: str) -> list[str]:
    """The names that stand in the first cell of the row that begins so."""
    (line,) = [line for line in TABLE.splitlines() if line.startswith(f"| `{beginning}")]
    return re.findall(r"[a-z]+", line.split("|")[1])


def test_every_command_stands_in_the_table() -> None:
    first_cells = " ".join(line.split("|")[1] for line in TABLE.splitlines() if line.startswith("| `"))
    named = set(re.findall(r"`([a-z]+)", first_cells))
    assert {entry.name for entry in COMMANDS} <= named


def test_every_command_of_the_ledger_stands_in_its_row() -> None:
    assert sorted(row("state ")) == sorted(["state", *(entry.name for entry in STATE_COMMANDS)])


def test_every_command_of_ci_stands_in_its_row() -> None:
    assert row("ci ") == ["ci", *(entry.name for entry in CI_COMMANDS)]


def test_every_page_for_users_is_linked_from_readme() -> None:
    """Those for developers are linked from CONTRIBUTING."""
    pages = {page.name for page in (TOP / "docs").glob("*.md")}
    linked = set(re.findall(r"\]\(docs/([a-z-]+\.md)\)", README))
    others = set(re.findall(r"\]\(docs/([a-z-]+\.md)\)", (TOP / "CONTRIBUTING.md").read_text("utf-8")))
    assert pages - linked <= others
    assert pages - linked <= {"mutants.md"}
