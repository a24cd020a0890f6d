"""One client's connection: bytes in, one request at a time out of them, answers back in order."""

import asyncio
import socket
from collections.abc import Callable
from typing import Final, cast

from reconcile.emulator.messages import Head, Malformed, Request, make_request, parse_head

_LOOPBACK: Final = ("127.", "::1")
_AHEAD_BYTES_MAX: Final = 1024 * 1024


class Exchange:
    """A request and the connection that waits for its answer."""

    __slots__ = ("connection", "request")

    def __init__(self, request: Request, connection: "Connection") -> None:
        self.request = request
        self.connection = connection


class Connection(asyncio.Protocol):
    """Gives each whole request to `accept`; the next is read once `ready_for_next` is called."""

    def __init__(
        self,
        accept: Callable[[Exchange], None],
        refuse: Callable[["Connection", int], None],
        alive: "set[Connection]",
    ) -> None:
        self._alive = alive
        self._accept = accept
        self._refuse = refuse
        self._buffer = bytearray()
        self._head: Head | None = None
        self._busy = False
        self.transport: asyncio.Transport | None = None
        self.from_loopback = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self.transport = cast(asyncio.Transport, transport)
        self._alive.add(self)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = transport.get_extra_info("peername")
        self.from_loopback = bool(peer) and str(peer[0]).startswith(_LOOPBACK)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone; what it asked for is carried out all the same."""
        self.transport = None
        self._alive.discard(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request."""
        self._buffer += data
        if not self._busy:
            self._read()
        elif len(self._buffer) > _AHEAD_BYTES_MAX and self.transport:
            self.transport.abort()

    def ready_for_next(self) -> None:
        """The answer has left."""
        self._busy = False
        if self._buffer:
            self._read()

    def _read(self) -> None:
        try:
            request = self._next_request()
        except Malformed as exc:
            self._busy = True
            self._refuse(self, exc.status)
            return
        if request is not None:
            self._busy = True
            self._accept(Exchange(request, self))

    def _next_request(self) -> Request | None:
        if self._head is None:
            self._head = parse_head(self._buffer)
            if self._head is None:
                return None
            del self._buffer[: self._head.head_bytes]
            if self._head.headers.get("expect", "").lower() == "100-continue" and self.transport:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        head = self._head
        if len(self._buffer) < head.body_bytes:
            return None
        body = bytes(self._buffer[: head.body_bytes])
        del self._buffer[: head.body_bytes]
        self._head = None
        return make_request(head, body)
