"""The bytes of a data file in pieces that end where a line ends, so that each can be looked at as a whole."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import BinaryIO, Final

PIECE_BYTES: Final = 1 << 16
LINE_BYTES_MAX: Final = 1 << 23
"""No row is longer; a text of four times as many bytes may be made of it."""
_MARK: Final = b"\xef\xbb\xbf"


class LineTooLong(csv.Error):
    """A line of more than LINE_BYTES_MAX bytes."""


class BytePieces:
    """Pieces of about 64 KiB, longer where a line is. A carriage return ends a line where no line feed follows it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._carried = b""
        self._begun = False

    def next(self) -> bytes:
        """The next piece, without a byte order mark; nothing at the end of the file. Raises LineTooLong."""
        data = self._carried + self._file.read(PIECE_BYTES)
        self._carried = b""
        if not data.endswith(b"\n"):
            data = b"".join((data, *self._rest_of_line()))
        if not self._begun:
            self._begun = True
            data = data.removeprefix(_MARK) or self.next()
        return data

    @property
    def offset(self) -> int:
        """Where in the file the next piece begins."""
        return self._file.tell() - len(self._carried)

    def go_on_at(self, offset: int) -> None:
        """Let the next piece begin there."""
        self._file.seek(offset)
        self._carried = b""

    def _rest_of_line(self) -> Iterator[bytes]:
        length = 0
        while more := self._file.readline(PIECE_BYTES):
            length += len(more)
            if length > LINE_BYTES_MAX:
                raise LineTooLong
            # Files with bare carriage returns have no line feed anywhere: they are not read as one line.
            at = -1 if more.endswith(b"\n") else more.rfind(b"\r", 0, len(more) - 1)
            if at >= 0:
                self._carried = more[at + 1 :]
                more = more[: at + 1]
            yield more
            if at >= 0 or more.endswith(b"\n"):
                return


class TextPieces:
    """The same as text. An iterator of lines, of which some are taken a whole piece at a time.

    Raises UnicodeDecodeError at a piece that is not UTF-8, LineTooLong.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.pieces = BytePieces(file)
        self._lines = StringIO("", newline="")
        self._length = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._lines.readline()
        if not line:
            self.give_back(self.pieces.next().decode())
            line = self._lines.readline()
            if not line:
                raise StopIteration
        return line

    @property
    def used_up(self) -> bool:
        """Whether the present piece was read to its end."""
        return self._lines.tell() == self._length

    def take(self) -> str:
        """What is left of the present piece, or the next one; nothing at the end of the file."""
        text = self._lines.read() or self.pieces.next().decode()
        self.give_back("")
        return text

    def give_back(self, text: str) -> None:
        """Let `text`, which was taken whole, be read line by line."""
        self._lines = StringIO(text, newline="")
        self._length = len(text)
