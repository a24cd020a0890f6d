"""`{name}` in texts: the name of a column or of an entry of `vars`, and nothing else.

Nothing is evaluated: no format, no attribute, no index. `{{` and `}}` stand for braces.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

_PIECE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME: Final = re.compile(r"[^\W\d][\w-]*(?: [\w-]+)*")


class TemplateProblem(NamedTuple):
    """Why a text is no template; `at` is the offset in the text."""

    summary: str
    hint: str
    at: int


class Template(NamedTuple):
    """A text with gaps: `texts` has one part more than `names`, which stand between them."""

    texts: tuple[str, ...]
    names: tuple[str, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with every gap filled. Every name must be in `values`."""
        parts = [self.texts[0]]
        for name, text in zip(self.names, self.texts[1:], strict=True):
            parts.append(values[name])
            parts.append(text)
        return "".join(parts)


def parse_template(text: str) -> Template | TemplateProblem:
    """The template that `text` states; one without names is a plain text whose braces were escaped."""
    texts, names, last, part = [], [], 0, ""
    for match in _PIECE.finditer(text):
        part += text[last : match.start()]
        last = match.end()
        found, name = match.group(), match.group(1)
        if found in ("{{", "}}"):
            part += found[0]
        elif name is None:
            return _lone(found, match.start())
        elif _NAME.fullmatch(name) is None:
            return _no_name(name, match.start())
        else:
            texts.append(part)
            names.append(name)
            part = ""
    return Template((*texts, part + text[last:]), tuple(names))


def _lone(brace: str, at: int) -> TemplateProblem:
    return TemplateProblem(
        f"A lone `{brace}` in a text", f"Write `{brace * 2}` for a brace, `{{name}}` for a value.", at
    )


def _no_name(name: str, at: int) -> TemplateProblem:
    if not name.strip():
        return TemplateProblem("Empty braces in a text", "Write `{{}}` for braces, `{name}` for a value.", at)
    return TemplateProblem(
        "Braces in a text hold more than a name",
        "Only `{name}` is filled, without formats, attributes, indices or blanks at its edge; write `{{` for a brace.",
        at,
    )
