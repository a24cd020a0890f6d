"""The emulator at work: a loop that takes requests, answers all that are there in one transaction, and sends them off.

One thread does everything. Requests that arrive while a transaction is being made durable wait and share the next
one, so many clients cost few commits. An answer leaves only after its transaction is durable.
"""

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Final

from reconcile.emulator.api import answer_api
from reconcile.emulator.connection import Connection, Exchange
from reconcile.emulator.control import PREFIX as CONTROL
from reconcile.emulator.control import Running, control
from reconcile.emulator.delivery import Parcel, deliver, shorten
from reconcile.emulator.errors import Refusal
from reconcile.emulator.faults import FaultBook, FaultError
from reconcile.emulator.ledger import Ledger
from reconcile.emulator.messages import Answer, Request, plain_answer, render
from reconcile.emulator.mturk.api import answer_mturk
from reconcile.emulator.options import OptionError, Options, parse_options
from reconcile.emulator.orders import Delivery, Orders
from reconcile.emulator.page import page
from reconcile.emulator.sends import run_due

TICK_S: Final = 0.1

_log = logging.getLogger("reconcile.emulator")


def serve(options: Options, announce: Callable[[str], None]) -> None:
    """Run an emulator until SIGINT or SIGTERM. `announce` gets its endpoint once it answers.

    Raises OSError if the address or the ledger's file can't be had, or the file is no ledger.
    """
    try:
        asyncio.run(_serve(options, announce))
    except sqlite3.Error as error:
        raise OSError(f"{options.db}: {error}") from error


def main() -> int:
    """The command of the process itself: options from its arguments, its endpoint on stdout, trouble on stderr."""
    try:
        serve(parse_options(sys.argv[1:], dict(os.environ)), _announce)
    except (OptionError, FaultError, OSError) as exc:
        sys.stderr.write(f"emulator: {exc}\n")
        return 1
    return 0


def _announce(endpoint: str) -> None:
    # One line, at once: whoever started this process waits for it.
    sys.stdout.write(f"listening on {endpoint}\n")
    sys.stdout.flush()


async def _serve(options: Options, announce: Callable[[str], None]) -> None:
    ledger = Ledger(options.db, first_id=options.first_id)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    server = Server(Running(ledger=ledger, options=options, book=FaultBook(options.faults)), loop)
    try:
        listener = await loop.create_server(server.connect, options.host, options.port, backlog=512)
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError):  # not the main thread: whoever runs it has its own way to stop
                loop.add_signal_handler(number, stopped.set)
        if options.stop_with_stdin:
            loop.add_reader(sys.stdin.fileno(), _watch_stdin, stopped)
        announce(_endpoint(listener))
        server.tick()
        await stopped.wait()
        listener.close()
        server.stop()
    finally:
        ledger.close()


def _watch_stdin(stopped: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stopped.set()


def _endpoint(listener: asyncio.Server) -> str:
    host, port = listener.sockets[0].getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server:
    """Takes exchanges, answers them in batches, delivers the answers."""

    def __init__(self, running: Running, loop: asyncio.AbstractEventLoop) -> None:
        self._running = running
        self._loop = loop
        self._waiting: list[Exchange] = []
        self._connections: set[Connection] = set()
        self._date = (0, "")
        self._timer: asyncio.TimerHandle | None = None

    def connect(self) -> Connection:
        """A handler for a new connection."""
        return Connection(self._accept, self._refuse, self._connections)

    def tick(self) -> None:
        """Do what is due, now and from time to time."""
        self._answer_all([])
        self._timer = self._loop.call_later(TICK_S, self.tick)

    def stop(self) -> None:
        """Carry out what has arrived and let the connections go."""
        if self._timer:
            self._timer.cancel()
        self._work()
        for connection in tuple(self._connections):
            if connection.transport:
                connection.transport.close()

    def _accept(self, exchange: Exchange) -> None:
        self._waiting.append(exchange)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._work)

    def _refuse(self, connection: Connection, status: int) -> None:
        if connection.transport:
            raw = render(plain_answer(status, "not a request"), date=self._date_text(), keep_alive=False)
            connection.transport.write(raw)
            connection.transport.close()

    def _work(self) -> None:
        batch, self._waiting = self._waiting, []
        if batch:
            for exchange, (answer, orders) in zip(batch, self._answer_all(batch), strict=True):
                self._send_off(exchange, answer, orders)

    def _answer_all(self, batch: list[Exchange]) -> list[tuple[Answer, Orders]]:
        try:
            return self._answer_in_one_transaction(batch)
        except Exception:  # noqa: BLE001 (the transaction is gone with all that the batch did; each client hears so)
            _log.exception("the ledger could not be written")
            refusal = Refusal(503, "REMOTE_SERVICE_UNAVAILABLE", "The ledger could not be written")
            return [(refusal.answer(), Orders()) for _ in batch]

    def _answer_in_one_transaction(self, batch: list[Exchange]) -> list[tuple[Answer, Orders]]:
        ledger = self._running.ledger
        due = ledger.next_due_ms()
        is_due = due is not None and due <= ledger.now_ms()
        writes = is_due or any(exchange.request.method == "POST" for exchange in batch)
        if not batch and not is_due:
            return []
        with ledger.transaction(writes=writes):
            if writes:
                self._do_due()
            answers = [self._answer(exchange) for exchange in batch]
            if writes and any(exchange.request.path.startswith(CONTROL) for exchange in batch):
                self._do_due()  # the clock may have moved
        return answers

    def _do_due(self) -> None:
        ledger = self._running.ledger
        run_due(ledger, self._running.options, ledger.now_ms())

    def _answer(self, exchange: Exchange) -> tuple[Answer, Orders]:
        try:
            return self._route(exchange.request, local=exchange.connection.from_loopback)
        except Refusal as refusal:
            return refusal.answer(), Orders()
        except sqlite3.Error:
            raise
        except Exception:  # noqa: BLE001 (a mistake in one answer must not take back the others of its batch)
            _log.exception("no answer to %s %s", exchange.request.method, exchange.request.path)
            return Refusal(500, "INTERNAL_ERROR", "The emulator made a mistake; its log says which").answer(), Orders()

    def _route(self, request: Request, *, local: bool) -> tuple[Answer, Orders]:
        running = self._running
        if local and not _is_loopback(request.headers.get("host", "")):
            # A name on the web that leads to this machine: some page tries to look in.
            return plain_answer(403, "this host is not served here"), Orders()
        if request.path.startswith(CONTROL):
            if not local:
                return plain_answer(403, "loopback only"), Orders()
            with running.ledger.all_or_nothing():
                return control(running, request), Orders()
        if request.path == "/" and request.method == "GET":
            return page(running.ledger, running.options), Orders()
        answer = answer_mturk if request.path == "/" and request.method == "POST" else answer_api
        return answer(running, request, time.monotonic_ns() // 1_000_000)

    def _send_off(self, exchange: Exchange, answer: Answer, orders: Orders) -> None:
        if orders.delay_ms:
            self._loop.call_later(orders.delay_ms / 1000, self._send_now, exchange, answer, orders)
        else:
            self._send_now(exchange, answer, orders)

    def _send_now(self, exchange: Exchange, answer: Answer, orders: Orders) -> None:
        transport = exchange.connection.transport
        if transport is None or transport.is_closing():
            return
        if orders.delivery is Delivery.SHORTEN:
            answer = shorten(answer)
        keep_alive = exchange.request.keep_alive
        raw = render(answer, date=self._date_text(), keep_alive=keep_alive)
        parcel = Parcel(
            raw=raw,
            head_bytes=len(raw) - len(answer.body),
            delivery=orders.delivery,
            drip_ms=orders.drip_ms,
            keep_alive=keep_alive,
        )
        deliver(transport, parcel, exchange.connection.ready_for_next)

    def _date_text(self) -> str:
        second = self._running.ledger.now_ms() // 1000
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]


def _is_loopback(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
