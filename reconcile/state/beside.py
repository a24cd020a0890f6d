"""Small files that lie beside a state: its newest head, when its pages were checked, what a verification found.

None of them is needed. What is there may have been put there by anybody who writes to the folder: only a plain file is
read, a bounded part of it, and never waited for.
"""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def read_beside(path: Path, bytes_max: int) -> bytes:
    """The beginning of a plain file. Raises OSError, for a link, a pipe or a device as well."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path} is no plain file")
        return file.read(bytes_max)


def write_beside(path: Path, text: str) -> None:
    """Keep an ASCII text, 0600, in one step. Raises OSError, and leaves the file of before, where there is no room for it."""
    handle, fresh = tempfile.mkstemp(prefix=path.name + ".", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
        Path(fresh).replace(path)
    finally:
        with suppress(OSError):
            Path(fresh).unlink()
