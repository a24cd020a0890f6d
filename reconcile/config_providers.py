"""The `providers` of a config: who pays, in which environment, and how requests go there."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from reconcile.config_values import Values
from reconcile.endpoints import EndpointProblem, check_endpoint
from reconcile.providers.rules import RULES, ProviderRules
from reconcile.settings import ProviderSettings, same_account
from reconcile.spec.ids import id_problem
from reconcile.spec.nodes import MappingNode, Node, SequenceNode, is_absent, place, text_of, what
from reconcile.times import parse_time

ACCOUNT_MISSING: Final = "account-missing"
"""The one error with which `doctor` goes on: it shows the id that is missing."""

EVERY_KEY: Final = tuple(
    dict.fromkeys(("type", "environment", *(key for rules in RULES.values() for key in rules.keys)))
)
BATCH_MAX: Final = {"async": 1_000, "sync": 100}
"""How many bonuses one request may hold, by mode."""
_TOKEN_ENV: Final = re.compile(r"(?:TOLOKA|BONUSCTL)_[A-Z0-9_]+", re.ASCII)
_PROFILE: Final = re.compile(r"[A-Za-z0-9_.@+/-]{1,100}", re.ASCII)
NO_DAILY_LIMIT: Final = 1_000_000
_ACCOUNT_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}", re.ASCII)
_REQUESTS_PER_SECOND_MAX: Final = 270
"""With the few that may go at once, it stays below the 300 that Toloka takes in any second."""
_PERCENT_MAX: Final = Decimal(100)


def read_providers(node: Node | None, values: Values, environ: Mapping[str, str]) -> tuple[ProviderSettings, ...]:
    """Every provider that can be used; what is wrong with one is reported."""
    if node is None or is_absent(node):
        hint = "Add `providers: {toloka: {type: toloka, environment: emulator}}`."
        values.report.error("missing", "`providers` is missing", hint=hint, line=1, column=1)
        return ()
    if not isinstance(node, MappingNode):
        values.error(
            node, "type", f"`providers` is {what(node)}, not a mapping of names", hint="Write `toloka:` below it."
        )
        return ()
    found = []
    for key, value in node.pairs:
        problem = id_problem(key.value, "provider name")
        if problem is not None:
            values.error(key, problem.code, problem.summary, detail=problem.detail, hint=problem.hint)
            continue
        provider = _Provider(key, value, values, environ).settings()
        if provider is not None:
            found.append(provider)
    return tuple(found)


class _Provider:
    """One entry of `providers`."""

    def __init__(self, key: Any, node: Node, values: Values, environ: Mapping[str, str]) -> None:
        self.key = key
        self.values = values
        self.environ = environ
        self.node = node
        self.nodes: dict[str, Node] = {}
        self.unbound = False

    def settings(self) -> ProviderSettings | None:
        """The provider, None if it has errors; one that only lacks its account is enough for who looks and pays nothing."""
        before = self.values.report.diagnostics.errors
        # The type decides which keys there are: it comes first.
        rules = self._rules()
        if rules is None:
            return None
        nodes = self.values.mapping(self.node, self.key.value, EVERY_KEY, where=f"of provider `{self.key.value}`")
        self.nodes = self._fitting(rules, nodes)
        environment = self._environment(rules)
        found = self._settings(rules, environment or "")
        return found if self.values.report.diagnostics.errors == before + self.unbound else None

    def _settings(self, rules: ProviderRules, environment: str) -> ProviderSettings:
        nodes, values = self.nodes, self.values
        number = values.number
        act_under = self._act_under()
        stated: dict[str, object] = {
            "account": self._account(rules, environment, act_under),
            "act_under": act_under,
            "endpoint": self._endpoint(rules, environment),
            "token_env": self._token_env(),
            "token_file": values.text(nodes.get("token_file"), "token_file"),
            "token_command": self._token_command(),
            "mode": values.choice(nodes.get("mode"), "mode", tuple(BATCH_MAX)),
            "batch_size": self._batch_size(),
            "skip_invalid_items": values.flag(nodes.get("skip_invalid_items"), "skip_invalid_items"),
            "concurrency": number(nodes.get("concurrency"), "concurrency", least=1, most=64),
            "timeout_s": number(nodes.get("timeout"), "timeout", least=1, most=600, unit=" seconds"),
            "operation_timeout_s": number(
                nodes.get("operation_timeout"), "operation_timeout", least=1, most=86_400, unit=" seconds"
            ),
            "settle_window_s": number(
                nodes.get("settle_window"), "settle_window", least=0, most=7 * 86_400, unit=" seconds"
            ),
            "daily_request_limit": number(
                nodes.get("daily_request_limit"), "daily_request_limit", least=1, most=1_000_000
            ),
            "requests_per_second": number(
                nodes.get("requests_per_second"), "requests_per_second", least=1, most=_REQUESTS_PER_SECOND_MAX
            ),
            "fee_percent": self._fee_percent(),
            "since_ms": self._since(),
            "proxy_from_environment": values.flag(nodes.get("proxy_from_environment"), "proxy_from_environment"),
            "check_assignments": values.flag(nodes.get("check_assignments"), "check_assignments"),
            "profile": self._profile(),
            "reason_marker": values.flag(nodes.get("reason_marker"), "reason_marker"),
        }
        given: dict[str, Any] = _defaults(rules)
        given |= {name: value for name, value in stated.items() if value is not None}
        line = self.key.start_mark.line + 1
        return ProviderSettings(name=self.key.value, type=rules.type, environment=environment, line=line, **given)

    def _rules(self) -> ProviderRules | None:
        values = self.values
        if not isinstance(self.node, MappingNode):
            hint = "Write at least `type:` and `environment:` below it."
            values.error(
                self.key, "type", f"Provider `{self.key.value}` is {what(self.node)}, not a mapping", hint=hint
            )
            return None
        node = self.node.get("type")
        if is_absent(node):
            self._missing("type", f"Add `type: {next(iter(RULES))}`.")
            return None
        return RULES.get(values.choice(node, "type", RULES) or "")

    def _fitting(self, rules: ProviderRules, nodes: Mapping[str, Node]) -> dict[str, Node]:
        """The nodes whose keys are for this type; another type's are reported."""
        fitting = {}
        for key, node in nodes.items():
            if key in ("type", "environment", *rules.keys):
                fitting[key] = node
                continue
            hint = "Take it away."
            if rules.type == "mturk" and key.startswith("token_"):
                hint = "Take it away: credentials come from AWS's own chain; `profile:` names one of its profiles."
            self.values.error(
                node, "other-type", f"`{key}` is nothing for a provider of type `{rules.type}`", hint=hint
            )
        return fitting

    def _environment(self, rules: ProviderRules) -> str | None:
        node = self.nodes.get("environment")
        if node is None:
            self._missing("environment", "Add `environment: emulator`, which needs no account.")
            return None
        name = self.values.choice(node, "environment", rules.tariffs)
        if name in rules.closed and "endpoint" not in self.nodes:
            line, column = place(node)
            self.values.report.warning(
                "closed-provider",
                f"{rules.title} closed on {rules.closed[name]}",
                detail="What was paid before stays on record; nothing new can be expected to be paid there.",
                hint="An apply needs `--allow-closed-provider`; a compatible service is named with `endpoint:`.",
                line=line,
                column=column,
            )
        return name

    def _account(self, rules: ProviderRules, environment: str, act_under: str | None) -> str | None:
        node = self.nodes.get("account")
        account = self.values.name(node, "account")
        if account is not None and re.fullmatch(rules.account_pattern or ".*", account) is None:
            hint = "An AWS account id has twelve digits: leave `account` away, and `bonusctl doctor` shows it."
            self.values.error(node, "account", f"`account` is no id of an account at {rules.title}", hint=hint)
            return None
        if act_under is not None:
            # It is the account acted for that pays, so it is the one that is meant, and checked at every contact.
            if account is not None and not same_account(account, act_under):
                self.values.error(
                    node,
                    "account",
                    "`account` and `act_under` name two accounts",
                    detail="Whoever is acted for pays: that is the account that this config means.",
                    hint="Write the same id in both, or leave `account` away.",
                )
            return account or act_under
        if node is None and environment in rules.account_required:
            self.unbound = True
            self.values.error(
                self.key,
                ACCOUNT_MISSING,
                f"`account` of provider `{self.key.value}` is missing",
                detail=f"In `{environment}` real money is paid: the config says whose it is, and every contact checks it.",
                hint="`bonusctl doctor` shows the id of the account behind a token.",
            )
        return account

    def _act_under(self) -> str | None:
        node = self.nodes.get("act_under")
        text = self.values.text(node, "act_under")
        if text is not None and _ACCOUNT_ID.fullmatch(text) is None:
            self.values.error(
                node,
                "account",
                "`act_under` is no id of an account",
                detail="It goes into a header of every request: letters, digits and dashes alone.",
                hint="Write the requester id of the account that shared its access.",
            )
            return None
        return text

    def _endpoint(self, rules: ProviderRules, environment: str) -> str | None:
        node = self.nodes.get("endpoint")
        text = self.values.text(node, "endpoint")
        if text is None:
            return None
        checked = check_endpoint(text, rules=rules, environment=environment, environ=self.environ)
        if isinstance(checked, EndpointProblem):
            self.values.error(node, "endpoint", checked.summary, detail=checked.detail, hint=checked.hint)
            return None
        return checked

    def _token_env(self) -> str | None:
        node = self.nodes.get("token_env")
        text = self.values.text(node, "token_env")
        if text is not None and _TOKEN_ENV.fullmatch(text) is None:
            self.values.error(
                node,
                "token-env",
                "`token_env` must begin with `TOLOKA_` or `BONUSCTL_`",
                detail="A line in a config must not send another secret of this machine to a provider.",
                hint="Put the token in a variable such as `TOLOKA_TOKEN`.",
            )
            return None
        return text

    def _profile(self) -> str | None:
        node = self.nodes.get("profile")
        text = self.values.text(node, "profile")
        if text is not None and _PROFILE.fullmatch(text) is None:
            hint = "Write its name as it stands in AWS's own config file."
            self.values.error(node, "profile", "`profile` is no name of an AWS profile", hint=hint)
            return None
        return text

    def _token_command(self) -> tuple[str, ...] | None:
        node = self.nodes.get("token_command")
        if node is None:
            return None
        if not isinstance(node, SequenceNode) or not node.items:
            hint = "Write the program and its arguments: `token_command: [pass, show, toloka]`. No shell reads it."
            self.values.error(node, "type", f"`token_command` is {what(node)}, not a list of words", hint=hint)
            return None
        return self.values.texts(node, "token_command")

    def _batch_size(self) -> int | None:
        node = self.nodes.get("batch_size")
        size = self.values.number(node, "batch_size", least=1, most=max(BATCH_MAX.values()))
        name = text_of(self.nodes.get("mode")) or "async"
        most = BATCH_MAX.get(name)
        if size is None or most is None or size <= most:
            return size
        self.values.error(
            node,
            "bounds",
            f"`batch_size` is {size}, and in `mode: {name}` a request holds at most {most} bonuses",
            hint=f"Write `batch_size: {most}`, or leave `mode` away: asynchronous requests hold up to 1,000.",
        )
        return None

    def _fee_percent(self) -> Decimal | None:
        node = self.nodes.get("fee_percent")
        percent = self.values.amount(node, "fee_percent", decimals_max=3)
        if percent is not None and percent > _PERCENT_MAX:
            self.values.error(node, "bounds", "`fee_percent` is more than 100", hint="It comes on top of each bonus.")
            return None
        return percent

    def _since(self) -> int | None:
        node = self.nodes.get("since")
        text = self.values.text(node, "since")
        if text is None:
            return None
        at_ms = parse_time(text)
        if at_ms is None:
            hint = "Write a date or a time in UTC: `2026-01-01`, `2026-01-01T10:00:00Z`."
            self.values.error(node, "time", "`since` is no time", hint=hint)
        return at_ms

    def _missing(self, name: str, hint: str, *, detail: str = "") -> None:
        summary = f"`{name}` of provider `{self.key.value}` is missing"
        self.values.error(self.key, "missing", summary, detail=detail, hint=hint)


def _defaults(rules: ProviderRules) -> dict[str, Any]:
    """What holds for a provider's type where the config says nothing."""
    found: dict[str, Any] = {"mode": rules.mode}
    if rules.fee_percent is not None:
        found["fee_percent"] = rules.fee_percent
    if not rules.daily_limit:
        found["daily_request_limit"] = NO_DAILY_LIMIT
    return found
