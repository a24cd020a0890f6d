"""A plan as data: what `plan` shows, what a reviewer approves, and what `apply` sends, from one and the same list."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from reconcile.diagnostics import Diagnostic
from reconcile.model import Identity
from reconcile.plan.change import FIRST as FIRST
from reconcile.plan.change import Action as Action
from reconcile.plan.change import Attempts as Attempts
from reconcile.plan.change import Change as Change
from reconcile.plan.change import PlannedOperation as PlannedOperation
from reconcile.plan.changes import PlanEntries as PlanEntries
from reconcile.plan.changes import amounts_of as amounts_of
from reconcile.plan.changes import count_of, paying


class PlanScope(NamedTuple):
    """What part of the project is planned.

    `whole`: campaigns loaded whole, where orphans are looked for. `held`: every campaign that any spec file of the
    project holds. `targets`: parsed addresses (`model.parse_address`), empty means all. `limit`: only the first so
    many payments will be sent now, None: all; what one plan may pay in all counts these.
    """

    whole: frozenset[str]
    held: frozenset[str]
    targets: frozenset[tuple[str, str, str, str]] = frozenset()
    limit: int | None = None


class InDoubt(NamedTuple):
    """A desired bonus whose outcome is not known: nothing is planned for it. `why` says what is open.

    `amount` is what is under way, or what the spec asks for where a payment is missing in between. `former` as in Change.
    """

    identity: Identity
    bonus_id: bytes
    provider: str
    currency: str
    amount: Decimal
    why: str
    former: Identity | None = None


class Accepted(NamedTuple):
    """A desired bonus that a person accepted as it is: neither a change nor sent. `amount` is what the spec asks for;
    `code` is that of the rejection that was accepted, "" for another amount than the one that was issued.
    """

    identity: Identity
    bonus_id: bytes
    provider: str
    currency: str
    amount: Decimal
    issued: Decimal
    code: str
    reason: str
    actor: str
    at_ms: int


class CampaignSummary(NamedTuple):
    """A campaign's figures: money in its provider's currency; `budget` None where the specs set none.

    `amount` is what this plan pays, `issued` what was issued before it (what counts by `formerly` included), and
    `budget_left` what remains of the budget after issued, in doubt and planned: below zero where the plan breaks it.
    """

    campaign: str
    provider: str
    currency: str
    desired: int
    unchanged: int
    issue: int
    top_up: int
    conflict: int
    orphaned: int
    in_doubt: int
    amount: Decimal
    issued: Decimal
    budget: Decimal | None
    budget_left: Decimal | None
    accepted: int = 0


class CarriedOver(NamedTuple):
    """So many bonuses and so much money recorded under an old campaign's name count for another by `formerly`."""

    provider: str
    campaign: str
    bonuses: int
    issued: Decimal


class ProviderSummary(NamedTuple):
    """What the plan means for one configured provider.

    `account` is "" before the first contact. `fees` is None where `fee_percent` is not configured. `requests` is how
    many bonus requests the plan takes, `requests_today` how many were sent this UTC day as the state
    knows: its own sends, and as many as payments of another state's that were found take at least.
    `endpoint` is what the config names instead of the environment's own address, `act_under` the account that is acted
    for with another one's token, "" for none. `day_ms` is the first moment of the plan's UTC day. `mode` and
    `batch_size` are the config's. `balance` is the last one that the state knows, told at `balance_ms`.
    """

    name: str
    type: str
    environment: str
    account: str
    endpoint: str
    currency: str
    payments: int
    amount: Decimal
    fees: Decimal | None
    requests: int
    requests_today: int
    daily_request_limit: int
    day_ms: int = 0
    act_under: str = ""
    mode: str = "async"
    batch_size: int = 1
    balance: Decimal | None = None
    balance_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything `plan` found. `changes` and `operations` may be very long lists (`reconcile.rows`): tuples where they are
    short, else read in their order. `refused`: a policy, a budget or a guard says no (the diagnostics say which).

    `orphans_elsewhere` counts the bonuses recorded in campaigns that were not loaded at all. `lineage` is the state's,
    "" when there is no state; `head` its newest event. `held_back` counts payments among its changes that a limit leaves for later.
    `attributed` are payments of ours that found their bonus in these specs: (payment_id, sequence, identity).
    `accepted` are desired bonuses that a person accepted as they are.
    """

    digest: str
    changes: Sequence[Change]
    in_doubt: tuple[InDoubt, ...]
    operations: Sequence[PlannedOperation]
    unchanged: int
    campaigns: tuple[CampaignSummary, ...]
    providers: tuple[ProviderSummary, ...]
    diagnostics: tuple[Diagnostic, ...]
    refused: bool
    orphans_elsewhere: int
    lineage: str
    head: str
    project: str
    held_back: int = 0
    carried: tuple[CarriedOver, ...] = ()
    attributed: tuple[tuple[bytes, int, Identity], ...] = ()
    accepted: tuple[Accepted, ...] = ()

    @property
    def wants_something(self) -> bool:
        """Whether apply would pay something, or end with a conflict."""
        counts = count_of(self.changes)
        return bool(counts[Action.ISSUE] or counts[Action.TOP_UP] or counts[Action.CONFLICT])

    @property
    def payments(self) -> Sequence[Change]:
        """The rows that pay, in the order of the specs."""
        return paying(self.changes)

    @property
    def counts(self) -> Counter[Action]:
        """How many rows there are of each action."""
        return count_of(self.changes)
