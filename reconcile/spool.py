"""Where long lists wait: a temporary file without a name, this process's own (0600), gone with the list.

It holds what the plan holds, recipients and texts. Where there is no room for it, its bytes stay in memory: a full
folder for temporary files must not end a run that pays.
"""

import os
import weakref
from typing import Final

from reconcile.rows import Spooling

KEPT: Final = 4_096
CHUNK: Final = 512


class TemporaryStore:
    """`rows.Store` in a file that no folder lists."""

    def __init__(self) -> None:
        self._places: list[tuple[int, int]] = []
        self._held: dict[int, bytes] = {}
        self._end = 0
        self._file: int | None = None
        # Imported where a list is long: most commands never come here.
        import tempfile

        try:
            with tempfile.TemporaryFile(buffering=0) as file:
                self._file = os.dup(file.fileno())
        except OSError:
            return
        weakref.finalize(self, os.close, self._file)

    def write(self, blob: bytes) -> int:
        """Keep these bytes."""
        number, at = len(self._places), self._end
        if self._written(blob):
            self._end += len(blob)
        else:
            self._held[number] = blob
        self._places.append((at, len(blob)))
        return number

    def read(self, number: int) -> bytes:
        """Bytes that were kept. Raises OSError for a file that was cut."""
        held = self._held.get(number)
        if held is not None:
            return held
        assert self._file is not None
        at, length = self._places[number]
        pieces = []
        while length:
            piece = os.pread(self._file, length, at)
            if not piece:
                raise OSError("a temporary file ends before what was written to it")
            pieces.append(piece)
            at, length = at + len(piece), length - len(piece)
        return b"".join(pieces)

    def _written(self, blob: bytes) -> bool:
        if self._file is None:
            return False
        done = 0
        try:
            while done < len(blob):
                done += os.pwrite(self._file, blob[done:], self._end + done)
        except OSError:
            return False
        return True


SPOOLED: Final = Spooling(kept=KEPT, chunk=CHUNK, open=TemporaryStore)
"""What a command uses: long lists leave the memory."""
