"""What a text of the user's may hold: checks shared by bonuses of YAML and rows of data files."""

import re
from collections.abc import Collection
from typing import Final, NamedTuple

from reconcile.model import LOOKS_LIKE_MARKER
from reconcile.spec.secrets import ADVICE, looks_secret

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202d\u202e\ud800-\udfff\ufeff]")
_WORD_MAX: Final = 4
SIGNS: Final = ("{", "}", "[", "AKIA", "ASIA", "OAuth", "ApiKey", "Bearer", "://")
"""Of templates and markers, and of what a token, a key or a password in a URL begins with."""
# What `_dotted` looks for, in texts that are joined by blanks.
_DOTTED: Final = re.compile(r"\.[^. ]{4,}(?=\.)")
_LANGUAGE: Final = re.compile(r"[A-Z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


class Problem(NamedTuple):
    """What is wrong with a value; the caller knows the place."""

    code: str
    summary: str
    detail: str = ""
    hint: str = ""


def plain(text: str, length_max: int, style: str | None) -> bool:
    """Whether a text needs no closer look: no brace, no bracket, nothing invisible, not too long, no token in it, and
    none of the short words (`~`, `null`) that may stand for nothing. `style` is YAML's: outside of double
    quotes its parser has let no control character through, so ASCII is enough.
    """
    return (
        _WORD_MAX < len(text) <= length_max
        and "{" not in text
        and "}" not in text
        and "[" not in text
        and ((style != '"' and text.isascii()) or text.isprintable())
        and (text.count(".") < 2 or not _dotted(text))
    )


def all_plain(texts: Collection[str], length_max: int) -> bool:
    """Whether none of these cells of a data file needs a closer look: as `plain`, for all of them at once. No reader has
    gone through their bytes, so that what may be a token is looked for as well.
    """
    lengths = set(map(len, texts))
    joined = " ".join(texts)
    return (
        min(lengths) > _WORD_MAX
        and max(lengths) <= length_max
        and joined.isprintable()
        and not any(sign in joined for sign in SIGNS)
        and _DOTTED.search(joined) is None
    )


def problem_of(text: str, field: str, length_max: int) -> Problem | None:
    """What is wrong with a text that goes out, None if nothing is."""
    if len(text) > length_max:
        return Problem(
            "text-length",
            f"`{field}` has {len(text):,} characters, more than the {length_max:,} that fit",
            hint="Make it shorter.",
        )
    control = _CONTROL.search(text)
    if control is not None:
        return Problem(
            "text-control",
            f"`{field}` holds the control character U+{ord(control.group()):04X}",
            "Workers and reviewers would see something else than what stands in the file.",
            "Take it out; line breaks and tabs are allowed.",
        )
    if LOOKS_LIKE_MARKER.search(text) is not None:
        return Problem(
            "text-marker",
            f"`{field}` looks like a marker of bonusctl",
            "Comments end with ` [campaign#key/sequence] [bonusctl:…]`, reasons with ` [b:…]` on request, by which "
            "payments are found again: a text that imitates it could hide a payment.",
            "Leave `[bonusctl:` out, and do not end a text with `[…/1]` or `[b:…]`.",
        )
    if looks_secret(text):
        return Problem("secret", f"`{field}` holds what looks like a token or key", "", ADVICE)
    return None


def language_problem(language: str, known: tuple[str, ...]) -> Problem | None:
    """What is wrong with the name of a language. `known` empty: any that has the look of one."""
    if _LANGUAGE.fullmatch(language) is not None and (not known or language in known):
        return None
    upper = language.upper()
    near = f"Did you mean `{upper}`?" if upper != language and _LANGUAGE.fullmatch(upper) else "Write EN, RU, TR …"
    return Problem("language", "A language is named by its code in capital letters", "", near)


def _dotted(text: str) -> bool:
    """Whether two dots stand in one word, as in a token; sentences have a blank after each."""
    return any(piece and " " not in piece and len(piece) > 3 for piece in text.split(".")[1:-1])
