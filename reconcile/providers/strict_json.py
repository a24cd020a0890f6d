"""JSON from a stranger: bounded in size and depth, exact in its numbers, and read in one way only.

Numbers with a fraction become `decimal.Decimal`. A name that stands twice in an object, NaN, Infinity, bytes that are
no UTF-8 and anything after the value are refused: two readers could see different things in them.
"""

import json
import re
from decimal import Decimal, DecimalException
from itertools import chain
from typing import Final, NoReturn

DEPTH_MAX: Final = 64
BYTES_MAX: Final = 16 * 1024 * 1024

# A string, or what is left of one that never ends: with nothing to go back to, the scan stays linear.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_OPENERS: Final = frozenset(b"[{")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


class JsonError(ValueError):
    """Bytes that are not the JSON we accept; `str()` says why, without repeating them."""


def parse_json(body: bytes, *, depth_max: int = DEPTH_MAX) -> object:
    """The value: None, bool, int, Decimal, str, list or dict. Raises JsonError."""
    if len(body) > BYTES_MAX:
        raise JsonError(f"longer than {BYTES_MAX} bytes")
    value = _parse_plainly(body, depth_max)
    return _parse_strictly(body, depth_max) if value is _NOT_PLAIN else value


def _parse_plainly(body: bytes, depth_max: int) -> object:
    """The value of JSON that a count proves sound, several times faster than the strict way; else `_NOT_PLAIN`, which says
    nothing against it.

    With no blank before any colon, each name of an object ends in `":`, and a text may hold more of these, never fewer: as
    many entries as there are such ends means that no name stood twice. The interpreter itself bounds the recursion.
    """
    # The blank alone is looked for first: most bodies hold one kind of them or none, and a byte is found ten times faster.
    if any(blank in body and blank + b":" in body for blank in _BLANKS):
        return _NOT_PLAIN
    try:
        value = _PLAIN.decode(body.decode("utf-8"))
        names, depth = _measured(value, depth_max)
    except (ValueError, DecimalException, RecursionError):
        return _NOT_PLAIN
    return value if depth <= depth_max and names == body.count(b'":') else _NOT_PLAIN


def _measured(value: object, depth_max: int) -> tuple[int, int]:
    """(names in all objects, depth) of a value; one more than `depth_max` where it goes deeper."""
    names = depth = 0
    objects = [value] if isinstance(value, dict) else []
    lists = [value] if isinstance(value, list) else []
    while (objects or lists) and depth <= depth_max:
        depth += 1
        names += sum(map(len, objects))
        # Of a page of a list this sees each value: so it is one pass.
        parts = [
            part
            for part in chain(chain.from_iterable(map(dict.values, objects)), chain.from_iterable(lists))
            if type(part) is dict or type(part) is list
        ]
        objects = [part for part in parts if type(part) is dict]
        lists = [part for part in parts if type(part) is list]
    return names, depth


def _parse_strictly(body: bytes, depth_max: int) -> object:
    if _depth(body) > depth_max:
        raise JsonError(f"nested deeper than {depth_max}")
    try:
        value: object = json.loads(
            body.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_unique
        )
    except JsonError:
        raise
    except UnicodeDecodeError:
        raise JsonError("not UTF-8") from None
    except json.JSONDecodeError as exc:
        raise JsonError(f"not JSON: {exc.msg} at character {exc.pos}") from None
    except (ValueError, DecimalException, RecursionError):
        raise JsonError("not JSON that can be read exactly") from None
    return value


def _depth(body: bytes) -> int:
    """The deepest nesting of brackets outside strings, counted before anything recurses."""
    depth = deepest = 0
    for bracket in _STRING.sub(b"", body).translate(None, _NO_BRACKETS):
        if bracket in _OPENERS:
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest


def _refuse_constant(name: str) -> NoReturn:
    raise JsonError(f"not a number: {name}")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonError("a name stands twice in one object")
    return found


_NOT_PLAIN: Final = object()
_BLANKS: Final = (b" ", b"\t", b"\n", b"\r")
_PLAIN: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)
