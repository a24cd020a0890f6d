"""Sums over the rows of tables: one number a table that tells whether its rows are the ones that were written.

A row's value is 128 bits of a hash of its columns, and a table's sum is that of its rows' values, in whatever order:
a commit takes the values of the rows that it replaces away and adds those that it writes, so that a sum is kept
without the table being read. Who altered a row by hand would have to alter the sums as well: they guard against
accidents and against hands in the tables, `state verify --full` against everything that the journal can tell.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from marshal import dumps
from typing import Any, Final

VALUE_BYTES: Final = 16
MODULUS: Final = 1 << 8 * VALUE_BYTES

_EMPTY: Final = blake2b(digest_size=VALUE_BYTES)
_PLAIN_FORM: Final = 0
"""marshal's first form: no references, so that equal rows have equal bytes."""


def value_of(rows: Iterable[tuple[Any, ...]]) -> int:
    """The sum of rows, each a tuple of None, int, str and bytes in the order of its table's columns. Not yet reduced."""
    return sum(values_of(rows))


def values_of(rows: Iterable[tuple[Any, ...]]) -> list[int]:
    """The value of each row."""
    values = []
    for row in rows:
        # A copy, since making a hash with its settings anew costs as much as using it.
        hashed = _EMPTY.copy()
        hashed.update(dumps(row, _PLAIN_FORM))
        values.append(int.from_bytes(hashed.digest(), "big"))
    return values


def plus(sums: Mapping[str, int], changes: Mapping[str, int]) -> dict[str, int]:
    """Sums with changes added, reduced; a table without any is not named."""
    added = {table: (sums.get(table, 0) + changes.get(table, 0)) % MODULUS for table in {**sums, **changes}}
    return {table: added[table] for table in sorted(added) if added[table]}


def minus(sums: Mapping[str, int], others: Mapping[str, int]) -> dict[str, int]:
    """What must be added to `others` to come to `sums`."""
    return plus(sums, {table: -value for table, value in others.items()})
