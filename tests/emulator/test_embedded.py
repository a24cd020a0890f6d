"""The emulator as a child of bonusctl: it starts anywhere, hears no Ctrl-C, and dies with its parent."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from reconcile.emulator.embedded import start_embedded
from reconcile.emulator.options import Options
from reconcile.errors import ProviderError
from tests.emulator.client import bonus

FAST = Options(start_ms=0, run_ms=0)


def test_a_child_answers_and_is_gone_afterwards(tmp_path: Path) -> None:
    with start_embedded(tmp_path / "new" / "ledger.db", log=tmp_path / "log") as child:
        assert child.endpoint.startswith("http://127.0.0.1:")
        assert httpx.get(f"{child.endpoint}/api/v1/requester").json()["balance"] == 100000
    assert child.process.returncode == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{child.endpoint}/api/v1/requester")


def test_its_ledger_lasts(tmp_path: Path) -> None:
    for expected in ([], ["w"]):
        with start_embedded(tmp_path / "ledger.db", options=FAST) as child:
            paid = httpx.get(f"{child.endpoint}/api/v1/user-bonuses").json()["items"]
            assert [item["user_id"] for item in paid] == expected
            assert httpx.post(f"{child.endpoint}/api/v1/user-bonuses", json=bonus("w")).status_code == 201


def test_options_reach_the_child(tmp_path: Path) -> None:
    with start_embedded(tmp_path / "ledger.db", options=replace(FAST, yandex=True)) as child:
        assert httpx.get(f"{child.endpoint}/emulator/ledger").json()["currency"] == "RUB"


def test_modules_in_the_working_folder_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json.py", "sqlite3.py", "sitecustomize.py", "usercustomize.py", "asyncio.py", "reconcile.py"):
        (tmp_path / name).write_text("raise SystemExit('a module of the working folder ran')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with start_embedded(tmp_path / "ledger.db") as child:
        assert httpx.get(f"{child.endpoint}/emulator/health").json() == {"ok": True}


def test_no_token_reaches_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLOKA_TOKEN", "canary-7d1f")
    with start_embedded(tmp_path / "ledger.db") as child:
        if not Path("/proc/self/environ").exists():
            pytest.skip("this system shows no process's environment")
        for name in ("environ", "cmdline"):
            assert b"canary-7d1f" not in Path(f"/proc/{child.process.pid}/{name}").read_bytes()


def test_the_child_is_in_a_session_of_its_own(tmp_path: Path) -> None:
    """So Ctrl-C in the terminal reaches the parent alone."""
    with start_embedded(tmp_path / "ledger.db") as child:
        assert os.getsid(child.process.pid) == child.process.pid


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with start_embedded(tmp_path / "ledger.db") as child:
        child.process.send_signal(number)
        assert child.process.wait(30) == 0


def test_the_child_of_a_killed_parent_ends(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from reconcile.emulator.embedded import start_embedded\n"
            "child = start_embedded(Path(sys.argv[1])); print(child.endpoint, flush=True); time.sleep(600)",
            str(tmp_path / "ledger.db"),
        ],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    endpoint = parent.stdout.readline().decode().strip()
    assert httpx.get(f"{endpoint}/emulator/health").status_code == 200
    parent.kill()
    parent.wait(30)
    parent.stdout.close()
    for _ in range(1000):
        try:
            httpx.get(f"{endpoint}/emulator/health")
        except httpx.TransportError:
            return
        time.sleep(0.02)
    raise AssertionError("the child outlived its parent")


def test_a_child_that_cannot_start_is_an_error_that_says_where_to_look(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()
    with pytest.raises(ProviderError) as caught:
        start_embedded(tmp_path / "ledger.db", log=tmp_path / "log")
    assert caught.value.reason == "emulator"
    assert str(tmp_path / "log") in caught.value.detail
    assert "Is a directory" in (tmp_path / "log").read_text()
