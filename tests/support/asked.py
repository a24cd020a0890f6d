"""What people write down, made short: a config and desired bonuses as values."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from reconcile.model import Campaign, Desired, Identity, Texts
from reconcile.money import parse_amount
from reconcile.settings import Policies, ProviderSettings, Settings

TEXTS: Texts = (("public_title", (("EN", "Thanks"),)),)


def settings(**changes: object) -> Settings:
    """One asynchronous Toloka provider in the sandbox (so that the gate is real), or with changes."""
    provider = ProviderSettings(name="toloka", type="toloka", environment="sandbox", fee_percent=Decimal(0))
    return Settings(
        path=Path("bonusctl.yaml"),
        root=Path(),
        project="",
        specs=("specs/",),
        state="bonusctl.db",
        providers=(replace(provider, **changes),),  # type: ignore[arg-type]
        policies=(("USD", Policies()),),
    )


def bonus(
    recipient: str,
    amount: str,
    *,
    campaign: str = "c",
    key: str = "",
    assignment_id: str = "",
    texts: Texts = TEXTS,
    allow: frozenset[str] = frozenset(),
    formerly: Identity | None = None,
) -> Desired:
    """A desired bonus, written short."""
    head = Campaign(campaign, "toloka", None, frozenset(), "", "specs/c.yaml", 1)
    identity = Identity("", campaign, recipient, assignment_id, key)
    exact = parse_amount(amount, decimals_max=3)
    return Desired(
        identity.bonus_id,
        head,
        recipient,
        assignment_id,
        key,
        exact,
        lambda: texts,
        allow,
        formerly,
        "specs/c.yaml",
        1,
    )
