"""`apply --format jsonl`: what happens, line by line, each line only once it is durable."""

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from reconcile.cli.console import Console
from reconcile.cli.event_lines import EventLines
from reconcile.protocol.report import LeftBonus, Paid
from tests.support.cli import bonusctl, project
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
    looking = _Looking(Console(environ={}), world.state)
    monkeypatch.setattr("tests.support.world.Quiet.settled", lambda _, paid, **rest: looking.settled(paid, **rest))
    assert world.apply().exit_code == 3
    world.close()
    told = [(line["event"], line["address"]) for line in lines(capsys.readouterr().out)]
    assert sorted(told) == [("issued", "c/w1"), ("issued", "c/w3"), ("rejected", "c/w2")]
    assert sorted(looking.statuses) == ["issued", "issued", "rejected"]
