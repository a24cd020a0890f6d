"""The command under Python's own audit hooks: every name looked up, connection made and program started is written down."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.cli import LIMIT_S, Ended, environment

WATCH = """
import json, sys

out = open({log!r}, "a", buffering=1)
EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "subprocess.Popen", "os.exec",
          "os.system", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty")

def watch(event, arguments):
    if event in EVENTS:
        out.write(json.dumps([event, repr(arguments)]) + "\\n")

sys.addaudithook(watch)
from reconcile.cli import main
sys.argv = ["bonusctl", *{arguments!r}]
main()
"""


class Watched(NamedTuple):
    """A command that has ended, and what it did: (event, arguments) in order."""

    ended: Ended
    events: list[tuple[str, str]]

    def of(self, word: str) -> list[str]:
        """The arguments of all events whose name holds `word`."""
        return [arguments for event, arguments in self.events if word in event]


def watched(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Watched:
    """Run the command line in `folder` to its end. `-P` keeps the folder off the module path, as the command does."""
    log = folder.parent / f"{folder.name}.events"
    log.write_text("")
    done = subprocess.run(
        [sys.executable, "-P", "-c", WATCH.format(log=str(log), arguments=list(arguments))],
        cwd=folder,
        env=environment(folder, environ),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    events = [(str(event), str(found)) for event, found in map(json.loads, log.read_text().splitlines())]
    return Watched(Ended(done.returncode, done.stdout, done.stderr), events)
