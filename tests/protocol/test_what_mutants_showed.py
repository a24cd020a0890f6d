"""Rules that no other named test held alone: each was found by switching it off."""

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.protocol.settling import Proofs, from_proofs
from reconcile.providers.base import RemotePayment
from reconcile.providers.registry import make_codec
from reconcile.state.ledger import OperationItem
from tests.support.world import Fault, World, bonus, settings

WINDOW_MS = 901_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, desired=[bonus("w1", "1.00")])
    yield made
    made.close()


def test_what_is_settled_is_the_amount_that_the_provider_shows() -> None:
    item = OperationItem(b"p" * 16, b"b" * 16, "c", "w", "", "", 1, 1, Decimal("1.00"), b"", open=True)
    shown = RemotePayment(
        remote_id="7", recipient="w", assignment_id="", amount=Decimal("0.90"), created_ms=1, comment="", texts=()
    )
    (settled,) = from_proofs((item,), Proofs(found={b"p" * 16: shown}, log={})) or ()
    assert (settled.amount, settled.remote_id) == (Decimal("0.90"), "7")


def test_a_refusal_after_a_send_that_was_carried_out_settles_nothing(world: World) -> None:
    """The first try was executed and its answer lost; the second is refused. It was paid, and is never called rejected."""
    world.strike(Fault(name="error_after", nth=(1,)), Fault(name="refuse", nth=(2,)))
    report = world.apply(wait_s=0)
    assert [left.why for left in report.left if left.why == "rejected"] == []
    world.strike()
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert [(recipient, amount) for _, recipient, amount in world.paid()] == [("w1", Decimal("1.00"))]


def test_a_scan_reads_the_list_to_its_last_page(world: World) -> None:
    """Four hundred payments stand on two pages; a new state adopts them all."""
    world.settings = settings(batch_size=400)
    world.refresh()
    world.clock.advance(WINDOW_MS)
    world.desired = [bonus(f"w{number}", "1.00") for number in range(401)]
    assert world.apply().exit_code == 0
    world.state.unlink()
    world.refresh()
    assert len(world.issued()) == 401


def test_a_scan_looks_back_for_what_became_visible_late(world: World, tmp_path: Path) -> None:
    """An older state scans while the list does not show a payment yet, and once more when it does."""
    world.refresh()
    shutil.copyfile(world.state, tmp_path / "older.db")
    world.apply()
    assert len(world.paid()) == 1
    world.strike(Fault(name="lag", delay_ms=600_000))
    shutil.copyfile(tmp_path / "older.db", world.state)
    world.clock.advance(60_000)
    world.refresh()
    assert world.issued() == {}
    world.clock.advance(900_000)
    world.refresh()
    assert world.issued() == {"c/w1": Decimal("1.00")}


def test_an_asynchronous_id_is_trusted_for_seven_days_and_a_synchronous_one_never() -> None:
    codec = make_codec(settings().providers[0])
    assert codec.promise("async").protection_ms == 604_800_000
    assert codec.promise("sync").protection_ms == 0
