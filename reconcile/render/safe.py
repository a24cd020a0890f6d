"""Text from files and providers, made safe to show: what a terminal or a CI runner would obey becomes visible.

Everything that bonusctl shows and did not write itself goes through `visible`, once, at the border.
"""

import re
import unicodedata
from typing import Final

_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# GitHub's runner reads `##[command]` anywhere in a line of a log, and `::command::` at its beginning.
_COMMAND: Final = re.compile(r"\A\s*::|##\[")


def visible(text: str) -> str:
    r"""`text` on one line, with control characters, escapes, bidirectional overrides and invisible characters spelled
    out (`\x1b`, `\u202e`), and the beginnings of CI commands broken by a backslash. Letters of every script and
    plain blanks stay as they are.
    """
    if not text.isprintable():
        text = "".join(character if _harmless(character) else _spelled(character) for character in text)
    return _COMMAND.sub(_broken, text) if ":" in text or "#" in text else text


def _harmless(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _spelled(character: str) -> str:
    short = _SHORT.get(character)
    if short is not None:
        return short
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _broken(match: re.Match[str]) -> str:
    found = match.group()
    return f"{found[:-1]}\\{found[-1]}" if found.startswith("#") else f"{found[:-2]}\\::"
