"""The provider's end of a world: the emulator's own code on the world's clock, without a socket."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from reconcile.emulator.api import answer_api
from reconcile.emulator.control import Running
from reconcile.emulator.ledger import Ledger as RemoteLedger
from reconcile.emulator.messages import Answer, Head, make_request
from reconcile.emulator.mturk.api import answer_mturk
from reconcile.emulator.options import Options
from reconcile.emulator.orders import Delivery, Orders
from reconcile.emulator.sends import run_due
from reconcile.providers.base import Lost, WireRequest, WireResponse, WireResult

START_MS = 1_700_000_000_000
HANG_MS = 30_000


@dataclass(slots=True)
class SimClock:
    """Wall clock and boot-time clock that move together unless a test moves one of them. `skew_ms`: how far this
    machine's wall clock is ahead of the provider's.
    """

    wall_ms: int = START_MS
    boot_ms: int = 1_000_000
    boot: str = "boot-1"
    skew_ms: int = 0

    def now_ms(self) -> int:
        return self.wall_ms + self.skew_ms

    def boottime_ms(self) -> int:
        return self.boot_ms

    def boot_id(self) -> str:
        return self.boot

    def advance(self, milliseconds: int) -> None:
        self.wall_ms += milliseconds
        self.boot_ms += milliseconds


class Server(RemoteLedger):
    """The emulator's ledger, on the world's clock; in memory where `path` is None."""

    def __init__(self, path: Path | None, clock: SimClock) -> None:
        if path is None:
            self.connection = sqlite3.connect(":memory:", isolation_level=None)
            self._first_id = Options().first_id
            self._prepare()
        else:
            super().__init__(path, first_id=Options().first_id)
        # Its disk is not the subject of these tests.
        self.connection.execute("PRAGMA synchronous = OFF")
        self._clock = clock

    def now_ms(self) -> int:
        return self._clock.wall_ms + self.clock_offset_ms()


def answer_request(running: Running, request: WireRequest, clock: SimClock) -> tuple[Answer, Orders]:
    """What the emulator's code makes of a request, with everything done that is due by now."""
    headers = {name.lower(): value for name, value in request.headers} or {"content-type": "application/json"}
    head = Head(request.method, request.target, headers, True, 0, len(request.body))
    # MTurk has one address; everything of Toloka's has a path.
    answer = answer_mturk if request.target == "/" else answer_api
    with running.ledger.transaction(writes=True):
        run_due(running.ledger, running.options, running.ledger.now_ms())
        return answer(running, make_request(head, request.body), clock.boottime_ms())


def travelling(answer: Answer, orders: Orders, now_ms: int) -> tuple[WireResult, int]:
    """What of an answer arrives, and after how many milliseconds."""
    if orders.delivery is Delivery.HANG:
        return Lost("time-out"), orders.delay_ms + HANG_MS
    if orders.delivery in (Delivery.CLOSE, Delivery.RESET, Delivery.TRUNCATE):
        return Lost("connection closed"), orders.delay_ms
    body = answer.body[: len(answer.body) // 2] if orders.delivery is Delivery.SHORTEN else answer.body
    headers = {"content-type": answer.content_type} | {name.lower(): value for name, value in answer.headers}
    headers["date"] = http_date(now_ms)
    return WireResponse(answer.status, headers, body), orders.delay_ms


def http_date(at_ms: int) -> str:
    """An HTTP Date, whole seconds."""
    return formatdate(at_ms / 1000, usegmt=True)
