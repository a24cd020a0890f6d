"""Apply and refresh: the lock, the ledger, the providers and the protocol's run between them."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from reconcile import __version__
from reconcile.diagnostics import Diagnostics
from reconcile.errors import Interrupted, InvalidInput, Refused
from reconcile.plan.explain import explain
from reconcile.plan.model import Change, Plan
from reconcile.plan.wanted import still_wanted
from reconcile.project.approvals import Consent, Expected, consented
from reconcile.project.commits import recorded_commit, refuse_older
from reconcile.project.config import Project
from reconcile.project.heads import check_head, proved_gates
from reconcile.project.providers import find_tokens, open_providers
from reconcile.project.specs import Chosen, plan_of
from reconcile.project.stop import StopControl
from reconcile.project.system import actor, host, new_id, pull_request
from reconcile.project.texts import readers_of_texts
from reconcile.protocol.adopting import Sought, sought_of
from reconcile.protocol.engine import Unrecorded
from reconcile.protocol.funds import Funds, funds_of
from reconcile.protocol.ports import Progress
from reconcile.protocol.report import Report
from reconcile.protocol.runner import Consented, Ports, ProviderAccess, RunOptions, run_apply, run_refresh
from reconcile.providers.base import AccountFound
from reconcile.providers.registry import make_codec
from reconcile.providers.rules import RULES, currency_of
from reconcile.rows import chosen
from reconcile.settings import ProviderSettings
from reconcile.spool import SPOOLED
from reconcile.state.anchor import read_anchor, write_anchor
from reconcile.state.events import StateCarried
from reconcile.state.ledger import Ledger, OperationRecord, StateReader
from reconcile.state.lock import Holder, RunLock, acquire
from reconcile.state.sqlite import SqliteLedger, open_ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """How a run goes. `command` is the command line as a person would know it. `wait_s`: how long it may wait for
    gates and windows. `expect_head`: the state must hold this event (`state head`), "" for any state.
    `newer_only`: refuse a checkout that does not come after the last applied commit. `allow_closed`: pay at a provider
    that has shut.
    """

    command: str
    wait_s: int = 60
    refresh: bool = True
    full: bool = False
    limit: int | None = None
    expect_head: str = ""
    newer_only: bool = False
    allow_closed: bool = False


class ProjectSpecs:
    """`protocol.runner.ProjectView`: the chosen specs, and how consent is given. `shown` gets every plan."""

    def __init__(self, chosen: Chosen, consent: Consent, control: StopControl, shown: Callable[[Plan], None]) -> None:
        self._chosen = chosen
        self._consent = consent
        self._control = control
        self._shown = shown
        self.ledger: Ledger | None = None
        self._before: Plan | None = None

    def look_ahead(self, reader: StateReader) -> None:
        """Plan once before anything is read from the providers, where a digest may name that plan.

        A reviewer's plan is made from the kept state alone. A job that died with the state that knew what it had paid leaves
        just that state to the next job, which then adopts what was paid: what is left is a part of the approved set. A state
        without any account was approved by nobody who could know what was paid.
        """
        if isinstance(self._consent, Expected) and reader.ledgers() and reader.approved(self._consent.digest) is None:
            # What is wrong with the specs is told by the plan that counts.
            with suppress(InvalidInput):
                self._before = plan_of(self._chosen, reader, self._chosen.project.clock.now_ms())

    @property
    def project(self) -> str:
        """The config's project."""
        return self._chosen.project.settings.project

    def wanted(
        self, settings: ProviderSettings, operations: Sequence[OperationRecord], *, renamed: bool
    ) -> frozenset[bytes]:
        """The payments of open operations that the specs still ask for, as journaled; with targets, of these alone."""
        assert self.ledger is not None
        targets = self._chosen.scope.targets
        diagnostics = Diagnostics()
        found = still_wanted(
            operations,
            desired=self._chosen.desired(diagnostics),
            reader=self.ledger,
            settings=settings,
            renamed=renamed,
        )
        if diagnostics.errors:
            raise InvalidInput("The specs have errors; nothing was sent.", tuple(diagnostics))
        if not targets:
            return found
        aimed = {
            item.payment_id
            for operation in operations
            for item in operation.items
            if (item.campaign, item.recipient, item.assignment_id, item.key) in targets
        }
        return found & aimed

    def look(self) -> Plan:
        """The plan as the ledger stands, shown to nobody."""
        assert self.ledger is not None
        return plan_of(self._chosen, self.ledger, self._chosen.project.clock.now_ms())

    def plan(self, reader: StateReader) -> Plan:
        """The plan after refresh and recovery."""
        plan = plan_of(self._chosen, reader, self._chosen.project.clock.now_ms())
        plan = explain(plan, reader, readers_of_texts(self._chosen.providers()))
        self._shown(plan)
        return plan

    def consent(self, plan: Plan, reader: StateReader, accounts: Mapping[str, AccountFound]) -> Consented:
        """Ask, or judge what was approved before."""

        def funds(payments: Sequence[Change]) -> tuple[Funds, ...]:
            return tuple(_funds(settings, accounts, payments) for settings in self._chosen.providers())

        try:
            with self._control.asking():
                return consented(self._consent, plan, reader, funds, before=self._before)
        except KeyboardInterrupt:
            raise Interrupted("Interrupted before anything was sent.") from None


def _funds(settings: ProviderSettings, accounts: Mapping[str, AccountFound], payments: Sequence[Change]) -> Funds:
    mine = chosen(payments, lambda change: change.provider == settings.name)
    return funds_of(settings, currency_of(*settings.ledger_key), accounts[settings.name].balance, mine)


def apply(
    chosen: Chosen,
    consent: Consent,
    orders: Orders,
    *,
    control: StopControl,
    progress: Progress,
    shown: Callable[[Plan], None],
    met: set[str] | None = None,
) -> Report:
    """Pay what is desired, missing and agreed to. Raises BonusctlError where a run could not begin or broke off.

    `met` grows by everybody whom what the run says may name: `protocol.runner.Ports`.
    """
    project = chosen.project
    for settings in chosen.providers():
        if not orders.allow_closed:
            _check_open(settings)
    view = ProjectSpecs(chosen, consent, control, shown)
    anchored = proved_gates(project, orders.expect_head)
    with opened_run(project, chosen.providers(), orders, control, progress, met=met) as (ports, access):
        view.ledger = ports.ledger
        view.look_ahead(ports.ledger)
        with keeping_unrecorded(project):
            return run_apply(ports, access, view, run_options(project, orders, anchored=anchored))


class SpecsAhead:
    """`protocol.adopting.RefreshView`: what the chosen specs would pay, as the ledger stands. Specs with errors pay
    nothing: the plan that comes next tells them.
    """

    def __init__(self, chosen: Chosen, ledger: Ledger) -> None:
        self._chosen = chosen
        self._ledger = ledger

    def sought(self, settings: ProviderSettings) -> Sequence[Sought]:
        """What they may want paid through a provider."""
        plan = self._plan()
        return () if plan is None else sought_of(plan, settings.name)

    def payments(self, settings: ProviderSettings) -> Sequence[Change]:
        """What would be paid through it."""
        plan = self._plan()
        return [] if plan is None else [change for change in plan.payments if change.provider == settings.name]

    def _plan(self) -> Plan | None:
        try:
            return plan_of(self._chosen, self._ledger, self._chosen.project.clock.now_ms())
        except InvalidInput:
            return None


def refresh(
    project: Project,
    providers: Sequence[ProviderSettings],
    orders: Orders,
    *,
    control: StopControl,
    progress: Progress,
    ahead: Chosen | None = None,
    met: set[str] | None = None,
) -> Report:
    """Bring the state up to the providers and settle what is in doubt. Sends no payment. `met` as in `apply`.

    `ahead`: the specs of a plan that comes next. Where a provider lists by assignment only, what they would pay is looked at
    as an apply would; what it would hold back is left in the report.
    """
    by_assignment = any(make_codec(settings).lists_by_assignment for settings in providers)
    with (
        opened_run(project, providers, orders, control, progress, met=met) as (ports, access),
        keeping_unrecorded(project),
    ):
        view = SpecsAhead(ahead, ports.ledger) if ahead is not None and by_assignment else None
        return run_refresh(ports, access, project.settings.project, run_options(project, orders), view)


def _check_open(settings: ProviderSettings) -> None:
    """Refuse a provider that has shut, unless a compatible service stands in its place."""
    rules = RULES[settings.type]
    day = rules.closed.get(settings.environment, "")
    if day and not settings.endpoint:
        raise Refused(
            f"{settings.name}: {rules.title} closed on {day}",
            detail="Nothing was sent. What was paid before stays on record, and `refresh` still reads what it can.",
            remedy="If it takes payments again, say that you mean it:\nbonusctl apply --allow-closed-provider",
            reason="closed_provider",
        )


@contextmanager
def holding_lock(project: Project, command: str) -> Iterator[RunLock]:
    """The state's lock, signed with who we are. Raises StateLocked."""
    holder = Holder(pid=os.getpid(), host=host(), command=command, since_ms=project.clock.now_ms())
    with acquire(project.state_path, holder, timeout_s=0) as lock:
        yield lock


@contextmanager
def opened_run(
    project: Project,
    providers: Sequence[ProviderSettings],
    orders: Orders,
    control: StopControl,
    progress: Progress,
    *,
    met: set[str] | None = None,
) -> Iterator[tuple[Ports, tuple[ProviderAccess, ...]]]:
    """Everything a run touches, in the order in which it must be there: tokens, lock, ledger, wires."""
    secrets = find_tokens(project, providers)
    clock = project.clock
    with holding_lock(project, orders.command) as lock:
        check_head(project, orders.expect_head)
        if orders.newer_only:
            refuse_older(project)
        with open_ledger(project.state_path, lock=lock, lineage=new_id(), at_ms=clock.now_ms()) as ledger:

            def fence() -> str:
                return "" if lock.still_held() else "another run took over the state's lock"

            _notice_older_copy(project, ledger, clock.now_ms())
            _notice_unproved(project, ledger, clock.now_ms())
            try:
                with (
                    open_providers(project, providers, secrets, fence=fence) as access,
                    control.listening(),
                ):
                    ports = Ports(
                        ledger=ledger, clock=clock, control=control, progress=progress, met=met, spooling=SPOOLED
                    )
                    yield ports, access
            finally:
                write_anchor(project.state_path, ledger.head())


def _notice_older_copy(project: Project, ledger: SqliteLedger, at_ms: int) -> None:
    """A state that lacks what it held at the end of its last run was put back by hand: its gates close."""
    anchor = read_anchor(project.state_path)
    if anchor is None or ledger.contains_head(anchor):
        return
    _close_gates(project, ledger, "restored", "it lacks events that it held at the end of its last run here", at_ms)


def _notice_unproved(project: Project, ledger: SqliteLedger, at_ms: int) -> None:
    """A state that was pulled, and of which no mark has proved that nobody else is under way: its gates close."""
    if ledger.unproved:
        # No head that was kept before can speak against a mark: the run that set it went on from there.
        how = "doubted" if ledger.doubted else "imported"
        _close_gates(project, ledger, how, "runs that it does not hold may be under way", at_ms)


def _close_gates(project: Project, ledger: SqliteLedger, how: str, reason: str, at_ms: int) -> None:
    who = actor(project.environ)
    ledger.commit([StateCarried(how=how, reason=reason, actor=who, epoch=ledger.epoch + 1, at_ms=at_ms)])


def run_options(project: Project, orders: Orders, *, anchored: frozenset[int] = frozenset()) -> RunOptions:
    """How the protocol runs it: who, where, on which commit."""
    return RunOptions(
        run_id=new_id(),
        command=orders.command,
        actor=actor(project.environ),
        host=host(),
        git_commit=recorded_commit(project),
        version=__version__,
        wait_s=orders.wait_s,
        scan=orders.refresh,
        full_scan=orders.full,
        limit=orders.limit,
        anchored=anchored,
        pull_request=pull_request(project.environ),
    )


@contextmanager
def keeping_unrecorded(project: Project) -> Iterator[None]:
    """What came back and could not be recorded is kept in a file beside the state, if that is possible at all."""
    try:
        yield
    except Unrecorded as error:
        path = project.state_folder / f"unrecorded-{project.clock.now_ms()}.jsonl"
        if error.lines and _kept(path, error.lines):
            error.detail = f"{error.detail} They are kept in {path}."
        raise


def _kept(path: Path, lines: Sequence[str]) -> bool:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True
