"""Did you mean …? One helper for every place where a person types a name that should be known."""

from collections.abc import Iterable
from difflib import get_close_matches


def closest(word: str, known: Iterable[str]) -> str:
    """The known name that `word` probably means, "" if none is near."""
    names = list(known)
    folded = {name.casefold().replace("-", "_"): name for name in reversed(names)}
    near = get_close_matches(word.casefold().replace("-", "_")[:200], list(folded), n=1, cutoff=0.6)
    return folded[near[0]] if near else ""


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
