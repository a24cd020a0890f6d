"""The real command as a child process, in a folder of its own, and on a terminal of its own where it asks."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reconcile.scaffold.writer import make_project
from reconcile.spec.schema import config_schema, spec_schema

COMMAND = Path(sys.executable).with_name("bonusctl")
LIMIT_S = 120


class Ended(NamedTuple):
    """A command that has ended: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The document on stdout."""
        return json.loads(self.out)


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """A small environment: nothing of the test's own gets in."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **(extra or {})}


def bonusctl(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None, typed: str = "") -> Ended:
    """Run the installed command in `folder` to its end."""
    done = subprocess.run(
        [str(COMMAND), *arguments],
        cwd=folder,
        env=environment(folder, environ),
        input=typed,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def project(folder: Path) -> Path:
    """A fresh project as `init --ci none` makes it, on the emulator."""
    schemas = {"spec.schema.json": spec_schema(), "config.schema.json": config_schema()}
    make_project(folder, schemas=schemas)
    return folder


def write_specs(folder: Path, *bonuses: str, campaign: str = "week-47", head: str = "") -> None:
    """One spec with these bonuses (flow mappings), in place of all that is there."""
    for path in (folder / "specs").rglob("*.*"):
        path.unlink()
    rows = "".join(f"  - {bonus}\n" for bonus in bonuses)
    text = f"version: 1\ncampaign: {campaign}\nprovider: toloka\n{head}bonuses:\n{rows}"
    (folder / "specs" / "week.yaml").write_text(text)


def on_terminal(
    folder: Path, arguments: Sequence[str], answers: Sequence[tuple[str, str]], environ: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run the command on a terminal; each answer is (text to wait for, what to type). Returns (exit code, screen)."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover (the child)
        os.chdir(folder)
        os.execve(str(COMMAND), [str(COMMAND), *arguments], {**environment(folder, environ), "TERM": "xterm"})
    screen, waiting, deadline = "", list(answers), time.monotonic() + LIMIT_S
    seen = 0
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if ready:
            try:
                chunk = os.read(terminal, 65536)
            except OSError:
                break
            if not chunk:
                break
            screen += chunk.decode("utf-8", "replace")
        if waiting and waiting[0][0] in screen[seen:]:
            seen = len(screen)
            os.write(terminal, waiting.pop(0)[1].encode())
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), screen
