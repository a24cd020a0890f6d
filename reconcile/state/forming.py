"""The tables of a state brought to this version's form: made where there are none, folded anew from an older one's journal.

The events are the truth, so nothing of an older version's tables is carried over but they and what is kept beside them.
"""

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from reconcile.state import queries, rowsums
from reconcile.state.chain import NO_EVENTS
from reconcile.state.codec import decode
from reconcile.state.kept_sums import SUMS, KeptSums, format_sums
from reconcile.state.projection import UNFOLDED, Projection
from reconcile.state.queries import Source
from reconcile.state.schema import TABLES, migrate

FLUSH_EVENTS: Final = 200
"""Events that are folded before their rows are written."""


def form(connection: sqlite3.Connection, path: Path | str) -> None:
    """Make the tables, or fold them anew, in one transaction. Raises StateError where the journal cannot be folded."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone() is None:
            migrate(connection)
        else:
            _fold_anew(connection, path)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _fold_anew(connection: sqlite3.Connection, path: Path | str) -> None:
    kept = [row for row in connection.execute("SELECT key, value FROM meta").fetchall() if row[0] in UNFOLDED]
    _set_aside(connection)
    migrate(connection)
    connection.execute("INSERT INTO events SELECT sequence, kind, body, hash FROM former_events ORDER BY sequence")
    connection.execute("DROP TABLE former_events")
    projection, source = Projection(connection), Source(connection, path)
    for count, stored in enumerate(queries.stored_events(source, 0), 1):
        projection.apply(stored.sequence, decode(stored.kind, stored.body, sequence=stored.sequence))
        if count % FLUSH_EVENTS == 0:
            projection.flush()
    projection.flush()
    # Other tables have other sums: counted from the beginning, like everything.
    sums = KeptSums(NO_EVENTS, queries.head(source), rowsums.plus({}, projection.take_changes()))
    connection.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (SUMS, format_sums(sums)))
    kept = [row for row in kept if row[0] != SUMS]
    connection.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", kept)


def _set_aside(connection: sqlite3.Connection) -> None:
    """Keep the events under another name; everything else goes, children before their parents."""
    for kind in ("trigger", "index"):
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = ? AND sql IS NOT NULL", (kind,)
        ).fetchall()
        for (name,) in names:
            connection.execute(f'DROP {kind} "{name}"')
    connection.execute("ALTER TABLE events RENAME TO former_events")
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}
    for table in (*reversed(TABLES), "_sqlite_migrations"):
        if table in there:
            connection.execute(f"DROP TABLE {table}")
