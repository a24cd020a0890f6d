"""`import`: payments made before bonusctl, from a file or the provider's list, matched, shown and taken over."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

from reconcile.diagnostics import Severity
from reconcile.errors import Interrupted, Refused, UsageError
from reconcile.plan.importing import Candidate, Match, Matching, Recorded, match
from reconcile.plan.model import Plan
from reconcile.project.config import Project
from reconcile.project.import_file import read_payments_file
from reconcile.project.run import Orders, opened_run, run_options
from reconcile.project.specs import choose, plan_of
from reconcile.project.stop import StopControl
from reconcile.protocol.adopting import Sought, sought_of
from reconcile.protocol.importing import Imported, run_import
from reconcile.protocol.ports import Progress
from reconcile.providers.base import RemotePayment
from reconcile.providers.rules import currency_of
from reconcile.settings import ProviderSettings
from reconcile.state.events import ImportedPayment
from reconcile.state.ledger import LedgerRecord, StateReader
from reconcile.state.reader import open_reader


class FromFile(NamedTuple):
    """A CSV or TSV file; `fields` are (field, column) where a column is named otherwise."""

    path: Path
    shown: str
    fields: tuple[tuple[str, str], ...]


class FromProvider(NamedTuple):
    """The provider's list from a moment on."""

    since_ms: int


Source: TypeAlias = FromFile | FromProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What an import found, and that `run` took over what is matched (None: nothing was, so nothing was asked)."""

    provider: str
    currency: str
    origin: str
    matching: Matching
    run: Imported


def provider_for(project: Project, name: str) -> ProviderSettings:
    """The provider whose payments are imported: the one that is named, or the only one that the specs pay through.

    Raises UsageError.
    """
    if name:
        named = project.settings.provider(name)
        if named is None:
            known = ", ".join(one.name for one in project.settings.providers)
            raise UsageError(f"The config has no provider {name}", detail=f"It has: {known}.")
        return named
    used = choose(project).providers()
    if len(used) != 1:
        known = ", ".join(one.name for one in project.settings.providers)
        raise UsageError(
            "Whose payments are these? The specs pay through more than one provider, or through none",
            detail=f"The config has: {known}.",
            remedy="Name it with --provider NAME.",
        )
    return used[0]


def import_payments(
    project: Project,
    settings: ProviderSettings,
    source: Source,
    *,
    campaign: str,
    agree: Callable[[Matching, str], bool],
    control: StopControl,
    progress: Progress,
) -> ImportResult:
    """Match, ask and take over. `campaign`: only bonuses of this one, "" for all. `agree` shows what was matched and
    asks; it is not called where nothing was. Raises BonusctlError.
    """
    view = _View(project, settings, source, campaign, agree, control.asking)
    orders = Orders(command="import")
    asked = (settings,) if isinstance(source, FromProvider) or not _is_bound(project, settings) else ()
    with opened_run(project, asked, orders, control, progress) as (ports, access):
        done = run_import(
            ports,
            access[0] if access else None,
            settings,
            view,
            run_options(project, orders),
            project=project.settings.project,
            since_ms=source.since_ms if isinstance(source, FromProvider) else None,
        )
    assert view.matching is not None
    currency = currency_of(*settings.ledger_key)
    return ImportResult(provider=settings.name, currency=currency, origin=view.origin, matching=view.matching, run=done)


def _is_bound(project: Project, settings: ProviderSettings) -> bool:
    with open_reader(project.state_path) as reader:
        return reader is not None and reader.ledger(*settings.ledger_key) is not None


class _View:
    """`protocol.importing.ImportView`. A file is read before anything is opened: its errors come first."""

    def __init__(
        self,
        project: Project,
        settings: ProviderSettings,
        source: Source,
        campaign: str,
        agree: Callable[[Matching, str], bool],
        asking: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._project = project
        self._settings = settings
        self._campaign = campaign
        self._agree = agree
        self._asking = asking
        self._candidates: list[Candidate] = []
        self.origin = "the provider's list"
        self.matching: Matching | None = None
        if isinstance(source, FromFile):
            self.origin = source.shown
            self._candidates = read_payments_file(
                source.path, shown=source.shown, provider=settings, fields=dict(source.fields)
            )

    def sought(self, reader: StateReader) -> Sequence[Sought]:
        """What the specs ask for and the state does not have."""
        plan = plan_of(choose(self._project), reader, self._project.clock.now_ms())
        return sought_of(plan, self._settings.name)

    def choose(
        self, reader: StateReader, record: LedgerRecord, found: Sequence[RemotePayment]
    ) -> tuple[ImportedPayment, ...]:
        """What was matched, once somebody agreed to it."""
        plan = plan_of(choose(self._project), reader, self._project.clock.now_ms())
        _same_account(plan)
        changes = [change for change in plan.changes if change.provider == self._settings.name]
        if self._campaign:
            changes = [change for change in changes if change.identity.campaign == self._campaign]
        candidates = [*self._candidates, *map(_candidate, found)]
        self.matching = match(candidates, changes, _recorded(reader, record.ledger))
        if not self.matching.matched:
            return ()
        _check_recorded(plan, self.matching)
        try:
            with self._asking():
                agreed = self._agree(self.matching, record.currency)
        except KeyboardInterrupt:
            agreed = False
        if not agreed:
            raise Interrupted("Not agreed to: nothing was imported.")
        return tuple(map(_imported, self.matching.matched))


def _same_account(plan: Plan) -> None:
    """A policy does not matter here, since nothing is paid; another account than the state's does."""
    for found in plan.diagnostics:
        if found.severity is Severity.ERROR and found.code == "account-mismatch":
            raise Refused(found.summary, detail=found.detail, remedy=found.hint, reason="account_mismatch")


def _check_recorded(plan: Plan, matching: Matching) -> None:
    """Payments that were found again and stand in the state without their bonus come first: the next payment's number
    follows theirs.
    """
    homeless = {name.bonus_id for _, _, name in plan.attributed}
    waiting = [one.change.address for one in matching.matched if one.change.bonus_id in homeless]
    if waiting:
        raise Refused(
            f"No payment can be taken over for {waiting[0]} now: one that was found again is not counted as its own yet",
            detail="Nothing was imported.",
            remedy="bonusctl apply",
            reason="not_settled",
        )


def _recorded(reader: StateReader, ledger: int) -> Recorded:
    ids = frozenset(payment.remote_id for payment in reader.all_payments(ledger) if payment.remote_id)
    return Recorded(ids, tuple(reader.imported(ledger)))


def _candidate(payment: RemotePayment) -> Candidate:
    return Candidate(
        payment.recipient,
        payment.assignment_id,
        payment.amount,
        payment.remote_id,
        payment.created_ms,
        payment.texts,
        "",
    )


def _imported(found: Match) -> ImportedPayment:
    candidate, change = found
    assert candidate.triple == (change.identity.recipient, change.identity.assignment_id, change.amount)
    assert change.payment_id is not None, "it is a row that pays"
    return ImportedPayment(
        payment_id=change.payment_id,
        bonus=change.identity,
        amount=candidate.amount,
        remote_id=candidate.remote_id,
        created_ms=candidate.created_ms,
        texts=candidate.texts,
    )
