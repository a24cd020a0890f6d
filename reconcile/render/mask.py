"""Plans without the people in them, for everything that leaves the team.

Each recipient and assignment id becomes a keyed hash: the same id the same mask under one key, and without the key
nobody can tell from a list of workers who stands behind a mask. Ids that are made from them (of bonuses, payments and
operations) are masked alike, since whoever guesses a recipient could compute them. The digest stays: it is what is
approved, and stands for the whole set.
"""

import hmac
import re
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from itertools import chain
from typing import Final
from uuid import UUID

from reconcile.diagnostics import Diagnostic, Place
from reconcile.identity import to_text
from reconcile.model import Identity, Texts, TextValue
from reconcile.plan.changes import same_list
from reconcile.plan.model import Accepted, Change, InDoubt, Plan, PlannedOperation
from reconcile.rows import mapped

PREFIX: Final = "masked-"
KEY_BYTES_MIN: Final = 16
_MASK_CHARACTERS: Final = 12
# A shorter id is masked where it stands for itself, not inside of words and numbers.
_ANYWHERE_MIN: Final = 6
_REMEMBERED_MAX: Final = 100_000
# What a provider's words may hold of people whom nobody here ever met: its forms of recipients and assignments, Toloka's and
# MTurk's. Its name for a request is none of them.
_FORMS: Final = re.compile(
    r"(?<!request )(?<![0-9A-Za-z])(?:[0-9a-f]{32}|[0-9a-f]{10}--[0-9a-f]{24}|A(?=[A-Z]*[0-9])[A-Z0-9]{9,20}"
    r"|3[A-Z0-9]{24,40})(?![0-9A-Za-z])"
)
_MADE: Final = re.compile(r"(?<!request )\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
# Reasons that name another bonus, whose assignment may stand in no row.
_OTHER_BONUS: Final = (
    (re.compile(r"counts for .*, which names it", re.DOTALL), "counts for another bonus, which names it"),
    (re.compile(r"it says `formerly` .*, but that", re.DOTALL), "it says `formerly`, but that"),
)


class Masker:
    """Masks under one key. Remembers no text for longer than it is useful, and shows nothing of the key."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        assert len(key) >= KEY_BYTES_MIN
        self._key = key

    def text(self, plain: str) -> str:
        """The mask of an id; "" stays ""."""
        if not plain:
            return ""
        made = self._hash(b"text", plain.encode())
        return PREFIX + b32encode(made).decode().lower()[:_MASK_CHARACTERS]

    def raw(self, plain: bytes) -> bytes:
        """As many bytes in the place of an id's or a hash's; no bytes stay no bytes."""
        return self._hash(b"raw", plain)[: len(plain)]

    def _hash(self, kind: bytes, plain: bytes) -> bytes:
        return hmac.digest(self._key, kind + b"\x00" + plain, sha256)


def mask_plan(plan: Plan, masker: Masker) -> Plan:
    """The plan to be shown. It keeps every figure and the digest; it can be approved by that, and not be saved."""
    return Masking(masker, ids_of(plan)).plan(plan)


def withheld(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """What is wrong in specs that could not be planned, without a word that may name somebody: kinds and places."""
    return tuple(
        Diagnostic(
            severity=found.severity,
            code=found.code,
            summary=f"{found.code}: what it says is withheld, since recipients are masked",
            place=found.place,
        )
        for found in diagnostics
    )


def ids_of(plan: Plan) -> set[str]:
    """Every recipient and assignment id that a plan knows."""
    rows: Iterable[Change | InDoubt | Accepted] = chain(plan.changes, plan.in_doubt, plan.accepted)
    found = {part for row in rows for part in (row.identity.recipient, row.identity.assignment_id)}
    found.update(part for diagnostic in plan.diagnostics for part in diagnostic.mentions)
    return found - {""}


class Masking:
    """The masking of one plan: every text of it loses the ids that the plan knows."""

    def __init__(self, masker: Masker, ids: Iterable[str]) -> None:
        self._masker = masker
        self._ids = set(ids) - {""}
        self._lengths = sorted({len(plain) for plain in self._ids}, reverse=True)
        self._done: dict[str, str] = {}
        self._texts: dict[Texts, Texts] = {}

    def plan(self, plan: Plan) -> Plan:
        """Everything of the plan that is shown."""
        return replace(
            plan,
            changes=same_list(plan.changes, map(self._change, plan.changes)),
            in_doubt=tuple(map(self._in_doubt, plan.in_doubt)),
            accepted=tuple(map(self._accepted, plan.accepted)),
            operations=mapped(plan.operations, self._operation),
            campaigns=tuple(one._replace(campaign=self.clean(one.campaign)) for one in plan.campaigns),
            diagnostics=tuple(map(self._diagnostic, plan.diagnostics)),
            attributed=(),
        )

    def clean(self, text: str) -> str:
        """A text with every known id in it masked."""
        found = self._done.get(text)
        if found is None:
            if len(self._done) >= _REMEMBERED_MAX:
                self._done.clear()
            found = self._done[text] = self._cleaned(text)
        return found

    def said(self, text: str) -> str:
        """A sentence that may hold a provider's words: beside the known ids also what has the form of one, and the ids of
        payments and operations, which are made from them.
        """
        text = _MADE.sub(lambda found: to_text(self._masker.raw(UUID(found[0]).bytes)), self.clean(text))
        return _FORMS.sub(lambda found: self._masker.text(found[0]), text)

    def _cleaned(self, text: str) -> str:
        """One pass from the left, the longest id first."""
        pieces, start, at = [], 0, 0
        while at < len(text):
            plain = self._id_at(text, at)
            if plain is None:
                at += 1
                continue
            pieces += [text[start:at], self._masker.text(plain)]
            at += len(plain)
            start = at
        return "".join([*pieces, text[start:]])

    def _id_at(self, text: str, at: int) -> str | None:
        for length in self._lengths:
            plain = text[at : at + length]
            if plain in self._ids and (length >= _ANYWHERE_MIN or _alone(text, at, at + length)):
                return plain
        return None

    # --- the parts -------------------------------------------------------------------------------------------------

    def _who(self, who: Identity) -> Identity:
        return Identity(
            who.project,
            self.clean(who.campaign),
            self._masker.text(who.recipient),
            self._masker.text(who.assignment_id),
            self.clean(who.key),
        )

    def _change(self, change: Change) -> Change:
        return change._replace(
            identity=self._who(change.identity),
            bonus_id=self._masker.raw(change.bonus_id),
            payment_id=None if change.payment_id is None else self._masker.raw(change.payment_id),
            operation_id=None if change.operation_id is None else self._masker.raw(change.operation_id),
            entry=self._masker.raw(change.entry),
            texts=self._clean_texts(change.texts),
            path=self.clean(change.path),
            why=self._reason(change.why),
            differences=tuple(map(self.clean, change.differences)),
        )

    def _reason(self, why: str) -> str:
        for pattern, words in _OTHER_BONUS:
            why = pattern.sub(words, why)
        return self.clean(why)

    def _in_doubt(self, row: InDoubt) -> InDoubt:
        bonus_id = self._masker.raw(row.bonus_id)
        return row._replace(identity=self._who(row.identity), bonus_id=bonus_id, why=self._reason(row.why))

    def _accepted(self, row: Accepted) -> Accepted:
        bonus_id = self._masker.raw(row.bonus_id)
        return row._replace(identity=self._who(row.identity), bonus_id=bonus_id, reason=self.clean(row.reason))

    def _operation(self, operation: PlannedOperation) -> PlannedOperation:
        return operation._replace(
            operation_id=None if operation.operation_id is None else self._masker.raw(operation.operation_id),
            payments=tuple(map(self._masker.raw, operation.payments)),
        )

    def _clean_texts(self, texts: Texts) -> Texts:
        found = self._texts.get(texts)
        if found is None:
            found = self._texts[texts] = tuple((field, self._value(value)) for field, value in texts)
        return found

    def _value(self, value: TextValue) -> TextValue:
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self.clean(value)
        return tuple((language, self.clean(text)) for language, text in value)

    def _diagnostic(self, found: Diagnostic) -> Diagnostic:
        place = found.place
        return replace(
            found,
            summary=self.clean(found.summary),
            detail=self.clean(found.detail),
            hint=self.clean(found.hint),
            place=None if place is None else Place(self.clean(place.path), place.line, place.column),
            source="",
            mentions=(),
        )


def _alone(text: str, start: int, end: int) -> bool:
    """Whether a place in a text is no part of a longer word or number."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not ((before.isalnum() and text[start].isalnum()) or (after.isalnum() and text[end - 1].isalnum()))
