"""The one module that prints: results to stdout, everything else to stderr.

It decides about colour, asks questions, and draws the progress line. A closed pipe ends the output, never the work:
`bonusctl apply | head` pays and records all the same. So does a reader that stands still, or a full disk, where documents
are written while the work goes on.
"""

import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final, TextIO

_STYLES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_CLEAR_LINE: Final = "\r\x1b[2K"
_TOGETHER: Final = 1 << 16
# What JSON lets stand in a text and a terminal obeys or hides: controls above ASCII, other line ends, writing directions,
# characters without a shape; and `##[`, which GitHub's runner obeys anywhere in a line.
_OBEYED: Final = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]|(?<=#)#(?=\\[)"
)


class Console:
    """Output of one invocation. `verbosity`: -1 quiet (no progress, no hints), 0 usual, 1 and more with details.

    `broken`: why results could not be written, "" where they could or where nobody read them to their end.
    """

    def __init__(self, *, environ: Mapping[str, str], no_color: bool = False, verbosity: int = 0) -> None:
        self.verbosity = verbosity
        self._plain = no_color or bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
        self._line = ""
        self.one_line = False
        self._late: _Late | None = None
        self.broken = ""
        for stream in (sys.stdout, sys.stderr):
            # A terminal that cannot show a character gets its escape instead of an exception.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")

    # --- colour ---------------------------------------------------------------------------------------------------

    @property
    def color(self) -> bool:
        """Whether results on stdout may be coloured."""
        return not self._plain and _is_terminal(sys.stdout)

    @property
    def color_messages(self) -> bool:
        """Whether messages on stderr may be coloured."""
        return not self._plain and _is_terminal(sys.stderr)

    @property
    def has_terminal(self) -> bool:
        """Whether a person can be asked: both ends of the question are a terminal."""
        return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)

    @property
    def draws(self) -> bool:
        """Whether one line of progress can be drawn over itself."""
        return _is_terminal(sys.stderr) and self.verbosity >= 0 and os.environ.get("TERM") != "dumb"

    def paint(self, text: str, style: str) -> str:
        """A message's text in a style (bold, dim, red, green, yellow, cyan), where messages are coloured."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.color_messages else text

    # --- results --------------------------------------------------------------------------------------------------

    def result(self, text: str) -> None:
        """A result, with its line end."""
        self._write(sys.stdout, text if text.endswith("\n") or not text else text + "\n")

    def results(self, chunks: Iterable[str]) -> None:
        """A long result in pieces, line ends included. Short pieces are written together."""
        waiting, length = [], 0
        for chunk in chunks:
            waiting.append(chunk)
            length += len(chunk)
            if length >= _TOGETHER:
                self._write(sys.stdout, "".join(waiting))
                waiting, length = [], 0
        self._write(sys.stdout, "".join(waiting))

    def document(self, value: object) -> None:
        """A result as JSON. What a terminal would obey is escaped, which is the same text to every reader of JSON.

        Where a result is many documents (`one_line`), each is a line, and written without waiting for its reader.
        """
        import json

        self._erase()
        text = _escaped(json.dumps(value, ensure_ascii=False, indent=None if self.one_line else 2))
        if not self.one_line:
            self.result(text)
            return
        if self._late is None:
            self._late = _Late(self.result)
        self._late.write(text)

    def finish(self, timeout_s: float | None = None) -> bool:
        """Wait until all that is written later has been written. False where it took longer."""
        return self._late is None or self._late.finish(timeout_s)

    def documents(self, chunks: Iterable[str]) -> None:
        """A long result that is JSON already, in pieces, line ends included; escaped in the same way."""
        self.results(map(_escaped, chunks))

    # --- messages -------------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """A message that `-q` silences."""
        if self.verbosity >= 0:
            self.message(text)

    def detail(self, text: str) -> None:
        """A message that only `-v` shows."""
        if self.verbosity > 0:
            self.message(self.paint(text, "dim"))

    def message(self, text: str) -> None:
        """A message that is always shown: errors, warnings, what was paid and could not be recorded."""
        self._erase()
        self._write(sys.stderr, text if text.endswith("\n") else text + "\n")

    def message_at_once(self, text: str) -> None:
        """A message from a signal handler, which may have come in the middle of another message: past every buffer."""
        with suppress(OSError, ValueError):
            os.write(sys.stderr.fileno(), f"\n{text}\n".encode())

    def warn(self, text: str) -> None:
        """A warning."""
        self.message(f"{self.paint('Warning:', 'yellow')} {text}")

    def next(self, *commands: str) -> None:
        """What to run next, each command on a line of its own."""
        if commands:
            lines = "\n".join(f"  {command}" for command in commands)
            self.say(f"\n{self.paint('Next:', 'bold')}\n{lines}")

    def progress(self, line: str) -> None:
        """Draw `line` over the last one, on a terminal; nothing elsewhere."""
        if self.draws:
            self._line = line[: _columns() - 1]
            self._write(sys.stderr, _CLEAR_LINE + self._line)

    def end_progress(self) -> None:
        """Take the progress line away."""
        self._erase()

    # --- questions ------------------------------------------------------------------------------------------------

    def ask(self, question: str) -> str:
        """A person's answer, without blanks at its edges; "" at the end of input."""
        self._erase()
        self._write(sys.stderr, question)
        try:
            return sys.stdin.readline().strip()
        except UnicodeDecodeError:
            return ""

    def confirm(self, question: str) -> bool:
        """Yes or no; no is what Enter means."""
        return self.ask(f"{self.paint(question, 'bold')} [y/N] ").lower() in ("y", "yes")

    # --- streams --------------------------------------------------------------------------------------------------

    def _erase(self) -> None:
        if self._line:
            self._line = ""
            self._write(sys.stderr, _CLEAR_LINE)

    def _write(self, stream: TextIO | None, text: str) -> None:
        if stream is None:  # it was closed before this process began
            self._break("it is closed")
            return
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:
            _silence(stream)
        except (OSError, ValueError) as error:
            # Nothing more is written, and nothing stops for it: what was paid is in the state.
            _silence(stream)
            if stream is sys.stdout:
                self._break((error.strerror if isinstance(error, OSError) else None) or str(error))

    def _break(self, why: str) -> None:
        if not self.broken:
            self.broken = why
            if sys.stderr is not None:
                self._write(sys.stderr, f"The output could not be written any further: {why}.\n")


class _Late:
    """Texts written one after the other by a thread of their own."""

    def __init__(self, write: Callable[[str], None]) -> None:
        from queue import SimpleQueue
        from threading import Thread

        self._write = write
        self._texts: SimpleQueue[str | None] = SimpleQueue()
        # A reader that never reads keeps no process from its end.
        self._thread = Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        self._texts.put(text)

    def finish(self, timeout_s: float | None) -> bool:
        self._texts.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _write_all(self) -> None:
        while (text := self._texts.get()) is not None:
            self._write(text)


def _escaped(text: str) -> str:
    """JSON whose texts hold nothing that a terminal would obey: inside of a text each character has an escape."""
    return _OBEYED.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _columns() -> int:
    try:
        return max(os.get_terminal_size(sys.stderr.fileno()).columns, 20)
    except (OSError, ValueError):
        return 80


def _silence(stream: TextIO) -> None:
    """Nobody reads any more: send the rest nowhere, also what Python flushes at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        return
    finally:
        os.close(nowhere)
