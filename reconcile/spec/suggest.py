"""Did you mean …? One helper for every place where a person types a name that should be known."""

from collections.abc import Iterable
from typing import Final

# Comparing takes time by the square of the length, and names may come from a hostile file.
_LENGTH_MAX: Final = 100
_KNOWN_MAX: Final = 1_000


def closest(word: str, known: Iterable[str]) -> str:
    """The known name that `word` probably means, "" if none is near."""
    from difflib import get_close_matches  # only for a mistyped name

    folded = {_folded(name): name for name in reversed(list(known)[:_KNOWN_MAX])}
    near = get_close_matches(_folded(word), list(folded), n=1, cutoff=0.6)
    return folded[near[0]] if near else ""


def _folded(name: str) -> str:
    return name[:_LENGTH_MAX].casefold().replace("-", "_")


def did_you_mean(word: str, known: Iterable[str], *, kind: str) -> str:
    """A hint for an unknown name: the nearest one, or what there is. `kind` is the plural: keys, columns, fields."""
    names = list(known)
    near = closest(word, names)
    if near:
        return f"Did you mean `{near}`?"
    if not names:
        return f"There are no {kind} here."
    shown = ", ".join(f"`{name}`" for name in names[:20])
    return f"The {kind} here: {shown}{' …' if len(names) > 20 else ''}."
