"""The emulator as an HTTP server: connections, bounds, and who may use the control API."""

import re
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.support.emulator import EmulatorProcess


@pytest.fixture
def wire(emulator: EmulatorProcess) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as connection:
        yield connection


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def read_answers(connection: socket.socket, count: int) -> bytes:
    received = b""
    while received.count(b"HTTP/1.1 ") < count or not received.endswith(b"}"):
        piece = connection.recv(65536)
        assert piece, received
        received += piece
    return received


HEALTH = b"GET /emulator/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def test_requests_that_come_together_are_answered_in_order(wire: socket.socket) -> None:
    wire.sendall(HEALTH + HEALTH.replace(b"health", b"nothing") + HEALTH)
    assert re.findall(rb"HTTP/1\.1 (\d+)", read_answers(wire, 3)) == [b"200", b"404", b"200"]


def test_a_request_that_comes_byte_by_byte_is_answered(wire: socket.socket) -> None:
    for byte in HEALTH:
        wire.sendall(bytes([byte]))
    assert read_answers(wire, 1).endswith(b'{"ok":true}')


def test_a_connection_is_closed_when_the_client_asks_for_it(wire: socket.socket) -> None:
    wire.sendall(HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert b"Connection: close" in read_all(wire)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"HELLO\r\n\r\n", b"400"),
        (b"GET http://elsewhere/ HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/2\r\n\r\n", b"400"),
        (b"GET /%ff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: 16777217\r\n\r\n", b"413"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000, b"431"),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_ends(wire: socket.socket, sent: bytes, status: bytes) -> None:
    wire.sendall(sent)
    try:
        assert read_all(wire).startswith(b"HTTP/1.1 " + status)
    except ConnectionResetError:
        # The rest of an overlong head was still on its way when the connection ended.
        assert status == b"431"


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it(wire: socket.socket) -> None:
    head = b"POST /emulator/options HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    wire.sendall(head + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert wire.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.sendall(b"{}")
    assert b"HTTP/1.1 200 OK" in read_answers(wire, 1)


@pytest.mark.parametrize("path", ["/", "/api/v1/requester", "/emulator/ledger"])
def test_a_name_on_the_web_that_leads_here_sees_nothing(emulator: EmulatorProcess, path: str) -> None:
    """A page elsewhere could have its own name resolve to this machine and read with the browser's help."""
    for host in ("evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example"):
        assert httpx.get(emulator.endpoint + path, headers={"Host": host}).status_code == 403
    for host in ("localhost", "localhost:80", "127.0.0.1", "[::1]:80"):
        assert httpx.get(emulator.endpoint + path, headers={"Host": host}).status_code == 200


def test_a_form_in_a_browser_cannot_use_the_control_api(emulator: EmulatorProcess) -> None:
    answer = httpx.post(f"{emulator.endpoint}/emulator/clock", content='{"advance_ms": 1}')
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("clock", {"advance_ms": -1}),
        ("clock", {"advance_ms": True}),
        ("balance", {"balance": "much"}),
        ("options", {"db": 1}),
        ("options", {"run_ms": "1"}),
        ("faults", {}),
        ("faults", []),
    ],
)
def test_a_control_that_makes_no_sense_is_refused(emulator: EmulatorProcess, name: str, body: object) -> None:
    answer = httpx.post(f"{emulator.endpoint}/emulator/{name}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


def test_the_date_of_an_answer_is_the_emulators_own(emulator: EmulatorProcess) -> None:
    def year() -> int:
        return int(httpx.get(f"{emulator.endpoint}/emulator/health").headers["Date"].split()[3])

    before = year()
    emulator.advance(366 * 86_400_000)
    assert year() == before + 1
