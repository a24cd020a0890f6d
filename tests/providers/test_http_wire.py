"""The wire against real servers: what each failure proves, and what is never done."""

import gzip
import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconcile.providers.base import Lost, NotSent, Ticket, WireRequest, WireResponse, WireResult
from reconcile.providers.endpoint import Endpoint
from reconcile.providers.http import BODY_BYTES_MAX, HttpWire, WireOptions
from reconcile.providers.secrets import Secret
from reconcile.providers.toloka.credentials import authorization
from reconcile.redaction import Redactor
from tests.providers.servers import (
    Behaviour,
    Connection,
    Server,
    answering,
    dripping,
    ok,
    once,
    resetting,
    serving,
    silent,
)

CANARY = "canary-9f8e7d6c5b4a3210-token"
POST = WireRequest("POST", "/api/v1/user-bonuses?async_mode=true", b'[{"amount":1.50}]')
GET = WireRequest("GET", "/api/v1/requester")
TLS = Path(__file__).parent / "tls"


def open_fence() -> str:
    return ""


@contextmanager
def wire_to(
    port: int,
    *,
    host: str = "127.0.0.1",
    scheme: str = "http",
    slots: int = 1,
    timeout_s: float = 5,
    fence: Callable[[], str] = open_fence,
    boottime_ms: Callable[[], int] = lambda: 0,
    tls: Callable[[], ssl.SSLContext] | None = None,
    act_under: str = "",
    proxy_from_environment: bool = False,
) -> Iterator[HttpWire]:
    secret = Secret(CANARY)
    wire = HttpWire(
        WireOptions(
            endpoint=Endpoint(scheme, host, port),
            authorization=lambda: authorization(secret, environment="sandbox"),
            fence=fence,
            boottime_ms=boottime_ms,
            clean=Redactor([secret]).clean,
            slots=slots,
            timeout_s=timeout_s,
            act_under=act_under,
            proxy_from_environment=proxy_from_environment,
        ),
        tls,
    )
    try:
        yield wire
    finally:
        wire.close()


def one(wire: HttpWire, request: WireRequest = POST, number: int = 1) -> WireResult:
    wire.start(Ticket(number, request, fenced=request.method == "POST"))
    ((got, result),) = wire.wait(20)
    assert got == number
    return result


def ask(behaviour: Behaviour, request: WireRequest = POST, timeout_s: float = 5) -> tuple[WireResult, Server]:
    with serving(behaviour) as server, wire_to(server.port, timeout_s=timeout_s) as wire:
        return one(wire, request), server


# --- a good answer ---------------------------------------------------------------------------------------------------


def test_a_whole_answer_comes_back_with_the_headers_that_are_used() -> None:
    result, _ = ask(
        answering(ok(b'{"a":1}', b"Date: Sun, 22 Nov 2026 10:00:00 GMT", b"X-Other: 1", status=b"201 Created"))
    )
    assert result == WireResponse(201, {"date": "Sun, 22 Nov 2026 10:00:00 GMT"}, b'{"a":1}')


def test_the_request_on_the_wire_is_the_journaled_bytes_with_our_headers() -> None:
    _, server = ask(answering(ok()))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /api/v1/user-bonuses?async_mode=true HTTP/1.1"
    assert body == b'[{"amount":1.50}]'
    assert b"Authorization: OAuth " + CANARY.encode() in lines
    assert b"Accept-Encoding: identity" in lines
    assert b"User-Agent: bonusctl/0.1.0" in lines
    assert not any(line.lower().startswith((b"cookie", b"x-act-under")) for line in lines)


def test_an_answer_that_repeats_the_token_comes_back_without_it() -> None:
    """Gateways print a request's headers into their error pages. Every other byte stays as it came."""
    page = b"\xff<h1>no</h1> OAuth " + CANARY.encode() + b" \xc3\xa9"
    result, _ = ask(answering(ok(page, b"Location: /?" + CANARY.encode(), status=b"502 Bad Gateway")))
    assert result == WireResponse(502, {"location": "/?***"}, b"\xff<h1>no</h1> OAuth *** \xc3\xa9")


def test_another_account_is_acted_for_by_its_header() -> None:
    with serving(answering(ok())) as server, wire_to(server.port, act_under="566ec2b0") as wire:
        one(wire)
        assert b"X-Act-Under-Account-ID: 566ec2b0\r\n" in server.requests[0]


def test_one_connection_serves_many_requests() -> None:
    with serving(answering(ok())) as server, wire_to(server.port) as wire:
        for number in range(5):
            assert isinstance(one(wire, GET, number), WireResponse)
        assert server.connections == 1


def test_a_cookie_is_not_kept() -> None:
    with serving(answering(ok(b"{}", b"Set-Cookie: a=b"))) as server, wire_to(server.port) as wire:
        one(wire)
        one(wire)
        assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize("body", [b"", b"x" * 300_000])
def test_a_large_request_and_an_empty_answer_pass(body: bytes) -> None:
    result, server = ask(answering(ok(b"")), WireRequest("POST", "/x", body))
    assert result == WireResponse(200, {}, b"")
    assert server.requests[0].endswith(b"\r\n\r\n" + body)


def test_an_early_refusal_of_a_large_request_is_read() -> None:
    """The server answers before it has read the body, and closes."""

    def refuse(connection: Connection) -> None:
        connection.sock.recv(1)
        connection.send(ok(b"{}", b"Connection: close", status=b"413 Too Large"))
        while connection.sock.recv(1 << 20):
            pass

    result, _ = ask(refuse, WireRequest("POST", "/x", b"x" * 5_000_000))
    assert result == WireResponse(413, {}, b"{}")


# --- what failures prove ---------------------------------------------------------------------------------------------


def closing_at_once(connection: Connection) -> None:
    connection.request()


LOST: dict[str, Behaviour] = {
    "closed without an answer": closing_at_once,
    "reset": resetting,
    "half a head": once(b"HTTP/1.1 200 OK\r\nContent-"),
    "less than the length it promised": once(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{}"),
    "a chunk cut short": once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}"),
    "no HTTP": once(b"220 mail.example ESMTP\r\n"),
    "two lengths": once(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
    "a negative length": once(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"),
    "a head without end": once(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 30_000),
    "compressed": once(ok(gzip.compress(b"{}"), b"Content-Encoding: gzip")),
    "compressed bomb": once(ok(gzip.compress(bytes(30_000_000)), b"Content-Encoding: gzip")),
    "compressed by another name": once(ok(b"{}", b"Content-Encoding: br")),
}


@pytest.mark.parametrize("name", LOST)
def test_after_the_first_byte_every_failure_is_lost(name: str) -> None:
    """The request may have been executed: nothing but a complete answer says otherwise."""
    result, server = ask(LOST[name])
    assert isinstance(result, Lost), result
    assert len(server.requests) == 1, "never sent again"


DRIPPING: dict[str, Behaviour] = {
    "never answers": silent,
    "drips its head": dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "drips its body": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
    "drips chunks": dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "says continue for ever": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("name", DRIPPING)
def test_one_deadline_holds_for_the_whole_request(name: str) -> None:
    """A byte now and then does not buy a server more time."""
    result, _ = ask(DRIPPING[name], timeout_s=0.2)
    assert result == Lost("no complete answer within 0.2 s")


def test_a_body_without_end_is_cut_at_its_limit() -> None:
    def pour(connection: Connection) -> None:
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sock.sendall(b"100000\r\n" + b" " * 0x100000 + b"\r\n")

    result, _ = ask(pour)
    assert result == Lost(f"the answer is longer than {BODY_BYTES_MAX} bytes")


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with serving(answering(ok())) as other:
        where = f"Location: http://127.0.0.1:{other.port}/stolen".encode()
        for status in (b"301 Moved", b"302 Found", b"307 Temporary", b"308 Permanent"):
            result, server = ask(answering(ok(b"", where, status=status)))
            assert isinstance(result, WireResponse)
            assert result.status == int(status[:3])
            assert len(server.requests) == 1
        assert other.connections == 0


def test_a_refused_connection_sent_nothing() -> None:
    with serving(answering(ok())) as server:
        port = server.port
    with wire_to(port) as wire:
        result = one(wire)
    assert isinstance(result, NotSent)
    assert result.reason.startswith("no connection: ")


def test_a_name_that_stands_for_no_address_sent_nothing() -> None:
    with wire_to(443, host="no-such-host.invalid", scheme="https") as wire:
        assert isinstance(one(wire), NotSent)


def test_a_connection_that_the_server_closed_meanwhile_is_made_anew() -> None:
    with serving(once(ok())) as server, wire_to(server.port) as wire:
        assert isinstance(one(wire), WireResponse)
        assert server.closed.acquire(timeout=5)
        assert isinstance(one(wire), WireResponse)
        assert server.connections == 2


def test_an_answer_to_no_question_is_not_taken_for_the_next_ones() -> None:
    """Two answers to the first request: the second one's own request was never sent on that connection."""
    with serving(answering(ok(b"1") + ok(b"2"))) as server, wire_to(server.port) as wire:
        assert one(wire) == WireResponse(200, {}, b"1")
        second = one(wire)
        assert second == NotSent("the connection held an answer before anything was asked") or (
            second == WireResponse(200, {}, b"1") and server.connections == 2
        )


# --- TLS -------------------------------------------------------------------------------------------------------------


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "localhost.crt", TLS / "localhost.key")
    return context


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(TLS / "localhost.crt"))


def test_under_tls_everything_works_the_same() -> None:
    with (
        serving(answering(ok(b"{}")), server_tls()) as server,
        wire_to(server.port, host="localhost", scheme="https", tls=trusting) as wire,
    ):
        assert one(wire) == WireResponse(200, {}, b"{}")
        assert one(wire, WireRequest("POST", "/x", b"x" * 300_000)) == WireResponse(200, {}, b"{}")


def test_a_certificate_that_nobody_vouches_for_sent_nothing() -> None:
    """Default verification: the request stays here."""
    with (
        serving(answering(ok()), server_tls()) as server,
        wire_to(server.port, host="localhost", scheme="https") as wire,
    ):
        assert isinstance(one(wire), NotSent)
        assert server.requests == []


def test_a_certificate_for_another_name_sent_nothing() -> None:
    with (
        serving(answering(ok()), server_tls()) as server,
        wire_to(server.port, host="127.0.0.1", scheme="https", tls=trusting) as wire,
    ):
        assert isinstance(one(wire), NotSent)
        assert server.requests == []


def test_a_server_that_drips_its_handshake_sent_nothing() -> None:
    def drip(connection: Connection) -> None:
        while not connection.server.done.wait(0.02):
            connection.sock.sendall(b"\x16\x03\x03\x40\x00"[:1])

    with serving(drip) as server, wire_to(server.port, host="localhost", scheme="https", timeout_s=0.2) as wire:
        assert isinstance(one(wire), NotSent)


def test_plain_http_is_for_loopback_alone() -> None:
    with pytest.raises(AssertionError, match="loopback"), wire_to(80, host="toloka.dev"):
        pass


# --- the fence -------------------------------------------------------------------------------------------------------


def test_the_fence_is_asked_right_before_the_first_byte_of_a_payment() -> None:
    """At that moment the connection stands and the server has read nothing."""
    seen: list[tuple[int, int]] = []
    with serving(answering(ok())) as server:

        def fence() -> str:
            seen.append((server.connections, len(server.requests)))
            return ""

        with wire_to(server.port, fence=fence) as wire:
            one(wire)
            one(wire)
    assert [requests for _, requests in seen] == [0, 1]


def test_a_payment_that_the_fence_refuses_is_not_sent() -> None:
    with serving(answering(ok())) as server, wire_to(server.port, fence=lambda: "another run took over") as wire:
        assert one(wire) == NotSent("another run took over")
        assert server.requests == []


def test_a_question_is_not_asked_of_the_fence() -> None:
    with serving(answering(ok())) as server, wire_to(server.port, fence=lambda: "no") as wire:
        assert isinstance(one(wire, GET), WireResponse)


@pytest.mark.parametrize(("age_ms", "sent"), [(5_000, True), (5_001, False), (86_400_000, False)])
def test_a_payment_older_than_five_seconds_is_not_sent(age_ms: int, sent: bool) -> None:
    """A machine that slept between journal and wire wakes to another world."""
    times = iter([1_000, 1_000 + age_ms])
    with serving(answering(ok())) as server, wire_to(server.port, boottime_ms=lambda: next(times)) as wire:
        result = one(wire)
        assert isinstance(result, WireResponse if sent else NotSent)
        assert len(server.requests) == (1 if sent else 0)


def test_a_fence_that_breaks_keeps_the_payment_here() -> None:
    def broken() -> str:
        raise OSError("the state is gone")

    with serving(answering(ok())) as server, wire_to(server.port, fence=broken) as wire:
        assert one(wire) == NotSent("OSError: the state is gone")
        assert server.requests == []


# --- many at a time --------------------------------------------------------------------------------------------------


def test_every_ticket_comes_back_once_and_slots_work_side_by_side() -> None:
    """Eight requests meet at the server before any is answered."""
    together = threading.Barrier(8, timeout=10)

    def meet(connection: Connection) -> None:
        connection.request()
        together.wait()
        connection.send(ok(connection.server.requests[0][:0]))

    with serving(meet) as server, wire_to(server.port, slots=8) as wire:
        assert wire.slots == 8
        for number in range(8):
            wire.start(Ticket(number, POST, fenced=True))
        got: list[int] = []
        while len(got) < 8:
            got += [number for number, result in wire.wait(10) if isinstance(result, WireResponse)]
        assert sorted(got) == list(range(8))
        assert wire.wait(0) == []


def test_more_than_the_slots_is_a_bug_that_is_caught() -> None:
    with serving(silent) as server, wire_to(server.port, slots=1) as wire:
        wire.start(Ticket(1, POST, fenced=True))
        with pytest.raises(AssertionError, match="slot"):
            wire.start(Ticket(2, POST, fenced=True))


@pytest.mark.parametrize("target", ["//evil.example/x", "https://evil.example/x", "api/v1", "/ä"])
def test_a_target_that_could_lead_away_is_a_bug_that_is_caught(target: str) -> None:
    with wire_to(9) as wire, pytest.raises(AssertionError):
        wire.start(Ticket(1, WireRequest("GET", target), fenced=False))


def test_a_target_with_a_line_break_is_not_sent() -> None:
    with serving(answering(ok())) as server, wire_to(server.port) as wire:
        assert isinstance(one(wire, WireRequest("GET", "/x\r\nX-Evil: 1")), NotSent)
        assert server.requests == []


def test_close_abandons_what_is_in_flight_and_ends_its_threads() -> None:
    with serving(silent) as server:
        with wire_to(server.port, slots=2, timeout_s=60) as wire:
            wire.start(Ticket(1, POST, fenced=True))
            while not server.requests:
                time.sleep(0.005)
        wire.close()
        names = [thread.name for thread in threading.enumerate()]
        assert "bonusctl-wire" not in names


# --- proxies ---------------------------------------------------------------------------------------------------------


def tunnel(connection: Connection) -> None:
    """A proxy that speaks TLS for the endpoint itself: it shows what a tunnel would carry."""
    connection.request()
    connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    with server_tls().wrap_socket(connection.sock, server_side=True) as inner:
        answering(ok(b"{}"))(Connection(inner, connection.server))


def through(monkeypatch: pytest.MonkeyPatch, port: int) -> Callable[[], ssl.SSLContext]:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    def context() -> ssl.SSLContext:
        made = trusting()
        made.check_hostname = False
        return made

    return context


def test_a_proxy_of_the_environment_is_left_alone_unless_the_config_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tunnel) as proxy:
        through(monkeypatch, proxy.port)
        with wire_to(443, host="bonus.invalid", scheme="https") as wire:
            assert isinstance(one(wire), NotSent)
        assert proxy.connections == 0


def test_through_a_proxy_the_token_goes_to_the_endpoint_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tunnel) as proxy:
        tls = through(monkeypatch, proxy.port)
        with wire_to(443, host="bonus.invalid", scheme="https", proxy_from_environment=True, tls=tls) as wire:
            assert one(wire) == WireResponse(200, {}, b"{}")
        connect, request = proxy.requests
        assert connect.startswith(b"CONNECT bonus.invalid:443")
        assert CANARY.encode() not in connect
        assert CANARY.encode() in request


def test_through_a_proxy_the_fence_still_stands_before_the_payment(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tunnel) as proxy:
        tls = through(monkeypatch, proxy.port)
        with wire_to(
            443, host="bonus.invalid", scheme="https", proxy_from_environment=True, tls=tls, fence=lambda: "no"
        ) as wire:
            assert one(wire) == NotSent("no")
        assert len(proxy.requests) == 1


def test_a_proxy_that_refuses_the_tunnel_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(ok(status=b"403 Forbidden"))) as proxy:
        tls = through(monkeypatch, proxy.port)
        with wire_to(443, host="bonus.invalid", scheme="https", proxy_from_environment=True, tls=tls) as wire:
            assert isinstance(one(wire), NotSent)


# --- the canary ------------------------------------------------------------------------------------------------------


def echoing(connection: Connection) -> None:
    """Throws the whole request back as the head of its answer."""
    connection.send(connection.request())


@pytest.mark.parametrize("name", [*LOST, "echo"])
def test_on_no_way_of_failing_is_the_token_seen(
    name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither in results, nor in the libraries' own logs at their most talkative, nor on the terminal."""
    behaviour = echoing if name == "echo" else LOST[name]
    with caplog.at_level(logging.DEBUG):
        result, server = ask(behaviour)
    assert CANARY.encode() in server.requests[0]
    shown = capfd.readouterr()
    assert CANARY not in f"{result!r}{caplog.text}{shown.out}{shown.err}"
    assert all(CANARY not in repr(record.__dict__) for record in caplog.records)


def test_a_wire_does_not_show_its_token() -> None:
    with wire_to(9) as wire:
        assert CANARY not in f"{wire!r}{vars(wire)!r}"
