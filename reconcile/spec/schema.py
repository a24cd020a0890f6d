"""JSON Schema (draft 7) of specs and of the config, for editors: completion, descriptions, and mistakes marked while
typing. Made from the providers' rules, so that it cannot say something else than the reader.

An editor reads YAML's numbers as numbers, the reader as the text that stands in the file: where an amount or an id may
be written without quotes, the schema takes both. What only the reader can tell (identities that stand twice, bounds of
the provider of this spec, files) stays with `bonusctl validate`.
"""

from typing import Final, TypeAlias

from reconcile.providers.rules import RULES, Field, FieldKind, ProviderRules
from reconcile.spec.given import ALLOWANCES
from reconcile.spec.ids import NAME_LENGTH_MAX

Schema: TypeAlias = dict[str, object]

DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_AMOUNT_TEXT: Final = r"^(0|[1-9][0-9]{0,11})(\.[0-9]+)?$"
_NAME_TEXT: Final = r"^[^/#\[\]\s]([^/#\[\]\n\r\t]*[^/#\[\]\s])?$"
_LANGUAGE: Final = r"^[A-Z]{2,3}(-[A-Za-z0-9]{2,8})*$"


def spec_schema() -> Schema:
    """The schema of a spec, for every provider together."""
    return {
        "$schema": DRAFT,
        "title": "bonusctl spec",
        "description": "Which bonuses a campaign's workers should have received.",
        "type": "object",
        "required": ["version", "campaign", "provider", "bonuses"],
        "additionalProperties": False,
        "properties": {
            "version": {"enum": [1, "1"], "description": "The version of the format."},
            "campaign": _name(
                "The campaign's name. Part of every bonus's identity: to rename it, say `formerly`. Several files may "
                "share one."
            ),
            "provider": _name("Which provider of the config pays."),
            "budget": _nullable(_amount("All that this campaign may ever pay, in the provider's currency; inclusive.")),
            "formerly": _nullable(_name("The campaign's earlier name: what was issued under it counts for this one.")),
            "allow": _allow(),
            "defaults": {
                "description": "Any field of a bonus: holds for all bonuses of this file that do not say otherwise.",
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": _bonus_fields(),
            },
            "bonuses": {
                "description": "One entry for each bonus, or `from:` a data file with one bonus a row.",
                "type": ["array", "null"],
                "items": {"oneOf": [_bonus(), _from_entry()]},
            },
        },
    }


def config_schema() -> Schema:
    """The schema of `bonusctl.yaml`."""
    limits = _limits()
    currencies = sorted({tariff.currency for rules in RULES.values() for tariff in rules.tariffs.values()})
    return {
        "$schema": DRAFT,
        "title": "bonusctl config",
        "description": "Where specs and state are, who pays, and which limits hold. It never holds a token or key.",
        "type": "object",
        "required": ["version", "providers"],
        "additionalProperties": False,
        "properties": {
            "version": {"enum": [1, "1"], "description": "The version of the format."},
            "project": _nullable(
                _name("Part of every bonus's identity: for two teams on one account. Never change it once paid.")
            ),
            "specs": {
                "description": "File, folder or list of them, from the config's folder. Default: specs/",
                "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            },
            "state": {
                "description": "The state's file, from the config's folder. Default: state/bonusctl.db",
                "type": "string",
                "not": {"pattern": "^[A-Za-z][A-Za-z0-9+.-]*://|^~"},
            },
            "providers": {
                "description": "Who pays, by the name that specs use.",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"oneOf": [_provider(rules) for rules in RULES.values()]},
            },
            "policies": {
                "description": "A plan that breaks one is refused, by plan and by apply. Bare numbers mean the one "
                "currency of the config; with two, write them by currency.",
                "oneOf": [
                    limits,
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "minProperties": 1,
                        "properties": dict.fromkeys(currencies, limits),
                    },
                ],
            },
        },
    }


# --- bonuses -------------------------------------------------------------------------------------------------------


def _bonus() -> Schema:
    needed = (
        f"{', '.join(sorted(field.name for field in rules.fields if field.required))} at {rules.title}"
        for rules in RULES.values()
    )
    # What is required may come from `defaults`, except for who gets it.
    recipients = [{"required": [rules.field(FieldKind.RECIPIENT).name]} for rules in RULES.values()]
    return {
        "title": "A bonus",
        "description": f"Needs, here or in `defaults`: {'; '.join(needed)}.",
        "type": "object",
        "additionalProperties": False,
        "anyOf": recipients,
        "properties": _bonus_fields(),
    }


def _from_entry() -> Schema:
    return {
        "title": "A data file",
        "type": "object",
        "additionalProperties": False,
        "required": ["from"],
        "properties": {
            "from": {
                "description": "CSV, TSV or JSONL, relative to this spec and below its folder; one bonus a row.",
                "type": "string",
                "pattern": r"^(?!/|~|[A-Za-z][A-Za-z0-9+.-]*://)(?!(.*/)?\.\.(/|$)).*\.([cC][sS][vV]|[tT][sS][vV]|[jJ][sS][oO][nN][lL]|[nN][dD][jJ][sS][oO][nN])$",
            },
            "fields": {
                "description": "Field: column. A column named like a field needs no entry, except for key and the "
                "assignment, which are part of a bonus's identity.",
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {name: _column(name) for name in (*_all_fields(), "key")},
            },
            **_bonus_fields(),
        },
    }


def _column(name: str) -> Schema:
    field = _all_fields().get(name)
    column: Schema = {"type": ["string", "number", "null"], "description": f"The column that gives {name}."}
    if field is None or field.kind is not FieldKind.TEXT_BY_LANGUAGE:
        return column
    by_language = {
        "type": "object",
        "propertyNames": {"pattern": _LANGUAGE},
        "additionalProperties": {"type": "string"},
    }
    return {"description": column["description"], "oneOf": [column, by_language]}


def _bonus_fields() -> dict[str, Schema]:
    return {
        **{field.name: _nullable(_field(field)) for field in _all_fields().values()},
        "key": _nullable(_name("Tells bonuses of one recipient (and assignment) apart. Part of the bonus's identity.")),
        "vars": {
            "description": "Values for `{name}` in texts.",
            "type": ["object", "null"],
            "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        },
        "formerly": {
            "description": "The identity under which it may have been issued before: what differs; ~ means none.",
            "type": ["object", "null"],
            "additionalProperties": False,
            "minProperties": 1,
            "properties": {
                "campaign": _name("The campaign it was in."),
                "key": _nullable(_name("The key it had.")),
                "assignment_id": _nullable(_name("The assignment it had.")),
            },
        },
        "allow": _allow(),
    }


def _all_fields() -> dict[str, Field]:
    """Every provider's fields; where two share a name, the first one's form, which is the wider."""
    fields: dict[str, Field] = {}
    for rules in RULES.values():
        for field in rules.fields:
            fields.setdefault(field.name, field)
    return fields


def _field(field: Field) -> Schema:
    match field.kind:
        case FieldKind.RECIPIENT | FieldKind.ASSIGNMENT:
            form = {"pattern": field.pattern} if field.pattern else {}
            return {**_name(field.description, field.length_max), **form}
        case FieldKind.AMOUNT:
            return _amount(field.description)
        case FieldKind.FLAG:
            return {"enum": [True, False, "true", "false"], "description": field.description}
        case FieldKind.TEXT:
            return _text(field)
        case FieldKind.TEXT_BY_LANGUAGE:
            by_language = {
                "type": "object",
                "propertyNames": {"pattern": _LANGUAGE},
                "additionalProperties": _nullable(_text(field)),
            }
            return {"description": field.description, "oneOf": [_text(field), by_language]}


# --- the config ----------------------------------------------------------------------------------------------------


def _provider(rules: ProviderRules) -> Schema:
    needing = sorted(rules.account_required)
    naming: list[Schema] = [{"required": [key]} for key in ("account", "act_under") if key in rules.keys]
    options = {**_who(rules), **_how(), **_pace(rules)}
    return {
        "title": rules.title,
        "type": "object",
        "required": ["type", "environment"],
        "additionalProperties": False,
        "if": {"properties": {"environment": {"enum": needing}}, "required": ["environment"]},
        "then": {"anyOf": naming},
        "properties": {
            "type": {"const": rules.type},
            "environment": {
                "enum": list(rules.tariffs),
                "description": "emulator: embedded, no account needed. The others pay where they say.",
            },
            **{key: options[key] for key in rules.keys},
        },
    }


def _who(rules: ProviderRules) -> dict[str, Schema]:
    """Whose money is paid, and how that is proved."""
    needing = ", ".join(sorted(rules.account_required))
    account = _name(f"The account this config means, checked at every contact; needed for {needing}.")
    if rules.account_pattern:
        account["pattern"] = rules.account_pattern
    return {
        "account": account,
        "act_under": {
            "type": ["string", "number"],
            "pattern": "^[0-9A-Za-z][0-9A-Za-z-]{0,63}$",
            "description": "The account to act for, which shared its access with the token's: its money is paid.",
        },
        "endpoint": {
            "type": "string",
            "pattern": "^https?://[^/?#@]+/?$",
            "description": "Instead of the environment's own address. Off this machine only https, and only if "
            "the runner sets BONUSCTL_ALLOW_ENDPOINT to it.",
        },
        "token_env": {
            "type": "string",
            "pattern": "^(TOLOKA|BONUSCTL)_[A-Z0-9_]+$",
            "description": "The environment variable with the token. Default: TOLOKA_TOKEN",
        },
        "token_file": {"type": "string", "description": "A file of mode 0600 with the token."},
        "token_command": {
            "type": "array",
            "minItems": 1,
            "items": {"type": ["string", "number"]},
            "description": "A program and its arguments that print the token; no shell reads them.",
        },
        "profile": {
            "type": "string",
            "description": "A profile of AWS's own credential chain. Default: the chain's own default",
        },
    }


def _how() -> dict[str, Schema]:
    """What is sent, and what is looked at."""
    return {
        "mode": {
            "enum": ["async", "sync"],
            "description": "How requests are made. async (default): a repetition is refused by Toloka itself.",
        },
        "batch_size": _integer("Payments a request: up to 1000, with mode sync up to 100. Default: 1", 1, 1_000),
        "skip_invalid_items": {"type": "boolean", "description": "true (default): pay the valid, report the rest."},
        "reason_marker": {
            "type": "boolean",
            "description": "true: a short reference at the end of each reason, by which a payment is known again for "
            "certain; the worker sees it. Default: false",
        },
        "since": {"type": "string", "description": "Where the first scan of the provider's payments begins."},
        "proxy_from_environment": {
            "type": "boolean",
            "description": "Whether proxies of the environment are used.",
        },
        "check_assignments": {
            "type": "boolean",
            "description": "true: each assignment is read before its bonus is paid. Default: false",
        },
    }


def _pace(rules: ProviderRules) -> dict[str, Schema]:
    """How requests go out, how long is waited for what they do, and what they cost."""
    fee = f" Default: {rules.fee_percent}" if rules.fee_percent is not None else ""
    return {
        "fee_percent": _amount(f"The provider's fee on top of each bonus, in percent.{fee}"),
        "concurrency": _integer("Requests in flight. Default: 4", 1, 64),
        "timeout": _integer("Seconds for one request. Default: 30", 1, 600),
        "operation_timeout": _integer("Seconds that apply waits for an operation. Default: 600", 1, 86_400),
        "settle_window": _integer(
            "Seconds after a send before absence at the provider may count as not paid. Default: 900", 0, 604_800
        ),
        "daily_request_limit": _integer("Bonus requests a day. Default: 10000", 1, 1_000_000),
        "requests_per_second": _integer(
            f"Requests of any kind a second. Default: {max(rules.paces.values(), default='as many as can')}"
            f"{'; on the emulator as many as can' if rules.paces else ''}",
            1,
            270,
        ),
    }


def _limits() -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "max_bonus": _amount("One bonus, its whole desired amount."),
            "max_per_recipient": _amount("One recipient in one campaign, issued and planned together."),
            "max_plan_total": _amount("What one plan may pay."),
            "max_plan_bonuses": _integer("How many bonuses one plan may pay.", 0, 100_000_000),
            "require_assignment": {"type": "boolean", "description": "Refuse bonuses without an assignment."},
            "allow_top_up": {
                "type": "boolean",
                "description": "A higher amount for a bonus already issued pays the difference; else it is a conflict.",
            },
            "max_per_recipient_30d": _amount("One recipient on one account in 30 days, over all campaigns."),
            "max_per_day": _amount("All payments of one account in 24 hours."),
            "windows": _rail("What max_per_recipient_30d and max_per_day do. Default: refuse"),
            "outliers": _rail("Ten times the campaign's median, or a slipped decimal point. Default: warn"),
            "near_duplicates": _rail("Recipients that differ by one character, by case or by 0 and O. Default: off"),
            "repeat_days": _integer("How long the same payment under another key is held for a repetition.", 1, 3_660),
            "repeats": _rail("What repeat_days does. Default: refuse"),
        },
    }


# --- shared --------------------------------------------------------------------------------------------------------


def _name(description: str, length_max: int = NAME_LENGTH_MAX) -> Schema:
    return {
        "description": description,
        "type": ["string", "number", "boolean"],
        "pattern": _NAME_TEXT,
        "maxLength": length_max,
    }


def _amount(description: str) -> Schema:
    return {"description": description, "type": ["number", "string"], "pattern": _AMOUNT_TEXT, "minimum": 0}


def _text(field: Field) -> Schema:
    return {
        "description": field.description,
        "type": ["string", "number", "boolean"],
        "maxLength": field.length_max,
        "not": {"type": "string", "pattern": r"\[\s*[bB][oO][nN][uU][sS][cC][tT][lL]\s*:"},
    }


def _integer(description: str, least: int, most: int) -> Schema:
    return {"description": description, "type": "integer", "minimum": least, "maximum": most}


def _rail(description: str) -> Schema:
    # YAML 1.1 reads a bare `off` as false; the config's own reader takes the text that stands there.
    return {"description": description, "enum": ["warn", "refuse", "off", False]}


def _allow() -> Schema:
    return {
        "description": "Exceptions that are meant. repeat: pay although it looks like a bonus that was paid before. "
        "outlier: the amount is right although others are far from it. near-duplicate: the recipient is right although "
        "another is spelled almost the same. window: not counted by max_per_recipient_30d and max_per_day.",
        "type": ["array", "null"],
        "items": {"enum": list(ALLOWANCES)},
    }


def _nullable(schema: Schema) -> Schema:
    """The same, or nothing: a field may be left empty or be `~`."""
    types = schema.get("type")
    if isinstance(types, list):
        return {**schema, "type": [*types, "null"]}
    return {"description": schema["description"], "oneOf": [{"type": "null"}, schema]}
