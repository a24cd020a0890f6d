"""`make test-kit`: toloka-kit against the emulator, and what it lists against bonusctl's own state.

The emulator and bonusctl run with this Python, the client with the one that the first argument names: it needs older
versions of httpx and cattrs than bonusctl. Prints `N passed, N failed`.
"""

import json
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

from tests.support.emulator import EmulatorProcess

CHECKS = Path(__file__).with_name("kit_checks.py")
CONFIG = """\
version: 1
specs: specs/
providers:
  toloka:
    type: toloka
    environment: emulator
    endpoint: {endpoint}
"""
SPEC = """\
version: 1
campaign: compared-with-toloka-kit
provider: toloka
bonuses:
  - {user_id: fac97860c7929add8048ed2ef63b66fd, assignment_id: 00001092da--61ef030400c684132d0da0de, amount: 1.00}
  - {user_id: a1b0b42923c429daa2c764d7ccfc364d, key: quality-award, amount: 0.80}
  - {user_id: "00012", amount: 0.005, private_comment: Пять тысячных}
"""


def run_checks(python: str, endpoint: str) -> tuple[int, int]:
    """(passed, failed) of the client's checks; what failed is shown."""
    done = subprocess.run([python, CHECKS, endpoint], capture_output=True, text=True, timeout=600, check=False)
    *shown, last = done.stdout.rstrip("\n").split("\n")
    sys.stdout.write("".join(f"{line}\n" for line in shown))
    passed, _, failed = last.partition(" ")
    if done.returncode or not passed.isdigit():
        sys.stdout.write(done.stdout + done.stderr)
        return 0, 1
    return int(passed), int(failed)


def compare_with_state(python: str, endpoint: str, folder: Path) -> str:
    """Pay with bonusctl, list with toloka-kit: the same payments. "" or what differs."""
    (folder / "specs").mkdir()
    (folder / "bonusctl.yaml").write_text(CONFIG.format(endpoint=endpoint))
    (folder / "specs" / "compared.yaml").write_text(SPEC)
    bonusctl = [sys.executable, "-m", "reconcile", "-C", str(folder)]
    paid = subprocess.run([*bonusctl, "apply", "--auto-approve"], capture_output=True, text=True, check=False)
    if paid.returncode:
        return f"apply ended with {paid.returncode}:\n{paid.stdout}{paid.stderr}"
    shown = subprocess.run([*bonusctl, "state", "list", "--format", "json"], capture_output=True, text=True, check=True)
    state = sorted(
        (payment["remote_id"], bonus["recipient"], Decimal(payment["amount"]))
        for bonus in json.loads(shown.stdout)["bonuses"]
        for payment in bonus["payments"]
    )
    listed = subprocess.run([python, CHECKS, endpoint, "list"], capture_output=True, text=True, check=True)
    provider = sorted((number, user, Decimal(amount)) for number, user, amount in json.loads(listed.stdout))
    return "" if state == provider and len(state) == 3 else f"state: {state}\ntoloka-kit: {provider}"


def compare_lost_answer(python: str, folder: Path) -> str:
    """The answer to the second payment is lost after it was made: what each paid, as a line of text; "FAILED …" if
    bonusctl paid anybody twice.
    """
    fault = {"name": "cut_after", "nth": [2]}
    with EmulatorProcess(folder / "script.db") as emulator:
        emulator.faults([fault])
        subprocess.run([python, CHECKS, emulator.endpoint, "script"], check=True, timeout=120)
        script = sorted(row["user_id"] for row in emulator.ledger()["payments"])
    with EmulatorProcess(folder / "ours.db") as emulator:
        emulator.faults([fault])
        project = folder / "lost"
        (project / "specs").mkdir(parents=True)
        (project / "bonusctl.yaml").write_text(CONFIG.format(endpoint=emulator.endpoint))
        rows = "".join(f"  - {{user_id: lost-{number}, amount: 1.00}}\n" for number in (1, 2, 3))
        spec = f"version: 1\ncampaign: lost\nprovider: toloka\nbonuses:\n{rows}"
        (project / "specs" / "lost.yaml").write_text(spec)
        for _ in range(2):
            command = [sys.executable, "-m", "reconcile", "-C", str(project), "apply", "--auto-approve"]
            subprocess.run(command, capture_output=True, check=False, timeout=120)
        ours = sorted(row["user_id"] for row in emulator.ledger()["payments"])
    sys.stdout.write(f"a lost answer: a script with toloka-kit paid {script}\n               bonusctl paid {ours}\n")
    return "" if ours == ["lost-1", "lost-2", "lost-3"] else f"bonusctl paid {ours}"


def main() -> int:
    python = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with EmulatorProcess(folder / "emulator.db") as emulator:
            passed, failed = run_checks(python, emulator.endpoint)
            differs = compare_with_state(python, emulator.endpoint, folder)
        lost = compare_lost_answer(python, folder)
    if lost:
        sys.stdout.write(f"FAILED {lost}\n")
    if differs:
        sys.stdout.write(f"FAILED what toloka-kit lists equals `state list`\n{differs}\n")
    passed, failed = passed + (not differs) + (not lost), failed + bool(differs) + bool(lost)
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
