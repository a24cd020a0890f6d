"""Ids that the emulator makes up: of its answers, and of operations that came without one.

They are random, as a provider's are. A simulation that has to come out the same twice puts another source in its place.
"""

import os
from collections.abc import Callable

BYTES = 16
source: Callable[[int], bytes] = os.urandom


def fresh_id() -> bytes:
    """16 bytes that no other id has."""
    return source(BYTES)
