"""Looking back: what of a plan was paid since, which run is meant, what was paid to whom and when. Reads only."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from reconcile.errors import UsageError
from reconcile.model import PaymentStatus
from reconcile.money import EXACT, ZERO
from reconcile.plan.model import Plan
from reconcile.project.config import Project
from reconcile.project.state_ops import require_state
from reconcile.render.audit_values import PaidPayment, RunPaymentRow
from reconcile.settings import ProviderSettings
from reconcile.state.ledger import LedgerRecord, RunRecord, RunSum, StateReader
from reconcile.state.reader import open_reader


def issued_of(project: Project, plan: Plan) -> frozenset[bytes]:
    """The payments of a plan that the state calls issued."""
    found = set()
    with open_reader(project.state_path) as reader:
        if reader is None:
            return frozenset()
        ledgers = {provider.name: reader.ledger(provider.type, provider.environment) for provider in plan.providers}
        for change in plan.payments:
            ledger = ledgers.get(change.provider)
            if ledger is None or change.payment_id is None:
                continue
            payment = reader.payment_by_id(change.payment_id, ledger=ledger.ledger)
            if payment is not None and payment.status is PaymentStatus.ISSUED:
                found.add(change.payment_id)
    return frozenset(found)


# --- one run -------------------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """A run, and what it settled or adopted."""

    record: RunRecord
    payments: tuple[RunPaymentRow, ...]


def find_run(project: Project, beginning: str) -> Run:
    """The one run whose id begins so. Raises UsageError for none and for several."""
    with open_reader(project.state_path) as found:
        reader = require_state(project, found)
        runs = reader.find_runs(beginning.lower())
        if len(runs) != 1:
            what = "begins the ids of several runs" if runs else "is neither a file nor the beginning of a run's id"
            raise UsageError(f"{beginning} {what}", remedy="List the runs:\nbonusctl history --format json")
        return Run(with_sums(reader, runs[0]), tuple(_rows(project, reader, runs[0].run_id)))


def with_sums(reader: StateReader, run: RunRecord) -> RunRecord:
    """The run with what it issued and what it found, so that the runs of a state add up to what it calls issued.

    One that never wrote its own sums was killed, or runs now: its events tell them, and the digest that it went by. A run
    writes no sum of what it found, nor what a person decided: there, too, the events tell.
    """
    if run.ended_ms is None:
        run = run._replace(plan_digest=reader.run_digest(run.run_id))
    elif _wrote_all(run) and not reader.resolved_as_issued():
        return run
    sums = reader.run_sums(run.run_id)
    counts: Counter[str] = Counter()
    for one in sums:
        counts[one.how] += one.payments
    return run._replace(
        issued=counts["issued"],
        adopted=counts["adopted"],
        rejected=counts["rejected"] if run.ended_ms is None else run.rejected,
        paid=_money(reader, sums, "issued"),
        found=_money(reader, sums, "adopted"),
    )


def _wrote_all(run: RunRecord) -> bool:
    """Whether a run that ended wrote all its sums itself: it found nothing, and is none that records what was decided."""
    return not run.adopted and not run.command.startswith(("import", "state "))


def _money(reader: StateReader, sums: Sequence[RunSum], how: str) -> tuple[tuple[str, Decimal], ...]:
    """(currency, amount) of the payments that ended so, by currency."""
    currencies = {ledger.ledger: ledger.currency for ledger in reader.ledgers()}
    found: dict[str, Decimal] = {}
    for one in sums:
        if one.how == how:
            currency = currencies[one.ledger]
            found[currency] = EXACT.add(found.get(currency, ZERO), one.amount)
    return tuple(sorted(found.items()))


def _rows(project: Project, reader: StateReader, run_id: str) -> Iterator[RunPaymentRow]:
    ledgers = {ledger.ledger: ledger for ledger in reader.ledgers()}
    for one in reader.run_payments(run_id):
        ledger = ledgers[one.ledger]
        yield RunPaymentRow(one.how, _provider(project, ledger), ledger.currency, one.payment)


def _provider(project: Project, ledger: LedgerRecord) -> str:
    """The config's name for a ledger's provider, else its type."""
    key = ledger.account.type, ledger.account.environment
    named: ProviderSettings | None = next((one for one in project.settings.providers if one.ledger_key == key), None)
    return ledger.account.type if named is None else named.name


# --- all that was paid ---------------------------------------------------------------------------------------------


def paid(reader: StateReader, *, since_ms: int | None, until_ms: int | None) -> Iterator[PaidPayment]:
    """Every issued payment of every ledger, made at or after `since_ms` and before `until_ms`, by ledger, campaign and
    bonus. One whose time nobody knows is there only where neither is given.
    """
    for ledger in reader.ledgers():
        for payment in reader.all_payments(ledger.ledger):
            if payment.status is not PaymentStatus.ISSUED:
                continue
            at_ms = payment.created_ms
            if at_ms is None and (since_ms is not None or until_ms is not None):
                continue
            if at_ms is not None and not (since_ms or 0) <= at_ms < (until_ms or 1 << 62):
                continue
            yield PaidPayment(
                ledger.account,
                ledger.currency,
                payment.campaign,
                payment.recipient,
                payment.amount,
                at_ms,
                ledger.bound_ms,
            )
