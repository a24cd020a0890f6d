"""Planning: desired less recorded, as one value that is shown, approved and sent.

Pure: it opens no file, reads no clock and knows no HTTP. The specs stream through, the state is only read. What each
bonus needs is decided in `reconcile.plan.decision`; here the parts are put together.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from reconcile.diagnostics import Diagnostic, Severity
from reconcile.digest import set_digest
from reconcile.model import Block, Campaign, Desired, Identity
from reconcile.packed import Packed
from reconcile.plan import guard, guardrails, policies, targets
from reconcile.plan.changes import Changes, hashes_of
from reconcile.plan.model import Action, Change, Plan
from reconcile.plan.model import PlanScope as PlanScope
from reconcile.plan.operations import group
from reconcile.plan.sorter import Sorter
from reconcile.plan.summaries import campaign_summaries, carried_over, provider_summaries
from reconcile.plan.tally import Shelf, Tally
from reconcile.rows import IN_MEMORY, Spooling
from reconcile.settings import ProviderSettings, Settings
from reconcile.state.ledger import LedgerRecord, RecordedBonus, StateReader


def make_plan(
    *,
    settings: Settings,
    desired: Iterable[Desired | Block],
    reader: StateReader | None,
    scope: PlanScope,
    day_start_ms: int,
    now_ms: int | None = None,
    spooling: Spooling = IN_MEMORY,
) -> Plan:
    """What apply would do for `desired`, a stream in the order of the specs. `reader` None: there is no state.

    `day_start_ms`: the first moment of the UTC day by our own clock, from which sent requests count for the quota.
    `now_ms`: the moment from which rolling windows reach back; without it they reach back from the day's start. A plan that a policy, a budget or a guard refuses is whole all the same; `refused` and its diagnostics say so.
    `spooling`: where rows go that are too many for the memory.
    """
    shelf = Shelf(settings, reader)
    sorter = Sorter(shelf, scope.targets, Changes(spooling))
    sorter.take(desired)
    tallies = tuple(shelf.tallies.values())

    diagnostics = [*_wrong_accounts(shelf), *targets.unmatched(scope.targets, sorter.met, sorter.near)]
    repeats = {bonus_id for bonus_id, allowed in sorter.allowed.items() if "repeat" in allowed}
    diagnostics += guard.renamed(shelf, sorter.changes, repeats, scope)

    held_back = _held_back(scope, sorter.changes)
    # The order of the rows is the specs'; an id of an operation is known only now, when its payments are.
    changes, operations = group(shelf, sorter.changes)
    empty_tallies, orphans = ((), ()) if scope.targets else _orphans(shelf, scope)
    changes.extend(orphans)
    campaigns = campaign_summaries(shelf, (*tallies, *empty_tallies), changes, sorter.in_doubt)
    diagnostics += policies.check(shelf, changes, campaigns, held_back)
    window_end_ms = day_start_ms if now_ms is None else now_ms
    diagnostics += guardrails.check(shelf, changes, sorter.allowed, held_back, window_end_ms)

    return Plan(
        digest=set_digest(hashes_of(changes)),
        changes=changes.finished(),
        in_doubt=tuple(sorter.in_doubt),
        operations=operations,
        unchanged=sum(tally.unchanged for tally in tallies),
        campaigns=campaigns,
        providers=provider_summaries(shelf, (*tallies, *empty_tallies), changes, operations, day_start_ms),
        diagnostics=tuple(diagnostics),
        refused=any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics),
        orphans_elsewhere=0 if scope.targets else _elsewhere(shelf, scope),
        lineage="" if reader is None else reader.lineage,
        head=_head(reader),
        project=settings.project,
        held_back=len(held_back),
        carried=carried_over(tallies),
        attributed=tuple(sorter.attributed),
        accepted=tuple(sorter.accepted),
    )


def _held_back(scope: PlanScope, changes: Changes) -> Packed:
    """The ids of the payments past the limit."""
    held = Packed(16)
    if scope.limit is not None:
        for entry in islice(changes.entries, scope.limit, None):
            held.add(entry[:16])
    return held


def _head(reader: StateReader | None) -> str:
    if reader is None:
        return ""
    head = reader.head()
    return f"{head.sequence}:{head.hash}"


# --- orphans -------------------------------------------------------------------------------------------------------


def _orphans(shelf: Shelf, scope: PlanScope) -> tuple[tuple[Tally, ...], tuple[Change, ...]]:
    """(tallies of campaigns whose specs ask for nothing any more, every orphan by campaign and recipient)."""
    rows: list[Change] = []
    empty: list[Tally] = []
    for tally in shelf.tallies.values():
        if tally.head.name in scope.whole:
            rows.extend(_leftovers(shelf, tally))
    for name in sorted(scope.whole - shelf.tallies.keys()):
        for provider, ledger in shelf.ledgers():
            if not shelf.book(ledger.ledger, name).paid:
                continue
            tally = shelf.begin(_headless(name, provider), provider)
            found = list(_leftovers(shelf, tally))
            if found:
                empty.append(tally)
                rows.extend(found)
    rows.sort(key=lambda row: row.identity)
    return tuple(empty), tuple(rows)


def _headless(name: str, provider: ProviderSettings) -> Campaign:
    """A campaign that is known by its name alone: its spec holds no bonus."""
    return Campaign(name, provider.name, None, frozenset(), "", "", 0)


def _leftovers(shelf: Shelf, tally: Tally) -> Iterator[Change]:
    if tally.ledger is not None and shelf.reader is not None:
        for row in tally.book.left(shelf.reader, tally.ledger.ledger):
            yield _orphan(tally, row)


def _orphan(tally: Tally, row: RecordedBonus) -> Change:
    why = "a payment for it is in doubt" if row.open_count else ""
    return Change(
        action=Action.ORPHANED,
        identity=Identity(row.project, row.campaign, row.recipient, row.assignment_id, row.key),
        bonus_id=row.bonus_id,
        provider=tally.provider.name,
        currency=tally.currency,
        amount=row.issued,
        issued=row.issued,
        payment_id=None,
        sequence=0,
        attempt=0,
        operation_id=None,
        entry=b"",
        texts=(),
        path="",
        line=0,
        why=why,
        differences=(),
    )


def _elsewhere(shelf: Shelf, scope: PlanScope) -> int:
    """How many bonuses of ours are recorded in campaigns that were not loaded, and count for none by `formerly`."""
    loaded = scope.whole | shelf.tallies.keys()
    return sum(
        shelf.left_in(ledger.ledger, record)
        for _, ledger in shelf.ledgers()
        for record in shelf.campaigns(ledger.ledger)
        if record.project == shelf.settings.project and record.campaign not in loaded
    )


# --- accounts ------------------------------------------------------------------------------------------------------


def _wrong_accounts(shelf: Shelf) -> Iterator[Diagnostic]:
    """The config means another account than the one that the state's ledger belongs to."""
    for provider in shelf.settings.providers:
        ledger = shelf.ledger(provider)
        if ledger is not None and provider.account and _plain(provider.account) != _plain(ledger.account.id):
            yield _wrong_account(provider, ledger)


def _plain(account: str) -> str:
    return account.replace("-", "").lower()


def _wrong_account(provider: ProviderSettings, ledger: LedgerRecord) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        code="account-mismatch",
        summary=f"Provider {provider.name} means account {provider.account}, but the state belongs to {ledger.account.id}",
        detail="A ledger belongs to the account that it first met. What that account was paid says nothing about another.",
        hint="Correct `account`, or give the other account a state of its own (`state:` in the config).",
    )
