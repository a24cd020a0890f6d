"""The emulator's durable ledger: one SQLite file that several emulators may share.

Every decision is taken inside a transaction that holds the write lock, so that two processes never both find an
operation unknown or a balance sufficient. A kill loses nothing that was answered.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from reconcile.emulator.orders import Mischief
from reconcile.emulator.schema import SINCE, VERSION
from reconcile.money import EXACT, ZERO

BUSY_MS: Final = 60_000
_WAL_TRIES: Final = 100


class OpenOperation(NamedTuple):
    """An operation that has not been carried out: `body` is the JSON list of its items."""

    account: str
    operation: str
    finish_ms: int
    skip_invalid: bool
    body: str
    mischief: Mischief


class LateRequest(NamedTuple):
    """A request whose connection died before it was carried out. `query` and `body` as they came."""

    account: str
    query: tuple[tuple[str, str], ...]
    body: str


class Payment(NamedTuple):
    """A bonus as it is written. `body` is its JSON as lists show it."""

    id: int
    account: str
    operation: str
    position: int
    user_id: str
    assignment_id: str
    private_comment: str
    amount: Decimal
    created_ms: int
    body: str


class Ledger:
    """An open ledger. Only `transaction` begins and ends transactions; every other method belongs inside one."""

    def __init__(self, path: Path, *, first_id: int) -> None:
        # Made 0600 before SQLite sees it: its side files take their mode from it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000)
        self._first_id = first_id
        try:
            self._prepare()
        except BaseException:
            self.connection.close()
            raise

    def close(self) -> None:
        """End; a clean end leaves one file."""
        self.connection.close()

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[None]:
        """One durable transaction. With `writes` it holds the write lock from its first moment."""
        self.connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.rollback()  # also after a commit that failed; nothing to do if SQLite did it already
            raise

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """A part of a transaction that leaves no trace if it raises."""
        self.connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO part")
            self.connection.execute("RELEASE part")
            raise
        self.connection.execute("RELEASE part")

    # --- time, accounts, quota -------------------------------------------------------------------------------------

    def now_ms(self) -> int:
        """The emulator's clock: the machine's, moved by the offset that was asked for."""
        return time.time_ns() // 1_000_000 + self.clock_offset_ms()

    def clock_offset_ms(self) -> int:
        """How far the emulator's clock is ahead of the machine's."""
        row = self.connection.execute("SELECT value FROM meta WHERE name = 'clock_offset_ms'").fetchone()
        return int(row[0]) if row else 0

    def set_clock_offset(self, offset_ms: int) -> None:
        """Move the emulator's clock, for every process on this ledger."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES ('clock_offset_ms', ?)", (str(offset_ms),))

    def balance(self, account: str, initial: Decimal) -> Decimal:
        """An account's balance; `initial` if it has none yet."""
        row = self.connection.execute("SELECT balance FROM accounts WHERE account = ?", (account,)).fetchone()
        return Decimal(row[0]) if row else initial

    def set_balance(self, account: str, balance: Decimal) -> None:
        """Write an account's balance."""
        self.connection.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?)", (account, f"{balance:f}"))

    def count_request(self, account: str, day: int) -> int:
        """Count one bonus request of a UTC day (days since 1970); how many there were with it."""
        row = self.connection.execute(
            "INSERT INTO quota VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET requests = requests + 1 RETURNING requests",
            (account, day),
        ).fetchone()
        return int(row[0])

    # --- operations ------------------------------------------------------------------------------------------------

    def meet_operation(self, account: str, operation: str) -> bool:
        """Whether an operation is known already; if so, one more request came with its id."""
        cursor = self.connection.execute(
            "UPDATE operations SET posts = posts + 1 WHERE account = ? AND operation = ?", (account, operation)
        )
        return cursor.rowcount > 0

    def add_operation(self, entry: OpenOperation, *, submitted_ms: int, start_ms: int) -> None:
        """Write a new operation, not carried out yet."""
        self.connection.execute(
            "INSERT INTO operations VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 0, '', '{}')",
            (
                entry.account,
                entry.operation,
                submitted_ms,
                start_ms,
                entry.finish_ms,
                int(entry.skip_invalid),
                entry.body,
                json.dumps(entry.mischief._asdict()),
            ),
        )

    def next_due_ms(self) -> int | None:
        """When the next open operation or late request is due; None if nothing is."""
        row = self.connection.execute(
            "SELECT min(due) FROM (SELECT min(start_ms) due FROM operations WHERE done = 0"
            " UNION ALL SELECT min(due_ms) FROM late UNION ALL SELECT min(due_ms) FROM mturk_late)"
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def due_operations(self, now_ms: int) -> list[OpenOperation]:
        """Operations whose time to be carried out has come, in the order of their time."""
        rows = self.connection.execute(
            "SELECT account, operation, finish_ms, skip_invalid, body, mischief FROM operations"
            " WHERE done = 0 AND start_ms <= ? ORDER BY start_ms, rowid LIMIT 1000",
            (now_ms,),
        ).fetchall()
        return [
            OpenOperation(account, operation, finish_ms, bool(skip), body, _mischief(mischief))
            for account, operation, finish_ms, skip, body, mischief in rows
        ]

    def finish_operation(
        self, entry: OpenOperation, *, finish_ms: int, result: str, counts: dict[str, int], log: list[str]
    ) -> None:
        """Write what became of an operation: `result` SUCCESS or FAIL, its counts and the lines of its log."""
        self.connection.execute(
            "UPDATE operations SET done = 1, finish_ms = ?, result = ?, counts = ?, body = ''"
            " WHERE account = ? AND operation = ? AND done = 0",
            (finish_ms, result, json.dumps(counts), entry.account, entry.operation),
        )
        self.connection.executemany(
            "INSERT INTO log VALUES (?, ?, ?, ?)",
            [(entry.account, entry.operation, number, line) for number, line in enumerate(log)],
        )

    def add_late(self, request: LateRequest, due_ms: int) -> None:
        """Keep a request for later."""
        self.connection.execute(
            "INSERT INTO late (due_ms, account, query, body) VALUES (?, ?, ?, ?)",
            (due_ms, request.account, json.dumps(request.query), request.body),
        )

    def take_late(self, now_ms: int) -> list[LateRequest]:
        """Requests whose time has come. They are gone from the ledger."""
        rows = self.connection.execute(
            "DELETE FROM late WHERE due_ms <= ? RETURNING due_ms, late, account, query, body", (now_ms,)
        ).fetchall()
        return [
            LateRequest(account, tuple((name, value) for name, value in json.loads(query)), body)
            for _, _, account, query, body in sorted(rows)
        ]

    # --- payments --------------------------------------------------------------------------------------------------

    def next_id(self) -> int:
        """The id of the next bonus: ids rise, with gaps."""
        row = self.connection.execute("SELECT max(id) FROM bonuses").fetchone()
        return self._first_id if row[0] is None else int(row[0]) + 1 + int(row[0]) * 7 % 5

    def add_payment(self, payment: Payment, campaign: str) -> None:
        """Write a bonus and add it to the sums."""
        amount = f"{payment.amount:f}"
        self.connection.execute(
            "INSERT INTO bonuses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            payment._replace(amount=amount),  # type: ignore[arg-type]
        )
        for kind, name in (("all", ""), ("campaign", campaign), ("recipient", payment.user_id)):
            self._add_total(payment.account, kind, name, payment.amount)

    def _add_total(self, account: str, kind: str, name: str, amount: Decimal) -> None:
        row = self.connection.execute(
            "SELECT payments, amount FROM totals WHERE account = ? AND kind = ? AND name = ?", (account, kind, name)
        ).fetchone()
        payments, before = (int(row[0]), Decimal(row[1])) if row else (0, ZERO)
        self.connection.execute(
            "INSERT OR REPLACE INTO totals VALUES (?, ?, ?, ?, ?)",
            (account, kind, name, payments + 1, f"{EXACT.add(before, amount):f}"),
        )

    # --- opening ---------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        self._use_wal()
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF"):
            self.connection.execute(f"PRAGMA {pragma}")
        with self.transaction(writes=True):
            version = int(self.connection.execute("PRAGMA user_version").fetchone()[0])
            if version != VERSION and version not in SINCE:
                raise sqlite3.DatabaseError(f"the ledger has format {version}, this emulator knows {VERSION}")
            for statement in SINCE.get(version, ()):
                self.connection.execute(statement)
            self.connection.execute(f"PRAGMA user_version = {VERSION}")

    def _use_wal(self) -> None:
        # SQLite does not wait for the lock when the journal's mode changes, so two first starts at once have to.
        for attempt in range(_WAL_TRIES):
            try:
                self.connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if attempt == _WAL_TRIES - 1:
                    raise
                time.sleep(0.05)
            else:
                return


def _mischief(text: str) -> Mischief:
    values = json.loads(text)
    return Mischief(**{**values, "positions": tuple(values["positions"])})
