"""The run lock: at most one run writes a state and sends from it, and a dead run never blocks the next.

The lock is a file of its own beside the state, `<state>.lock`, locked with flock: the system lets it go when its
process dies, however it dies. The text in it only says who holds it. `unlock` puts another file in its place, so that
the next run can go on while a paused one still holds the old file, and can tell that it lost the lock.
"""

import errno
import fcntl
import json
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from reconcile import times
from reconcile.digest import canonical_json
from reconcile.errors import StateError, StateLocked
from reconcile.state import files
from reconcile.state.beside import read_beside

_POLL_S: Final = 0.05
_TEXT_MAX: Final = 4096


class Holder(NamedTuple):
    """Who holds a lock: process id, host, command line as a person would know it, and since when."""

    pid: int
    host: str
    command: str
    since_ms: int

    def __str__(self) -> str:
        return f"`{self.command}` (process {self.pid} on {self.host}, since {times.format_time(self.since_ms)})"


def lock_path(state: Path) -> Path:
    """The lock's file of a state."""
    return state.with_name(state.name + ".lock")


class RunLock:
    """A lock that is held until `release`, or until this process ends."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle
        found = os.fstat(handle)
        self._file = found.st_dev, found.st_ino

    def still_held(self) -> bool:
        """Whether the lock's path still names our file: cheap, and asked right before money moves."""
        if self._handle < 0:
            return False
        try:
            found = self.path.lstat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._file

    def release(self) -> None:
        """Let the lock go. The file stays: removing it would let two runs hold two files of one name."""
        if self._handle < 0:
            return
        handle, self._handle = self._handle, -1
        try:
            os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    def __enter__(self) -> "RunLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def acquire(state: Path, holder: Holder, timeout_s: float) -> RunLock:
    """Take the lock of a state, waiting up to `timeout_s` seconds.

    Raises StateLocked naming its holder, StateError if the lock's file cannot be made.
    """
    path = lock_path(state)
    deadline = time.monotonic() + timeout_s
    while True:
        lock = _try(path)
        if lock is not None:
            _sign(lock, holder)
            return lock
        if time.monotonic() >= deadline:
            raise _locked(state, read_holder(state))
        time.sleep(_POLL_S)


def _try(path: Path) -> RunLock | None:
    handle = _open(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError as error:
        os.close(handle)
        raise StateError(f"{path} cannot be locked: {error.strerror}", reason="lock_unusable") from error
    lock = RunLock(path, handle)
    if lock.still_held():
        return lock
    # `unlock` put another file in its place between our open and our lock: this one names nothing any more.
    os.close(handle)
    return None


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(mode=files.FOLDER_MODE, parents=True, exist_ok=True)
        return os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, files.MODE)
    except OSError as error:
        why = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise StateError(
            f"The lock {path} cannot be opened: {why}",
            detail="Without the lock two runs could pay at once. Nothing was sent.",
            remedy="Mend the folder's permissions, then try again.",
            reason="lock_unusable",
        ) from error


def _sign(lock: RunLock, holder: Holder) -> None:
    # A courtesy to who waits: on a full disk the lock holds without it, and the first durable write says so.
    with suppress(OSError):
        os.ftruncate(lock._handle, 0)
        os.pwrite(lock._handle, canonical_json(holder._asdict()).encode(), 0)


def read_holder(state: Path) -> Holder | None:
    """Who says to hold the lock of a state; None if nobody signed it. It may have died since."""
    try:
        value = json.loads(read_beside(lock_path(state), _TEXT_MAX))
        return Holder(int(value["pid"]), str(value["host"]), str(value["command"]), int(value["since_ms"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def take_over(state: Path, holder: Holder) -> tuple[Holder | None, RunLock]:
    """Put a fresh lock file in place of the present one, held by us from its first moment, and say who had signed the
    old one. A run that still holds that finds out before it writes or sends; no other run can slip in between.
    """
    before, path = read_holder(state), lock_path(state)
    try:
        handle, fresh = tempfile.mkstemp(prefix=path.name + ".", dir=path.parent)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock = RunLock(path, handle)
        Path(fresh).replace(path)
    except OSError as error:
        raise StateError(f"The lock {path} cannot be replaced: {error.strerror}", reason="lock_unusable") from error
    _sign(lock, holder)
    return before, lock


def unlock(state: Path) -> Holder | None:
    """Take the lock over and let it go. Returns who had signed it."""
    before, lock = take_over(state, Holder(pid=os.getpid(), host="", command="state unlock", since_ms=0))
    lock.release()
    return before


def _locked(state: Path, holder: Holder | None) -> StateLocked:
    who = str(holder) if holder else "a run that has not said its name"
    return StateLocked(
        f"The state {state} is locked by {who}",
        detail="One run at a time pays from a state. A lock of a process that died is free at once, so this one lives.",
        remedy="Wait for it to end. If it hangs for good:\nbonusctl state unlock",
    )
