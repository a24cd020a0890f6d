"""The projection's tables while a commit folds events into them: rows are read once, changed, and written once.

The SQL here is the common ground of SQLite and PostgreSQL.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from reconcile.state.rows import (
    AcceptanceRow,
    AlarmRow,
    ApprovalRow,
    BonusRow,
    CampaignRow,
    EntryRow,
    ItemRow,
    LedgerRow,
    MetaRow,
    OperationRow,
    PaymentRow,
    RunRow,
    SendRow,
)


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
    """A table's SQL, made once."""

    name: str
    row_type: type[Any]
    columns: tuple[str, ...]
    keys: int
    read: str
    write: str
    values: Callable[[Any], tuple[Any, ...]]


def _shape(name: str, row_type: type[Any], keys: int = 1) -> Shape:
    columns = tuple(field.name for field in fields(row_type))
    key, rest = columns[:keys], columns[keys:]
    update = ", ".join(f"{column} = excluded.{column}" for column in rest)
    # Names come from the classes above, never from data.
    read = f"SELECT {', '.join(columns)} FROM {name} WHERE {' AND '.join(f'{column} = ?' for column in key)}"  # noqa: S608
    write = (
        f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "  # noqa: S608
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {update}"
    )
    return Shape(name, row_type, columns, keys, read, write, attrgetter(*columns))


class Rows(Generic[Row]):
    """The rows of one table that this commit has touched."""

    def __init__(self, store: Store, shape: Shape) -> None:
        self._store = store
        self._shape = shape
        self._rows: dict[tuple[Any, ...], Row | None] = {}
        self._stored: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def get(self, *key: Any) -> Row | None:
        """The row with this key as it is now, changes of this commit included."""
        if key in self._rows:
            return self._rows[key]
        stored = self._store.execute(self._shape.read, key).fetchone()
        row: Row | None = None
        if stored is not None:
            stored = tuple(stored)
            row = self._shape.row_type(**dict(zip(self._shape.columns, stored, strict=True)))
            self._stored[key] = stored
        self._rows[key] = row
        return row

    def add(self, row: Row) -> Row:
        """Take a new row."""
        key = self._shape.values(row)[: self._shape.keys]
        self._rows[key] = row
        return row

    def flush(self) -> None:
        """Write what changed, and forget all rows."""
        if not self._rows:
            return
        values, stored = self._shape.values, self._stored
        changed = [
            new for key, row in self._rows.items() if row is not None and (new := values(row)) != stored.get(key)
        ]
        if changed:
            self._store.executemany(self._shape.write, changed)
        self._rows.clear()
        self._stored.clear()


_SHAPES: Final = (
    _shape("meta", MetaRow),
    _shape("ledgers", LedgerRow),
    _shape("campaigns", CampaignRow),
    _shape("bonuses", BonusRow, 2),
    _shape("operations", OperationRow),
    _shape("payments", PaymentRow, 2),
    _shape("operation_items", ItemRow, 2),
    _shape("sends", SendRow, 2),
    _shape("runs", RunRow),
    _shape("approvals", ApprovalRow),
    _shape("approval_entries", EntryRow, 2),
    _shape("alarms", AlarmRow),
    _shape("acceptances", AcceptanceRow, 2),
)


class Tables:
    """All tables of the projection, in the order in which rows refer to each other."""

    def __init__(self, store: Store) -> None:
        self.store = store
        # Made for each commit, so without the detour that a generic class takes to its own name.
        made: list[Rows[Any]] = [Rows(store, shape) for shape in _SHAPES]
        self._all = tuple(made)
        self.meta: Rows[MetaRow] = made[0]
        self.ledgers: Rows[LedgerRow] = made[1]
        self.campaigns: Rows[CampaignRow] = made[2]
        self.bonuses: Rows[BonusRow] = made[3]
        self.operations: Rows[OperationRow] = made[4]
        self.payments: Rows[PaymentRow] = made[5]
        self.items: Rows[ItemRow] = made[6]
        self.sends: Rows[SendRow] = made[7]
        self.runs: Rows[RunRow] = made[8]
        self.approvals: Rows[ApprovalRow] = made[9]
        self.entries: Rows[EntryRow] = made[10]
        self.alarms: Rows[AlarmRow] = made[11]
        self.acceptances: Rows[AcceptanceRow] = made[12]
        self._highest_operation: int | None = None
        self._campaign_numbers: dict[tuple[int, str, str], int] = {}

    def highest_operation(self) -> int:
        """The newest operation's number, 0 before the first."""
        if self._highest_operation is None:
            self._highest_operation = self._highest("SELECT coalesce(max(operation), 0) FROM operations")
        return self._highest_operation

    def add_operation(self, row: OperationRow) -> None:
        """Take a new operation, the highest from now on."""
        self.operations.add(row)
        self._highest_operation = row.operation

    def campaign(self, ledger: int, project: str, name: str) -> CampaignRow:
        """A ledger's campaign, made where it is not known yet."""
        number = self._campaign_numbers.get((ledger, project, name))
        if number is None:
            found = self.store.execute(
                "SELECT campaign FROM campaigns WHERE ledger = ? AND project = ? AND name = ?", (ledger, project, name)
            ).fetchone()
            number = found[0] if found else self._next_campaign()
            self._campaign_numbers[ledger, project, name] = number
        row = self.campaigns.get(number)
        if row is None:
            row = self.campaigns.add(CampaignRow(campaign=number, ledger=ledger, project=project, name=name))
        return row

    def _next_campaign(self) -> int:
        stored = self._highest("SELECT coalesce(max(campaign), 0) FROM campaigns")
        return max(stored, *self._campaign_numbers.values(), 0) + 1

    def _highest(self, sql: str) -> int:
        number: int = self.store.execute(sql).fetchone()[0]
        return number

    def flush(self) -> None:
        """Write all changed rows."""
        for rows in self._all:
            rows.flush()
