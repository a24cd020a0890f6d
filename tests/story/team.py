"""A team with its repository on a GitHub of its own, the jobs of the workflow that `init` wrote, and a provider.

The provider is a real emulator process: what it booked is the judge of every story. The config says `sandbox`, so that
nothing is easier than with Toloka itself.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.ci.job import MASK_KEY
from tests.support.actions import Actions, Done, Ran, RunnerLost, git
from tests.support.cli import Ended, bonusctl
from tests.support.emulator import EmulatorProcess
from tests.support.github import Server

ANN = "fac97860c7929add8048ed2ef63b66fd"
BEN = "a1b0b42923c429daa2c764d7ccfc364d"
CAT = "4f8a1c02e7d94b5fb0a1c2d3e4f50617"
DAN = "0b5e7c1f2d3a49688c7d6e5f40312b1a"
NAMES = {ANN: "ann", BEN: "ben", CAT: "cat", DAN: "dan"}

PAY = "Pay what was approved"
APPROVED = "What was approved"
CARRY = "Carry the state out"
TOKEN = "toloka-canary-0123456789"
SOURCE = "acme/bonusctl@" + "a" * 40
STATE_BRANCH = "bonusctl-state"
LIMIT_S = 120

CONFIG = """\
version: 1
providers:
  toloka:
    type: toloka
    environment: sandbox
    endpoint: {endpoint}
    concurrency: 1
    {provider}
"""


def owed(recipient: str, amount: str) -> str:
    """A bonus as a spec has it."""
    return f"{{user_id: {recipient}, amount: {amount}}}"


def spec(campaign: str, *bonuses: str, head: str = "") -> str:
    """A spec's text."""
    rows = "".join(f"  - {bonus}\n" for bonus in bonuses)
    return f"version: 1\ncampaign: {campaign}\nprovider: toloka\n{head}bonuses:\n{rows}"


class Jobs(Actions):
    """The workflow's jobs, on runners that can be lost, and that can meet each other.

    `lose_at`: the runner whose step pays is lost once the provider has booked that many payments. `meet`: where two jobs
    wait for each other, before the step of that name. `wait_s`: how long the step that pays may wait for windows.
    """

    lose_at = 0
    wait_s = 30
    emulator: EmulatorProcess
    meet: tuple[str, threading.Barrier] | None = None

    def bash(self, step: str, command: list[str], *, cwd: Path, env: Mapping[str, str]) -> Done:
        """A step's lines, or as many of them as the runner lives to see."""
        if self.meet is not None and self.meet[0] == step:
            self.meet[1].wait(LIMIT_S)
        command = [part.replace("--wait 1200", f"--wait {self.wait_s}") for part in command]
        if not self.lose_at or step != PAY:
            return super().bash(step, command, cwd=cwd, env=env)
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + LIMIT_S
        while len(self.emulator.payments()) < self.lose_at:
            assert process.poll() is None, "the step ended before its runner could be lost"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(LIMIT_S)
        raise RunnerLost


class Review(NamedTuple):
    """A pull request whose plan job has run."""

    number: int
    name: str
    head: str
    job: Ran


class Team:
    """A developer's clone, the repository, its jobs and the provider. `provider`: more lines of its settings."""

    def __init__(self, folder: Path, server: Server, emulator: EmulatorProcess, provider: str) -> None:
        self.clone = folder / "clone"
        self.clone.mkdir()
        made = bonusctl(self.clone, "init", "--ci", "github", "--source", SOURCE)
        assert made.code == 0, made.err
        workflow = (self.clone / ".github" / "workflows" / "bonusctl.yml").read_text()
        self.server = server
        self.emulator = emulator
        self.jobs = Jobs(folder, server, workflow, {"TOLOKA_TOKEN": TOKEN, "BONUSCTL_MASK_KEY": MASK_KEY})
        self.jobs.emulator = emulator
        git(self.clone, "init", "-q", "-b", "main")
        git(self.clone, "remote", "add", "origin", str(self.jobs.origin))
        for path in (self.clone / "specs").rglob("*.*"):
            path.unlink()
        self.configure(provider)
        self.commit("start")
        git(self.clone, "push", "-q", "-u", "origin", "main")

    # --- what developers do -----------------------------------------------------------------------------------------

    def configure(self, provider: str) -> None:
        """Write the config."""
        text = CONFIG.format(endpoint=self.emulator.endpoint, provider=provider)
        (self.clone / "bonusctl.yaml").write_text(text)

    def commit(self, message: str, files: Mapping[str, str] | None = None) -> str:
        """Commit everything, with specs written by name ("" takes one away); returns the commit."""
        (self.clone / "specs").mkdir(exist_ok=True)
        for name, text in (files or {}).items():
            path = self.clone / "specs" / f"{name}.yaml"
            if text:
                path.write_text(text)
            else:
                path.unlink()
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "-q", "--allow-empty", "-m", message)
        return git(self.clone, "rev-parse", "HEAD").strip()

    def branch(self, name: str, files: Mapping[str, str]) -> str:
        """A branch from main with these specs, pushed; returns its head commit."""
        git(self.clone, "fetch", "-q", "origin")
        git(self.clone, "checkout", "-q", "-b", name, "origin/main")
        head = self.commit(name, files)
        git(self.clone, "push", "-q", "origin", name)
        return head

    def review(self, number: int, name: str, files: Mapping[str, str]) -> Review:
        """A branch, its pull request, and the plan job for it."""
        head = self.branch(name, files)
        return Review(number, name, head, self.jobs.pull_request(number, head))

    def direct(self, message: str, files: Mapping[str, str]) -> str:
        """A commit on main without any pull request, pushed; returns it."""
        git(self.clone, "checkout", "-q", "main")
        made = self.commit(message, files)
        git(self.clone, "push", "-q", "origin", "main")
        return made

    def merge(self, review: Review, *, head: str = "") -> str:
        """Merge a pull request into main; returns the merge's commit. `head`: its last commit, if not the reviewed one."""
        git(self.clone, "checkout", "-q", "main")
        git(self.clone, "merge", "-q", "--no-ff", "-m", f"Merge #{review.number}", review.name)
        git(self.clone, "push", "-q", "origin", "main")
        merge = git(self.clone, "rev-parse", "HEAD").strip()
        self.server.memory.histories[merge] = git(self.clone, "rev-list", merge).split()
        self.server.memory.pull(review.number, head=head or review.head, merge=merge)
        return merge

    def by_person(self, *arguments: str, folder: Path | None = None) -> Ended:
        """A command that a developer types, with the provider's token."""
        return bonusctl(folder or self.clone, *arguments, environ={"TOLOKA_TOKEN": TOKEN})

    def starts(self) -> None:
        """The team's first week is over: dan has 0.05, and the state is on its branch."""
        job = self.jobs.push(self.merge(self.review(1, "start", {"start": spec("start", owed(DAN, "0.05"))})))
        assert job.ok, job.printed

    # --- what can be seen -------------------------------------------------------------------------------------------

    def paid(self) -> list[str]:
        """What the provider booked, `ann 1.00` each, sorted."""
        return sorted(f"{NAMES[one['user_id']]} {one['amount']}" for one in self.emulator.payments())

    def comment(self, number: int) -> str:
        """The one comment of a pull request."""
        (comment,) = self.server.memory.comments[number]
        text: str = comment["body"]
        return text

    def status(self, sha: str) -> str:
        """What the newest status of a commit says."""
        newest: dict[str, Any] = self.server.memory.statuses[sha][0]
        return f"{newest['state']}: {newest['description']}"

    def kept(self) -> list[str]:
        """The bonuses that the state's branch says are issued, and that it is whole: `ann 1.00` each, sorted."""
        assert "state/bonusctl.db.under-way.json" not in self.on_branch(), "a mark: a run is under way"
        folder = self.clone.parent / f"looks-{time.monotonic_ns()}"
        git(self.clone.parent, "clone", "-q", str(self.jobs.origin), str(folder))
        assert self.by_person("state", "pull", folder=folder).code == 0
        verified = self.by_person("state", "verify", folder=folder)
        assert verified.code == 0, verified.err
        rows = self.by_person("state", "list", "--format", "json", folder=folder).json()["bonuses"]
        return sorted(f"{NAMES[row['recipient']]} {row['issued_amount']}" for row in rows if row["status"] == "issued")

    def on_branch(self) -> list[str]:
        """The files on the state's branch."""
        return git(self.jobs.origin, "ls-tree", "-r", "--name-only", STATE_BRANCH).split()
