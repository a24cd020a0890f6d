"""Which texts a plan's payments carry: each different one once, the first ones as they are, the others counted."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, NamedTuple

from reconcile.model import Texts
from reconcile.packed import Packed
from reconcile.plan.model import Change

KNOWN_MAX: Final = 1_000
"""So many different texts are kept to be compared; of any others a hash of 16 bytes is."""


class Carried(NamedTuple):
    """`first`: (texts, how many payments carry them), in the order in which they are met. `different`: how many there are."""

    first: tuple[tuple[Texts, int], ...]
    different: int


def texts_of(payments: Iterable[Change], shown_max: int) -> Carried:
    """What these payments say, of the different texts the first `shown_max`."""
    assert shown_max <= KNOWN_MAX
    counts: dict[Texts, int] = {}
    others = Packed(16)
    for change in payments:
        texts = change.texts
        if texts in counts:
            counts[texts] += 1
        elif len(counts) < KNOWN_MAX:
            counts[texts] = 1
        else:
            others.add(blake2b(repr(texts).encode(errors="surrogatepass"), digest_size=16).digest())
    return Carried(tuple(counts.items())[:shown_max], len(counts) + len(others))
