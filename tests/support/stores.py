"""Where a world keeps its state: in a file, as production does, or in memory where the disk is not the subject.

A state in memory outlives its runs. It is the production ledger over SQLite's own shared memory file, so that two
runs can hold it open at once. What a process would do for the file's sake is done once: tables are copied, connections
serve one run after the other, and pages that no disk holds are not looked through.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from reconcile.state.backup import restore_state
from reconcile.state.codec import decode
from reconcile.state.connection import connect_writer, harden, make_durable
from reconcile.state.events import Event, StateCarried, StateCreated
from reconcile.state.lock import RunLock
from reconcile.state.queries import Source
from reconcile.state.sqlite import SqliteLedger, _verified_head, open_ledger, opened

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
    """A state in memory; `keeper` holds it while no run does, `_idle` are connections that a run has left in order."""

    def __init__(self) -> None:
        self.keeper: sqlite3.Connection | None = None
        self._name = ""
        self._idle: list[sqlite3.Connection] = []

    @contextmanager
    def open(self, lock: RunLock, at_ms: int) -> Iterator[SqliteLedger]:
        fresh = self.keeper is None
        if fresh:
            self._begin()
        with self._connected() as connection:
            ledger = _ledger(connection, lock)
            if fresh:
                ledger.commit([StateCreated(lineage=LINEAGE, at_ms=at_ms)])
            yield ledger

    def lose(self) -> None:
        if self.keeper is not None:
            _SPARE.append((self._name, self.keeper, self._idle))
            self.keeper, self._idle = None, []

    def events(self) -> list[Event]:
        return [] if self.keeper is None else journal(self.keeper)

    def put_back(self, events: Sequence[Event], *, carried: str, lock: RunLock, at_ms: int) -> None:
        epoch = 0
        if self.keeper is not None:
            with self.open(lock, at_ms) as former:
                epoch = former.epoch
        self.lose()
        self._begin()
        with self._connected() as connection:
            ledger = _ledger(connection, lock)
            ledger.commit(events)
            if carried:
                # What `state restore` and `state import` write: the runs of both lives find themselves outdated.
                epoch = max(epoch, ledger.epoch) + 1
                ledger.commit([StateCarried(how=carried, reason="", actor="test", epoch=epoch, at_ms=at_ms)])

    def copy(self) -> bytes:
        """The whole state at rest, b"" where there is none."""
        return b"" if self.keeper is None else self.keeper.serialize()

    def content(self) -> tuple[object, ...]:
        """What makes two states the same: the chain's newest hash, which holds all events, and what is not folded from
        them. (The pages of equal states differ: SQLite counts its changes in them.)
        """
        if self.keeper is None:
            return ()
        head = self.keeper.execute("SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1").fetchall()
        return (*head, *self.keeper.execute("SELECT key, value FROM meta ORDER BY key").fetchall())

    def put(self, copied: bytes) -> None:
        """The state that `copy` returned."""
        self.lose()
        if copied:
            self._begin(copied)

    def close(self) -> None:
        self.lose()

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection for one run; one that died, or whose state is gone, leaves none behind."""
        name = self._name
        connection = self._idle.pop() if self._idle else _connect(name)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if name == self._name and self.keeper is not None:
            self._idle.append(connection)
        else:
            connection.close()

    def _begin(self, copied: bytes = b"") -> None:
        if _SPARE:
            self._name, self.keeper, self._idle = _SPARE.pop()
        else:
            self._name = f"file:/state-{next(_NAMES)}?vfs=memdb"
            self.keeper = _connect(self._name)
        if not copied:
            _tables().backup(self.keeper)
            return
        with closing(sqlite3.connect(":memory:")) as source:
            source.deserialize(copied)
            source.backup(self.keeper)


_SPARE: Final[list[tuple[str, sqlite3.Connection, list[sqlite3.Connection]]]] = []
"""Memory files whose worlds have ended, with their connections: the next world writes its own pages over them."""


def journal(connection: sqlite3.Connection) -> list[Event]:
    """All events of a state, oldest first."""
    rows = connection.execute("SELECT kind, body, sequence FROM events ORDER BY sequence")
    return [decode(kind, body, sequence=sequence) for kind, body, sequence in rows]


def _ledger(connection: sqlite3.Connection, lock: RunLock) -> SqliteLedger:
    """What a run opens: its journal's chain is verified as in a file."""
    return SqliteLedger(connection, ":memory:", lock, _verified_head(Source(connection, ":memory:")))


def _connect(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, uri=True, isolation_level=None, cached_statements=512)
    harden(connection)
    return connection


@cache
def _tables() -> sqlite3.Connection:
    """An empty state: its tables are made once a process."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    harden(connection)
    opened(connection, ":memory:", None)
    return connection
