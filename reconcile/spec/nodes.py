"""What the reader of events makes of a YAML file's parts: scalars are libyaml's own events, the rest two small shapes.

A node has `value` (the text that stands in the file; `NESTED` for a mapping or a sequence, which no plain value
equals) and `start_mark` (its place, both numbers from 0).
"""

from typing import Any, Final, Protocol, TypeAlias

NESTED: Final = "\x00"
"""The `value` of a node that is no scalar. No scalar is equal to it that passes any check: it is a control character."""

ABSENT: Final = frozenset({"", "~"})
"""Texts that stand for nothing."""


class Mark(Protocol):
    """A place: `line` and `column` from 0."""

    @property
    def line(self) -> int: ...  # noqa: D102
    @property
    def column(self) -> int: ...  # noqa: D102


class Scalar(Protocol):
    """A scalar event of libyaml. `style` is "" or None for a plain one, else its quote or block sign."""

    @property
    def value(self) -> str: ...  # noqa: D102
    @property
    def start_mark(self) -> Mark: ...  # noqa: D102
    @property
    def style(self) -> str | None: ...  # noqa: D102


class MappingNode:
    """A mapping: `pairs` of (key, value) in the order of the file, without doubles."""

    __slots__ = ("pairs", "start_mark")
    value: Final = NESTED
    style: Final = '"'  # what may hold NESTED, as only a text in double quotes can

    def __init__(self, start_mark: Mark, pairs: "list[tuple[Scalar, Node]]") -> None:
        self.start_mark = start_mark
        self.pairs = pairs

    def get(self, name: str) -> "Node | None":
        """The value under a key."""
        return next((value for key, value in self.pairs if key.value == name), None)


class SequenceNode:
    """A sequence."""

    __slots__ = ("items", "start_mark")
    value: Final = NESTED
    style: Final = '"'

    def __init__(self, start_mark: Mark, items: "list[Node]") -> None:
        self.start_mark = start_mark
        self.items = items


Node: TypeAlias = Any
"""Scalar | MappingNode | SequenceNode. libyaml's events come untyped; `is_scalar` and isinstance tell them apart."""


def is_scalar(node: Node) -> bool:
    """Whether a node is a scalar."""
    return node.__class__ is not MappingNode and node.__class__ is not SequenceNode


def is_absent(node: Node | None) -> bool:
    """Whether nothing stands there: no node, an empty value or `~`."""
    return node is None or node.value in ABSENT


def place(node: Node) -> tuple[int, int]:
    """(line, column) of a node, from 1."""
    mark = node.start_mark
    return mark.line + 1, mark.column + 1


def text_of(node: Node | None) -> str:
    """The text of a scalar, "" for none or a nested one."""
    return node.value if node is not None and is_scalar(node) and node.value not in ABSENT else ""


def what(node: Node) -> str:
    """What a node is, for a sentence: a mapping, a list, a text."""
    if isinstance(node, MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, SequenceNode) else "a text"
