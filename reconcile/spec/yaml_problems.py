"""What libyaml says of a file it cannot read, in words of ours: one sentence, why, and what to do."""

import re
from typing import Final, NamedTuple

import yaml

from reconcile.spec.report import Report, Unreadable

_PIECE: Final = 1 << 16


class _Words(NamedTuple):
    pattern: re.Pattern[str]
    summary: str
    hint: str
    at_context: bool = False


_KNOWN: Final = (
    _Words(
        re.compile(r"mapping values are not allowed"),
        "A second `: ` in one line",
        'Put a text that holds `: ` in "quotes"; or the line above is indented differently.',
    ),
    _Words(
        re.compile(r"found a tab character|cannot start any token.*tab"),
        "A tab where blanks belong",
        "Indent with blanks: YAML does not allow tabs there.",
    ),
    _Words(
        re.compile(r"cannot start any token"),
        "A text that begins with a sign of YAML's own",
        'Put the text in "quotes".',
    ),
    _Words(
        re.compile(r"while scanning a quoted scalar.*unexpected (end of stream|document indicator)"),
        "A quote that is never closed",
        "Close it; in a text in 'single quotes' an apostrophe is written twice.",
        at_context=True,
    ),
    _Words(
        re.compile(r"unknown escape character|expected hexdecimal number|invalid Unicode character escape"),
        "An unknown escape in a text in double quotes",
        "Write a backslash as `\\\\`, or use 'single quotes'.",
    ),
    _Words(
        re.compile(r"while parsing a flow (sequence|mapping)"),
        "A `[` or `{` that is never closed, or a comma is missing",
        'Close the bracket and separate entries by commas; a text that begins with `{` or `[` goes in "quotes".',
        at_context=True,
    ),
    _Words(
        re.compile(r"while parsing a block (mapping|collection)|did not find expected <document start>"),
        "The indentation does not fit",
        "Keys of one entry begin in the same column, and so do the `-` of one list.",
    ),
    _Words(
        re.compile(r"could not find expected ':'"),
        "A key without a colon",
        "Write `key: value`; a text over several lines is indented, or follows `|`.",
        at_context=True,
    ),
    _Words(
        re.compile(r"undefined tag handle|while (scanning|parsing) a tag"),
        "Tags are not read",
        'Put a text that begins with `!` in "quotes".',
    ),
    _Words(
        re.compile(r"while scanning an (anchor|alias)"),
        "Anchors and aliases are not read",
        'Put a text that begins with `&` or `*` in "quotes".',
    ),
    _Words(
        re.compile(r"directive"),
        "YAML directives (`%`) are not read",
        'Take the line away; put a text that begins with `%` in "quotes".',
    ),
)


def translated(error: yaml.YAMLError, report: Report) -> Unreadable:
    """What libyaml raised, as a problem with its place."""
    if isinstance(error, yaml.MarkedYAMLError):
        return _marked(error, report)
    if isinstance(error, yaml.reader.ReaderError):
        return _bytes(error, report)
    return Unreadable("yaml", "This is not YAML", detail=str(error)[:200])


def _marked(error: yaml.MarkedYAMLError, report: Report) -> Unreadable:
    said = ", ".join(part for part in (error.context, error.problem) if part)
    mark = error.problem_mark or error.context_mark
    if mark and report.line(mark.line + 1)[mark.column : mark.column + 1] == "\t":
        said += " (a tab)"
    words = next((words for words in _KNOWN if words.pattern.search(said)), None)
    if words is not None and words.at_context and error.context_mark is not None:
        mark = error.context_mark
    return Unreadable(
        "yaml",
        words.summary if words else "This is not YAML",
        detail=f"YAML's parser says: {said}.",
        hint=words.hint if words else "",
        line=mark.line + 1 if mark else 0,
        column=mark.column + 1 if mark else 0,
    )


def _bytes(error: yaml.reader.ReaderError, report: Report) -> Unreadable:
    """A byte that YAML does not allow, given by its offset alone: the place is found by reading up to it again."""
    line, column = _place(error.position, report)
    byte = error.character if isinstance(error.character, int) else ord(error.character)
    if "control" in str(error.reason):
        return Unreadable(
            "control-character",
            f"The file holds a control character (U+{byte:04X})",
            hint='Take it out; in a text in "quotes" it is written as an escape such as `\\u0007`.',
            line=line,
            column=column,
        )
    return Unreadable(
        "encoding",
        f"The file is not UTF-8 (byte {byte:02x})",
        hint="Save it as UTF-8.",
        line=line,
        column=column,
    )


def _place(offset: int, report: Report) -> tuple[int, int]:
    """Line and column of the byte at `offset`: libyaml gives nothing else, so the file is read up to it again."""
    line = 1
    with report.opener() as file:
        text = file.readline(_PIECE)
        while text and offset >= len(text):
            offset -= len(text)
            line += text.endswith(b"\n")
            text = file.readline(_PIECE)
    return line, len(text[:offset].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")) + 1
