"""One emulator for all tests that need no other: each test gets an account of its own on it."""

import os
from collections.abc import Iterator

import pytest

from tests.emulator.client import Toloka
from tests.emulator.mturk_client import Mturk
from tests.support.emulator import EmulatorProcess

USUAL = {"latency_ms": 0, "start_ms": 0, "run_ms": 0, "daily_limit": 10_000, "requests_per_second": 0}


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """An emulator whose operations are over at once."""
    options: dict[str, object] = {"start-ms": 0, "run-ms": 0, "first-id": 95}
    with EmulatorProcess(tmp_path_factory.mktemp("emulator") / "ledger.db", options) as process:
        yield process


@pytest.fixture
def toloka(emulator: EmulatorProcess) -> Iterator[Toloka]:
    """A fresh account. Faults and options go back to what they were."""
    client = Toloka(emulator)
    yield client
    client.http.close()
    emulator.faults([])
    emulator.set_options(**USUAL)


@pytest.fixture
def mturk(emulator: EmulatorProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mturk]:
    """boto3 as a fresh AWS account, with nothing of this machine's AWS configuration."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    client = Mturk(emulator)
    yield client
    client.close()
    emulator.faults([])
    emulator.set_options(**USUAL)
