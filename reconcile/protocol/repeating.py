"""Which open operations a run sends again, and which wait: an older copy of a state knows of sends that its other life may
have settled since, and paid in another way.

A provider refuses the same id alone. Of a state that is young the id of one payment under its present name is all that
cannot have been paid under another one: what was in a batch may have gone out alone, and what has a new name under that.
"""

from collections.abc import Sequence
from typing import Protocol

from reconcile.protocol.gate import Closed, pass_names
from reconcile.protocol.gateway import Gateway
from reconcile.protocol.recovery import Step, next_step
from reconcile.state.ledger import Ledger, LedgerRecord, OperationRecord


class Wanted(Protocol):
    """Which payments of open operations the specs still ask for as journaled; `renamed`: also under another name."""

    def __call__(self, operations: Sequence[OperationRecord], *, renamed: bool) -> frozenset[bytes]:
        """Their ids."""


def next_steps(
    ledger: Ledger,
    gateway: Gateway,
    record: LedgerRecord,
    operations: Sequence[OperationRecord],
    wanted: Wanted | None,
) -> tuple[Sequence[Step], Closed | None]:
    """The step for each of these operations, and what those wait for that are not sent again for now. `wanted` is None where
    nothing may be sent.
    """
    asked_for = frozenset[bytes]() if wanted is None else wanted(operations, renamed=True)
    now = gateway.moment()
    steps = [
        next_step(
            operation,
            wanted=asked_for,
            protection_ms=gateway.codec.promise(operation.mode).protection_ms,
            now=now,
        )
        for operation in operations
    ]
    again = [operation for operation, step in zip(operations, steps, strict=True) if step is Step.SEND_AGAIN]
    if wanted is None or not again or not record.gate_ms:
        return steps, None
    safe = wanted(again, renamed=False)
    waiting = {
        operation.operation_id
        for operation in again
        if len(operation.items) > 1 or operation.items[0].payment_id not in safe
    }
    held = pass_names(ledger, gateway, record, "an operation of before is sent again") if waiting else None
    if held is None:
        return steps, None
    return [
        Step.OBSERVE if operation.operation_id in waiting else step
        for operation, step in zip(operations, steps, strict=True)
    ], held
