"""The emulator as a child: started by bonusctl for `environment: emulator`, gone with it.

The child is a real server in a process and a session of its own: Ctrl-C in the terminal reaches bonusctl alone, which
settles what is in flight and then ends the child. It watches its stdin, which ends when its parent does, however the
parent died; what was answered is durable, and open operations go on when the ledger is opened again.
"""

import os
import selectors
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Final

import reconcile
from reconcile.emulator.options import Options, option_arguments
from reconcile.errors import ProviderError

START_S: Final = 30
STOP_S: Final = 10

# Isolated mode: no module in the working folder, no PYTHONPATH and no user site can stand in for ours. The place this
# very package was loaded from goes last on the path, behind the standard library.
_BOOT: Final = "import sys; sys.path.append({root!r}); from reconcile.emulator.server import main; sys.exit(main())"
# All that the child gets of the environment: no token among it.
_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")


class Embedded:
    """A running child. `endpoint` is its address; `process` the child itself."""

    def __init__(self, process: "subprocess.Popen[bytes]", endpoint: str) -> None:
        self.process = process
        self.endpoint = endpoint

    def close(self) -> None:
        """End the child, by force if it does not end by itself."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self) -> "Embedded":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start_embedded(db: Path, *, log: Path | None = None, options: Options | None = None) -> Embedded:
    """Start an emulator on the ledger `db` (made if missing), on a free loopback port, and wait until it answers.

    `log` gets what it writes to stderr; None drops it. Raises ProviderError(reason="emulator") if it does not start.
    """
    chosen = replace(options or Options(), db=db.resolve(), stop_with_stdin=True)
    db.parent.mkdir(parents=True, exist_ok=True)
    process = _start(chosen, log)
    line = _first_line(process)
    endpoint = line.removeprefix("listening on ").strip()
    if not endpoint.startswith("http://"):
        Embedded(process, "").close()
        raise ProviderError(
            "The embedded emulator did not start.",
            detail=f"It ended with code {process.returncode} before it answered."
            + (f" Its log is {log}." if log else ""),
            remedy=f"See what it says:\n  {sys.executable} -m reconcile.emulator --db {db}",
            reason="emulator",
        )
    return Embedded(process, endpoint)


def _start(options: Options, log: Path | None) -> "subprocess.Popen[bytes]":
    root = str(Path(reconcile.__file__).resolve().parents[1])
    command = [sys.executable, "-I", "-c", _BOOT.format(root=root), *option_arguments(options)]
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    errors: int | IO[bytes] = subprocess.DEVNULL
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        errors = os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "ab")
    try:
        return subprocess.Popen(  # noqa: S603 (our own interpreter, our own module, no shell)
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    finally:
        if not isinstance(errors, int):
            errors.close()


def _first_line(process: "subprocess.Popen[bytes]") -> str:
    """What the child says first; "" if it ends or stays silent for too long."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(START_S):
            return ""
    return process.stdout.readline().decode("utf-8", "replace")
