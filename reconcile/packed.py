"""Very many values of one width, without an object for each: ids, and what belongs to an id.

A million ids of 16 bytes take some 25 MB here and 90 in a set. They must be spread evenly, as hashes are, or it is slow.
"""

from collections.abc import Collection, Iterable, Iterator
from hashlib import blake2b
from typing import Final

SORTED_MAX: Final = 250_000
"""So many values are sorted at a time."""
_PLACE: Final = 2


class Packed:
    """Keys of `key` bytes, each once, and with each the same number of further bytes (`width` in all).

    Kept in as many small pieces as two bytes have values, by the first two bytes of the key.
    """

    __slots__ = ("_count", "_key", "_pieces", "_width")

    def __init__(self, key: int, width: int | None = None) -> None:
        self._key = key
        self._width = key if width is None else width
        self._pieces: dict[bytes, bytearray] = {}
        self._count = 0

    def add(self, value: bytes) -> bool:
        """Keep a value; False where its key is there already, and nothing is changed."""
        assert len(value) == self._width
        piece = self._pieces.get(value[:_PLACE])
        if piece is None:
            piece = self._pieces[value[:_PLACE]] = bytearray()
        elif self._find(piece, value[: self._key]) >= 0:
            return False
        piece += value
        self._count += 1
        return True

    def get(self, key: bytes) -> bytes | None:
        """What was kept with a key, b"" for nothing; None where the key is not there."""
        piece = self._pieces.get(key[:_PLACE])
        at = -1 if piece is None else self._find(piece, key)
        return None if piece is None or at < 0 else bytes(piece[at + self._key : at + self._width])

    def _find(self, piece: bytearray, key: bytes) -> int:
        at = piece.find(key)
        while at >= 0 and at % self._width:
            at = piece.find(key, at + 1)
        return at

    def __contains__(self, key: object) -> bool:
        return isinstance(key, bytes) and self.get(key) is not None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[bytes]:
        """Every value, in the order of the bytes."""
        width = self._width
        for place in sorted(self._pieces):
            piece = bytes(self._pieces[place])
            yield from sorted(piece[at : at + width] for at in range(0, len(piece), width))


def in_order(values: Collection[bytes]) -> Iterator[bytes]:
    """Hashes in the order of their bytes, repetitions included. Very many are read several times, and sorted in parts by
    their first byte: no more than a part of them is in memory.
    """
    parts = min(-(-len(values) // SORTED_MAX), 256)
    if parts <= 1:
        yield from sorted(values)
        return
    for part in range(parts):
        first, end = 256 * part // parts, 256 * (part + 1) // parts
        yield from sorted([value for value in values if first <= value[0] < end])


def count_distinct(texts: Iterable[str]) -> int:
    """How many different texts these are. Each is remembered by a hash of 16 bytes."""
    seen = Packed(16)
    for text in texts:
        seen.add(blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest())
    return len(seen)


def all_distinct(values: Iterable[bytes]) -> bool:
    """Whether none of these ids of 16 bytes stands twice."""
    seen = Packed(16)
    return all(map(seen.add, values))
