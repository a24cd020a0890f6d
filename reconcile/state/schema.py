"""The tables of a state on SQLite, made by sqlite-utils' migrations.

`events` is the truth; every other table is folded from it (`reconcile.state.projection`) but for one row of `meta`
that remembers how far the chain was verified. Amounts are TEXT, ids BLOBs of 16 bytes, moments milliseconds. Nothing
is ever deleted, and an event is never altered: triggers see to it.
"""

from sqlite3 import Connection
from typing import Final

from sqlite_utils import Database, Migrations

from reconcile.state.connection import APPLICATION_ID, FORMAT

migrations: Final = Migrations("bonusctl")

TABLES: Final = (
    "events",
    "meta",
    "ledgers",
    "campaigns",
    "bonuses",
    "operations",
    "payments",
    "operation_items",
    "sends",
    "runs",
    "approvals",
    "approval_entries",
    "alarms",
    "acceptances",
)


def migrate(connection: Connection) -> None:
    """Bring the tables to this version's form, inside the transaction that the caller opened."""
    assert connection.in_transaction
    database = Database(connection, recursive_triggers=False, execute_plugins=False)
    migrations.apply(database)
    # The journal has the clock; a state made twice from the same events is the same to the last row.
    connection.execute("UPDATE _sqlite_migrations SET applied_at = ''")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


@migrations()
def m001_journal(db: Database) -> None:
    """The events, and what is kept beside them."""
    db.execute(
        "CREATE TABLE events(sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL) STRICT"
    )
    # What a run did lies between its beginning and its end.
    db.execute("CREATE INDEX events_of_runs ON events(sequence) WHERE kind IN ('run_started', 'run_ended')")
    db.execute("CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID")


@migrations()
def m002_ledgers(db: Database) -> None:
    """Accounts and the campaigns paid from them, with their sums."""
    db.execute(
        """CREATE TABLE ledgers(
          ledger INTEGER PRIMARY KEY, type TEXT NOT NULL, environment TEXT NOT NULL, account_id TEXT NOT NULL,
          name TEXT NOT NULL, currency TEXT NOT NULL, bound_ms INTEGER NOT NULL,
          gate TEXT NOT NULL, gate_ms INTEGER NOT NULL,
          watermark_ms INTEGER, scanned_ms INTEGER, newest_ours_ms INTEGER, newest_remote_id TEXT NOT NULL,
          verified_first INTEGER NOT NULL, balance TEXT, balance_ms INTEGER, gate_server_ms INTEGER,
          UNIQUE (type, environment)) STRICT"""
    )
    db.execute(
        """CREATE TABLE campaigns(
          campaign INTEGER PRIMARY KEY, ledger INTEGER NOT NULL REFERENCES ledgers,
          project TEXT NOT NULL, name TEXT NOT NULL,
          bonuses INTEGER NOT NULL, issued TEXT NOT NULL, in_doubt TEXT NOT NULL,
          UNIQUE (ledger, project, name)) STRICT"""
    )


@migrations()
def m003_bonuses(db: Database) -> None:
    """A campaign's bonuses lie together, in the order of their ids: planning reads one range."""
    db.execute(
        """CREATE TABLE bonuses(
          campaign INTEGER NOT NULL REFERENCES campaigns, bonus_id BLOB NOT NULL,
          recipient TEXT NOT NULL, assignment_id TEXT NOT NULL, key TEXT NOT NULL,
          issued TEXT NOT NULL, issued_count INTEGER NOT NULL, issued_sequence INTEGER NOT NULL,
          open_count INTEGER NOT NULL, open_amount TEXT NOT NULL, attempt INTEGER NOT NULL, rejected INTEGER NOT NULL,
          PRIMARY KEY (campaign, bonus_id)) STRICT, WITHOUT ROWID"""
    )
    db.execute("CREATE INDEX bonuses_by_id ON bonuses(bonus_id)")


@migrations()
def m004_operations(db: Database) -> None:
    """Operations, whose frozen text stays in the event that prepared them, and every try to deliver them."""
    db.execute(
        """CREATE TABLE operations(
          operation INTEGER PRIMARY KEY, ledger INTEGER NOT NULL REFERENCES ledgers, operation_id BLOB NOT NULL,
          event INTEGER NOT NULL, position INTEGER NOT NULL, prepared_ms INTEGER NOT NULL,
          items INTEGER NOT NULL, open_count INTEGER NOT NULL,
          sends INTEGER NOT NULL, executed INTEGER NOT NULL, not_executed INTEGER NOT NULL) STRICT"""
    )
    db.execute("CREATE INDEX operations_open ON operations(ledger, operation) WHERE open_count > 0")
    db.execute(
        """CREATE TABLE sends(
          operation INTEGER NOT NULL REFERENCES operations, send INTEGER NOT NULL, ledger INTEGER NOT NULL,
          at_ms INTEGER NOT NULL, boot_id TEXT NOT NULL, boottime_ms INTEGER NOT NULL,
          finished_ms INTEGER, outcome TEXT, status INTEGER NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
          request_id TEXT NOT NULL, server_ms INTEGER, PRIMARY KEY (operation, send)) STRICT, WITHOUT ROWID"""
    )
    db.execute("CREATE INDEX sends_by_time ON sends(ledger, at_ms)")


@migrations()
def m005_payments(db: Database) -> None:
    """Payments. The names are kept only while no bonus is known for one; with a bonus, it has them."""
    db.execute(
        """CREATE TABLE payments(
          payment_id BLOB NOT NULL, ledger INTEGER NOT NULL REFERENCES ledgers,
          campaign INTEGER, bonus_id BLOB, sequence INTEGER NOT NULL,
          status TEXT NOT NULL, amount TEXT NOT NULL, attempt INTEGER NOT NULL, attempt_alone INTEGER NOT NULL,
          operation INTEGER REFERENCES operations,
          remote_id TEXT NOT NULL, created_ms INTEGER, code TEXT NOT NULL, message TEXT NOT NULL,
          told_event INTEGER, told_position INTEGER,
          marker_campaign TEXT, marker_key TEXT, recipient TEXT, assignment_id TEXT,
          PRIMARY KEY (payment_id, ledger),
          FOREIGN KEY (campaign, bonus_id) REFERENCES bonuses) STRICT, WITHOUT ROWID"""
    )
    db.execute("CREATE INDEX payments_by_bonus ON payments(campaign, bonus_id, sequence)")
    db.execute("CREATE INDEX payments_by_time ON payments(ledger, created_ms)")
    # No payment of the provider's is imported twice.
    db.execute("CREATE INDEX payments_imported ON payments(ledger, remote_id) WHERE code = 'imported'")
    db.execute(
        """CREATE TABLE operation_items(
          operation INTEGER NOT NULL REFERENCES operations, payment_id BLOB NOT NULL,
          position INTEGER NOT NULL, result TEXT NOT NULL, PRIMARY KEY (operation, payment_id)) STRICT, WITHOUT ROWID"""
    )


@migrations()
def m006_runs(db: Database) -> None:
    """Who ran what, which sets of payments were approved, what was accepted, and what should have been impossible."""
    db.execute(
        """CREATE TABLE runs(
          epoch INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, command TEXT NOT NULL, actor TEXT NOT NULL,
          host TEXT NOT NULL, git_commit TEXT NOT NULL, version TEXT NOT NULL,
          started_ms INTEGER NOT NULL, ended_ms INTEGER, outcome TEXT NOT NULL, plan_digest TEXT NOT NULL,
          issued INTEGER NOT NULL, adopted INTEGER NOT NULL, rejected INTEGER NOT NULL, in_doubt INTEGER NOT NULL,
          not_sent INTEGER NOT NULL, paid TEXT NOT NULL, pull_request TEXT NOT NULL) STRICT"""
    )
    db.execute(
        """CREATE TABLE approvals(
          approval INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, total INTEGER NOT NULL, recorded INTEGER NOT NULL,
          actor TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT"""
    )
    db.execute(
        """CREATE TABLE approval_entries(
          approval INTEGER NOT NULL REFERENCES approvals, payment_id BLOB NOT NULL, entry BLOB NOT NULL,
          PRIMARY KEY (approval, payment_id)) STRICT, WITHOUT ROWID"""
    )
    db.execute(
        """CREATE TABLE alarms(
          event INTEGER PRIMARY KEY, ledger INTEGER NOT NULL REFERENCES ledgers,
          code TEXT NOT NULL, detail TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT"""
    )
    db.execute(
        """CREATE TABLE acceptances(
          ledger INTEGER NOT NULL REFERENCES ledgers, bonus_id BLOB NOT NULL,
          issued TEXT NOT NULL, desired TEXT NOT NULL, code TEXT NOT NULL,
          reason TEXT NOT NULL, actor TEXT NOT NULL, at_ms INTEGER NOT NULL, revoked INTEGER NOT NULL,
          PRIMARY KEY (ledger, bonus_id)) STRICT, WITHOUT ROWID"""
    )


@migrations()
def m007_guards(db: Database) -> None:
    """Events are appended and never altered; nothing at all is deleted."""
    db.execute(
        """CREATE TRIGGER events_never_altered BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'events are never altered'); END"""
    )
    for table in TABLES:
        refusal = "SELECT RAISE(ABORT, 'nothing is deleted from a state')"
        db.execute(f"CREATE TRIGGER {table}_never_deleted BEFORE DELETE ON {table} BEGIN {refusal}; END")
