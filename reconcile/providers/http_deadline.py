"""One connection's bytes, under one deadline: the lowest layer of `reconcile.providers.http`.

httpx's time-outs are for each read, so a server that drips one byte a second never meets them. Here every connect,
read and write gets what is left of the request's one deadline. A request's bytes are held back until the first read
and go out in one piece; right before, the exchange is asked whether they still may. So it is a fact, not a guess,
whether anything of a request left this host.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import httpcore

from reconcile.providers.endpoint import Endpoint, is_loopback

# One piece is one TLS record: each gets what is left of the deadline anew.
_PIECE: Final = 16_384


class Dropped(Exception):
    """The request was not sent: nothing of it left this host. `str()` says why."""


class OutOfTime(Exception):
    """The request's deadline has passed."""


class Exchange:
    """One request under way: its deadline (`time.monotonic` seconds), and whether its first byte was handed out.

    `may_send` returns "" or why the request must be dropped.
    """

    __slots__ = ("_deadline_s", "_may_send", "sent")

    def __init__(self, *, timeout_s: float, may_send: Callable[[], str]) -> None:
        self._deadline_s = time.monotonic() + timeout_s
        self._may_send = may_send
        self.sent = False

    def left_s(self) -> float:
        """Seconds that are left. Raises OutOfTime."""
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise OutOfTime
        return left_s

    def begin_sending(self) -> None:
        """Called right before the first byte. Raises Dropped or OutOfTime, then nothing is sent."""
        if self.sent:
            return
        self.left_s()
        refusal = self._may_send()
        if refusal:
            raise Dropped(refusal)
        self.sent = True


class Line(httpcore.NetworkBackend):
    """Makes connections to one endpoint for one worker. `exchange` is the request that is under way on it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.exchange = Exchange(timeout_s=0, may_send=lambda: "no request is under way")
        self._inner = httpcore.SyncBackend()
        self._stream: Stream | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> "Stream":
        """A connection to the first address of `host` that answers. Raises httpcore's errors, or OutOfTime."""
        del timeout
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses(host, port):
            try:
                inner = self._inner.connect_tcp(address, port, self.exchange.left_s(), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
            else:
                self._stream = Stream(self, inner, carries_requests=self.endpoint.scheme == "http")
                return self._stream
        raise failure

    def hang_up(self) -> None:
        """End the connection from another thread: whoever waits on it wakes with an error."""
        stream = self._stream
        if stream is not None:
            stream.shut_down()

    def note_stream(self, stream: "Stream") -> None:
        """`stream` took the place of the one it wraps (TLS)."""
        self._stream = stream

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as exc:
            raise httpcore.ConnectError(str(exc)) from None
        addresses = [str(entry[4][0]) for entry in found]
        # `localhost` is a name: what it stands for decides.
        if self.endpoint.scheme == "http" and not all(map(is_loopback, addresses)):
            raise httpcore.ConnectError("plain http is for loopback addresses only")
        return addresses


class Stream(httpcore.NetworkStream):
    """A connection whose writes wait for the next read. `carries_requests`: not a proxy's outer layer."""

    def __init__(self, line: Line, inner: httpcore.NetworkStream, *, carries_requests: bool) -> None:
        self._line = line
        self._inner = inner
        self._carries_requests = carries_requests
        self._pending = bytearray()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Send what is pending, then read."""
        del timeout
        self._flush()
        return self._inner.read(max_bytes, self._line.exchange.left_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Hold `buffer` back until the next read."""
        del timeout
        self._pending += buffer

    def close(self) -> None:
        """Close; what is pending is never sent."""
        self._pending.clear()
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "Stream":
        """The same connection under TLS. The layer that is for the endpoint's own name carries requests."""
        del timeout
        assert not self._pending
        inner = self._inner.start_tls(ssl_context, server_hostname, self._line.exchange.left_s())
        stream = Stream(self._line, inner, carries_requests=server_hostname == self._line.endpoint.host)
        self._line.note_stream(stream)
        return stream

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a connection: its socket, whether something can be read."""
        return self._inner.get_extra_info(info)

    def shut_down(self) -> None:
        """Wake whoever waits on the socket."""
        raw = self._inner.get_extra_info("socket")
        try:
            # The plain socket's own method: SSLSocket's would pull the TLS layer away under the waiting thread.
            socket.socket.shutdown(raw, socket.SHUT_RDWR)
        except OSError:
            return

    def _flush(self) -> None:
        if not self._pending:
            return
        piece = memoryview(bytes(self._pending))
        self._pending.clear()
        if self._carries_requests:
            self._line.exchange.begin_sending()
        try:
            while piece:
                self._inner.write(piece[:_PIECE].tobytes(), self._line.exchange.left_s())
                piece = piece[_PIECE:]
        except httpcore.WriteError:
            # A server may refuse early and close: its answer, if it sent one, is still to be read.
            return
