"""Payments made before bonusctl, from a CSV or TSV file: one a row, with places for what is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from reconcile.diagnostics import Diagnostics
from reconcile.errors import InvalidInput, UsageError
from reconcile.money import AmountError, parse_amount
from reconcile.plan.importing import Candidate
from reconcile.providers.rules import RULES, FieldKind
from reconcile.settings import ProviderSettings
from reconcile.spec.ids import id_problem, normalized
from reconcile.spec.report import Report, Unreadable, quoted
from reconcile.spec.rows import Table, as_text, cell_place
from reconcile.times import parse_time

RECIPIENT: Final = "recipient"
OPTIONAL: Final = ("assignment_id", "remote_id", "created")
ROWS_MAX: Final = 1_000_000


class Columns(NamedTuple):
    """Where each field stands in a row, None where the file does not have it."""

    recipient: int
    amount: int
    assignment_id: int | None
    remote_id: int | None
    created: int | None


def read_payments_file(
    path: Path, *, shown: str, provider: ProviderSettings, fields: Mapping[str, str]
) -> list[Candidate]:
    """Every payment of a file. `fields`: field → column, for columns that are named otherwise; `shown`: the file as a
    person would type it. Raises UsageError where it cannot be read or lacks a column, InvalidInput with every row that
    does not fit: an import takes a file whole or not at all.
    """
    diagnostics = Diagnostics()
    found: list[Candidate] = []
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","

    def opener() -> BinaryIO:
        return path.open("rb")

    try:
        with Report(diagnostics, shown, opener) as report, opener() as raw, as_text(raw) as text:
            try:
                # The reader of the specs' data files: a row with a cell too many is no payment to either.
                table = Table(text, delimiter, report)
                columns = _columns(table.header, shown, provider, fields)
                found.extend(_Rows(table, columns, report, provider).candidates())
            except Unreadable as problem:
                report.unreadable(problem)
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}") from error
    if diagnostics.errors:
        raise InvalidInput(f"{shown} has errors; nothing was imported.", tuple(diagnostics))
    if len(found) > ROWS_MAX:
        raise UsageError(f"{shown} has more than {ROWS_MAX:,} rows", remedy="Import it in parts.")
    return found


def parse_fields(texts: Sequence[str]) -> dict[str, str]:
    """`field=column` pairs, several in one text after commas. Raises UsageError."""
    found = {}
    for pair in (pair for text in texts for pair in text.split(",")):
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not field or not equals or not column:
            raise UsageError(
                f"--fields {pair}: not of the form field=column",
                remedy="bonusctl import old.csv --fields user_id=worker,amount=usd",
            )
        found[field] = column
    return found


def _columns(head: Sequence[str], shown: str, provider: ProviderSettings, fields: Mapping[str, str]) -> Columns:
    """Raises UsageError for a field that there is not, and for a column that the file does not have."""
    recipient = RULES[provider.type].field(FieldKind.RECIPIENT).name
    known = (recipient, RECIPIENT, "amount", *OPTIONAL)
    for field, column in fields.items():
        if field not in known:
            raise UsageError(f"--fields: there is no field {field}", remedy=f"Fields are: {', '.join(known)}.")
        if column not in head:
            raise UsageError(f"{shown} has no column {column}", detail=f"It has: {', '.join(head)}.")
    places = {name: number for number, name in enumerate(head)}

    def place(field: str) -> int | None:
        return places.get(fields.get(field, field))

    whom, amount = place(recipient), place("amount")
    whom = place(RECIPIENT) if whom is None else whom
    if whom is None or amount is None:
        lacking = recipient if whom is None else "amount"
        raise UsageError(
            f"{shown} has no column {lacking}",
            detail=f"It has: {', '.join(head) or 'no head line'}.",
            remedy=f"Say which column it is:\nbonusctl import {shown} --fields {lacking}=COLUMN",
        )
    return Columns(whom, amount, place("assignment_id"), place("remote_id"), place("created"))


class _Wrong(Exception):
    """A cell that does not fit; `column` is its place in the row."""

    def __init__(self, column: int, code: str, summary: str, *, detail: str = "", hint: str = "") -> None:
        super().__init__(summary)
        self.column, self.code, self.summary, self.detail, self.hint = column, code, summary, detail, hint


class _Rows:
    """The rows of one file as payments; what is wrong with a cell is reported at its place, under its column's name."""

    def __init__(self, table: Table, columns: Columns, report: Report, provider: ProviderSettings) -> None:
        self._table = table
        self._columns = columns
        self._report = report
        self._decimals = RULES[provider.type].tariffs[provider.environment].decimals

    def candidates(self) -> Iterator[Candidate]:
        """Every row that is not blank and fits."""
        for line, row in self._table.rows():
            if not any(row):
                continue
            try:
                yield self._candidate(line, row)
            except _Wrong as wrong:
                place = cell_place(self._report, line, wrong.column, self._table.delimiter)
                self._report.error(
                    wrong.code, wrong.summary, detail=wrong.detail, hint=wrong.hint, line=place[0], column=place[1]
                )

    def _candidate(self, line: int, row: Sequence[str]) -> Candidate:
        columns = self._columns
        if not row[columns.recipient]:
            raise _Wrong(columns.recipient, "missing", f"{self._called(columns.recipient)} is empty")
        return Candidate(
            recipient=self._name(row, columns.recipient),
            assignment_id=self._name(row, columns.assignment_id),
            amount=self._amount(row, columns.amount),
            remote_id=self._name(row, columns.remote_id),
            created_ms=self._created(row, columns.created),
            texts=(),
            where=f"{self._report.shown}:{line}",
        )

    def _called(self, column: int) -> str:
        return quoted(self._table.header[column])

    def _name(self, row: Sequence[str], column: int | None) -> str:
        if column is None or not row[column]:
            return ""
        problem = id_problem(row[column], self._table.header[column])
        if problem is not None:
            raise _Wrong(column, problem.code, problem.summary, detail=problem.detail, hint=problem.hint)
        return normalized(row[column])

    def _amount(self, row: Sequence[str], column: int) -> Decimal:
        try:
            amount = parse_amount(row[column], decimals_max=self._decimals)
        except AmountError as error:
            raise _Wrong(column, "amount", f"{self._called(column)}: {error}", hint=error.hint) from error
        if not amount:
            raise _Wrong(column, "amount", f"{self._called(column)} is nothing: a payment of no money is no payment")
        return amount

    def _created(self, row: Sequence[str], column: int | None) -> int | None:
        if column is None or not row[column]:
            return None
        at_ms = parse_time(row[column])
        if at_ms is None:
            hint = "Write it in UTC: `2026-01-01T10:00:00Z`, or the date alone."
            raise _Wrong(column, "time", f"{self._called(column)} is no time", hint=hint)
        return at_ms
