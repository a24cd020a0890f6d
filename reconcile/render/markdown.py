"""Documents as Markdown for comments on GitHub, GitLab and the like; the one place that escapes for it.

Foreign words stand in code spans and fenced blocks: there nothing is markup, no `@name` calls anybody, no address
becomes a link, no `#12` refers to anything. A code span cannot hold a pipe safely inside a table, so a pipe is spelled.
"""

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final, assert_never

from reconcile.render.blocks import Block, Callout, Details, Heading, Inline, Line, Mono, Para, Pre, Strong, Table
from reconcile.render.safe import visible

# Our own words need no more than these. Whatever holds another character is shown as code.
_PLAIN: Final = re.compile(r"[A-Za-z0-9 .,:;()%?'’–—…→+=-]*")
_RUNS: Final = re.compile(r"`+")
_ALERTS: Final = {"danger": "CAUTION", "warning": "WARNING", "note": "NOTE"}


def markdown(blocks: Iterable[Block]) -> str:
    """The document, with a line end."""
    return "\n\n".join("\n".join(_block(block)) for block in blocks) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, line):
            yield f"{'#' * level} {_line(line)}"
        case Para(line):
            yield _line(line)
        case Callout(kind, lines):
            yield f"> [!{_ALERTS[kind]}]"
            # Two blanks at the end of a line break it, where one paragraph would run on.
            yield from (f"> {_line(line)}{'  ' if number < len(lines) else ''}" for number, line in enumerate(lines, 1))
        case Table(heads, rows, right):
            yield _row(_plain(head) for head in heads)
            yield _row("---:" if number in right else "---" for number in range(len(heads)))
            yield from (_row(map(_line, row)) for row in rows)
        case Pre(lines):
            yield from _fenced(lines)
        case Details(summary, blocks):
            yield f"<details><summary>{escape(visible(summary))}</summary>"
            yield ""
            yield markdown(blocks)
            yield "</details>"
        case _:
            assert_never(block)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _line(line: Line) -> str:
    return "".join(map(_inline, line))


def _inline(part: Inline) -> str:
    match part:
        case Mono(text):
            return code(text)
        case Strong(text):
            return f"**{_plain(text)}**" if text else ""
        case str():
            return _plain(part)
        case _:
            assert_never(part)


def _plain(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else code(text)


def code(text: str) -> str:
    """A code span of any text, for any place, tables too."""
    if not text:
        return ""
    text = visible(text).replace("|", "\\x7c")
    fence = _longer(text, 1)
    # One blank on both sides is taken away again; without it a backtick at the edge would belong to the fence.
    blank = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def _fenced(lines: Iterable[str]) -> Iterator[str]:
    shown = [visible(line) for line in lines]
    fence = _longer("\n".join(shown), 3)
    yield f"{fence}text"
    yield from shown
    yield fence


def _longer(text: str, least: int) -> str:
    """Backticks, more than the text has in a row."""
    longest = max((len(run) for run in _RUNS.findall(text)), default=0)
    return "`" * max(least, longest + 1)
