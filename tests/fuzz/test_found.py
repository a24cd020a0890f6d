"""What fuzzing found, each by its name."""

import io
import resource
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from reconcile.cli.console import Console
from reconcile.errors import InvalidInput
from reconcile.project.config import load_project
from reconcile.project.specs import choose, plan_of
from tests.support.cli import environment

GIB = 1 << 30
CONFIG = "version: 1\nproviders:\n  toloka: {type: toloka, environment: emulator}\n"


def project_with(folder: Path, spec: str, table: str = "") -> None:
    (folder / "specs" / "data").mkdir(parents=True)
    (folder / "bonusctl.yaml").write_text(CONFIG)
    (folder / "specs" / "c.yaml").write_text(f"version: 1\ncampaign: c\nprovider: toloka\nbonuses:\n{spec}")
    (folder / "specs" / "data" / "a.csv").write_text(table)


def bounded(folder: Path, memory_bytes: int, *arguments: str) -> tuple[int, str]:
    """(exit code, what stands on stderr but for hints) of a command that may have so much memory and no more."""
    done = subprocess.run(
        [sys.executable, "-m", "reconcile", "-q", *arguments],
        cwd=folder,
        env=environment(folder),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes)),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_row_that_stands_twice_is_an_error_of_the_specs_and_no_mistake_of_ours(tmp_path: Path) -> None:
    """A row of a table that is there twice was met by an assertion of the planner, before the reader could name it."""
    project_with(tmp_path, "  - from: data/a.csv\n", "user_id,amount\nw1,1.00\nw2,1.00\nw1,1.00\n")
    chosen = choose(load_project(folder=tmp_path, config=None, environ={"HOME": str(tmp_path)}))
    with pytest.raises(InvalidInput) as refused:
        plan_of(chosen, None, 0)
    (found,) = refused.value.diagnostics
    assert found.place is not None
    assert (found.place.path.endswith("a.csv"), found.place.line) == (True, 4)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\u202eb", '"a\\u202eb"\n'),
        ("a\u2028b", '"a\\u2028b"\n'),
        ("a\x9bb", '"a\\u009bb"\n'),
        ("a\x7fb", '"a\\u007fb"\n'),
        ("grün", '"grün"\n'),
    ],
)
def test_json_shows_what_a_terminal_would_obey_and_leaves_letters_as_they_are(text: str, written: str) -> None:
    """A direction override of a spec went to the terminal as it was, in every JSON document but a plan's."""
    out = io.StringIO()
    with redirect_stdout(out):
        Console(environ={}).document(text)
    assert out.getvalue() == written


def test_an_import_of_a_line_without_an_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    """Two GiB of zeros, read by a process that may have one."""
    project_with(tmp_path, "  - {user_id: w1, amount: 1.00}\n")
    with (tmp_path / "endless.jsonl").open("wb") as file:
        file.truncate(2 * GIB)
    code, said = bounded(tmp_path, GIB, "state", "import", "endless.jsonl")
    assert code == 1
    assert "Line 1 of the export is refused: it is longer than any event" in said


def test_a_small_plan_is_read_with_little_memory(tmp_path: Path) -> None:
    """A plan of a few KiB, shown by a process that may have a quarter of a GiB: it asked for half of one."""
    project_with(tmp_path, "  - {user_id: w1, amount: 1.00}\n")
    assert bounded(tmp_path, GIB // 4, "plan", "--out", "a.plan") == (0, "")
    assert bounded(tmp_path, GIB // 4, "show", "a.plan") == (0, "")
