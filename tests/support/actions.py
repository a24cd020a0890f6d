"""GitHub Actions in small: plays a workflow's jobs by their own lines, each in a fresh clone of a bare repository.

Every `run` is run under bash as the runner does it, with the step's `env`, its outputs, and the path it adds to. Our
own action is played from action.yml; of the actions of others only what they leave behind happens: a clone, an
artifact kept or brought in. An expression or an action that is not known here fails the test.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.support.cli import COMMAND, environment
from tests.support.expressions import condition, filled
from tests.support.github import REPOSITORY, TOKEN, Server

TOP = Path(__file__).resolve().parents[2]
LIMIT_S = 300

Done = subprocess.CompletedProcess[str]

Steps = list[dict[str, Any]]


def git(folder: Path, *arguments: str) -> str:
    """Git as somebody; returns what it printed."""
    names = ("-c", "user.name=t", "-c", "user.email=t@t")
    done = subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class RunnerLost(Exception):
    """The machine under a job is gone in the middle of a step: nothing of the job runs after it, not even `always()`."""


class Step(NamedTuple):
    """A step that was played: its exit code (0 for actions of others), and what it printed."""

    name: str
    code: int
    out: str
    err: str
    environ: Mapping[str, str]


@dataclass
class Ran:
    """A job that has ended."""

    folder: Path
    steps: list[Step] = field(default_factory=list)
    summary: str = ""
    lost: bool = False

    @property
    def ok(self) -> bool:
        """Whether the job is green."""
        return not self.lost and all(step.code == 0 for step in self.steps)

    @property
    def names(self) -> list[str]:
        """The steps that ran."""
        return [step.name for step in self.steps]

    @property
    def printed(self) -> str:
        """All that was printed."""
        return "".join(step.out + step.err for step in self.steps)

    def step(self, name: str) -> Step:
        """The step of that name."""
        (found,) = [step for step in self.steps if step.name == name]
        return found


class Actions:
    """A repository on a GitHub of its own. `origin`: the bare repository; `secrets`: what its settings hold."""

    def __init__(self, folder: Path, server: Server, workflow: str, secrets: Mapping[str, str]) -> None:
        self.folder = folder
        self.server = server
        self.workflow: dict[Any, Any] = yaml.safe_load(workflow)
        self.secrets = dict(secrets)
        self.origin = folder / "origin.git"
        self.artifacts = folder / "artifacts"
        self._runs = count(1)
        git(folder, "init", "-q", "--bare", "-b", "main", str(self.origin))

    def pull_request(self, number: int, head: str, *, fork: bool = False) -> Ran:
        """Play the plan job for a pull request with this head commit. It is checked out as it is, not merged."""
        theirs = "stranger/bonuses" if fork else REPOSITORY
        payload = {
            "pull_request": {
                "number": number,
                "head": {"sha": head, "repo": {"full_name": theirs}},
                "base": {"ref": "main", "repo": {"full_name": REPOSITORY}},
            }
        }
        # GitHub gives no secret to a fork's job.
        play = self._play(
            name="pull_request",
            ref=f"refs/pull/{number}/merge",
            sha=head,
            payload=payload,
            secrets={} if fork else self.secrets,
        )
        return self._played("plan", play)

    def push(self, sha: str) -> Ran:
        """Play the apply job for a push to main."""
        return self.job("apply", name="push", ref="refs/heads/main", sha=sha, payload={})

    def by_hand(self, sha: str, number: str) -> Ran:
        """Play the apply job for a start by hand with a pull request's number."""
        return self.job(
            "apply",
            name="workflow_dispatch",
            ref="refs/heads/main",
            sha=sha,
            payload={"inputs": {"pull-request": number}},
        )

    def job(self, job: str, *, name: str, ref: str, sha: str, payload: Mapping[str, Any]) -> Ran:
        """Play a job of the workflow for an event."""
        return self._played(job, self._play(name=name, ref=ref, sha=sha, payload=payload, secrets=self.secrets))

    def bash(self, step: str, command: list[str], *, cwd: Path, env: Mapping[str, str]) -> Done:
        """Run a step's lines. A subclass may do something at this moment, or raise RunnerLost."""
        return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=LIMIT_S, check=False)

    def _play(
        self, *, name: str, ref: str, sha: str, payload: Mapping[str, Any], secrets: Mapping[str, str]
    ) -> "_Play":
        return _Play(self, run=next(self._runs), name=name, ref=ref, sha=sha, payload=payload, secrets=secrets)

    def _played(self, job: str, play: "_Play") -> Ran:
        found = self.workflow["jobs"][job]
        if condition(found.get("if", ""), play.context, so_far=True):
            try:
                play.steps(found["steps"], {**self.workflow.get("env", {}), **found.get("env", {})})
            except RunnerLost:
                play.ran.lost = True
        return play.ended()


class _Play:
    """One job under way."""

    def __init__(
        self,
        actions: Actions,
        *,
        run: int,
        name: str,
        ref: str,
        sha: str,
        payload: Mapping[str, Any],
        secrets: Mapping[str, str],
    ) -> None:
        self.actions = actions
        self.run = run
        self.sha = sha
        self.temp = actions.folder / f"runner-{run}"
        self.checkout = actions.folder / f"checkout-{run}"
        self.checkout.mkdir()
        self._installed()
        (self.temp / "event.json").write_text(json.dumps(payload))
        self.path = os.environ["PATH"]
        self.failed = False
        self.ran = Ran(self.checkout)
        self.variables = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": "alice",
            "GITHUB_API_URL": actions.server.url,
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(self.temp / "event.json"),
            "GITHUB_REF": ref,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": str(run),
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": sha,
            "GITHUB_WORKSPACE": str(self.checkout),
            "RUNNER_TEMP": str(self.temp),
        }
        self.context: dict[str, Any] = {
            "github": {"event_name": name, "ref": ref, "sha": sha, "token": TOKEN},
            "inputs": payload.get("inputs", {}),
            "runner": {"temp": str(self.temp)},
            "secrets": secrets,
            "steps": {},
        }

    def steps(self, steps: Steps, env: Mapping[str, Any]) -> None:
        """Play steps one after the other; `env` holds for all of them."""
        for step in steps:
            if not condition(str(step.get("if", "")), self.context, so_far=not self.failed):
                continue
            own = {**env, **step.get("env", {})}
            environ = {name: filled(str(value), self.context) for name, value in own.items()}
            code = self._run(step, environ) if "run" in step else self._use(step, environ)
            outcome = "success" if code == 0 else "failure"
            if "id" in step:
                self.context["steps"].setdefault(step["id"], {"outputs": {}})["outcome"] = outcome
            self.failed |= code != 0 and not step.get("continue-on-error", False)

    def ended(self) -> Ran:
        """What became of it."""
        summary = self.temp / "GITHUB_STEP_SUMMARY"
        self.ran.summary = summary.read_text() if summary.exists() else ""
        return self.ran

    # --- lines ------------------------------------------------------------------------------------------------------

    def _run(self, step: Mapping[str, Any], environ: Mapping[str, str]) -> int:
        files = {name: str(self.temp / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")}
        for name in ("GITHUB_OUTPUT", "GITHUB_PATH"):
            Path(files[name]).write_text("")
        whole = {**environment(self.temp), "PATH": self.path, **self.variables, **files, **environ}
        where = self.checkout / filled(step.get("working-directory", "."), self.context)
        strict = ("-eo", "pipefail") if step.get("shell") == "bash" else ("-e",)
        assert "${{" not in step["run"], "an expression in a shell line could be anybody's text"
        command = ["bash", "--noprofile", "--norc", *strict, "-c", step["run"]]
        done = self.actions.bash(step.get("name", ""), command, cwd=where, env=whole)
        self.ran.steps.append(Step(step.get("name", ""), done.returncode, done.stdout, done.stderr, whole))
        from tests.ci.job import outputs_in

        if "id" in step:
            self.context["steps"][step["id"]] = {"outputs": outputs_in(Path(files["GITHUB_OUTPUT"]).read_text())}
        for line in Path(files["GITHUB_PATH"]).read_text().splitlines():
            self.path = f"{line}:{self.path}"
        return done.returncode

    # --- actions ----------------------------------------------------------------------------------------------------

    def _use(self, step: Mapping[str, Any], environ: Mapping[str, str]) -> int:
        given = {name: filled(str(value), self.context) for name, value in step.get("with", {}).items()}
        match step["uses"].partition("@")[0]:
            case "actions/checkout":
                git(self.actions.folder, "clone", "-q", str(self.actions.origin), str(self.checkout))
                git(self.checkout, "checkout", "-q", "--detach", self.sha)
            case "actions/setup-python":
                pass
            case "actions/upload-artifact":
                kept = self.actions.artifacts / str(self.run) / given["name"]
                kept.mkdir(parents=True)
                shutil.copy(given["path"], kept)
            case "actions/download-artifact":
                kept = self.actions.artifacts / given["run-id"] / given["name"]
                if not kept.is_dir():
                    return 1
                shutil.copytree(kept, given["path"])
            case name if name.endswith("/bonusctl"):
                return self._ours(given, environ)
            case other:
                raise AssertionError(f"{other} is an action that these tests do not know")
        return 0

    def _ours(self, given: Mapping[str, str], environ: Mapping[str, str]) -> int:
        """Our composite action, by its own lines."""
        action: dict[str, Any] = yaml.safe_load((TOP / "action.yml").read_text())
        defaults = {name: filled(str(one.get("default", "")), self.context) for name, one in action["inputs"].items()}
        outer, before = self.context, self.failed
        self.context = {**outer, "inputs": {**defaults, **given}, "steps": {}}
        self.failed = False
        self.steps(action["runs"]["steps"], {**environ, "GITHUB_ACTION_PATH": str(TOP)})
        failed, self.context, self.failed = self.failed, outer, before
        return int(failed)

    def _installed(self) -> None:
        """The environment that the action's installer would make: the bonusctl under test."""
        home = self.temp / "bonusctl" / "environment"
        (home / "command").mkdir(parents=True)
        (home / "command" / "bonusctl").symlink_to(COMMAND)
        (home / "installed").touch()
