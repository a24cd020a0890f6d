"""A scratch project in which a scene types commands; what differs from run to run is shown as something fixed.

Fixed are times, the ids of runs, the heads of journals and commits. Ids of bonuses and payments, digests and figures are
the same on every machine: they stand in the pages as they are.
"""

import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.support.actions import git
from tests.support.cli import COMMAND, LIMIT_S, environment, project

RUN: Final = "4f7c21d0"
HEAD: Final = "5f0fde2fe95a1dda9746345586781d9bbde2c7ab9abf8ef66641df95146f62bd"
_PERSON: Final = {"USER": "ann", "LOGNAME": "ann", "NO_COLOR": "1", "COLUMNS": "120"}
_LISTED: Final = re.compile(r"^([0-9a-f]{8})(?=  20)", re.MULTILINE)


class Stage:
    """A fresh project of `init`, by a person named ann."""

    def __init__(self, folder: Path) -> None:
        self.folder = project(folder)
        config = folder / "bonusctl.yaml"
        # One request at a time, so that the provider's ids come in the order of the specs.
        line = "    environment: emulator "
        assert line in config.read_text()
        config.write_text(config.read_text().replace(line, f"    concurrency: 1\n{line}", 1))

    def quietly(self, command: str) -> str:
        """Type a command that is not shown; what it printed, both streams in their order."""
        program, *arguments = shlex.split(command, comments=True)
        assert program == "bonusctl", command
        ended = subprocess.run(
            [str(COMMAND), *arguments],
            cwd=self.folder,
            env=environment(self.folder, _PERSON),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        return ended.stdout

    def shown(self, command: str, *, after: str = "", before: str = "") -> str:
        """A prompt, the command and what it printed; of a long output, what stands from `after` and up to `before` on."""
        text = self.quietly(command)
        if after:
            assert after in text, text
            text = "…\n" + text[text.index(after) :]
        if before:
            assert before in text, text
            text = text[: text.index(before)].rstrip("\n") + "\n…\n"
        return f"$ {command}\n{fixed(text)}"

    def in_git(self, origin: Path) -> None:
        """Put the project into a repository with a remote."""
        git(origin.parent, "init", "-q", "--bare", "-b", "main", str(origin))
        git(self.folder, "init", "-q", "-b", "main")
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "-q", "-m", "specs")
        git(self.folder, "remote", "add", "origin", str(origin))


def console(*parts: str) -> str:
    """A console block."""
    return "```console\n" + "\n".join(part.rstrip("\n") + "\n" for part in parts) + "```\n"


def fixed(text: str) -> str:
    """What differs from run to run in something that does not."""
    for found, instead in _differing():
        text = re.sub(found, instead, text, flags=re.MULTILINE)
    return text


def _differing() -> Iterator[tuple[str, str]]:
    day = datetime.now(UTC).date().isoformat()
    yield rf"{day}T\d\d:\d\d:\d\d(?:\.\d+)?Z", "2026-11-22T10:00:00.000Z"
    yield rf"{day} \d\d:\d\d:\d\d", "2026-11-22 10:00:00"
    yield rf"(?<=,){day[:7]}(?=,)", "2026-11"
    yield r"(?<=head )(\d+):[0-9a-f]{64}", rf"\1:{HEAD}"
    yield r"^[0-9a-f]{8}(?=  2026-11-22 10:00:00)", RUN
    yield r"^Run [0-9a-f-]{36}$", f"Run {RUN}-8bf3-407d-8752-89b33a627b9f"
    yield rf"(?<=ann on ){re.escape(socket.gethostname())}$", "laptop"


def newest_run(listing: str) -> str:
    """The id of the first run that `history` lists."""
    found = _LISTED.search(listing)
    assert found is not None, listing
    return found[1]
