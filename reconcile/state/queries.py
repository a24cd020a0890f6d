"""What readers ask of a state's tables, but for payments and operations (`queries_payments`).

Long answers are read in pages by key, so that no statement stays open between two of them: a writer may commit while
its own question is still being answered.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from decimal import Decimal
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Any, Final

from reconcile.errors import StateCorrupt, StateError
from reconcile.model import ID_BYTES, Account, PaymentStatus
from reconcile.state.chain import NO_EVENTS, StoredEvent
from reconcile.state.coding import Misfit, amount_value
from reconcile.state.connection import translated
from reconcile.state.ledger import (
    AcceptanceRecord,
    AlarmRecord,
    CampaignRecord,
    Head,
    IssuedPage,
    LedgerRecord,
    RecordedBonus,
    RunRecord,
)

PAGE: Final = 5_000
ISSUED_PAGE: Final = 1_000
"""Small rows: so many of them stay in the processor's nearest memory until they are taken."""
IDS_PAGE: Final = 500
EPOCH: Final = "epoch"
LINEAGE: Final = "lineage"
UNPROVED: Final = "unproved"
"""Not empty: runs that this journal does not hold may have sent something. Not folded from events."""
DOUBTED: Final = "doubted"
"""Its value where a mark says that such a run began."""
AMOUNTS_MAX: Final = 65_536
RUNS_FOUND_MAX: Final = 10

_LEDGER: Final = (
    "SELECT ledger, type, environment, account_id, name, currency, bound_ms, gate, gate_ms, watermark_ms, scanned_ms, "
    "newest_ours_ms, newest_remote_id, verified_first, balance, balance_ms, gate_server_ms FROM ledgers"
)
_SUMS: Final = "issued, issued_count, issued_sequence, open_count, open_amount, attempt, rejected"
_RUN: Final = (
    "SELECT run_id, command, actor, host, git_commit, version, started_ms, ended_ms, outcome, plan_digest, issued, "
    "adopted, rejected, in_doubt, not_sent, pull_request, paid FROM runs"
)
_BONUSES: Final = (
    f"SELECT bonus_id, recipient, assignment_id, key, {_SUMS} "  # noqa: S608 (our own column names)
    "FROM bonuses WHERE campaign = ? AND bonus_id > ? ORDER BY bonus_id LIMIT ?"
)
# One value a row, since a plan asks this of every bonus: longer than an id where it is a fingerprint. At attempt 1 no id
# of any kind was used up.
_ISSUED_ONCE: Final = (
    "SELECT CAST(CASE WHEN issued_count = 1 AND issued_sequence = 1 AND open_count = 0 AND attempt = 1 "
    "AND length(bonus_id) = 16 THEN bonus_id || issued ELSE bonus_id END AS BLOB) FROM bonuses WHERE campaign = ? "
    "ORDER BY bonus_id"
)


class Amounts(dict[str, Decimal]):
    """Text → amount, made once for each text; bounded, since sums of many bonuses may all differ."""

    def __missing__(self, text: str) -> Decimal:
        if len(self) >= AMOUNTS_MAX:
            self.clear()
        try:
            amount = self[text] = amount_value(text)
        except Misfit as misfit:
            raise altered("an amount", text) from misfit
        return amount


def altered(what: str, found: object) -> StateCorrupt:
    """The error for a value that no commit writes."""
    return StateCorrupt(
        f"The state holds {found!r} where {what} belongs",
        detail="Its tables were altered.",
        remedy="bonusctl state verify",
    )


class Source:
    """Where questions go: a connection, and the path that errors name."""

    def __init__(self, connection: sqlite3.Connection, path: Path | str) -> None:
        self.connection = connection
        self.path = path

    def rows(self, sql: str, *parameters: Any) -> list[Any]:
        """All rows of an answer."""
        with translated(self.path, writing=False):
            return self.connection.execute(sql, parameters).fetchall()

    def pages(self, sql: str, *parameters: Any, size: int) -> Iterator[list[Any]]:
        """The same, so many at a time. To be read to the end before anything is written: the statement stays open."""
        with translated(self.path, writing=False):
            cursor = self.connection.execute(sql, parameters)
            while rows := cursor.fetchmany(size):
                yield rows

    def row(self, sql: str, *parameters: Any) -> Any:
        """The first row of an answer, or None."""
        with translated(self.path, writing=False):
            return self.connection.execute(sql, parameters).fetchone()

    def missing(self, what: str) -> StateCorrupt:
        """The error for a row that must be there."""
        return StateCorrupt(f"The state {self.path} lacks {what}", remedy="bonusctl state verify")


# --- the journal -----------------------------------------------------------------------------------------------------


def meta(source: Source, key: str) -> str:
    """A fact about the whole state."""
    row = source.row("SELECT value FROM meta WHERE key = ?", key)
    if row is None:
        raise source.missing(f"its {key}")
    value: str = row[0]
    return value


def epoch(source: Source) -> int:
    """The state's epoch: how many times a run, or a person, took it over."""
    text = meta(source, EPOCH)
    if not text.isdecimal():
        raise altered("an epoch", text)
    return int(text)


def head(source: Source) -> Head:
    """The newest event."""
    row = source.row("SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1")
    return NO_EVENTS if row is None else Head(row[0], row[1].hex())


def event_hash(source: Source, sequence: int) -> str | None:
    """The chain's hash up to an event, 64 hex digits; None if there is no such event."""
    row = source.row("SELECT hash FROM events WHERE sequence = ?", sequence)
    return row[0].hex() if row else None


def stored_events(source: Source, after: int) -> Iterator[StoredEvent]:
    """The events after number `after`, in order. Streams: nothing may be written meanwhile."""
    # What is raised where an event is used does not come by here: the errors are the reading's alone.
    with translated(source.path, writing=False):
        yield from map(
            StoredEvent._make,
            source.connection.execute(
                "SELECT sequence, kind, body, hash FROM events WHERE sequence > ? ORDER BY sequence", (after,)
            ),
        )


# --- ledgers, campaigns, runs ----------------------------------------------------------------------------------------


def ledgers(source: Source) -> tuple[LedgerRecord, ...]:
    """Every ledger, in the order of their binding."""
    return tuple(_ledger(row) for row in source.rows(f"{_LEDGER} ORDER BY ledger"))


def ledger(source: Source, provider_type: str, environment: str) -> LedgerRecord | None:
    """The ledger of a provider and environment."""
    row = source.row(f"{_LEDGER} WHERE type = ? AND environment = ?", provider_type, environment)
    return _ledger(row) if row else None


def _ledger(row: tuple[Any, ...]) -> LedgerRecord:
    number, provider_type, environment, account_id, *rest, verified_first, balance, balance_ms, gate_server_ms = row
    account = Account(provider_type, environment, account_id)
    known = None if balance is None else Amounts()[balance]
    return LedgerRecord._make((number, account, *rest, bool(verified_first), known, balance_ms, gate_server_ms))


def campaigns(source: Source, ledger_number: int) -> tuple[CampaignRecord, ...]:
    """Every campaign's sums, ordered by project and name."""
    rows = source.rows(
        "SELECT project, name, bonuses, issued, in_doubt FROM campaigns WHERE ledger = ? ORDER BY project, name",
        ledger_number,
    )
    amounts = Amounts()
    return tuple(
        CampaignRecord(project, name, bonuses, amounts[issued], amounts[in_doubt])
        for project, name, bonuses, issued, in_doubt in rows
    )


def runs(source: Source, limit: int) -> Iterator[RunRecord]:
    """The newest runs, newest first."""
    return _runs(source.rows(f"{_RUN} ORDER BY epoch DESC LIMIT ?", limit))


def find_runs(source: Source, beginning: str) -> tuple[RunRecord, ...]:
    """The runs whose id begins so, newest first; at most ten."""
    sql = f"{_RUN} WHERE substr(run_id, 1, ?) = ? ORDER BY epoch DESC LIMIT ?"
    return tuple(_runs(source.rows(sql, len(beginning), beginning, RUNS_FOUND_MAX)))


def _runs(rows: list[Any]) -> Iterator[RunRecord]:
    amounts = Amounts()
    for *run, pull_request, paid in rows:
        try:
            pairs = [(str(currency), amounts[amount]) for currency, amount in json.loads(paid)]
        except (ValueError, TypeError) as error:
            raise altered("what a run paid", paid) from error
        yield RunRecord._make((*run, tuple(pairs), pull_request, ()))


def alarms(source: Source) -> tuple[AlarmRecord, ...]:
    """Every alarm, oldest first."""
    return tuple(
        AlarmRecord._make(row) for row in source.rows("SELECT ledger, code, detail, at_ms FROM alarms ORDER BY event")
    )


def acceptances(source: Source, ledger_number: int) -> Iterator[AcceptanceRecord]:
    """Every acceptance in force, ordered by bonus_id."""
    rows = source.rows(
        "SELECT bonus_id, issued, desired, code, reason, actor, at_ms FROM acceptances "
        "WHERE ledger = ? AND revoked = 0 ORDER BY bonus_id",
        ledger_number,
    )
    amounts = Amounts()
    for bonus_id, issued, desired, *rest in rows:
        yield AcceptanceRecord._make((bonus_id, amounts[issued], amounts[desired], *rest))


def approved(source: Source, digest: str) -> dict[bytes, bytes] | None:
    """A recorded set, payment_id → entry hash; None if none, or only a part, is recorded."""
    row = source.row("SELECT approval FROM approvals WHERE digest = ? AND recorded = total", digest)
    if row is None:
        return None
    return dict(source.rows("SELECT payment_id, entry FROM approval_entries WHERE approval = ?", row[0]))


# --- bonuses ---------------------------------------------------------------------------------------------------------


def bonuses(source: Source, ledger_number: int, campaign: str) -> Iterator[RecordedBonus]:
    """All bonuses under a campaign's name, of any project, ordered by bonus_id: one range for each project."""
    found = source.rows(
        "SELECT campaign, project FROM campaigns WHERE ledger = ? AND name = ?", ledger_number, campaign
    )
    streams = [_range(source, number, project, campaign) for number, project in found]
    if len(streams) == 1:
        return streams[0]
    return merge(*streams)


def _range(source: Source, number: int, project: str, campaign: str) -> Iterator[RecordedBonus]:
    last, amounts, make = b"", Amounts(), tuple.__new__
    while rows := source.rows(_BONUSES, number, last, PAGE):
        for bonus_id, recipient, assignment_id, key, issued, count, sequence, opened, held, attempt, rejected in rows:
            # A million rows come this way: the tuple is made as it is, without the class's checks.
            yield make(
                RecordedBonus,
                (
                    bonus_id,
                    project,
                    campaign,
                    recipient,
                    assignment_id,
                    key,
                    amounts[issued],
                    count,
                    sequence,
                    opened,
                    amounts[held],
                    attempt,
                    rejected == 1,
                ),
            )
        last = rows[-1][0]


def issued_once(source: Source, ledger_number: int, project: str, campaign: str) -> Iterator[IssuedPage]:
    """Every bonus of a campaign."""
    row = source.row(
        "SELECT campaign FROM campaigns WHERE ledger = ? AND project = ? AND name = ?", ledger_number, project, campaign
    )
    return iter(()) if row is None else _issued_pages(source, row[0])


def _issued_pages(source: Source, number: int) -> Iterator[IssuedPage]:
    for rows in source.pages(_ISSUED_ONCE, number, size=ISSUED_PAGE):
        found = [row[0] for row in rows]
        if min(map(len, found)) > ID_BYTES:
            yield IssuedPage(found, ())
        else:
            others = [one for one in found if len(one) <= ID_BYTES]
            yield IssuedPage([one for one in found if len(one) > ID_BYTES], others)


def bonuses_by_id(source: Source, ledger_number: int, bonus_ids: Iterable[bytes]) -> Iterator[RecordedBonus]:
    """Those of the given bonuses that the ledger knows. The order of the tables is forced: ids first."""
    remaining, amounts = iter(bonus_ids), Amounts()
    while page := list(islice(remaining, IDS_PAGE)):
        sql = (
            "SELECT b.bonus_id, c.project, c.name, b.recipient, b.assignment_id, b.key, b.issued, b.issued_count, "  # noqa: S608
            "b.issued_sequence, b.open_count, b.open_amount, b.attempt, b.rejected "
            f"FROM bonuses b CROSS JOIN campaigns c WHERE b.bonus_id IN ({', '.join('?' * len(page))}) "
            "AND c.campaign = b.campaign AND c.ledger = ?"
        )
        for *name, issued, count, sequence, opened, held, attempt, rejected in source.rows(sql, *page, ledger_number):
            sums = amounts[issued], count, sequence, opened, amounts[held], attempt, rejected == 1
            yield RecordedBonus._make((*name, *sums))


def sends_since(source: Source, ledger: int, at_ms: int) -> int:
    """How many sends were started since a moment of our own clock."""
    number: int = source.row("SELECT count(*) FROM sends WHERE ledger = ? AND at_ms >= ?", ledger, at_ms)[0]
    return number


def adopted_since(source: Source, ledger: int, at_ms: int) -> int:
    """How many payments of ours that this state did not send were made since a moment of the provider's clock."""
    sql = (
        "SELECT count(*) FROM payments WHERE ledger = ? AND created_ms >= ? AND status = ? "
        "AND operation IS NULL AND code <> 'imported'"
    )
    number: int = source.row(sql, ledger, at_ms, PaymentStatus.ISSUED.value)[0]
    return number


def one_ledger(found: list[Any], what: str) -> Any:
    """The one row of those that ledgers hold under an id, None for none. Raises StateError for several."""
    if len(found) > 1:
        raise StateError(
            f"{what} is recorded in {len(found)} ledgers",
            detail="The payments of one account must not pass for those of another.",
            remedy="Name the provider whose ledger is meant.",
            reason="ambiguous_ledger",
        )
    return found[0] if found else None
