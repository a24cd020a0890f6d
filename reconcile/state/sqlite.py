"""The state opened for writing: events are appended, folded and made durable in one transaction a commit."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from reconcile.errors import EventRefused, StateCorrupt, StateFenced, StateWriteFailed
from reconcile.state import chain, files, queries
from reconcile.state.chain import StoredEvent
from reconcile.state.checked import checked_ms, keep_checked
from reconcile.state.codec import decode_exactly, encode
from reconcile.state.connection import FORMAT, check_ours, connect_writer, damaged, harden, make_durable, translated
from reconcile.state.events import Event, RunStarted, StateCarried, StateCreated
from reconcile.state.kept_sums import SUMS, KeptSums, format_sums, read_kept
from reconcile.state.ledger import Head, Ledger
from reconcile.state.lock import RunLock
from reconcile.state.projection import DOUBTED, UNPROVED, VERIFIED, Projection
from reconcile.state.queries import Source
from reconcile.state.reader import SqliteReader

REPLAY_EVENTS: int = 200
REPLAY_CHARS: int = 4 * 1024 * 1024
"""So much of a journal is folded before the rows are written down: an event may hold a thousand payments."""
_APPEND = "INSERT INTO events (sequence, kind, body, hash) VALUES (?, ?, ?, ?)"
_KEEP = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


class SqliteLedger(SqliteReader, Ledger):
    """`Ledger` over SQLite. Opened by `open_ledger`; lives on one thread."""

    def __init__(self, connection: sqlite3.Connection, path: Path | str, lock: RunLock | None, head: Head) -> None:
        super().__init__(Source(connection, path))
        self._connection = connection
        self._path = path
        self._lock = lock
        self._head = head
        self._epoch = queries.epoch(self._source) if head.sequence else 0
        self._failed = ""
        self._projection: Projection | None = None
        self._sums: KeptSums | None = None
        # What this opening has verified is remembered with the first commit; what this run writes, by the next run.
        self._to_remember: Head | None = head

    @property
    def epoch(self) -> int:
        """The state's epoch as this run knows it."""
        return self._epoch

    @property
    def sound(self) -> bool:
        """Whether no write has failed."""
        return not self._failed

    def head(self) -> Head:
        """The newest event."""
        return self._head

    def commit(self, events: Sequence[Event]) -> None:
        """Make events durable in one transaction.

        Raises EventRefused if they contradict the state (nothing is written, the ledger stays usable), StateFenced if
        another run took over, StateWriteFailed if the write did not become durable; after the latter two every further
        commit is refused.
        """
        written = [encode(event) for event in events]
        with self._transaction():
            head, epoch = self._append(written)
        self._head, self._epoch = head, epoch

    def replay(self, events: Iterable[StoredEvent], last: Callable[[int], Event]) -> None:
        """Append events that another journal holds, as they lie there, then the one that `last` makes for the epoch
        reached: in one transaction and bounded memory.

        Each must be proved to follow (`chain.verified`). Raises as `commit` does, StateCorrupt for one that is no
        event of ours; whatever is raised, nothing is written.
        """
        with self._transaction():
            self._head, self._epoch = self._append_stored(events)
            self._head, self._epoch = self._append([encode(last(self._epoch))])

    def replay_unproved(self, events: Iterable[StoredEvent]) -> None:
        """As `replay`, without an event of our own: the journal becomes the very one that was read. That runs of another
        life may be under way is kept beside it, until a StateCarried closes every gate, or `prove` says otherwise.
        """
        with self._transaction():
            self._head, self._epoch = self._append_stored(events)
            self._keep_unproved(DOUBTED if self.doubted else "pulled")

    def doubt(self) -> None:
        """Runs that this journal does not hold may have sent something: the next run closes every gate."""
        with self._transaction():
            self._keep_unproved(DOUBTED)

    def prove(self) -> None:
        """Every run that could have sent something is in this journal: its gates are as it says."""
        with self._transaction():
            self._keep_unproved("")

    def next_ledger(self) -> int:
        """The number for the next AccountBound."""
        self._check_usable()
        number: int = self._source.row("SELECT coalesce(max(ledger), 0) + 1 FROM ledgers")[0]
        return number

    def next_operation(self) -> int:
        """The number for the next PreparedOperation."""
        self._check_usable()
        number: int = self._source.row("SELECT coalesce(max(operation), 0) + 1 FROM operations")[0]
        return number

    # --- one transaction ---------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """BEGIN IMMEDIATE to COMMIT. Anything but a refused event ends this ledger: after a failed write a retry lies."""
        self._check_usable()
        try:
            with translated(self._path, writing=True):
                self._connection.execute("BEGIN IMMEDIATE")
                self._check_fence()
                yield
                self._connection.execute("COMMIT")
                self._to_remember = None
        except EventRefused:
            self._roll_back()
            raise
        except BaseException as error:
            self._failed = str(error) or type(error).__name__
            self._roll_back()
            self._connection.close()
            raise

    def _roll_back(self) -> None:
        # What it has folded did not happen.
        self._projection = self._sums = None
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _check_usable(self) -> None:
        if self._failed:
            raise StateWriteFailed(
                f"The state {self._path} takes no more writes in this run: {self._failed}",
                detail="The journal holds everything up to the last successful write.",
                remedy="Mend the cause, then run `bonusctl apply` again: it begins by recovering.",
            )

    def _check_fence(self) -> None:
        """Inside the write lock: the lock file, the epoch and the head are still the ones that this run knows."""
        if self._lock is not None and not self._lock.still_held():
            raise _fenced(self._path, "its lock was taken over")
        epoch = queries.epoch(self._source) if self._head.sequence else 0
        if epoch != self._epoch:
            raise _fenced(self._path, f"epoch {epoch} has begun, this run is of epoch {self._epoch}")
        if queries.head(self._source) != self._head:
            raise _fenced(self._path, "its journal has grown meanwhile")

    def _append(self, written: Sequence[tuple[Event, str]]) -> tuple[Head, int]:
        projection, epoch = self._folding(), self._epoch
        sequence, previous, rows = self._head.sequence, bytes.fromhex(self._head.hash), []
        for event, body in written:
            sequence += 1
            previous = chain.link(previous, event.kind, body)
            rows.append((sequence, event.kind, body, previous))
            projection.apply(sequence, event)
            epoch = _epoch_after(event, epoch)
        self._connection.executemany(_APPEND, rows)
        self._write_down(projection, Head(sequence, previous.hex()))
        if self.unproved and any(isinstance(event, StateCarried) for event, _ in written):
            self._keep_unproved("")
        return Head(sequence, previous.hex()), epoch

    def _append_stored(self, events: Iterable[StoredEvent]) -> tuple[Head, int]:
        projection, head, epoch = self._folding(), self._head, self._epoch
        size = 0
        for count, stored in enumerate(events, 1):
            event = decode_exactly(stored.kind, stored.body, sequence=stored.sequence)
            self._connection.execute(_APPEND, stored)
            projection.apply(stored.sequence, event)
            head, epoch = Head(stored.sequence, stored.hash.hex()), _epoch_after(event, epoch)
            size += len(stored.body)
            if count % REPLAY_EVENTS == 0 or size >= REPLAY_CHARS:
                projection.flush()
                size = 0
        self._write_down(projection, head)
        return head, epoch

    def _known_sums(self) -> KeptSums:
        """What is kept of the rows' sums; counting begins anew where another program has written since."""
        kept = self._sums or read_kept(self._source)
        return kept if kept is not None and kept.head == self._head else KeptSums(self._head, self._head, {})

    def _folding(self) -> Projection:
        if self._projection is None:
            self._projection = Projection(self._connection)
        return self._projection

    def _keep_unproved(self, why: str) -> None:
        self._connection.execute(_KEEP, (UNPROVED, why))

    def _write_down(self, projection: Projection, head: Head) -> None:
        try:
            projection.flush()
        except sqlite3.IntegrityError as error:
            raise EventRefused(f"The events contradict the state's tables: {error}") from error
        self._sums = self._known_sums().moved(head, projection.take_changes())
        self._connection.execute(_KEEP, (SUMS, format_sums(self._sums)))
        if self._to_remember is not None and self._to_remember.sequence:
            self._connection.execute(_KEEP, (VERIFIED, chain.format_head(self._to_remember)))


def _epoch_after(event: Event, epoch: int) -> int:
    return event.epoch if isinstance(event, RunStarted | StateCarried) else epoch


def _fenced(path: Path | str, why: str) -> StateFenced:
    return StateFenced(
        f"Another run took over the state {path}: {why}",
        detail="This run was paused or unlocked. It writes and sends nothing more; what it had sent is in the journal.",
        remedy="bonusctl status",
    )


# --- opening ---------------------------------------------------------------------------------------------------------


@contextmanager
def open_ledger(
    path: Path, *, lock: RunLock, lineage: str, at_ms: int, network_allowed: bool = False
) -> Iterator[SqliteLedger]:
    """The state at `path` for the run that holds `lock`, made with `lineage` (a random UUID's text) where none is.

    `at_ms` is now, for a state that is made. The file's integrity and the journal's chain, from the point that an
    earlier run verified, are checked first. Raises StateError (and its kinds) with what to do.
    """
    with open_file(path, lock=lock, network_allowed=network_allowed, at_ms=at_ms) as ledger:
        if ledger.head().sequence == 0:
            ledger.commit([StateCreated(lineage=lineage, at_ms=at_ms)])
        yield ledger


@contextmanager
def open_memory(*, lineage: str, at_ms: int) -> Iterator[SqliteLedger]:
    """A state that lives in memory only: the same tables and rules, without a file or a lock."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        harden(connection)
        ledger = opened(connection, ":memory:", None)
        ledger.commit([StateCreated(lineage=lineage, at_ms=at_ms)])
        yield ledger


@contextmanager
def open_file(path: Path, *, lock: RunLock, network_allowed: bool, at_ms: int | None = None) -> Iterator[SqliteLedger]:
    """The ledger in a file, made without any event where none is: `open_ledger` or an import give it its first. `at_ms` is
    now; without it the file's pages are checked whatever is known of them.
    """
    if not network_allowed:
        files.refuse_network(path)
    found = files.exists(path)
    with translated(path, writing=True):
        if not found:
            with suppress(FileExistsError):
                files.create(path)
        files.keep_private(path)
        known_ms = None if at_ms is None else checked_ms(path, at_ms)
        connection = connect_writer(path)
    with closing(connection):
        ledger = opened(connection, path, lock, check=known_ms is None)
        yield ledger
    # A run that was cut off, or whose writes failed, leaves nothing that vouches for the file.
    if at_ms is not None and ledger.sound:
        keep_checked(path, at_ms if known_ms is None else known_ms)


def opened(
    connection: sqlite3.Connection, path: Path | str, lock: RunLock | None, *, check: bool = True
) -> SqliteLedger:
    """A ledger over a connection: tables made or checked, the file sound, the chain whole. Without a lock it lives in
    memory, where nothing is durable. `check` is False for a file whose pages were checked and that is the same since.
    """
    with translated(path, writing=True):
        ours = check_ours(connection, Path(path))
        if lock is not None:
            make_durable(connection, Path(path))
        if not ours or connection.execute("PRAGMA user_version").fetchone()[0] < FORMAT:
            # sqlite-utils takes longer to import than a plan of ten bonuses takes to make: only where tables are made.
            from reconcile.state.forming import form

            form(connection, path)
        report = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if check else "ok"
    if report != "ok":
        raise damaged(path, report)
    return SqliteLedger(connection, path, lock, _verified_head(Source(connection, path)))


def _verified_head(source: Source) -> Head:
    """The head, once the chain from the point that was verified before leads to it."""
    remembered = source.row("SELECT value FROM meta WHERE key = ?", VERIFIED)
    start = chain.parse_head(remembered[0]) if remembered else chain.NO_EVENTS
    if start is None:
        raise StateCorrupt(
            f"The state {source.path} does not say how far it was verified", remedy="bonusctl state verify"
        )
    if start.sequence and queries.event_hash(source, start.sequence) != start.hash:
        raise chain.broken(start.sequence, f"event {start.sequence} is not the one that an earlier run verified")
    if not start.sequence and source.row("SELECT 1 FROM meta") and not source.row("SELECT 1 FROM events"):
        raise chain.broken(1, "all events are gone")
    head = start
    for event in chain.verified(queries.stored_events(source, start.sequence), start):
        head = Head(event.sequence, event.hash.hex())
    return head
