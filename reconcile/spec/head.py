"""The head of a spec: whose campaign it is, which provider pays, and what its bonuses share."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from reconcile.model import Campaign
from reconcile.money import AmountError, parse_amount
from reconcile.providers.rules import RULES, ProviderRules, Tariff
from reconcile.settings import ProviderSettings, Settings
from reconcile.spec.fields import FieldReader
from reconcile.spec.given import NOTHING, Given
from reconcile.spec.nodes import MappingNode, Node, is_absent, is_scalar, place, what
from reconcile.spec.report import Report, quoted
from reconcile.spec.secrets import ADVICE, is_secret_key
from reconcile.spec.suggest import closest, did_you_mean
from reconcile.spec.texts import Problem

HEAD_KEYS: Final = ("version", "campaign", "provider", "budget", "formerly", "allow", "defaults", "bonuses")
REQUIRED: Final = ("version", "campaign", "provider")

HeadNodes = dict[str, tuple[Any, Node]]
"""The keys of a spec that were read: name → (key, value)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A head that its bonuses can be read under. `good`: it has no error itself."""

    campaign: Campaign
    project: str
    provider: ProviderSettings
    rules: ProviderRules
    tariff: Tariff
    defaults: Given
    reader: FieldReader
    good: bool


def read_head(nodes: HeadNodes, settings: Settings, report: Report) -> Head | None:
    """The head that top-level keys state; None if there is not even a provider to read the bonuses by."""
    before = report.diagnostics.errors
    values = {name: node for name, (_, node) in nodes.items()}
    _version(values.get("version"), report)
    provider = _provider(values.get("provider"), settings, report)
    if provider is None:
        _campaign_name(values.get("campaign"), FieldReader(*_any_rules(), report))
        return None
    rules = RULES[provider.type]
    tariff = rules.tariffs[provider.environment]
    reader = FieldReader(rules, tariff, report)
    name = _campaign_name(values.get("campaign"), reader)
    line = place(nodes["campaign"][0])[0] if "campaign" in nodes else 1
    campaign = Campaign(
        name=name,
        provider=provider.name,
        budget=_budget(values.get("budget"), reader),
        allow=_allow(values.get("allow"), reader),
        formerly=_formerly(values.get("formerly"), name, reader),
        path=report.shown,
        line=line,
        budget_line=place(nodes["budget"][0])[0] if "budget" in nodes else 0,
    )
    defaults = _defaults(values.get("defaults"), reader)
    return Head(
        campaign=campaign,
        project=settings.project,
        provider=provider,
        rules=rules,
        tariff=tariff,
        defaults=defaults,
        reader=reader,
        good=report.diagnostics.errors == before,
    )


def unknown_head_key(key: Any, report: Report) -> None:
    """Report a key that no spec has."""
    line, column = place(key)
    if is_secret_key(key.value):
        report.secret(f"{quoted(key.value)} does not belong in a spec", line=line, column=column, hint=ADVICE)
        return
    report.error(
        "unknown-key",
        f"Unknown key {quoted(key.value)} at the head of the spec",
        detail="A misspelled key would be left out.",
        hint=did_you_mean(key.value, HEAD_KEYS, kind="keys"),
        line=line,
        column=column,
    )


def _any_rules() -> tuple[ProviderRules, Tariff]:
    rules = next(iter(RULES.values()))
    return rules, next(iter(rules.tariffs.values()))


def _version(node: Node | None, report: Report) -> None:
    if node is None:
        report.error("missing", "`version` is missing", hint="Begin the spec with `version: 1`.", line=1, column=1)
    elif node.value != "1":
        line, column = place(node)
        said = quoted(node.value) if is_scalar(node) else what(node)
        report.error(
            "version",
            f"This bonusctl reads specs of version 1, not {said}",
            hint="Write `version: 1`, or install the bonusctl that reads the other version.",
            line=line,
            column=column,
        )


def _campaign_name(node: Node | None, reader: FieldReader) -> str:
    if node is None or is_absent(node):
        line, column = (1, 1) if node is None else place(node)
        hint = "Name the campaign: `campaign: image-labels-w47`."
        reader.report.error("missing", "`campaign` is missing", hint=hint, line=line, column=column)
        return ""
    return reader.id_text(node, "campaign") or ""


def _provider(node: Node | None, settings: Settings, report: Report) -> ProviderSettings | None:
    names = [provider.name for provider in settings.providers]
    line, column = (1, 1) if node is None else place(node)
    shown = ", ".join(f"`{name}`" for name in names)
    if node is None or is_absent(node):
        hint = f"Say who pays: `provider: {names[0]}`." if names else "The config names no provider."
        report.error("missing", "`provider` is missing", hint=hint, line=line, column=column)
        return settings.providers[0] if len(names) == 1 else None
    found = settings.provider(node.value) if is_scalar(node) else None
    if found is None:
        near = closest(node.value, names) if is_scalar(node) else ""
        report.error(
            "provider",
            f"The config has no provider {quoted(node.value)}" if is_scalar(node) else f"`provider` is {what(node)}",
            detail=f"{settings.path.name} has {shown}." if names else "",
            hint=f"Did you mean `{near}`?" if near else "Name one of the config's `providers`.",
            line=line,
            column=column,
        )
        return settings.providers[0] if len(names) == 1 else None
    return found


def _budget(node: Node | None, reader: FieldReader) -> Decimal | None:
    if node is None or is_absent(node):
        return None
    if not is_scalar(node):
        reader.problem(Problem("type", f"`budget` is {what(node)}, not an amount"), node)
        return None
    try:
        return parse_amount(node.value, decimals_max=reader.amounts.tariff.decimals)
    except AmountError as error:
        problem = Problem("amount", f"`budget`: {error}", f"The file says {quoted(node.value)}.", error.hint)
        reader.problem(problem, node)
        return None


def _allow(node: Node | None, reader: FieldReader) -> frozenset[str]:
    return frozenset() if node is None or is_absent(node) else reader.allow(node) or frozenset()


def _formerly(node: Node | None, campaign: str, reader: FieldReader) -> str:
    if node is None or is_absent(node):
        return ""
    if isinstance(node, MappingNode):
        hint = "Write `formerly: old-campaign` at the head; a mapping belongs to a bonus or to `defaults`."
        reader.problem(Problem("type", "`formerly` of a spec is the campaign's old name", "", hint), node)
        return ""
    former = reader.id_text(node, "formerly") or ""
    if former and former == campaign:
        hint = "Name the old campaign, or take `formerly` away."
        reader.problem(Problem("formerly-itself", "`formerly` names the campaign itself", "", hint), node)
        return ""
    return former


def _defaults(node: Node | None, reader: FieldReader) -> Given:
    if node is None or is_absent(node):
        return NOTHING
    if not isinstance(node, MappingNode):
        problem = Problem("type", f"`defaults` is {what(node)}, not a mapping", "", "Write fields of a bonus below it.")
        reader.problem(problem, node)
        return NOTHING
    for key, _ in node.pairs:
        if key.value not in reader.known:
            reader.unknown(key)
    given, _ = reader.given((key.value, value) for key, value in node.pairs)
    return given
