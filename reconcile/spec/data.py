"""Bonuses of a data file: one a row, over what the entry with `from` and the spec's defaults say.

As with bonuses in YAML there is a short way for the usual and a careful one for the rest, and both agree. The short way
takes rows by column (`reconcile.spec.usual`); among rows that it cannot take as a whole, it takes those around the odd ones.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from reconcile.model import Block, Desired, Texts
from reconcile.spec.columns import WHOLE, Source
from reconcile.spec.fields import FieldReader
from reconcile.spec.finish import Finisher
from reconcile.spec.given import Given, merged, names_in, texts_of
from reconcile.spec.nodes import ABSENT, MappingNode, Node
from reconcile.spec.report import Report
from reconcile.spec.rows import Rows
from reconcile.spec.texts import Problem
from reconcile.spec.usual import UsualRows

CellPlace = Callable[[int, int], tuple[int, int]]
"""(line of the row, position of the column) → (line, column) of the cell."""


class _Mark:
    __slots__ = ("column", "line")

    def __init__(self, line: int, column: int) -> None:
        self.line = line
        self.column = column


class Cell:
    """A cell as the readers of fields see it: like a scalar of YAML, with a place that is found when it is needed."""

    __slots__ = ("_line", "_place", "_position", "value")
    style: Final = None

    def __init__(self, value: str, line: int, position: int, place: CellPlace) -> None:
        self.value = value
        self._line = line
        self._position = position
        self._place = place

    @property
    def start_mark(self) -> _Mark:
        """The place, from 0."""
        line, column = self._place(self._line, self._position)
        return _Mark(line - 1, column - 1)


class RowReader:
    """Makes the desired bonuses of one data file's rows. `columns` are the names of the cells in each row."""

    def __init__(
        self,
        finisher: Finisher,
        above: Given,
        sources: Sequence[Source],
        columns: Sequence[str],
        report: Report,
        place: CellPlace,
    ) -> None:
        self.finisher = finisher
        self.above = above
        self.report = report
        self._place = place
        self._rules = finisher.head.rules
        self._fields = FieldReader(finisher.head.rules, finisher.head.tariff, report)
        self._at = {name: position for position, name in reversed(list(enumerate(columns)))}
        self._sources = sources
        self._names = {name: self._at[name] for name in names_in(above.said) if name in self._at}
        usual = UsualRows(finisher, above, sources, self._at, self._fields.amounts, report.shown, self._texts_of)
        self._usual = usual if usual.serves else None

    @property
    def plainly_usual(self) -> UsualRows | None:
        """The short way, where its blocks can be taken as they are."""
        return None if self._usual is None or self._usual.was_another else self._usual

    def bonuses(self, rows: Rows) -> Iterator[Desired | Block]:
        """The bonuses of rows, in their order; those that are blank or have errors (reported) give none."""
        if self._usual is not None:
            yield from self._by_halves(self._usual, rows)
            return
        for line, row in zip(rows.lines, zip(*rows.columns, strict=True), strict=True):
            bonus = self._careful_way(line, row)
            if bonus is not None:
                yield bonus

    def _by_halves(self, usual: UsualRows, rows: Rows) -> Iterator[Desired | Block]:
        block = usual.block(rows)
        if block is not None:
            # A block knows of no former identities.
            yield from block.bonuses() if usual.was_another else (block,)
            return
        count = len(rows.lines)
        if count > 1:
            middle = count // 2
            for part in (slice(middle), slice(middle, count)):
                yield from self._by_halves(usual, Rows(rows.lines[part], [column[part] for column in rows.columns]))
            return
        bonus = self._careful_way(rows.lines[0], [column[0] for column in rows.columns])
        if bonus is not None:
            yield bonus

    def _careful_way(self, line: int, row: Sequence[str]) -> Desired | None:
        if not any(row) or all(not cell or cell.isspace() for cell in row):
            return None
        own, good = self._given(row, line)
        given = merged(self.above, own, self._rules)
        stated = frozenset(source.field for source in self._sources if not _blank(row[self._at[source.column]]))
        for problem in self.finisher.problems(given, stated, whole=good):
            good = False
            position = self._position_of(problem)
            self._fields.problem(_for_a_row(problem), Cell("", line, position, self._place))
        if not good or not self.finisher.head.good:
            return None
        return self.finisher.desired(given, path=self.report.shown, line=line)

    def _texts_of(self, row: Sequence[str], line: int) -> Texts:
        own, good = self._given(row, line)
        assert good, "the short way is only for what the careful way accepts"
        return texts_of(merged(self.above, own, self._rules))

    def _given(self, row: Sequence[str], line: int) -> tuple[Given, bool]:
        """What the row states. Its texts are literal: braces in a cell are braces."""
        pairs: list[tuple[str, Node]] = []
        languages: dict[str, list[tuple[Any, Node]]] = {}
        for source in self._sources:
            position = self._at[source.column]
            text = row[position]
            if _blank(text):
                continue
            if source.field in self.finisher.texts:
                text = text.replace("{", "{{").replace("}", "}}")
            cell = Cell(text, line, position, self._place)
            if source.language == WHOLE:
                pairs.append((source.field, cell))
            else:
                languages.setdefault(source.field, []).append((Cell(source.language, line, 0, self._place), cell))
        pairs += [(name, MappingNode(_Mark(line - 1, 0), found)) for name, found in languages.items()]
        given, good = self._fields.given(pairs)
        values = {name: row[position] for name, position in self._names.items() if not _blank(row[position])}
        return replace(given, vars=values), good

    def _position_of(self, problem: Problem) -> int:
        """The cell that a problem of the whole row concerns, 0 for none."""
        columns = [source.column for source in self._sources if f"`{source.field}` is missing" == problem.summary]
        columns += [name for name in self._names if f"`{{{name}}}`" in problem.summary]
        return self._at[columns[0]] if columns else 0


def _for_a_row(problem: Problem) -> Problem:
    """The same problem with a hint that fits a row."""
    if problem.code == "missing":
        return problem._replace(hint="Fill the cell, or say it for all rows in the entry with `from`.")
    if problem.code == "template-name":
        return problem._replace(hint="Fill the cell, or give the rows without one a value in `vars`.")
    return problem


def _blank(cell: str) -> bool:
    return cell in ABSENT or cell.isspace()
