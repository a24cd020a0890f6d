"""Whether a state's file is the very one that the last run here closed, so that its pages need not be read again.

SQLite's quick check reads the whole file, which takes longer than a run of ten bonuses once millions are recorded. A run
that ends well keeps, beside the state, what the system says of the file then: the same file, size and times mean that
nobody wrote to it since (the time of the last change is the system's own, no program sets it). What a disk does by
itself no time tells: pages are checked again a day after they were.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from reconcile.digest import canonical_json
from reconcile.state.beside import read_beside, write_beside
from reconcile.times import DAY_MS

AGE_MAX_MS: Final = DAY_MS

_TEXT_MAX: Final = 1_024


class Stamp(NamedTuple):
    """What the system says of a file."""

    device: int
    inode: int
    size: int
    written_ns: int
    changed_ns: int


def checked_path(state: Path) -> Path:
    """Where it is kept."""
    return state.with_name(state.name + ".checked")


def stamp(status: os.stat_result) -> Stamp:
    """The stamp in what the system said."""
    return Stamp(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def stamp_of(path: Path) -> Stamp:
    """The stamp of a file that is there. Raises OSError."""
    return stamp(path.lstat())


def stamp_at_rest(state: Path) -> Stamp | None:
    """The stamp of a state's file; None while a journal lies beside it, whose pages belong to it. Raises OSError."""
    hot = state.with_name(state.name + "-journal").exists()
    return None if hot else stamp_of(state)


def checked_ms(state: Path, at_ms: int) -> int | None:
    """When the pages of this very file were checked, by our wall clock; None where that is unknown or a day ago. `at_ms`
    is now. A clock that went backwards knows nothing.
    """
    try:
        value = json.loads(read_beside(checked_path(state), _TEXT_MAX))
        when_ms, same = value["checked_ms"], Stamp(*value["stamp"]) == stamp_at_rest(state)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    known = same and type(when_ms) is int and 0 <= at_ms - when_ms < AGE_MAX_MS
    return when_ms if known else None


def keep_checked(state: Path, when_ms: int) -> None:
    """Keep that this file is the one that was checked then, 0600, in one step. No connection of ours may be open. A folder
    that takes no file has the next run check again.
    """
    with suppress(OSError):
        value = {"checked_ms": when_ms, "format_version": 1, "stamp": list(stamp_of(state))}
        write_beside(checked_path(state), canonical_json(value) + "\n")
