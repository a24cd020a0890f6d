"""Saved plans: consent in a file. It carries what was approved, never an instruction to pay.

The file is the plan's JSON document with when and by which version it was made, and a checksum over every byte before
it. The checksum notices damage, the digest what was altered with care: apply sends nothing that is not in the set.
"""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from reconcile.errors import Refused, UsageError
from reconcile.plan.document import chunks
from reconcile.plan.fields import Damaged, Fields
from reconcile.plan.model import Plan
from reconcile.plan.reading import read_object
from reconcile.plan.restore import restore
from reconcile.rows import Spooling
from reconcile.spool import SPOOLED
from reconcile.times import format_time, parse_time

SIZE_MAX: Final = 4 * 1024 * 1024 * 1024
"""Bytes of the largest saved plan that is read: some four million payments."""

_SEAL: Final = b', "checksum": "sha256:'
_END: Final = b'"}\n'
_SEAL_LENGTH: Final = len(_SEAL) + 64 + len(_END)
_BLOCK_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan as it was when it was saved, at `created_ms`, by bonusctl `version`."""

    plan: Plan
    created_ms: int
    version: str


def write_saved(plan: Plan, path: Path, *, created_ms: int, version: str) -> None:
    """Save a plan, readable by its owner alone (0600): whole or not at all, whatever stood there before.

    `created_ms`: milliseconds since the epoch. Raises UsageError where nothing can be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(_sealed(_text(plan, created_ms, version)))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()


def _text(plan: Plan, created_ms: int, version: str) -> Iterator[str]:
    return chunks(plan, {"created_at": format_time(created_ms), "version": version})


def _sealed(pieces: Iterator[str]) -> Iterator[bytes]:
    """The document with its checksum as the last key, in pieces of some size."""
    total = sha256()
    pending = bytearray()
    for piece in pieces:
        pending += piece.encode("ascii")
        if len(pending) > _BLOCK_BYTES:
            # The last byte waits: the closing brace is not written before the checksum.
            total.update(pending[:-1])
            yield bytes(pending[:-1])
            del pending[:-1]
    assert pending.endswith(b"}")
    total.update(pending[:-1])
    yield bytes(pending[:-1])
    yield _SEAL + total.hexdigest().encode() + _END


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"Cannot save the plan as {path}: {error.strerror}",
        detail="Nothing was written there.",
        remedy="Name a file in a folder that you can write to:\n  bonusctl plan --out plan.bonusplan",
    )


# --- reading -------------------------------------------------------------------------------------------------------


def read_saved(path: Path, spooling: Spooling = SPOOLED) -> SavedPlan:
    """A saved plan, believed only if every byte is the one that was written and its content fits its digest.

    `spooling`: where rows go that are too many for the memory. Raises UsageError where there is no such file, Refused
    with reason plan_damaged or digest_mismatch.
    """
    handle = _opened(path)
    try:
        return _read(path, handle, spooling)
    finally:
        os.close(handle)


def _read(path: Path, handle: int, spooling: Spooling) -> SavedPlan:
    length = _length(path, handle)
    seal = os.pread(handle, _SEAL_LENGTH, length)
    if seal != _seal(handle, length):
        raise _damaged(path, "its checksum does not fit: it is no saved plan, or not all of it, or not the one written")
    body = _Body(handle, length)
    try:
        fields = Fields(read_object(body.texts(), spooling), "plan")
        created_ms = parse_time(fields.text("created_at"))
        if created_ms is None:
            raise Damaged("plan.created_at is no time")
        saved = SavedPlan(plan=restore(fields, spooling), created_ms=created_ms, version=fields.text("version"))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if seal != body.seal:
        raise _damaged(path, "it was changed while it was read")
    return saved


class _Body:
    """The document without its seal. `seal` is that of the bytes that were given out."""

    def __init__(self, handle: int, length: int) -> None:
        self._handle = handle
        self._length = length
        self._total = sha256()

    def texts(self) -> Iterator[str]:
        """The document in pieces, its closing brace included. Raises ValueError for what is not ASCII."""
        for block in _blocks(self._handle, self._length):
            self._total.update(block)
            yield block.decode("ascii")
        yield "}"

    @property
    def seal(self) -> bytes:
        """The seal that fits."""
        return _SEAL + self._total.hexdigest().encode() + _END


def _seal(handle: int, length: int) -> bytes:
    """The seal of the first `length` bytes."""
    total = sha256()
    for block in _blocks(handle, length):
        total.update(block)
    return _SEAL + total.hexdigest().encode() + _END


def _blocks(handle: int, length: int) -> Iterator[bytes]:
    at = 0
    while block := os.pread(handle, min(_BLOCK_BYTES, length - at), at):
        at += len(block)
        yield block


def _opened(path: Path) -> int:
    try:
        # Without O_NONBLOCK opening a pipe would wait for a writer for ever.
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(
            f"Cannot read the saved plan {path}: {error.strerror}",
            remedy="Make one:\n  bonusctl plan --out plan.bonusplan",
        ) from error


def _length(path: Path, handle: int) -> int:
    """How long the document is without its seal: in a regular file, not a link, a pipe or a device, of a bounded size."""
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        raise _damaged(path, "it is no regular file")
    if status.st_size > SIZE_MAX:
        raise _damaged(path, f"it is larger than {SIZE_MAX // (1024 * 1024)} MiB")
    return max(0, status.st_size - _SEAL_LENGTH)


def _damaged(path: Path, what: str) -> Refused:
    return Refused(
        f"{path} is not a plan that can be trusted",
        detail=f"{what[0].upper()}{what[1:]}. Nothing was sent.",
        remedy="Make the plan again:\n  bonusctl plan --out plan.bonusplan",
        reason="plan_damaged",
    )
