"""The real command in a folder of its own: a config, specs, and `python -m reconcile` as a child."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]


class Ended(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str

    def json(self) -> Json:
        """The document on standard output."""
        found: Json = json.loads(self.out)
        return found


class CommandLine:
    """A project's folder. `environ` is added to a small environment: nothing else of the test's own gets in."""

    def __init__(self, folder: Path, config: str, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self.environ = dict(environ)
        (folder / "specs").mkdir(parents=True, exist_ok=True)
        (folder / "bonusctl.yaml").write_text(config)

    def spec(self, name: str, text: str) -> None:
        """Write a spec file."""
        (self.folder / "specs" / f"{name}.yaml").write_text(text)

    def run(self, *arguments: str, typed: str = "") -> Ended:
        """Run a command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "reconcile", *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "NO_COLOR": "1", **self.environ},
            input=typed,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def expect(self, code: int, *arguments: str) -> Ended:
        """Run a command that ends with this exit code."""
        done = self.run(*arguments)
        assert done.code == code, f"{arguments}: exit {done.code}\n{done.out}\n{done.err}"
        return done
