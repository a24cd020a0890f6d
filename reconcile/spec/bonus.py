"""Bonuses of a spec's YAML: the short way for the usual one, the careful way for the rest.

The short way serves a bonus whose ids are plain ASCII, whose amount was met before and whose texts need no closer look;
it makes no texts (a plan rarely needs them) and no intermediate values. Whatever it is not sure of goes the careful
way (`reconcile.spec.fields`, `reconcile.spec.finish`), which has all the rules and all the messages.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from reconcile.model import Desired, Texts
from reconcile.providers.rules import FieldKind
from reconcile.spec.finish import Finisher
from reconcile.spec.given import merged, names_in, texts_of
from reconcile.spec.head import Head
from reconcile.spec.ids import all_usual
from reconcile.spec.nodes import MappingNode, Node, is_absent, place
from reconcile.spec.suggest import closest
from reconcile.spec.texts import Problem, plain

_TEXTS_KEPT: Final = 10_000
_new: Final = tuple.__new__


class BonusReader:
    """Makes the desired bonuses of one spec's entries."""

    def __init__(self, head: Head, finisher: Finisher) -> None:
        self.head = head
        self.finisher = finisher
        self.reader = head.reader
        self._campaign = head.campaign
        self._make_id = finisher.make_id
        self._known_amount = head.reader.amounts.known.get
        rules = head.rules
        self._recipient = rules.field(FieldKind.RECIPIENT).name
        self._assignment = rules.field(FieldKind.ASSIGNMENT).name
        self._amount = rules.field(FieldKind.AMOUNT).name
        self._texts = tuple(
            (field.name, field.length_max, field.kind is FieldKind.TEXT_BY_LANGUAGE)
            for field in rules.fields
            if field.kind in (FieldKind.TEXT, FieldKind.TEXT_BY_LANGUAGE)
        )
        self._shapes: dict[tuple[str, ...], tuple[tuple[str, int, bool], ...] | None] = {}
        self._plain_texts: set[str] = set()
        self._kept_length = min((length for _, length, _ in self._texts), default=0)
        self._usual = self._defaults_allow_the_short_way()

    def desired(self, start: Any, values: dict[str, Node], strange: Sequence[Any]) -> Desired | None:
        """The bonus of one entry, None if it has errors (reported). `strange` are its keys that no bonus has."""
        if self._usual:
            bonus = self._short_way(start, values)
            if bonus is not None:
                return bonus
        return self._careful_way(start, values, strange)

    def _short_way(self, start: Any, values: dict[str, Node]) -> Desired | None:
        shape = tuple(values)
        try:
            texts = self._shapes[shape]
        except KeyError:
            texts = self._shape(shape)
        if texts is None:
            return None
        recipient = values[self._recipient].value
        node = values.get(self._assignment)
        assignment = "" if node is None else node.value
        node = values.get("key")
        key = "" if node is None else node.value
        parts = f"{recipient}\x1f{assignment}\x1f{key}"
        if all_usual(parts) is None:
            return None
        amount = self._known_amount(values[self._amount].value)
        if amount is None:
            return None
        known = self._plain_texts
        for name, length_max, by_language in texts:
            node = values[name]
            if by_language and node.__class__ is MappingNode:
                if not self._all_plain(node, length_max):
                    return None
            elif node.value not in known and not self._is_plain(node, length_max):
                return None
        campaign = self._campaign
        former = self.finisher.former(None, recipient, assignment, key) if campaign.formerly else None
        # The tuple's own constructor takes half the time of the named one.
        return _new(
            Desired,
            (
                self._make_id(parts),
                campaign,
                recipient,
                assignment,
                key,
                amount,
                partial(self._texts_of, values),
                campaign.allow,
                former,
                campaign.path,
                start.start_mark.line + 1,
            ),
        )

    def _all_plain(self, node: MappingNode, length_max: int) -> bool:
        """Whether all texts by language need no closer look."""
        known = self._plain_texts
        for key, value in node.pairs:
            language = key.value
            if language != "EN" and not (len(language) == 2 and language.isascii() and language.isupper()):
                return False
            if value.value not in known and not self._is_plain(value, length_max):
                return False
        return bool(node.pairs)

    def _is_plain(self, node: Node, length_max: int) -> bool:
        """Whether a text needs no closer look; if so it is remembered, since many bonuses say the same."""
        text = node.value
        if not plain(text, length_max, node.style):
            return False
        if len(text) <= self._kept_length and len(self._plain_texts) < _TEXTS_KEPT:
            self._plain_texts.add(text)
        return True

    def _careful_way(self, start: Any, values: dict[str, Node], strange: Sequence[Any]) -> Desired | None:
        for key in strange:
            self.reader.unknown(key)
        own, good = self.reader.given(values.items())
        if "fields" in values:
            hint = "`fields` names the columns of a data file: add `from: data/….csv`, or take it away."
            self.reader.problem(Problem("fields-alone", "`fields` without `from`", "", hint), values["fields"])
            good = False
        given = merged(self.head.defaults, own, self.head.rules)
        line, _ = place(start)
        stated = frozenset(name for name, node in values.items() if not is_absent(node))
        # A misspelled field is one error, not a second one that it is missing.
        meant = frozenset() if self.reader.report.full else {closest(key.value, self.reader.known) for key in strange}
        for problem in self.finisher.problems(given, stated | meant, whole=good and not strange):
            good = False
            self.reader.problem(problem, _node_of(problem, values, start))
        if not good or strange or not self.head.good:
            return None
        return self.finisher.desired(given, path=self.head.campaign.path, line=line)

    def _texts_of(self, values: dict[str, Node]) -> Texts:
        own, good = self.reader.given(values.items())
        assert good, "the short way is only for what the careful way accepts"
        return texts_of(merged(self.head.defaults, own, self.head.rules))

    def _shape(self, shape: tuple[str, ...]) -> tuple[tuple[str, int, bool], ...] | None:
        """For one set of keys: the texts to look at, None if it takes the careful way. Kept while there are few."""
        keys = set(shape)
        usual = {self._recipient, self._assignment, self._amount, "key", *(text[0] for text in self._texts)}
        needed = {field.name for field in self.head.rules.fields if field.required}
        texts = None
        if keys <= usual and needed <= keys:
            texts = tuple(text for text in self._texts if text[0] in keys)
        if len(self._shapes) < 1000:
            self._shapes[shape] = texts
        return texts

    def _defaults_allow_the_short_way(self) -> bool:
        defaults = self.head.defaults
        flagged = any(isinstance(value, bool) for value in defaults.said.values())
        ids = defaults.recipient or defaults.assignment_id or defaults.key
        special = defaults.allow or defaults.formerly
        patterned = self.head.rules.languages or any(field.pattern for field in self.head.rules.fields)
        return self.head.good and not (flagged or ids or special or patterned or names_in(defaults.said))


def _node_of(problem: Problem, values: dict[str, Node], start: Any) -> Any:
    """Where a problem of the whole bonus stands: at the field that it names, if the bonus states it."""
    named = (node for name, node in values.items() if f"`{name}`" in problem.summary and not is_absent(node))
    return next(named, start)
