"""A server between the command and a real emulator that passes requests on and alters what it likes of the answers."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.providers.servers import Connection, Server, ok, serving
from tests.support.emulator import EmulatorProcess


class Heard(NamedTuple):
    """A request as the relay read it."""

    method: str
    target: str
    authorization: str
    body: bytes

    @property
    def is_payment(self) -> bool:
        """Whether it moves money."""
        return self.method == "POST" and self.target.startswith("/api/v1/user-bonuses")

    @property
    def is_list(self) -> bool:
        """Whether it reads the list of payments."""
        return self.method == "GET" and self.target.startswith("/api/v1/user-bonuses")


class Altered(NamedTuple):
    """An answer to give instead: raw bytes as they go out, or a status and a body."""

    status: str = "200 OK"
    body: bytes = b"{}"
    headers: tuple[bytes, ...] = ()


Alter = Callable[[Heard, bytes], Altered | None]
"""From a request and the true answer's body to what is answered instead; None: the true answer."""


@contextmanager
def relaying(emulator: EmulatorProcess, alter: Alter) -> Iterator[Server]:
    """The relay, for the time of a test."""
    lock = threading.Lock()

    def behave(connection: Connection) -> None:
        while whole := connection.request():
            head, _, body = whole.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ", 2)
            given = dict(line.split(": ", 1) for line in lines[1:])
            heard = Heard(method, target, given.get("Authorization", ""), body)
            with lock:
                status, answer = _pass_on(emulator.port, heard)
            altered = alter(heard, answer)
            if altered is None:
                connection.send(ok(answer, b"Content-Type: application/json", status=status))
            else:
                connection.send(ok(altered.body, *altered.headers, status=altered.status.encode()))

    with serving(behave) as server:
        yield server


def _pass_on(port: int, heard: Heard) -> tuple[bytes, bytes]:
    to = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Authorization": heard.authorization, "Content-Type": "application/json"}
        to.request(heard.method, heard.target, heard.body or None, headers)
        answer = to.getresponse()
        return f"{answer.status} {answer.reason}".encode(), answer.read()
    finally:
        to.close()
