"""The rows of one table while commits fold events into them: read once, changed, and written once a commit.

Rows that are still open (a payment under way, its operation) are kept from one commit to the next, since the next one
settles them: nobody else writes meanwhile, and whoever did is found by the fence. The SQL here is the common ground of
SQLite and PostgreSQL.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from itertools import islice
from operator import attrgetter
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from reconcile.state import rowsums

KEYS_PAGE: Final = 500
"""Rows that one question asks for."""
KEPT_MAX: Final = 50_000
"""Rows of one table that are kept between commits. Above it all are forgotten, and read again when they are needed."""


class Answer(Protocol):
    """What a store answers to a query."""

    def fetchone(self) -> Any:
        """The next row or None."""

    def fetchall(self) -> list[Any]:
        """All rows left."""


class Store(Protocol):
    """A connection inside an open transaction."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Answer:
        """Run one statement."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Run one statement for each set of parameters."""


Row = TypeVar("Row")


class Shape(NamedTuple):
    """A table's SQL, made once, and how a row (`make`) comes from the values of its columns and goes back (`values`).
    `keeps`: whether a row, as it was written, will soon be asked for again.
    """

    name: str
    columns: tuple[str, ...]
    keys: int
    read: str
    insert: str
    values: Callable[[Any], tuple[Any, ...]]
    make: Callable[[tuple[Any, ...]], Any]
    keeps: Callable[[Any], bool]


def _never(_: Any) -> bool:
    return False


def shape_of(name: str, row_type: type[Any], keys: int = 1, keeps: Callable[[Any], bool] = _never) -> Shape:
    """The shape of a table whose columns are the fields of `row_type`, the first `keys` of them its key."""
    columns = tuple(field.name for field in fields(row_type))
    key = columns[:keys]
    # Names come from the classes above, never from data.
    read = f"SELECT {', '.join(columns)} FROM {name} WHERE {' AND '.join(f'{column} = ?' for column in key)}"  # noqa: S608
    insert = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608

    def make(stored: tuple[Any, ...]) -> Any:
        return row_type(**dict(zip(columns, stored, strict=True)))

    return Shape(name, columns, keys, read, insert, attrgetter(*columns), make, keeps)


class Rows(Generic[Row]):
    """The rows of one table: those that this commit has touched, and the open ones of earlier commits."""

    def __init__(self, store: Store, shape: Shape) -> None:
        self._store = store
        self._shape = shape
        self._touched: dict[tuple[Any, ...], Row | None] = {}
        self._kept: dict[tuple[Any, ...], Row] = {}
        self._stored: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self.change = 0

    def get(self, *key: Any) -> Row | None:
        """The row with this key as it is now, changes of this commit included."""
        if key in self._touched:
            return self._touched[key]
        row = self._kept.get(key)
        if row is None:
            stored = self._store.execute(self._shape.read, key).fetchone()
            if stored is not None:
                row = self._take(key, tuple(stored))
        self._touched[key] = row
        return row

    def look_up(self, fixed: Any, varying: Iterable[Any], *, column: int) -> None:
        """Read the rows of many two-part keys with few questions: `varying` are the key's parts in column number
        `column` (0 or 1), `fixed` is the other part of all of them. `get` has the answers.
        """
        keys = ((part, fixed) if column == 0 else (fixed, part) for part in varying)
        unknown = iter([key for key in keys if key not in self._touched and key not in self._kept])
        while page := list(islice(unknown, KEYS_PAGE)):
            self._read_page(page, fixed, column)

    def _read_page(self, page: list[tuple[Any, ...]], fixed: Any, column: int) -> None:
        names = self._shape.columns
        marks = ", ".join("?" * len(page))
        sql = (
            f"SELECT {', '.join(names)} FROM {self._shape.name} "  # noqa: S608 (our own names)
            f"WHERE {names[1 - column]} = ? AND {names[column]} IN ({marks})"
        )
        found = self._store.execute(sql, (fixed, *[key[column] for key in page])).fetchall()
        for stored in found:
            key = tuple(stored[:2])
            self._touched[key] = self._take(key, tuple(stored))
        for key in page:
            self._touched.setdefault(key, None)

    def _take(self, key: tuple[Any, ...], stored: tuple[Any, ...]) -> Row:
        self._stored[key] = stored
        row: Row = self._shape.make(stored)
        return row

    def add(self, row: Row) -> Row:
        """Take a row that no commit has written yet, or the new one of a key that `get` was asked for."""
        key = self._shape.values(row)[: self._shape.keys]
        self._touched[key] = row
        return row

    def flush(self) -> None:
        """Write what changed, and forget all rows but the open ones."""
        if not self._touched:
            return
        fresh: list[tuple[Any, ...]] = []
        before: list[tuple[Any, ...]] = []
        after: list[tuple[Any, ...]] = []
        changed: dict[tuple[int, ...], list[tuple[Any, ...]]] = {}
        shape, kept, stored = self._shape, self._kept, self._stored
        for key, row in self._touched.items():
            if row is None:
                continue
            new, old = shape.values(row), stored.get(key)
            if old is None:
                fresh.append(new)
            elif new != old:
                # Only what changed: an index is written again for every column of it that is named.
                places = tuple([place for place, value in enumerate(new) if value != old[place]])
                changed.setdefault(places, []).append((*[new[place] for place in places], *key))
                before.append(old)
                after.append(new)
            if shape.keeps(row):
                kept[key], stored[key] = row, new
            elif old is not None:
                kept.pop(key, None)
                del stored[key]
        if fresh:
            self._store.executemany(shape.insert, fresh)
        for places, rows in changed.items():
            self._store.executemany(_update(shape, places), rows)
        self.change += rowsums.value_of(fresh) + rowsums.value_of(after) - rowsums.value_of(before)
        self._forget()

    def _forget(self) -> None:
        self._touched.clear()
        if len(self._kept) > KEPT_MAX:
            self._kept.clear()
            self._stored.clear()


def _update(shape: Shape, places: tuple[int, ...]) -> str:
    columns = shape.columns
    settings = ", ".join(f"{columns[place]} = ?" for place in places)
    keys = " AND ".join(f"{column} = ?" for column in columns[: shape.keys])
    return f"UPDATE {shape.name} SET {settings} WHERE {keys}"  # noqa: S608 (our own names)
