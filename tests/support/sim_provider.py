"""The provider's end of a world: the emulator's own code on the world's clock, without a socket."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from functools import cache
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Final

from reconcile.emulator import fresh
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
        self._first_id = Options().first_id
        self._in_memory = path is None
        if path is None:
            self.connection = _SPARE.pop() if _SPARE else _empty(self._first_id)
        else:
            super().__init__(path, first_id=self._first_id)
            # Its disk is not the subject of these tests.
            self.connection.execute("PRAGMA synchronous = OFF")
        self._clock = clock
        self._offset_ms = super().clock_offset_ms()

    def now_ms(self) -> int:
        return self._clock.wall_ms + self._offset_ms

    def clock_offset_ms(self) -> int:
        return self._offset_ms

    def set_clock_offset(self, offset_ms: int) -> None:
        super().set_clock_offset(offset_ms)
        self._offset_ms = offset_ms

    def rows(self) -> Rows:
        """All that it holds: the rows of each table that has any. Nothing may be under way."""
        found = ((table, self.connection.execute(f"SELECT * FROM {table}").fetchall()) for table in _tables())
        return tuple((table, tuple(rows)) for table, rows in found if rows)

    def put(self, rows: Rows) -> None:
        """Hold what another held, in the place of everything."""
        _write(self.connection, rows)
        self._offset_ms = super().clock_offset_ms()

    def close(self) -> None:
        if self._in_memory:
            # Another world goes on with the connection, and with all the statements that SQLite has read for it.
            self.connection.rollback()
            _write(self.connection, _fresh())
            _SPARE.append(self.connection)
        else:
            super().close()


Rows = tuple[tuple[str, tuple[tuple[object, ...], ...]], ...]
_SPARE: Final[list[sqlite3.Connection]] = []


class _Empty(RemoteLedger):
    """The emulator's own tables, made by its own code."""

    def __init__(self, connection: sqlite3.Connection, first_id: int) -> None:
        self.connection = connection
        self._first_id = first_id
        self._prepare()


def _empty(first_id: int) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
    _Empty(connection, first_id)
    return connection


@cache
def _tables() -> tuple[str, ...]:
    with closing(_empty(Options().first_id)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return tuple(name for (name,) in found if not name.startswith("sqlite_"))


@cache
def _fresh() -> Rows:
    """What a ledger holds before anything happened."""
    with closing(_empty(Options().first_id)) as connection:
        found = ((table, tuple(connection.execute(f"SELECT * FROM {table}"))) for table in _tables())
        return tuple((table, rows) for table, rows in found if rows)


def _write(connection: sqlite3.Connection, rows: Rows) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for table in _tables():
        connection.execute(f"DELETE FROM {table}")
    for table, values in rows:
        marks = ", ".join("?" * len(values[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
    connection.execute("COMMIT")


def answer_request(running: Running, request: WireRequest, clock: SimClock) -> tuple[Answer, Orders]:
    """What the emulator's code makes of a request, with everything done that is due by now."""
    headers = {name.lower(): value for name, value in request.headers} or {"content-type": "application/json"}
    head = Head(request.method, request.target, headers, True, 0, len(request.body))
    # MTurk has one address; everything of Toloka's has a path.
    answer = answer_mturk if request.target == "/" else answer_api
    with _ids_of(clock), running.ledger.transaction(writes=True):
        run_due(running.ledger, running.options, running.ledger.now_ms())
        return answer(running, make_request(head, request.body), clock.boottime_ms())


@contextmanager
def _ids_of(clock: SimClock) -> Iterator[None]:
    """Ids that the moment alone decides: a history comes out the same twice, to every byte of its journal."""
    numbers = count()

    def draw(size: int) -> bytes:
        return sha256(f"{clock.boot_ms}/{next(numbers)}".encode()).digest()[:size]

    random, fresh.source = fresh.source, draw
    try:
        yield
    finally:
        fresh.source = random


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
