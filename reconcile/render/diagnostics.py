"""Diagnostics as text for people, as JSON for programs, and as annotations for GitHub.

The text has the place, the line with a caret, what is wrong, why it matters and what to do. Whatever comes from a file
is made visible first: a terminal or a runner obeys none of it.
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

from reconcile.diagnostics import Diagnostic, Diagnostics, Place, Severity
from reconcile.render.safe import visible

FORMAT_VERSION: Final = 1
ANNOTATIONS_MAX: Final = 9
"""How many places of a run are annotated on GitHub."""

_WINDOW: Final = 100
_BEFORE: Final = 60
_COLORS: Final = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m"}
_BOLD: Final = "\x1b[1m"
_DIM: Final = "\x1b[2m"
_OFF: Final = "\x1b[0m"


# --- text ----------------------------------------------------------------------------------------------------------


def render_text(diagnostics: Iterable[Diagnostic], *, color: bool) -> str:
    """All diagnostics, a blank line between two, and a line that counts them; "" for none."""
    found = list(diagnostics)
    blocks = [_block(diagnostic, color=color) for diagnostic in found]
    if blocks:
        blocks.append(_count(diagnostics, found))
    return "\n".join(blocks)


def _block(diagnostic: Diagnostic, *, color: bool) -> str:
    tint = _COLORS[diagnostic.severity] if color else ""
    bold, dim, off = (_BOLD, _DIM, _OFF) if color else ("", "", "")
    place = _place(diagnostic.place)
    lines = [f"{bold}{place}{off}{tint}{diagnostic.severity}{off}: {bold}{visible(diagnostic.summary)}{off}"]
    if diagnostic.source.strip() and diagnostic.place is not None:
        number = str(diagnostic.place.line)
        margin = " " * len(number)
        shown, offset = _window(diagnostic.source, diagnostic.place.column)
        lines.append(f"{dim}{number} |{off} {shown}")
        if diagnostic.place.column:
            lines.append(f"{dim}{margin} |{off} {' ' * offset}{tint}^{off}")
    lines += _indented(diagnostic.detail, "")
    lines += _indented(diagnostic.hint, "help: ")
    return "\n".join(lines) + "\n"


def _place(place: Place | None) -> str:
    if place is None:
        return ""
    numbers = "".join(f":{number}" for number in (place.line, place.column) if number)
    return f"{visible(place.path)}{numbers}: "


def _indented(text: str, label: str) -> list[str]:
    """A paragraph below the line; a command to copy keeps a line of its own."""
    first, *rest = text.split("\n") if text else [""]
    return [f"  {label}{visible(first)}", *(f"      {visible(line)}" for line in rest)] if text else []


def _window(source: str, column: int) -> tuple[str, int]:
    """The part of a line around a column, as it is shown, and how many cells stand before the column."""
    cut = max(0, column - 1 - _BEFORE) if len(source) > _WINDOW else 0
    piece = source[cut : cut + _WINDOW]
    head = "…" if cut else ""
    tail = "…" if cut + _WINDOW < len(source) else ""
    before = head + _line(piece[: max(0, column - 1 - cut)])
    return f"{head}{_line(piece)}{tail}", _cells(before)


def _line(text: str) -> str:
    """A piece of a source line, tabs as four blanks."""
    return visible(text.replace("\t", "    "))


def _cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _count(diagnostics: Iterable[Diagnostic], found: list[Diagnostic]) -> str:
    errors = sum(diagnostic.severity is Severity.ERROR for diagnostic in found)
    counts = ((errors, "error"), (len(found) - errors, "warning"))
    left_out = diagnostics.left_out if isinstance(diagnostics, Diagnostics) else 0
    more = f", and {left_out} more that are not shown" if left_out else ""
    return f"{' and '.join(_plural(count, word) for count, word in counts if count)}{more}\n"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


# --- JSON ----------------------------------------------------------------------------------------------------------


def render_json(diagnostics: Iterable[Diagnostic]) -> dict[str, object]:
    """The document of `validate --format json`."""
    found = list(diagnostics)
    valid = not any(diagnostic.severity is Severity.ERROR for diagnostic in found)
    if isinstance(diagnostics, Diagnostics):
        valid = diagnostics.errors == 0
    return {"format_version": FORMAT_VERSION, "valid": valid, "diagnostics": diagnostics_json(found)}


def diagnostics_json(diagnostics: Iterable[Diagnostic]) -> list[dict[str, object]]:
    """Diagnostics as every JSON document has them; path, line and column are null where there is no place."""
    return [
        {
            "severity": str(diagnostic.severity),
            "code": diagnostic.code,
            "summary": diagnostic.summary,
            "detail": diagnostic.detail,
            "hint": diagnostic.hint,
            "path": diagnostic.place.path if diagnostic.place else None,
            "line": (diagnostic.place.line or None) if diagnostic.place else None,
            "column": (diagnostic.place.column or None) if diagnostic.place else None,
        }
        for diagnostic in diagnostics
    ]


# --- GitHub --------------------------------------------------------------------------------------------------------


def render_github(diagnostics: Iterable[Diagnostic], *, left_out: int = 0) -> str:
    """Workflow commands, errors first: `::error file=…,line=…,col=…,title=…::…`. At most nine, and one that counts the
    rest, since GitHub shows ten of a step and drops the others without a word.

    `left_out`: how many more were found than `diagnostics` holds.
    """
    found = sorted(diagnostics, key=lambda diagnostic: diagnostic.severity is not Severity.ERROR)
    shown, hidden = found[:ANNOTATIONS_MAX], found[ANNOTATIONS_MAX:]
    text = "".join(_command(diagnostic) for diagnostic in shown)
    if hidden or left_out:
        severity = hidden[0].severity if hidden else Severity.ERROR
        text += f"::{severity} title=And {len(hidden) + left_out:,} more::`bonusctl validate` shows all of them.\n"
    return text


def _command(diagnostic: Diagnostic) -> str:
    properties = {}
    if diagnostic.place is not None:
        properties["file"] = diagnostic.place.path
        properties["line"] = str(diagnostic.place.line or 1)
        properties["col"] = str(diagnostic.place.column or 1)
    properties["title"] = diagnostic.summary
    shown = ",".join(f"{name}={_property(visible(value))}" for name, value in properties.items())
    paragraphs = [line for text in (diagnostic.detail, diagnostic.hint) for line in text.split("\n") if line]
    message = "\n".join(visible(line) for line in paragraphs) or visible(diagnostic.summary)
    return f"::{diagnostic.severity} {shown}::{_data(message)}\n"


def _data(text: str) -> str:
    """GitHub's escaping of a message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """GitHub's escaping of a property."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
