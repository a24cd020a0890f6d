"""What a mapping of bonus fields states, whatever its level: `defaults`, an entry with `from`, a bonus, a row.

Levels are merged from the general to the particular (`merged`); an absent value leaves the one from above. The texts
of the result are made by `texts_of`, on demand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from reconcile.model import Texts, TextValue
from reconcile.providers.rules import FieldKind, ProviderRules
from reconcile.spec.templates import Template

Said: TypeAlias = str | Template | bool | tuple[tuple[str, str | Template], ...]
"""The value of a text field before names are filled in."""

OUR_FIELDS: Final = ("key", "vars", "formerly", "allow")
ALLOWANCES: Final = ("repeat", "outlier", "near-duplicate", "window")


class Former(NamedTuple):
    """What `formerly` of a bonus states: None where a part was as it is now, "" where there was none."""

    campaign: str | None
    assignment_id: str | None
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What one level states; "" and None: nothing."""

    recipient: str = ""
    assignment_id: str = ""
    key: str = ""
    amount: Decimal | None = None
    said: Mapping[str, Said] = field(default_factory=dict)
    vars: Mapping[str, str] = field(default_factory=dict)
    allow: frozenset[str] = frozenset()
    formerly: Former | None = None


NOTHING: Final = Given()


def messages(rules: ProviderRules) -> frozenset[str]:
    """The fields that make up a message to the worker: those that `without_message` excludes."""
    return frozenset(field.name for field in rules.fields if field.kind is FieldKind.TEXT_BY_LANGUAGE)


def merged(above: Given, own: Given, rules: ProviderRules) -> Given:
    """`own` over `above`. A level that says `without_message: true` does away with the messages from above."""
    said = {**above.said, **own.said}
    if rules.unmessaged_flag and own.said.get(rules.unmessaged_flag) is True:
        said = {name: value for name, value in said.items() if name in own.said or name not in messages(rules)}
    return replace(
        own,
        recipient=own.recipient or above.recipient,
        assignment_id=own.assignment_id or above.assignment_id,
        key=own.key or above.key,
        amount=above.amount if own.amount is None else own.amount,
        said=said,
        vars={**above.vars, **own.vars},
        allow=above.allow | own.allow,
        formerly=own.formerly or above.formerly,
    )


def names_in(said: Mapping[str, Said]) -> dict[str, str]:
    """Every name that texts fill in → the field that uses it."""
    names: dict[str, str] = {}
    for field_name, value in said.items():
        for part in _parts(value):
            if isinstance(part, Template):
                names.update(dict.fromkeys(part.names, field_name))
    return names


def texts_of(given: Given) -> Texts:
    """The texts of a bonus with every name filled in, sorted; a flag that is false is left away."""
    texts: list[tuple[str, TextValue]] = []
    for name in sorted(given.said):
        value = given.said[name]
        if isinstance(value, bool):
            if value:
                texts.append((name, True))
        elif isinstance(value, tuple) and not isinstance(value, Template):
            texts.append((name, tuple((language, filled(text, given.vars)) for language, text in sorted(value))))
        else:
            texts.append((name, filled(value, given.vars)))
    return tuple(texts)


def filled(text: str | Template, values: Mapping[str, str]) -> str:
    """A text with its names filled in."""
    return text if isinstance(text, str) else text.fill(values)


def _parts(value: Said) -> list[str | Template | bool]:
    if isinstance(value, tuple) and not isinstance(value, Template):
        return [text for _, text in value]
    return [value]
