"""Small files in the user's cache folder: private, whole or not there, and never a reason for a command to fail."""

import hashlib
import json
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

ENTRY_BYTES_MAX: Final = 1 << 20
ENTRIES_MAX: Final = 100


def read_entry(path: Path) -> dict[str, Any] | None:
    """What `write_entry` wrote; None for what is not there, damaged, too large, a link, another user's, or open to others."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        if not (_is_private(os.fstat(handle), stat.S_ISREG) and _is_private_folder(path.parent)):
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
    body = json.dumps(content, ensure_ascii=True).encode()
    if len(body) + 65 > ENTRY_BYTES_MAX:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _is_private_folder(path.parent):
        return
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink()
    _remove_oldest(path.parent)


def _is_private_folder(folder: Path) -> bool:
    with suppress(OSError):
        return _is_private(folder.lstat(), stat.S_ISDIR)
    return False


def _is_private(status: os.stat_result, kind: Any) -> bool:
    return bool(kind(status.st_mode)) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _remove_oldest(folder: Path) -> None:
    entries = sorted(folder.glob("*.json"), key=lambda one: one.lstat().st_mtime_ns)
    for one in entries[:-ENTRIES_MAX]:
        with suppress(OSError):
            one.unlink()
