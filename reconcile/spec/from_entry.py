"""An entry of `bonuses` with `from`: one bonus for each row of a data file beside the spec."""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final, NamedTuple

from reconcile.model import Block, Desired
from reconcile.providers.rules import FieldKind
from reconcile.spec.columns import Source, all_columns, stated_columns
from reconcile.spec.data import RowReader
from reconcile.spec.fields import FieldReader
from reconcile.spec.files import DATA_BYTES_MAX, DataFile, SpecFile, no_such_file, open_below, reference, unreadable
from reconcile.spec.finish import Finisher
from reconcile.spec.given import Given, merged, names_in
from reconcile.spec.nodes import Node, is_absent, is_scalar, place, what
from reconcile.spec.objects import Objects, key_column
from reconcile.spec.pieces import TextPieces
from reconcile.spec.report import Report, Unreadable, quoted
from reconcile.spec.rows import DELIMITERS, JSON_SUFFIXES, SUFFIXES, Rows, Table, cell_place, missing_column
from reconcile.spec.second import Task, read_ahead, worth_it
from reconcile.spec.suggest import closest
from reconcile.spec.texts import Problem

FROM_KEYS: Final = frozenset({"from", "fields"})


class Way(NamedTuple):
    """How specs are read: on how many cores, and where the data files go that were read."""

    cores: int
    met: list[DataFile]


def read_rows(
    start: Any,
    values: dict[str, Node],
    strange: Sequence[Any],
    finisher: Finisher,
    spec: SpecFile,
    way: Way,
) -> Iterator[Desired | Block]:
    """The bonuses of the data file that an entry names; what else the entry states holds for all its rows. `way` is how the
    specs are read, and takes the file itself.
    """
    reader = finisher.head.reader
    for key in strange:
        reader.unknown(key, also=FROM_KEYS)
    before = reader.report.diagnostics.errors
    own, _ = reader.given(values.items())
    above = merged(finisher.head.defaults, own, finisher.head.rules)
    sources, mentioned = stated_columns(values.get("fields"), reader)
    node = values["from"]
    parts = _reference(node, reader)
    if parts is None or reader.report.diagnostics.errors > before:
        return
    shown = str(PurePosixPath(spec.shown).parent.joinpath(*parts))
    opener = partial(open_below, spec.path.parent, parts, bytes_max=DATA_BYTES_MAX)
    entry = _Entry(start, node, finisher, above, sources, mentioned)
    with Report(reader.report.diagnostics, shown, opener) as report:
        try:
            with opener() as file:
                way.met.append(DataFile(spec.path.parent, parts, os.fstat(file.fileno())))
                yield from _rows(file, PurePosixPath(parts[-1]).suffix.lower(), entry, report, way.cores)
        except FileNotFoundError:
            _at_reference(no_such_file(spec.path.parent, parts), node, reader)
        except OSError as error:
            _at_reference(unreadable(error), node, reader)
        except Unreadable as problem:
            if problem.line:
                report.unreadable(problem)
            else:
                _at_reference(problem, node, reader)


class _Entry:
    """What is known before the data file is opened."""

    def __init__(
        self, start: Any, node: Node, finisher: Finisher, above: Given, sources: list[Source], mentioned: set[str]
    ) -> None:
        self.start = start
        self.node = node
        self.finisher = finisher
        self.above = above
        self.sources = sources
        self.mentioned = mentioned
        self.rules = finisher.head.rules
        self.reader = finisher.head.reader


def _rows(file: BinaryIO, suffix: str, entry: _Entry, report: Report, cores: int) -> Iterator[Desired | Block]:
    if suffix in JSON_SUFFIXES:
        return _json_rows(file, entry, report)
    return _table_rows(file, DELIMITERS[suffix], entry, report, cores)


def _table_rows(file: BinaryIO, delimiter: str, entry: _Entry, report: Report, cores: int) -> Iterator[Desired | Block]:
    text = TextPieces(file)
    table = Table(text, delimiter, report)
    sources = all_columns(entry.sources, entry.mentioned, entry.rules, table.header)
    if not _columns_are_there(sources, table.header, entry):
        return
    _warn_of_unused(table.header, entry)
    place_of = partial(cell_place, report, delimiter=delimiter)
    reader = RowReader(entry.finisher, entry.above, sources, table.header, report, place_of)
    usual = reader.plainly_usual
    if usual is not None and worth_it(file, cores):
        for rows in table.next_piece(text):
            yield from reader.bonuses(rows)
        if text.used_up:
            task = Task(file, usual, delimiter, len(table.header), text.pieces.offset, table.line)
            yield from _read_ahead(task, reader, table, text)
    for rows in table.in_pieces(text):
        yield from reader.bonuses(rows)


def _read_ahead(task: Task, reader: RowReader, table: Table, text: TextPieces) -> Iterator[Desired | Block]:
    """What a second process reads; the table then goes on where that ended."""
    ahead = read_ahead(task)
    try:
        while True:
            found = next(ahead)
            yield from reader.bonuses(found) if isinstance(found, Rows) else (found,)
    except StopIteration as end:
        offset, line = end.value
    finally:
        ahead.close()
    table.passed += line - task.line
    text.pieces.go_on_at(offset)


def _json_rows(file: BinaryIO, entry: _Entry, report: Report) -> Iterator[Desired | Block]:
    names = [name for name in names_in(entry.above.said) if name not in entry.above.vars]
    also = [name for name in names_in(entry.above.said) if name in entry.above.vars]
    possible = [field.name for field in entry.rules.fields]
    sources = all_columns(entry.sources, entry.mentioned, entry.rules, possible)
    columns = list(dict.fromkeys([*(source.column for source in sources), *names, *also]))
    objects = Objects(file, report)
    reader = RowReader(
        entry.finisher,
        entry.above,
        sources,
        columns,
        report,
        lambda line, at: (line, key_column(report.line(line), columns[at])),
    )
    met = False
    for rows in objects.in_pieces(columns):
        met = True
        yield from reader.bonuses(rows)
    if met:
        stated = [source for source in entry.sources if source.column not in objects.seen]
        _report_missing(stated, sorted(objects.seen), entry)


def _columns_are_there(sources: Sequence[Source], header: Sequence[str], entry: _Entry) -> bool:
    """See, once for the file, that every column that is asked for exists, and that what every bonus needs has one."""
    before = entry.reader.report.diagnostics.errors
    _report_missing([source for source in sources if source.column not in header], header, entry)
    given = {source.field for source in sources}
    for field in entry.rules.fields:
        default = field.kind is FieldKind.AMOUNT and entry.above.amount is not None
        default = default or (field.kind is FieldKind.RECIPIENT and bool(entry.above.recipient))
        if field.required and field.name not in given and not default and field.name not in entry.above.said:
            _no_column(field.name, header, entry)
    for name, field_name in names_in(entry.above.said).items():
        if name not in header and name not in entry.above.vars:
            _no_name(name, field_name, header, entry)
    return entry.reader.report.diagnostics.errors == before


def _report_missing(sources: Sequence[Source], columns: Sequence[str], entry: _Entry) -> None:
    for source in sources:
        summary, hint = missing_column(source.column, columns)
        problem = Problem("column", summary, f"`fields` takes `{source.field}` from it.", hint)
        entry.reader.problem(problem, source.node)


def _no_column(name: str, header: Sequence[str], entry: _Entry) -> None:
    near = closest(name, [column for column in header if column])
    shown = ", ".join(f"`{column}`" for column in header[:20] if column)
    problem = Problem(
        "column",
        f"No column gives `{name}`",
        f"The data file's columns are {shown}.",
        f"Did you mean `fields: {{{name}: {near}}}`?" if near else f"Name its column: `fields: {{{name}: …}}`.",
    )
    entry.reader.problem(problem, entry.node)


def _no_name(name: str, field_name: str, header: Sequence[str], entry: _Entry) -> None:
    near = closest(name, [*header, *entry.above.vars])
    problem = Problem(
        "template-name",
        f"`{field_name}` asks for `{{{name}}}`, which is no column of the data file",
        "A name is filled from a column of the row's data file, or from `vars`.",
        f"Did you mean `{{{near}}}`?" if near else f"Add the column, or `vars: {{{name}: …}}`.",
    )
    entry.reader.problem(problem, entry.node)


def _warn_of_unused(header: Sequence[str], entry: _Entry) -> None:
    """A column with the name of a part of the identity is used only if `fields` says so: say that it is not."""
    for name in (entry.rules.field(FieldKind.ASSIGNMENT).name, "key"):
        if name in header and name not in entry.mentioned:
            line, column = place(entry.node)
            entry.reader.report.warning(
                "column-unused",
                f"The column `{name}` is not used",
                detail="It would be part of each bonus's identity, so it is taken only where `fields` names it.",
                hint=f"Add `{name}: {name}` to `fields`, or `{name}: ~` to say that it is not meant.",
                line=line,
                column=column,
            )


def _reference(node: Node, reader: FieldReader) -> tuple[str, ...] | None:
    if not is_scalar(node) or is_absent(node):
        summary = "`from` is empty" if is_absent(node) else f"`from` is {what(node)}, not the path of a file"
        reader.problem(Problem("type", summary, "", "Write `from: data/week-47.csv`."), node)
        return None
    try:
        parts = reference(node.value)
    except Unreadable as problem:
        _at_reference(problem, node, reader)
        return None
    suffix = PurePosixPath(parts[-1]).suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        problem_ = Problem("file-kind", f"{quoted(parts[-1])} is no data file", f"They end in {known}.", "Rename it.")
        reader.problem(problem_, node)
        return None
    return parts


def _at_reference(problem: Unreadable, node: Node, reader: FieldReader) -> None:
    """Report a problem of the data file where the spec names it."""
    line, column = place(node)
    reader.report.error(
        problem.code, problem.summary, detail=problem.detail, hint=problem.hint, line=line, column=column
    )
