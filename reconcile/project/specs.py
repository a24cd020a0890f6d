"""The specs of a run: which files, which campaigns they hold, and the plan that they make against a state."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconcile.diagnostics import Diagnostics
from reconcile.errors import InvalidInput, UsageError
from reconcile.model import Block, Campaign, Desired, parse_address
from reconcile.packed import all_distinct
from reconcile.plan.changes import entries_of
from reconcile.plan.model import Plan, PlanScope
from reconcile.plan.planner import make_plan
from reconcile.project.config import Project
from reconcile.rows import Spooling
from reconcile.settings import ProviderSettings
from reconcile.spec.document import campaign_heads, read_blocks, read_specs
from reconcile.spec.files import SpecFile, spec_files
from reconcile.spec.from_entry import Way
from reconcile.spool import SPOOLED
from reconcile.state.ledger import StateReader
from reconcile.state.reader import open_reader
from reconcile.times import utc_day_start


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The files of a run and what part of the project they are. `spooling`: where rows of their plan go that are too many
    for the memory.
    """

    project: Project
    files: tuple[SpecFile, ...]
    heads: tuple[Campaign, ...]
    scope: PlanScope
    spooling: Spooling = SPOOLED

    def desired(self, diagnostics: Diagnostics) -> Iterator[Desired]:
        """The bonuses that the files ask for, streaming; what is wrong goes to `diagnostics`."""
        return read_specs(self.project.settings, self.files, diagnostics)

    def blocks(self, diagnostics: Diagnostics, way: Way | None = None) -> Iterator[Desired | Block]:
        """The same, in blocks where bonuses come so."""
        return read_blocks(self.project.settings, self.files, diagnostics, way)

    def providers(self) -> tuple[ProviderSettings, ...]:
        """The configured providers that these files pay through."""
        named = {head.provider for head in self.heads}
        return tuple(provider for provider in self.project.settings.providers if provider.name in named)


def choose(
    project: Project, selection: Sequence[str] = (), *, targets: Sequence[str] = (), limit: int | None = None
) -> Chosen:
    """The files that `selection` names (all of the config's for none), and their scope.

    Raises UsageError for a path that is not there or a target that is no address.
    """
    settings = project.settings
    files = spec_files(settings, selection, cwd=project.folder)
    unheard = Diagnostics()  # whoever reads the bonuses meets the same errors again, with everything else
    heads = campaign_heads(settings, files, unheard)
    whole = held = frozenset(head.name for head in heads)
    if selection:
        others = [file for file in spec_files(settings, (), cwd=project.folder) if file not in set(files)]
        elsewhere = frozenset(head.name for head in campaign_heads(settings, others, unheard))
        whole, held = whole - elsewhere, held | elsewhere
    scope = PlanScope(whole=whole, held=held, targets=_parsed(targets), limit=limit)
    return Chosen(project=project, files=files, heads=heads, scope=scope)


def plan_of(chosen: Chosen, reader: StateReader | None, now_ms: int, way: Way | None = None) -> Plan:
    """The plan of the chosen specs. `way`: how they are read. Raises InvalidInput with all diagnostics where they have errors."""
    diagnostics = Diagnostics()
    plan = make_plan(
        settings=chosen.project.settings,
        desired=chosen.blocks(diagnostics, way),
        reader=reader,
        scope=chosen.scope,
        day_start_ms=utc_day_start(now_ms),
        now_ms=now_ms,
        spooling=chosen.spooling,
    )
    if diagnostics.errors:
        raise InvalidInput("The specs have errors; nothing was planned.", tuple(diagnostics))
    # Asked only of sound specs: a bonus that stands twice is found at their end, when the plan is made already.
    assert all_distinct(payment_id for payment_id, _ in entries_of(plan.changes)), "a payment is planned once"
    warnings = (*chosen.project.warnings, *diagnostics)
    return replace(plan, diagnostics=(*warnings, *plan.diagnostics)) if warnings else plan


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def refreshable(project: Project) -> tuple[ProviderSettings, ...]:
    """The providers that a refresh asks: those that the specs pay through or the state knows; all, if none is."""
    with open_reader(project.state_path) as reader:
        known = {ledger.account[:2] for ledger in reader.ledgers()} if reader is not None else set()
    try:
        named = {provider.name for provider in choose(project).providers()}
    except UsageError:
        named = set()
    providers = project.settings.providers
    used = tuple(one for one in providers if one.name in named or one.ledger_key in known)
    return used or providers


def check_specs(project: Project, selection: Sequence[str] = ()) -> tuple[Diagnostics, int]:
    """Read every bonus and keep none: (what was found, how many bonuses)."""
    chosen = choose(project, selection)
    diagnostics = Diagnostics()
    for warning in project.warnings:
        diagnostics.add(warning)
    count = sum(len(one.bonus_ids) if isinstance(one, Block) else 1 for one in chosen.blocks(diagnostics))
    return diagnostics, count


def _parsed(targets: Sequence[str]) -> frozenset[tuple[str, str, str, str]]:
    found = set()
    for target in targets:
        address = parse_address(target)
        if address is None:
            raise UsageError(
                f"{target} is no address of a bonus",
                detail="An address is campaign/recipient, with /assignment_id and #key where the bonus has them.",
                remedy="List the addresses:\nbonusctl state list",
            )
        found.add(address)
    return frozenset(found)
