"""Servers that redirect, lie about lengths, drip, and send bombs: the run ends in words, bounded, and believes nothing."""

import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.providers.servers import Behaviour, Connection, answering, dripping, ok, once, serving
from tests.security.bounded import bounded
from tests.security.leaks import CANARY, leaked
from tests.security.relay import Altered, Heard, relaying
from tests.support.cli import project, write_specs
from tests.support.emulator import EmulatorProcess

CONFIG = """\
version: 1
providers:
  toloka: {{type: toloka, environment: sandbox, endpoint: "http://127.0.0.1:{port}", timeout: 1, concurrency: 1,
    operation_timeout: 1, settle_window: 900, fee_percent: 0}}
"""
ACCOUNT = b'{"id": "566ec2b0ff0deeaae5f9d500629de162", "balance": 100.0, "public_name": {"EN": "me"}}'


def chunked(part: bytes, times: int) -> Behaviour:
    """A body of so many parts, each with its own length, and no end to be known before."""

    def behave(connection: Connection) -> None:
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(times):
            connection.send(b"%x\r\n" % len(part) + part + b"\r\n")
        connection.send(b"0\r\n\r\n")

    return behave


LIARS: dict[str, Behaviour] = {
    "more than its length": once(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + ACCOUNT),
    "less than its length": once(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + ACCOUNT),
    "a length below zero": once(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + ACCOUNT),
    "two lengths": once(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 90\r\n\r\n" + ACCOUNT),
    "a length of a terabyte": once(b"HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n" + ACCOUNT),
    "a head without end": dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", pause_s=0.001),
    "a header line without end": dripping(b"HTTP/1.1 200 OK\r\nX-A: ", b"b" * 4096, pause_s=0.001),
    "a body by drops": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" ", pause_s=0.05),
    "a body of a gigabyte": chunked(b" " * 1_000_000, 1_000),
    "depth": answering(ok(b"[" * 8_000_000)),
    "compressed": answering(ok(gzip.compress(b" " * 200_000_000), b"Content-Encoding: gzip")),
    "a long number": answering(ok(b'{"id": "566ec2b0ff0deeaae5f9d500629de162", "balance": ' + b"9" * 3_000_000 + b"}")),
    "an exponent": answering(ok(b'{"id": "566ec2b0ff0deeaae5f9d500629de162", "balance": 1e999999999}')),
    "no HTTP at all": once(b"\x00\xff" * 1000),
    "an answer before the question": once(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" * 3),
}


def look(folder: Path, name: str) -> str:
    """`doctor` at this server; what went wrong in that, "" for nothing."""
    folder.mkdir()
    project(folder)
    with serving(LIARS[name]) as server:
        (folder / "bonusctl.yaml").write_text(CONFIG.format(port=server.port))
        ended = bounded(folder, "-v", "doctor", environ={"TOLOKA_TOKEN": CANARY})
        asked = server.requests
    wrong = {
        "it was not asked": not asked,
        "something else than a question was sent": any(not request.startswith(b"GET ") for request in asked),
        f"exit {ended.code}": ended.code not in (0, 1),
        "traceback": "Traceback" in ended.err,
        "crash": bool(list(folder.rglob("crash-*"))),
        "token": bool(leaked(ended.out + ended.err)),
    }
    return ", ".join(what for what, holds in wrong.items() if holds)


def test_no_lying_server_gets_more_than_words_out_of_a_command(tmp_path: Path) -> None:
    """Within 200 MB and 20 processor seconds, no token shown, nothing but questions sent. All at once: they drip."""
    with ThreadPoolExecutor(len(LIARS)) as pool:
        wrong = dict(
            zip(LIARS, pool.map(lambda pair: look(tmp_path / str(pair[0]), pair[1]), enumerate(LIARS)), strict=True)
        )
    assert wrong == dict.fromkeys(LIARS, "")


@pytest.mark.parametrize(
    ("status", "where"),
    [
        ("301 Moved Permanently", "//127.0.0.1:{port}/"),
        ("303 See Other", "http://localhost:{port}/api/v1/user-bonuses"),
        ("307 Temporary Redirect", "http://127.0.0.1:{port}/"),
        ("308 Permanent Redirect", "http://127.0.0.1:{port}/api/v1/user-bonuses"),
    ],
)
def test_a_redirect_of_a_payment_reaches_no_other_server(tmp_path: Path, status: str, where: str) -> None:
    """Neither the token nor the payment goes on. The payment is in doubt, asked about, and paid once."""
    project(tmp_path)
    write_specs(tmp_path, "{user_id: w1, amount: 1.00}")
    redirected: list[Heard] = []
    with (
        EmulatorProcess(tmp_path / "remote.db", {"run-ms": 0}) as emulator,
        serving(answering(ok(ACCOUNT))) as thief,
    ):
        location = where.format(port=thief.port).encode()

        def alter(heard: Heard, true: bytes) -> Altered | None:
            if not heard.is_payment or redirected:
                return None
            redirected.append(heard)
            return Altered(status, b"", (b"Location: " + location,))

        with relaying(emulator, alter) as server:
            (tmp_path / "bonusctl.yaml").write_text(CONFIG.format(port=server.port))
            ended = bounded(tmp_path, "apply", "--auto-approve", environ={"TOLOKA_TOKEN": CANARY})
        assert len(redirected) == 1
        assert (thief.connections, thief.requests) == (0, [])
        assert ended.code == 0, ended
        assert len(emulator.payments()) == 1


Bombing = Callable[[bytes], bytes]
PAYMENT_BOMBS: dict[str, Bombing] = {
    "depth": lambda true: b"[" * 100 + true + b"]" * 100,
    "twice": lambda true: true + true,
    "a doubled key": lambda true: true[:-1] + b', "id": "x"}',
    "cut": lambda true: true[:-1],
    "not a number": lambda true: true[:-1] + b', "x": NaN}',
    "sixteen megabytes": lambda true: true + b" " * (16 * 1024 * 1024 + 1),
    "another charset": lambda true: true.decode().encode("utf-16"),
    "a mark in front": lambda true: b"\xef\xbb\xbf" + true,
}


@pytest.mark.parametrize("name", PAYMENT_BOMBS)
def test_an_answer_that_cannot_be_read_whole_proves_nothing_and_the_payment_is_made_once(
    tmp_path: Path, name: str
) -> None:
    """The payment was made. Neither is it called rejected, nor made again."""
    project(tmp_path)
    write_specs(tmp_path, "{user_id: w1, amount: 1.00}")
    spoiled: list[Heard] = []

    def alter(heard: Heard, true: bytes) -> Altered | None:
        if not heard.is_payment or spoiled:
            return None
        spoiled.append(heard)
        return Altered(body=PAYMENT_BOMBS[name](true))

    with EmulatorProcess(tmp_path / "remote.db", {"run-ms": 0}) as emulator, relaying(emulator, alter) as server:
        (tmp_path / "bonusctl.yaml").write_text(CONFIG.format(port=server.port))
        command = ("apply", "--auto-approve", "--format", "json")
        ended = bounded(tmp_path, *command, environ={"TOLOKA_TOKEN": CANARY})
        assert len(spoiled) == 1
        assert ended.code == 0, ended
        assert ended.json()["summary"]["issued"] == 1
        assert [(row["user_id"], row["amount"]) for row in emulator.payments()] == [("w1", "1.00")]
