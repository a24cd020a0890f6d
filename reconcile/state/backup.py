"""Copies of a state by SQLite's own backup, and the way back from one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from reconcile.errors import StateCorrupt, StateError
from reconcile.state import files, queries
from reconcile.state.connection import connect_writer, make_durable, translated
from reconcile.state.events import StateCarried
from reconcile.state.ledger import Head
from reconcile.state.lock import RunLock
from reconcile.state.reader import SqliteReader, open_reader
from reconcile.state.sqlite import opened
from reconcile.state.transfer import read_header
from reconcile.state.verify import verify

JOURNAL: Final = "-journal"
_HEADER_BYTES_MAX: Final = 4096


def backup_state(path: Path, target: Path) -> Head:
    """Copy one moment of the state at `path` to `target`, a new file of mode 0600. Returns the copy's head."""
    with _existing(path) as reader:
        if target.exists() or target.is_symlink():
            raise StateError(
                f"{target} is there already", detail="A backup never replaces a file.", reason="backup_exists"
            )
        with _copy(reader, target):
            return reader.head()


def restore_state(
    backup: Path, path: Path, *, lock: RunLock, actor: str, reason: str, at_ms: int, network_allowed: bool = False
) -> Path | None:
    """Put a verified copy of `backup` in the place of the state at `path`, for who holds its lock.

    The copy ends with StateCarried, which closes every gate. The former file is kept beside it, and its new name
    returned; None if there was none. Raises StateCorrupt for a backup that does not verify.
    """
    if not network_allowed:
        files.refuse_network(path)
    files.exists(path)
    _refuse_export(backup)
    fresh = path.with_name(path.name + ".restoring")
    with _existing(backup) as reader:
        _check_sound(backup, reader)
        epoch = max(queries.epoch(reader.source), _epoch_at(path)) + 1
        with suppress(FileNotFoundError):
            fresh.unlink()
        with _copy(reader, fresh) as connection:
            carried = StateCarried(how="restored", reason=reason, actor=actor, epoch=epoch, at_ms=at_ms)
            opened(connection, fresh, lock).commit([carried])
    with translated(path, writing=True):
        aside = _keep_aside(path)
        fresh.replace(path)
        files.sync_folder(path.parent)
    return aside


@contextmanager
def _existing(path: Path) -> Iterator[SqliteReader]:
    with open_reader(path) as reader:
        if reader is None:
            raise StateError(f"There is no state at {path}", reason="state_missing")
        yield reader


@contextmanager
def _copy(reader: SqliteReader, target: Path) -> Iterator[sqlite3.Connection]:
    """A durable copy, and a connection that may write to it."""
    with translated(target, writing=True):
        files.create(target)
        connection = connect_writer(target)
    with closing(connection):
        with translated(target, writing=True):
            make_durable(connection, target)
            reader.source.connection.backup(connection)
            files.sync_folder(target.parent)
        yield connection


def _refuse_export(backup: Path) -> None:
    """Raises StateError for a file that is an export, by its first line: sound it may be, but no backup."""
    if not backup.is_file():
        return
    try:
        with backup.open("rb") as file:
            read_header(file.readline(_HEADER_BYTES_MAX).decode())
    except (OSError, UnicodeDecodeError, StateError):
        return
    raise StateError(
        f"{backup} is an export of a state, not a backup",
        detail="Nothing was changed. An export makes a new state, or brings an earlier one of the same journal forward.",
        remedy=f"Move the present state away if it is damaged, and import it:\nbonusctl state import {backup}",
        reason="not_a_backup",
    )


def _check_sound(backup: Path, reader: SqliteReader) -> None:
    report = verify(reader)
    if not report.sound:
        first = report.findings[0]
        raise StateCorrupt(
            f"The backup {backup} does not verify: {first.table} {first.key} {first.column}".rstrip(),
            detail=f"Expected {first.expected}, found {first.found}. The state was left as it is.",
            remedy="Take an older backup, or move the state away and rebuild it:\nbonusctl refresh",
        )


def _epoch_at(path: Path) -> int:
    """The epoch of the state that is replaced: runs that still know it must find themselves outdated. 0 if unreadable."""
    try:
        with open_reader(path) as reader:
            return queries.epoch(reader.source) if reader else 0
    except StateError:
        return 0


def _keep_aside(path: Path) -> Path | None:
    if not path.exists():
        return None
    aside = _free_name(path)
    # A journal of a killed run belongs to the former file. Left under this name, it would be rolled into the new one.
    with suppress(StateError), translated(path, writing=True), closing(connect_writer(path)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    journal = path.with_name(path.name + JOURNAL)
    if journal.exists():
        journal.replace(aside.with_name(aside.name + JOURNAL))
    # A second name first: there is no moment in which no state lies at `path`.
    aside.hardlink_to(path)
    return aside


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.before-restore-{number}")).exists():
        number += 1
    return aside
