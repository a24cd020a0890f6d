"""Connections to a state's file: how they are opened, what is checked, and what SQLite's errors mean to us.

The journal is SQLite's rollback journal with `synchronous=EXTRA`: after a clean end one file holds the truth, and a
commit that returned survives a loss of power. Both are read back, since SQLite does not say when it declines.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from reconcile.errors import StateCorrupt, StateError, StateWriteFailed

APPLICATION_ID: Final = 0x626F6E75
"""In the file's header, "bonu": whose file it is."""
FORMAT: Final = 5
"""In the file's header as user_version: the form of the tables."""
BUSY_TIMEOUT_S: Final = 60.0

_SYNCHRONOUS_EXTRA: Final = 3
_COPIES_MAX: Final = 5
# Nothing is deleted from a state, so there is nothing to overwrite with zeros: some builds of SQLite do so with every
# cell that moves within its page.
_WRITING: Final = ("PRAGMA cache_size = -32768", "PRAGMA secure_delete = OFF")
_SAFE_READING: Final = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",
)
# A journal that belongs to a killed run: rolling it back is writing, which a reader does not do in place.
_HOT: Final = frozenset({sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY})
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection that may write; the file must be there. `make_durable` comes before the first write."""
    return _connect(path, "mode=rw", *_WRITING)


def make_durable(connection: sqlite3.Connection, path: Path) -> None:
    """Turn durability on and read it back. Raises StateError if SQLite does not obey."""
    journal = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    connection.execute("PRAGMA synchronous = EXTRA")
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if journal != "delete" or synchronous != _SYNCHRONOUS_EXTRA:
        raise StateError(
            f"SQLite does not make {path} durable (journal_mode {journal}, synchronous {synchronous})",
            detail="Another program may have the file open. Nothing was written.",
            reason="state_not_durable",
        )


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection inside a read transaction: one moment of the state, and never a write in its folder.

    Where a killed run left a hot journal, the moment is read from a private copy in which it was rolled back. The file
    must be there. Raises StateError, or StateCorrupt for a damaged file.
    """
    with ExitStack() as stack:
        with translated(path, writing=False):
            connection = stack.enter_context(closing(_connect(path, "mode=ro")))
            if not _began(connection):
                stack.pop_all().close()
                copy = stack.enter_context(_rolled_back_copy(path))
                connection = stack.enter_context(closing(_connect(copy, "mode=rw")))
                connection.execute("PRAGMA query_only = ON")
                connection.execute("BEGIN")
        yield connection


def _connect(path: Path, mode: str, *settings: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{mode}", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S
    )
    try:
        harden(connection)
        for setting in settings:
            connection.execute(setting)
    except BaseException:
        connection.close()
        raise
    return connection


def harden(connection: sqlite3.Connection) -> None:
    """Settings of every connection: a file's schema runs nothing of its own, cells and references are checked."""
    for pragma in _SAFE_READING:
        connection.execute(pragma)


def _began(connection: sqlite3.Connection) -> bool:
    """Begin reading; False if a hot journal is in the way."""
    try:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in _HOT:
            return False
        raise
    return True


@contextmanager
def _rolled_back_copy(path: Path) -> Iterator[Path]:
    # Only after a killed run: every other plan starts without these modules.
    import shutil
    import tempfile

    journal = path.with_name(path.name + "-journal")
    with tempfile.TemporaryDirectory(prefix="bonusctl-") as folder:
        copy = Path(folder) / "state.db"
        for _ in range(_COPIES_MAX):
            before = _stamp(path), _stamp(journal)
            shutil.copyfile(path, copy)
            try:
                shutil.copyfile(journal, copy.with_name(copy.name + "-journal"))
            except FileNotFoundError:
                copy.with_name(copy.name + "-journal").unlink(missing_ok=True)
            if before == (_stamp(path), _stamp(journal)):
                yield copy
                return
    raise StateError(
        f"The state {path} changes while it is read",
        detail="A run is recovering it right now.",
        remedy="Try again when that run has ended.",
        reason="state_busy",
    )


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def check_ours(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file holds a state that this version reads; False for a file without any content.

    Raises StateError for a file that is not ours, or that a newer bonusctl wrote.
    """
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application_id == 0 and version == 0 and connection.execute("PRAGMA page_count").fetchone()[0] == 0:
        return False
    if application_id != APPLICATION_ID or version < 1:
        raise StateError(
            f"{path} is a database, but no state of bonusctl",
            detail="Nothing was changed in it.",
            remedy="Name another file as `state:` in the config.",
            reason="state_not_ours",
        )
    if version > FORMAT:
        raise StateError(
            f"The state {path} was written by a newer bonusctl (format {version}, this one knows {FORMAT})",
            remedy="Install a bonusctl at least as new as the one that wrote it.",
            reason="state_newer",
        )
    return True


def check_one_file(connection: sqlite3.Connection, path: Path) -> None:
    """Raises StateError for a state whose newest rows lie in a write-ahead log (a writer would take it back)."""
    journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if journal != "delete":
        raise StateError(
            f"The state {path} keeps its newest rows in a second file (journal_mode {journal})",
            detail="Another program changed that: copying the one file would lose rows without a trace.",
            remedy="bonusctl refresh",
            reason="state_journal_mode",
        )


# --- what SQLite's errors mean ---------------------------------------------------------------------------------------


@contextmanager
def translated(path: Path | str, *, writing: bool) -> Iterator[None]:
    """Errors of SQLite and of the file system as errors of ours, said once, here."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(path, error, writing=writing) from error
    except OSError as error:
        raise _file_error(path, error, writing=writing) from error


def _translate(path: Path | str, error: sqlite3.Error, *, writing: bool) -> StateError:
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int) and code & 0xFF in _DAMAGED:
        return damaged(path, str(error))
    if isinstance(code, int) and code & 0xFF == sqlite3.SQLITE_BUSY:
        return _busy(path, writing=writing)
    if not writing:
        return StateError(f"The state {path} cannot be read: {error}", reason="state_unreadable")
    return StateWriteFailed(
        f"The state {path} could not be written: {error}",
        detail="The journal holds everything up to the last successful write. Nothing more is sent.",
        remedy="Free the disk or mend the folder's permissions, then run `bonusctl apply` again: it begins by recovering.",
    )


def _busy(path: Path | str, *, writing: bool) -> StateError:
    summary = f"The state {path} is kept busy by another program"
    detail = f"It did not become free within {BUSY_TIMEOUT_S:.0f} seconds."
    remedy = "Look for a program that holds the file open, such as a database browser."
    if writing:
        return StateWriteFailed(summary, detail=f"{detail} Nothing more is sent.", remedy=remedy)
    return StateError(summary, detail=detail, remedy=remedy, reason="state_busy")


def _file_error(path: Path | str, error: OSError, *, writing: bool) -> StateError:
    what = error.strerror or str(error)
    if writing:
        return StateWriteFailed(
            f"The state {path} could not be written: {what}",
            detail="Nothing was sent.",
            remedy="Mend the folder's permissions or free the disk, then try again.",
        )
    return StateError(f"The state {path} cannot be read: {what}", reason="state_unreadable")


def damaged(path: Path | str, what: str) -> StateCorrupt:
    """The error for a file that SQLite itself finds broken."""
    return StateCorrupt(
        f"The state {path} is damaged: {what}",
        # SQLite has one word for a page that is damaged and for one that the disk did not give.
        detail="Nothing is sent from a state that cannot be trusted. The provider still knows what was paid. "
        "A disk that fails to read looks the same: the file may be whole.",
        remedy="Look once more, before anything takes its place:\n"
        "bonusctl state verify\n"
        "Where that finds it damaged as well:\n"
        "bonusctl state restore BACKUP\n"
        "Without a backup: move the file away and run `bonusctl refresh`, which rebuilds it from the provider.",
    )
