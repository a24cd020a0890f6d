"""A JSON object read from a stream: its long lists pass by value for value and are never there as one text.

As strict as the usual reader, and in two things stricter: a key stands once, and no value but a list in the object
itself is longer than `VALUE_MAX` characters.
"""

import json
import re
from collections.abc import Iterator
from typing import Final

from reconcile.plan.coding import VALUES
from reconcile.plan.fields import Damaged
from reconcile.rows import Rows, Spooling

VALUE_MAX: Final = 16 * 1024 * 1024
_BLANK: Final = re.compile(r"[ \t\n\r]*")


def read_object(pieces: Iterator[str], spooling: Spooling) -> dict[str, object]:
    """The object that the pieces make together; a list in it is a `Rows` of its values.

    Raises Damaged, or another ValueError or a RecursionError, for what is no such text.
    """
    text = _Text(pieces)
    found: dict[str, object] = {}
    text.expect("{")
    if text.peek() != "}":
        while True:
            key = text.value()
            if not isinstance(key, str) or key in found:
                raise Damaged(f"a key of it is no text, or stands twice: {str(key)[:40]}")
            text.expect(":")
            found[key] = _list(text, spooling) if text.peek() == "[" else text.value()
            if text.peek() == "}":
                break
            text.expect(",")
    text.expect("}")
    if text.peek():
        raise Damaged("it goes on behind its end")
    return found


def _list(text: "_Text", spooling: Spooling) -> Rows[object]:
    rows = Rows(VALUES, spooling)
    text.expect("[")
    if text.peek() != "]":
        while True:
            rows.append(text.value())
            if text.peek() == "]":
                break
            text.expect(",")
    text.expect("]")
    return rows


class _Text:
    """What is known of the text: from `_at` on nothing of it was taken."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._known = ""
        self._at = 0
        self._decode = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float).raw_decode

    def peek(self) -> str:
        """The next character that is no blank, "" at the end."""
        while True:
            blank = _BLANK.match(self._known, self._at)
            assert blank is not None
            self._at = blank.end()
            if self._at < len(self._known):
                return self._known[self._at]
            if not self._more(1):
                return ""

    def expect(self, character: str) -> None:
        """Take this character."""
        if self.peek() != character:
            raise Damaged(f"it lacks {character} where one must stand")
        self._at += 1

    def value(self) -> object:
        """Take a whole value. What ends with what is known may go on: more is read first."""
        self.peek()
        wanted = 1
        while True:
            try:
                found, end = self._decode(self._known, self._at)
            except json.JSONDecodeError:
                if not self._more(wanted):
                    raise
            else:
                if end < len(self._known) or not self._more(1):
                    self._at = end
                    return found
            # Twice as much each time: a long value is tried some ten times, not once for each piece.
            wanted = 2 * (len(self._known) - self._at)

    def _more(self, wanted: int) -> bool:
        """Know so many more characters, if there are as many; False where there is none."""
        rest = self._known[self._at :]
        if len(rest) > VALUE_MAX:
            raise Damaged("a value in it is too long")
        pieces, length = [rest], 0
        while length < wanted and (piece := next(self._pieces, "")):
            pieces.append(piece)
            length += len(piece)
        self._known, self._at = "".join(pieces), 0
        return length > 0


def _no_float(text: str) -> object:
    raise Damaged(f"the number {text[:20]} has no place in a plan")
