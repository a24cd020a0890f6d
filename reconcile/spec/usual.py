"""The short way for rows of data files, by column: many rows are looked at with a few passes over each of their columns.

It takes rows whose ids are ASCII and nothing odd, whose amounts are the provider's to pay and whose texts need no closer look;
it makes ids and amounts, and a bonus only when it is asked for one. Whatever it is not sure of goes the careful way
(`reconcile.spec.data`), which has all the rules and all the messages.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import repeat
from operator import add
from typing import Final, TypeAlias

from reconcile.model import Block, Desired, Texts
from reconcile.money import format_amount
from reconcile.providers.rules import FieldKind
from reconcile.spec.columns import WHOLE, Source
from reconcile.spec.fields import Amounts
from reconcile.spec.finish import Finisher
from reconcile.spec.given import Given, names_in, texts_of
from reconcile.spec.ids import usual_parts
from reconcile.spec.rows import Rows
from reconcile.spec.templates import Template
from reconcile.spec.texts import SIGNS, Problem, all_plain

TextsOf: TypeAlias = Callable[[Sequence[str], int], Texts]
"""(cells of a row, its line) → its texts."""

_ALWAYS: Final = (FieldKind.RECIPIENT, FieldKind.AMOUNT)
_TEXTS: Final = (FieldKind.TEXT, FieldKind.TEXT_BY_LANGUAGE)
_TEXTS_KEPT: Final = 1_000
_AMOUNTS_KEPT: Final = 20_000
_SLACK_MAX: Final = 1_000
# What the text around a gap must not hold, or end with: with the value in the gap it could be the look of a token.
_PERHAPS_A_TOKEN: Final = re.compile(r"\.[A-Za-z0-9_-]{4}|\.[A-Za-z0-9_-]*\Z")


class UsualRows:
    """The short way for one data file. `at` is where each column stands in a row.

    `serves`: what the file's columns and the levels above them say lets rows go this way at all. `was_another`: its bonuses
    may have been paid under another identity.
    """

    def __init__(
        self,
        finisher: Finisher,
        above: Given,
        sources: Sequence[Source],
        at: Mapping[str, int],
        amounts: Amounts,
        shown: str,
        texts_of_row: TextsOf,
    ) -> None:
        head = finisher.head
        kinds = {field.name: field.kind for field in head.rules.fields}
        whole = {kinds.get(source.field): at[source.column] for source in reversed(sources) if source.language == WHOLE}
        self._finisher = finisher
        self._above = above
        self._known_amounts = amounts
        self._amount_texts: dict[str, bytes] = {}
        self.shown = shown
        self.campaign = head.campaign
        self._allow = head.campaign.allow | above.allow
        self._recipient = whole.get(FieldKind.RECIPIENT, -1)
        self._assignment = whole.get(FieldKind.ASSIGNMENT, -1)
        self._amount = whole.get(FieldKind.AMOUNT, -1)
        self._key = next((at[source.column] for source in sources if source.field == "key"), -1)
        self._texts = tuple(
            (at[source.column], finisher.lengths[source.field], set[str]())
            for source in sources
            if kinds.get(source.field) in _TEXTS
        )
        self._flags = tuple(at[source.column] for source in sources if kinds.get(source.field) is FieldKind.FLAG)
        names = names_in(above.said)
        self._filled = tuple(at[name] for name in names if name in at)
        self._slack = _slack(above, finisher.lengths)
        self._texts_of_row = texts_of_row
        self._same_texts = partial(texts_of, above) if not self._texts and not names else None
        self.was_another = bool(head.campaign.formerly or above.formerly)
        self.serves = head.good and self._slack >= 0 and self._nothing_odd_above(at)

    def block(self, rows: Rows) -> Block | None:
        """All these rows as bonuses, None if one of them needs a closer look."""
        columns = rows.columns
        absent = ("",) * len(rows.lines)
        recipients = columns[self._recipient]
        assignments = columns[self._assignment] if self._assignment >= 0 else absent
        keys = columns[self._key] if self._key >= 0 else absent
        parts = usual_parts(recipients, assignments, keys)
        if parts is None:
            return None
        amounts = self._amounts(columns, len(parts))
        if amounts is None or not self._texts_are_usual(columns):
            return None
        bonus_ids = self._finisher.make_ids(parts)
        # `fingerprint` for all of them.
        fingerprints = list(map(add, bonus_ids, amounts))
        return Block(bonus_ids, self.campaign, fingerprints, partial(self._bonus, rows, bonus_ids))

    def _bonus(self, rows: Rows, bonus_ids: Sequence[bytes], position: int) -> Desired:
        line, row = rows.lines[position], [column[position] for column in rows.columns]
        recipient = row[self._recipient]
        assignment = row[self._assignment] if self._assignment >= 0 else ""
        key = row[self._key] if self._key >= 0 else ""
        amount = self._known_amounts.read(row[self._amount]) if self._amount >= 0 else self._above.amount
        assert isinstance(amount, Decimal), "the block was made of amounts alone"
        return Desired(
            bonus_ids[position],
            self.campaign,
            recipient,
            assignment,
            key,
            amount,
            self._same_texts or partial(self._texts_of_row, row, line),
            self._allow,
            self._finisher.former(self._above.formerly, recipient, assignment, key) if self.was_another else None,
            self.shown,
            line,
        )

    def _amounts(self, columns: Sequence[Sequence[str]], count: int) -> Iterable[bytes] | None:
        """The canonical text of each row's amount, None if one of them is none."""
        if self._amount < 0:
            return None if self._above.amount is None else repeat(format_amount(self._above.amount).encode(), count)
        cells = columns[self._amount]
        try:
            return list(map(self._amount_texts.__getitem__, cells))
        except KeyError:
            if len(self._amount_texts) > _AMOUNTS_KEPT:
                self._amount_texts.clear()
        for cell in set(cells) - self._amount_texts.keys():
            amount = self._known_amounts.read(cell)
            if isinstance(amount, Problem):
                return None
            self._amount_texts[cell] = format_amount(amount).encode()
        return list(map(self._amount_texts.__getitem__, cells))

    def _texts_are_usual(self, columns: Sequence[Sequence[str]]) -> bool:
        for position, length_max, known in self._texts:
            texts = set(columns[position]) - known
            texts.discard("")
            if texts and not all_plain(texts, length_max):
                return False
            if len(known) + len(texts) <= _TEXTS_KEPT:
                known.update(texts)
        for position in self._filled:
            if not _fill_safely(columns[position], self._slack):
                return False
        return not any(any(columns[position]) for position in self._flags)

    def _nothing_odd_above(self, at: Mapping[str, int]) -> bool:
        above, rules = self._above, self._finisher.head.rules
        flagged = any(isinstance(value, bool) for value in above.said.values())
        patterned = any(field.pattern for field in rules.fields)
        unfilled = any(name not in at and name not in above.vars for name in names_in(above.said))
        ids = above.recipient or above.assignment_id or above.key
        required = all(field.kind in _ALWAYS for field in rules.fields if field.required)
        there = self._recipient >= 0 and (self._amount >= 0 or above.amount is not None)
        return there and required and not (flagged or patterned or unfilled or ids)


def _fill_safely(values: Sequence[str], slack: int) -> bool:
    """Whether these may be filled into texts without a closer look: letters and digits, not too many, no key of AWS's."""
    joined = "".join(values)
    lengths = set(map(len, values))
    return 0 not in lengths and max(lengths) <= slack and joined.isalnum() and not any(sign in joined for sign in SIGNS)


def _slack(above: Given, lengths: Mapping[str, int]) -> int:
    """How long a value may be so that every text it is filled into surely fits; -1: only the careful way can tell."""
    slack = _SLACK_MAX
    for field, said in above.said.items():
        parts = [text for _, text in said] if isinstance(said, tuple) and not isinstance(said, Template) else [said]
        for part in parts:
            if not isinstance(part, Template):
                continue
            fixed = [*part.texts, *(above.vars.get(name, "") for name in part.names)]
            if any(sign in text for sign in SIGNS for text in fixed):
                return -1
            if any(map(_PERHAPS_A_TOKEN.search, fixed[: len(part.names)])) or "." in "".join(above.vars.values()):
                return -1
            slack = min(slack, (lengths[field] - sum(map(len, fixed))) // len(part.names))
    return slack
