"""`doctor --probe` against the emulator, under both readings of `operation_id`."""

import json
from pathlib import Path

import pytest

from tests.support.cli import bonusctl
from tests.support.emulator import EmulatorProcess

CONFIG = "version: 1\nproviders:\n  toloka: {{type: toloka, environment: emulator, endpoint: '{}'}}\n"
PROBE = ("doctor", "--probe", "--probe-user", "w1")


@pytest.mark.parametrize(
    ("used", "reading", "cost", "count"), [(True, "used", "0.005", 1), (False, "ignored", "0.01", 2)]
)
def test_a_probe_tells_the_reading_and_what_it_paid(
    tmp_path: Path, used: bool, reading: str, cost: str, count: int
) -> None:
    with EmulatorProcess(tmp_path / "remote.db", {"sync-ids-used": used}) as emulator:
        (tmp_path / "bonusctl.yaml").write_text(CONFIG.format(emulator.endpoint))
        ended = bonusctl(tmp_path, *PROBE, "--auto-approve", "--format", "json")
        assert ended.code == 0, ended.err
        told = json.loads(ended.out)
        assert (told["reading"], told["cost"]) == (reading, cost)
        assert len(emulator.payments()) == count


def test_a_probe_asks_first_and_needs_a_worker(tmp_path: Path) -> None:
    (tmp_path / "bonusctl.yaml").write_text("version: 1\nproviders:\n  toloka: {type: toloka, environment: emulator}\n")
    assert bonusctl(tmp_path, *PROBE).code == 1
    assert "--probe-user" in bonusctl(tmp_path, "doctor", "--probe").err


def test_a_probe_of_real_money_is_refused(tmp_path: Path) -> None:
    config = "version: 1\nproviders:\n  toloka: {type: toloka, environment: production, account: a1}\n"
    (tmp_path / "bonusctl.yaml").write_text(config)
    ended = bonusctl(tmp_path, *PROBE, "--auto-approve", environ={"TOLOKA_TOKEN": "canary"})
    assert ended.code == 1
    assert "canary" not in ended.out + ended.err
