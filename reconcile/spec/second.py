"""A second process that reads a large data file ahead: it makes ids and fingerprints on the other core, while this one reads the
state and compares.

The second process only does what the short way does, piece by piece, and says for each piece either what it made or that it made
nothing; what it made nothing of is read here. Where rows could reach over the end of a piece, or where it dies, this process goes
on alone from there: the same bonuses come in the same order, with the same diagnostics. It is forked before anything else is
going on, holds no lock, writes no file, and ends with its reader.
"""

import os
import select
import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import suppress
from operator import add
from struct import Struct, unpack
from typing import BinaryIO, Final, NamedTuple, NoReturn

from reconcile.errors import InvalidInput
from reconcile.model import ID_BYTES, Block, Desired
from reconcile.spec.rows import Rows, split
from reconcile.spec.usual import UsualRows

WORTH_BYTES_MIN: Final = 32 << 20
"""A file below this is read as soon alone."""
STRIDE_BYTES: Final = 1 << 16
_AHEAD_BYTES_MAX: Final = 64 << 20
_LINE_BYTES_MAX: Final = 1 << 20
# Of a piece: its bytes, its rows, the bytes of the amounts that follow the ids (0: nothing was made of it).
_HEAD: Final = Struct("=III")
_GIVEN_UP: Final = _HEAD.pack(0, 0, 0)


class Task(NamedTuple):
    """A table to read on: from a byte of the file, where a line begins, and the number of that line."""

    file: BinaryIO
    usual: UsualRows
    delimiter: str
    width: int
    offset: int
    line: int


def worth_it(file: BinaryIO, cores: int) -> bool:
    """Whether another process would help: a large file, a second core, and no thread that a fork would cut off."""
    alone = "threading" not in sys.modules or sys.modules["threading"].active_count() == 1
    return cores > 1 and alone and hasattr(os, "fork") and os.fstat(file.fileno()).st_size >= WORTH_BYTES_MIN


def read_ahead(task: Task) -> Generator[Block | Rows, None, tuple[int, int]]:
    """Blocks, and rows that the short way does not serve, in their order. Returns where to go on alone: (offset, line)."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _serve(task, writing)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb", buffering=1 << 18) as answers:
            return (yield from _received(task, answers))
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


# --- here ------------------------------------------------------------------------------------------------------------


def _received(task: Task, answers: BinaryIO) -> Generator[Block | Rows, None, tuple[int, int]]:
    offset, line = task.offset, task.line
    while len(head := answers.read(_HEAD.size)) == _HEAD.size and head != _GIVEN_UP:
        length, count, size = _HEAD.unpack(head)
        if size:
            ids = answers.read(ID_BYTES * count)
            amounts = answers.read(size)
            if len(amounts) < size:
                break
            yield _block(task, offset, length, line, ids, amounts)
        else:
            yield _rows_at(task, offset, length, line)
        offset, line = offset + length, line + count
    return offset, line


def _block(task: Task, offset: int, length: int, line: int, ids: bytes, amounts: bytes) -> Block:
    bonus_ids = unpack(f"{ID_BYTES}s" * (len(ids) // ID_BYTES), ids)
    fingerprints = list(map(add, bonus_ids, amounts.split(b"\n")))
    made: list[Block] = []

    def bonus(position: int) -> Desired:
        """Read again, which few are, while the stream stands here."""
        if not made:
            block = task.usual.block(_rows_at(task, offset, length, line))
            if block is None or block.fingerprints != fingerprints:
                raise _changed(task)
            made.append(block)
        return made[0].bonus(position)

    return Block(bonus_ids, task.usual.campaign, fingerprints, bonus)


def _rows_at(task: Task, offset: int, length: int, line: int) -> Rows:
    data = os.pread(task.file.fileno(), length, offset)
    columns = split(data.decode("utf-8", "replace"), task.delimiter, task.width)
    if columns is None:
        raise _changed(task)
    return Rows(range(line, line + len(columns[0])), columns)


def _changed(task: Task) -> InvalidInput:
    return InvalidInput(f"{task.usual.shown} changed while it was read; nothing was planned.", ())


# --- there -----------------------------------------------------------------------------------------------------------


def _serve(task: Task, writing: int) -> NoReturn:
    """The second process, from its first to its last moment. A signal ends it, and so does a reader that is gone."""
    try:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.SIG_DFL)
        out = _Out(writing)
        for answer in _answers(task):
            out.send(answer)
        out.finish()
    finally:
        os._exit(0)


def _answers(task: Task) -> Iterator[bytes]:
    offset, line = task.offset, task.line
    while data := _piece(task.file.fileno(), offset):
        columns = _columns(task, data)
        if columns is None:
            yield _GIVEN_UP
            return
        count = len(columns[0])
        block = task.usual.block(Rows(range(line, line + count), columns))
        if block is None:
            yield _HEAD.pack(len(data), count, 0)
        else:
            amounts = b"\n".join(one[ID_BYTES:] for one in block.fingerprints)
            yield b"".join((_HEAD.pack(len(data), count, len(amounts)), *block.bonus_ids, amounts))
        offset, line = offset + len(data), line + count


def _piece(file: int, offset: int) -> bytes:
    """About a stride, to the end of a line; nothing at the end of the file."""
    data = os.pread(file, STRIDE_BYTES, offset)
    while data and not data.endswith(b"\n") and len(data) <= _LINE_BYTES_MAX:
        more = os.pread(file, STRIDE_BYTES, offset + len(data))
        if not more:
            break
        end = more.find(b"\n") + 1
        data += more[:end] if end else more
    return data


def _columns(task: Task, data: bytes) -> list[list[str]] | None:
    try:
        return split(data.decode(), task.delimiter, task.width)
    except UnicodeDecodeError:
        return None


class _Out:
    """Answers on their way: kept here, up to a bound, while the reader is busy with something else."""

    def __init__(self, writing: int) -> None:
        self._writing = writing
        self._kept = bytearray()
        os.set_blocking(writing, False)

    def send(self, answer: bytes) -> None:
        self._kept += answer
        while self._kept:
            try:
                del self._kept[: os.write(self._writing, memoryview(self._kept)[: 1 << 16].tobytes())]
            except BlockingIOError:
                if len(self._kept) < _AHEAD_BYTES_MAX:
                    return
                select.select((), (self._writing,), ())

    def finish(self) -> None:
        os.set_blocking(self._writing, True)
        while self._kept:
            del self._kept[: os.write(self._writing, self._kept)]
        os.close(self._writing)
