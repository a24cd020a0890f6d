"""A run from its first durable write to its report, in the one order that is safe.

Journal the run, contact, scan, gate, recover, plan, ask, send, settle, report. The order is itself a rule: a scan that
came after recovery would repeat what a lost state had paid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from reconcile.plan.model import Change, Plan
from reconcile.protocol.ports import Clock, Control, Progress
from reconcile.protocol.report import Report
from reconcile.providers.base import AccountFound, Codec, Wire
from reconcile.settings import ProviderSettings
from reconcile.state.ledger import Ledger, OperationRecord, StateReader


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

    send: tuple[Change, ...]
    not_approved: tuple[Change, ...]
    digest: str
    entries: tuple[tuple[bytes, bytes], ...]
    withdrawn: int


class ProjectView(Protocol):
    """What a run asks of the project: its specs, planned against the state as it is now, and somebody's consent."""

    @property
    def project(self) -> str:
        """The config's project, part of every identity."""

    def wanted(self, settings: ProviderSettings, operations: Sequence[OperationRecord]) -> frozenset[bytes]:
        """The payments of these open operations that the present specs (and approval) still ask for, as journaled:
        same recipient, amount, texts. Only these may be sent again.
        """

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
    many payments. `anchored`: the state's head was proved by an anchor kept outside, which opens the gate.
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
    anchored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All that a run touches besides its providers."""

    ledger: Ledger
    clock: Clock
    control: Control
    progress: Progress


def run_apply(
    ports: Ports, providers: Sequence[ProviderAccess], project: ProjectView, options: RunOptions
) -> Report: ...


def run_refresh(ports: Ports, providers: Sequence[ProviderAccess], project: str, options: RunOptions) -> Report: ...
