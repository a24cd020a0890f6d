"""Bonuses of a data file: one a row, over what the entry with `from` and the spec's defaults say.

As with bonuses in YAML there is a short way for the usual row and a careful one for the rest, and both agree.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from reconcile.model import Desired, Texts
from reconcile.providers.rules import FieldKind
from reconcile.spec.columns import WHOLE, Source
from reconcile.spec.fields import FieldReader
from reconcile.spec.finish import Finisher
from reconcile.spec.given import Given, merged, names_in, texts_of
from reconcile.spec.ids import all_usual
from reconcile.spec.nodes import ABSENT, MappingNode, Node
from reconcile.spec.report import Report
from reconcile.spec.templates import Template
from reconcile.spec.texts import Problem, plain

_new: Final = tuple.__new__
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
        head = finisher.head
        self.finisher = finisher
        self.above = above
        self.report = report
        self._place = place
        self._shown = report.shown
        self._campaign = head.campaign
        self._make_id = finisher.make_id
        self._was_another = bool(head.campaign.formerly or above.formerly)
        self._allow = head.campaign.allow | above.allow
        self._rules = head.rules
        self._fields = FieldReader(head.rules, head.tariff, report)
        self._known_amount = self._fields.amounts.known.get
        self._at = {name: position for position, name in reversed(list(enumerate(columns)))}
        self._sources = sources
        by_field = {source.field: self._at[source.column] for source in sources if source.language == WHOLE}
        self._recipient = by_field.get(head.rules.field(FieldKind.RECIPIENT).name, -1)
        self._assignment = by_field.get(head.rules.field(FieldKind.ASSIGNMENT).name, -1)
        self._key = by_field.get("key", -1)
        self._amount = by_field.get(head.rules.field(FieldKind.AMOUNT).name, -1)
        lengths = finisher.lengths
        kinds = {field.name: field.kind for field in head.rules.fields}
        self._texts = tuple(
            (self._at[source.column], lengths[source.field])
            for source in sources
            if kinds.get(source.field) in (FieldKind.TEXT, FieldKind.TEXT_BY_LANGUAGE)
        )
        self._flags = tuple(self._at[source.column] for source in sources if kinds.get(source.field) is FieldKind.FLAG)
        names = names_in(above.said)
        self._names = {name: self._at[name] for name in names if name in self._at}
        self._filled = tuple(self._names.values())
        self._slack = _slack(above, lengths)
        self._same_texts = partial(texts_of, above) if not self._texts and not self._names else None
        self._usual = head.good and self._short_way_serves()

    def desired(self, line: int, row: Sequence[str]) -> Desired | None:
        """The bonus of one row, None if it is blank or has errors (reported)."""
        if self._usual:
            bonus = self._short_way(line, row)
            if bonus is not None:
                return bonus
        return self._careful_way(line, row)

    def _short_way(self, line: int, row: Sequence[str]) -> Desired | None:
        recipient = row[self._recipient]
        assignment = row[self._assignment] if self._assignment >= 0 else ""
        key = row[self._key] if self._key >= 0 else ""
        parts = f"{recipient}\x1f{assignment}\x1f{key}"
        if all_usual(parts) is None:
            return None
        amount = self._known_amount(row[self._amount]) if self._amount >= 0 else self.above.amount
        if amount is None:
            return None
        for position, length_max in self._texts:
            text = row[position]
            if text and not plain(text, length_max, '"'):
                return None
        for position in self._filled:
            if not (row[position].isalnum() and len(row[position]) <= self._slack):
                return None
        for position in self._flags:
            if row[position]:
                return None
        former = None
        if self._was_another:
            former = self.finisher.former(self.above.formerly, recipient, assignment, key)
        # The tuple's own constructor takes half the time of the named one.
        return _new(
            Desired,
            (
                self._make_id(parts),
                self._campaign,
                recipient,
                assignment,
                key,
                amount,
                self._same_texts or partial(self._texts_of, row, line),
                self._allow,
                former,
                self._shown,
                line,
            ),
        )

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

    def _short_way_serves(self) -> bool:
        above, rules = self.above, self._rules
        flagged = any(isinstance(value, bool) for value in above.said.values())
        patterned = any(field.pattern for field in rules.fields)
        unfilled = any(name not in self._names and name not in above.vars for name in names_in(above.said))
        ids = above.recipient or above.assignment_id or above.key
        required = all(field.kind in _ALWAYS for field in rules.fields if field.required)
        there = self._recipient >= 0 and (self._amount >= 0 or above.amount is not None)
        return there and required and not (flagged or patterned or unfilled or ids) and self._slack >= 0


_ALWAYS: Final = (FieldKind.RECIPIENT, FieldKind.AMOUNT)


def _for_a_row(problem: Problem) -> Problem:
    """The same problem with a hint that fits a row."""
    if problem.code == "missing":
        return problem._replace(hint="Fill the cell, or say it for all rows in the entry with `from`.")
    if problem.code == "template-name":
        return problem._replace(hint="Fill the cell, or give the rows without one a value in `vars`.")
    return problem


def _blank(cell: str) -> bool:
    return cell in ABSENT or cell.isspace()


def _slack(above: Given, lengths: dict[str, int]) -> int:
    """How long a value may be so that every text it is filled into surely fits; -1: only the careful way can tell."""
    slack = 1_000
    for field, said in above.said.items():
        parts = [text for _, text in said] if isinstance(said, tuple) and not isinstance(said, Template) else [said]
        for part in parts:
            if not isinstance(part, Template):
                continue
            fixed = "".join(part.texts)
            if "[" in fixed:
                return -1
            longest = sum(len(above.vars.get(name, "")) for name in part.names)
            if any("[" in above.vars.get(name, "") for name in part.names):
                return -1
            slack = min(slack, (lengths[field] - len(fixed) - longest) // len(part.names))
    return slack
