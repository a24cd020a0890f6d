"""The real command against a real emulator, signed by AWS's own credential chain."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.emulator.mturk_client import Mturk
from tests.support.commandline import CommandLine
from tests.support.emulator import EmulatorProcess

ACCOUNT = "300000000001"
SECRET = "emulator-secret-key"
KEYS = {
    "AWS_ACCESS_KEY_ID": f"AKIDEMULATOR{ACCOUNT}",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    # Nobody asks this machine's cloud for a role.
    "AWS_EC2_METADATA_DISABLED": "true",
}
CONFIG = """\
version: 1
providers:
  mturk:
    type: mturk
    environment: {environment}
{more}"""
SPEC = """\
version: 1
campaign: labels
provider: mturk
defaults: {reason: "Thank you!"}
bonuses:
  - {worker_id: A1, assignment_id: 3A, amount: 1.00}
  - {worker_id: A1, assignment_id: 3A, amount: 0.05, key: award}
  - {worker_id: A2, assignment_id: 3B, amount: 0.50}
"""


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[EmulatorProcess]:
    with EmulatorProcess(tmp_path / "remote.db") as process:
        yield process


def project(folder: Path, endpoint: str, *, environment: str = "sandbox", **keys: object) -> CommandLine:
    given = {**({"endpoint": endpoint} if endpoint else {}), **keys}
    more = "".join(f"    {name}: {value}\n" for name, value in given.items())
    line = CommandLine(folder / "project", CONFIG.format(environment=environment, more=more), KEYS)
    line.spec("labels", SPEC)
    return line


def paid(emulator: EmulatorProcess) -> list[tuple[str, str, str]]:
    """(account, worker, amount) of every bonus."""
    return sorted((row["account"], row["worker_id"], row["amount"]) for row in emulator.mturk_payments())


def by_hand(emulator: EmulatorProcess, amount: str, reason: str) -> None:
    """A payment beside bonusctl, by boto3's own client on the same account."""
    with closing(Mturk(emulator, account=ACCOUNT)) as client:
        client.send(
            WorkerId="A1", AssignmentId="3A", BonusAmount=amount, Reason=reason, UniqueRequestToken=f"hand {amount}"
        )


def test_a_campaign_is_paid_on_the_account_behind_the_keys(tmp_path: Path, emulator: EmulatorProcess) -> None:
    """doctor, plan, apply, and then nothing to do; no key of the account is shown anywhere."""
    line = project(tmp_path, emulator.endpoint, account=f'"{ACCOUNT}"')
    doctor = line.expect(0, "doctor")
    assert "mturk token: present, AWS's keys from env" in doctor.out
    assert f"mturk account: {ACCOUNT}" in doctor.out
    assert "mturk balance: 10000.00 USD" in doctor.out
    plan = line.expect(0, "plan")
    assert "Pays 1.55 USD + 0.31 USD fees = 1.86 USD." in plan.out
    apply = line.expect(0, "apply", "--auto-approve")
    line.expect(0, "plan", "--detailed-exitcode")
    line.expect(0, "state", "verify")
    assert paid(emulator) == [(ACCOUNT, "A1", "0.05"), (ACCOUNT, "A1", "1.00"), (ACCOUNT, "A2", "0.50")]
    assert all(SECRET not in one.out + one.err for one in (doctor, plan, apply))


@pytest.mark.parametrize("fault", ["cut_after", "reset", "error_after", "truncate"])
def test_lost_answers_on_a_real_connection_pay_once(tmp_path: Path, emulator: EmulatorProcess, fault: str) -> None:
    line = project(tmp_path, emulator.endpoint)
    emulator.faults([{"name": fault, "on": "send_bonus", "nth": [1, 2, 4]}])
    line.expect(0, "apply", "--auto-approve")
    assert [amount for _, _, amount in paid(emulator)] == ["0.05", "1.00", "0.50"]


def test_another_accounts_keys_are_refused(tmp_path: Path, emulator: EmulatorProcess) -> None:
    line = project(tmp_path, emulator.endpoint, account='"300000000002"')
    ended = line.expect(1, "apply", "--auto-approve", "--format", "json")
    assert ended.json()["reason"] == "account_mismatch"
    assert paid(emulator) == []


def test_a_wrong_secret_key_ends_the_run_and_is_not_shown(tmp_path: Path, emulator: EmulatorProcess) -> None:
    line = project(tmp_path, emulator.endpoint)
    line.environ["AWS_SECRET_ACCESS_KEY"] = "canary-9f1c2e7b-not-the-key"
    ended = line.expect(1, "apply", "--auto-approve")
    assert "the provider refused access" in ended.err
    assert "canary" not in ended.out + ended.err
    assert paid(emulator) == []


def test_no_credentials_are_said_with_what_to_do(tmp_path: Path, emulator: EmulatorProcess) -> None:
    line = project(tmp_path, emulator.endpoint)
    del line.environ["AWS_ACCESS_KEY_ID"]
    ended = line.expect(1, "apply", "--auto-approve", "--format", "json")
    assert ended.json()["reason"] == "no_token"


def test_a_profile_that_is_not_there_is_named(tmp_path: Path, emulator: EmulatorProcess) -> None:
    ended = project(tmp_path, emulator.endpoint, profile="crowd").expect(1, "apply", "--auto-approve")
    assert "crowd" in ended.err
    assert "aws sso login" in ended.err


def test_without_boto3_only_what_pays_asks_for_it(tmp_path: Path, emulator: EmulatorProcess) -> None:
    """validate and plan need nothing of AWS; apply says how to install it."""
    line = project(tmp_path, emulator.endpoint)
    for name in ("boto3", "botocore"):
        (tmp_path / "without" / name).mkdir(parents=True)
        (tmp_path / "without" / name / "__init__.py").write_text('raise ImportError("not installed")\n')
    line.environ["PYTHONPATH"] = str(tmp_path / "without")
    line.expect(0, "validate")
    line.expect(0, "plan")
    ended = line.expect(1, "apply", "--auto-approve")
    assert "MTurk needs boto3, which is not installed" in ended.err
    assert "pip install 'bonusctl[mturk]'" in ended.err


# --- an environment that has shut --------------------------------------------------------------------------------------


def test_production_is_warned_of_by_plan_and_refused_by_apply(tmp_path: Path) -> None:
    """Before anything is asked of anybody."""
    line = project(tmp_path, "", environment="production", account=f'"{ACCOUNT}"')
    assert "MTurk closed on 2026-09-30" in line.expect(0, "plan").out
    ended = line.expect(1, "apply", "--auto-approve", "--format", "json")
    assert ended.json()["reason"] == "closed_provider"
    assert "--allow-closed-provider" in line.expect(1, "apply", "--auto-approve").err


def test_a_compatible_endpoint_in_production_pays(tmp_path: Path, emulator: EmulatorProcess) -> None:
    line = project(tmp_path, emulator.endpoint, environment="production", account=f'"{ACCOUNT}"')
    line.expect(0, "apply", "--auto-approve")
    assert len(paid(emulator)) == 3


# --- payments that this state does not know ----------------------------------------------------------------------------


def test_a_payment_by_hand_is_taken_over_by_import(tmp_path: Path, emulator: EmulatorProcess) -> None:
    """Matched by worker, assignment and amount; what is left is paid."""
    line = project(tmp_path, emulator.endpoint)
    by_hand(emulator, "1.00", "paid by hand")
    line.expect(3, "apply", "--auto-approve")
    assert paid(emulator) == [(ACCOUNT, "A1", "1.00"), (ACCOUNT, "A2", "0.50")]
    line.expect(0, "import", "--from-provider", "--since", "2020-01-01", "--auto-approve")
    line.expect(0, "apply", "--auto-approve")
    assert paid(emulator) == [(ACCOUNT, "A1", "0.05"), (ACCOUNT, "A1", "1.00"), (ACCOUNT, "A2", "0.50")]


def test_what_is_held_back_for_a_payment_by_hand_is_not_called_sent(tmp_path: Path, emulator: EmulatorProcess) -> None:
    """`apply` says why nothing was sent and who decides, and `status` counts it."""
    line = project(tmp_path, emulator.endpoint)
    by_hand(emulator, "0.90", "paid by hand")
    ended = line.expect(3, "apply", "--auto-approve")
    assert "2 in doubt: not sent, since a payment that this state does not know may be this bonus" in ended.out
    assert "whether it was paid is not known yet" not in ended.out
    assert "Run `bonusctl apply` again later" not in ended.out
    assert "`bonusctl state resolve ADDRESS --issued` or `--not-issued`" in ended.out
    status = line.expect(0, "status")
    assert "2 of what is to issue the last apply held back" in status.out
    assert line.expect(0, "status", "--format", "json").json()["held"] == 2
    rows = line.expect(0, "state", "list", "--format", "json").json()["bonuses"]
    assert [row["status"] for row in rows if row["recipient"] == "A1"] == ["planned", "planned"]
    assert "Warning: The last apply held 2 of these back" in line.expect(0, "plan").err


def test_a_plan_after_a_refresh_names_what_an_apply_would_hold_back(tmp_path: Path, emulator: EmulatorProcess) -> None:
    """It reads the lists of what is to be paid as an apply does, and pays nothing."""
    line = project(tmp_path, emulator.endpoint)
    by_hand(emulator, "0.90", "paid by hand")
    plan = line.expect(0, "plan", "--refresh")
    assert "Warning: apply would not pay labels/A1/3A now\n  The provider shows 0.90 USD of " in plan.out
    assert "Warning: apply would not pay labels/A1/3A#award now" in plan.out
    assert "A2" not in plan.out.partition("Warning")[2]
    assert "The last apply" not in plan.err
    found = line.expect(0, "plan", "--refresh", "--format", "json").json()["diagnostics"]
    assert [one["summary"] for one in found] == [
        "apply would not pay labels/A1/3A now",
        "apply would not pay labels/A1/3A#award now",
    ]
    masked = line.expect(0, "plan", "--refresh", "--mask-recipients", "--format", "markdown")
    assert "apply would not pay" in masked.out
    assert "A1" not in masked.out + masked.err
    assert paid(emulator) == [(ACCOUNT, "A1", "0.90")]


def test_a_plan_after_a_refresh_that_read_nothing_says_so(tmp_path: Path, emulator: EmulatorProcess) -> None:
    line = project(tmp_path, emulator.endpoint)
    emulator.faults([{"name": "error_before", "on": "list_bonus_payments"}])
    assert re.search(
        "Warning: mturk: the payments of assignment 3[AB] could not be read", line.expect(0, "plan", "--refresh").err
    )


def test_where_all_is_held_back_nothing_is_said_to_be_paid(tmp_path: Path, emulator: EmulatorProcess) -> None:
    line = project(tmp_path, emulator.endpoint)
    by_hand(emulator, "0.90", "paid by hand")
    ended = line.expect(3, "apply", "--auto-approve", "--target", "labels/A1/3A")
    assert "paying" not in ended.err
    assert "1 in doubt: not sent" in ended.out
    assert paid(emulator) == [(ACCOUNT, "A1", "0.90")]


def test_a_person_says_that_a_payment_is_a_bonus(tmp_path: Path, emulator: EmulatorProcess) -> None:
    """Recorded with the provider's amount, which is not the one that was asked for: a conflict, and no second payment."""
    line = project(tmp_path, emulator.endpoint)
    by_hand(emulator, "0.90", "paid by hand")
    line.expect(3, "apply", "--auto-approve")
    line.expect(0, "state", "resolve", "labels/A1/3A", "--issued", "--reason", "seen", "--auto-approve")
    (row,) = [
        one
        for one in line.expect(0, "state", "list", "--format", "json").json()["bonuses"]
        if one["address"] == "labels/A1/3A"
    ]
    assert (row["issued_amount"], row["status"]) == ("0.90", "issued")
    line.expect(3, "apply", "--auto-approve")
    assert paid(emulator) == [(ACCOUNT, "A1", "0.05"), (ACCOUNT, "A1", "0.90"), (ACCOUNT, "A2", "0.50")]


def test_a_person_says_that_a_payment_is_no_bonus(tmp_path: Path, emulator: EmulatorProcess) -> None:
    """From then on it counts for nobody, and everything is paid; who said it and why stands in the history."""
    line = project(tmp_path, emulator.endpoint)
    by_hand(emulator, "1.00", "for a broken link")
    line.expect(3, "apply", "--auto-approve")
    both = ("labels/A1/3A", "labels/A1/3A#award")
    line.expect(0, "state", "resolve", *both, "--not-issued", "--reason", "a refund", "--auto-approve")
    ended = line.expect(0, "apply", "--auto-approve")
    assert "1 known as nobody's bonus." in ended.out
    assert "held" not in line.expect(0, "plan").err
    assert "of ours" not in ended.out
    assert "1 payment is known as nobody's bonus, as a person said: `bonusctl history`." in line.expect(0, "status").out
    assert [amount for _, _, amount in paid(emulator)] == ["0.05", "1.00", "1.00", "0.50"]
    line.expect(0, "apply", "--auto-approve")
    line.expect(0, "state", "verify")
    assert "state resolve 'labels/A1/3A' 'labels/A1/3A#award' --not-issued: a refund" in line.expect(0, "history").out


def test_where_nobody_waits_there_is_nothing_to_resolve(tmp_path: Path, emulator: EmulatorProcess) -> None:
    line = project(tmp_path, emulator.endpoint)
    ended = line.expect(1, "state", "resolve", "labels/A1/3A", "--issued", "--reason", "seen", "--auto-approve")
    assert "waits for nobody's decision" in ended.err
