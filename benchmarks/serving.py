"""The server of the paying benchmarks, started and stopped: a process of its own for each contender's turn."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.bench import ROOT


class Counted(NamedTuple):
    """What a server saw since it was started or reset."""

    requests: int
    posts: int
    operations: int
    repeats: int
    payments: int
    connections: int
    paying_s: float


class Serving(NamedTuple):
    """A server that runs at `endpoint`."""

    endpoint: str

    def counted(self) -> Counted:
        """What it saw."""
        return Counted(**self._get("/stats"))

    def reset(self) -> None:
        """Count from now on."""
        self._get("/reset")

    def _get(self, path: str) -> dict[str, int]:
        with urllib.request.urlopen(f"{self.endpoint}{path}", timeout=30) as answer:
            value: dict[str, int] = json.load(answer)
        return value


@contextmanager
def serving(*, latency_ms: int, issued: Path | None = None) -> Iterator[Serving]:
    """A server with one fixed latency, ended at the end. `issued`: bonuses that it has paid before, as JSONL."""
    command = [sys.executable, "-m", "benchmarks.server", "--latency-ms", str(latency_ms)]
    command += ["--issued", str(issued)] if issued else []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            endpoint = server.stdout.readline().strip()
            assert endpoint, "the server did not start"
            yield Serving(endpoint)
        finally:
            server.terminate()
