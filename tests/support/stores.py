"""Where a world keeps its state: in a file, as production does, or in memory where the disk is not the subject.

A state in memory outlives its runs. It is the production ledger over SQLite's own shared memory file, so that two
runs can hold it open at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Protocol
from uuid import UUID

from reconcile.state.backup import restore_state
from reconcile.state.codec import decode
from reconcile.state.connection import connect_writer, harden, make_durable
from reconcile.state.events import Event, StateCarried, StateCreated
from reconcile.state.lock import RunLock
from reconcile.state.sqlite import SqliteLedger, open_ledger, opened

LINEAGE = str(UUID(int=1))
_NAMES = count()


class Store(Protocol):
    """A state at rest, and the ways in which people mishandle one."""

    def open(self, lock: RunLock, at_ms: int) -> AbstractContextManager[SqliteLedger]:
        """The state for the run that holds `lock`; made where none is."""

    def lose(self) -> None:
        """The state is gone."""

    def events(self) -> list[Event]:
        """Its whole journal; empty where there is no state."""

    def put_back(self, events: Sequence[Event], *, carried: str, lock: RunLock, at_ms: int) -> None:
        """An older state takes its place: one that holds just these events. `carried`: `restored` or `imported` as
        the commands say it, "" for a file that was copied without a word.
        """

    def close(self) -> None:
        """The end of the world."""


class FileStore:
    """A state in a file, by the production code alone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, lock: RunLock, at_ms: int) -> AbstractContextManager[SqliteLedger]:
        return open_ledger(self.path, lock=lock, lineage=LINEAGE, at_ms=at_ms)

    def lose(self) -> None:
        self.path.unlink(missing_ok=True)

    def events(self) -> list[Event]:
        if not self.path.exists():
            return []
        with closing(sqlite3.connect(self.path)) as connection:
            return journal(connection)

    def put_back(self, events: Sequence[Event], *, carried: str, lock: RunLock, at_ms: int) -> None:
        backup = self.path.with_name("backup.db")
        backup.unlink(missing_ok=True)
        backup.touch(0o600)
        with closing(connect_writer(backup)) as connection:
            make_durable(connection, backup)
            opened(connection, backup, lock).commit(events)
        if carried:
            restore_state(backup, self.path, lock=lock, actor="test", reason="", at_ms=at_ms, network_allowed=True)
        else:
            backup.replace(self.path)

    def close(self) -> None:
        return


class MemoryStore:
    """A state in memory; `keeper` holds it while no run does."""

    def __init__(self) -> None:
        self.keeper: sqlite3.Connection | None = None
        self._name = ""

    @contextmanager
    def open(self, lock: RunLock, at_ms: int) -> Iterator[SqliteLedger]:
        fresh = self.keeper is None
        if fresh:
            self._begin()
        with closing(_connect(self._name)) as connection:
            checked = opened(connection, ":memory:", None)
            ledger = SqliteLedger(connection, ":memory:", lock, checked.head())
            if fresh:
                ledger.commit([StateCreated(lineage=LINEAGE, at_ms=at_ms)])
            yield ledger

    def lose(self) -> None:
        if self.keeper is not None:
            self.keeper.close()
            self.keeper = None

    def events(self) -> list[Event]:
        return [] if self.keeper is None else journal(self.keeper)

    def put_back(self, events: Sequence[Event], *, carried: str, lock: RunLock, at_ms: int) -> None:
        epoch = 0
        if self.keeper is not None:
            with self.open(lock, at_ms) as former:
                epoch = former.epoch
        self.lose()
        self._begin()
        with closing(_connect(self._name)) as connection:
            ledger = SqliteLedger(connection, ":memory:", lock, opened(connection, ":memory:", None).head())
            ledger.commit(events)
            if carried:
                # What `state restore` and `state import` write: the runs of both lives find themselves outdated.
                epoch = max(epoch, ledger.epoch) + 1
                ledger.commit([StateCarried(how=carried, reason="", actor="test", epoch=epoch, at_ms=at_ms)])

    def close(self) -> None:
        self.lose()

    def _begin(self) -> None:
        self._name = f"file:/state-{next(_NAMES)}?vfs=memdb"
        self.keeper = _connect(self._name)
        _tables().backup(self.keeper)


def journal(connection: sqlite3.Connection) -> list[Event]:
    """All events of a state, oldest first."""
    rows = connection.execute("SELECT kind, body, sequence FROM events ORDER BY sequence")
    return [decode(kind, body, sequence=sequence) for kind, body, sequence in rows]


def _connect(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, uri=True, isolation_level=None)
    harden(connection)
    return connection


@cache
def _tables() -> sqlite3.Connection:
    """An empty state: its tables are made once a process."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    harden(connection)
    opened(connection, ":memory:", None)
    return connection
