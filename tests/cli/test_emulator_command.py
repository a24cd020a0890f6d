"""`bonusctl emulator`: the embedded provider as a server of its own."""

import signal
import subprocess
from pathlib import Path

import httpx

from tests.support.cli import COMMAND, bonusctl, environment, project


def test_it_says_where_it_listens_is_paid_through_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [str(COMMAND), "emulator", "--port", "0", "--set", "balance=10.00"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    endpoint = child.stdout.readline().removeprefix("listening on ").strip()
    project(tmp_path)
    config = f"version: 1\nproviders:\n  toloka: {{type: toloka, environment: emulator, endpoint: '{endpoint}'}}\n"
    (tmp_path / "bonusctl.yaml").write_text(config)
    assert bonusctl(tmp_path, "apply", "--auto-approve").code == 0
    account = httpx.get(f"{endpoint}/api/v1/requester", trust_env=False).json()
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert (child.returncode, err) == (0, "")
    assert account["balance"] == 5.7
    assert (tmp_path / "emulator.db").exists()


def test_an_option_that_it_does_not_have_is_said(tmp_path: Path) -> None:
    ended = bonusctl(tmp_path, "emulator", "--set", "latencyms=3")
    assert ended.code == 1
    assert "there is no option --latencyms" in ended.err
