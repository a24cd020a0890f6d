"""A proxy between the command and the emulator that cuts a request, or its answer, after any byte."""

import re
import socket
from collections.abc import Callable
from threading import Thread
from types import TracebackType
from typing import NamedTuple

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Cut(NamedTuple):
    """Where an exchange ends: after so many bytes of the request (None: it passes whole), or of the answer."""

    request: int | None = None
    answer: int | None = None


WHOLE = Cut()


class CuttingProxy:
    """Listens on a port of its own, passes to `upstream`. `decide` tells for each request, by its bytes, where it ends.

    `lengths` are the bytes of each exchange that passed whole: request, answer. Use it as a context manager.
    """

    def __init__(self, upstream: int, decide: Callable[[bytes], Cut]) -> None:
        self._upstream = upstream
        self.decide = decide
        self.lengths: list[tuple[int, int]] = []
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads: list[Thread] = []

    def __enter__(self) -> "CuttingProxy":
        self._accepting = Thread(target=self._accept)
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Waking a thread that waits in accept takes a connection; an empty one says nothing.
        with socket.create_connection(("127.0.0.1", self.port)):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = Thread(target=self._serve, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        """Exchanges on one connection, until one of them is cut or the client leaves."""
        with client, socket.create_connection(("127.0.0.1", self._upstream)) as server:
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while self._exchange(client, server):
                    pass
            except OSError:
                return

    def _exchange(self, client: socket.socket, server: socket.socket) -> bool:
        request = read_message(client)
        if not request:
            return False
        cut = self.decide(request)
        if cut.request is not None:
            self.cuts += 1
            server.sendall(request[: cut.request])
            return False
        server.sendall(request)
        answer = read_message(server)
        if cut.answer is not None:
            self.cuts += 1
            client.sendall(answer[: cut.answer])
            return False
        self.lengths.append((len(request), len(answer)))
        client.sendall(answer)
        return bool(answer)


def read_message(end: socket.socket) -> bytes:
    """One whole message with its body, b"" where the other side has left."""
    read = b""
    while b"\r\n\r\n" not in read:
        part = end.recv(65_536)
        if not part:
            return b""
        read += part
    head, _, body = read.partition(b"\r\n\r\n")
    found = LENGTH.search(head)
    missing = int(found[1]) - len(body) if found else 0
    while missing > 0:
        part = end.recv(65_536)
        if not part:
            return b""
        read += part
        missing -= len(part)
    return read
