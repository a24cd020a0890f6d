"""GitHub's expressions, as far as our workflows use them: names, texts, ==, !=, &&, ||, !, brackets, always()."""

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<op>==|!=|&&|\|\||!|\(|\))|(?P<name>[A-Za-z_][\w.-]*(?:\(\))?))"
)
_PLACE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)

Context = Mapping[str, Any]


def filled(text: str, context: Context) -> str:
    """A text with every `${{ … }}` in it evaluated."""
    return _PLACE.sub(lambda found: _shown(evaluate(found[1], context)), text)


def condition(text: str, context: Context, *, so_far: bool) -> bool:
    """Whether a step or job with this `if` runs. `so_far`: nothing failed before it."""
    inner = text.removeprefix("${{").removesuffix("}}") if text.startswith("${{") else text
    value = bool(evaluate(inner, context)) if inner.strip() else True
    return value and (so_far or "always()" in inner)


def evaluate(text: str, context: Context) -> Any:
    """The value of an expression. A name that is not there is an empty text."""
    tokens, position = [], 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        assert found is not None, f"this expression is more than the tests can read: {text}"
        tokens.append(found)
        position = found.end()
    value, rest = _either([token.group().strip() for token in tokens], context)
    assert not rest, f"this expression is more than the tests can read: {text}"
    return value


def _either(tokens: list[str], context: Context) -> tuple[Any, list[str]]:
    value, tokens = _both(tokens, context)
    while tokens[:1] == ["||"]:
        other, tokens = _both(tokens[1:], context)
        value = value or other
    return value, tokens


def _both(tokens: list[str], context: Context) -> tuple[Any, list[str]]:
    value, tokens = _compared(tokens, context)
    while tokens[:1] == ["&&"]:
        other, tokens = _compared(tokens[1:], context)
        value = value and other
    return value, tokens


def _compared(tokens: list[str], context: Context) -> tuple[Any, list[str]]:
    value, tokens = _single(tokens, context)
    if tokens[:1] in (["=="], ["!="]):
        other, rest = _single(tokens[1:], context)
        return (value == other) is (tokens[0] == "=="), rest
    return value, tokens


def _single(tokens: list[str], context: Context) -> tuple[Any, list[str]]:
    first, rest = tokens[0], tokens[1:]
    if first == "(":
        value, rest = _either(rest, context)
        assert rest[0] == ")"
        return value, rest[1:]
    if first == "!":
        value, rest = _single(rest, context)
        return not value, rest
    if first.startswith("'"):
        return first[1:-1].replace("''", "'"), rest
    if first == "always()":
        return True, rest
    value = context
    for name in first.split("."):
        value = value.get(name, "") if isinstance(value, Mapping) else ""
    return value, rest


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
