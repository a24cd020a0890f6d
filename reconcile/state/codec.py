"""Events as text and back: canonical JSON, one text for one event.

`reconcile.state.coding` says how each type of value is written. What encoding would not have written is no event:
decoding it raises StateCorrupt with the place.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from reconcile.digest import canonical_json
from reconcile.errors import EventRefused, StateCorrupt
from reconcile.state.coding import Misfit, coding
from reconcile.state.events import EVENTS, Event, OperationsPrepared

VERIFY: Final = "bonusctl state verify"

_KINDS: Final[Mapping[str, type[Event]]] = {event.kind: event for event in EVENTS}


def encode(event: Event) -> tuple[Event, str]:
    """The canonical text of an event, and the event as it will be read back: the very same, but for a lone surrogate
    in a provider's message. Raises EventRefused for a value that could not be read back.
    """
    try:
        text = coding(type(event)).write(event)
        text.encode()
    except Misfit as misfit:
        raise EventRefused(f"A {event.kind} event cannot be written: {misfit}") from misfit
    except UnicodeEncodeError as error:
        if isinstance(event, OperationsPrepared):
            raise EventRefused("An operation's frozen text is no Unicode (a lone surrogate)") from error
        # A provider's message may hold anything; what it proves must be recorded all the same.
        text = text.encode(errors="replace").decode()
        return decode(event.kind, text, sequence=0), text
    return event, text


def decode(kind: str, body: str, *, sequence: int) -> Event:
    """The event that `body` states. Raises StateCorrupt, naming event `sequence` and the place in it."""
    return _event(kind, _value(body, sequence), sequence)


def decode_exactly(kind: str, body: str, *, sequence: int) -> Event:
    """The same for a text from elsewhere, which must be the very text that `encode` writes."""
    value = _value(body, sequence)
    if canonical_json(value) != body:
        raise _corrupt(sequence, "it is not written as bonusctl writes it")
    return _event(kind, value, sequence)


def _event(kind: str, value: object, sequence: int) -> Event:
    event_type = _KINDS.get(kind)
    if event_type is None:
        raise _corrupt(sequence, f"unknown kind {kind!r}")
    try:
        event: Event = coding(event_type).decode(value)
    except Misfit as misfit:
        raise _corrupt(sequence, f"{kind}{misfit}") from misfit
    return event


def _value(body: str, sequence: int) -> object:
    try:
        return _parse(body)
    except Misfit as misfit:
        raise _corrupt(sequence, str(misfit)) from misfit


def decode_parts(body: str, name: str, part_type: type[Any], *, sequence: int) -> "Parts":
    """The list that an event holds as field `name`, whose items are read one by one when they are asked for."""
    value = _value(body, sequence)
    parts = value.get(name) if isinstance(value, dict) else None
    if not isinstance(parts, list):
        raise _corrupt(sequence, f"no list {name}")
    return Parts(parts, part_type, sequence)


class Parts:
    """Items of an event's list. Raises StateCorrupt for an item that is not there or does not fit."""

    def __init__(self, values: list[object], part_type: type[Any], sequence: int) -> None:
        self._values = values
        self._decode = coding(part_type).decode
        self._sequence = sequence

    def item(self, position: int) -> Any:
        """The item at `position`, from 0, of the type that was asked for."""
        try:
            return self._decode(self._values[position])
        except (Misfit, IndexError) as error:
            raise _corrupt(self._sequence, f"item {position}: {error}") from error


def _parse(body: str) -> object:
    try:
        return json.loads(body, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise Misfit(": not the JSON that bonusctl writes") from error


def _no_float(text: str) -> object:
    raise Misfit(f": {text} is a number that no event holds")


def _corrupt(sequence: int, what: str) -> StateCorrupt:
    return StateCorrupt(
        f"Event {sequence} of the state cannot be read: {what}",
        detail="The journal was altered, or a newer bonusctl wrote it.",
        remedy=VERIFY,
    )
