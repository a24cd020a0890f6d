"""The GitLab template, played by its own lines in clones of a bare repository."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from reconcile.scaffold.writer import workflow_text
from tests.ci.job import ANN, BEN, MASK_KEY
from tests.support.actions import git
from tests.support.cli import COMMAND, environment, project, write_specs


class Job(NamedTuple):
    """A job that has ended: exit code of its script, and what was printed."""

    code: int
    out: str
    folder: Path


class Pipelines:
    """A project on a GitLab of its own, as far as our template needs it."""

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.variables = dict(variables or {})
        self.jobs: dict[str, Any] = yaml.safe_load(workflow_text("gitlab"))
        self.count = 0
        self.clone = folder / "clone"
        git(folder, "init", "-q", "--bare", "-b", "main", str(folder / "origin.git"))
        git(folder, "clone", "-q", str(folder / "origin.git"), str(self.clone))
        project(self.clone)
        write_specs(self.clone, f"{{user_id: {ANN}, amount: 1.00}}", f"{{user_id: {BEN}, amount: 0.50}}")

    def commit(self) -> None:
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "-q", "-m", "specs")
        git(self.clone, "push", "-q", "origin", "main")

    def job(self, name: str, *, needs: Path | None = None) -> Job:
        """Play a job's script in a fresh clone, then what comes after it. `needs`: a job whose artifacts it gets."""
        self.count += 1
        folder = self.folder / f"job-{self.count}"
        git(self.folder, "clone", "-q", str(self.folder / "origin.git"), str(folder))
        if needs is not None:
            for path in self.jobs["bonusctl-plan"]["artifacts"]["paths"]:
                (folder / path).write_bytes((needs / path).read_bytes())
        script, after = (_flat(self.jobs[name].get(part, [])) for part in ("script", "after_script"))
        done, then = self._bash(folder, script), self._bash(folder, after)
        assert then.returncode == 0, then.stderr
        return Job(done.returncode, done.stdout + done.stderr + then.stdout + then.stderr, folder)

    def _bash(self, folder: Path, lines: list[str]) -> "subprocess.CompletedProcess[str]":
        environ = environment(
            self.folder,
            {
                "PATH": f"{COMMAND.parent}:{os.environ['PATH']}",
                "BONUSCTL_MASK_KEY": MASK_KEY,
                "CI_PROJECT_URL": str(self.folder / "origin"),
                "CI_SERVER_URL": "https://gitlab.example",
                **self.variables,
            },
        )
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(lines)],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def _flat(lines: list[Any]) -> list[str]:
    return [line for each in lines for line in (each if isinstance(each, list) else [each])]


def test_a_pipeline_pays_the_plan_that_it_showed_and_the_next_one_has_nothing_to_do(tmp_path: Path) -> None:
    made = Pipelines(tmp_path)
    made.commit()
    plan = made.job("bonusctl-plan")
    assert plan.code == 0, plan.out
    assert "## Bonus plan: 2 payments, 1.50 USD" in plan.out
    assert ANN not in plan.out
    paid = made.job("bonusctl-apply", needs=plan.folder)
    assert paid.code == 0, paid.out
    assert "Done: 2 issued" in paid.out
    later = made.job("bonusctl-plan")
    assert "nothing to pay" in later.out
    again = made.job("bonusctl-apply", needs=later.folder)
    assert (again.code, "Done: 0 issued, 2 unchanged." in again.out) == (0, True), again.out


def test_the_state_is_carried_out_after_an_apply_that_left_something(tmp_path: Path) -> None:
    """The specs went on after the plan: what was shown is paid, the rest is not, and the branch knows it."""
    made = Pipelines(tmp_path)
    made.commit()
    plan = made.job("bonusctl-plan")
    with (made.clone / "specs" / "week.yaml").open("a") as file:
        file.write("  - {user_id: 4f8a1c02e7d94b5fb0a1c2d3e4f50617, amount: 0.90}\n")
    made.commit()
    paid = made.job("bonusctl-apply", needs=plan.folder)
    assert paid.code == 3, paid.out
    assert "1 not approved" in paid.out
    assert "1 payment, 0.90 USD" in made.job("bonusctl-plan").out


def test_broken_specs_end_the_plan_job(tmp_path: Path) -> None:
    made = Pipelines(tmp_path)
    write_specs(made.clone, f"{{user_id: {ANN}, amount: -1}}")
    made.commit()
    assert made.job("bonusctl-plan").code == 1


def test_the_log_of_broken_specs_shows_their_places_and_names_nobody(tmp_path: Path) -> None:
    made = Pipelines(tmp_path)
    write_specs(made.clone, f"{{user_id: {ANN}, amount: 1.00}}", f"{{user_id: {BEN}, amount: -1}}")
    made.commit()
    log = made.job("bonusctl-plan").out
    assert "specs/week.yaml:6" in log
    assert [name for name in (ANN, BEN, "user_id") if name in log] == []
