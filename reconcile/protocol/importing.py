"""A run that takes payments over that were made before bonusctl, or beside it. It sends nothing.

With the provider's list the run scans first, as every run does: payments with our marker are the scan's, and only the
others are for matching. What is taken over becomes durable in one commit, after somebody agreed.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from reconcile.errors import BonusctlError
from reconcile.model import parse_marker
from reconcile.protocol.adopting import Sought
from reconcile.protocol.broken_off import journal_end
from reconcile.protocol.contact import bind, find_account
from reconcile.protocol.ending import ended_without_sends
from reconcile.protocol.gateway import Gateway, told
from reconcile.protocol.runner import Ports, ProviderAccess, RunOptions, started
from reconcile.protocol.scan import ScanFailed, scan
from reconcile.protocol.scan_assignments import scan_assignments
from reconcile.providers.base import ListPayments, PaymentsPage, RemotePayment, Unread
from reconcile.settings import ProviderSettings
from reconcile.state.events import Event, ImportedPayment, PaymentsImported, RunEnded
from reconcile.state.ledger import LedgerRecord, StateReader

CHUNK: Final = 1_000
"""Payments of one event."""
_OURS: Final = "[bonusctl:"


class ImportView(Protocol):
    """What the run asks of the project."""

    @property
    def origin(self) -> str:
        """Where the payments were read, in words: it stands beside each."""

    def sought(self, reader: StateReader) -> Sequence[Sought]:
        """The bonuses whose payments are looked for, for a provider that lists by assignment only."""

    def choose(
        self, reader: StateReader, record: LedgerRecord, found: Sequence[RemotePayment]
    ) -> tuple[ImportedPayment, ...]:
        """The payments to take over, once they were matched, shown and agreed to; `found` are those of the provider's
        list. Raises Interrupted where a person said no.
        """


class Imported(NamedTuple):
    """The end of an import. `ours`: payments with our marker that the list showed, which are the scan's; `adopted`:
    those among them that the state did not have. `alarms` are sentences.
    """

    payments: int
    ours: int
    adopted: int
    alarms: tuple[str, ...]


class _Found(NamedTuple):
    payments: tuple[RemotePayment, ...]
    ours: int
    adopted: int
    alarms: tuple[str, ...]


NOTHING: Final = _Found((), 0, 0, ())


def run_import(
    ports: Ports,
    access: ProviderAccess | None,
    settings: ProviderSettings,
    view: ImportView,
    options: RunOptions,
    *,
    project: str,
    since_ms: int | None,
) -> Imported:
    """Take payments over. `access` None: the ledger is known and a file names the payments, so nobody is asked.
    `since_ms` None: the provider's list is not read for matching. Raises BonusctlError; the end is journaled.
    """
    ledger = ports.ledger
    ledger.commit([started(options, ledger, ports.clock.now_ms())])
    try:
        found = NOTHING
        if access is not None:
            gateway = Gateway(settings, access.codec, access.wire, clock=ports.clock, control=ports.control)
            ports.progress.phase(f"{settings.name}: asking who we are")
            record = bind(ledger, gateway, find_account(gateway), ports.clock)
            if since_ms is not None:
                ports.progress.phase(f"{settings.name}: reading what was paid")
                read = _read_assignments if access.codec.lists_by_assignment else _read
                found = read(ports, gateway, record, view, since_ms, project)
        known = ledger.ledger(*settings.ledger_key)
        assert known is not None, "without one the provider is asked"
        payments = view.choose(ledger, known, found.payments)
        ledger.commit(
            [*_events(ports, known, payments, view.origin, options.actor), ended(ports, options, len(payments))]
        )
    except BonusctlError as error:
        broken_off(ports, options, error)
        raise
    return Imported(len(payments), found.ours, found.adopted, found.alarms)


def _read_assignments(
    ports: Ports, gateway: Gateway, record: LedgerRecord, view: ImportView, since_ms: int, project: str
) -> _Found:
    """Scan the assignments of what the specs ask for: what nobody here owns, and was paid since the date."""
    sought = view.sought(ports.ledger)
    scanned, books = scan_assignments(
        ports.ledger, gateway, record, sought=sought, full=False, project=project, control=ports.control
    )
    # What may be another payment, shown twice, is for a person to decide about: `state resolve`.
    certain = (payment for payment in books.unowned() if payment.remote_id not in books.perhaps)
    payments = tuple(payment for payment in certain if payment.created_ms >= since_ms)
    return _Found(payments, len(scanned.adopted), len(scanned.adopted), scanned.alarms)


def _read(ports: Ports, gateway: Gateway, record: LedgerRecord, _: ImportView, since_ms: int, project: str) -> _Found:
    """Scan, then every page since the date: what carries no marker of ours."""
    scanned = scan(ports.ledger, gateway, record, project=project, full=False)
    unmarked: list[RemotePayment] = []
    ours, cursor = 0, ""
    while True:
        page = gateway.ask(ListPayments(since_ms, cursor))
        if isinstance(page, Unread):
            raise ScanFailed(
                f"{gateway.settings.name}: the list of payments could not be read: {told(page, gateway.codec)}",
                detail="Nothing was imported.",
                remedy="Run it again; nothing is lost.",
            )
        assert isinstance(page, PaymentsPage)
        for payment in page.payments:
            # A marker that does not parse may be ours, cut short: it is not for matching either.
            if parse_marker(payment.comment) is not None or _OURS in payment.comment.lower():
                ours += 1
            else:
                unmarked.append(payment)
        if not page.next_cursor:
            return _Found(tuple(unmarked), ours, len(scanned.adopted), scanned.alarms)
        cursor = page.next_cursor


def _events(
    ports: Ports, record: LedgerRecord, payments: Sequence[ImportedPayment], origin: str, actor: str
) -> list[Event]:
    at_ms = ports.clock.now_ms()
    return [
        PaymentsImported(
            ledger=record.ledger,
            origin=origin,
            payments=tuple(payments[start : start + CHUNK]),
            actor=actor,
            at_ms=at_ms,
        )
        for start in range(0, len(payments), CHUNK)
    ]


def broken_off(ports: Ports, options: RunOptions, error: BonusctlError) -> None:
    """Journal the end of a run that broke off."""
    journal_end(ports.ledger, error, lambda outcome: ended(ports, options, 0, outcome))


def ended(ports: Ports, options: RunOptions, adopted: int, outcome: str = "done") -> RunEnded:
    """The end of a run that sends nothing."""
    return ended_without_sends(options.run_id, at_ms=ports.clock.now_ms(), adopted=adopted, outcome=outcome)
