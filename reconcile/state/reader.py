"""A state opened for reading: all that planning gets. It never writes, not even into the state's folder.

What only some questions need is imported when they are asked: a plan with nothing to do reads no event.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from decimal import Decimal
from pathlib import Path

from reconcile.state import chain, files, queries
from reconcile.state.chain import StoredEvent
from reconcile.state.connection import FORMAT, check_one_file, check_ours, reading, translated
from reconcile.state.ledger import (
    AcceptanceRecord,
    AlarmRecord,
    CampaignRecord,
    Head,
    IssuedContent,
    IssuedPage,
    IssuedRow,
    KnownPayment,
    LedgerRecord,
    OperationRecord,
    PaidRow,
    RecordedBonus,
    RecordedPayment,
    RunPayment,
    RunRecord,
    RunSum,
    StateReader,
)
from reconcile.state.queries import DOUBTED, LINEAGE, UNPROVED, Source


class SqliteReader(StateReader):
    """`StateReader` over a connection to SQLite. Errors are StateError, or StateCorrupt for a damaged file."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def source(self) -> Source:
        """Where this reader's questions go, for verification and export."""
        return self._source

    @property
    def lineage(self) -> str:
        """The state's own random id."""
        return queries.meta(self._source, LINEAGE)

    def head(self) -> Head:
        """The newest event."""
        return queries.head(self._source)

    @property
    def unproved(self) -> bool:
        """Whether runs that this journal does not hold may have sent something: the next run closes every gate."""
        return self._unproved() != ""

    @property
    def doubted(self) -> bool:
        """Whether a mark says so: a run began elsewhere, and has not brought its journal."""
        return self._unproved() == DOUBTED

    def _unproved(self) -> str:
        row = self._source.row("SELECT value FROM meta WHERE key = ?", UNPROVED)
        return "" if row is None else str(row[0])

    def stored_events(self, after: int = 0) -> Iterator[StoredEvent]:
        """The journal after an event, in order, as it lies there."""
        return queries.stored_events(self._source, after)

    def contains_head(self, head: Head) -> bool:
        """Whether the journal holds this very event: the state is the anchor's, and not older."""
        if head.sequence == 0:
            return head == chain.NO_EVENTS
        return queries.event_hash(self._source, head.sequence) == head.hash

    def ledgers(self) -> tuple[LedgerRecord, ...]:
        """Every ledger, in the order of their binding."""
        return queries.ledgers(self._source)

    def ledger(self, provider_type: str, environment: str) -> LedgerRecord | None:
        """The ledger of a provider and environment."""
        return queries.ledger(self._source, provider_type, environment)

    def bonuses(self, ledger: int, campaign: str) -> Iterator[RecordedBonus]:
        """All bonuses recorded under a campaign's name, ordered by bonus_id."""
        return queries.bonuses(self._source, ledger, campaign)

    def issued_once(self, ledger: int, project: str, campaign: str) -> Iterator[IssuedPage]:
        """Every bonus of a project's campaign, the usual ones with all that is known of them."""
        return queries.issued_once(self._source, ledger, project, campaign)

    def bonuses_by_id(self, ledger: int, bonus_ids: Iterable[bytes]) -> Iterator[RecordedBonus]:
        """Those of the given bonuses that are recorded."""
        return queries.bonuses_by_id(self._source, ledger, bonus_ids)

    def campaigns(self, ledger: int) -> tuple[CampaignRecord, ...]:
        """Every campaign's sums, ordered by project and name. The sums are kept, not counted anew."""
        return queries.campaigns(self._source, ledger)

    def count_rejected(self, ledger: int) -> Mapping[str, int]:
        """How many bonuses were rejected at their newest attempt, by the campaign's name."""
        from reconcile.state import queries_audit

        return queries_audit.count_rejected(self._source, ledger)

    def payments(self, bonus_id: bytes, *, ledger: int | None = None) -> tuple[RecordedPayment, ...]:
        """A bonus's payments, by sequence."""
        from reconcile.state import queries_payments

        return queries_payments.payments(self._source, bonus_id, ledger)

    def all_payments(self, ledger: int, campaign: str | None = None) -> Iterator[RecordedPayment]:
        """Payments ordered by campaign, bonus and sequence; unattributed ones last."""
        from reconcile.state import queries_payments

        return queries_payments.all_payments(self._source, ledger, campaign)

    def unattributed(self, ledger: int) -> Iterator[RecordedPayment]:
        """Issued payments of ours that no bonus is known for."""
        from reconcile.state import queries_payments

        return queries_payments.unattributed(self._source, ledger)

    def payment_by_id(self, payment_id: bytes, *, ledger: int | None = None) -> RecordedPayment | None:
        """One payment."""
        from reconcile.state import queries_payments

        return queries_payments.payment_by_id(self._source, payment_id, ledger)

    def known_payments(self, ledger: int, payment_ids: Sequence[bytes]) -> Mapping[bytes, KnownPayment]:
        """Those of the given payments that the ledger knows."""
        from reconcile.state import queries_payments

        return queries_payments.known_payments(self._source, ledger, payment_ids)

    def issued_rows(self, ledger: int, payment_ids: Sequence[bytes]) -> Sequence[IssuedRow]:
        """Those of the given payments that are issued under an id of the provider's."""
        from reconcile.state import queries_payments

        return queries_payments.issued_rows(self._source, ledger, payment_ids)

    def count_listed(self, ledger: int) -> int:
        """How many payments are issued under an id of the provider's."""
        from reconcile.state import queries_payments

        return queries_payments.count_listed(self._source, ledger)

    def issued_content(self, payment_id: bytes, *, ledger: int | None = None) -> IssuedContent | None:
        """Where an issued payment's texts can be read; None if it is not issued."""
        from reconcile.state import queries_payments

        return queries_payments.issued_content(self._source, payment_id, ledger)

    def acceptances(self, ledger: int) -> Iterator[AcceptanceRecord]:
        """Every acceptance that was not taken back."""
        return queries.acceptances(self._source, ledger)

    def imported(self, ledger: int) -> Iterator[RecordedPayment]:
        """Payments that an import took over."""
        from reconcile.state import queries_payments

        return queries_payments.imported(self._source, ledger)

    def open_operations(self, ledger: int) -> Iterator[OperationRecord]:
        """Operations with payments that are not settled, in the order they were prepared."""
        from reconcile.state import queries_payments

        return queries_payments.open_operations(self._source, ledger)

    def count_open(self, ledger: int) -> int:
        """How many operations are open."""
        from reconcile.state import queries_payments

        return queries_payments.count_open(self._source, ledger)

    def sends_since(self, ledger: int, at_ms: int) -> int:
        """How many sends were started since a moment of our own clock."""
        return queries.sends_since(self._source, ledger, at_ms)

    def adopted_since(self, ledger: int, at_ms: int) -> int:
        """How many payments of ours that this state did not send were made since a moment of the provider's clock."""
        return queries.adopted_since(self._source, ledger, at_ms)

    def paid_since(self, ledger: int, at_ms: int) -> Iterator[PaidRow]:
        """Payments issued after a moment, by time, then those in doubt whose operation was prepared after it."""
        from reconcile.state import queries_audit

        return queries_audit.paid_since(self._source, ledger, at_ms)

    def issued_amounts(self, ledger: int, project: str, campaign: str) -> Iterator[tuple[Decimal, int]]:
        """What a campaign's bonuses were paid: (amount, how many bonuses)."""
        from reconcile.state import queries_audit

        return queries_audit.issued_amounts(self._source, ledger, project, campaign)

    def find_runs(self, beginning: str) -> tuple[RunRecord, ...]:
        """The runs whose id begins so, newest first; at most ten."""
        return queries.find_runs(self._source, beginning)

    def run_payments(self, run_id: str) -> Iterator[RunPayment]:
        """What a run settled or adopted, in the order in which it became durable."""
        from reconcile.state import queries_runs

        return queries_runs.run_payments(self._source, run_id)

    def run_sums(self, run_id: str) -> tuple[RunSum, ...]:
        """The same, summed by ledger and outcome."""
        from reconcile.state import queries_runs

        return queries_runs.run_sums(self._source, run_id)

    def run_digest(self, run_id: str) -> str:
        """The digest of the set that a run sends from, as its events tell."""
        from reconcile.state import queries_runs

        return queries_runs.run_digest(self._source, run_id)

    def resolved_as_issued(self) -> frozenset[tuple[int, bytes]]:
        """The payments of which a person said that they were made."""
        from reconcile.state import queries_runs

        return queries_runs.resolved_as_issued(self._source)

    def approved(self, digest: str) -> dict[bytes, bytes] | None:
        """The recorded set with this digest; None if none (or only a part) is recorded."""
        return queries.approved(self._source, digest)

    def runs(self, limit: int) -> Iterator[RunRecord]:
        """The newest runs, newest first."""
        return queries.runs(self._source, limit)

    def applied_commit(self) -> str:
        """The git commit of the newest apply whose plan was agreed to, as its run recorded it; "" if none is known."""
        from reconcile.state import queries_audit

        return queries_audit.applied_commit(self._source)

    def open_gates(self, head: Head) -> frozenset[int]:
        """The ledgers whose gate was open at this event of the journal."""
        from reconcile.state import queries_audit

        return queries_audit.open_gates(self._source, head.sequence)

    def alarms(self) -> tuple[AlarmRecord, ...]:
        """Every alarm, oldest first."""
        return queries.alarms(self._source)


@contextmanager
def open_reader(path: Path) -> Iterator[SqliteReader | None]:
    """One moment of the state at `path`; None if there is no state yet.

    The tables of an older bonusctl are brought to this version's form in a copy in memory; the next run does it in the
    file. Raises StateError for a file that is not ours or that a newer bonusctl wrote, StateCorrupt for a damaged one.
    """
    if not files.exists(path):
        yield None
        return
    with reading(path) as found, ExitStack() as stack:
        connection = found
        with translated(path, writing=False):
            ours = check_ours(connection, path)
            check_one_file(connection, path)
            if ours and connection.execute("PRAGMA user_version").fetchone()[0] < FORMAT:
                connection = stack.enter_context(closing(_brought_up(connection)))
        reader = SqliteReader(Source(connection, path)) if ours else None
        # A run that died right after it made the tables left a state without its first event: none yet.
        yield reader if reader and reader.head().sequence else None


def _brought_up(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A copy in memory with this version's tables."""
    from reconcile.state.forming import form

    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.backup(copy)
        form(copy, ":memory:")
    except BaseException:
        copy.close()
        raise
    return copy
