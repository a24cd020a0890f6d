"""From what was given to a desired bonus: what must be there, what must not go together, its id and former identity."""

from functools import partial
from typing import Final

from reconcile.identity import bonus_ids, many_bonus_ids
from reconcile.model import Desired, Identity
from reconcile.providers.rules import Field, FieldKind
from reconcile.spec.given import Former, Given, filled, messages, names_in, texts_of
from reconcile.spec.head import Head
from reconcile.spec.ids import normalized
from reconcile.spec.suggest import closest
from reconcile.spec.templates import Template
from reconcile.spec.texts import Problem, problem_of

SEPARATOR: Final = "\x1f"


class Finisher:
    """Makes the bonuses of one spec file."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.make_id = bonus_ids(head.project, head.campaign.name)
        self.make_ids = many_bonus_ids(head.project, head.campaign.name)
        self.messages = messages(head.rules)
        self.texts = frozenset(
            field.name for field in head.rules.fields if field.kind in (FieldKind.TEXT, FieldKind.TEXT_BY_LANGUAGE)
        )
        self.lengths = {field.name: field.length_max for field in head.rules.fields}

    def problems(self, given: Given, stated: frozenset[str], *, whole: bool) -> list[Problem]:
        """What keeps `given` (all levels merged) from being a bonus. `stated` are the fields that have a value at all;
        `whole`: all of them could be read.
        """
        missing = self._missing(given, stated)
        return [*missing, *self._contradictions(given), *self._templates(given)] if whole else missing

    def desired(self, given: Given, *, path: str, line: int) -> Desired:
        """The bonus that `given` states; `problems` has found none."""
        campaign = self.head.campaign
        assert given.amount is not None
        return Desired(
            self.make_id(SEPARATOR.join((given.recipient, given.assignment_id, given.key))),
            campaign,
            given.recipient,
            given.assignment_id,
            given.key,
            given.amount,
            partial(texts_of, given),
            campaign.allow | given.allow,
            self.former(given.formerly, given.recipient, given.assignment_id, given.key),
            path,
            line,
        )

    def former(self, formerly: Former | None, recipient: str, assignment_id: str, key: str) -> Identity | None:
        """The identity under which the bonus may have been paid before."""
        campaign = self.head.campaign
        name = campaign.formerly or campaign.name
        if formerly is not None:
            name = name if formerly.campaign is None else formerly.campaign
            assignment_id = assignment_id if formerly.assignment_id is None else formerly.assignment_id
            key = key if formerly.key is None else formerly.key
        elif not campaign.formerly:
            return None
        return Identity(self.head.project, normalized(name), recipient, assignment_id, key)

    def _missing(self, given: Given, stated: frozenset[str]) -> list[Problem]:
        rules = self.head.rules
        return [
            Problem(
                "missing",
                f"`{field.name}` is missing",
                f"{rules.title} needs it for every bonus.",
                f"Add `{field.name}:` to the bonus.",
            )
            for field in rules.fields
            if field.required and field.name not in stated and not _has(given, field)
        ]

    def _contradictions(self, given: Given) -> list[Problem]:
        flag = self.head.rules.unmessaged_flag
        both = sorted(self.messages & given.said.keys())
        if given.said.get(flag) is not True or not both:
            return []
        return [
            Problem(
                "without-message",
                f"`{flag}: true` and `{both[0]}` exclude each other",
                f"{self.head.rules.title} refuses a bonus that has a message and shall send none.",
                f"Take one of them away; `{flag}: false` undoes a default.",
            )
        ]

    def _templates(self, given: Given) -> list[Problem]:
        names = names_in(given.said)
        unknown = [name for name in names if name not in given.vars]
        if unknown:
            return [self._no_value(name, names[name], given) for name in unknown]
        problems = []
        for field, value in given.said.items():
            parts = [value] if isinstance(value, Template) else []
            if isinstance(value, tuple) and not isinstance(value, Template):
                parts = [part for _, part in value if isinstance(part, Template)]
            for part in parts:
                problem = problem_of(filled(part, given.vars), field, self.lengths[field])
                if problem is not None:
                    problems.append(problem)
        return problems

    def _no_value(self, name: str, field: str, given: Given) -> Problem:
        near = closest(name, given.vars)
        return Problem(
            "template-name",
            f"`{field}` asks for `{{{name}}}`, which has no value here",
            "A name is filled from a column of the row's data file, or from `vars`.",
            f"Did you mean `{{{near}}}`?"
            if near
            else f"Add `vars: {{{name}: …}}`, or write `{{{{{name}}}}}` for braces.",
        )


def _has(given: Given, field: Field) -> bool:
    match field.kind:
        case FieldKind.RECIPIENT:
            return bool(given.recipient)
        case FieldKind.ASSIGNMENT:
            return bool(given.assignment_id)
        case FieldKind.AMOUNT:
            return given.amount is not None
        case _:
            return field.name in given.said
