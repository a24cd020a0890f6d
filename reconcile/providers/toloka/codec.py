"""Toloka's codec: the words of its two modes, put together for the protocol."""

from collections.abc import Sequence
from typing import Final

from reconcile.model import Texts
from reconcile.providers.base import Answer, Call, Outgoing, Promise, WireRequest, WireResult
from reconcile.providers.toloka.answers import answer_of
from reconcile.providers.toloka.outcomes import explain
from reconcile.providers.toloka.requests import body_of, request_of, target_of, texts_of_body
from reconcile.times import DAY_MS

PROMISES: Final = {
    # Operations are kept under our id, and a second delivery of one is refused by Toloka itself.
    "async": Promise(protection_ms=7 * DAY_MS, holds_operations=True, burns_ids=True),
    # Toloka's pages disagree on whether the id counts here, so it counts for nothing: no second send, ever. Where an
    # operation shows under it all the same, that one has used it up.
    "sync": Promise(protection_ms=0, holds_operations=False, burns_ids=True),
}


class TolokaCodec:
    """`reconcile.providers.base.Codec` for Toloka. `mode` is that of new operations; journaled ones keep theirs."""

    __slots__ = ("_mode", "_skip_invalid_items")

    lists_operations: Final = True
    lists_by_assignment: Final = False
    balance_apart: Final = False

    def __init__(self, *, skip_invalid_items: bool, mode: str = "async") -> None:
        assert mode in PROMISES, f"Toloka has no mode {mode}"
        self._mode = mode
        self._skip_invalid_items = skip_invalid_items

    def promise(self, mode: str) -> Promise:
        """What holds for an operation journaled in `mode`."""
        return PROMISES[mode]

    def prepare(self, operation_id: bytes, payments: Sequence[Outgoing]) -> tuple[str, str]:
        """(target, body) of the request that makes these payments: frozen from then on."""
        target = target_of(operation_id, mode=self._mode, skip_invalid_items=self._skip_invalid_items)
        return target, body_of(payments)

    def request(self, call: Call) -> WireRequest:
        """The bytes of a call."""
        return request_of(call)

    def answer(self, call: Call, result: WireResult) -> Answer:
        """What a result means for a call. Never raises for what Toloka sent."""
        return answer_of(call, result)

    def texts_of(self, body: str, position: int) -> Texts:
        """What a payment of a frozen body said."""
        return texts_of_body(body, position)

    def refers(self, body: str) -> bool:
        """Always: every comment ends with a marker."""
        return True

    def explain(self, code: str) -> str:
        """What a code means and what to do, in a sentence or two."""
        return explain(code)
