"""Typed questions to a JSON object that nobody vouches for. Whatever does not fit raises `Damaged`."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from reconcile import identity
from reconcile.model import Texts, TextValue
from reconcile.money import amount_from_wire
from reconcile.rows import Rows

_PLAIN: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?", re.ASCII)


class Damaged(ValueError):
    """A document that is not what bonusctl writes; `str()` names the field."""


class Fields(NamedTuple):
    """A JSON object and where it stands in its document."""

    values: dict[str, object]
    where: str

    def _get(self, key: str) -> object:
        try:
            return self.values[key]
        except KeyError:
            raise Damaged(f"{self.where}.{key} is missing") from None

    def text(self, key: str) -> str:
        """A text."""
        value = self._get(key)
        if not isinstance(value, str):
            raise Damaged(f"{self.where}.{key} is no text")
        return value

    def maybe(self, key: str) -> str:
        """A text, or "" for null."""
        return "" if self._get(key) is None else self.text(key)

    def number(self, key: str) -> int:
        """A whole number, 0 for null."""
        value = self._get(key)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 62:
            raise Damaged(f"{self.where}.{key} is no whole number")
        return value

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise Damaged(f"{self.where}.{key} is neither true nor false")
        return value

    def amount(self, key: str) -> Decimal:
        """An exact amount."""
        found = amount_from_wire(self.text(key))
        if found is None:
            raise Damaged(f"{self.where}.{key} is no amount")
        return found

    def maybe_amount(self, key: str) -> Decimal | None:
        """An exact amount, which may be below zero, or None for null."""
        if self._get(key) is None:
            return None
        value = self.text(key)
        if _PLAIN.fullmatch(value) is None:
            raise Damaged(f"{self.where}.{key} is no amount")
        return Decimal(value)

    def id(self, key: str) -> bytes:
        """The 16 bytes of an id."""
        raw = identity.from_text(self.text(key))
        if raw is None:
            raise Damaged(f"{self.where}.{key} is no id")
        return raw

    def maybe_id(self, key: str) -> bytes | None:
        """The 16 bytes of an id, or None for null."""
        return None if self._get(key) is None else self.id(key)

    def items(self, key: str) -> Iterator["Fields"]:
        """The objects of a list."""
        for position, value in enumerate(self._list(key)):
            where = f"{self.where}.{key}[{position}]"
            if not isinstance(value, dict):
                raise Damaged(f"{where} is no object")
            yield Fields(value, where)

    def strings(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        found = self._list(key)
        if not all(isinstance(value, str) for value in found):
            raise Damaged(f"{self.where}.{key} holds something that is no text")
        return tuple(str(value) for value in found)

    def inner(self, key: str) -> "Fields":
        """An object inside."""
        value = self._get(key)
        if not isinstance(value, dict):
            raise Damaged(f"{self.where}.{key} is no object")
        return Fields(value, f"{self.where}.{key}")

    def texts(self, key: str) -> Texts:
        """What a payment says, as `digest.texts_json` writes it."""
        inner = self.inner(key)
        return tuple((name, inner._text_value(name)) for name in sorted(inner.values))

    def _list(self, key: str) -> Sequence[object]:
        value = self._get(key)
        if not isinstance(value, list | Rows):
            raise Damaged(f"{self.where}.{key} is no list")
        return value

    def _text_value(self, name: str) -> TextValue:
        value = self.values[name]
        if isinstance(value, str | bool):
            return value
        languages = self.inner(name)
        return tuple((language, languages.text(language)) for language in sorted(languages.values))
