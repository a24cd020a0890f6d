"""Questions before money moves, asked on a real terminal."""

import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import COMMAND, bonusctl, environment, on_terminal, project, write_specs
from tests.support.emulator import EmulatorProcess

PRODUCTION = """\
version: 1
providers:
  toloka:
    type: toloka
    environment: production
    account: e0000000000000000000000000000001
    endpoint: {endpoint}
"""


def issued(folder: Path, environ: dict[str, str] | None = None) -> int:
    return int(bonusctl(folder, "status", "--format", "json", environ=environ).json()["campaigns"][0]["issued"])


def test_the_question_shows_the_plan_first_and_yes_pays(tmp_path: Path) -> None:
    project(tmp_path)
    code, screen = on_terminal(tmp_path, ["apply"], [("Pay 4.30 USD in 5 payments?", "y\n")])
    assert code == 0
    plan, _, rest = screen.partition("Pay 4.30 USD in 5 payments?")
    assert "Plan: 5 to issue." in plan
    assert "5 issued (4.30 USD)" in rest
    assert issued(tmp_path) == 5


@pytest.mark.parametrize("answer", ["\n", "n\n", "yess\n"])
def test_anything_but_yes_pays_nothing(tmp_path: Path, answer: str) -> None:
    project(tmp_path)
    code, screen = on_terminal(tmp_path, ["apply"], [("[y/N]", answer)])
    assert code == 130
    assert "Not approved: nothing was sent." in screen
    assert issued(tmp_path) == 0


def test_ctrl_c_at_the_question_ends_the_run_at_once(tmp_path: Path) -> None:
    project(tmp_path)
    code, screen = on_terminal(tmp_path, ["apply"], [("[y/N]", "\x03")])
    assert code == 130
    assert "Interrupted before anything was sent." in screen
    assert "Traceback" not in screen
    assert issued(tmp_path) == 0


def test_nothing_to_do_asks_nothing(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    code, screen = on_terminal(tmp_path, ["apply"], [])
    assert code == 0
    assert "[y/N]" not in screen


def test_in_production_the_total_is_typed_and_y_is_not_enough(tmp_path: Path) -> None:
    environ = {"TOLOKA_TOKEN": "a-token-for-the-test"}
    with EmulatorProcess(tmp_path / "remote.db") as emulator:
        project(tmp_path)
        (tmp_path / "bonusctl.yaml").write_text(PRODUCTION.format(endpoint=emulator.endpoint))
        write_specs(tmp_path, "{user_id: a, amount: 1.00}", "{user_id: b, amount: 2.50}")
        for answer in ("y\n", "3.5\n", "35.0\n"):
            code, screen = on_terminal(tmp_path, ["apply"], [("Type the total to go on:", answer)], environ)
            assert code == 130, screen
            assert "of real money (production)" in screen
            assert f"{answer.strip()} is not the total, 3.50 USD." in screen
        assert emulator.payments() == []
        code, screen = on_terminal(tmp_path, ["apply"], [("Type the total to go on:", "3.50\n")], environ)
        assert code == 0, screen
        assert len(emulator.payments()) == 2


def test_colour_is_for_terminals_and_no_color_is_obeyed(tmp_path: Path) -> None:
    project(tmp_path)
    escape = re.compile(r"\x1b\[[0-9;]*m")
    assert escape.search(on_terminal(tmp_path, ["plan"], [])[1])
    assert not escape.search(on_terminal(tmp_path, ["plan"], [], {"NO_COLOR": "1"})[1])
    assert not escape.search(on_terminal(tmp_path, ["--no-color", "plan"], [])[1])
    assert not escape.search(bonusctl(tmp_path, "plan").out)


def test_quiet_shows_neither_progress_nor_hints(tmp_path: Path) -> None:
    project(tmp_path)
    ended = bonusctl(tmp_path, "-q", "apply", "--auto-approve")
    assert ended.err == ""
    assert ended.out.startswith("Done: 5 issued")


def test_a_state_is_unlocked_only_after_a_yes(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    head = bonusctl(tmp_path, "state", "head").out
    code, _ = on_terminal(tmp_path, ["state", "unlock"], [("[y/N]", "n\n")])
    assert (code, bonusctl(tmp_path, "state", "head").out) == (130, head)
    code, _ = on_terminal(tmp_path, ["state", "unlock"], [("[y/N]", "y\n")])
    assert code == 0
    assert bonusctl(tmp_path, "state", "head").out != head


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_settles_what_is_in_flight_and_the_next_run_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    """The run ends with 130 and says what is left; then all are paid, each once."""
    config = "version: 1\nproviders:\n  toloka:\n    type: toloka\n    environment: emulator\n    endpoint: {}\n"
    with EmulatorProcess(tmp_path / "remote.db", {"latency-ms": 30}) as emulator:
        project(tmp_path)
        (tmp_path / "bonusctl.yaml").write_text(config.format(emulator.endpoint))
        write_specs(tmp_path, *(f"{{user_id: worker-{one}, amount: 0.10}}" for one in range(150)))
        child = subprocess.Popen(
            [str(COMMAND), "apply", "--auto-approve"],
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while len(emulator.payments()) < 5:
            assert child.poll() is None
        child.send_signal(number)
        out, err = child.communicate(timeout=60)
        assert child.returncode == 130, err
        assert "Stopping: nothing new is sent" in err
        assert out.splitlines()[-1 if "Nothing is lost" in out.splitlines()[-1] else 0]
        before = len(emulator.payments())
        assert 5 <= before < 150
        assert issued(tmp_path) == before
        assert bonusctl(tmp_path, "apply", "--auto-approve").code == 0
        recipients = sorted(payment["user_id"] for payment in emulator.payments())
        assert recipients == sorted(f"worker-{one}" for one in range(150))
