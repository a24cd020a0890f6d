"""A job of GitHub Actions around the real command: the runner's variables, its files, and a fake GitHub to talk to."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from tests.support.cli import Ended, bonusctl, project, write_specs
from tests.support.github import REPOSITORY, TOKEN, Server

ANN = "fac97860c7929add8048ed2ef63b66fd"
BEN = "a1b0b42923c429daa2c764d7ccfc364d"
HEAD = "1111111111111111111111111111111111111111"
MERGE = "2222222222222222222222222222222222222222"
MASK_KEY = "a key of sixteen bytes or more"


class Ran(NamedTuple):
    """A step that has ended: the command, its outputs, and what it added to the job's summary."""

    ended: Ended
    outputs: dict[str, str]
    summary: str

    @property
    def everything(self) -> str:
        """All that the step left anywhere."""
        return self.ended.out + self.ended.err + json.dumps(self.outputs) + self.summary


class Job:
    """A checkout at `folder` with a project that owes Ann 1.00 and Ben 0.50."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder / "checkout"
        self.runner = folder / "runner"
        self.runner.mkdir()
        self.server = server
        self.environ = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_API_URL": server.url,
            "GITHUB_RUN_ID": "77",
            "GITHUB_WORKSPACE": str(self.folder),
            "GITHUB_TOKEN": TOKEN,
            "BONUSCTL_MASK_KEY": MASK_KEY,
        }
        project(self.folder)
        write_specs(self.folder, f"{{user_id: {ANN}, amount: 1.00}}", f"{{user_id: {BEN}, amount: 0.50}}")

    def pull_request(self, number: int = 12, *, head: str = HEAD, base: str = "main", fork: bool = False) -> None:
        """The job works for a pull request from here on."""
        theirs = "stranger/bonuses" if fork else REPOSITORY
        payload = {
            "pull_request": {
                "number": number,
                "head": {"sha": head, "repo": {"full_name": theirs}},
                "base": {"ref": base, "repo": {"full_name": REPOSITORY}},
            }
        }
        path = self.runner / "event.json"
        path.write_text(json.dumps(payload))
        self.environ |= {
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(path),
            "GITHUB_REF": f"refs/pull/{number}/merge",
            "GITHUB_SHA": "3" * 40,
        }

    def push(self, sha: str = MERGE, *, branch: str = "main", name: str = "push") -> None:
        """The job works for a push to a branch from here on."""
        self.environ |= {"GITHUB_EVENT_NAME": name, "GITHUB_REF": f"refs/heads/{branch}", "GITHUB_SHA": sha}

    def run(self, *arguments: str, folder: str = ".") -> Ran:
        """Run a step in a folder of the checkout."""
        files = {"GITHUB_OUTPUT": self.runner / "output", "GITHUB_STEP_SUMMARY": self.runner / "summary"}
        for path in files.values():
            path.write_text("")
        environ = self.environ | {name: str(path) for name, path in files.items()}
        ended = bonusctl(self.folder / folder, *arguments, environ=environ)
        return Ran(ended, outputs_in(files["GITHUB_OUTPUT"].read_text()), files["GITHUB_STEP_SUMMARY"].read_text())


def outputs_in(text: str) -> dict[str, str]:
    """A runner's reading of an output file."""
    found = re.findall(r"^([a-z-]+)<<(\S+)\n(.*?)\n\2$", text, re.MULTILINE | re.DOTALL)
    return {name: value for name, _, value in found}
