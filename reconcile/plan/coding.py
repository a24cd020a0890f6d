"""The rows of a plan as bytes, for lists that are too long for the memory: the very same rows come back.

The bytes are this process's own and never leave it, so that their form may change with any version. Amounts go as their
text: the digits and their number are part of the value.
"""

import marshal
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

from reconcile.model import Identity
from reconcile.plan.change import Action, Attempts, Change, PlannedOperation
from reconcile.rows import Coding

ENTRY: Final = 48
"""Bytes of a payment's id (16) and the hash of its content (32)."""

# What marshal holds: the fields of a row in their order, Identity as a plain tuple.
_Packed: TypeAlias = tuple[Any, ...]

_ACTIONS: Final = tuple(Action)
_NUMBERS: Final = {action: number for number, action in enumerate(_ACTIONS)}


def _dumps_changes(changes: Sequence[Change]) -> bytes:
    return marshal.dumps([_packed(change) for change in changes])


def _packed(change: Change) -> _Packed:
    action, who, bonus_id, provider, currency, amount, issued, *rest, attempts, former = change
    named = None if former is None else tuple(former)
    known = bonus_id, provider, currency, str(amount), str(issued)
    return (_NUMBERS[action], tuple(who), *known, *rest, tuple(attempts), named)


def _loads_changes(blob: bytes) -> Iterator[Change]:
    amounts = _Amounts()
    # Written by this very process a moment ago, to a file without a name.
    for row in marshal.loads(blob):  # noqa: S302
        number, who, bonus_id, provider, currency, amount, issued, *rest, attempts, named = row
        known = bonus_id, provider, currency, amounts[amount], amounts[issued]
        former = None if named is None else Identity(*named)
        yield Change._make((_ACTIONS[number], Identity(*who), *known, *rest, Attempts(*attempts), former))


class _Amounts(dict[str, Decimal]):
    """Each amount once, however many rows have it."""

    def __missing__(self, text: str) -> Decimal:
        found = self[text] = Decimal(text)
        return found


def _dumps_operations(operations: Sequence[PlannedOperation]) -> bytes:
    return marshal.dumps([(one[0], one[1], b"".join(one[2]), str(one[3])) for one in operations])


def _loads_operations(blob: bytes) -> Iterator[PlannedOperation]:
    for operation_id, provider, payments, amount in marshal.loads(blob):  # noqa: S302
        ids = tuple(payments[at : at + 16] for at in range(0, len(payments), 16))
        yield PlannedOperation(operation_id, provider, ids, Decimal(amount))


def _loads_entries(blob: bytes) -> Iterator[bytes]:
    return (blob[at : at + ENTRY] for at in range(0, len(blob), ENTRY))


def _loads_values(blob: bytes) -> Iterator[object]:
    return iter(marshal.loads(blob))  # noqa: S302


CHANGES: Final = Coding(_dumps_changes, _loads_changes)
OPERATIONS: Final = Coding(_dumps_operations, _loads_operations)
ENTRIES: Final[Coding[bytes]] = Coding(b"".join, _loads_entries)
"""A payment's id and the hash of its content, joined."""
VALUES: Final[Coding[object]] = Coding(lambda values: marshal.dumps(list(values)), _loads_values)
"""What JSON can say: texts, whole numbers, flags, null, lists and objects of them."""
