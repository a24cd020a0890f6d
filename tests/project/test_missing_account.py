"""A config that does not say yet whose money it pays: the doctor asks the provider, and nothing else goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commandline import CommandLine
from tests.support.emulator import EmulatorProcess

TOKEN = "AQAAAAAb-a-token"
ACCOUNT_MISSING = "`account` of provider `pay` is missing"
TOLOKA = "version: 1\ncampaign: c\nprovider: pay\nbonuses:\n  - {user_id: w1, amount: 20.00}\n  - {user_id: w2, amount: 30.00}\n"
MTURK = "version: 1\ncampaign: c\nprovider: pay\nbonuses:\n  - {worker_id: A1, assignment_id: 3A, amount: 1.00, reason: Good}\n"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[EmulatorProcess]:
    with EmulatorProcess(tmp_path / "remote.db") as process:
        yield process


def project(folder: Path, emulator: EmulatorProcess, *, kind: str, environment: str) -> CommandLine:
    config = (
        f"version: 1\nproviders:\n  pay:\n    type: {kind}\n    environment: {environment}\n"
        f"    endpoint: {emulator.endpoint}\n"
    )
    keys = {
        "AWS_ACCESS_KEY_ID": "AKIDEMULATOR300000000001",
        "AWS_SECRET_ACCESS_KEY": "emulator-secret-key",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    line = CommandLine(folder / "project", config, keys if kind == "mturk" else {"TOLOKA_TOKEN": TOKEN})
    line.spec("c", MTURK if kind == "mturk" else TOLOKA)
    return line


@pytest.mark.parametrize(
    ("kind", "environment"), [("toloka", "production"), ("toloka", "yandex"), ("mturk", "production")]
)
def test_the_doctor_shows_the_account_that_the_config_lacks(
    tmp_path: Path, emulator: EmulatorProcess, kind: str, environment: str
) -> None:
    """It fails for what is missing, goes on with everything else, and its line makes the config whole."""
    line = project(tmp_path, emulator, kind=kind, environment=environment)
    doctor = line.expect(1, "doctor")
    account = "300000000001" if kind == "mturk" else "e0000000000000000000000000000001"
    assert f"fail  config: bonusctl.yaml:3:3: {ACCOUNT_MISSING}\n        The account" in doctor.out
    assert "ok    specs: " in doctor.out
    assert f"ok    pay account: {account}" in doctor.out
    missing = f"\n        Say in the config whose money it is, below `pay:`\n        account: {account}\n"
    assert missing in doctor.out
    assert emulator.payments() == emulator.mturk_payments() == []
    config = line.folder / "bonusctl.yaml"
    config.write_text(f"{config.read_text()}    account: {account}\n")
    assert "fail" not in line.expect(0, "doctor").out


@pytest.mark.parametrize("command", [("plan",), ("validate",), ("apply", "--auto-approve"), ("refresh",), ("status",)])
def test_nothing_but_the_doctor_goes_on_without_the_account(
    tmp_path: Path, emulator: EmulatorProcess, command: tuple[str, ...]
) -> None:
    line = project(tmp_path, emulator, kind="toloka", environment="production")
    ended = line.expect(1, *command)
    assert ACCOUNT_MISSING in ended.out + ended.err
    assert emulator.payments() == []
    assert not (line.folder / "state").exists()


def test_the_doctor_asks_no_provider_where_the_config_has_another_error(
    tmp_path: Path, emulator: EmulatorProcess
) -> None:
    line = project(tmp_path, emulator, kind="toloka", environment="production")
    config = line.folder / "bonusctl.yaml"
    config.write_text(f"{config.read_text()}    batch_size: many\n")
    doctor = line.expect(1, "doctor")
    assert ACCOUNT_MISSING in doctor.out
    assert "pay account" not in doctor.out
