"""The config `bonusctl.yaml`: read by the one reader of YAML, checked key by key, given as frozen settings.

It says where specs and state are, who pays, and which limits hold. It never holds a secret: what looks like one is an
error that names the place and does not repeat the line.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from reconcile.config_providers import ACCOUNT_MISSING, read_providers
from reconcile.config_search import CONFIG_NAME, find_config
from reconcile.config_values import Values
from reconcile.diagnostics import Diagnostics, Severity
from reconcile.providers.rules import RULES, Tariff
from reconcile.settings import Policies, ProviderSettings, Rail, Settings
from reconcile.spec.events import Reader
from reconcile.spec.files import CONFIG_BYTES_MAX, open_regular, shown_path, unreadable
from reconcile.spec.nodes import MappingNode, Node, is_absent
from reconcile.spec.report import Report, Unreadable, quoted
from reconcile.spec.source import Source

__all__ = ["CONFIG_NAME", "find_config", "load_config"]

CONFIG_KEYS: Final = ("version", "project", "specs", "state", "providers", "policies")
POLICY_KEYS: Final = (
    "max_bonus",
    "max_per_recipient",
    "max_plan_total",
    "max_plan_bonuses",
    "require_assignment",
    "allow_top_up",
    "max_per_recipient_30d",
    "max_per_day",
    "windows",
    "outliers",
    "near_duplicates",
    "repeat_days",
    "repeats",
)
SPECS_DEFAULT: Final = ("specs",)
STATE_DEFAULT: Final = "state/bonusctl.db"
_BONUSES_MAX: Final = 100_000_000
_REPEAT_DAYS_MAX: Final = 3_660
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def load_config(path: Path, diagnostics: Diagnostics, environ: Mapping[str, str]) -> Settings | None:
    """The settings that a config states; None if it has errors (in `diagnostics`). `environ` may allow an endpoint."""
    before = diagnostics.errors
    settings = _load(path, diagnostics, environ)
    return settings if diagnostics.errors == before else None


def load_unbound_config(path: Path, diagnostics: Diagnostics, environ: Mapping[str, str]) -> Settings | None:
    """The same for who only looks: a config that does not say yet whose money it pays will do."""
    settings = _load(path, diagnostics, environ)
    errors = [found for found in diagnostics if found.severity is Severity.ERROR]
    return settings if all(found.code == ACCOUNT_MISSING for found in errors) else None


def _load(path: Path, diagnostics: Diagnostics, environ: Mapping[str, str]) -> Settings | None:
    opener = partial(open_regular, path, bytes_max=CONFIG_BYTES_MAX)
    settings = None
    with Report(diagnostics, shown_path(path.absolute(), Path.cwd()), opener) as report:
        try:
            with opener() as stream:
                reader = Reader(Source(stream), report)
                with reader.translating():
                    nodes = _nodes(reader)
            settings = _settings(path, nodes, Values(report), environ)
        except Unreadable as problem:
            report.unreadable(problem)
        except OSError as error:
            report.unreadable(unreadable(error))
    return settings


def _nodes(reader: Reader) -> dict[str, Node]:
    """The values of the config by key."""
    nodes: dict[str, Node] = {}
    reader.open_document()
    values = Values(reader.report)
    for key in reader.top_level():
        node = reader.node()
        if key.value not in CONFIG_KEYS:
            values.unknown(key, CONFIG_KEYS, "in the config")
        elif not is_absent(node):
            nodes[key.value] = node
    reader.close_document()
    return nodes


def _settings(path: Path, nodes: dict[str, Node], values: Values, environ: Mapping[str, str]) -> Settings:
    for node in nodes.values():
        values.secrets(node)
    _version(nodes.get("version"), values)
    providers = read_providers(nodes.get("providers"), values, environ)
    absolute = path.absolute()
    return Settings(
        path=absolute,
        root=absolute.parent,
        project=values.name(nodes.get("project"), "project") or "",
        specs=values.texts(nodes.get("specs"), "specs") or SPECS_DEFAULT,
        state=_state(nodes.get("state"), values),
        providers=providers,
        policies=_policies(nodes.get("policies"), providers, values),
    )


def _version(node: Node | None, values: Values) -> None:
    if node is None:
        hint = "Begin the config with `version: 1`."
        values.report.error("missing", "`version` is missing", hint=hint, line=1, column=1)
    elif values.text(node, "version") not in (None, "1"):
        summary = f"This bonusctl reads configs of version 1, not {quoted(node.value)}"
        hint = "Write `version: 1`, or install the bonusctl that reads the other version."
        values.error(node, "version", summary, hint=hint)


def _state(node: Node | None, values: Values) -> str:
    text = values.text(node, "state")
    if text is None:
        return STATE_DEFAULT
    if text.startswith(("postgresql://", "postgres://")):
        summary = "A state in PostgreSQL comes in a later version"
        values.error(node, "later", summary, hint=f"Use a file: `state: {STATE_DEFAULT}`.")
        return STATE_DEFAULT
    if _URL.match(text) or "\x00" in text or text.endswith("/") or text.startswith("~"):
        hint = f"Write a path from the config's folder: `state: {STATE_DEFAULT}`."
        values.error(node, "state", "`state` is not the path of a file", hint=hint)
    return text


# --- policies ------------------------------------------------------------------------------------------------------


def _policies(
    node: Node | None, providers: tuple[ProviderSettings, ...], values: Values
) -> tuple[tuple[str, Policies], ...]:
    """The limits by currency."""
    tariffs = {
        tariff.currency: tariff
        for tariff in (RULES[provider.type].tariffs[provider.environment] for provider in providers)
    }
    if node is None:
        return ()
    known = sorted({tariff.currency for rules in RULES.values() for tariff in rules.tariffs.values()})
    by_currency = isinstance(node, MappingNode) and any(key.value in known for key, _ in node.pairs)
    if not by_currency:
        return _bare_policies(node, tariffs, values)
    found = values.mapping(node, "policies", known, where="of `policies` by currency")
    return tuple((currency, _limits(value, tariffs.get(currency), values)) for currency, value in sorted(found.items()))


def _bare_policies(node: Node, tariffs: dict[str, Tariff], values: Values) -> tuple[tuple[str, Policies], ...]:
    """Limits without a currency: they mean the one that the config pays in."""
    limits = _limits(node, next(iter(tariffs.values()), None), values)
    if len(tariffs) < 2:
        return tuple((currency, limits) for currency in tariffs)
    shown = " and ".join(f"`{currency}`" for currency in sorted(tariffs))
    values.error(
        node,
        "policies-currency",
        "The policies do not say which currency they mean",
        detail=f"The config pays in {shown}.",
        hint=f"Write them by currency: `policies: {{{sorted(tariffs)[0]}: {{max_bonus: …}}}}`.",
    )
    return ()


def _limits(node: Node, tariff: Tariff | None, values: Values) -> Policies:
    nodes = values.mapping(node, "policies", POLICY_KEYS, where="of `policies`")
    decimals = tariff.decimals if tariff is not None else 3
    usual = Policies()

    def amount(name: str) -> Decimal | None:
        return values.amount(nodes.get(name), name, decimals_max=decimals)

    def rail(name: str, default: Rail) -> Rail:
        word = values.choice(nodes.get(name), name, list(Rail))
        return Rail(word) if word in set(Rail) else default

    return Policies(
        max_bonus=amount("max_bonus"),
        max_per_recipient=amount("max_per_recipient"),
        max_plan_total=amount("max_plan_total"),
        max_plan_bonuses=values.number(nodes.get("max_plan_bonuses"), "max_plan_bonuses", least=0, most=_BONUSES_MAX),
        require_assignment=values.flag(nodes.get("require_assignment"), "require_assignment") or False,
        allow_top_up=values.flag(nodes.get("allow_top_up"), "allow_top_up") or False,
        max_per_recipient_30d=amount("max_per_recipient_30d"),
        max_per_day=amount("max_per_day"),
        windows=rail("windows", usual.windows),
        outliers=rail("outliers", usual.outliers),
        near_duplicates=rail("near_duplicates", usual.near_duplicates),
        repeat_days=values.number(
            nodes.get("repeat_days"), "repeat_days", least=1, most=_REPEAT_DAYS_MAX, unit=" days"
        ),
        repeats=rail("repeats", usual.repeats),
    )
