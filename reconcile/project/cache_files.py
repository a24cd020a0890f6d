"""Small files in the user's cache folder: private, whole or not there, and never a reason for a command to fail."""

import hashlib
import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from reconcile.state.beside import open_plain, write_beside

ENTRY_BYTES_MAX: Final = 1 << 20
ENTRIES_MAX: Final = 100


def read_entry(path: Path) -> dict[str, Any] | None:
    """What `write_entry` wrote; None for what is not there, damaged, too large, a link, another user's, or open to others."""
    try:
        file = open_plain(path)
    except OSError:
        return None
    with file:
        if not (_is_private(os.fstat(file.fileno())) and _is_private_folder(path.parent)):
            return None
        data = file.read(ENTRY_BYTES_MAX + 1)
    head, _, body = data.partition(b"\n")
    if len(data) > ENTRY_BYTES_MAX or hashlib.sha256(body).hexdigest().encode() != head:
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def write_entry(path: Path, content: dict[str, Any]) -> None:
    """Put an entry in the place of the one before, whole, readable by its owner alone; the oldest of too many go.

    Nothing is written where the folder is not this user's alone. Raises OSError.
    """
    body = json.dumps(content, ensure_ascii=True)
    if len(body) + 65 > ENTRY_BYTES_MAX:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _is_private_folder(path.parent):
        return
    write_beside(path, f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}")
    _remove_oldest(path.parent)


def _is_private_folder(folder: Path) -> bool:
    with suppress(OSError):
        status = folder.lstat()
        return stat.S_ISDIR(status.st_mode) and _is_private(status)
    return False


def _is_private(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _remove_oldest(folder: Path) -> None:
    entries = sorted(folder.glob("*.json"), key=lambda one: one.lstat().st_mtime_ns)
    for one in entries[:-ENTRIES_MAX]:
        with suppress(OSError):
            one.unlink()
