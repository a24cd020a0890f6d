"""Whose money it is: a token, a plan or a state of another account or environment is refused before a payment is sent."""

import re
from pathlib import Path

import pytest

from tests.support.cli import Ended, bonusctl, project, write_specs
from tests.support.emulator import EmulatorProcess

OURS = "566ec2b0ff0deeaae5f9d500629de162"
THEIRS = "0123456789abcdef0123456789abcdef"


def configure(folder: Path, environment: str, endpoint: str, account: str = "") -> None:
    more = f"    account: {account}\n" if account else ""
    (folder / "bonusctl.yaml").write_text(
        f"version: 1\nproviders:\n  toloka:\n    type: toloka\n    environment: {environment}\n"
        f"    endpoint: {endpoint}\n    fee_percent: 0\n    settle_window: 1\n{more}"
    )


def run(folder: Path, *arguments: str) -> Ended:
    return bonusctl(folder, *arguments, environ={"TOLOKA_TOKEN": "AQAD-token"})


def apply(folder: Path) -> Ended:
    return run(folder, "apply", "--auto-approve", "--wait", "0", "--format", "json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = project(tmp_path / "p")
    write_specs(made, "{user_id: w1, amount: 1.00}")
    return made


@pytest.mark.parametrize("environment", ["production", "yandex"])
def test_real_money_needs_the_account_in_the_config(folder: Path, environment: str) -> None:
    configure(folder, environment, "http://127.0.0.1:9")
    ended = apply(folder)
    assert ended.code == 1
    assert "account" in ended.err


def test_a_token_of_another_account_is_refused_at_the_first_contact(folder: Path) -> None:
    """As a production token in a sandbox's config would be: the account that answers is not the one that is meant."""
    options = {"run-ms": 0, "account": THEIRS}
    with EmulatorProcess(folder.parent / "remote.db", options) as emulator:
        configure(folder, "sandbox", emulator.endpoint, OURS)
        ended = apply(folder)
        assert (ended.code, ended.json()["reason"]) == (1, "account_mismatch")
        assert THEIRS in ended.err
        assert emulator.payments() == []


def test_a_state_bound_to_one_account_pays_from_no_other(folder: Path) -> None:
    """No account in the config: the first contact binds, and another account's token is refused from then on."""
    with EmulatorProcess(folder.parent / "ours.db", {"run-ms": 0, "account": OURS}) as emulator:
        configure(folder, "sandbox", emulator.endpoint)
        assert apply(folder).code == 0
    write_specs(folder, "{user_id: w1, amount: 1.00}", "{user_id: w2, amount: 1.00}")
    with EmulatorProcess(folder.parent / "theirs.db", {"run-ms": 0, "account": THEIRS}) as emulator:
        configure(folder, "sandbox", emulator.endpoint)
        ended = apply(folder)
        assert (ended.code, ended.json()["reason"]) == (1, "account_mismatch")
        assert emulator.payments() == []


def test_a_plan_of_the_sandbox_is_no_consent_for_production(folder: Path) -> None:
    """Neither the saved plan nor its digest, at the same address, for the same account."""
    with EmulatorProcess(folder.parent / "remote.db", {"run-ms": 0, "account": OURS}) as emulator:
        configure(folder, "sandbox", emulator.endpoint, OURS)
        assert run(folder, "plan", "--out", "sandbox.bonusplan").code == 0
        (digest,) = set(re.findall(r"sha256:[0-9a-f]{64}", run(folder, "plan", "--format", "json").out))
        configure(folder, "production", emulator.endpoint, OURS)
        for consent in (("apply", "sandbox.bonusplan"), ("apply", "--expect-digest", digest)):
            ended = run(folder, *consent)
            assert ended.code == 1, ended
        assert emulator.payments() == []


def test_the_sandboxs_state_is_another_ledger_than_productions(folder: Path) -> None:
    """What was issued in the sandbox is not taken for paid: production's plan shows it as missing."""
    with EmulatorProcess(folder.parent / "remote.db", {"run-ms": 0, "account": OURS}) as emulator:
        configure(folder, "sandbox", emulator.endpoint, OURS)
        assert apply(folder).code == 0
        assert run(folder, "plan", "--format", "json").json()["summary"]["issue"] == 0
        configure(folder, "production", emulator.endpoint, OURS)
        assert run(folder, "plan", "--format", "json").json()["summary"]["issue"] == 1
