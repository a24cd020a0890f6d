"""A document as values: what a review says, before it is Markdown or HTML.

The writers (`reconcile.render.markdown`, `reconcile.render.html`) escape each text once. Words that come from specs,
configs and providers are `Mono`; plain texts are our own words and numbers.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias


class Mono(NamedTuple):
    """Words that are not ours, shown exactly, obeyed by nobody."""

    text: str


class Strong(NamedTuple):
    """Our own words, with weight."""

    text: str


Inline: TypeAlias = str | Mono | Strong
Line: TypeAlias = tuple[Inline, ...]


class Heading(NamedTuple):
    """`level`: 2, 3 …"""

    level: int
    line: Line


class Para(NamedTuple):
    """A paragraph."""

    line: Line


class Callout(NamedTuple):
    """Lines that nobody may overlook."""

    kind: Literal["danger", "warning", "note"]
    lines: tuple[Line, ...]


class Table(NamedTuple):
    """`heads` are our own words; `rows` may be a very long list; `right`: the columns, from 0, that stand to the right."""

    heads: tuple[str, ...]
    rows: Sequence[tuple[Line, ...]]
    right: frozenset[int] = frozenset()


class Pre(NamedTuple):
    """Lines as they are, of our words and others'."""

    lines: tuple[str, ...]


class Details(NamedTuple):
    """Blocks that open when somebody wants them; `summary` is of our own words."""

    summary: str
    blocks: tuple["Block", ...]


Block: TypeAlias = Heading | Para | Callout | Table | Pre | Details


def shortened(text: str, length_max: int) -> str:
    """`text`, or its beginning and a sign that it goes on."""
    return text if len(text) <= length_max else f"{text[: length_max - 1]}…"
