"""The JSON Schema accepts what the reader accepts, and marks what an editor can see."""

import re

import pytest
import yaml
from jsonschema import Draft7Validator

from reconcile.providers.rules import MTURK, TOLOKA
from reconcile.spec.schema import config_schema, spec_schema
from tests.spec.conftest import HEAD, Project
from tests.spec.test_bonuses import EXAMPLE

SPEC = Draft7Validator(spec_schema())
CONFIG = Draft7Validator(config_schema())
CONFIG_HEAD = "version: 1\nproviders:\n  toloka: {type: toloka, environment: "


def mistakes(validator: Draft7Validator, text: str) -> list[str]:
    """What an editor would mark: it reads numbers as numbers."""
    return [error.message for error in validator.iter_errors(yaml.safe_load(text))]


def test_schemas_are_draft_7() -> None:
    """Both are themselves valid, and say which draft they are of."""
    for schema in (spec_schema(), config_schema()):
        Draft7Validator.check_schema(schema)
        assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_every_field_is_described() -> None:
    """Editors show a description for every field of every provider."""
    properties = spec_schema()["properties"]
    assert isinstance(properties, dict)
    defaults = properties["defaults"]["properties"]
    assert set(defaults) == {field.name for rules in (TOLOKA, MTURK) for field in rules.fields} | {
        "key",
        "vars",
        "formerly",
        "allow",
    }
    assert all(field["description"] for field in (*properties.values(), *defaults.values()))


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE,
        f"{HEAD}bonuses: []\n",
        f"{HEAD}bonuses:\n",
        f"{HEAD}allow: [repeat]\nformerly: old\nbudget: '5.00'\nbonuses: [{{user_id: 00012, amount: 1}}]\n",
        f"{HEAD}bonuses: [{{user_id: w, amount: '1.50', key: ~, public_title: Thanks, without_message: false}}]\n",
        f"{HEAD}bonuses: [{{user_id: w, formerly: {{campaign: c, key: ~}}, allow: [repeat], vars: {{n: 1, m: x}}}}]\n",
        f"{HEAD}bonuses: [{{from: a/b.tsv, fields: {{user_id: w, public_title: {{EN: en}}, key: ~}}, amount: 1}}]\n",
    ],
)
def test_good_specs(text: str) -> None:
    """No mark where the reader has nothing to say."""
    assert mistakes(SPEC, text) == []


@pytest.mark.parametrize(
    "entry",
    [
        "{amount: 1.00}",
        "{user_id: w, ammount: 1.00}",
        "{user_id: w, amount: -1}",
        "{user_id: w, amount: '1,5'}",
        "{user_id: w, amount: '1e2'}",
        "{user_id: w, amount: [1]}",
        "{user_id: a/b, amount: 1}",
        "{user_id: ' w', amount: 1}",
        "{user_id: w, amount: 1, private_comment: '[bonusctl:x]'}",
        "{user_id: w, amount: 1, public_title: {en: x}}",
        "{user_id: w, amount: 1, without_message: maybe}",
        "{user_id: w, amount: 1, allow: [everything]}",
        "{user_id: w, amount: 1, formerly: {}}",
        "{user_id: w, amount: 1, fields: {}}",
        "{from: ../a.csv}",
        "{from: /a.csv}",
        "{from: a.xlsx}",
        "{from: 'https://x/a.csv'}",
        "{from: a.csv, fields: {user: w}}",
        "w",
    ],
)
def test_broken_bonuses(entry: str, project: Project) -> None:
    """What the editor marks, the reader refuses as well."""
    text = f"{HEAD}bonuses:\n  - {entry}\n"
    assert mistakes(SPEC, text)
    project.write("w.yaml", text)
    project.read()
    assert project.diagnostics.errors


@pytest.mark.parametrize(
    "text",
    [
        "campaign: c\nprovider: p\nbonuses: []\n",
        f"{HEAD}\n",
        f"{HEAD}bonuses: []\nbuget: 1\n",
        HEAD.replace("version: 1", "version: 2") + "bonuses: []\n",
        f"{HEAD}bonuses: {{}}\n",
        f"{HEAD}formerly: {{campaign: c}}\nbonuses: []\n",
    ],
)
def test_broken_heads(text: str) -> None:
    """Missing, unknown and misshapen keys at the head."""
    assert mistakes(SPEC, text)


@pytest.mark.parametrize(
    "text",
    [
        f"{CONFIG_HEAD}emulator}}\n",
        f"{CONFIG_HEAD}emulator, mode: sync, batch_size: 100}}\n",
        f"{CONFIG_HEAD}production, account: a1, fee_percent: 20, since: '2026-01-01', concurrency: 8}}\n",
        f"{CONFIG_HEAD}sandbox, token_env: TOLOKA_TOKEN, endpoint: 'http://127.0.0.1:8765'}}\nproject: vision\n",
        f"{CONFIG_HEAD}emulator}}\npolicies: {{max_bonus: 5.00, max_plan_bonuses: 5, allow_top_up: true}}\nspecs: [a, b]\n",
        f"{CONFIG_HEAD}emulator}}\npolicies: {{outliers: off, near_duplicates: warn, repeat_days: 14, repeats: 'off'}}\n",
        f"{CONFIG_HEAD}emulator}}\npolicies: {{max_per_day: 5.00, max_per_recipient_30d: 5, windows: refuse}}\n",
        f"{CONFIG_HEAD}emulator}}\npolicies: {{USD: {{max_bonus: 5.00}}, RUB: {{max_bonus: 5}}}}\nstate: state/x.db\n",
    ],
)
def test_good_configs(text: str) -> None:
    """No mark on a config that loads."""
    assert mistakes(CONFIG, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\n",
        f"{CONFIG_HEAD}production}}\n",
        f"{CONFIG_HEAD}elsewhere}}\n",
        f"{CONFIG_HEAD}emulator, token: x}}\n",
        f"{CONFIG_HEAD}emulator, token_env: GITHUB_TOKEN}}\n",
        f"{CONFIG_HEAD}emulator, endpoint: 'http://a@b'}}\n",
        f"{CONFIG_HEAD}emulator, batch_size: 1001}}\n",
        f"{CONFIG_HEAD}emulator, mode: single}}\n",
        f"{CONFIG_HEAD}emulator, concurrency: 0}}\n",
        f"{CONFIG_HEAD}emulator}}\npolicies: {{max_bonuses: 1}}\n",
        f"{CONFIG_HEAD}emulator}}\npolicies: {{outliers: loud}}\n",
        f"{CONFIG_HEAD}emulator}}\npolicies: {{repeat_days: 0}}\n",
        f"{CONFIG_HEAD}emulator}}\npolicies: {{EUR: {{max_bonus: 1}}}}\n",
        f"{CONFIG_HEAD}emulator}}\nstate: postgresql://x/y\n",
    ],
)
def test_broken_configs(text: str) -> None:
    """What an editor can see of a config's mistakes."""
    assert mistakes(CONFIG, text)


def test_patterns_are_those_of_every_editor() -> None:
    """Patterns use what JavaScript and Python read alike."""
    assert re.fullmatch(r"[\x20-\x7e]*", str(spec_schema()["properties"]).replace("…", "").replace("’", ""))
