"""The fold: what each event makes of the tables that readers query.

Events are facts in the order they happened, so the fold is total for every history that could be true, and refuses
one that could not: EventRefused, before the commit. What concerns money is in `fold_operations`,
`fold_settling`, `fold_decided` and `fold_bonuses` beside this file.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from reconcile.digest import canonical_json
from reconcile.errors import EventRefused
from reconcile.state import fold_decided, fold_operations, fold_settling
from reconcile.state.coding import Misfit, amount_text
from reconcile.state.events import (
    SINGLES,
    AcceptanceRevoked,
    AccountBound,
    AlarmRaised,
    ApprovalRecorded,
    BalanceRead,
    BonusAccepted,
    Event,
    GateClosed,
    GateOpened,
    OperationSettled,
    OperationsPrepared,
    PaymentResolved,
    PaymentsAdopted,
    PaymentsAttributed,
    PaymentsImported,
    RunEnded,
    RunStarted,
    ScanCompleted,
    SendsFinished,
    SendsStarted,
    StateCarried,
    StateCreated,
)
from reconcile.state.fold_bonuses import ledger_row
from reconcile.state.kept_sums import SUMS
from reconcile.state.queries import DOUBTED as DOUBTED
from reconcile.state.queries import EPOCH
from reconcile.state.queries import LINEAGE as LINEAGE
from reconcile.state.queries import UNPROVED as UNPROVED
from reconcile.state.rows import AlarmRow, ApprovalRow, EntryRow, LedgerRow, MetaRow, RunRow
from reconcile.state.table_rows import Store
from reconcile.state.tables import Tables

CREATED: Final = "created_ms"
VERIFIED: Final = "verified"
"""How far the chain was verified, as `sequence:hash`. Not folded from events."""
UNFOLDED: Final = (VERIFIED, UNPROVED, SUMS)

AnyEvent = TypeVar("AnyEvent")


class Projection:
    """Folds events into tables, inside an open transaction. `flush` writes, and belongs before each commit.

    A projection may go on after a commit, since it keeps what it will be asked for again. It ends with a transaction that
    was rolled back, and with the writing of anybody else.
    """

    def __init__(self, store: Store) -> None:
        self._tables = Tables(store)

    def apply(self, sequence: int, event: Event) -> None:
        """Fold the event with this number. Raises EventRefused if it cannot follow what the state holds."""
        try:
            _check_beginning(sequence, event)
            _FOLDS[type(event)](self._tables, sequence, event)
        except (EventRefused, Misfit) as error:
            raise EventRefused(
                f"Event {sequence} ({event.kind}) cannot follow what the state holds: {error}",
                detail="Recording it would make the state untrue. Nothing of it was written.",
                remedy="This is a mistake in bonusctl: please report it with the output of\nbonusctl state verify",
            ) from error

    def flush(self) -> None:
        """Write all changed rows to the store."""
        self._tables.flush()

    def take_changes(self) -> dict[str, int]:
        """By how much what was written since this was asked last has changed the sums of the tables (`rowsums`)."""
        return self._tables.take_changes()


# --- the state and its runs ------------------------------------------------------------------------------------------


def _check_beginning(sequence: int, event: Event) -> None:
    if (sequence == 1) is not isinstance(event, StateCreated):
        raise EventRefused("a state begins with its creation, once")


def _created(tables: Tables, _: int, event: StateCreated) -> None:
    tables.meta.add(MetaRow(LINEAGE, event.lineage))
    tables.meta.add(MetaRow(EPOCH, "0"))
    tables.meta.add(MetaRow(CREATED, str(event.at_ms)))


def _epoch(tables: Tables) -> MetaRow:
    row = tables.meta.get(EPOCH)
    if row is None or not row.value.isdecimal():
        raise EventRefused("The state has lost its epoch")
    return row


def _run_started(tables: Tables, _: int, event: RunStarted) -> None:
    epoch = _epoch(tables)
    if event.epoch != int(epoch.value) + 1:
        raise EventRefused(f"A run of epoch {event.epoch} cannot follow epoch {epoch.value}")
    epoch.value = str(event.epoch)
    tables.runs.add(
        RunRow(
            epoch=event.epoch,
            run_id=event.run_id,
            command=event.command,
            actor=event.actor,
            host=event.host,
            git_commit=event.git_commit,
            version=event.version,
            started_ms=event.at_ms,
            pull_request=event.pull_request,
        )
    )


def _run_ended(tables: Tables, _: int, event: RunEnded) -> None:
    tables.flush()
    found = tables.store.execute("SELECT epoch FROM runs WHERE run_id = ?", (event.run_id,)).fetchone()
    run = tables.runs.get(found[0]) if found else None
    if run is None or run.ended_ms is not None:
        raise EventRefused(f"Run {event.run_id} is not under way, so it cannot end")
    run.ended_ms, run.outcome, run.plan_digest = event.at_ms, event.outcome, event.plan_digest
    run.issued, run.adopted, run.rejected = event.issued, event.adopted, event.rejected
    run.in_doubt, run.not_sent = event.in_doubt, event.not_sent
    run.paid = canonical_json([[currency, amount_text(amount)] for currency, amount in event.paid])


def _carried(tables: Tables, _: int, event: StateCarried) -> None:
    epoch = _epoch(tables)
    if event.epoch <= int(epoch.value):
        raise EventRefused(f"A state carried over to epoch {event.epoch} cannot follow epoch {epoch.value}")
    epoch.value = str(event.epoch)
    tables.flush()
    for (number,) in tables.store.execute("SELECT ledger FROM ledgers ORDER BY ledger").fetchall():
        _close_gate(ledger_row(tables, number), event.how, event.at_ms)


# --- ledgers ---------------------------------------------------------------------------------------------------------


def _bound(tables: Tables, _: int, event: AccountBound) -> None:
    tables.flush()
    highest, same = tables.store.execute(
        "SELECT coalesce(max(ledger), 0), coalesce(sum(type = ? AND environment = ?), 0) FROM ledgers",
        (event.account.type, event.account.environment),
    ).fetchone()
    if event.ledger != highest + 1:
        raise EventRefused(f"Ledger {event.ledger} cannot follow ledger {highest}")
    if same:
        raise EventRefused(f"{event.account.type}/{event.account.environment} has a ledger already")
    tables.ledgers.add(
        LedgerRow(
            ledger=event.ledger,
            type=event.account.type,
            environment=event.account.environment,
            account_id=event.account.id,
            name=event.name,
            currency=event.currency,
            bound_ms=event.at_ms,
            gate_ms=event.at_ms,
        )
    )


def _close_gate(ledger: LedgerRow, reason: str, at_ms: int) -> None:
    if not reason:
        raise EventRefused("A gate closes for a reason")
    ledger.gate, ledger.gate_ms, ledger.gate_server_ms = reason, at_ms, None


def _gate_closed(tables: Tables, _: int, event: GateClosed) -> None:
    _close_gate(ledger_row(tables, event.ledger), event.reason, event.at_ms)


def _gate_opened(tables: Tables, _: int, event: GateOpened) -> None:
    ledger = ledger_row(tables, event.ledger)
    ledger.gate = ""
    if event.reason != SINGLES:
        # Nothing of another life is about any more. Behind "singles" it may be, harmless for as long as names stay.
        ledger.gate_ms, ledger.gate_server_ms = 0, None


def _balance(tables: Tables, _: int, event: BalanceRead) -> None:
    ledger = ledger_row(tables, event.ledger)
    ledger.balance, ledger.balance_ms = amount_text(event.balance), event.at_ms


def _scanned(tables: Tables, _: int, event: ScanCompleted) -> None:
    ledger = ledger_row(tables, event.ledger)
    # A scan without the provider's clock keeps the watermark that was there: no moment to count a gate from.
    if ledger.gate_ms and ledger.gate_server_ms is None and event.started_ms > (ledger.watermark_ms or 0):
        ledger.gate_server_ms = event.started_ms
    ledger.watermark_ms, ledger.scanned_ms = event.started_ms, event.at_ms
    if event.newest_remote_id:
        ledger.newest_remote_id = event.newest_remote_id
    if event.newest_ours_ms is not None:
        ledger.newest_ours_ms = max(event.newest_ours_ms, ledger.newest_ours_ms or 0)
        ledger.verified_first = 1


def _alarm(tables: Tables, sequence: int, event: AlarmRaised) -> None:
    ledger_row(tables, event.ledger)
    tables.alarms.add(AlarmRow(sequence, event.ledger, event.code, event.detail, event.at_ms))


# --- approvals -------------------------------------------------------------------------------------------------------


def _approved(tables: Tables, sequence: int, event: ApprovalRecorded) -> None:
    tables.flush()
    found = tables.store.execute("SELECT approval FROM approvals WHERE digest = ?", (event.digest,)).fetchone()
    approval = tables.approvals.get(found[0]) if found else None
    if approval is None:
        approval = tables.approvals.add(ApprovalRow(sequence, event.digest, event.total, 0, event.actor, event.at_ms))
    if approval.total != event.total:
        raise EventRefused(f"The set {event.digest} has {approval.total} payments, not {event.total}")
    tables.entries.look_up(approval.approval, [payment_id for payment_id, _ in event.entries], column=1)
    for payment_id, entry in event.entries:
        known = tables.entries.get(approval.approval, payment_id)
        if known is None:
            tables.entries.add(EntryRow(approval.approval, payment_id, entry))
            approval.recorded += 1
        elif known.entry != entry:
            raise EventRefused(f"The set {event.digest} holds one payment with two contents")
    if approval.recorded > approval.total:
        raise EventRefused(f"The set {event.digest} holds more than its {approval.total} payments")


Fold = Callable[[Tables, int, Any], None]
_FOLDS: Final[dict[type[Any], Fold]] = {
    StateCreated: _created,
    RunStarted: _run_started,
    RunEnded: _run_ended,
    AccountBound: _bound,
    BalanceRead: _balance,
    GateClosed: _gate_closed,
    GateOpened: _gate_opened,
    ApprovalRecorded: _approved,
    OperationsPrepared: fold_operations.prepared,
    SendsStarted: fold_operations.sends_started,
    SendsFinished: fold_operations.sends_finished,
    OperationSettled: fold_settling.settled,
    PaymentsAdopted: fold_settling.adopted,
    PaymentsAttributed: fold_settling.attributed,
    ScanCompleted: _scanned,
    AlarmRaised: _alarm,
    PaymentResolved: fold_settling.resolved,
    StateCarried: _carried,
    BonusAccepted: fold_decided.accepted,
    AcceptanceRevoked: fold_decided.revoked,
    PaymentsImported: fold_decided.imported,
}
