"""A provider's answers as raw bytes on a connection: the wire and the codec, whatever comes back."""

import json
import threading
from collections.abc import Sequence
from typing import Any, Final

from hypothesis import strategies as st

from reconcile.model import SendOutcome
from reconcile.providers.base import (
    Answer,
    ListOperations,
    ListPayments,
    Lost,
    NotSent,
    PaymentsPage,
    PollOperation,
    ReadAccount,
    ReadAssignment,
    ReadItems,
    SendAnswer,
    SendOperation,
    Ticket,
    Unread,
    WireResponse,
    WireResult,
)
from reconcile.providers.endpoint import Endpoint
from reconcile.providers.http import HttpWire, WireOptions
from tests.fuzz.target import Target
from tests.fuzz.trees import edited
from tests.providers import test_mturk_every_node as mturk
from tests.providers.servers import Connection, Server
from tests.providers.test_mturk_codec import PLAIN
from tests.providers.toloka_cases import CODEC, OPERATION_TEXT, error, log, operation, payments_page, record, response

READS: Final = (
    ReadAccount(),
    PollOperation(record()),
    ReadItems(record()),
    ListPayments(None, ""),
    ListOperations(0, ""),
    ReadAssignment("00001092da--61ef030400c684132d0da0de"),
)
RECORDED: Final[Sequence[tuple[int, Any]]] = (
    (201, operation()),
    (200, operation("RUNNING", details=None)),
    (200, {"items": [operation()], "has_more": False}),
    (200, log()),
    (200, payments_page()),
    (200, {"id": "566ec2b0", "public_name": {"EN": "Ann"}, "balance": "120.35"}),
    (400, error("VALIDATION_ERROR", payload={"0": {"amount": {"code": "C", "message": "m"}}})),
    (409, error("OPERATION_ALREADY_EXISTS")),
    (429, error("TOO_MANY_REQUESTS", payload={"interval": "DAY"})),
    (500, error("INTERNAL_ERROR")),
    *((status, recorded) for _, status, recorded in mturk.RECORDED.values()),
)
MTURK_READS: Final = (mturk.LIST.call, mturk.WHO.call, mturk.BALANCE.call)


def on_the_wire(status: int, body: bytes) -> bytes:
    """A whole HTTP answer."""
    head = f"HTTP/1.1 {status} X\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def chunked(body: bytes) -> bytes:
    """The same in chunks of seven bytes."""
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


class Answers(Target):
    """Any bytes instead of an answer."""

    def prepare(self) -> None:
        self._answer = b""
        self._server = Server(self._behave, None)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self._wire = HttpWire(
            WireOptions(
                endpoint=Endpoint("http", "127.0.0.1", self._server.port),
                authorization=lambda: "OAuth x",
                fence=lambda: "",
                boottime_ms=lambda: 0,
                clean=lambda text: text,
                slots=1,
                timeout_s=20,
            )
        )
        self._number = 0
        for end in (self._server.server_close, self._thread.join, self._server.shutdown, self._wire.close):
            self.closing.callback(end)

    def _behave(self, connection: Connection) -> None:
        connection.request()
        connection.send(self._answer)

    def corpus(self) -> Sequence[bytes]:
        bodies = [(status, response(status, value).body) for status, value in RECORDED]
        return [*(on_the_wire(*one) for one in bodies), *(chunked(body) for _, body in bodies)]

    def generate(self) -> st.SearchStrategy[bytes]:
        def written(case: tuple[int, Any]) -> bytes:
            status, value = case
            return on_the_wire(status, json.dumps(value, default=str).encode("utf-8", "replace"))

        values = st.one_of([edited(json.loads(response(200, value).body)) for _, value in RECORDED])
        return st.tuples(st.sampled_from([200, 201, 202, 400, 401, 404, 409, 429, 500]), values).map(written)

    def take(self, data: bytes) -> bool:
        self._answer = data
        result = self._ask()
        sent = CODEC.answer(SendOperation(record()), result)
        assert isinstance(sent, SendAnswer)
        self._hold(sent, result)
        self._hold_mturk(result)
        answers: list[Answer] = [CODEC.answer(call, result) for call in READS]
        answers += [PLAIN.answer(call, result) for call in MTURK_READS]
        return sent.outcome is not SendOutcome.AMBIGUOUS or any(not isinstance(one, Unread) for one in answers)

    def _ask(self) -> WireResult:
        self._number += 1
        call = CODEC.request(SendOperation(record()))
        self._wire.start(Ticket(self._number, call, fenced=True, since_ms=0))
        ((number, result),) = self._wire.wait(60)
        assert number == self._number
        assert isinstance(result, WireResponse | Lost | NotSent)
        return result

    def _hold_mturk(self, result: WireResult) -> None:
        """MTurk pays with an empty object, and refuses in its own form; an empty list says so itself."""
        body = result.body if isinstance(result, WireResponse) else b""
        sent = PLAIN.answer(mturk.SEND.call, result)
        assert isinstance(sent, SendAnswer)
        if sent.outcome is SendOutcome.EXECUTED:
            assert b"".join(body.split()) == b"{}" or b"__type" in body or b"\\u" in body
        elif sent.outcome is SendOutcome.NOT_EXECUTED:
            assert b"__type" in body or b"\\u" in body or b"<Error>" in body
        if isinstance(PLAIN.answer(mturk.LIST.call, result), PaymentsPage):
            assert (b"BonusPayments" in body and b"NumResults" in body) or b"\\u" in body

    def _hold(self, sent: SendAnswer, result: WireResult) -> None:
        """What is believed must stand in the answer."""
        body = result.body if isinstance(result, WireResponse) else b""
        if sent.outcome is SendOutcome.EXECUTED:
            ours = OPERATION_TEXT.replace("-", "").encode() in body.lower().replace(b"-", b"")
            assert ours or b"OPERATION_ALREADY_EXISTS" in body or b"\\u" in body
        elif sent.outcome is SendOutcome.NOT_EXECUTED:
            assert isinstance(result, WireResponse)
            assert 400 <= result.status < 500
            assert b'"code"' in body or b"\\u" in body
