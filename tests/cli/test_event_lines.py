"""`apply --format jsonl`: what happens, line by line, each line only once it is durable."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from reconcile.cli.console import Console
from reconcile.cli.event_lines import EventLines
from reconcile.protocol.report import LeftBonus, Paid
from reconcile.render.mask import Masker
from tests.support.cli import COMMAND, LIMIT_S, bonusctl, environment, project
from tests.support.world import Fault, World, bonus

AMOUNTS = ["0.50", "0.75", "0.80", "1.00", "1.25"]
MASK_KEY = {"BONUSCTL_MASK_KEY": "0123456789abcdef0123456789abcdef"}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_payment_has_a_line_and_the_report_is_the_last(tmp_path: Path) -> None:
    project(tmp_path)
    applied = bonusctl(tmp_path, "apply", "--auto-approve", "--format", "jsonl")
    told = lines(applied.out)
    assert (applied.code, {line["format_version"] for line in told}) == (0, {1})
    assert [line["event"] for line in told if line["event"] != "phase"] == ["paying", *5 * ["issued"], "report"]
    paying = next(line for line in told if line["event"] == "paying")
    assert (paying["payments"], paying["amount"], paying["currency"]) == (5, "4.30", "USD")
    assert sorted(line["amount"] for line in told if line["event"] == "issued") == AMOUNTS
    assert told[-1]["summary"]["total_issued"] == "4.30"
    assert "paid" not in told[-1]


def test_the_json_document_stays_one(tmp_path: Path) -> None:
    project(tmp_path)
    document = bonusctl(tmp_path, "apply", "--auto-approve", "--format", "json").json()
    assert (document["summary"]["issued"], len(document["paid"])) == (5, 5)


def test_a_refusal_is_one_line_too(tmp_path: Path) -> None:
    project(tmp_path)
    refused = bonusctl(tmp_path, "apply", "--expect-digest", "sha256:1", "--format", "jsonl")
    (line,) = lines(refused.out)
    assert (refused.code, line["reason"]) == (1, "digest_mismatch")


def test_masked_lines_name_nobody(tmp_path: Path) -> None:
    project(tmp_path)
    applied = bonusctl(
        tmp_path, "apply", "--auto-approve", "--format", "jsonl", "--mask-recipients", environ=os.environ | MASK_KEY
    )
    with sqlite3.connect(tmp_path / "state" / "emulator.db") as connection:
        users = [str(row[0]) for row in connection.execute("SELECT user_id FROM bonuses")]
    connection.close()
    assert len(users) == 5
    assert applied.out.count("/masked-") >= 5
    assert not [user for user in users if user in applied.out]


class _Looking(EventLines):
    """Looks, at each line about a payment, what the state on the disk says of it."""

    def __init__(self, console: Console, state: Path) -> None:
        super().__init__(console)
        self.state = state
        self.statuses: list[str] = []

    def settled(self, paid: Any, *, rejected: Any, under_way: int) -> None:
        super().settled(paid, rejected=rejected, under_way=under_way)
        with sqlite3.connect(f"file:{self.state}?mode=ro", uri=True) as other:
            self.statuses += [self._status(other, one) for one in (*paid, *rejected)]
        other.close()

    def _status(self, other: sqlite3.Connection, one: Paid | LeftBonus) -> str:
        name, value = ("payment_id", one.payment_id) if isinstance(one, Paid) else ("bonus_id", one.bonus_id)
        return str(other.execute(f"SELECT status FROM payments WHERE {name} = ?", (value,)).fetchone()[0])


def test_a_line_is_written_only_once_another_connection_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two issued and one rejected: at each line the state's file, read from outside, says so already."""
    world = World(tmp_path, desired=[bonus("w1", "1.00"), bonus("w2", "2.00"), bonus("w3", "3.00")])
    world.strike(Fault(name="reject", user="w2"))
    console = Console(environ={})
    looking = _Looking(console, world.state)
    monkeypatch.setattr("tests.support.world.Quiet.settled", lambda _, paid, **rest: looking.settled(paid, **rest))
    assert world.apply().exit_code == 3
    world.close()
    assert console.finish()
    told = [(line["event"], line["address"]) for line in lines(capsys.readouterr().out)]
    assert sorted(told) == [("issued", "c/w1"), ("issued", "c/w3"), ("rejected", "c/w2")]
    assert sorted(looking.statuses) == ["issued", "issued", "rejected"]


# --- readers, good and bad -------------------------------------------------------------------------------------------


def many(folder: Path, count: int) -> Path:
    """A project that asks for so many bonuses of a cent."""
    project(folder)
    for spec in (folder / "specs").rglob("*.y*ml"):
        spec.unlink()
    rows = "".join(f"  - {{user_id: worker-{number:04}, amount: 0.01, key: k}}\n" for number in range(count))
    (folder / "specs" / "many.yaml").write_text(f"version: 1\ncampaign: many\nprovider: toloka\nbonuses:\n{rows}")
    return folder


def issued_in(folder: Path) -> int:
    """As another process reads it; 0 while there are no tables yet."""
    state = sqlite3.connect(f"file:{folder / 'state' / 'bonusctl.db'}?mode=ro", uri=True)
    with closing(state), suppress(sqlite3.OperationalError):
        return int(state.execute("SELECT count(*) FROM payments WHERE status = 'issued'").fetchone()[0])
    return 0


@contextmanager
def applying_unread(folder: Path, *, until_issued: int) -> Iterator[subprocess.Popen[str]]:
    """An apply of which no line was read when so many payments were issued."""
    command = [str(COMMAND), "apply", "--auto-approve", "--format", "jsonl"]
    with subprocess.Popen(
        command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as applying:
        until = time.monotonic() + LIMIT_S
        while not (folder / "state" / "bonusctl.db").exists() or issued_in(folder) < until_issued:
            assert time.monotonic() < until, "it stands still with its reader"
            time.sleep(0.1)
        yield applying


def test_what_the_scan_finds_has_lines_as_well(tmp_path: Path) -> None:
    """The state was lost: the five payments are found again, a line each, before the report."""
    project(tmp_path)
    assert bonusctl(tmp_path, "apply", "--auto-approve").code == 0
    for file in (tmp_path / "state").glob("bonusctl.db*"):
        file.unlink()
    again = bonusctl(tmp_path, "apply", "--auto-approve", "--format", "jsonl")
    events = [line["event"] for line in lines(again.out) if line["event"] not in ("phase", "note")]
    assert (again.code, events) == (0, [*5 * ["adopted"], "report"])


def test_a_full_disk_under_stdout_stops_no_payment(tmp_path: Path) -> None:
    """All are paid and recorded; one sentence says that the lines are lost, and the exit code that something is."""
    project(tmp_path)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [str(COMMAND), "apply", "--auto-approve", "--format", "jsonl"],
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    assert (done.returncode, issued_in(tmp_path)) == (1, 5)
    assert "The output could not be written any further: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr
    assert bonusctl(tmp_path, "history", "--format", "json").json()["runs"][0]["outcome"] == "done"


def test_a_reader_that_stands_still_keeps_nobody_from_being_paid(tmp_path: Path) -> None:
    """400 lines are more than a pipe holds: all is paid before the first is read, and none is lost."""
    folder = many(tmp_path, 400)
    with applying_unread(folder, until_issued=400) as applying:
        assert applying.stdout is not None
        told = lines(applying.stdout.read())
    assert applying.returncode == 0
    assert sum(1 for line in told if line["event"] == "issued") == 400
    assert told[-1]["event"] == "report"


def test_an_interrupt_ends_a_run_whose_reader_stands_still(tmp_path: Path) -> None:
    """The first one settles what is in flight; the end waits for the reader two seconds at most."""
    folder = many(tmp_path, 700)
    with applying_unread(folder, until_issued=350) as applying:
        applying.send_signal(signal.SIGINT)
        assert applying.wait(LIMIT_S) == 130
    assert bonusctl(folder, "history", "--format", "json").json()["runs"][0]["outcome"] == "interrupted"


def test_a_stdout_that_was_closed_stops_no_payment(tmp_path: Path) -> None:
    project(tmp_path)
    command = f"exec {COMMAND} apply --auto-approve --format jsonl >&-"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path,
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (done.returncode, issued_in(tmp_path)) == (1, 5)
    assert "The output could not be written any further" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("recipient", ["anna/b/c", "eve#7"])
def test_masked_lines_do_not_name_whom_no_address_can_name(recipient: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Found at the provider, made elsewhere: its address cannot be taken apart, and the run has met its recipient."""
    console = Console(environ={})
    masker = Masker(bytes(32))
    looking = EventLines(console, str, masker, {recipient})
    found = Paid(f"old/{recipient}", bytes(16), "toloka", "USD", Decimal("1.00"), "7", adopted=True)
    looking.settled([found], rejected=[], under_way=0)
    assert console.finish()
    (line,) = lines(capsys.readouterr().out)
    assert line["address"].startswith("old/masked-")
    assert "anna" not in line["address"]
    assert "7" not in line["address"].removeprefix(f"old/{masker.text(recipient)}")
