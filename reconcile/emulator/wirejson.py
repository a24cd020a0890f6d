"""JSON as the emulator reads and writes it: numbers stay exact decimals, from the request to the answer."""

import json
import os
import re
from decimal import Decimal
from typing import Final, NoReturn

# A decimal leaves the encoder as a text between marks, and the marks are taken away again. They are random for each
# process, so that no text of a request can look like one.
_MARK: Final = os.urandom(8).hex()
_NUMBER: Final = re.compile(f'"{_MARK}([^"]*)"')


class JsonError(ValueError):
    """Text that is not JSON; `str()` says why."""


def loads(text: bytes) -> object:
    """The value of a JSON text; fractions as Decimal. Raises JsonError, also for NaN and absurd nesting."""
    try:
        return json.loads(text.decode(), parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as exc:
        raise JsonError(str(exc)[:200] or "nested too deeply") from exc


def dumps(value: object) -> str:
    """One line of JSON. Decimals become numbers with exactly their digits."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_number)
    return _NUMBER.sub(r"\1", text) if _MARK in text else text


def _number(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{_MARK}{value}"
    raise TypeError(f"{type(value).__name__} has no place in an answer")


def _refuse(constant: str) -> NoReturn:
    raise JsonError(f"{constant} is not a number")
