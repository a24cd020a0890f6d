"""A list of payments that stays down: an operation's own log proves what it can, and what it cannot stays in doubt."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.providers.base import WireRequest, WireResponse, WireResult
from tests.protocol.steps import left, strike_after_the_scan, three_more
from tests.support.asked import settings
from tests.support.world import Fault, World

DOWN = Fault(name="error_before", on="bonuses", status=503)
ARCHIVED = Fault(name="log_archived")
LATER_MS = 1_000_000


@dataclass(slots=True)
class LogWorld(World):
    """A provider whose logs leave a field of the item out."""

    forgotten: str = ""

    def carry_out(self, request: WireRequest, carried_out: Callable[[], None]) -> tuple[WireResult, int]:
        result, delay_ms = World.carry_out(self, request, carried_out)
        if self.forgotten and request.target.endswith("/log") and isinstance(result, WireResponse):
            entries = json.loads(result.body)
            for entry in entries:
                entry["input"].pop(self.forgotten, None)
                entry["output"].pop(self.forgotten, None)
            result = WireResponse(result.status, result.headers, json.dumps(entries).encode())
        return result, delay_ms

    def strike_after_the_scan(self, *faults: Fault) -> None:
        """From the next plan on."""
        strike_after_the_scan(self, *faults, forget=self.requests.clear)

    def mend(self) -> None:
        """No faults any more."""
        self.strike()
        self.while_asking = self.strike

    def asked(self) -> Counter[str]:
        """How many requests of each kind were made since the strike: `GET operations/*/log`."""
        names = (f"{one.method} {one.target.partition('?')[0]}".replace("/api/v1/", "") for one in self.requests)
        return Counter(re.sub(r"operations/[0-9a-f-]{36}", "operations/*", name) for name in names)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LogWorld]:
    made = three_more(LogWorld(tmp_path))
    yield made
    made.close()


def test_what_a_list_that_stays_down_cannot_show_is_proved_by_the_logs(world: LogWorld) -> None:
    """Three payments with the provider's own amounts and ids; each log is read once."""
    world.strike_after_the_scan(DOWN)
    assert world.apply(wait_s=0).exit_code == 0
    assert world.asked()["GET operations/*/log"] == 3
    world.mend()
    issued = {name.removeprefix("c/"): amount for name, amount in world.issued().items()}
    assert issued == {recipient: amount for _, recipient, amount in world.paid()}
    assert issued["w3"] == Decimal("3.00")
    ids = {f"c/{recipient}": remote_id for remote_id, recipient, _ in world.paid()}
    assert world.remote_ids() == ids


def test_a_batch_is_proved_by_its_log_while_the_list_is_down(world: LogWorld) -> None:
    world.settings = settings(batch_size=100)
    world.clock.advance(901_000)
    world.strike_after_the_scan(DOWN)
    assert world.apply(wait_s=0).exit_code == 0
    asked = world.asked()
    assert (asked["POST user-bonuses"], asked["GET operations/*/log"]) == (1, 1)


def test_a_list_that_fails_less_often_is_still_the_one_that_proves(world: LogWorld) -> None:
    """Three failures in a row, one less than it takes: no log is read."""
    world.strike_after_the_scan(Fault(name="error_before", on="bonuses", status=503, times=3))
    assert world.apply(slots=1, wait_s=0).exit_code == 0
    assert world.asked()["GET operations/*/log"] == 0


def test_without_list_and_log_a_payment_stays_in_doubt(world: LogWorld) -> None:
    """Each log is asked for once, and the run ends."""
    world.strike_after_the_scan(DOWN, ARCHIVED)
    report = world.apply(wait_s=0)
    assert left(report) == {"c/w1": "in_doubt", "c/w2": "in_doubt", "c/w3": "in_doubt"}
    assert {row.code for row in report.left} == {"REMOTE_SERVICE_UNAVAILABLE"}
    assert world.asked()["GET operations/*/log"] == 3


def test_what_neither_list_nor_log_told_is_settled_once_the_list_is_back(world: LogWorld) -> None:
    world.strike_after_the_scan(DOWN, ARCHIVED)
    world.apply(wait_s=0)
    world.mend()
    world.clock.advance(LATER_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert len(world.paid()) == 4


@pytest.mark.parametrize("forgotten", ["amount", "user_bonus_id"])
def test_a_log_without_amount_or_id_proves_nothing(world: LogWorld, forgotten: str) -> None:
    world.forgotten = forgotten
    world.strike_after_the_scan(DOWN)
    report = world.apply(wait_s=0)
    assert left(report) == {"c/w1": "in_doubt", "c/w2": "in_doubt", "c/w3": "in_doubt"}
    world.mend()
    assert world.issued() == {"c/w0": Decimal("1.00")}


def test_a_log_that_stays_unread_leaves_the_payment_in_doubt(world: LogWorld) -> None:
    """Four tries of each log, and then the list once more: the run comes to its end."""
    world.strike_after_the_scan(DOWN, Fault(name="error_before", on="log"))
    report = world.apply(wait_s=0)
    assert set(left(report).values()) == {"in_doubt"}
    assert world.asked()["GET operations/*/log"] == 12


def test_a_list_that_says_come_back_soon_for_ever_ends_with_the_logs(world: LogWorld) -> None:
    """Five seconds each time: after four refusals in a row the logs are read."""
    world.strike_after_the_scan(Fault(name="too_many", on="bonuses", retry_after_s=5))
    assert world.apply(wait_s=0).exit_code == 0
    assert world.asked()["GET operations/*/log"] == 3


def test_a_missing_entry_is_no_absence_while_the_list_is_down(world: LogWorld) -> None:
    """The operation failed and its log says nothing of the payment: that it was not made needs a list."""
    world.strike_after_the_scan(DOWN, Fault(name="fail", user="w2", code="NO_LOG"))
    report = world.apply(wait_s=0)
    assert left(report) == {"c/w2": "in_doubt"}
    with world.looking() as ledger:
        assert ledger.count_open(1) == 1
