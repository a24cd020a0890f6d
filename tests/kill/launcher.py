"""Runs `bonusctl` in a forked child for each order that comes in, and ends or stops the child at a point of its life.

The child is the real command: its own process, files, sockets, lock and signals; only the start of the interpreter is
saved. A point is a durable write or a network event, counted as they happen and told to a file, line by line, so that
the lines outlive the child. Orders come as JSON lines on standard input; see `tests.kill.launching`.
"""

import ctypes
import json
import os
import re
import resource
import signal
import sqlite3
import struct
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import botocore.session  # noqa: F401 (loaded once, for every child that pays through MTurk)

from reconcile.cli.app import execute
from reconcile.cli.commands import (  # noqa: F401 (loaded once, for every child)
    apply,
    import_,
    refresh,
    state_accept,
    state_import,
    state_list,
    state_resolve,
    state_restore,
    state_unlock,
    state_verify,
)
from reconcile.providers.base import Ticket
from reconcile.providers.http import HttpWire
from reconcile.providers.http_deadline import Stream
from reconcile.state.events import Event
from reconcile.state.sqlite import SqliteLedger
from tests.kill.calls import asked_of, call_name

REQUEST_LINE = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.1\r\n")
AMZ_TARGET = re.compile(rb"\r\nx-amz-target: *\S*\.(\w+)\r\n", re.IGNORECASE)


def fill_disk(ledger: SqliteLedger) -> None:
    """No file grows beyond what the state's has by now: the system's own refusal."""
    size = Path(str(ledger.source.path)).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def make_readonly(ledger: SqliteLedger) -> None:
    """The state's folder can no longer be written by this process."""
    Path(str(ledger.source.path)).parent.chmod(0o500)
    if os.geteuid() == 0:
        # Root writes where it may not unless it gives that power up, for this thread: the one that commits.
        header, powers = struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[0] * 6)
        assert ctypes.CDLL(None, use_errno=True).capset(header, powers) == 0


def keep_busy(ledger: SqliteLedger) -> None:
    """Another program holds the file's lock, longer than the state waits for it."""
    browser = sqlite3.connect(str(ledger.source.path), isolation_level=None)
    browser.execute("BEGIN IMMEDIATE")
    ledger.source.connection.execute("PRAGMA busy_timeout = 20")
    KEPT.append(browser)


BREAKAGES = {"full": fill_disk, "readonly": make_readonly, "busy": keep_busy}
KEPT: list[sqlite3.Connection] = []


class Points:
    """Counts what happens, and acts at the Nth event whose name begins with one of `prefixes`."""

    def __init__(self, file: str, number: int, prefixes: Sequence[str], action: str) -> None:
        self._handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if file else -1
        self._left, self._prefixes, self._action = number, tuple(prefixes), action
        self._lock = Lock()
        self.ledger: SqliteLedger | None = None

    def reach(self, name: str) -> None:
        with self._lock:
            if self._handle >= 0:
                os.write(self._handle, f"{name}\n".encode())
            if not name.startswith(self._prefixes):
                return
            self._left -= 1
            if self._left:
                return
        if self._action in BREAKAGES:
            assert self.ledger is not None
            BREAKAGES[self._action](self.ledger)
            return
        os.kill(os.getpid(), signal.Signals[self._action])
        # Whichever thread takes the signal, this one gets no further before it.
        time.sleep(0.1)


def watch(points: Points) -> None:
    """Tell `points` of every commit of a ledger, every request's bytes and every answer of the wire."""
    _watch_commits(points)
    _watch_requests(points)
    _watch_answers(points)


def _watch_commits(points: Points) -> None:
    commit, replay = SqliteLedger.commit, SqliteLedger.replay

    def watched(self: SqliteLedger, events: Sequence[Event]) -> None:
        kinds = "+".join(event.kind for event in events)
        points.ledger = self
        points.reach(f"before commit: {kinds}")
        commit(self, events)
        points.reach(f"after commit: {kinds}")

    def watched_replay(self: SqliteLedger, events: Any, last: Callable[[int], Event]) -> None:
        points.reach("before commit: replay+state_carried")
        replay(self, events, last)
        points.reach("after commit: replay+state_carried")

    SqliteLedger.commit, SqliteLedger.replay = watched, watched_replay  # type: ignore[method-assign]


def _watch_requests(points: Points) -> None:
    flush = Stream._flush

    def watched(self: Stream) -> None:
        found = REQUEST_LINE.match(self._pending)
        asked = AMZ_TARGET.search(self._pending)
        name = call_name(found[1].decode(), found[2].decode(), asked[1].decode() if asked else "") if found else ""
        if name:
            points.reach(f"request leaves: {name}")
        flush(self)
        if name:
            points.reach(f"request has left: {name}")

    Stream._flush = watched  # type: ignore[method-assign]


def _watch_answers(points: Points) -> None:
    start, wait = HttpWire.start, HttpWire.wait
    under_way: dict[int, str] = {}

    def watched_start(self: HttpWire, ticket: Ticket) -> None:
        request = ticket.request
        under_way[ticket.number] = call_name(request.method, request.target, asked_of(request))
        start(self, ticket)

    def watched_wait(self: HttpWire, timeout_s: float) -> Any:
        results = wait(self, timeout_s)
        for number, _ in results:
            points.reach(f"answer received: {under_way.pop(number)}")
        return results

    HttpWire.start, HttpWire.wait = watched_start, watched_wait  # type: ignore[method-assign]


def child(order: dict[str, Any]) -> None:
    """The command, in the child; never returns."""
    code = 70
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environ"])
        for number, path in ((0, os.devnull), (1, order["out"]), (2, order["err"])):
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            os.dup2(handle, number)
            os.close(handle)
        watch(Points(order["points"], order["number"], order["prefix"], order["action"]))
        code = execute(order["arguments"])
    except BaseException:  # noqa: BLE001 (the child must not come back into the launcher's loop)
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Answer orders until standard input ends. `start` forks, `wait` waits until a child has ended or was stopped."""
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "start":
            pid = os.fork()
            if pid == 0:
                child(order)
            answer = {"pid": pid}
        else:
            _, status = os.waitpid(order["pid"], os.WUNTRACED)
            stopped = os.WIFSTOPPED(status)
            answer = {"stopped": stopped, "code": 0 if stopped else os.waitstatus_to_exitcode(status)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
