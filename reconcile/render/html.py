"""Documents as one HTML file: no script, nothing remote, a content security policy that allows the style alone.

The one place that escapes for HTML. Light and dark as the reader has it; on paper everything folded is open.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape
from typing import Final, assert_never

from reconcile.render.blocks import Block, Callout, Details, Heading, Inline, Line, Mono, Para, Pre, Strong, Table
from reconcile.render.safe import visible

STYLE: Final = """
:root { color-scheme: light dark; --text: #1c2024; --soft: #5b6470; --line: #d5dae0; --back: #fff; --code: #eef1f4;
  --danger: #b3261e; --danger-back: #fdecea; --warning: #8a5a00; --warning-back: #fff5dc; --note: #1f5fa8;
  --note-back: #eaf3fd; }
@media (prefers-color-scheme: dark) { :root { --text: #e3e7eb; --soft: #9aa5b1; --line: #3a424c; --back: #15191e;
  --code: #262c34; --danger: #ff8a80; --danger-back: #3a1715; --warning: #f2c14e; --warning-back: #33270b;
  --note: #7fb4f0; --note-back: #14273d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 72rem; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h2 { font-size: 1.6rem; margin: 0 0 1rem; } h3 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .875em; background: var(--code); border-radius: 4px; }
code { padding: .1em .3em; overflow-wrap: break-word; unicode-bidi: isolate; }
pre { padding: .8rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; } .r { text-align: right; white-space: nowrap; }
.danger, .warning, .note { margin: 1rem 0; padding: .7rem 1rem; border-left: 5px solid; border-radius: 4px; }
.danger { border-color: var(--danger); background: var(--danger-back); }
.warning { border-color: var(--warning); background: var(--warning-back); }
.note { border-color: var(--note); background: var(--note-back); }
.danger p { color: var(--danger); font-weight: 600; }
.danger p, .warning p, .note p { margin: .2rem 0; }
details { margin: 1rem 0; border: 1px solid var(--line); border-radius: 6px; padding: .5rem 1rem; }
summary { cursor: pointer; font-weight: 600; }
@media print { body { max-width: none; padding: 0; font-size: 11px; } details { border: 0; padding: 0; }
  details::details-content { content-visibility: visible; block-size: auto; } tr { break-inside: avoid; }
  code { overflow-wrap: anywhere; }
  .danger, .warning, .note { border: 2px solid; } }
"""


def html(title: str, blocks: Iterable[Block]) -> Iterator[str]:
    """The file in pieces. `title` stands in the window."""
    allowed = b64encode(sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    )
    yield from _blocks(blocks)
    yield "</body>\n</html>\n"


def _blocks(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, line):
            yield f"<h{level}>{_line(line)}</h{level}>\n"
        case Para(line):
            yield f"<p>{_line(line)}</p>\n"
        case Callout(kind, lines):
            shown = "".join(f"<p>{_line(line)}</p>" for line in lines)
            yield f'<div class="{kind}" role="note">{shown}</div>\n'
        case Table():
            yield from _table(block)
        case Pre(lines):
            shown = "\n".join(map(_text, lines))
            yield f"<pre>{shown}</pre>\n"
        case Details(summary, inside):
            yield f"<details><summary>{_text(summary)}</summary>\n"
            yield from _blocks(inside)
            yield "</details>\n"
        case _:
            assert_never(block)


def _table(block: Table) -> Iterator[str]:
    sides = tuple(' class="r"' if number in block.right else "" for number in range(len(block.heads)))
    heads = "".join(f'<th scope="col"{side}>{_text(head)}</th>' for side, head in zip(sides, block.heads, strict=True))
    yield f'<div class="wide"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n'
    for row in block.rows:
        cells = "".join(f"<td{side}>{_line(cell)}</td>" for side, cell in zip(sides, row, strict=True))
        yield f"<tr>{cells}</tr>\n"
    yield "</tbody>\n</table></div>\n"


def _line(line: Line) -> str:
    return "".join(map(_inline, line))


def _inline(part: Inline) -> str:
    match part:
        case Mono(text):
            return f"<code>{_text(text)}</code>" if text else ""
        case Strong(text):
            return f"<strong>{_text(text)}</strong>" if text else ""
        case str():
            return _text(part)
        case _:
            assert_never(part)


def _text(text: str) -> str:
    return escape(visible(text), quote=True)
