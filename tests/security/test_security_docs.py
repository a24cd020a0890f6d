"""docs/security.md names tests that are there, for every row; and every file of this suite stands in it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| threat", "| ---"))]


def files_of(row: str) -> list[str]:
    """The test files in a row's last cell."""
    return re.findall(r"`(tests/[a-z_/]+\.py)`", row.rstrip(" |").rpartition("|")[2])


def test_there_is_a_row_for_each_of_eighteen_threats() -> None:
    assert len(ROWS) == 18
    assert all(row.count(" | ") == 2 for row in ROWS)


def test_every_row_names_test_files_that_are_there_and_hold_tests() -> None:
    wrong = {
        name
        for row in ROWS
        for name in files_of(row) or [f"no file: {row[:40]}"]
        if not (ROOT / name).is_file() or "def test_" not in (ROOT / name).read_text()
    }
    assert wrong == set()


def test_every_file_of_this_suite_stands_in_a_row() -> None:
    named = {name for row in ROWS for name in files_of(row)}
    ours = {f"tests/security/{path.name}" for path in Path(__file__).parent.glob("test_*.py")}
    assert ours - named == {f"tests/security/{Path(__file__).name}"}


def test_every_command_on_the_page_exists() -> None:
    targets = re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text())
    assert set(re.findall(r"\$ make ([a-z-]+)", PAGE)) <= set(targets)
