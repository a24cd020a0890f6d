"""What an emulator is started with: its account and tariff, how it runs operations, its limits and faults."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from reconcile.emulator.fault import Fault
from reconcile.emulator.faults import parse_fault, read_faults
from reconcile.money import AmountError, parse_amount
from reconcile.providers.rules import TOLOKA
from reconcile.times import DAY_MS

ACCOUNT: Final = "e0000000000000000000000000000001"
MTURK_ACCOUNT: Final = "100000000001"
MTURK_ACCESS_KEY: Final = "AKIDEMULATOR"
MTURK_SECRET_KEY: Final = "emulator-secret-key"  # noqa: S105 (known to everybody; it opens nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything that can be chosen when an emulator starts. Times in milliseconds, amounts in `currency`.

    `port` 0 takes a free one. `token` is the only one accepted; "" takes any, or none. An asynchronous operation
    starts `start_ms` after its request, pays then, and ends `run_ms` later. `sync_ids_used` is the reading of
    `operation_id` in synchronous mode: used once, or ignored. `ids_dashed`, `created_ms` and `log_amounts_as_text`
    choose between forms that Toloka's answers are known to take. `comment_max` cuts comments short (0: never);
    `first_id` is the id of the first bonus; `log_days` is how long logs are kept.

    What begins with `mturk_` is about MTurk, always in dollars: the AWS account, the key and the secret that requests
    are signed with (`mturk_signed` false: nobody looks), and how long a UniqueRequestToken is remembered. With
    `mturk_registered_only` no assignment exists but those registered by the control API.
    """

    host: str = "127.0.0.1"
    port: int = 0
    db: Path = Path("emulator.db")
    account: str = ACCOUNT
    name: str = "Emulated requester"
    token: str = ""
    balance: Decimal = Decimal("100000.00")
    fee_percent: int = 0
    yandex: bool = False
    start_ms: int = 20
    run_ms: int = 60
    latency_ms: int = 0
    daily_limit: int = 10_000
    requests_per_second: int = 0
    sync_ids_used: bool = False
    ids_dashed: bool = True
    created_ms: bool = True
    log_amounts_as_text: bool = False
    log_validations: bool = False
    comment_max: int = 0
    first_id: int = 1_000_003
    log_days: int = 31
    mturk_account: str = MTURK_ACCOUNT
    mturk_access_key: str = MTURK_ACCESS_KEY
    mturk_secret_key: str = MTURK_SECRET_KEY
    mturk_signed: bool = True
    mturk_balance: Decimal = Decimal("10000.00")
    mturk_fee_percent: int = 20
    mturk_token_ms: int = DAY_MS
    mturk_registered_only: bool = False
    faults: tuple[Fault, ...] = ()
    stop_with_stdin: bool = False

    @property
    def currency(self) -> str:
        """ISO 4217 code of all amounts."""
        return TOLOKA.tariffs["yandex" if self.yandex else "emulator"].currency

    @property
    def amount_min(self) -> Decimal:
        """The smallest bonus."""
        return TOLOKA.tariffs["yandex" if self.yandex else "emulator"].amount_min

    @property
    def amount_max(self) -> Decimal:
        """The largest bonus."""
        return TOLOKA.tariffs["yandex" if self.yandex else "emulator"].amount_max

    @property
    def decimals(self) -> int:
        """How many decimals a bonus may have."""
        return TOLOKA.tariffs["yandex" if self.yandex else "emulator"].decimals


class OptionError(ValueError):
    """An option that makes no sense; `str()` is a sentence about it."""


def parse_options(arguments: Sequence[str], environ: dict[str, str]) -> Options:
    """Options from `--name value` pairs: every field of `Options`, with `-` for `_`.

    Flags take `true` or `false`. `--fault NAME[:key=value,…]` may stand often, `--faults FILE` names a JSON file,
    `--token-env NAME` the environment variable with the token: a token is never an argument. Raises OptionError.
    """
    options = Options()
    pairs = iter(arguments)
    for argument in pairs:
        name = argument.removeprefix("--").replace("-", "_")
        value = next(pairs, None)
        if not argument.startswith("--") or value is None:
            raise OptionError(f"{argument!r} needs the form --name value")
        if name == "fault":
            options = replace(options, faults=(*options.faults, parse_fault(value)))
        elif name == "faults":
            options = replace(options, faults=(*options.faults, *read_faults(_read_json(Path(value)))))
        elif name == "token_env":
            options = replace(options, token=environ.get(value, ""))
        else:
            options = _set(options, name, value)
    return options


def option_arguments(options: Options) -> list[str]:
    """The arguments that make the same options again, in another process. A token does not travel."""
    if options.token:
        raise OptionError("a token is never an argument: start the emulator with --token-env")
    default = Options()
    arguments: list[str] = []
    for field in fields(Options):
        value = getattr(options, field.name)
        if field.name != "faults" and value != getattr(default, field.name):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            arguments += ["--" + field.name.replace("_", "-"), text]
    for fault in options.faults:
        arguments += ["--fault", fault.as_text()]
    return arguments


_Parser = Callable[[str], object]


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("true or false")
    return text == "true"


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError("a whole number")
    return int(text)


def _money(text: str) -> Decimal:
    return parse_amount(text, decimals_max=3)


_PARSERS: Final[dict[type, _Parser]] = {bool: _flag, int: _count, str: str, Path: Path, Decimal: _money}
_TYPES: Final = {field.name: field.type for field in fields(Options) if field.name not in ("faults", "token")}


def _set(options: Options, name: str, value: str) -> Options:
    kind = _TYPES.get(name)
    if not isinstance(kind, type):
        raise OptionError(f"there is no option --{name.replace('_', '-')}")
    try:
        # The table's parser gives the field's own type; `replace` has no way to say so.
        return replace(options, **{name: _PARSERS[kind](value)})  # type: ignore[arg-type]
    except (ValueError, AmountError) as exc:
        raise OptionError(f"--{name.replace('_', '-')} {value!r}: {exc}") from exc


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as exc:
        raise OptionError(f"--faults {path}: {exc}") from exc
