"""The rows of one table while commits fold events into them: read once, changed, and written once a commit.

Rows that are still open (a payment under way, its operation) are kept from one commit to the next, since the next one
settles them: nobody else writes meanwhile, and whoever did is found by the fence.

Most rows live one life: begun in a commit, ended in a later one, and touched by nothing else. Those need no object with
fields: `begin` and `end` take the values of their columns as they will lie in the table (`fold_plain`). `get` makes a
row of them where one is asked for. The SQL here is the common ground of SQLite and PostgreSQL.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from itertools import islice
from operator import attrgetter, itemgetter
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


class Ended(NamedTuple):
    """The last values of a row's columns, and the places of those that changed."""

    values: tuple[Any, ...]
    places: tuple[int, ...]


def _never(_: Any) -> bool:
    return False


def columns_of(row_type: type[Any]) -> tuple[str, ...]:
    """The columns of a table in their order: the fields of its rows."""
    return tuple(field.name for field in fields(row_type))


def shape_of(name: str, row_type: type[Any], keys: int = 1, keeps: Callable[[Any], bool] = _never) -> Shape:
    """The shape of a table whose columns are the fields of `row_type`, the first `keys` of them its key."""
    columns = columns_of(row_type)
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
        self._begun: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self._ended: dict[tuple[Any, ...], Ended] = {}
        self._known_values: dict[tuple[Any, ...], int] = {}
        self.change = 0

    def get(self, *key: Any) -> Row | None:
        """The row with this key as it is now, changes of this commit included."""
        if key in self._touched:
            return self._touched[key]
        row = self._kept.get(key)
        if row is None:
            row = self._made(key)
        self._touched[key] = row
        return row

    def _made(self, key: tuple[Any, ...]) -> Row | None:
        """The row with this key, made of the values of its columns."""
        ended = self._ended.pop(key, None)
        values = self._begun.pop(key, None) if ended is None else ended.values
        if values is None:
            values = self._stored.get(key)
        if values is None:
            stored = self._store.execute(self._shape.read, key).fetchone()
            if stored is None:
                return None
            values = self._stored[key] = tuple(stored)
        row: Row = self._shape.make(values)
        return row

    def look_up(self, fixed: Any, varying: Iterable[Any], *, column: int) -> None:
        """Read the rows of many two-part keys with few questions: `varying` are the key's parts in column number
        `column` (0 or 1), `fixed` is the other part of all of them. `get` has the answers.
        """
        keys = ((part, fixed) if column == 0 else (fixed, part) for part in varying)
        touched, stored, begun = self._touched, self._stored, self._begun
        unknown = iter([key for key in keys if key not in touched and key not in stored and key not in begun])
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
            self._stored[key] = values = tuple(stored)
            self._touched[key] = self._shape.make(values)
        for key in page:
            self._touched.setdefault(key, None)

    def add(self, row: Row) -> Row:
        """Take a row that no commit has written yet, or the new one of a key that `get` was asked for."""
        key = self._shape.values(row)[: self._shape.keys]
        self._touched[key] = row
        return row

    # --- rows of one life --------------------------------------------------------------------------------------------

    def is_unknown(self, key: tuple[Any, ...]) -> bool:
        """Whether the store was asked for this key (`look_up`) and had no row, nor has this commit begun one."""
        return self._touched.get(key, self) is None and key not in self._begun

    def begin(self, key: tuple[Any, ...], values: tuple[Any, ...]) -> None:
        """Take a row that `is_unknown`, or whose key is new in any case, by its values. It is open: it will be kept."""
        self._touched.pop(key, None)
        self._begun[key] = values

    def untouched(self, key: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """The values of an open row of an earlier commit that this one has not touched; None for any other."""
        if key in self._touched or key in self._ended:
            return None
        return self._stored.get(key)

    def end(self, key: tuple[Any, ...], values: tuple[Any, ...], places: tuple[int, ...]) -> None:
        """Give an `untouched` row new values, which differ in these columns. It is open no longer: it will be forgotten."""
        self._ended[key] = Ended(values, places)

    # --- writing -----------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what changed, and forget all rows but the open ones."""
        if self._touched:
            self._flush_touched()
        if self._begun:
            self._flush_begun()
        if self._ended:
            self._flush_ended()
        if len(self._stored) > KEPT_MAX:
            for known in (self._kept, self._stored, self._known_values):
                known.clear()

    def _flush_begun(self) -> None:
        begun = self._begun
        values = rowsums.values_of(begun.values())
        self._store.executemany(self._shape.insert, begun.values())
        self.change += sum(values)
        self._stored.update(begun)
        self._known_values.update(zip(begun, values, strict=True))
        self._begun = {}

    def _flush_ended(self) -> None:
        changed: dict[tuple[int, ...], list[tuple[Any, ...]]] = {}
        before: list[tuple[Any, ...]] = []
        for key, (values, places) in self._ended.items():
            changed.setdefault(places, []).append(values)
            old, value = self._stored.pop(key), self._known_values.pop(key, None)
            self._kept.pop(key, None)
            if value is None:
                before.append(old)
            else:
                self.change -= value
        self._update(changed)
        self.change += rowsums.value_of([values for values, _ in self._ended.values()]) - rowsums.value_of(before)
        self._ended = {}

    def _flush_touched(self) -> None:
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
                changed.setdefault(places, []).append(new)
                before.append(old)
                after.append(new)
            if shape.keeps(row):
                kept[key], stored[key] = row, new
            elif old is not None:
                kept.pop(key, None)
                del stored[key]
            self._known_values.pop(key, None)
        if fresh:
            self._store.executemany(shape.insert, fresh)
        self._update(changed)
        self.change += rowsums.value_of(fresh) + rowsums.value_of(after) - rowsums.value_of(before)
        self._touched.clear()

    def _update(self, changed: dict[tuple[int, ...], list[tuple[Any, ...]]]) -> None:
        """Write rows' new values in the places where they differ."""
        shape = self._shape
        columns, keys = shape.columns, range(shape.keys)
        for places, rows in changed.items():
            settings = ", ".join(f"{columns[place]} = ?" for place in places)
            where = " AND ".join(f"{columns[place]} = ?" for place in keys)
            sql = f"UPDATE {shape.name} SET {settings} WHERE {where}"  # noqa: S608 (our own names)
            self._store.executemany(sql, map(itemgetter(*places, *keys), rows))
