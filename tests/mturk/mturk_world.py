"""A world whose provider is MTurk: the production run, planner and state, the emulator's own code, one clock."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from reconcile.emulator.mturk.store import bonuses
from reconcile.emulator.options import Options
from reconcile.emulator.sends import run_due
from reconcile.model import Campaign, Desired, Identity
from reconcile.money import parse_amount
from reconcile.protocol.report import Left, Report
from reconcile.providers.base import WireRequest
from reconcile.settings import Policies, ProviderSettings, Settings
from tests.support.world import World

HOUR_MS = 3_600_000
MINUTE_MS = 60_000


def mturk_settings(*, allow_top_up: bool = False, **changes: object) -> Settings:
    """One MTurk provider in the sandbox, so that the gate is real."""
    given: dict[str, object] = {"fee_percent": Decimal(20), "mode": "token", "daily_request_limit": 1_000_000}
    provider = ProviderSettings(
        name="mturk",
        type="mturk",
        environment="sandbox",
        **(given | changes),  # type: ignore[arg-type]
    )
    return Settings(
        path=Path("bonusctl.yaml"),
        root=Path(),
        project="",
        specs=("specs/",),
        state="bonusctl.db",
        providers=(provider,),
        policies=(("USD", Policies(allow_top_up=allow_top_up)),),
    )


def award(
    worker: str,
    amount: str,
    *,
    assignment: str = "",
    key: str = "",
    reason: str = "Thank you!",
    campaign: str = "c",
) -> Desired:
    """A desired bonus; its assignment is named after its worker unless one is given."""
    head = Campaign(campaign, "mturk", None, frozenset(), "", "specs/c.yaml", 1)
    identity = Identity("", campaign, worker, assignment or f"3{worker}", key)
    return Desired(
        identity.bonus_id,
        head,
        worker,
        identity.assignment_id,
        key,
        parse_amount(amount, decimals_max=2),
        lambda: (("reason", reason),),
        frozenset(),
        None,
        "specs/c.yaml",
        1,
    )


def mturk_world(folder: Path, *desired: Desired, **changes: object) -> World:
    """A world that desires these bonuses; `changes` are the provider's settings."""
    return World(
        folder,
        desired=list(desired),
        settings=mturk_settings(**changes),  # type: ignore[arg-type]
        options=Options(mturk_signed=False),
    )


def paid(world: World) -> list[tuple[str, str, str]]:
    """What MTurk paid: (worker, amount, reason), in the order in which it was paid."""
    ledger = world.remote.ledger
    with ledger.transaction(writes=True):
        run_due(ledger, world.remote.options, ledger.now_ms())
    return [(row.worker_id, row.amount, row.reason) for row in bonuses(ledger.connection)]


def sends(world: World) -> list[WireRequest]:
    """Every SendBonus that left."""
    return [
        request for request in world.requests if dict(request.headers).get("X-Amz-Target", "").endswith("SendBonus")
    ]


def lose_state(world: World) -> None:
    """The state is gone; the provider is not."""
    world.store.lose()


def left(report: Report) -> dict[str, Left]:
    """Why each bonus that is left is left, by worker."""
    return {row.address.split("/")[1]: row.why for row in report.left}
