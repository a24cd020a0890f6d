"""Small files that lie beside a state: its newest head, when its pages were checked, what a verification found.

None of them is needed. What is there may have been put there by anybody who writes to the folder: only a plain file is
read, a bounded part of it, and never waited for.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def open_plain(path: Path) -> BinaryIO:
    """A plain file, to be read. Raises OSError, for a link, a pipe or a device as well."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(f"{path} is no plain file")
    return file


def read_beside(path: Path, bytes_max: int) -> bytes:
    """The beginning of a plain file. Raises OSError."""
    with open_plain(path) as file:
        return file.read(bytes_max)


def write_beside(path: Path, text: str) -> None:
    """Keep an ASCII text, 0600, in one step. Raises OSError, and leaves the file of before, where there is no room for it."""
    # Imported where something is written: a plan with nothing to do reads alone.
    import tempfile

    handle, fresh = tempfile.mkstemp(prefix=path.name + ".", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
        Path(fresh).replace(path)
    finally:
        with suppress(OSError):
            Path(fresh).unlink()
