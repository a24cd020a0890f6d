"""What fuzzing found, each by its name."""

import io
import resource
import subprocess
import sys
from collections.abc import Mapping
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


def command(folder: Path, *arguments: str, limits: Mapping[int, int]) -> subprocess.CompletedProcess[str]:
    """A command that ends itself where it takes more than it may: RLIMIT_… → the limit."""

    def bound() -> None:
        for limit, most in limits.items():
            resource.setrlimit(limit, (most, most))

    return subprocess.run(
        [sys.executable, "-m", "reconcile", "-q", *arguments],
        cwd=folder,
        env=environment(folder),
        preexec_fn=bound,
        capture_output=True,
        text=True,
        check=False,
    )


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
    done = command(tmp_path, "state", "import", "endless.jsonl", limits={resource.RLIMIT_AS: GIB})
    assert done.returncode == 1
    assert "Line 1 of the export is refused: it is longer than any event" in done.stderr


def test_a_small_plan_is_read_with_little_memory(tmp_path: Path) -> None:
    """A plan of a few KiB, shown by a process that may have a quarter of a GiB: it asked for half of one."""
    project_with(tmp_path, "  - {user_id: w1, amount: 1.00}\n")
    little = {resource.RLIMIT_AS: GIB // 4}
    for arguments in (["plan", "--out", "a.plan"], ["show", "a.plan"]):
        done = command(tmp_path, *arguments, limits=little)
        assert (done.returncode, done.stderr) == (0, "")


def test_thousands_of_rows_that_stand_twice_are_looked_up_in_one_more_reading(tmp_path: Path) -> None:
    """Each was twice wrong, and for each second word of it the file was read again from its beginning: 12,000 doubled
    rows took minutes. The limit is of processor time, and ten times what it takes.
    """
    rows = "".join(f"w{number},1.00\n" for number in range(6_000))
    project_with(tmp_path, "  - from: data/a.csv\n", f"user_id,amount\n{rows}{rows}")
    spec = tmp_path / "specs" / "c.yaml"
    spec.write_text(spec.read_text().replace("campaign: c\n", "campaign: c\nformerly: b\n"))
    done = command(tmp_path, "validate", limits={resource.RLIMIT_CPU: 10})
    assert done.returncode == 1
    assert done.stderr.endswith("Invalid: 12,000 errors.\n")


def test_wrong_rows_with_cells_of_several_lines_are_found_without_reading_the_file_again(tmp_path: Path) -> None:
    """A thousand wrong amounts behind cells of three lines, at the end of 400,000 sound rows."""
    sound = "".join(f"w{number},1.00,x\n" for number in range(400_000))
    wrong = "".join(f'v{number},"1\n2\n3",x\n' for number in range(1_000))
    project_with(tmp_path, "  - from: data/a.csv\n", f"user_id,amount,text\n{sound}{wrong}")
    done = command(tmp_path, "validate", limits={resource.RLIMIT_CPU: 60})
    assert done.returncode == 1
    assert done.stderr.endswith("Invalid: 1,000 errors.\n")


def test_a_path_of_specs_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    """On the command line, and in the config."""
    name = "x" * 300
    project_with(tmp_path, "  - {user_id: w1, amount: 1.00}\n")
    done = command(tmp_path, "validate", name, limits={})
    assert (done.returncode, done.stderr) == (1, f"Error: {name} cannot be looked at: File name too long\n")
    (tmp_path / "bonusctl.yaml").write_text(f"{CONFIG}specs: {name}\n")
    done = command(tmp_path, "validate", limits={})
    assert (done.returncode, done.stderr) == (1, f"Error: {name} cannot be looked at: File name too long\n")


def test_a_backup_of_a_state_that_no_file_can_hold_is_refused(tmp_path: Path) -> None:
    project_with(tmp_path, "  - {user_id: w1, amount: 1.00}\n")
    (tmp_path / "bonusctl.yaml").write_text(f"{CONFIG}state: {'x' * 300}\n")
    done = command(tmp_path, "state", "backup", "copy.db", limits={})
    assert done.returncode == 1
    assert done.stderr.endswith("cannot be looked at: File name too long\n")
