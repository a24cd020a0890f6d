"""The command line itself: help, versions, wrong usage, what is imported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import COMMAND, bonusctl, environment, project

HEAVY = {"httpx", "httpcore", "yaml", "sqlite3", "sqlite_utils", "deepdiff", "asyncio", "rich", "boto3"}


def modules_after(folder: Path, *arguments: str) -> set[str]:
    """The top-level modules that a command has imported at its end."""
    code = (
        "import json, sys\n"
        "from reconcile.cli.app import execute\n"
        f"code = execute({list(arguments)!r})\n"
        "print(json.dumps([code, sorted({name.partition('.')[0] for name in sys.modules})]), file=sys.__stderr__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    code_found, names = json.loads(done.stderr.splitlines()[-1])
    assert code_found == 0, done.stderr
    return set(names)


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("state", "--help"), ("plan", "--help")])
def test_help_and_version_import_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert modules_after(tmp_path, *arguments) & HEAVY == set()


def test_plan_imports_no_http_no_asyncio_and_no_deepdiff_where_nothing_changed(tmp_path: Path) -> None:
    project(tmp_path)
    assert bonusctl(tmp_path, "apply", "--auto-approve").code == 0
    assert (
        modules_after(tmp_path, "plan")
        & {
            "httpx",
            "httpcore",
            "asyncio",
            "deepdiff",
            "sqlite_utils",
            "ssl",
            "boto3",
            "multiprocessing",
            "difflib",
            "tempfile",
        }
        == set()
    )


def test_validate_imports_no_http_and_no_database(tmp_path: Path) -> None:
    project(tmp_path)
    assert modules_after(tmp_path, "validate") & {"httpx", "asyncio", "deepdiff", "sqlite_utils"} == set()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pln",), "No such command 'pln'. Did you mean 'plan'?"),
        (("state", "lst"), "No such command 'lst'. Did you mean 'list'?"),
        (("plan", "--detailed-exitcod"), "Did you mean '--detailed-exitcode'?"),
        (("plan", "--format", "jsno"), "'jsno' is not one of 'text', 'json'"),
        (("show",), "Missing argument 'PLAN|RUN'."),
        (("apply", "--limit", "many"), "'many' is not a valid integer"),
        (("-C", "nowhere", "plan"), "-C nowhere: No such file or directory."),
    ],
)
def test_wrong_usage_ends_with_1_and_says_what_was_meant(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = bonusctl(tmp_path, *arguments)
    assert ended.code == 1
    assert said in ended.err
    assert ended.out == ""


def test_wrong_usage_with_json_gives_a_document_with_its_reason(tmp_path: Path) -> None:
    ended = bonusctl(tmp_path, "apply", "--format", "json", "--nonsense")
    assert ended.code == 1
    assert ended.json()["reason"] == "usage"


def test_no_command_shows_the_help_and_ends_with_1(tmp_path: Path) -> None:
    ended = bonusctl(tmp_path)
    assert ended.code == 1
    assert "Plan and pay:" in ended.err


def test_the_version_names_the_libraries(tmp_path: Path) -> None:
    ended = bonusctl(tmp_path, "--version")
    assert ended.code == 0
    first, second = ended.out.splitlines()
    assert first.startswith("bonusctl 0.")
    assert [part.split()[0] for part in second.split(" · ")] == [
        "Python",
        "click",
        "httpx",
        "httpcore",
        "sqlite-utils",
        "deepdiff",
        "pyyaml",
    ]
    assert "not installed" not in second


def test_the_folder_option_runs_as_if_started_there(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    project(inner)
    assert bonusctl(tmp_path, "-C", "inner", "validate").out == "Valid: 5 bonuses.\n"


def test_the_config_option_names_the_config(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    project(inner)
    assert bonusctl(tmp_path, "--config", "inner/bonusctl.yaml", "validate").out == "Valid: 5 bonuses.\n"


def test_without_a_config_the_way_to_one_is_shown(tmp_path: Path) -> None:
    ended = bonusctl(tmp_path, "plan")
    assert ended.code == 1
    assert "bonusctl init" in ended.err


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "complete -o nosort"), ("zsh", "#compdef bonusctl"), ("fish", "complete --no-files")]
)
def test_completion_prints_the_script_of_each_shell(tmp_path: Path, shell: str, word: str) -> None:
    ended = bonusctl(tmp_path, "completion", shell)
    assert ended.code == 0
    assert word in ended.out


def test_completion_takes_the_shell_from_the_environment(tmp_path: Path) -> None:
    assert "#compdef" in bonusctl(tmp_path, "completion", environ={"SHELL": "/usr/bin/zsh"}).out
    assert bonusctl(tmp_path, "completion", environ={"SHELL": "/bin/odd"}).code == 1


def test_completing_a_command_name_gives_the_names_that_begin_so(tmp_path: Path) -> None:
    environ = {"_BONUSCTL_COMPLETE": "bash_complete", "COMP_WORDS": "bonusctl s", "COMP_CWORD": "1"}
    ended = bonusctl(tmp_path, environ=environ)
    assert ended.out.split() == ["plain,show", "plain,status", "plain,state", "plain,schema"]


def test_a_module_in_the_working_folder_is_not_run(tmp_path: Path) -> None:
    """A stranger's `json.py`, `sitecustomize.py` or `click.py` beside the specs changes nothing."""
    project(tmp_path)
    for name in ("json", "sitecustomize", "usercustomize", "click", "decimal", "yaml", "sqlite3", "reconcile"):
        (tmp_path / f"{name}.py").write_text("open('was-run', 'w').close()\nraise SystemExit('taken over')\n")
    assert bonusctl(tmp_path, "validate").out == "Valid: 5 bonuses.\n"
    assert bonusctl(tmp_path, "apply", "--auto-approve").code == 0
    assert not (tmp_path / "was-run").exists()


def test_a_module_in_the_working_folder_is_not_run_by_python_m_either(tmp_path: Path) -> None:
    project(tmp_path)
    for name in ("json", "click", "decimal", "yaml"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken over')\n")
    done = subprocess.run(
        [sys.executable, "-m", "reconcile", "validate"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "Valid: 5 bonuses.\n", done.stderr


def test_a_reader_that_goes_away_ends_the_output_and_not_the_work(tmp_path: Path) -> None:
    """`bonusctl apply | head -0` pays and records all the same, and ends with its own exit code."""
    project(tmp_path)
    script = f'set -o pipefail; "{COMMAND}" -q apply --auto-approve | true; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert bonusctl(tmp_path, "status", "--format", "json").json()["campaigns"][0]["issued"] == 5
