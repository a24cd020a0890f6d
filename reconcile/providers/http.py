"""The wire: carries requests to one endpoint over persistent connections, and tells what became of each.

A thread for each slot, each with a connection of its own. Nothing is retried, no redirect is followed, no cookie is
kept, no compressed answer is read, no proxy is taken from the environment unless the config says so. A request has
one deadline from start to the last byte of its answer. What comes back is a complete answer, NotSent (a fact: no byte
of it left this host) or Lost.
"""

import ssl
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Final

import httpcore
import httpx

from reconcile.providers.base import Lost, NotSent, Ticket, WireRequest, WireResponse, WireResult
from reconcile.providers.endpoint import Endpoint
from reconcile.providers.http_client import Sign, client_maker
from reconcile.providers.http_deadline import Dropped, Exchange, Line, OutOfTime

BODY_BYTES_MAX: Final = 16 * 1024 * 1024
STALE_AFTER_MS: Final = 5_000
REASON_LENGTH_MAX: Final = 300

_JOIN_S: Final = 0.5
_KEPT_HEADERS: Final = ("date", "retry-after", "content-type", "location", "x-amzn-requestid")


@dataclass(frozen=True, slots=True, kw_only=True)
class WireOptions:
    """What a wire needs to know.

    `authorization` makes the Authorization header's value when a request is made; `sign`, where given, makes in its
    place all the headers that prove who asks, from the request itself and the endpoint. `fence` is asked in the sending
    thread right before the first byte of a fenced ticket: "" or why it must be dropped. `boottime_ms`: a clock that
    counts sleep. `clean` rids a text of secrets: reasons, and answers that repeat what we sent. `act_under`: the
    account to act for, "" for the token's own.
    """

    endpoint: Endpoint
    authorization: Callable[[], str]
    fence: Callable[[], str]
    boottime_ms: Callable[[], int]
    clean: Callable[[str], str]
    slots: int
    timeout_s: float
    act_under: str = ""
    proxy_from_environment: bool = False
    sign: Sign | None = None


class HttpWire:
    """`reconcile.providers.base.Wire` over HTTP/1.1. Use it from one thread."""

    def __init__(self, options: WireOptions, tls: Callable[[], ssl.SSLContext] | None = None) -> None:
        endpoint = options.endpoint
        assert options.slots >= 1
        assert endpoint.scheme == "https" or endpoint.is_loopback, "plain http is for loopback addresses only"
        self._options = options
        self._make_client = client_maker(
            endpoint,
            sign=options.sign or (lambda _, __: {"Authorization": options.authorization()}),
            act_under=options.act_under,
            proxy_from_environment=options.proxy_from_environment,
            tls=tls,
        )
        self._tickets: SimpleQueue[tuple[Ticket, int] | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[int, WireResult]] = SimpleQueue()
        self._workers: list[_Worker] = []
        self._in_flight = 0
        self._closed = False

    @property
    def slots(self) -> int:
        """How many requests may be in flight together."""
        return self._options.slots

    def start(self, ticket: Ticket) -> None:
        """Send a request in the background. At most `slots` may be under way."""
        assert not self._closed, "the wire is closed"
        assert self._in_flight < self.slots, "every slot is taken"
        target = ticket.request.target
        # The endpoint alone says where a request goes: a target is a path and a query, nothing that could lead away.
        assert target.startswith("/"), target
        assert not target.startswith("//"), target
        assert target.isascii(), target
        self._in_flight += 1
        if self._in_flight > len(self._workers):
            self._workers.append(_Worker(self._options, self._make_client, self._tickets, self._results))
        since_ms = self._options.boottime_ms() if ticket.since_ms is None else ticket.since_ms
        self._tickets.put((ticket, since_ms))

    def wait(self, timeout_s: float) -> Sequence[tuple[int, WireResult]]:
        """Results that have come, at least one unless `timeout_s` passes first."""
        results: list[tuple[int, WireResult]] = []
        try:
            results.append(self._results.get(timeout=timeout_s) if timeout_s > 0 else self._results.get_nowait())
            while True:
                results.append(self._results.get_nowait())
        except Empty:
            self._in_flight -= len(results)
            return results

    def close(self) -> None:
        """Drop connections. Requests still in flight are abandoned; none that is unsent goes out any more."""
        if self._closed:
            return
        self._closed = True
        for worker in self._workers:
            worker.abandon()
            self._tickets.put(None)
        until = monotonic() + _JOIN_S
        for worker in self._workers:
            worker.join(max(0.0, until - monotonic()))


class _Worker:
    """One thread with one connection: takes tickets, gives results."""

    def __init__(
        self,
        options: WireOptions,
        client: Callable[[Line], httpx.Client],
        tickets: "SimpleQueue[tuple[Ticket, int] | None]",
        results: "SimpleQueue[tuple[int, WireResult]]",
    ) -> None:
        self._options = options
        self._client = client
        self._tickets = tickets
        self._results = results
        self._line = Line(options.endpoint)
        self._abandoned = False
        self._thread = Thread(target=self._run, name="bonusctl-wire", daemon=True)
        self._thread.start()

    def abandon(self) -> None:
        """Send nothing more, and wake if waiting for the network."""
        self._abandoned = True
        self._line.hang_up()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread's end."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        client: httpx.Client | None = None
        try:
            while (task := self._tickets.get()) is not None:
                ticket, started_ms = task
                may_send = partial(self._may_send, ticket, started_ms)
                self._line.exchange = exchange = Exchange(timeout_s=self._options.timeout_s, may_send=may_send)
                result: WireResult
                try:
                    # Made here, so that a mistake in its making is a ticket's result and not a thread's end.
                    client = client or self._client(self._line)
                    result = self._exchange(client, ticket.request)
                except Exception as exc:  # noqa: BLE001 (every started ticket comes back, whatever happened to it)
                    result = self._failure(exc, exchange)
                self._results.put((ticket.number, result))
        finally:
            if client is not None:
                client.close()

    def _may_send(self, ticket: Ticket, started_ms: int) -> str:
        if self._abandoned:
            return "the run was ended before it was sent"
        if not ticket.fenced:
            return ""
        refusal = self._options.fence()
        if refusal:
            return refusal
        # Last of all, since the fence may itself have waited: a machine that slept must not send what was due before.
        age_ms = self._options.boottime_ms() - started_ms
        return f"it waited {age_ms} ms before it could be sent" if age_ms > STALE_AFTER_MS else ""

    def _exchange(self, client: httpx.Client, request: WireRequest) -> WireResult:
        headers = dict(request.headers) or ({"Content-Type": "application/json"} if request.body else None)
        prepared = client.build_request(request.method, request.target, content=request.body or None, headers=headers)
        with closing(client.send(prepared, stream=True)) as response:
            if not self._line.exchange.sent:
                # Bytes left over from the answer before: this connection is out of step.
                raise Dropped("the connection held an answer before anything was asked")
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                return Lost("the answer is compressed, which was not asked for")
            body = bytearray()
            for part in response.iter_raw():
                body += part
                if len(body) > BODY_BYTES_MAX:
                    return Lost(f"the answer is longer than {BODY_BYTES_MAX} bytes")
            clean = self._options.clean
            kept = {name: clean(response.headers[name]) for name in _KEPT_HEADERS if name in response.headers}
            # Gateways print a request's headers into their error pages: the token goes no further than here. Its
            # spellings are ASCII, so that every other byte stays as it came.
            return WireResponse(response.status_code, kept, clean(body.decode("latin-1")).encode("latin-1"))

    def _failure(self, exc: Exception, exchange: Exchange) -> WireResult:
        reason = self._options.clean(_describe(exc, self._options.timeout_s))[:REASON_LENGTH_MAX]
        return Lost(reason) if exchange.sent else NotSent(reason)


def _describe(exc: Exception, timeout_s: float) -> str:
    match exc:
        case Dropped():
            return str(exc)
        case OutOfTime() | httpcore.TimeoutException():
            return f"no complete answer within {timeout_s:g} s"
        case httpcore.ConnectError():
            return f"no connection: {exc}"
        case httpcore.RemoteProtocolError() if "without sending" in str(exc):
            return "the connection was closed without an answer"
        case _:
            return f"{type(exc).__name__}: {exc}"
