"""A bare remote and clones of it, each with a project; runs that a state records without a provider."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from reconcile.project.config import Project, load_project
from reconcile.project.state_branch import PullReport, PushReport, begin, pull, push
from reconcile.state.events import StateCarried
from reconcile.state.ledger import Head
from reconcile.state.lock import acquire
from reconcile.state.reader import open_reader
from reconcile.state.sqlite import open_ledger
from reconcile.state.transfer import export_state
from tests.state.histories import HOLDER, START_MS, bound, run_ended, run_started

BRANCH = "bonusctl-state"
STATE = "state/bonusctl.db"
CONFIG = "version: 1\nproviders:\n  toloka: {type: toloka, environment: sandbox}\n"
SPEC = "version: 1\ncampaign: c\nprovider: toloka\nbonuses:\n  - {user_id: ann, amount: 1.00}\n"


def environment(home: Path) -> dict[str, str]:
    """A person's environment without a name in git and without git's own settings."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "USER": "ann", "GIT_CONFIG_NOSYSTEM": "1", "LANG": "C.UTF-8"}


def git(folder: Path, *arguments: str) -> str:
    """Run git as a person named t; its output."""
    names = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always")
    done = subprocess.run(
        ["git", *names, *arguments], cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Clone:
    """A clone of the remote, with its project."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self.environ = environ

    @property
    def project(self) -> Project:
        return load_project(folder=self.folder, config=None, environ=self.environ)

    @property
    def state(self) -> Path:
        return self.folder / STATE

    def pull(self, branch: str = BRANCH) -> PullReport:
        return pull(self.project, remote="origin", branch=branch)

    def begin(self, branch: str = BRANCH) -> PushReport:
        return begin(self.project, remote="origin", branch=branch)

    def push(self, branch: str = BRANCH) -> PushReport:
        return push(self.project, remote="origin", branch=branch)

    def runs(self, who: str = "ann") -> None:
        """A run as the state records it: it takes up what was pulled, begins and ends."""
        with (
            acquire(self.state, HOLDER, timeout_s=0) as lock,
            open_ledger(self.state, lock=lock, lineage=f"lineage of {who}", at_ms=START_MS) as ledger,
        ):
            if ledger.unproved:
                epoch = ledger.epoch + 1
                ledger.commit([StateCarried(how="imported", reason="", actor=who, epoch=epoch, at_ms=START_MS)])
            epoch = ledger.epoch + 1
            ledger.commit([replace(run_started(epoch), actor=who), run_ended(epoch)])
            if not ledger.ledgers():
                ledger.commit([bound()])

    def head(self) -> Head:
        with open_reader(self.state) as reader:
            assert reader is not None
            return reader.head()

    def unproved(self) -> bool:
        with open_reader(self.state) as reader:
            assert reader is not None
            return reader.unproved

    def gate(self) -> str:
        with open_reader(self.state) as reader:
            assert reader is not None
            return reader.ledgers()[0].gate

    def exported(self) -> str:
        lines: list[str] = []
        with open_reader(self.state) as reader:
            assert reader is not None
            export_state(reader, lines.append)
        return "".join(f"{line}\n" for line in lines)


class Remote:
    """A bare repository with a project on `main`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bare = folder / "remote.git"
        self.bare.mkdir()
        git(self.bare, "init", "-q", "--bare", "-b", "main")
        first = folder / "source"
        (first / "specs").mkdir(parents=True)
        (first / "bonusctl.yaml").write_text(CONFIG)
        (first / "specs" / "one.yaml").write_text(SPEC)
        (first / ".gitignore").write_text("state/\n")
        git(first, "init", "-q", "-b", "main")
        git(first, "add", "-A")
        git(first, "commit", "-q", "-m", "one")
        git(first, "push", "-q", str(self.bare), "main")

    def clone(self, name: str, *options: str) -> Clone:
        """A fresh clone; its project acts for a person of this name."""
        git(self.folder, "clone", "-q", *options, f"file://{self.bare}", name)
        return Clone(self.folder / name, {**environment(self.folder), "USER": name})

    def hook(self, name: str, script: str) -> None:
        """A hook of the remote."""
        path = self.bare / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def commits(self, branch: str = BRANCH) -> list[str]:
        """The branch's commits, newest first; [] for no branch."""
        found = git(self.bare, "for-each-ref", "--format=%(refname:short)").splitlines()
        return git(self.bare, "rev-list", branch).splitlines() if branch in found else []

    def files(self, branch: str = BRANCH) -> list[str]:
        return git(self.bare, "ls-tree", "-r", "--name-only", branch).splitlines()

    def file(self, path: str, branch: str = BRANCH) -> str:
        return git(self.bare, "show", f"{branch}:{path}") + "\n"
