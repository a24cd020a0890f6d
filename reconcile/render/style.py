"""Colour for terminals, only where it was asked for. A style takes words and gives words."""

from typing import Final, NamedTuple

_CODES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "magenta": "35", "cyan": "36"}


class Style(NamedTuple):
    """`color`: whether escapes are written at all."""

    color: bool

    def paint(self, text: str, *names: str) -> str:
        """`text` in these colours: bold, dim, red, green, yellow, magenta, cyan."""
        if not self.color or not text:
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in names)}m{text}\x1b[0m"


PLAIN: Final = Style(color=False)
