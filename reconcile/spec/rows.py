"""Rows of CSV and TSV files with a header. Each row comes with its first line.

Cells are the text that stands in the file. What is wrong with a single row is reported; what makes the rest of the file
unreadable is raised as Unreadable. The csv module says what a row is; a piece without quotes and carriage returns is split
into the same cells by two methods of `str`, in a fraction of its time.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import TextIOWrapper
from typing import BinaryIO, Final, NamedTuple, TextIO

from reconcile.spec.pieces import LINE_BYTES_MAX, LineTooLong, TextPieces
from reconcile.spec.report import Report, Unreadable, quoted
from reconcile.spec.suggest import closest

CELL_MAX: Final = 100_000
COLUMNS_MAX: Final = 1_000
DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", ",": "commas"}
JSON_SUFFIXES: Final = (".jsonl", ".ndjson")
SUFFIXES: Final = (*DELIMITERS, *JSON_SUFFIXES)

Row = tuple[int, Sequence[str]]
"""(line, cells): the line on which the row begins, its cells in the order of the columns asked for."""


class Rows(NamedTuple):
    """Rows that follow each other: the line on which each begins, and their cells by column."""

    lines: Sequence[int]
    columns: Sequence[Sequence[str]]


def as_text(file: BinaryIO) -> TextIO:
    """A data file as text, a byte order mark taken away, line ends as they are."""
    return TextIOWrapper(file, encoding="utf-8-sig", newline="")


class Table:
    """A CSV or TSV file: `header`, then `rows`. Every row has as many cells as the header. `text`: its lines.

    `passed` counts the lines that were read past the csv module.
    """

    def __init__(self, text: Iterable[str], delimiter: str, report: Report) -> None:
        self.delimiter = delimiter
        self._report = report
        self.passed = 0
        self.ended = False
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

    def in_pieces(self, text: TextPieces) -> Iterator[Rows]:
        """The same rows by column, as many at a time as a piece of the file holds. `text` is what this was made of."""
        while not self.ended:
            yield from self.next_piece(text)

    def next_piece(self, text: TextPieces) -> Iterator[Rows]:
        """The rows that begin in the next piece; `ended` where there is none."""
        try:
            piece = text.take()
        except (csv.Error, UnicodeDecodeError) as error:
            raise self._unreadable(error, self.line) from None
        self.ended = not piece
        columns = split(piece, self.delimiter, len(self.header)) if piece else []
        if columns is None:
            text.give_back(piece)
            yield from self._parsed(text)
        elif columns:
            count = len(columns[0])
            yield Rows(range(self.line, self.line + count), columns)
            self.passed += count

    @property
    def line(self) -> int:
        """The line on which the next row begins."""
        return self.passed + self._reader.line_num + 1

    def _parsed(self, text: TextPieces) -> Iterator[Rows]:
        """The rows that begin in the present piece, by the csv module."""
        reader, width = self._reader, len(self.header)
        lines: list[int] = []
        rows: list[list[str]] = []
        line = self.line
        problem = None
        try:
            while not text.used_up:
                row = next(reader)
                if len(row) == width:
                    lines.append(line)
                    rows.append(row)
                elif row:
                    # What was found before it is said before it.
                    if rows:
                        yield Rows(lines, list(zip(*rows, strict=True)))
                        lines, rows = [], []
                    self._ragged(row, line)
                line = self.line
        except (csv.Error, UnicodeDecodeError) as error:
            problem = self._unreadable(error, line)
        if rows:
            yield Rows(lines, list(zip(*rows, strict=True)))
        if problem is not None:
            raise problem

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
        if isinstance(error, LineTooLong):
            return Unreadable("line-size", f"A line of more than {LINE_BYTES_MAX:,} bytes", line=line)
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


def split(text: str, delimiter: str, width: int) -> list[list[str]] | None:
    """The columns of a piece of whole lines, None where only the csv module can tell: a quote or a carriage return stands
    in it, a row has other than `width` cells, or one might be too long.
    """
    if '"' in text or "\r" in text or len(text) > CELL_MAX:
        return None
    if not text.endswith("\n"):
        text += "\n"
    # Each line's end becomes a cell of its own: where all of those stand a row apart, every row has `width` cells.
    cells = text.replace("\n", f"{delimiter}\n{delimiter}").split(delimiter)
    period, count = width + 1, text.count("\n")
    if len(cells) != count * period + 1 or cells[width::period].count("\n") != count:
        return None
    return [cells[at:-1:period] for at in range(width)]


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


def missing_column(name: str, columns: Sequence[str]) -> tuple[str, str]:
    """(summary, hint) for a column that the file does not have."""
    near = closest(name, [column for column in columns if column])
    shown = ", ".join(f"`{column}`" for column in columns[:20] if column)
    hint = f"Did you mean `{near}`?" if near else f"Its columns: {shown}."
    return f"The data file has no column {quoted(name)}", hint
