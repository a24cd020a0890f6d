"""Lists that may be very long: the first few thousand values in memory, the rest packed away and read again in pieces.

`Rows` grows at its end and is read in order, as often as one likes. Where the rest goes is handed in (`Spooling`), so
that whoever fills a list knows no file. `Lazy` is a part of a long list, made anew each time it is read.
"""

import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import eq
from typing import Final, Generic, NamedTuple, Protocol, Self, TypeVar, overload

T = TypeVar("T")
Part = TypeVar("Part")


class Coding(NamedTuple, Generic[T]):
    """How some values become bytes, and these the very same values again."""

    dumps: Callable[[Sequence[T]], bytes]
    loads: Callable[[bytes], Iterable[T]]


class Store(Protocol):
    """Where packed values wait."""

    def write(self, blob: bytes) -> int:
        """Keep these bytes; the number under which `read` gives them back."""

    def read(self, number: int) -> bytes:
        """Bytes that were kept."""


class Spooling(NamedTuple):
    """So many values of a list stay as they are (`kept`); of a longer one `chunk` values at a time go to a store that
    is opened for that list alone.
    """

    kept: int
    chunk: int
    open: Callable[[], Store]


class Rows(Sequence[T]):
    """A list that grows at its end. Not to be read while it grows."""

    def __init__(self, coding: Coding[T], spooling: Spooling) -> None:
        self.spooling = spooling
        self._coding = coding
        self._store: Store | None = None
        # The numbers of the full pieces, in order; what is not in one of them yet.
        self._pieces = array("q")
        self._tail: list[T] = []
        self._room = spooling.kept

    def append(self, value: T) -> None:
        """One more value."""
        self._tail.append(value)
        if len(self._tail) > self._room:
            self._spill()

    def extend(self, values: Iterable[T]) -> None:
        """More values, in order."""
        for value in values:
            self.append(value)

    def __iadd__(self, values: Iterable[T]) -> Self:
        self.extend(values)
        return self

    def finished(self) -> Sequence[T]:
        """The list as it is now: a tuple where all of it is in memory."""
        return self if self._pieces else tuple(self._tail)

    def _spill(self) -> None:
        if self._store is None:
            self._store = self.spooling.open()
        size, tail = self.spooling.chunk, self._tail
        whole = len(tail) - len(tail) % size
        for start in range(0, whole, size):
            self._pieces.append(self._store.write(self._coding.dumps(tail[start : start + size])))
        self._tail = tail[whole:]
        self._room = size - 1

    def _from(self, start: int) -> Iterator[T]:
        size, tail = self.spooling.chunk, self._tail
        for number in range(start // size, len(self._pieces)):
            assert self._store is not None
            values = self._coding.loads(self._store.read(self._pieces[number]))
            yield from values if number * size >= start else islice(values, start - number * size, None)
        yield from tail[max(0, start - size * len(self._pieces)) :]

    # --- as a sequence ---------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self.spooling.chunk * len(self._pieces) + len(self._tail)

    def __iter__(self) -> Iterator[T]:
        return self._from(0)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return _item(self, self._from, index)

    def __eq__(self, other: object) -> bool:
        return _equal(self, other) if isinstance(other, Rows | Lazy | tuple) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


class Lazy(Sequence[T]):
    """A sequence whose values are made each time it is read: `make` begins anew, `count` is how many they are (None: it
    is found out by reading them once).
    """

    def __init__(self, make: Callable[[], Iterator[T]], count: int | None = None) -> None:
        self._make = make
        self._count = count

    def __len__(self) -> int:
        if self._count is None:
            self._count = sum(1 for _ in self._make())
        return self._count

    def __bool__(self) -> bool:
        return self._count != 0 and next(map(_there, self._make()), False)

    def __iter__(self) -> Iterator[T]:
        return self._make()

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return _item(self, lambda start: islice(self._make(), start, None), index)

    def __eq__(self, other: object) -> bool:
        return _equal(self, other) if isinstance(other, Rows | Lazy | tuple) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def chosen(rows: Sequence[T], keep: Callable[[T], bool], count: int | None = None) -> Sequence[T]:
    """Those that `keep` wants, in order: a tuple of a tuple or list, else nothing but a way to read them. `count`: how
    many they are, where that is known.
    """
    if isinstance(rows, tuple | list):
        return tuple(filter(keep, rows))
    return rows if count == len(rows) else Lazy(lambda: filter(keep, rows), count)


def mapped(rows: Sequence[T], make: Callable[[T], Part]) -> Sequence[Part]:
    """What `make` makes of each: a tuple of a tuple or list, else nothing but a way to read them."""
    return tuple(map(make, rows)) if isinstance(rows, tuple | list) else Lazy(lambda: map(make, rows), len(rows))


def joined(*parts: Sequence[T]) -> Sequence[T]:
    """One after the other."""
    filled = [part for part in parts if part]
    if len(filled) == 1:
        return filled[0]
    if all(isinstance(part, tuple | list) for part in filled):
        return tuple(value for part in filled for value in part)
    return Lazy(lambda: (value for part in filled for value in part), sum(map(len, filled)))


def _item(rows: Sequence[T], begin: Callable[[int], Iterator[T]], index: int | slice) -> T | Sequence[T]:
    if isinstance(index, slice):
        start, stop, step = index.indices(len(rows))
        assert step == 1, "long lists are read in their order"
        count = max(0, stop - start)
        if count == len(rows):
            return rows
        return Lazy(lambda: islice(begin(start), count), count)
    at = index + len(rows) if index < 0 else index
    if not 0 <= at < len(rows):
        raise IndexError(index)
    return next(begin(at))


def _equal(rows: Sequence[object], other: Sequence[object]) -> bool:
    return len(rows) == len(other) and all(map(eq, rows, other))


def _there(_: object) -> bool:
    return True


class _Nowhere:
    """The store of lists that stay in memory: nothing ever comes here."""

    def write(self, blob: bytes) -> int:
        raise AssertionError(f"{len(blob)} bytes have nowhere to go")

    def read(self, number: int) -> bytes:
        raise AssertionError(f"{number} was never kept")


IN_MEMORY: Final = Spooling(kept=sys.maxsize, chunk=1, open=_Nowhere)
"""Everything stays as it is."""
