"""Which column of a data file gives which field: what `fields` says, and columns that are named like a field."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reconcile.providers.rules import FieldKind, ProviderRules
from reconcile.spec.fields import FieldReader
from reconcile.spec.nodes import MappingNode, Node, is_absent, is_scalar, what
from reconcile.spec.report import quoted
from reconcile.spec.suggest import did_you_mean
from reconcile.spec.texts import Problem, language_problem

WHOLE: Final = ""
"""The language of a field that is not given by language."""


@dataclass(frozen=True, slots=True)
class Source:
    """A field, or one language of it, comes from a column. `node` is where `fields` says so, None if it does not."""

    field: str
    language: str
    column: str
    node: Node | None


def stated_columns(node: Node | None, reader: FieldReader) -> tuple[list[Source], set[str]]:
    """What `fields` states, and the fields that it mentions at all (`~`: no column)."""
    if node is None or is_absent(node):
        return [], set()
    if not isinstance(node, MappingNode):
        problem = Problem("type", f"`fields` is {what(node)}, not a mapping", "", "Write `fields: {field: column}`.")
        reader.problem(problem, node)
        return [], set()
    names = [*reader.fields, "key"]
    sources: list[Source] = []
    mentioned = set()
    for key, value in node.pairs:
        if key.value not in names:
            hint = did_you_mean(key.value, names, kind="fields")
            summary = f"Unknown field {quoted(key.value)} in `fields`"
            reader.problem(Problem("unknown-key", summary, "The form is `field: column`.", hint), key)
            continue
        mentioned.add(key.value)
        sources += _columns_of(key.value, value, reader)
    return sources, mentioned


def all_columns(
    sources: list[Source], mentioned: set[str], rules: ProviderRules, header: Sequence[str]
) -> list[Source]:
    """`sources`, and the columns of `header` that are named like a field. Identities are never taken by name."""
    there = set(header)
    by_name = [
        Source(field.name, WHOLE, field.name, None)
        for field in rules.fields
        if field.kind is not FieldKind.ASSIGNMENT and field.name in there and field.name not in mentioned
    ]
    return [*sources, *by_name]


def _columns_of(field: str, node: Node, reader: FieldReader) -> list[Source]:
    if is_absent(node):
        return []
    if is_scalar(node):
        return [Source(field, WHOLE, node.value, node)]
    known = reader.fields.get(field)
    if not isinstance(node, MappingNode) or known is None or known.kind is not FieldKind.TEXT_BY_LANGUAGE:
        problem = Problem("type", f"`fields`: {quoted(field)} is {what(node)}, not the name of a column")
        reader.problem(problem, node)
        return []
    found = []
    for key, value in node.pairs:
        wrong = language_problem(key.value, reader.rules.languages)
        if wrong is not None:
            reader.problem(wrong, key)
        elif not is_scalar(value):
            reader.problem(Problem("type", f"{quoted(key.value)} is {what(value)}, not the name of a column"), value)
        elif not is_absent(value):
            found.append(Source(field, key.value, value.value, value))
    return found
