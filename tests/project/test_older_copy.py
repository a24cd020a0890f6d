"""A state file that was put back by hand is noticed, and its gates close."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

CONFIG = "version: 1\nproviders:\n  toloka: {type: toloka, environment: emulator}\n"


def run(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "reconcile", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def spec(folder: Path, *workers: str) -> None:
    rows = "".join(f"  - {{user_id: {worker}, amount: 1.00}}\n" for worker in workers)
    (folder / "specs").mkdir(exist_ok=True)
    (folder / "specs" / "c.yaml").write_text(f"version: 1\ncampaign: c\nprovider: toloka\nbonuses:\n{rows}")


def kinds(folder: Path) -> list[str]:
    lines = run(folder, "state", "export").splitlines()[1:]
    return [json.loads(line)["kind"] for line in lines]


def test_an_older_copy_of_the_state_closes_its_gates_and_pays_nothing_again(tmp_path: Path) -> None:
    (tmp_path / "bonusctl.yaml").write_text(CONFIG)
    state = tmp_path / "state" / "bonusctl.db"
    spec(tmp_path, "a")
    run(tmp_path, "apply", "--auto-approve")
    shutil.copyfile(state, tmp_path / "older.db")
    spec(tmp_path, "a", "b")
    run(tmp_path, "apply", "--auto-approve")
    assert "state_carried" not in kinds(tmp_path)
    shutil.copyfile(tmp_path / "older.db", state)
    report = json.loads(run(tmp_path, "apply", "--auto-approve", "--format", "json"))
    assert report["summary"]["issued"] == 0
    assert report["summary"]["adopted"] == 1
    assert kinds(tmp_path).count("state_carried") == 1
