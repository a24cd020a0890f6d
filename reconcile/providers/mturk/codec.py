"""MTurk's codec: its words, put together for the protocol."""

from collections.abc import Sequence
from typing import Final

from reconcile.model import Texts
from reconcile.providers.base import Answer, Call, Outgoing, Promise, WireRequest, WireResult
from reconcile.providers.mturk.answers import answer_of
from reconcile.providers.mturk.outcomes import explain
from reconcile.providers.mturk.reference import split
from reconcile.providers.mturk.requests import TARGET, body_of, only, reason_of, request_of
from reconcile.times import HOUR_MS

PROTECTION_MS: Final = 22 * HOUR_MS
"""MTurk forgets a token after 24 hours. Two stay as a margin, for clocks that differ and requests that travel."""
PROMISE: Final = Promise(protection_ms=PROTECTION_MS, holds_operations=False, burns_ids=False)


class MTurkCodec:
    """`reconcile.providers.base.Codec` for Amazon Mechanical Turk."""

    __slots__ = ("_reason_marker",)

    lists_operations: Final = False
    lists_by_assignment: Final = True
    balance_apart: Final = True

    def __init__(self, *, reason_marker: bool) -> None:
        self._reason_marker = reason_marker

    def promise(self, mode: str) -> Promise:
        """What holds for an operation; there is one mode."""
        assert mode == "token", f"MTurk has no mode {mode}"
        return PROMISE

    def prepare(self, operation_id: bytes, payments: Sequence[Outgoing]) -> tuple[str, str]:
        """(target, body) of the request that makes this one payment: frozen from then on."""
        return TARGET, body_of(only(payments), reason_marker=self._reason_marker)

    def request(self, call: Call) -> WireRequest:
        """The bytes of a call."""
        return request_of(call)

    def answer(self, call: Call, result: WireResult) -> Answer:
        """What a result means for a call. Never raises for what MTurk sent."""
        return answer_of(call, result)

    def texts_of(self, body: str, position: int) -> Texts:
        """What the payment of a frozen body said, without its reference."""
        assert position == 0
        return (("reason", split(reason_of(body))[0]),)

    def refers(self, body: str) -> bool:
        """Whether the reason ends with a reference."""
        return split(reason_of(body))[1] is not None

    def explain(self, code: str) -> str:
        """What a code means and what to do, in a sentence or two."""
        return explain(code)
