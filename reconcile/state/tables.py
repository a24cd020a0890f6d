"""All tables of the projection, through which an event is folded.

The SQL here is the common ground of SQLite and PostgreSQL.
"""

from typing import Any, Final

from reconcile.state.coding import amount_value, sum_text
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
from reconcile.state.table_rows import KEPT_MAX, Rows, Store, shape_of


def _always(_: Any) -> bool:
    return True


def _campaign_values(row: CampaignRow) -> tuple[Any, ...]:
    sums = sum_text(row.issued), sum_text(row.in_doubt)
    return row.campaign, row.ledger, row.project, row.name, row.bonuses, *sums


def _make_campaign(stored: tuple[Any, ...]) -> CampaignRow:
    number, ledger, project, name, bonuses, issued, in_doubt = stored
    return CampaignRow(
        campaign=number,
        ledger=ledger,
        project=project,
        name=name,
        bonuses=bonuses,
        issued=amount_value(issued),
        in_doubt=amount_value(in_doubt),
    )


_SHAPES: Final = (
    shape_of("meta", MetaRow, keeps=_always),
    shape_of("ledgers", LedgerRow, keeps=_always),
    shape_of("campaigns", CampaignRow, keeps=_always)._replace(values=_campaign_values, make=_make_campaign),
    shape_of("bonuses", BonusRow, 2, lambda row: row.open_count > 0),
    shape_of("operations", OperationRow, keeps=lambda row: row.open_count > 0),
    shape_of("payments", PaymentRow, 2, lambda row: row.status == "prepared"),
    shape_of("operation_items", ItemRow, 2, lambda row: row.result == ""),
    shape_of("sends", SendRow, 2, lambda row: row.outcome is None),
    shape_of("runs", RunRow),
    shape_of("approvals", ApprovalRow),
    shape_of("approval_entries", EntryRow, 2),
    shape_of("alarms", AlarmRow),
    shape_of("acceptances", AcceptanceRow, 2),
)


COLUMNS: Final = {shape.name: shape.columns for shape in _SHAPES}
"""Every table that is folded, and its columns in the order of `rowsums`."""


class Tables:
    """All tables of the projection, in the order in which rows refer to each other."""

    def __init__(self, store: Store) -> None:
        self.store = store
        # Made for each ledger, so without the detour that a generic class takes to its own name.
        made: list[Rows[Any]] = [Rows(store, shape) for shape in _SHAPES]
        self._all = tuple(zip((shape.name for shape in _SHAPES), made, strict=True))
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
        self._highest_campaign: int | None = None
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
        if self._highest_campaign is None:
            self._highest_campaign = self._highest("SELECT coalesce(max(campaign), 0) FROM campaigns")
        self._highest_campaign += 1
        return self._highest_campaign

    def _highest(self, sql: str) -> int:
        number: int = self.store.execute(sql).fetchone()[0]
        return number

    def flush(self) -> None:
        """Write all changed rows."""
        for _, rows in self._all:
            rows.flush()
        if len(self._campaign_numbers) > KEPT_MAX:
            self._campaign_numbers.clear()

    def take_changes(self) -> dict[str, int]:
        """What was written since this was asked last has changed the sums of the tables by so much (`rowsums`)."""
        found = {}
        for name, rows in self._all:
            if rows.change:
                found[name], rows.change = rows.change, 0
        return found
