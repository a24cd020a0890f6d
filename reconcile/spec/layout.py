"""How the lines of a JSONL file are laid out: programs write the same keys in the same order with the same blanks.

A pattern made of one line finds the cells of all lines that differ in their values alone. It takes less than JSON allows:
texts without escapes, numbers, and every key with the same kind of value on each line. Whatever else a line is, it is no
match, and the json module reads it.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

_KEYS_MAX: Final = 90
_TEXT: Final = r'[^"\\\x00-\x1f]*+'
_NUMBER: Final = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_BEGIN: Final = re.compile(r"[ \t]*\{")
_PAIR: Final = re.compile(rf'([ \t]*)"({_TEXT})"([ \t]*:[ \t]*)(?:("){_TEXT}"|{_NUMBER})([ \t]*[,}}])')
_END: Final = re.compile(r"[ \t\r]*\n")


class Layout(NamedTuple):
    """`keys` are those of each line; `find` gives the cells of every line that fits; `at` says which of them is which of the
    columns that were asked for, -1 for a column that no line has.
    """

    keys: frozenset[str]
    find: Callable[[str], Sequence[Sequence[str]]]
    at: tuple[int, ...]

    def columns(self, text: str) -> list[Sequence[str]] | None:
        """The columns of a text of whole lines, None where a line is laid out otherwise."""
        found = self.find(text)
        if len(found) != text.count("\n"):
            return None
        there = list(zip(*found, strict=True))
        missing = ("",) * len(found)
        return [there[at] if at >= 0 else missing for at in self.at]


def layout_of(line: str, columns: Sequence[str]) -> Layout | None:
    """The layout of a line with its end, for the columns that are asked for; None where no pattern serves."""
    begin = _BEGIN.match(line)
    if begin is None:
        return None
    # The first group is there so that a match is a tuple also where one column alone is asked for.
    parts, at = ["^()", re.escape(begin.group())], begin.end()
    keys: list[str] = []
    wanted: list[str] = []
    last = ","
    while last == "," and len(keys) < _KEYS_MAX:
        pair = _PAIR.match(line, at)
        if pair is None:
            return None
        blank, key, colon, quote, comma = pair.groups()
        keys.append(key)
        value = f"({_TEXT if quote else _NUMBER})" if key in columns else f"(?:{_TEXT if quote else _NUMBER})"
        if key in columns:
            wanted.append(key)
        quote = quote or ""
        parts += [re.escape(f'{blank}"{key}"{colon}'), quote, value, quote, re.escape(comma)]
        last, at = comma[-1], pair.end()
    end = _END.fullmatch(line, at)
    if last == "," or end is None or len(set(keys)) != len(keys):
        return None
    find = re.compile("".join((*parts, re.escape(end.group()))), re.MULTILINE).findall
    places = {key: number for number, key in enumerate(wanted, 1)}
    return Layout(frozenset(keys), find, tuple(places.get(column, -1) for column in columns))
