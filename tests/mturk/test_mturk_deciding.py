"""What a person says of payments that this state does not know, by the real command: about every bonus that waits for
them, under the number that the payment has, and with a run that ends however it goes.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.mturk.test_mturk_commands import ACCOUNT, SPEC, by_hand, paid, project
from tests.support.commandline import CommandLine, Json
from tests.support.emulator import EmulatorProcess

TOP_UPS = "policies: {allow_top_up: true}\n"
AWARD = "  - {worker_id: A1, assignment_id: 3A, amount: 0.05, key: award}\n"
ALONE = SPEC.replace(AWARD, "")
RESOLVE = ("--reason", "seen", "--auto-approve")


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[EmulatorProcess]:
    with EmulatorProcess(tmp_path / "remote.db") as process:
        yield process


def lose_state(line: CommandLine, emulator: EmulatorProcess) -> None:
    """The state is gone, and so long that the provider has forgotten every token."""
    for path in (line.folder / "state").iterdir():
        path.unlink()
    emulator.advance(26 * 3_600_000)


def bonus(line: CommandLine, address: str) -> Json:
    rows = line.expect(0, "state", "list", "--format", "json").json()["bonuses"]
    found: Json = next(row for row in rows if row["address"] == address)
    return found


def outcomes(line: CommandLine) -> list[str]:
    """How each run ended, "" for one that has not."""
    with closing(sqlite3.connect(line.folder / "state" / "bonusctl.db")) as state:
        return [row[0] or "" for row in state.execute("SELECT outcome FROM runs ORDER BY epoch")]


# --- none of them is a bonus's -----------------------------------------------------------------------------------------


def test_not_issued_is_refused_while_another_bonus_waits_for_the_same_payment(
    tmp_path: Path, emulator: EmulatorProcess
) -> None:
    """The truth about one bonus would call the other's payment nobody's, and it would be paid again."""
    line = project(tmp_path, emulator.endpoint)
    line.spec("labels", SPEC.replace("  - {worker_id: A1, assignment_id: 3A, amount: 1.00}\n", ""))
    line.expect(0, "apply", "--auto-approve")
    lose_state(line, emulator)
    line.spec("labels", SPEC)
    line.expect(3, "apply", "--auto-approve")
    ended = line.expect(1, "state", "resolve", "labels/A1/3A", "--not-issued", *RESOLVE)
    assert "labels/A1/3A#award waits for the same payments" in ended.err
    assert "\nbonusctl state resolve 'labels/A1/3A#award' --issued --reason TEXT\n" in ended.err
    line.expect(0, "state", "resolve", "labels/A1/3A#award", "--issued", *RESOLVE)
    line.expect(3, "apply", "--auto-approve")
    line.expect(0, "state", "resolve", "labels/A2/3B", "--issued", *RESOLVE)
    line.expect(0, "apply", "--auto-approve")
    assert [(worker, amount) for _, worker, amount in paid(emulator)] == [
        ("A1", "0.05"),
        ("A1", "1.00"),
        ("A2", "0.50"),
    ]
    assert outcomes(line).count("") == 0


def test_each_of_two_payments_finds_its_own_of_two_bonuses(tmp_path: Path, emulator: EmulatorProcess) -> None:
    """By the amounts, whichever is said first."""
    line = project(tmp_path, emulator.endpoint)
    line.expect(0, "apply", "--auto-approve")
    lose_state(line, emulator)
    line.expect(3, "apply", "--auto-approve")
    line.expect(0, "state", "resolve", "labels/A1/3A#award", "--issued", *RESOLVE)
    line.expect(0, "state", "resolve", "labels/A1/3A", "--issued", *RESOLVE)
    assert bonus(line, "labels/A1/3A#award")["issued_amount"] == "0.05"
    assert bonus(line, "labels/A1/3A")["issued_amount"] == "1.00"


def test_a_bonus_that_left_the_specs_waits_for_nothing(tmp_path: Path, emulator: EmulatorProcess) -> None:
    """What no spec asks for is paid to nobody: what is left needs no other word."""
    line = project(tmp_path, emulator.endpoint)
    by_hand(emulator, "0.05", "paid by hand")
    line.expect(3, "apply", "--auto-approve")
    line.spec("labels", ALONE)
    line.expect(0, "state", "resolve", "labels/A1/3A", "--not-issued", *RESOLVE)
    line.expect(0, "apply", "--auto-approve")
    assert [(worker, amount) for _, worker, amount in paid(emulator)] == [
        ("A1", "0.05"),
        ("A1", "1.00"),
        ("A2", "0.50"),
    ]


def test_addresses_of_two_workers_are_no_one_question(tmp_path: Path, emulator: EmulatorProcess) -> None:
    line = project(tmp_path, emulator.endpoint)
    ended = line.expect(1, "state", "resolve", "labels/A1/3A", "labels/A2/3B", "--not-issued", *RESOLVE)
    assert "are not of one worker and assignment" in ended.err
    ended = line.expect(1, "state", "resolve", "labels/A1/3A", "labels/A1/3A#award", "--issued", *RESOLVE)
    assert "One payment is one bonus's" in ended.err


def test_what_another_bonus_lacks_to_the_cent_is_not_taken_for_this_one(
    tmp_path: Path, emulator: EmulatorProcess
) -> None:
    line = project(tmp_path, emulator.endpoint)
    by_hand(emulator, "0.05", "paid by hand")
    line.expect(3, "apply", "--auto-approve")
    ended = line.expect(1, "state", "resolve", "labels/A1/3A", "--issued", *RESOLVE)
    assert "None has the amount that it lacks, 1.00 USD" in ended.err
    assert "labels/A1/3A#award lacks 0.05 USD." in ended.err
    assert bonus(line, "labels/A1/3A")["status"] == "planned"


# --- top-ups of another life -------------------------------------------------------------------------------------------


def topped_up_and_restored(folder: Path, emulator: EmulatorProcess) -> CommandLine:
    """1.00 was paid, and then 0.50 on top of it; the state is the backup from between the two, a day later."""
    line = project(folder, emulator.endpoint)
    config = line.folder / "bonusctl.yaml"
    config.write_text(config.read_text() + TOP_UPS)
    line.spec("labels", ALONE)
    line.expect(0, "apply", "--auto-approve")
    line.expect(0, "state", "backup", "old.db")
    line.spec("labels", ALONE.replace("amount: 1.00", "amount: 1.50"))
    line.expect(0, "apply", "--auto-approve")
    line.expect(0, "state", "restore", "old.db", "--reason", "a lost disk")
    emulator.advance(26 * 3_600_000)
    assert "2 left" not in line.expect(3, "apply", "--auto-approve").out
    return line


def taken_whole(line: CommandLine, emulator: EmulatorProcess) -> None:
    """The bonus has both payments, nothing is paid again, and every run has its end."""
    row = bonus(line, "labels/A1/3A")
    # Of one second nobody knows which came first.
    assert sorted((one["amount"], one["status"]) for one in row["payments"]) == [("0.50", "issued"), ("1.00", "issued")]
    line.expect(0, "apply", "--auto-approve")
    line.expect(0, "state", "verify")
    assert paid(emulator) == [(ACCOUNT, "A1", "0.50"), (ACCOUNT, "A1", "1.00"), (ACCOUNT, "A2", "0.50")]
    assert "" not in outcomes(line)


def test_a_person_says_that_a_payment_is_a_lost_top_up(tmp_path: Path, emulator: EmulatorProcess) -> None:
    """It gets the number that it had, and the sum is what the specs ask for."""
    line = topped_up_and_restored(tmp_path, emulator)
    line.expect(0, "state", "resolve", "labels/A1/3A", "--issued", *RESOLVE)
    taken_whole(line, emulator)


def test_a_lost_top_up_is_taken_over_from_the_providers_list(tmp_path: Path, emulator: EmulatorProcess) -> None:
    line = topped_up_and_restored(tmp_path, emulator)
    ended = line.expect(0, "import", "--from-provider", "--since", "2020-01-01", "--auto-approve")
    assert "Payments: 1 matched (0.50 USD)." in ended.out
    taken_whole(line, emulator)


def test_a_lost_top_up_is_taken_over_from_a_file(tmp_path: Path, emulator: EmulatorProcess) -> None:
    line = topped_up_and_restored(tmp_path, emulator)
    (line.folder / "old.csv").write_text("worker_id,assignment_id,amount\nA1,3A,0.50\n")
    line.expect(0, "import", "old.csv", "--auto-approve")
    taken_whole(line, emulator)


def test_a_first_payment_and_its_top_up_of_a_lost_state_are_taken_together(
    tmp_path: Path, emulator: EmulatorProcess
) -> None:
    """Neither has the amount that is asked for; both together have, and nobody else waits for them."""
    line = topped_up_and_restored(tmp_path, emulator)
    lose_state(line, emulator)
    line.expect(3, "apply", "--auto-approve")
    line.expect(0, "state", "resolve", "labels/A1/3A", "--issued", *RESOLVE)
    line.expect(0, "state", "resolve", "labels/A2/3B", "--issued", *RESOLVE)
    taken_whole(line, emulator)


def test_what_a_settled_bonus_cannot_take_over_is_refused_and_the_run_ends(
    tmp_path: Path, emulator: EmulatorProcess
) -> None:
    line = project(tmp_path, emulator.endpoint)
    line.spec("labels", ALONE)
    line.expect(0, "apply", "--auto-approve")
    by_hand(emulator, "0.90", "paid by hand")
    ended = line.expect(1, "state", "resolve", "labels/A1/3A", "--issued", "--reason", "seen", "--auto-approve")
    assert "labels/A1/3A is not in doubt: it is issued" in ended.err or "lacks nothing" in ended.err
    assert "mistake in bonusctl" not in ended.err
    assert "" not in outcomes(line)
