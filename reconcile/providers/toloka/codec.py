"""Toloka's codec: the words of its asynchronous mode, put together for the protocol."""

from collections.abc import Sequence
from typing import Final

from reconcile.model import Texts
from reconcile.providers.base import Answer, Call, Outgoing, WireRequest, WireResult
from reconcile.providers.toloka.answers import answer_of
from reconcile.providers.toloka.outcomes import explain
from reconcile.providers.toloka.requests import body_of, request_of, target_of, texts_of_body
from reconcile.times import DAY_MS

PROTECTION_MS: Final = 7 * DAY_MS


class TolokaCodec:
    """`reconcile.providers.base.Codec` for Toloka's asynchronous mode: operations are kept under our id, and a second
    delivery of one is refused by Toloka itself.
    """

    __slots__ = ("_skip_invalid_items",)

    protection_ms: Final = PROTECTION_MS
    holds_operations: Final = True
    burns_ids: Final = True

    def __init__(self, *, skip_invalid_items: bool) -> None:
        self._skip_invalid_items = skip_invalid_items

    def prepare(self, operation_id: bytes, payments: Sequence[Outgoing]) -> tuple[str, str]:
        """(target, body) of the request that makes these payments: frozen from then on."""
        return target_of(operation_id, skip_invalid_items=self._skip_invalid_items), body_of(payments)

    def request(self, call: Call) -> WireRequest:
        """The bytes of a call."""
        return request_of(call)

    def answer(self, call: Call, result: WireResult) -> Answer:
        """What a result means for a call. Never raises for what Toloka sent."""
        return answer_of(call, result)

    def texts_of(self, body: str, position: int) -> Texts:
        """What a payment of a frozen body said."""
        return texts_of_body(body, position)

    def explain(self, code: str) -> str:
        """What a code means and what to do, in a sentence or two."""
        return explain(code)
