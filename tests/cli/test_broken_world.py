"""A broken world: what is said, the exit code, and never a traceback."""

import fcntl
import os
import sqlite3
from pathlib import Path

import pytest

from reconcile.cli.app import execute
from tests.support.cli import bonusctl, project, write_specs

SANDBOX = "version: 1\nproviders:\n  toloka:\n    type: toloka\n    environment: sandbox\n    endpoint: {}\n"
CANARY = "canary-token-7f3a9c51"


def assert_plain(text: str) -> None:
    assert "Traceback" not in text
    assert 'File "' not in text


def test_a_config_with_errors_is_said_with_its_place(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "bonusctl.yaml").write_text("version: 1\nprovider: {}\n")
    for command in ("validate", "plan", "status", "history", "apply --auto-approve", "state list", "state head"):
        ended = bonusctl(tmp_path, *command.split())
        assert ended.code == 1, command
        assert "bonusctl.yaml:2:1" in ended.out + ended.err
        assert "did you mean" in (ended.out + ended.err).lower()
        assert_plain(ended.err)


def test_doctor_names_each_error_of_a_config_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "bonusctl.yaml").write_text("version: 1\nprovider: {}\n")
    ended = bonusctl(tmp_path, "doctor")
    assert ended.code == 1
    assert "fail  config: bonusctl.yaml:2:1: Unknown key `provider`" in ended.out


def test_a_config_that_is_no_yaml_fails_the_doctor_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "bonusctl.yaml").write_text("version: [1\n")
    ended = bonusctl(tmp_path, "doctor")
    assert ended.code == 1
    assert ended.out.startswith("fail  config:")


def test_a_state_that_is_no_database_stops_everything_and_names_the_way_out(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "bonusctl.db").write_text("this is no database, and long enough to be looked at " * 40)
    for command in ("plan", "apply --auto-approve", "status", "history", "state list", "state verify"):
        ended = bonusctl(tmp_path, *command.split())
        assert ended.code == 1, command
        assert_plain(ended.err)
    assert "restore" in bonusctl(tmp_path, "plan").err


def test_a_damaged_page_of_the_state_fails_the_doctor(tmp_path: Path) -> None:
    """The page is one that plan and status need not read."""
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    assert "ok    state: " in bonusctl(tmp_path, "doctor").out
    state = tmp_path / "state" / "bonusctl.db"
    connection = sqlite3.connect(state)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'sends'").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    content = bytearray(state.read_bytes())
    content[(page - 1) * size : page * size] = b"\x55" * size
    state.write_bytes(content)
    ended = bonusctl(tmp_path, "doctor")
    assert ended.code == 1
    assert "fail  state: The state " in ended.out
    assert "is damaged: " in ended.out
    assert "bonusctl state restore BACKUP" in ended.out


def test_an_altered_row_is_noticed_by_verify(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    connection = sqlite3.connect(tmp_path / "state" / "bonusctl.db")
    for name, kind in connection.execute("SELECT name, type FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP {kind} {name}")
    connection.execute("UPDATE payments SET amount = '9.99'")
    connection.commit()
    connection.close()
    ended = bonusctl(tmp_path, "state", "verify")
    assert ended.code == 1
    assert "found 9.99" in ended.out


def test_a_folder_that_takes_no_state_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "state").write_text("a file where the folder should be")
    ended = bonusctl(tmp_path, "apply", "--auto-approve")
    assert ended.code == 1
    assert "Nothing was sent" in ended.err
    assert_plain(ended.err)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "state").mkdir(mode=0o500)
    ended = bonusctl(tmp_path, "apply", "--auto-approve")
    assert ended.code == 1
    assert "Nothing was sent" in ended.err


def test_a_missing_token_is_said_with_the_line_to_type(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "bonusctl.yaml").write_text(SANDBOX.format("http://127.0.0.1:9"))
    ended = bonusctl(tmp_path, "apply", "--auto-approve", "--format", "json")
    assert (ended.code, ended.json()["reason"]) == (1, "no_token")
    assert "export TOLOKA_TOKEN=…" in ended.err.splitlines()
    assert not (tmp_path / "state").exists()


def test_plan_needs_no_token(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "bonusctl.yaml").write_text(SANDBOX.format("http://127.0.0.1:9"))
    assert bonusctl(tmp_path, "plan").code == 0


def test_a_provider_that_does_not_answer_pays_nothing(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "bonusctl.yaml").write_text(SANDBOX.format("http://127.0.0.1:9"))
    ended = bonusctl(tmp_path, "apply", "--auto-approve", environ={"TOLOKA_TOKEN": CANARY})
    assert ended.code in (1, 3)
    assert CANARY not in ended.out + ended.err
    assert_plain(ended.err)


def test_a_held_lock_names_its_holder(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    with (tmp_path / "state" / "bonusctl.db.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write('{"pid": 4711, "host": "runner-4", "command": "apply", "since_ms": 1795334400000}')
        lock.flush()
        ended = bonusctl(tmp_path, "apply", "--auto-approve", "--format", "json")
        assert (ended.code, ended.json()["reason"]) == (1, "lock_held")
        assert "process 4711 on runner-4" in ended.err
        assert "bonusctl state unlock" in ended.err
        assert bonusctl(tmp_path, "plan").code == 0
        assert "warn  lock: held by `apply` (process 4711 on runner-4" in bonusctl(tmp_path, "doctor").out


def test_the_text_of_a_dead_run_in_the_lock_means_nothing(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    lock = tmp_path / "state" / "bonusctl.db.lock"
    lock.write_text('{"pid": 4711, "host": "runner-4", "command": "apply", "since_ms": 1795334400000}')
    assert bonusctl(tmp_path, "apply", "--auto-approve").code == 0
    assert "ok    lock: free" in bonusctl(tmp_path, "doctor").out


def test_hostile_text_of_specs_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, '{user_id: a, amount: 1.00, public_title: "\\e[2J\\u202e::error::x"}')
    for command in ("validate", "plan", "apply --auto-approve", "state list", "status"):
        ended = bonusctl(tmp_path, *command.split())
        assert "\x1b" not in ended.out + ended.err
        assert "\u202e" not in ended.out + ended.err


def test_a_mistake_of_ours_ends_in_a_sentence_and_a_private_file_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file holds the traceback, is 0600, and knows no token, however it is spelled."""
    project(tmp_path)
    (tmp_path / "state").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOLOKA_TOKEN", CANARY)

    def broken(*_: object, **__: object) -> object:
        raise RuntimeError(f"something with {CANARY} in it")

    monkeypatch.setattr("reconcile.project.specs.make_plan", broken)
    assert execute(["plan", "--format", "json"]) == 1
    printed = capsys.readouterr()
    assert "bonusctl met a mistake of its own (RuntimeError)." in printed.err
    assert "moves no money and changed nothing" in printed.err
    assert '"reason": "crash"' in printed.out
    assert_plain(printed.err)
    (crash,) = (tmp_path / "state").glob("crash-*.txt")
    assert crash.stat().st_mode & 0o777 == 0o600
    assert "RuntimeError: something with *** in it" in crash.read_text()
    assert CANARY not in crash.read_text() + printed.err + printed.out


def test_results_that_could_not_be_recorded_are_printed_whole_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from reconcile.errors import StateWriteFailed
    from reconcile.protocol.engine import Unrecorded

    project(tmp_path)
    monkeypatch.chdir(tmp_path)
    lines = ('{"operation_id": "one"}', '{"operation_id": "two"}')

    def full_disk(*_: object, **__: object) -> object:
        raise Unrecorded(StateWriteFailed("The state could not be written: disk full"), lines)

    monkeypatch.setattr("reconcile.project.run.run_apply", full_disk)
    assert execute(["apply", "--auto-approve"]) == 1
    printed = capsys.readouterr().err
    assert all(line in printed.splitlines() for line in lines)
    (kept,) = (tmp_path / "state").glob("unrecorded-*.jsonl")
    assert kept.read_text().splitlines() == list(lines)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert str(kept) in printed
