"""The one reader of YAML: libyaml's events in, mappings of nodes out, for specs and config alike.

Nothing is composed or constructed: events become small records with their places, one entry of the document at a time.
Aliases, anchors, tags, merge keys, duplicate keys and further documents are refused; depth, nodes, the length of a
scalar and the bytes of an entry are bounded before anything recurses. Every scalar is the text that stands in the file.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from reconcile.spec.nodes import MappingNode, Node, SequenceNode, is_absent, place, what
from reconcile.spec.refusals import alias, no_key, refuse_decorated, refuse_key, too_deep, too_many
from reconcile.spec.report import Report, Unreadable
from reconcile.spec.secrets import ADVICE
from reconcile.spec.source import Source
from reconcile.spec.yaml_problems import translated

DEPTH_MAX: Final = 32
NODES_MAX: Final = 10_000


@contextmanager
def collector_paused() -> Iterator[None]:
    """No cyclic garbage collection meanwhile: it would visit millions of live records and free none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _parser(source: Source) -> Any:
    """The parser of libyaml over a source; the types of PyYAML do not name it."""
    return yaml.cyaml.CParser(source)  # type: ignore[attr-defined]


def _empty() -> Unreadable:
    return Unreadable("empty", "The file is empty", hint="`bonusctl init` writes an example to begin with.")


class Reader:
    """Reads one file. Problems of single values go to `report`; what ends the reading is raised as Unreadable."""

    def __init__(self, source: Source, report: Report) -> None:
        self.report = report
        self.source = source
        self.event: Any = _parser(source).get_event
        self._nodes = 0
        self.known: frozenset[str] = frozenset()
        self.strange: list[Any] = []
        """Keys of the present entry that are not `known`."""

    @contextmanager
    def translating(self) -> Iterator[None]:
        """Turns libyaml's exceptions into Unreadable, and reports what the source noticed on the way."""
        try:
            yield
            if self.source.problem is not None:
                raise self.source.problem
        except yaml.YAMLError as error:
            raise (self.source.problem or translated(error, self.report)) from None
        finally:
            self._report_secrets()

    def open_document(self) -> None:
        """Go into the document's mapping. Raises Unreadable for anything else."""
        self.event()
        event: Any = self.event()
        if event.__class__ is StreamEndEvent:
            raise self.source.problem or _empty()
        assert event.__class__ is DocumentStartEvent
        event = self.event()
        if event.__class__ is not MappingStartEvent:
            line, column = place(event)
            if event.__class__ is ScalarEvent and event.value == "":
                raise self.source.problem or _empty()
            raise self.source.problem or Unreadable(
                "document",
                "The file is not a mapping of keys and values",
                hint="Its first line is `version: 1`.",
                line=line,
                column=column,
            )
        refuse_decorated(self.report, event)

    def top_level(self) -> Iterator[Any]:
        """The keys of the document's mapping; the caller reads each key's value before it asks for the next."""
        seen: dict[str, int] = {}
        while (key := self.event()).__class__ is not MappingEndEvent:
            self.source.renew()
            self._nodes = 0
            key = self._key(key, seen)
            if key is not None:
                refuse_decorated(self.report, key)
                if len(seen) > NODES_MAX:
                    raise too_many(key, NODES_MAX)
            if key is None:
                self.skip()
            else:
                yield key
        self._see_whole()

    def close_document(self) -> None:
        """See that nothing follows the document's mapping."""
        end = self.event()
        assert end.__class__ is DocumentEndEvent
        event: Any = self.event()
        if event.__class__ is not StreamEndEvent:
            line, column = place(event)
            raise Unreadable(
                "second-document",
                "The file holds a second document",
                detail="What follows `---` would be left out by some programs and read by others.",
                hint="Put it in a file of its own.",
                line=line,
                column=column,
            )

    def node(self, depth: int = 2) -> Node:
        """The next node, whole."""
        return self._node(self.event(), depth)

    def begin_sequence(self, name: str) -> bool:
        """Go into the sequence under a key; False for an empty value, and for anything else, which is reported."""
        event: Any = self.event()
        if event.__class__ is SequenceStartEvent:
            refuse_decorated(self.report, event)
            return True
        node = self._node(event, 2)
        if not is_absent(node):
            line, column = place(node)
            self.report.error(
                "type",
                f"`{name}` is {what(node)}, not a list",
                hint="Begin each entry with `- `.",
                line=line,
                column=column,
            )
        return False

    def entries(self) -> Iterator[tuple[Any, dict[str, Node] | Node]]:
        """The entries of a sequence whose start has been read: for a mapping (its start, key → node, duplicate keys
        reported), for anything else (the node, the node).
        """
        event = self.event
        renew = self.source.renew
        mapping = self._entry
        while True:
            start = event()
            if start.__class__ is MappingStartEvent:
                renew()
                yield start, mapping(start)
            elif start.__class__ is SequenceEndEvent:
                return
            else:
                renew()
                self._nodes = 0
                node = self._node(start, 3)
                yield node, node

    def skip(self) -> None:
        """Read past the next node."""
        depth = 0
        event = self.event
        renew = self.source.renew
        while True:
            found = event()
            kind = found.__class__
            if kind is MappingStartEvent or kind is SequenceStartEvent:
                depth += 1
                renew()
                if depth > DEPTH_MAX:
                    raise too_deep(found, DEPTH_MAX)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                depth -= 1
            if depth == 0:
                return

    # --- the hot path: one mapping of the bonuses ------------------------------------------------------------------

    def _entry(self, start: Any) -> dict[str, Node]:  # noqa: C901 (branches cost less than calls here)
        """The mapping that began with `start`, as key → node."""
        if start.tag is not None or start.anchor is not None:
            refuse_decorated(self.report, start)
        self._nodes = 0
        event = self.event
        known = self.known
        if self.strange:
            self.strange = []
        values: dict[str, Node] = {}
        while True:
            key = event()
            if key.__class__ is not ScalarEvent:
                if key.__class__ is MappingEndEvent:
                    if self.source.problem is not None:
                        self._see_whole()
                    return values
                raise no_key(key)
            if key.tag is not None or key.anchor is not None:
                refuse_decorated(self.report, key)
            value = event()
            if value.__class__ is not ScalarEvent:
                value = self._node(value, 4)
            elif value.tag is not None or value.anchor is not None:
                refuse_decorated(self.report, value)
            name = key.value
            if name in values or name == "<<":
                refuse_key(self.report, key, place(values[name])[0] if name in values else 0)
            else:
                values[name] = value
                if name not in known:
                    self.strange.append(key)
                    if len(values) > NODES_MAX:
                        raise too_many(key, NODES_MAX)

    # --- nested nodes ----------------------------------------------------------------------------------------------

    def _node(self, event: Any, depth: int) -> Node:
        kind = event.__class__
        if kind is AliasEvent:
            raise alias(event)
        self._nodes += 1
        if event.tag is not None or event.anchor is not None:
            refuse_decorated(self.report, event)
        if kind is ScalarEvent:
            return event
        if depth > DEPTH_MAX:
            raise too_deep(event, DEPTH_MAX)
        if self._nodes > NODES_MAX:
            raise too_many(event, NODES_MAX)
        return self._mapping(event, depth) if kind is MappingStartEvent else self._sequence(event, depth)

    def _mapping(self, start: Any, depth: int) -> MappingNode:
        event = self.event
        pairs: list[tuple[Any, Node]] = []
        while True:
            key = event()
            if key.__class__ is not ScalarEvent:
                if key.__class__ is MappingEndEvent:
                    break
                raise no_key(key)
            if key.tag is not None or key.anchor is not None:
                refuse_decorated(self.report, key)
            value = event()
            if value.__class__ is not ScalarEvent:
                value = self._node(value, depth + 1)
            elif value.tag is not None or value.anchor is not None:
                refuse_decorated(self.report, value)
            pairs.append((key, value))
            if len(pairs) > NODES_MAX:
                raise too_many(key, NODES_MAX)
        self._nodes += 2 * len(pairs)
        if len(pairs) > 1 or (pairs and pairs[0][0].value == "<<"):
            pairs = self._without_doubles(pairs)
        return MappingNode(start.start_mark, pairs)

    def _without_doubles(self, pairs: list[tuple[Any, Node]]) -> list[tuple[Any, Node]]:
        seen: dict[str, int] = {}
        return [(key, value) for key, value in pairs if self._key(key, seen) is not None]

    def _sequence(self, start: Any, depth: int) -> SequenceNode:
        items: list[Node] = []
        while (event := self.event()).__class__ is not SequenceEndEvent:
            items.append(self._node(event, depth + 1))
        return SequenceNode(start.start_mark, items)

    def _key(self, key: Any, seen: dict[str, int]) -> Any | None:
        """A key that may stand here, None for one that was refused."""
        scalar = key.__class__ is ScalarEvent
        if not scalar:
            raise no_key(key)
        if key.value in seen or key.value == "<<":
            refuse_key(self.report, key, seen.get(key.value, 0))
            return None
        seen[key.value] = key.start_mark.line + 1
        return key

    def _see_whole(self) -> None:
        """Where the stream ended early, what was read last is not whole: nothing is said of it."""
        if self.source.problem is not None:
            raise self.source.problem

    def _report_secrets(self) -> None:
        for line, column in self.source.secrets:
            self.report.secret("A token or key stands in this file", line=line, column=column, hint=ADVICE)
        self.source.secrets.clear()
