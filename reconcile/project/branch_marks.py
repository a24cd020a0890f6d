"""Who is under way: the mark on the branch, what is kept beside the state from `begin` to `push`, and what a mark that was
found means for the local state.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from reconcile.errors import StateError
from reconcile.project.branch_files import Mark
from reconcile.project.config import Project
from reconcile.project.system import actor, host, new_id
from reconcile.state.lock import RunLock
from reconcile.state.reader import open_reader
from reconcile.state.sqlite import open_ledger
from reconcile.times import format_time


class Begun(NamedTuple):
    """Kept beside the state from `begin` to `push`: the token of our mark, and whether we found one before ours."""

    token: str
    found: bool


def new_mark(project: Project) -> Mark:
    """A mark of ours, now."""
    return Mark(new_id(), actor(project.environ), host(), format_time(project.clock.now_ms()))


def doubt(project: Project, lock: RunLock) -> None:
    """A mark was found: the run that left it may have sent what no journal here holds."""
    if project.state_path.exists():
        with open_ledger(project.state_path, lock=lock, lineage=new_id(), at_ms=project.clock.now_ms()) as ledger:
            if not ledger.doubted:
                ledger.doubt()


def prove(project: Project, lock: RunLock) -> None:
    """No mark was there and ours is now: nobody is under way, and whoever was has brought the journal back."""
    if project.state_path.exists():
        with open_ledger(project.state_path, lock=lock, lineage=new_id(), at_ms=project.clock.now_ms()) as ledger:
            if ledger.unproved:
                ledger.prove()


def covered(project: Project, begun: Begun) -> bool:
    """Whether our mark may go: a mark that ours replaced is covered once a run has closed the gates for it."""
    with open_reader(project.state_path) as reader:
        return not begun.found if reader is None else not reader.unproved


def begun_path(project: Project) -> Path:
    """Where it is kept that a run began."""
    return project.state_path.with_name(project.state_path.name + ".begun")


def read_begun(project: Project) -> Begun | None:
    """What `begin` kept, None if nothing began here."""
    try:
        value = json.loads(begun_path(project).read_text("utf-8"))
        return Begun(str(value["token"]), bool(value["found"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def keep_begun(project: Project, begun: Begun) -> None:
    """Keep it, in one step. Raises StateError where the folder takes no file."""
    path = begun_path(project)
    try:
        handle, fresh = tempfile.mkstemp(prefix=path.name + ".", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(begun._asdict(), file)
        Path(fresh).replace(path)
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror}", reason="state_unwritable") from error
