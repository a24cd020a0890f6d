"""What a config says, as frozen values, after it has been read and checked (`reconcile.config` does that)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from reconcile.model import Account


def usable_requests(daily_request_limit: int) -> int:
    """How many bonus requests of a day's limit we take: two percent stay for other programs on the account."""
    return daily_request_limit - daily_request_limit // 50


def same_account(one: str, other: str) -> bool:
    """Whether two spellings name one account: with or without dashes, in either case."""
    return one.replace("-", "").lower() == other.replace("-", "").lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """One entry of `providers:`. Durations in seconds; `since_ms` is where a first scan begins, None: the beginning.

    `account` is the provider's own id that the config means, "" where any is taken (emulator, sandbox). `endpoint` is
    "" for the environment's own address. `ledger_key` is what the state files this provider's ledger under.
    `act_under` is the account that is acted for with another one's token, "" for the token's own; `account` is then
    the same. `requests_per_second` bounds requests of any kind: None the environment's own pace, 0 none. `profile` is
    that of AWS's credential chain, "" for its default; `reason_marker`: whether reasons end with a reference.
    """

    name: str
    type: str
    environment: str
    account: str = ""
    act_under: str = ""
    endpoint: str = ""
    token_env: str = "TOLOKA_TOKEN"  # noqa: S105 (the name of a variable)
    token_file: str = ""
    token_command: tuple[str, ...] = ()
    mode: str = "async"
    batch_size: int = 1
    skip_invalid_items: bool = True
    concurrency: int = 4
    timeout_s: int = 30
    operation_timeout_s: int = 600
    settle_window_s: int = 900
    daily_request_limit: int = 10_000
    requests_per_second: int | None = None
    fee_percent: Decimal | None = None
    since_ms: int | None = None
    proxy_from_environment: bool = False
    check_assignments: bool = False
    profile: str = ""
    reason_marker: bool = False
    line: int = 0

    @property
    def ledger_key(self) -> tuple[str, str]:
        """(type, environment): one ledger each."""
        return self.type, self.environment

    def account_of(self, account_id: str) -> Account:
        """The account with this id, at this provider and environment."""
        return Account(self.type, self.environment, account_id)


class Rail(StrEnum):
    """What a guardrail does with what it finds: refuse the plan, warn, or not look at all."""

    WARN = "warn"
    REFUSE = "refuse"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Limits in one currency, inclusive; None: no limit.

    `windows` says what `max_per_recipient_30d` and `max_per_day` do, `repeats` what `repeat_days` does.
    """

    max_bonus: Decimal | None = None
    max_per_recipient: Decimal | None = None
    max_plan_total: Decimal | None = None
    max_plan_bonuses: int | None = None
    require_assignment: bool = False
    allow_top_up: bool = False
    max_per_recipient_30d: Decimal | None = None
    max_per_day: Decimal | None = None
    windows: Rail = Rail.REFUSE
    outliers: Rail = Rail.WARN
    near_duplicates: Rail = Rail.OFF
    repeat_days: int | None = None
    repeats: Rail = Rail.REFUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A whole config. `root` is the config's folder; every path in the config is relative to it.

    `policies` holds one entry per currency that the config pays in. `specs` are the paths as written; `state` is the
    state file's path below `root`, or a postgresql:// URL.
    """

    path: Path
    root: Path
    project: str
    specs: tuple[str, ...]
    state: str
    providers: tuple[ProviderSettings, ...]
    policies: tuple[tuple[str, Policies], ...]

    def provider(self, name: str) -> ProviderSettings | None:
        """The provider that specs call `name`."""
        return next((provider for provider in self.providers if provider.name == name), None)

    def policies_for(self, currency: str) -> Policies:
        """The limits for amounts in `currency`."""
        return dict(self.policies).get(currency) or Policies()
