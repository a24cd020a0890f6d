"""`init`: a project that works, safe by default, and nothing of the user's is ever overwritten."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.support.cli import COMMAND, bonusctl, environment, project

WORKFLOW = Path(".github") / "workflows" / "bonusctl.yml"


def workflow(folder: Path) -> dict[Any, Any]:
    bonusctl(folder, "init")
    loaded: dict[Any, Any] = yaml.safe_load((folder / WORKFLOW).read_text())
    return loaded


def test_init_writes_a_project_that_validates_without_a_warning(tmp_path: Path) -> None:
    ended = bonusctl(tmp_path, "init", "bonuses")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "wrote bonusctl.yaml",
        "wrote specs/example.yaml",
        "wrote specs/data/week-47.csv",
        "wrote .gitignore",
        "wrote .github/workflows/bonusctl.yml",
        "wrote .bonusctl/spec.schema.json",
        "wrote .bonusctl/config.schema.json",
    ]
    assert ended.err.split() == [
        "Next:",
        "cd",
        "bonuses",
        *["bonusctl", "validate", "bonusctl", "plan", "bonusctl", "apply"],
    ]
    checked = bonusctl(tmp_path / "bonuses", "validate", "--format", "json")
    assert (checked.code, checked.json()["diagnostics"]) == (0, [])


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "example.yaml").write_text("mine")
    (tmp_path / ".gitignore").write_text("mine")
    ended = bonusctl(tmp_path, "init")
    assert "kept  specs/example.yaml (it was there)" in ended.out
    assert (tmp_path / "specs" / "example.yaml").read_text() == "mine"
    assert (tmp_path / ".gitignore").read_text() == "mine"
    assert "/state/" in ended.err
    assert "wrote" not in bonusctl(tmp_path, "init").out


def test_init_does_not_write_through_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    (tmp_path / "bonusctl.yaml").symlink_to(elsewhere)
    assert bonusctl(tmp_path, "init").code == 0
    assert elsewhere.read_text() == "precious"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = bonusctl(tmp_path, "init", "file")
    assert ended.code == 1
    assert "file/bonusctl.yaml cannot be written" in ended.err


def test_the_editor_s_schemas_fit_the_files_beside_them(tmp_path: Path) -> None:
    """The modeline's path leads from each file to a schema that the file fulfils as an editor reads it."""
    project(tmp_path)
    for name in ("bonusctl.yaml", "specs/example.yaml"):
        path = tmp_path / name
        first = path.read_text().splitlines()[0]
        named = re.fullmatch(r"# yaml-language-server: \$schema=(.+)", first)
        assert named is not None
        schema = json.loads((path.parent / named[1]).read_text())
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)


def test_the_schema_command_prints_what_init_wrote(tmp_path: Path) -> None:
    project(tmp_path)
    for what in ("spec", "config"):
        printed = bonusctl(tmp_path, "schema", what).json()
        assert printed == json.loads((tmp_path / ".bonusctl" / f"{what}.schema.json").read_text())


def test_the_state_is_not_committed(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    status = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "state/" not in status.stdout


def test_the_workflow_gives_a_pull_request_no_secret_and_no_right_to_write(tmp_path: Path) -> None:
    found = workflow(tmp_path)
    assert found["permissions"] == {}
    assert set(found[True]) == {"pull_request", "push"}  # YAML 1.1 reads `on` as true
    plan = found["jobs"]["plan"]
    assert plan["permissions"] == {"contents": "read"}
    assert "secrets" not in json.dumps(plan)
    assert plan["if"] == "github.event_name == 'pull_request'"
    assert "pull_request_target" not in (tmp_path / WORKFLOW).read_text()


def test_the_workflow_applies_one_at_a_time_and_is_never_cancelled(tmp_path: Path) -> None:
    apply = workflow(tmp_path)["jobs"]["apply"]
    assert apply["if"] == "github.event_name == 'push'"
    assert apply["concurrency"] == {"group": "bonusctl-apply", "cancel-in-progress": False}


def test_the_workflow_s_actions_are_pinned_by_commit(tmp_path: Path) -> None:
    bonusctl(tmp_path, "init")
    used = re.findall(r"uses: (\S+)", (tmp_path / WORKFLOW).read_text())
    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one) for one in used)


def test_the_workflow_runs_no_text_of_a_pull_request_in_its_shell(tmp_path: Path) -> None:
    """No `${{ … }}` inside a `run`: a branch's name would become a command."""
    for job in workflow(tmp_path)["jobs"].values():
        assert all("${{" not in step.get("run", "") for step in job["steps"])


class Played:
    """The workflow's own shell lines, played on clones of a bare repository."""

    def __init__(self, tmp_path: Path) -> None:
        self.tmp = tmp_path
        self.bare = tmp_path / "origin.git"
        seed = tmp_path / "seed"
        seed.mkdir()
        self.jobs = workflow(seed)["jobs"]
        self.git(tmp_path, "init", "-q", "--bare", "-b", "main", str(self.bare))
        self.git(seed, "init", "-q", "-b", "main")
        self.git(seed, "add", ".")
        self.git(seed, "commit", "-q", "-m", "start")
        self.git(seed, "push", "-q", str(self.bare), "main")
        self.count = 0

    def git(self, folder: Path, *arguments: str) -> str:
        names = ("-c", "user.name=t", "-c", "user.email=t@t")
        done = subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def job(self, name: str) -> str:
        """Run a job's steps in a fresh clone; returns what they printed."""
        self.count += 1
        clone, runner = self.tmp / f"clone-{self.count}", self.tmp / f"runner-{self.count}"
        runner.mkdir()
        self.git(self.tmp, "clone", "-q", str(self.bare), str(clone))
        environ = environment(self.tmp) | {
            "PATH": f"{COMMAND.parent}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(runner),
            "STATE_BRANCH": "bonusctl-state",
            "GITHUB_SHA": self.git(clone, "rev-parse", "HEAD").strip(),
        }
        printed = ""
        for step in self.jobs[name]["steps"]:
            script = step.get("run", "")
            if not script or script.startswith("pipx"):
                continue
            done = subprocess.run(
                ["bash", "-e", "-c", script], cwd=clone, env=environ, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
            printed += done.stdout
        return printed


def test_the_workflow_played_twice_pays_once_and_plans_from_the_state_s_branch(tmp_path: Path) -> None:
    """Apply on a fresh runner, plan of a pull request, apply again on another runner with another emulator: the state
    came along on its branch, so that nothing is paid again.
    """
    played = Played(tmp_path)
    assert "5 to issue" in played.job("plan")
    assert "Done: 5 issued" in played.job("apply")
    assert "Nothing to do: all 5 bonuses are issued." in played.job("plan")
    assert "Done: 0 issued, 5 unchanged." in played.job("apply")
    log = played.git(played.bare, "log", "--format=%s", "bonusctl-state")
    assert len(log.splitlines()) == 2
    assert played.git(played.bare, "ls-tree", "--name-only", "bonusctl-state") == "state.jsonl\n"


@pytest.mark.parametrize("name", ["bonusctl.yaml", "specs/example.yaml"])
def test_the_examples_at_the_top_of_the_repository_are_valid(name: str) -> None:
    top = Path(__file__).parents[2]
    assert (top / name.replace("example", "image-labels-2026-w47")).exists()
    ended = bonusctl(top, "validate", "--format", "json")
    assert (ended.code, ended.json()["diagnostics"]) == (0, [])
