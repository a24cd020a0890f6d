"""Values as JSON and back, driven by type hints: the grammar in which events are written.

One value has one text: ids are UUID text, 32-byte hashes hex, amounts plain decimals, moments (`*_ms`, but not
`boottime_ms`, which counts from a boot) `2026-11-22T10:00:00.000Z`, tuples arrays, values with fields objects.
Reading is strict: what writing would not have made raises Misfit.

A value's text is put together from those of its parts, with nothing made in between: half of the time that a tree of
dicts and lists takes, and every payment is written here several times.
"""

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache, lru_cache
from json.encoder import encode_basestring
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Final, NamedTuple, Union, get_args, get_origin, get_type_hints

from reconcile import money, times

_ID_OR_HASH: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}", re.ASCII)
_MOMENT_FORM: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 (both sides of the difference are UTC without saying so)

INTEGER_MAX: Final = 2**63 - 1
TIME_MAX_MS: Final = 253_402_300_799_999

Writer = Callable[[Any], str]
Decoder = Callable[[Any], Any]


class Coding(NamedTuple):
    """How values of one type are written, as canonical JSON (`digest.canonical_json`), and read from parsed JSON."""

    write: Writer
    decode: Decoder


class Misfit(Exception):
    """A value that does not fit its type; the message grows by the place on its way out."""


def coding(hint: Any) -> Coding:
    """How values of a type are written and read; made once for each type."""
    return _coding(hint)


@cache
def _coding(hint: Any) -> Coding:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _union(get_args(hint))
    if origin is tuple:
        return _tuple(get_args(hint))
    if isinstance(hint, type) and is_dataclass(hint):
        return _record(hint, {field.name: _hint_of(hint, field.name) for field in fields(hint)})
    if isinstance(hint, type) and issubclass(hint, tuple):
        return _record(hint, {name: _hint_of(hint, name) for name in hint._fields})  # type: ignore[attr-defined]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _enum(hint)
    return _PLAIN[hint]


@cache
def _hints(record: type[Any]) -> dict[str, Any]:
    return get_type_hints(record)


def _hint_of(record: Any, name: str) -> Any:
    hint = _hints(record)[name]
    if not name.endswith("_ms") or name == "boottime_ms":
        return hint
    return _OPTIONAL_MOMENT if NoneType in get_args(hint) else _MOMENT


def _record(record: type[Any], hints: dict[str, Any]) -> Coding:
    codings = {name: coding(hint) for name, hint in hints.items()}
    names = tuple(codings)
    # In the order of canonical JSON.
    written_names = tuple(sorted(names))
    values = attrgetter(*written_names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)
    form = "{" + ",".join(f'"{name}":%s' for name in written_names) + "}"
    writers = tuple(codings[name].write for name in written_names)
    decoders = tuple((name, codings[name].decode) for name in names)

    def write_record(value: Any) -> str:
        return form % tuple([write(part) for write, part in zip(writers, values(value), strict=True)])

    def decode_record(value: Any) -> Any:
        if type(value) is not dict or len(value) != len(names):
            raise Misfit(f": not the fields {', '.join(names)}")
        try:
            return record(**{name: decoder(value[name]) for name, decoder in decoders})
        except (Misfit, KeyError):
            return decode_fields(value)

    def decode_fields(value: Any) -> Any:
        """The same, field by field, to say where it does not fit."""
        read = {}
        for name, decoder in decoders:
            if name not in value:
                raise Misfit(f": no field {name}")
            try:
                read[name] = decoder(value[name])
            except Misfit as misfit:
                raise Misfit(f".{name}{misfit}") from None
        return record(**read)

    return Coding(write_record, decode_record)


def _tuple(arguments: tuple[Any, ...]) -> Coding:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return _sequence(coding(arguments[0]))
    return _fixed(tuple(coding(argument) for argument in arguments))


def _sequence(item: Coding) -> Coding:
    write, decoder = item

    def write_sequence(value: tuple[Any, ...]) -> str:
        return f"[{','.join([write(part) for part in value])}]"

    def decode_sequence(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise Misfit(": not a list")
        return tuple([_at(position, decoder, part) for position, part in enumerate(value)])

    return Coding(write_sequence, decode_sequence)


def _fixed(items: tuple[Coding, ...]) -> Coding:
    def write_fixed(value: tuple[Any, ...]) -> str:
        return f"[{','.join([item.write(part) for item, part in zip(items, value, strict=True)])}]"

    def decode_fixed(value: Any) -> tuple[Any, ...]:
        if type(value) is not list or len(value) != len(items):
            raise Misfit(f": not a list of {len(items)}")
        return tuple([_at(position, items[position].decode, part) for position, part in enumerate(value)])

    return Coding(write_fixed, decode_fixed)


def _at(position: int, decoder: Decoder, part: object) -> object:
    try:
        return decoder(part)
    except Misfit as misfit:
        raise Misfit(f"[{position}]{misfit}") from None


def _union(members: tuple[Any, ...]) -> Coding:
    """A union's members are told apart by their JSON type: null, text, true or false, list, object."""
    codings = {_json_type(member): (_python_type(member), coding(member)) for member in members}
    assert len(codings) == len(members), "members of a union must differ in JSON"
    by_type = {python: coding.write for python, coding in codings.values()}
    decoders = {json_type: coding.decode for json_type, (_, coding) in codings.items()}

    def write_union(value: Any) -> str:
        return by_type[type(value)](value)

    def decode_union(value: Any) -> Any:
        decoder = decoders.get(type(value))
        if decoder is None:
            raise Misfit(": not of a type that fits")
        return decoder(value)

    return Coding(write_union, decode_union)


def _python_type(member: Any) -> type[Any]:
    if member is _MOMENT:
        return int
    origin: type[Any] = get_origin(member) or member
    return origin


def _json_type(member: Any) -> type[Any]:
    if get_origin(member) is tuple:
        return list
    if member in (bool, int, NoneType):
        plain: type[Any] = member
        return plain
    if isinstance(member, type) and (is_dataclass(member) or issubclass(member, tuple)):
        return dict
    return str


def _enum(member_type: type[StrEnum]) -> Coding:
    members = {member.value: member for member in member_type}
    texts = {member: encode_basestring(member.value) for member in member_type}

    def decode_enum(value: Any) -> StrEnum:
        if type(value) is not str or value not in members:
            raise Misfit(f": not one of {', '.join(members)}")
        return members[value]

    return Coding(texts.__getitem__, decode_enum)


# --- plain values ----------------------------------------------------------------------------------------------------


def _decode_text(value: Any) -> str:
    if type(value) is not str:
        raise Misfit(": not a text")
    return value


def _decode_flag(value: Any) -> bool:
    if type(value) is not bool:
        raise Misfit(": not true or false")
    return value


def _decode_none(value: Any) -> None:
    if value is not None:
        raise Misfit(": not null")


def _write_flag(value: bool) -> str:  # noqa: FBT001 (a value, not a choice)
    return "true" if value else "false"


def _write_whole(value: int) -> str:
    if type(value) is not int or not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise Misfit(": not a whole number of 64 bits")
    return str(value)


def _whole(value: Any) -> int:
    if type(value) is not int or not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise Misfit(": not a whole number of 64 bits")
    return value


def _write_bytes(value: bytes) -> str:
    text = value.hex()
    if len(text) == 32:
        # `identity.to_text`, without the call: every payment's id is written here, and some several times.
        return f'"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"'
    if len(text) == 64:
        return f'"{text}"'
    raise Misfit(f"{len(value)} bytes are neither an id nor a hash")


def _decode_bytes(value: Any) -> bytes:
    if type(value) is not str or _ID_OR_HASH.fullmatch(value) is None:
        raise Misfit(": neither an id nor a hash")
    return bytes.fromhex(value.replace("-", ""))


@lru_cache(maxsize=65_536)
def amount_text(amount: Decimal) -> str:
    """An amount as events and tables hold it. Raises Misfit for one that could not be read back."""
    text = money.format_amount(amount)
    if money.amount_from_wire(text) is None:
        raise Misfit(f"{text} is negative or too large for an amount")
    return text


def sum_text(total: Decimal) -> str:
    """The same for a sum, which is not worth remembering. Raises Misfit for one that is negative or too large."""
    if not total.is_finite() or total < 0 or total.adjusted() >= money.INTEGER_DIGITS_MAX:
        raise Misfit(f"{total} is negative or too large for an amount")
    return money.format_amount(total)


@lru_cache(maxsize=65_536)
def amount_value(text: str) -> Decimal:
    """The amount that `amount_text` wrote; made once for each text. Raises Misfit for any other text."""
    amount = money.amount_from_wire(text)
    if amount is None or money.format_amount(amount) != text:
        raise Misfit(": not an amount")
    return amount


def _write_amount(amount: Decimal) -> str:
    return f'"{amount_text(amount)}"'


def _decode_amount(value: Any) -> Decimal:
    if type(value) is not str:
        raise Misfit(": not an amount")
    return amount_value(value)


def _write_moment(value: int) -> str:
    if not 0 <= value <= TIME_MAX_MS:
        raise Misfit(f"{value} ms is no time from 1970 to 9999")
    return f'"{times.format_time(value)}"'


def _decode_moment(value: Any) -> int:
    if type(value) is not str or _MOMENT_FORM.fullmatch(value) is None:
        raise Misfit(": not a time")
    try:
        since = datetime.fromisoformat(value[:19]) - _EPOCH
    except ValueError:
        raise Misfit(": not a time") from None
    at_ms = (since.days * 86_400 + since.seconds) * 1_000 + int(value[20:23])
    if at_ms < 0:
        raise Misfit(": not a time")
    return at_ms


class _Moment:
    """Stands for `int` where a field is a moment."""


_MOMENT: Final[Any] = _Moment
_OPTIONAL_MOMENT: Final[Any] = _Moment | None
_PLAIN: Final[dict[Any, Coding]] = {
    str: Coding(encode_basestring, _decode_text),
    bool: Coding(_write_flag, _decode_flag),
    int: Coding(_write_whole, _whole),
    NoneType: Coding(lambda _: "null", _decode_none),
    bytes: Coding(_write_bytes, _decode_bytes),
    Decimal: Coding(_write_amount, _decode_amount),
    _Moment: Coding(_write_moment, _decode_moment),
}
