"""The parts of an identity: recipient, assignment_id, key, and the campaign's name.

They decide whether something was paid already, so nothing invisible may tell two of them apart: no control, format or
bidirectional character, no blank at an edge, and one spelling (NFC) for texts that look the same.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import chain
from typing import Final

from reconcile.model import FORBIDDEN_IN_NAMES
from reconcile.spec.secrets import ADVICE, looks_secret
from reconcile.spec.texts import Problem

NAME_LENGTH_MAX: Final = 128

_USUAL: Final = r"[!\"$-\-0-Z\\^-}]"  # without dots, which a token has
_NO_NULL: Final = r"(?![Nn](?:[Uu][Ll][Ll]|[Oo][Nn][Ee]|[Aa][Nn])(?:\x1f|\Z))"
all_usual: Final = re.compile(
    rf"{_NO_NULL}{_USUAL}{{1,128}}\x1f{_NO_NULL}{_USUAL}{{0,128}}\x1f{_NO_NULL}{_USUAL}{{0,128}}"
).fullmatch
"""Whether recipient, assignment_id and key, joined by U+001F, need no closer look: ASCII, and nothing odd."""

NULLS: Final = frozenset({"null", "Null", "NULL", "None", "nan", "NaN"})
_NULLS_LOWER: Final = frozenset(map(str.lower, NULLS))
_NULL_LENGTHS: Final = frozenset(map(len, NULLS))
_USUAL_BYTES: Final = bytes(byte for byte in range(128) if re.fullmatch(rf"{_USUAL}|\.", chr(byte)))
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def usual_parts(recipients: Sequence[str], assignments: Sequence[str], keys: Sequence[str]) -> Sequence[bytes] | None:
    """Recipient, assignment_id and key of each of at least one row, joined by U+001F; None if one of them needs a closer
    look: ASCII alone, nothing odd, nothing that reads like a null and nothing with the look of a token does not.
    """
    needed, lengths = set(map(len, recipients)), {*map(len, assignments), *map(len, keys)}
    if 0 in needed or max(needed | lengths) > NAME_LENGTH_MAX:
        return None
    if not _NULL_LENGTHS.isdisjoint(needed | lengths):
        lower = map(str.lower, chain(recipients, assignments, keys))
        if not _NULLS_LOWER.isdisjoint(lower):
            return None
    text = "\n".join(map("\x1f".join, zip(recipients, assignments, keys, strict=True)))
    if not text.isascii():
        return None
    data = text.encode()
    if data.translate(None, _USUAL_BYTES) != (b"\x1f\x1f\n" * len(recipients))[:-1]:
        return None
    if "." in text and looks_secret(text):
        return None
    return data.split(b"\n")


def normalized(text: str) -> str:
    """The one spelling of an id."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def id_problem(text: str, field: str, *, length_max: int = NAME_LENGTH_MAX, pattern: str = "") -> Problem | None:
    """What is wrong with a part of an identity, None if nothing is. `field` is its name in the file."""
    if text.strip() != text:
        return Problem(
            "id-blank",
            f"`{field}` has a blank at its edge",
            "With and without it would be two different bonuses, and both would be paid.",
            "Take the blank away.",
        )
    forbidden = FORBIDDEN_IN_NAMES.search(text) or _invisible(text)
    if forbidden is not None:
        character = forbidden if isinstance(forbidden, str) else forbidden.group()
        return _forbidden(character, field)
    if len(text) > length_max:
        return Problem("id-length", f"`{field}` has {len(text):,} characters, at most {length_max} are allowed")
    if "." in text and looks_secret(text):
        return Problem("secret", f"`{field}` looks like a token or key", "", ADVICE)
    if pattern and re.fullmatch(pattern, text) is None:
        return Problem(
            "id-pattern",
            f"`{field}` does not have the form that the provider gives it",
            f"The form is `{pattern}`.",
            "Copy it from the provider's own list; capital letters and digits are told apart.",
        )
    return None


def _invisible(text: str) -> str | None:
    if text.isprintable():
        return None
    return next((character for character in text if unicodedata.category(character) in _INVISIBLE), None)


def _forbidden(character: str, field: str) -> Problem:
    if character in "/#[]":
        return Problem(
            "id-character",
            f"`{field}` holds `{character}`",
            "Addresses and markers are written with `/`, `#`, `[` and `]`, so names cannot hold them.",
            "Use another character, such as `-`.",
        )
    return Problem(
        "id-invisible",
        f"`{field}` holds the invisible character U+{ord(character):04X}",
        "Two ids that look the same would be two different bonuses, and both would be paid.",
        "Take it out.",
    )
