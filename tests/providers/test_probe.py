"""The probe: which reading of operation_id holds in synchronous mode, and what finding out costs."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from reconcile.errors import Refused
from reconcile.model import parse_marker
from reconcile.money import Money
from reconcile.providers.toloka.probe import ProbeResult, Reading, probe_cost, run_probe
from tests.support.world import Fault, Points, SimWire, World, bonus, settings

PROBE = UUID("3f0c7a6e-8f0e-4a57-9d6b-0a4b61f3a001")
SANDBOX = settings().providers[0]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def probe(world: World) -> ProbeResult:
    return run_probe(SimWire(world, Points(), 1), SANDBOX, "w1", probe_id=PROBE)


def test_an_id_that_counts_is_paid_once_and_said_to_be_used(world: World) -> None:
    world.options = replace(world.options, sync_ids_used=True)
    found = probe(world)
    assert (found.reading, found.cost) == (Reading.USED, Money(Decimal("0.005"), "USD"))
    assert found.answers == ((201, ""), (409, "OPERATION_ALREADY_EXISTS"))
    assert found.detail == "two requests under one id paid one bonus"
    assert [number for number, _, _ in world.paid()] == list(found.paid)


def test_an_id_that_does_not_count_is_paid_twice_and_said_to_be_ignored(world: World) -> None:
    found = probe(world)
    assert (found.reading, found.cost) == (Reading.IGNORED, Money(Decimal("0.010"), "USD"))
    assert found.answers == ((201, ""), (201, ""))
    assert len(found.paid) == len(world.paid()) == 2


def test_a_list_that_lags_is_read_again(world: World) -> None:
    world.strike(Fault(name="lag", delay_ms=1_500))
    assert probe(world).reading is Reading.IGNORED


def test_a_refused_first_request_ends_the_probe_at_no_cost(world: World) -> None:
    world.strike(Fault(name="reject", code="ENTITY_DOES_NOT_EXIST"))
    found = probe(world)
    assert (found.reading, found.answers, found.paid) == (Reading.UNKNOWN, ((400, "VALIDATION_ERROR"),), ())
    assert found.detail.startswith("0 bonuses were paid; the requests were answered 400 VALIDATION_ERROR: ")
    assert len([request for request in world.requests if request.method == "POST"]) == 1


@pytest.mark.parametrize("name", ["cut_after", "error_before", "garble"])
def test_an_answer_that_stays_away_proves_no_reading(world: World, name: str) -> None:
    world.strike(Fault(name=name, on="send", nth=(2,)))
    found = probe(world)
    assert found.reading in (Reading.UNKNOWN, Reading.IGNORED)
    assert len(found.paid) == len(world.paid())
    assert (found.reading is Reading.IGNORED) == (len(found.paid) == 2)


def test_a_list_that_cannot_be_read_proves_no_reading(world: World) -> None:
    world.strike(Fault(name="error_before", on="bonuses"))
    assert probe(world).reading is Reading.UNKNOWN


def test_what_it_pays_is_told_before(world: World) -> None:
    cost = probe_cost(SANDBOX, "w1")
    assert (cost.recipient, str(cost.amount), str(cost.amount_max)) == ("w1", "0.005 USD", "0.01 USD")
    assert not world.paid()


@pytest.mark.parametrize("environment", ["production", "yandex"])
def test_real_money_is_refused(world: World, environment: str) -> None:
    with pytest.raises(Refused) as caught:
        run_probe(SimWire(world, Points(), 1), replace(SANDBOX, environment=environment), "w1", probe_id=PROBE)
    assert caught.value.reason == "probe_refused"
    assert not world.requests


def test_a_probe_is_no_bonus_of_a_campaign(world: World) -> None:
    """No marker: a later scan adopts nothing of it, and the worker's own bonus is paid."""
    probe(world)
    comments = world.remote.ledger.connection.execute("SELECT private_comment FROM bonuses").fetchall()
    assert {parse_marker(row[0]) for row in comments} == {None}
    world.desired = [bonus("w1", "1.00")]
    report = world.apply()
    assert (report.exit_code, [item.adopted for item in report.paid]) == (0, [False])
    assert world.issued() == {"c/w1": Decimal("1.00")}
