"""What each provider pays and accepts, as data: read by the spec reader, the planner and the JSON Schema.

Nothing here speaks HTTP. Sources: Toloka's API reference 1.0 (user bonuses: 0.005 to 100 US dollars at a time, title
and message by language, `without_message` only without them), Yandex Tasks (5 to 10,000 roubles, 2 decimals), the
service model of Amazon Mechanical Turk of 2017-01-17 (SendBonus: patterns, whole cents, one bonus a call).
"""

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final


class FieldKind(StrEnum):
    """What the value of a bonus's field is."""

    RECIPIENT = "recipient"
    ASSIGNMENT = "assignment"
    AMOUNT = "amount"
    TEXT = "text"
    TEXT_BY_LANGUAGE = "text by language"
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a bonus as the provider calls it."""

    name: str
    kind: FieldKind
    description: str
    required: bool = False
    pattern: str = ""
    length_max: int = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What one environment pays in: bounds are inclusive, for one payment."""

    currency: str
    decimals: int
    amount_min: Decimal
    amount_max: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRules:
    """A provider type: its fields, the environments it has and what each pays.

    `paces` is how many requests of any kind a second go to an environment, below its own limit; none: as many as can.
    `keys` are the config's keys for it beside `type` and `environment`. `mode` and `fee_percent` hold where the config
    says nothing, `account_pattern` is the form of its account ids ("": any). `closed`: environments that the provider
    has shut, with the day. `daily_limit`: whether the provider counts bonus requests by day.
    """

    type: str
    title: str
    fields: tuple[Field, ...]
    tariffs: dict[str, Tariff]
    account_required: frozenset[str]
    hosts: dict[str, str]
    paces: dict[str, int]
    keys: tuple[str, ...]
    mode: str = "async"
    fee_percent: Decimal | None = None
    account_pattern: str = ""
    closed: dict[str, str] = dataclasses.field(default_factory=dict)
    daily_limit: bool = True
    unmessaged_flag: str = ""
    languages: tuple[str, ...] = ()

    def field(self, kind: FieldKind) -> Field:
        """The one field of this kind (recipient, assignment, amount)."""
        return next(field for field in self.fields if field.kind is kind)


_TOLOKA_USD: Final = Tariff(currency="USD", decimals=3, amount_min=Decimal("0.005"), amount_max=Decimal("100.00"))
_TOLOKA_RUB: Final = Tariff(currency="RUB", decimals=2, amount_min=Decimal("5.00"), amount_max=Decimal("10000.00"))

TOLOKA: Final = ProviderRules(
    type="toloka",
    title="Toloka",
    fields=(
        Field(
            name="user_id",
            kind=FieldKind.RECIPIENT,
            required=True,
            length_max=128,
            description="The worker who gets the bonus, as Toloka names them.",
        ),
        Field(
            name="amount",
            kind=FieldKind.AMOUNT,
            required=True,
            description="What the worker should have received for this, as a plain decimal in the provider's currency.",
        ),
        Field(
            name="assignment_id",
            kind=FieldKind.ASSIGNMENT,
            length_max=128,
            description="The response that the bonus is for. Part of the bonus's identity.",
        ),
        Field(
            name="private_comment",
            kind=FieldKind.TEXT,
            length_max=4000,
            description="Seen by the requester alone. bonusctl adds its marker to the end.",
        ),
        Field(
            name="public_title",
            kind=FieldKind.TEXT_BY_LANGUAGE,
            length_max=4000,
            description="Title of the message to the worker, by language; a plain text means EN.",
        ),
        Field(
            name="public_message",
            kind=FieldKind.TEXT_BY_LANGUAGE,
            length_max=10000,
            description="Message to the worker, by language; a plain text means EN.",
        ),
        Field(
            name="without_message",
            kind=FieldKind.FLAG,
            description="true: the worker gets no message; public_title and public_message must then be absent.",
        ),
    ),
    tariffs={
        "emulator": _TOLOKA_USD,
        "sandbox": _TOLOKA_USD,
        "production": _TOLOKA_USD,
        "yandex": _TOLOKA_RUB,
    },
    account_required=frozenset({"production", "yandex"}),
    hosts={
        "sandbox": "https://sandbox.toloka.dev",
        "production": "https://toloka.dev",
        "yandex": "https://tasks.yandex.ru",
    },
    # Toloka takes 300 a second; some room stays for other programs on the account.
    paces={"sandbox": 250, "production": 250, "yandex": 250},
    keys=(
        "account",
        "act_under",
        "endpoint",
        "token_env",
        "token_file",
        "token_command",
        "mode",
        "batch_size",
        "skip_invalid_items",
        "concurrency",
        "timeout",
        "operation_timeout",
        "settle_window",
        "daily_request_limit",
        "requests_per_second",
        "fee_percent",
        "since",
        "proxy_from_environment",
        "check_assignments",
    ),
    unmessaged_flag="without_message",
)

# AWS names no greatest bonus and no longest reason: these bounds are ours, against a slipped point and a pasted page.
_MTURK_USD: Final = Tariff(currency="USD", decimals=2, amount_min=Decimal("0.01"), amount_max=Decimal("10000.00"))

MTURK: Final = ProviderRules(
    type="mturk",
    title="MTurk",
    fields=(
        Field(
            name="worker_id",
            kind=FieldKind.RECIPIENT,
            required=True,
            pattern="^A[A-Z0-9]+$",
            length_max=64,
            description="The worker who gets the bonus: `A`, then capital letters and digits.",
        ),
        Field(
            name="assignment_id",
            kind=FieldKind.ASSIGNMENT,
            required=True,
            pattern="^[A-Z0-9]+$",
            length_max=64,
            description="The assignment that the worker submitted to you. Part of the bonus's identity.",
        ),
        Field(
            name="amount",
            kind=FieldKind.AMOUNT,
            required=True,
            description="What the worker should have received for this, as a plain decimal in US dollars, whole cents.",
        ),
        Field(
            name="reason",
            kind=FieldKind.TEXT,
            required=True,
            length_max=2000,
            description="Why the bonus is paid: the worker reads it.",
        ),
    ),
    tariffs={"emulator": _MTURK_USD, "sandbox": _MTURK_USD, "production": _MTURK_USD},
    account_required=frozenset({"production"}),
    hosts={
        "sandbox": "https://mturk-requester-sandbox.us-east-1.amazonaws.com",
        "production": "https://mturk-requester.us-east-1.amazonaws.com",
    },
    paces={},
    keys=(
        "account",
        "endpoint",
        "profile",
        "reason_marker",
        "concurrency",
        "timeout",
        "settle_window",
        "requests_per_second",
        "fee_percent",
        "proxy_from_environment",
    ),
    mode="token",
    fee_percent=Decimal(20),
    account_pattern="^[0-9]{12}$",
    closed={"production": "2026-09-30"},
    daily_limit=False,
)

RULES: Final = {TOLOKA.type: TOLOKA, MTURK.type: MTURK}


def currency_of(provider_type: str, environment: str) -> str:
    """The ISO 4217 code that an environment pays in."""
    return RULES[provider_type].tariffs[environment].currency
