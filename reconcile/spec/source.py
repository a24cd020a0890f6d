"""The bytes of a YAML file on their way to libyaml: bounded, and nothing in them that people and libyaml would read
differently.

libyaml asks for bytes through C, where an exception of ours would be lost: a problem is kept here, the stream ends,
and the reader of events raises it.
"""

from typing import BinaryIO, Final

from reconcile.spec.report import Unreadable
from reconcile.spec.secrets import find_in_bytes

ENTRY_BYTES_MAX: Final = 4 << 20
_CHUNK: Final = 1 << 16
_MARK: Final = b"\xef\xbb\xbf"
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
# Line breaks for YAML 1.1, but not for editors: NEL, LINE SEPARATOR, PARAGRAPH SEPARATOR. And a second byte order mark.
_ODD: Final = (
    (b"\xc2\x85", "a next-line character (U+0085)", "\\N"),
    (b"\xe2\x80\xa8", "a line separator (U+2028)", "\\L"),
    (b"\xe2\x80\xa9", "a paragraph separator (U+2029)", "\\P"),
    (_MARK, "a byte order mark (U+FEFF) in its middle", "\\uFEFF"),
)


class Source:
    """A file as libyaml reads it (`read`), in chunks that end with a line, except for lines longer than a chunk.

    `problem` says why the stream ended early, None if it did not; `secrets` are the places (line, column) of what
    looks like a token.
    """

    __slots__ = ("_file", "_left", "_lines", "_within_line", "problem", "secrets")

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = ENTRY_BYTES_MAX
        self._lines = 0
        self._within_line = False
        self.problem: Unreadable | None = None
        self.secrets: list[tuple[int, int]] = []

    def renew(self) -> None:
        """An entry of the document begins: it may take as many bytes as the one before."""
        self._left = ENTRY_BYTES_MAX

    def read(self, _size: int = -1, /) -> bytes:
        """The next bytes, b"" at the end or at a problem."""
        if self.problem is not None:
            return b""
        data = self._file.read(_CHUNK)
        if data and not data.endswith(b"\n"):
            data += self._file.readline(_CHUNK)
        if not self._inspect(data):
            return b""
        self._lines += data.count(b"\n")
        self._within_line = not data.endswith(b"\n")
        self._left -= len(data)
        return data

    def _inspect(self, data: bytes) -> bool:
        if self._left < 0:
            self.problem = Unreadable(
                "entry-size",
                f"An entry of more than {ENTRY_BYTES_MAX:,} bytes",
                detail="A quote or a bracket that is never closed makes the rest of a file one entry.",
                hint="Look for it before this line.",
                line=self._lines + 1,
            )
        if b"\r" in data:
            self._inspect_returns(data)
        if not data.isascii():
            self._inspect_odd(data)
        if (at := find_in_bytes(data)) >= 0:
            self.secrets.append(self._place(data, at))
        return self.problem is None

    def _inspect_returns(self, data: bytes) -> None:
        """A carriage return belongs before a line feed; alone, editors and libyaml would count lines differently."""
        if data.count(b"\r") == data.count(b"\r\n"):
            return
        at = next(at for at, byte in enumerate(data) if byte == 13 and data[at + 1 : at + 2] != b"\n")
        self._refuse(data, at, "a carriage return without a line feed", "Save the file with LF line ends.")

    def _inspect_odd(self, data: bytes) -> None:
        first = self._lines == 0 and not self._within_line
        if first and data.startswith(_WIDE):
            self.problem = Unreadable(
                "encoding", "The file is not UTF-8", hint="Save it as UTF-8; it looks like UTF-16."
            )
            return
        for mark, name, escape in _ODD:
            at = data.find(mark, len(_MARK) if first and data.startswith(_MARK) else 0)
            if at >= 0:
                hint = f'Take it out, or write it as `{escape}` in a text in "quotes".'
                self._refuse(data, at, name, hint)
                return

    def _refuse(self, data: bytes, at: int, name: str, hint: str) -> None:
        line, column = self._place(data, at)
        self.problem = Unreadable(
            "odd-character",
            f"The file holds {name}",
            detail="Editors do not show it, and programs disagree where a line ends.",
            hint=hint,
            line=line,
            column=column,
        )

    def _place(self, data: bytes, at: int) -> tuple[int, int]:
        """Line and column of an offset in the present chunk; column 0 where its line began in an earlier one."""
        line = self._lines + data.count(b"\n", 0, at) + 1
        start = data.rfind(b"\n", 0, at) + 1
        if start == 0 and self._within_line:
            return line, 0
        return line, len(data[start:at].removeprefix(_MARK).decode("utf-8", "replace")) + 1
