"""Rows of data files: CSV and TSV with a header, JSONL with one object a line. Each row comes with its first line.

Cells are the text that stands in the file: a JSON number is its digits, never a float. What is wrong with a single row
is reported; what makes the rest of the file unreadable is raised as Unreadable.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from typing import Any, BinaryIO, Final, NoReturn, TextIO

from reconcile.spec.report import Report, Unreadable, quoted
from reconcile.spec.suggest import closest

CELL_MAX: Final = 100_000
LINE_BYTES_MAX: Final = 1 << 20
COLUMNS_MAX: Final = 1_000
DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", ",": "commas"}
JSON_SUFFIXES: Final = (".jsonl", ".ndjson")
SUFFIXES: Final = (*DELIMITERS, *JSON_SUFFIXES)

Row = tuple[int, Sequence[str]]
"""(line, cells): the line on which the row begins, its cells in the order of the columns asked for."""


# --- CSV and TSV ---------------------------------------------------------------------------------------------------


def as_text(file: BinaryIO) -> TextIO:
    """A data file as text, a byte order mark taken away, line ends as they are."""
    return TextIOWrapper(file, encoding="utf-8-sig", newline="")


class Table:
    """A CSV or TSV file: `header`, then `rows`. Every row has as many cells as the header."""

    def __init__(self, text: TextIO, delimiter: str, report: Report) -> None:
        self.delimiter = delimiter
        self._report = report
        # The csv module's limit is one for the whole process; ours is its default, set here in case someone changed it.
        csv.field_size_limit(CELL_MAX)
        self._reader = csv.reader(text, delimiter=delimiter, strict=True)
        self.header = self._read_header()

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank."""
        reader, width = self._reader, len(self.header)
        line = reader.line_num + 1
        try:
            for row in reader:
                if len(row) == width:
                    yield line, row
                elif row:
                    self._ragged(row, line)
                line = reader.line_num + 1
        except (csv.Error, UnicodeDecodeError) as error:
            raise self._unreadable(error, line) from None

    def _read_header(self) -> list[str]:
        try:
            header = next(self._reader, None)
        except (csv.Error, UnicodeDecodeError) as error:
            raise self._unreadable(error, 1) from None
        if not header or not any(header):
            raise Unreadable("header", "The data file has no header", hint="Its first line names the columns.", line=1)
        if len(header) > COLUMNS_MAX:
            raise Unreadable("header", f"The data file has more than {COLUMNS_MAX:,} columns", line=1)
        seen: set[str] = set()
        for position, name in enumerate(header):
            if name and name in seen:
                column = cell_place(self._report, 1, position, self.delimiter)[1]
                raise Unreadable(
                    "header",
                    f"Two columns are called {quoted(name)}",
                    detail="Programs disagree which of the two counts.",
                    hint="Rename one of them.",
                    line=1,
                    column=column,
                )
            seen.add(name)
        self._refuse_other_separators(header)
        return header

    def _refuse_other_separators(self, header: list[str]) -> None:
        others = [name for sign, name in _SEPARATORS.items() if sign in header[0]]
        if len(header) == 1 and others:
            raise Unreadable(
                "header",
                f"The columns seem to be separated by {others[0]}",
                hint="Separate them by commas in a .csv file, by tabs in a .tsv file.",
                line=1,
                column=1,
            )

    def _ragged(self, row: list[str], line: int) -> None:
        more = len(row) > len(self.header)
        self._report.error(
            "ragged-row",
            f"The row has {len(row)} {'cell' if len(row) == 1 else 'cells'}, the header has {len(self.header)}",
            detail="It is not clear which cell belongs to which column.",
            hint='Put a cell that holds the separator in "quotes".' if more else "Add the missing separators.",
            line=line,
            column=cell_place(self._report, line, len(self.header), self.delimiter)[1] if more else 1,
        )

    def _unreadable(self, error: csv.Error | UnicodeDecodeError, line: int) -> Unreadable:
        if isinstance(error, UnicodeDecodeError):
            return not_utf8(self._report)
        said = str(error)
        if "field larger" in said:
            summary, hint = f"A cell of more than {CELL_MAX:,} characters", "Look for a quote that is never closed."
        elif "unexpected end of data" in said:
            summary, hint = "A quote that is never closed", "Close it; a quote inside a quoted cell is doubled."
        elif "expected after" in said:
            summary, hint = "Text after a closing quote", "A quote inside a quoted cell is doubled."
        elif "new-line character" in said:
            summary, hint = "A carriage return inside an unquoted cell", "Save the file with LF line ends."
        else:
            summary, hint = "This is not CSV", ""
        return Unreadable("csv", summary, detail=f"The parser says: {said}.", hint=hint, line=line, column=1)


def cell_place(report: Report, line: int, position: int, delimiter: str) -> tuple[int, int]:
    """(line, column) at which the cell at `position` of the row that begins on `line` stands."""
    column, within, at = 1, False, 0
    for _ in range(1_000):
        text = report.line(line)
        for at, character in enumerate(text):
            if position == 0:
                return line, at + 1
            if character == '"':
                within = not within
            elif character == delimiter and not within:
                position -= 1
                column = at + 2
        if not within:
            break
        line += 1
    return line, column


def not_utf8(report: Report) -> Unreadable:
    """The problem of a file with bytes that are not UTF-8, with the place of the first."""
    line = 0
    with report.opener() as file:
        for line, raw in enumerate(file, 1):
            try:
                raw.decode()
            except UnicodeDecodeError as error:
                return Unreadable(
                    "encoding",
                    f"The file is not UTF-8 (byte {raw[error.start]:02x})",
                    hint="Save it as UTF-8; spreadsheets call it `CSV UTF-8`.",
                    line=line,
                    column=len(raw[: error.start].removeprefix(b"\xef\xbb\xbf").decode()) + 1,
                )
    return Unreadable("encoding", "The file is not UTF-8", hint="Save it as UTF-8.", line=line)


# --- JSONL ---------------------------------------------------------------------------------------------------------


class _Refused(ValueError):
    """What a line of JSONL may not hold; `name` is the key it concerns, "" for none."""

    def __init__(self, summary: str, name: str = "", hint: str = "") -> None:
        super().__init__(summary)
        self.name = name
        self.hint = hint


class Objects:
    """A JSONL file: `rows` gives the cells of the columns asked for; a key that is missing or null is an empty cell."""

    def __init__(self, file: BinaryIO, report: Report) -> None:
        self._file = file
        self._report = report
        self._decode = json.JSONDecoder(
            object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=_constant
        ).decode
        self.seen: set[str] = set()

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Every row. Afterwards `seen` holds the keys that the first rows had, and every key of `columns` met."""
        decode, line = self._decode, 0
        wanted = set(columns)
        for raw in self._lines():
            line += 1
            if raw.isspace():
                continue
            try:
                row = decode(raw.decode())
                if row.__class__ is not dict:
                    raise _Refused("A line is not an object")  # noqa: TRY301 (one place for all that a line can be)
                if not wanted <= self.seen or line == 1:
                    self.seen.update(row.keys() if len(self.seen) < COLUMNS_MAX else row.keys() & wanted)
                cells = [row.get(column, "") for column in columns]
                yield (
                    line,
                    [cell if cell.__class__ is str else _cell(cell, columns[at]) for at, cell in enumerate(cells)],
                )
            except (_Refused, json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
                self._refuse(error, line, raw)

    def _lines(self) -> Iterator[bytes]:
        number = 0
        while raw := self._file.readline(LINE_BYTES_MAX):
            number += 1
            if len(raw) == LINE_BYTES_MAX and not raw.endswith(b"\n"):
                raise Unreadable("line-size", f"A line of more than {LINE_BYTES_MAX:,} bytes", line=number)
            yield raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw

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


def missing_column(name: str, columns: Sequence[str]) -> tuple[str, str]:
    """(summary, hint) for a column that the file does not have."""
    near = closest(name, [column for column in columns if column])
    shown = ", ".join(f"`{column}`" for column in columns[:20] if column)
    hint = f"Did you mean `{near}`?" if near else f"Its columns: {shown}."
    return f"The data file has no column {quoted(name)}", hint
