"""Rows of JSONL files: one object a line. Each row comes with its line.

Cells are the text that stands in the file: a number is its digits, never a float. The json module says what a line holds;
where the lines of a piece are all laid out like its first one, the cells are found by one pattern made of that.
"""

import json
from collections.abc import Iterator, Sequence, Set
from io import BytesIO
from typing import Any, BinaryIO, Final, NoReturn

from reconcile.spec.layout import Layout, layout_of
from reconcile.spec.pieces import PIECE_BYTES
from reconcile.spec.report import Report, Unreadable, quoted
from reconcile.spec.rows import COLUMNS_MAX, Rows

LINE_BYTES_MAX: Final = 1 << 20
_MISSES_MAX: Final = 8


class _Refused(ValueError):
    """What a line of JSONL may not hold; `name` is the key it concerns, "" for none."""

    def __init__(self, summary: str, name: str = "", hint: str = "") -> None:
        super().__init__(summary)
        self.name = name
        self.hint = hint


class Objects:
    """A JSONL file: `in_pieces` gives the cells of the columns asked for; a key that is missing or null is an empty cell."""

    def __init__(self, file: BinaryIO, report: Report) -> None:
        self._file = file
        self._report = report
        self._decode = json.JSONDecoder(
            object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=_constant
        ).decode
        self._layout: Layout | None = None
        self._misses = 0
        self.seen: set[str] = set()

    def in_pieces(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Every row, as many at a time as a piece of the file holds. Afterwards `seen` holds the keys that the first rows had,
        and every key of `columns` met.
        """
        lines_before, wanted = 0, set(columns)
        while data := self._piece():
            if lines_before == 0:
                data = data.removeprefix(b"\xef\xbb\xbf")
            rows = self._laid_out(data, columns, wanted, lines_before)
            if rows is None:
                yield from self._decoded(data, columns, wanted, lines_before)
            else:
                yield rows
            lines_before += data.count(b"\n")

    def _piece(self) -> bytes:
        """About 64 KiB, to the end of a line; nothing at the end of the file."""
        data = self._file.read(PIECE_BYTES)
        return data if data.endswith(b"\n") else data + self._file.readline(LINE_BYTES_MAX)

    def _laid_out(self, data: bytes, columns: Sequence[str], wanted: set[str], lines_before: int) -> Rows | None:
        """The rows of a piece whose lines are laid out alike; None, also after a few pieces in a row that were not."""
        if self._misses >= _MISSES_MAX or len(data) > LINE_BYTES_MAX:
            return None
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return None
        if not text.endswith("\n"):
            text += "\n"
        found = None if self._layout is None else self._layout.columns(text)
        if found is None:
            self._layout = layout_of(text[: text.index("\n") + 1], columns)
            found = None if self._layout is None else self._layout.columns(text)
        if found is None or self._layout is None:
            self._misses += 1
            return None
        self._misses = 0
        self._see(self._layout.keys, wanted, first=lines_before == 0)
        return Rows(range(lines_before + 1, lines_before + 1 + text.count("\n")), found)

    def _decoded(self, data: bytes, columns: Sequence[str], wanted: set[str], lines_before: int) -> Iterator[Rows]:
        """The rows of a piece, each by the json module."""
        decode = self._decode
        lines: list[int] = []
        rows: list[list[str]] = []
        for line, raw in enumerate(BytesIO(data), lines_before + 1):
            if len(raw) >= LINE_BYTES_MAX and not (len(raw) == LINE_BYTES_MAX and raw.endswith(b"\n")):
                yield from _by_column(lines, rows)
                raise Unreadable("line-size", f"A line of more than {LINE_BYTES_MAX:,} bytes", line=line)
            if raw.isspace():
                continue
            try:
                row = decode(raw.decode())
                if row.__class__ is not dict:
                    raise _Refused("A line is not an object")  # noqa: TRY301 (one place for all that a line can be)
                self._see(row.keys(), wanted, first=line == 1)
                cells = [row.get(column, "") for column in columns]
                cells = [cell if cell.__class__ is str else _cell(cell, columns[at]) for at, cell in enumerate(cells)]
            except (_Refused, json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
                # What was found before it is said before it.
                yield from _by_column(lines, rows)
                lines, rows = [], []
                self._refuse(error, line, raw)
            else:
                lines.append(line)
                rows.append(cells)
        yield from _by_column(lines, rows)

    def _see(self, keys: Set[str], wanted: set[str], *, first: bool) -> None:
        if first or not wanted <= self.seen:
            self.seen.update(keys if len(self.seen) < COLUMNS_MAX else keys & wanted)

    def _refuse(self, error: Exception, line: int, raw: bytes) -> None:
        column, hint, summary = 1, "Each line is one JSON object.", "The line is not JSON"
        if isinstance(error, _Refused):
            summary, hint = str(error), error.hint or hint
            column = key_column(raw.decode("utf-8", "replace"), error.name) if error.name else 1
        elif isinstance(error, json.JSONDecodeError):
            summary, column = f"The line is not JSON: {error.msg[:1].lower()}{error.msg[1:]}", error.colno
        elif isinstance(error, UnicodeDecodeError):
            summary, hint = f"The line is not UTF-8 (byte {raw[error.start]:02x})", "Save the file as UTF-8."
            column = len(raw[: error.start].decode()) + 1
        else:
            summary, hint = "Values are nested too deeply", "Rows are flat: one text or number for each key."
        self._report.error("jsonl", summary, hint=hint, line=line, column=column)


def _by_column(lines: list[int], rows: list[list[str]]) -> Iterator[Rows]:
    if rows:
        yield Rows(lines, list(zip(*rows, strict=True)))


def key_column(line: str, name: str) -> int:
    """The column of a key in a line of JSONL, of its last occurrence; 1 if it is spelled with escapes."""
    at = line.rfind(json.dumps(name, ensure_ascii=False))
    return at + 1 if at >= 0 else 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"{quoted(double)} stands twice in the same object", double, "Keep one of them.")
    return row


def _constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not a value", hint="Write an amount as a number or a text.")


def _cell(value: object, name: str) -> str:
    if value is None:
        return ""
    if value is True:
        return "true"
    if value is False:
        return "false"
    kind = "a list" if isinstance(value, list) else "an object"
    raise _Refused(f"{quoted(name)} is {kind}, not a text or a number", name, "Rows are flat.")
