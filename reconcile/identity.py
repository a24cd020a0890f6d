"""The ids under which money is paid: the same on every machine, for ever.

Each is a UUIDv5 over NFC texts joined by U+001F. Inside the program an id is its 16 bytes; text appears only at the
borders. None of them holds an amount, a text, a time, a file or a position: an edited spec meets its own past.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha1
from struct import unpack
from typing import Final
from uuid import UUID

NAMESPACE: Final = UUID("aac24880-a0fd-5b5d-9710-0f8c1d49ed0c")

_SEPARATOR: Final = "\x1f"
_KEEP: Final = (1 << 128) - 1 - (0xF << 76) - (0x3 << 62)
_VERSION_5: Final = (0x5 << 76) | (0x2 << 62)
_START: Final = sha1(NAMESPACE.bytes, usedforsecurity=False)
_DIGEST_BYTES: Final = 20
# What the version and the variant make of the bytes 6 and 8 of an id.
_SIXTH: Final = bytes(byte & 0x0F | 0x50 for byte in range(256))
_EIGHTH: Final = bytes(byte & 0x3F | 0x80 for byte in range(256))


def uuid5(name: str) -> bytes:
    """The UUIDv5 of `name` in our namespace, as 16 bytes. Several times faster than `uuid.uuid5`."""
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    digest = _START.copy()
    digest.update(name.encode())
    return (int.from_bytes(digest.digest()[:16], "big") & _KEEP | _VERSION_5).to_bytes(16, "big")


def bonus_id(*, project: str, campaign: str, recipient: str, assignment_id: str, key: str) -> bytes:
    """The id of a bonus; a part that is missing is the empty text."""
    return uuid5(_SEPARATOR.join(("bonus", project, campaign, recipient, assignment_id, key)))


def bonus_ids(project: str, campaign: str) -> Callable[[str], bytes]:
    """`bonus_id` for very many bonuses of one campaign: a function of recipient, assignment_id and key joined by
    U+001F, which must be NFC already. A fifth of the time, since what they share is hashed once.
    """
    shared = unicodedata.normalize("NFC", _SEPARATOR.join(("bonus", project, campaign, "")))
    start = _START.copy()
    start.update(shared.encode())

    def make(rest: str) -> bytes:
        digest = start.copy()
        digest.update(rest.encode())
        return (int.from_bytes(digest.digest()[:16], "big") & _KEEP | _VERSION_5).to_bytes(16, "big")

    return make


def many_bonus_ids(project: str, campaign: str) -> Callable[[Sequence[bytes]], Sequence[bytes]]:
    """The same for many at once, each as the UTF-8 of what `bonus_ids` takes: half the time again, since version and
    variant are set in all of them together.
    """
    shared = unicodedata.normalize("NFC", _SEPARATOR.join(("bonus", project, campaign, "")))
    start = _START.copy()
    start.update(shared.encode())
    copy = start.copy

    def make(rests: Sequence[bytes]) -> Sequence[bytes]:
        digests = []
        for rest in rests:
            digest = copy()
            digest.update(rest)
            digests.append(digest.digest())
        raw = bytearray(b"".join(digests))
        raw[6::_DIGEST_BYTES] = raw[6::_DIGEST_BYTES].translate(_SIXTH)
        raw[8::_DIGEST_BYTES] = raw[8::_DIGEST_BYTES].translate(_EIGHTH)
        return unpack("16s4x" * len(digests), raw)

    return make


def payment_id(bonus: bytes, sequence: int) -> bytes:
    """The id of a bonus's payment: sequence 1 is the first, 2, 3 … are top-ups."""
    assert sequence >= 1
    return uuid5(f"payment{_SEPARATOR}{to_text(bonus)}{_SEPARATOR}{sequence}")


def operation_id(account: str, payments: Iterable[tuple[bytes, int]]) -> bytes:
    """The id of one request: of the account (`type/environment/id`) and each payment's id and attempt."""
    parts = sorted(f"{to_text(payment)}:{attempt}" for payment, attempt in payments)
    assert parts, "an operation holds at least one payment"
    return uuid5(_SEPARATOR.join(("operation", account, *parts)))


def to_text(raw: bytes) -> str:
    """The usual text of an id: lower case, with dashes."""
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def from_text(text: str) -> bytes | None:
    """The 16 bytes of an id written with or without dashes, in either case; None if it is no UUID."""
    plain = text.replace("-", "")
    if len(plain) != 32 or not plain.isascii():
        return None
    try:
        return bytes.fromhex(plain)
    except ValueError:
        return None
