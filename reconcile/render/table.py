"""Aligned columns for terminals: texts to the left, numbers to the right, wide characters counted as two."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

_GAP: Final = "  "


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> list[str]:
    """Lines of a table, its heads first. `right` holds the numbers of the columns that stand to the right, from 0."""
    lines = [tuple(heads), *(tuple(row) for row in rows)]
    return aligned(lines, widest(lines, (0,) * len(heads)), right=right)


def widest(lines: Sequence[Sequence[str]], widths: Sequence[int]) -> tuple[int, ...]:
    """The columns' widths that these lines need, and no less than `widths`."""
    return tuple(max(width, *(display_width(line[number]) for line in lines)) for number, width in enumerate(widths))


def aligned(lines: Iterable[Sequence[str]], widths: Sequence[int], *, right: Iterable[int] = ()) -> list[str]:
    """Lines with their columns filled up to `widths`."""
    to_right = frozenset(right)
    return [
        _GAP.join(_cell(text, widths[number], number in to_right) for number, text in enumerate(line)).rstrip()
        for line in lines
    ]


def display_width(text: str) -> int:
    """How many columns a terminal takes for `text`."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _cell(text: str, width: int, right: bool) -> str:  # noqa: FBT001 (the side is the value)
    blanks = " " * (width - display_width(text))
    return blanks + text if right else text + blanks
