"""Real servers on loopback that behave badly on purpose. A behaviour gets the open connection of one request."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias


class Connection:
    """One accepted connection, and what was read from it."""

    def __init__(self, sock: socket.socket, server: "Server") -> None:
        self.sock = sock
        self.server = server

    def request(self) -> bytes:
        """Read one whole request (head, and a body by its Content-Length); b"" at the end of the connection."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.sock.recv(65536)
            if not part:
                return b""
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
        )
        while len(body) < length:
            part = self.sock.recv(65536)
            if not part:
                break
            body += part
        whole = head + b"\r\n\r\n" + body
        self.server.requests.append(whole)
        return whole

    def send(self, data: bytes) -> None:
        """Send bytes, whoever still listens."""
        try:
            self.sock.sendall(data)
        except OSError:
            return

    def reset(self) -> None:
        """End the connection with a reset instead of an orderly close."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.sock.close()


Behaviour: TypeAlias = Callable[[Connection], None]


class Server(socketserver.ThreadingTCPServer):
    """Runs one behaviour for every connection; remembers requests, and how many connections there were."""

    daemon_threads = True
    # Closing waits for its threads, so that no socket is left behind.
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None) -> None:
        self.behaviour = behaviour
        self.tls = tls
        self.requests: list[bytes] = []
        self.connections = 0
        self.closed = threading.Semaphore(0)
        self.done = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        server.connections += 1
        sock = self.request
        sock.settimeout(10)
        try:
            if server.tls is not None:
                sock = server.tls.wrap_socket(sock, server_side=True)
            server.behaviour(Connection(sock, server))
        except OSError:
            return
        finally:
            sock.close()
            server.closed.release()


@contextmanager
def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server for the time of a test."""
    with Server(behaviour, tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.done.set()
            server.shutdown()
            thread.join()


def ok(body: bytes = b"{}", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A whole answer."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def answering(answer: bytes) -> Behaviour:
    """Gives this answer to every request of a connection."""

    def behave(connection: Connection) -> None:
        while connection.request():
            connection.send(answer)

    return behave


def once(answer: bytes) -> Behaviour:
    """Gives these bytes to the first request, and closes."""

    def behave(connection: Connection) -> None:
        connection.request()
        connection.send(answer)

    return behave


def dripping(first: bytes, drop: bytes, pause_s: float = 0.02) -> Behaviour:
    """After `first`, sends `drop` again and again, with a pause, for as long as the test lasts."""

    def behave(connection: Connection) -> None:
        connection.request()
        connection.send(first)
        while not connection.server.done.wait(pause_s):
            connection.sock.sendall(drop)

    return behave


def silent(connection: Connection) -> None:
    """Reads the request and never answers."""
    connection.request()
    connection.server.done.wait()


def resetting(connection: Connection) -> None:
    """Reads the request and resets the connection."""
    connection.request()
    connection.reset()
