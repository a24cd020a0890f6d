"""Payments made before bonusctl, from a CSV or TSV file: one a row, with places for what is wrong."""

import csv
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from reconcile.diagnostics import Diagnostics, Place
from reconcile.errors import InvalidInput, UsageError
from reconcile.money import AmountError, parse_amount
from reconcile.plan.importing import Candidate
from reconcile.providers.rules import RULES, FieldKind
from reconcile.settings import ProviderSettings
from reconcile.spec.ids import id_problem, normalized
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
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter=delimiter, strict=True)
            columns = _columns(next(rows, []), shown, provider, fields)
            found = [
                candidate
                for row in rows
                if any(row) and (candidate := _candidate(row, columns, rows.line_num, shown, provider, diagnostics))
            ]
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown} is not written in UTF-8", remedy="Save it as UTF-8, and try again.") from error
    except csv.Error as error:
        raise UsageError(f"{shown} is no CSV: {error}") from error
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
    if len(places) != len(head):
        raise UsageError(f"{shown} has a column twice", detail=f"It has: {', '.join(head)}.")

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
    """A cell that does not fit."""

    def __init__(self, code: str, summary: str, hint: str = "") -> None:
        super().__init__(summary)
        self.code, self.summary, self.hint = code, summary, hint


def _candidate(
    row: Sequence[str], columns: Columns, line: int, shown: str, provider: ProviderSettings, diagnostics: Diagnostics
) -> Candidate | None:
    try:
        return Candidate(
            recipient=_name(row, columns.recipient, "recipient", required=True),
            assignment_id=_name(row, columns.assignment_id, "assignment_id"),
            amount=_amount(_cell(row, columns.amount), provider),
            remote_id=_name(row, columns.remote_id, "remote_id"),
            created_ms=_created(_cell(row, columns.created)),
            texts=(),
            where=f"{shown}:{line}",
        )
    except _Wrong as wrong:
        diagnostics.error(wrong.code, wrong.summary, hint=wrong.hint, place=Place(shown, line))
        return None


def _cell(row: Sequence[str], column: int | None) -> str:
    return "" if column is None or column >= len(row) else row[column]


def _name(row: Sequence[str], column: int | None, field: str, *, required: bool = False) -> str:
    text = _cell(row, column)
    if not text and required:
        raise _Wrong("missing", f"`{field}` is empty")
    problem = id_problem(text, field) if text else None
    if problem is not None:
        raise _Wrong(problem.code, problem.summary, problem.hint)
    return normalized(text)


def _amount(text: str, provider: ProviderSettings) -> Decimal:
    tariff = RULES[provider.type].tariffs[provider.environment]
    try:
        amount = parse_amount(text, decimals_max=tariff.decimals)
    except AmountError as error:
        raise _Wrong("amount", f"`amount`: {error}", error.hint) from error
    if not amount:
        raise _Wrong("amount", "`amount` is nothing: a payment of no money is no payment")
    return amount


def _created(text: str) -> int | None:
    if not text:
        return None
    at_ms = parse_time(text)
    if at_ms is None:
        raise _Wrong("time", "`created` is no time", "Write it in UTC: `2026-01-01T10:00:00Z`, or the date alone.")
    return at_ms
