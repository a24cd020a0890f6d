"""Lists of which no value stays as it is: each is packed and unpacked, as the rows of a plan of a million are."""

from typing import Final

from reconcile.rows import Spooling


class Kept:
    """A store that one can look into."""

    def __init__(self) -> None:
        self.blobs: list[bytes] = []

    def write(self, blob: bytes) -> int:
        """Keep it."""
        self.blobs.append(blob)
        return len(self.blobs) - 1

    def read(self, number: int) -> bytes:
        """Give it back."""
        return self.blobs[number]


SPILLING: Final = Spooling(kept=0, chunk=1, open=Kept)
