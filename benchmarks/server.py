"""A server for payments, as fast as Python can be: just enough of Toloka's interface to pay against it.

It keeps what is paid in memory, answers every request after one fixed latency, parses a body only when its payments
are asked for, and has no faults: a yardstick's other end, the same for every client. Operations end as soon as they
are sent; the answer to their POST says RUNNING, as Toloka's does, so that a client has to look.

`python -m benchmarks.server [--latency-ms N] [--issued FILE]` prints its address and serves until it is stopped.
`--issued` is a JSONL file of bonuses in Toloka's form that were paid before, each beginning with its id, in their order.
`GET /stats` tells what was asked, `GET /reset` counts from now on.
"""

import argparse
import asyncio
import socket
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Final, cast
from urllib.parse import parse_qsl

from benchmarks.bank import Bank, Reply

REQUESTER: Final = b'{"id":"r1","public_name":{"EN":"bench"},"balance":100000000.0}'


def answer(bank: Bank, method: str, target: str, body: bytes) -> Reply:
    """The answer to a request."""
    path, _, text = target.partition("?")
    query = dict(parse_qsl(text))
    # Clients disagree on the prefix: /api/v1, /api/api/v1.
    parts = path.rpartition("/v1/")[2].split("/")
    match method, parts:
        case "POST", ["user-bonuses"]:
            return bank.post(query, body)
        case "GET", ["user-bonuses"]:
            return bank.bonuses(query)
        case "GET", ["user-bonuses", number]:
            return bank.bonus(number)
        case "GET", ["operations"]:
            return bank.operations(query)
        case "GET", ["operations", key]:
            return bank.operation(key, log=False)
        case "GET", ["operations", key, "log"]:
            return bank.operation(key, log=True)
        case "GET", ["requester"]:
            return Reply(200, REQUESTER)
        case "GET", ["", "stats"]:
            return bank.stats()
        case "GET", ["", "reset"]:
            return bank.reset()
        case _:
            return Reply(404, b'{"code":"DOES_NOT_EXIST","message":"There is no such page"}')


class Connection(asyncio.Protocol):
    """One client: a request at a time, each answered after the latency."""

    def __init__(self, bank: Bank, later: Callable[[Callable[[], None]], None]) -> None:
        self._bank, self._later = bank, later
        self._buffer = bytearray()
        self._needed = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._bank.connections += 1
        self._transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        self._buffer += data
        while len(self._buffer) >= self._needed and (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = content_length(self._buffer[:head])
            self._needed = head + 4 + length
            if len(self._buffer) < self._needed:
                return
            line = bytes(self._buffer[: self._buffer.find(b"\r\n")]).decode("ascii")
            body = bytes(self._buffer[head + 4 : self._needed])
            del self._buffer[: self._needed]
            self._needed = 0
            self._take(line, body)

    def _take(self, line: str, body: bytes) -> None:
        method, target, _ = line.split(" ")
        counted = "/v1/" in target
        self._bank.requests += counted
        status, text = answer(self._bank, method, target, body)
        raw = (
            f"HTTP/1.1 {status} OK\r\nDate: {formatdate(usegmt=True)}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(text)}\r\n\r\n"
        ).encode() + text
        self._later(lambda: self._send(raw, counted=counted))

    def _send(self, raw: bytes, *, counted: bool) -> None:
        if counted:
            self._bank.last_ns = time.monotonic_ns()
        if self._transport is not None:
            self._transport.write(raw)


def content_length(head: bytearray) -> int:
    """The length that a request's head tells, 0 where it tells none."""
    place = head.lower().find(b"\r\ncontent-length:")
    if place < 0:
        return 0
    end = head.find(b"\r\n", place + 2)
    return int(head[place + 17 : end if end >= 0 else len(head)])


async def serve(bank: Bank, latency_s: float) -> None:
    """Serve on a free port of the loopback until the process is ended."""
    loop = asyncio.get_running_loop()

    def later(send: Callable[[], None]) -> None:
        if latency_s:
            loop.call_later(latency_s, send)
        else:
            send()

    listener = await loop.create_server(lambda: Connection(bank, later), "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await listener.serve_forever()


def main() -> None:
    """The server's own process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency-ms", type=int, default=0)
    parser.add_argument("--issued", type=Path)
    given = parser.parse_args()
    issued = given.issued.read_text().splitlines() if given.issued else []
    asyncio.run(serve(Bank(issued), given.latency_ms / 1000))


if __name__ == "__main__":
    main()
