"""A run from its first durable write to its report, in the one order that is safe.

Journal the run, contact, scan, gate, recover, plan, ask, send, settle, report. The order is itself a rule: a scan that
came after recovery would repeat what a lost state had paid.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Final, NamedTuple, Protocol

from reconcile.errors import BonusctlError
from reconcile.plan.model import Change, Plan
from reconcile.protocol.adopting import RefreshView, sought_of
from reconcile.protocol.books import nobodys
from reconcile.protocol.broken_off import journal_end
from reconcile.protocol.context import Tally
from reconcile.protocol.ending import Stopped, ended, settled_before, still_asked, what_is_left
from reconcile.protocol.gateway import Gateway
from reconcile.protocol.ports import Clock, Control, Progress
from reconcile.protocol.report import Left, LeftBonus, PaidRows, Report, Wait
from reconcile.protocol.scan import ScanFailed
from reconcile.protocol.session import Session
from reconcile.providers.base import AccountFound, Codec, Wire
from reconcile.rows import IN_MEMORY, Spooling, chosen
from reconcile.settings import ProviderSettings
from reconcile.state.events import ApprovalRecorded, PaymentsAttributed, RunEnded, RunStarted
from reconcile.state.ledger import Ledger, OperationRecord, StateReader

APPROVAL_CHUNK: Final = 5_000


class ProviderAccess(NamedTuple):
    """A configured provider, ready to be asked."""

    settings: ProviderSettings
    codec: Codec
    wire: Wire


class Consented(NamedTuple):
    """What a person, a saved plan or a digest agreed to: `send` is paid now, `not_approved` is not.

    `digest` names the approved set; `entries` (payment_id, entry hash) is that whole set, empty where the state has
    it already. `withdrawn` counts what was approved and is no longer asked for.
    """

    send: Sequence[Change]
    not_approved: Sequence[Change]
    digest: str
    entries: Collection[tuple[bytes, bytes]]
    withdrawn: int


class ProjectView(Protocol):
    """What a run asks of the project: its specs, planned against the state as it is now, and somebody's consent."""

    @property
    def project(self) -> str:
        """The config's project, part of every identity."""

    def wanted(
        self, settings: ProviderSettings, operations: Sequence[OperationRecord], *, renamed: bool
    ) -> frozenset[bytes]:
        """The payments of these open operations that the present specs still ask for, as journaled:
        same recipient, amount, texts. Only these may be sent again.
        """

    def look(self) -> Plan:
        """The plan as the ledger stands, shown to nobody. Raises InvalidInput for specs with errors."""

    def plan(self, reader: StateReader) -> Plan:
        """The plan against the state after refresh and recovery. Raises InvalidInput for specs with errors."""

    def consent(self, plan: Plan, reader: StateReader, accounts: Mapping[str, AccountFound]) -> Consented:
        """Ask, or judge a saved plan. `accounts` by provider name. Raises Refused or Interrupted when nothing may be
        sent.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a run goes. `wait_s`: how long it waits for gates and settle windows. `scan`: False only with
    `--no-refresh`, after its conditions were checked. `full_scan` reads from the beginning. `limit`: at most that
    many payments. `anchored`: the ledgers whose gates were open at a head that was kept outside, and that the state holds.
    """

    run_id: str
    command: str
    actor: str
    host: str
    git_commit: str
    version: str
    wait_s: int = 60
    scan: bool = True
    full_scan: bool = False
    limit: int | None = None
    anchored: frozenset[int] = frozenset()
    pull_request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All that a run touches besides its providers. `met` grows by every recipient and assignment whom a sentence of the
    run may name, before it is said: by its progress, its report, or the error that it ends with; None where nobody wants to
    know. `spooling`: where rows of the report go that are too many for the memory.
    """

    ledger: Ledger
    clock: Clock
    control: Control
    progress: Progress
    met: set[str] | None = field(default_factory=set)
    spooling: Spooling = IN_MEMORY


def run_apply(ports: Ports, providers: Sequence[ProviderAccess], project: ProjectView, options: RunOptions) -> Report:
    """Pay what is desired, missing and agreed to. Raises BonusctlError; the run's end is journaled either way."""
    return _Run(ports, options, project.project).apply(providers, project)


def run_refresh(
    ports: Ports,
    providers: Sequence[ProviderAccess],
    project: str,
    options: RunOptions,
    view: RefreshView | None = None,
) -> Report:
    """Bring the state up to the provider and settle what is in doubt; with a view, find what an apply would hold back.

    Sends no payment.
    """
    return _Run(ports, options, project).refresh(providers, view)


def started(options: RunOptions, ledger: Ledger, at_ms: int) -> RunStarted:
    """The first event of a run."""
    return RunStarted(
        run_id=options.run_id,
        epoch=ledger.epoch + 1,
        command=options.command,
        actor=options.actor,
        host=options.host,
        git_commit=options.git_commit,
        version=options.version,
        at_ms=at_ms,
        pull_request=options.pull_request,
    )


class _Run:
    """One run. `tally` grows only with what is durable."""

    def __init__(self, ports: Ports, options: RunOptions, project: str) -> None:
        self._ports = ports
        self._options = options
        self._project = project
        self._tally = Tally(paid=PaidRows(ports.spooling))
        self._plan: Plan | None = None
        self._unchanged = 0
        self._digest = ""
        # The first durable write comes before any network: a full disk or a read-only folder shows here.
        ports.ledger.commit([started(options, ports.ledger, ports.clock.now_ms())])

    def apply(self, providers: Sequence[ProviderAccess], project: ProjectView) -> Report:
        """Scan, gate, recover, plan, ask, send, report."""
        try:
            sessions = [self._session(access) for access in providers]
            prepared = [self._prepare(session, project) for session in sessions]
            plan = self._plan = project.plan(self._ports.ledger)
            self._unchanged = max(0, plan.unchanged - settled_before(plan, self._tally.paid, self._ports.ledger))
            if not all(prepared):
                return self._end(self._report(plan, None, Left.SCAN_FAILED))
            if self._ports.control.stop_requested():
                return self._end(self._report(plan, None, Left.INTERRUPTED))
            self._attribute(sessions, plan)
            accounts = {session.settings.name: session.account for session in sessions}
            consent = project.consent(plan, self._ports.ledger, accounts)
            self._approve(consent)
            stopped = self._pay(sessions, consent, project)
            return self._end(self._report(plan, consent, stopped))
        except BonusctlError as error:
            self._fail(error)
            raise

    def refresh(self, providers: Sequence[ProviderAccess], view: RefreshView | None) -> Report:
        """Scan and observe."""
        try:
            for session in map(self._session, providers):
                sought = tuple if view is None else partial(view.sought, session.settings)
                full, until_ms = self._options.full_scan, self._until_ms()
                try:
                    session.prepare(None, full=full, anchored=False, until_ms=until_ms, sought=sought)
                except ScanFailed as failed:
                    self._scan_failed(session, failed)
                    continue
                if view is not None:
                    session.payable(view.payments(session.settings))
            left = tuple(self._tally.left.values())
            return self._end(self._make(None, left=left, withdrawn=0))
        except BonusctlError as error:
            self._fail(error)
            raise

    # --- steps -----------------------------------------------------------------------------------------------------------

    def _session(self, access: ProviderAccess) -> Session:
        ports = self._ports
        gateway = Gateway(
            access.settings, access.codec, access.wire, clock=ports.clock, control=ports.control, met=ports.met
        )
        ports.progress.phase(f"{access.settings.name}: asking who we are")
        return Session(
            ports.ledger,
            gateway,
            tally=self._tally,
            clock=ports.clock,
            control=ports.control,
            progress=ports.progress,
            project=self._project,
        )

    def _prepare(self, session: Session, project: ProjectView) -> bool:
        if not self._options.scan:
            session.skip_scan()
            return True

        options = self._options
        try:
            session.prepare(
                partial(project.wanted, session.settings),
                full=options.full_scan,
                anchored=session.record.ledger in options.anchored,
                until_ms=self._until_ms(),
                sought=lambda: sought_of(project.look(), session.settings.name),
                renamed=lambda: any(
                    change.former is not None and change.provider == session.settings.name
                    for change in project.look().payments
                ),
            )
        except ScanFailed as failed:
            self._scan_failed(session, failed)
            return False
        return True

    def _scan_failed(self, session: Session, failed: ScanFailed) -> None:
        wait = Wait(provider=session.settings.name, why=Left.SCAN_FAILED, text=failed.summary, until_ms=failed.until_ms)
        self._tally.waits.append(wait)

    def _attribute(self, sessions: Sequence[Session], plan: Plan) -> None:
        """Payments of ours that belonged to no known bonus and now do: the plan counted them, the state records it."""
        ledger = self._ports.ledger
        for session in sessions:
            number = session.record.ledger
            found = []
            for payment_id, sequence, identity in plan.attributed:
                known = ledger.payment_by_id(payment_id, ledger=number)
                if known is not None and known.bonus_id is None:
                    found.append((payment_id, sequence, identity))
            if found:
                at_ms = self._ports.clock.now_ms()
                ledger.commit([PaymentsAttributed(ledger=number, payments=tuple(found), at_ms=at_ms)])

    def _approve(self, consent: Consented) -> None:
        self._digest = consent.digest
        total, at_ms = len(consent.entries), self._ports.clock.now_ms()
        entries = iter(consent.entries)
        while chunk := tuple(islice(entries, APPROVAL_CHUNK)):
            event = ApprovalRecorded(
                digest=consent.digest, total=total, entries=chunk, actor=self._options.actor, at_ms=at_ms
            )
            self._ports.ledger.commit([event])

    def _pay(self, sessions: Sequence[Session], consent: Consented, project: ProjectView) -> dict[str, Left]:
        """Send, provider by provider. Returns why sending stopped early, by provider name.

        Where agreeing took long, what was paid is read again first: another machine may have paid meanwhile.
        """
        now = consent.send[: self._options.limit]
        stopped: dict[str, Left] = {}
        for session in sessions:
            mine = now if len(sessions) == 1 else chosen(now, partial(_through, session.settings.name))
            if mine and session.is_stale():
                if not self._prepare(session, project):
                    stopped[session.settings.name] = Left.SCAN_FAILED
                    continue
                mine = still_asked(mine, project.look(), self._tally)
            why = session.pay(mine, until_ms=self._until_ms())
            if why is not None:
                stopped[session.settings.name] = why
        return stopped

    def _until_ms(self) -> int:
        return self._ports.clock.boottime_ms() + self._options.wait_s * 1000

    # --- the end -----------------------------------------------------------------------------------------------------------

    def _report(self, plan: Plan, consent: Consented | None, stopped: Stopped) -> Report:
        """Every desired bonus with one reason."""
        left = what_is_left(
            plan,
            send=plan.payments if consent is None else consent.send,
            now=None if consent is None else self._options.limit,
            not_approved=() if consent is None else consent.not_approved,
            tally=self._tally,
            stopped=stopped,
            spooling=self._ports.spooling,
        )
        return self._make(plan, left=left.finished(), withdrawn=0 if consent is None else consent.withdrawn)

    def _make(self, plan: Plan | None, *, left: Sequence[LeftBonus], withdrawn: int) -> Report:
        ledger = self._ports.ledger
        homeless = sum(1 for record in ledger.ledgers() for _ in ledger.unattributed(record.ledger))
        disowned = sum(nobodys(ledger, record) for record in ledger.ledgers())
        return Report(
            run_id=self._options.run_id,
            plan=plan,
            digest=self._digest,
            paid=self._tally.paid.finished(),
            left=left,
            waits=tuple(self._tally.waits),
            alarms=tuple(self._tally.alarms),
            notes=tuple(self._tally.notes),
            unchanged=self._unchanged,
            unattributed=homeless - disowned,
            nobodys=disowned,
            withdrawn=withdrawn,
            interrupted=self._ports.control.stop_requested(),
            missing=tuple(self._tally.missing),
            mentions=frozenset(self._ports.met or ()),
        )

    def _end(self, report: Report) -> Report:
        outcome = {0: "done", 3: "left", 130: "interrupted"}[report.exit_code]
        self._ports.ledger.commit([self._ended(outcome, report.left)])
        return report

    def _fail(self, error: BonusctlError) -> None:
        """Journal the end of a run that broke off.

        What was settled before that is said with the error: without a report nobody else tells of it.
        """
        settled = len(self._tally.paid)
        if settled:
            earlier = f"Before that, {settled} payments were settled or found as issued; they are in the state."
            error.detail = f"{error.detail} {earlier}".strip()
        left = tuple(self._tally.left.values())
        journal_end(self._ports.ledger, error, lambda outcome: self._ended(outcome, left))

    def _ended(self, outcome: str, left: Collection[LeftBonus]) -> RunEnded:
        return ended(
            run_id=self._options.run_id,
            outcome=outcome,
            digest=self._digest,
            paid=self._tally.paid,
            left=left,
            at_ms=self._ports.clock.now_ms(),
        )


def _through(provider: str, change: Change) -> bool:
    return change.provider == provider
