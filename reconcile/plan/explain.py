"""What differs between what was issued and what is now desired: amount and texts, one readable line each.

For the changed bonuses that are shown, some hundreds at most: deepdiff tells the differences and costs time that
finding them must not cost. It is imported only when there is something to explain.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from reconcile.digest import texts_json
from reconcile.model import PaymentStatus, Texts
from reconcile.money import Money
from reconcile.plan.changes import same_list
from reconcile.plan.model import Action, Change, Plan
from reconcile.state.ledger import StateReader

SHOWN_MAX: Final = 200
_EXPLAINED: Final = (Action.CONFLICT, Action.TOP_UP)
_TEXT_MAX: Final = 60

TextsOf: TypeAlias = Callable[[str, int], Texts]
"""(body, position) → what a payment of a frozen body said: a codec's `texts_of`."""


def explain(plan: Plan, reader: StateReader | None, texts_of: Mapping[str, TextsOf], *, limit: int = SHOWN_MAX) -> Plan:
    """The plan with `differences` filled for its first `limit` conflicts and top-ups.

    `texts_of`: for each provider's name, how its frozen bodies are read. What cannot be read is left unexplained.
    """
    if reader is None:
        return plan
    if not any(plan.counts[action] for action in _EXPLAINED):
        return plan

    def explained() -> Iterator[Change]:
        left = limit
        for change in plan.changes:
            if left > 0 and change.issued and change.action in _EXPLAINED:
                left -= 1
                yield change._replace(differences=_differences(change, plan, reader, texts_of))
            else:
                yield change

    return replace(plan, changes=same_list(plan.changes, explained()))


def _differences(change: Change, plan: Plan, reader: StateReader, texts_of: Mapping[str, TextsOf]) -> tuple[str, ...]:
    asked = change.amount if change.action is Action.CONFLICT else change.amount + change.issued
    lines = []
    if asked != change.issued:
        was, now = Money(change.issued, change.currency), Money(asked, change.currency)
        lines.append(f"amount: {was} → {now}")
    said = _issued_texts(change, plan, reader, texts_of)
    if said is not None and said != change.texts:
        lines += text_differences(said, change.texts)
    return tuple(lines)


def _issued_texts(change: Change, plan: Plan, reader: StateReader, texts_of: Mapping[str, TextsOf]) -> Texts | None:
    """What the newest issued payment of the bonus said, None if that cannot be read."""
    provider = next((one for one in plan.providers if one.name == change.provider), None)
    record = reader.ledger(provider.type, provider.environment) if provider else None
    ledger = record.ledger if record else None
    issued = [
        payment for payment in reader.payments(change.bonus_id, ledger=ledger) if payment.status is PaymentStatus.ISSUED
    ]
    content = reader.issued_content(issued[-1].payment_id, ledger=ledger) if issued else None
    if content is None:
        return None
    if content.texts is not None:
        return content.texts
    read = texts_of.get(change.provider)
    return None if read is None else read(content.body, content.position)


def text_differences(was: Texts, now: Texts) -> tuple[str, ...]:
    """A line for each field and language that differs, in the order of their names."""
    from deepdiff import DeepDiff

    lines = []
    # Without the threshold two texts that share no field would be one difference, and not one a field.
    found = DeepDiff(_flat(was), _flat(now), view="tree", threshold_to_diff_deeper=0)
    for items in found.values():
        for item in items:
            (field,) = item.path(output_format="list")
            lines.append(f"{field}: {_change(_text(item.t1), _text(item.t2))}")
    return tuple(sorted(lines))


def _flat(texts: Texts) -> dict[str, object]:
    """`public_title` and `public_title.EN` → text or flag."""
    flat: dict[str, object] = {}
    for field, value in texts_json(texts).items():
        if isinstance(value, dict):
            flat.update({f"{field}.{language}": text for language, text in value.items()})
        else:
            flat[field] = value
    return flat


def _text(value: object) -> str:
    """A value as it stands in a line; "" for one that is absent, which deepdiff marks with an object of its own."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""


def _change(was: str, now: str) -> str:
    if not was:
        return f"none → {_quoted(now, 0)}"
    if not now:
        return f"{_quoted(was, 0)} → none"
    same = next((at for at, (one, other) in enumerate(zip(was, now, strict=False)) if one != other), len(was))
    return f"{_quoted(was, same)} → {_quoted(now, same)}"


def _quoted(text: str, same: int) -> str:
    """A text in quotes; of a long one the part around where it begins to differ."""
    if len(text) <= _TEXT_MAX:
        return f'"{text}"'
    start = max(0, min(same - 20, len(text) - _TEXT_MAX))
    end = start + _TEXT_MAX
    return f'"{"…" if start else ""}{text[start:end]}{"…" if end < len(text) else ""}"'
