"""Diagnostics of one file: each with its place and the offending line, which is read again when it is needed.

Lines are looked up going forward through the file, since problems are found in that order: a thousand of them cost
one more reading, not a thousand. Steps back are short (a cell of several lines, a line that is asked for again), so
the beginnings of the last lines are remembered. A line that shows a secret is never taken.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Final

from reconcile.diagnostics import ERRORS_SHOWN_MAX, Diagnostics, Place
from reconcile.spec.secrets import looks_secret, shows_secret

_QUOTED_MAX: Final = 60
_LINE_MAX: Final = 4_000
_PIECE: Final = 1 << 16
_WINDOW: Final = 2_000


def quoted(text: str) -> str:
    """A text of the user's inside a sentence of ours, cut where it is long, unsaid where it looks like a secret."""
    if looks_secret(text):
        return "`***`"
    return f"`{text}`" if len(text) <= _QUOTED_MAX else f"`{text[:_QUOTED_MAX]}…`"


class Unreadable(Exception):
    """A file, or the rest of it, cannot be read. It becomes a diagnostic where the file is known."""

    def __init__(
        self, code: str, summary: str, *, detail: str = "", hint: str = "", line: int = 0, column: int = 0
    ) -> None:
        super().__init__(summary)
        self.code = code
        self.summary = summary
        self.detail = detail
        self.hint = hint
        self.line = line
        self.column = column


@dataclass(slots=True)
class Report:
    """Where the problems of one file go. `shown` is its path as the user would type it, `opener` opens it."""

    diagnostics: Diagnostics
    shown: str
    opener: Callable[[], BinaryIO]
    _file: BinaryIO | None = field(default=None, init=False)
    _next: int = field(default=1, init=False)
    _offset: int = field(default=0, init=False)
    _starts: deque[int] = field(default_factory=lambda: deque(maxlen=_WINDOW), init=False)
    _secret_lines: set[int] = field(default_factory=set, init=False)

    def error(
        self, code: str, summary: str, *, line: int = 0, column: int = 0, detail: str = "", hint: str = ""
    ) -> None:
        """Take an error at a place of this file. `line` and `column` count from 1; line 0: the whole file."""
        place, source = self._at(line, column)
        self.diagnostics.error(code, summary, detail=detail, hint=hint, place=place, source=source)

    def warning(
        self, code: str, summary: str, *, line: int = 0, column: int = 0, detail: str = "", hint: str = ""
    ) -> None:
        """Take a warning, likewise."""
        place, source = self._at(line, column)
        self.diagnostics.warning(code, summary, detail=detail, hint=hint, place=place, source=source)

    def secret(self, summary: str, *, line: int, column: int, hint: str) -> None:
        """Take an error about a secret, one for a line: it is not shown."""
        if line in self._secret_lines:
            return
        self._secret_lines.add(line)
        self.diagnostics.error(
            "secret",
            summary,
            detail="Whoever reads this file, or the history of its repository, can use it.",
            hint=hint,
            place=Place(self.shown, line, column),
        )

    def unreadable(self, problem: Unreadable) -> None:
        """Take what ended the reading."""
        self.error(
            problem.code,
            problem.summary,
            line=problem.line,
            column=problem.column,
            detail=problem.detail,
            hint=problem.hint,
        )

    @property
    def full(self) -> bool:
        """Whether further problems are only counted: what makes a message better can then be spared."""
        return len(self.diagnostics.found) >= ERRORS_SHOWN_MAX

    def line(self, number: int) -> str:
        """A line of the file without its end, "" if it is not there or cannot be read."""
        try:
            return self._line(number)
        except (OSError, Unreadable):
            return ""

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> "Report":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _at(self, line: int, column: int) -> tuple[Place, str]:
        place = Place(self.shown, line, column)
        if line == 0 or column > _LINE_MAX or self.full:
            return place, ""
        text = self.line(line)[:_LINE_MAX]
        return place, "" if shows_secret(text) else text

    def _line(self, number: int) -> str:
        back = self._next - number
        if self._file is not None and 0 < back <= len(self._starts):
            self._go_back(self._file, back)
        elif self._file is None or back > 0:
            self.close()
            self._starts.clear()
            self._file, self._next, self._offset = self.opener(), 1, 0
        while self._next < number:
            if not self._read_line():
                return ""
        return self._read_line().decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r\n")

    def _go_back(self, file: BinaryIO, lines: int) -> None:
        """So many lines back, to one whose beginning is still known."""
        self._next -= lines
        for _ in range(lines):
            self._offset = self._starts.pop()
        file.seek(self._offset)

    def _read_line(self) -> bytes:
        """The next line, its beginning alone where it is very long."""
        assert self._file is not None
        self._starts.append(self._offset)
        start = piece = self._file.readline(_PIECE)
        self._offset += len(piece)
        while piece and not piece.endswith(b"\n"):
            piece = self._file.readline(_PIECE)
            self._offset += len(piece)
        self._next += 1
        return start
