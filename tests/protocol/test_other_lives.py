"""What another life of a state may still pay: operations that end late, heads that were kept too early, minds made up slowly."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.model import Desired, Identity
from reconcile.protocol.report import Left, Report
from reconcile.providers.base import WireRequest, WireResponse, WireResult
from reconcile.settings import Policies, Settings
from reconcile.state.events import StateCarried
from reconcile.state.sqlite import SqliteLedger
from tests.mturk.mturk_world import award, mturk_world
from tests.mturk.mturk_world import paid as paid_at_mturk
from tests.protocol.steps import left, paid, renamed, until_due
from tests.support.world import Fault, World, bonus, settings

WINDOW_MS = 901_000
LAG = Fault(name="lag", on="bonuses", delay_ms=300_000, times=1)
OPERATIONS_LAG = Fault(name="lag", on="operations", delay_ms=300_000, times=1)
SHORT = settings(operation_timeout_s=60)
JUST_ENDED = "toloka: operations at the provider have ended so shortly ago that what they paid may not show yet"


def never_paid() -> Desired:
    """A bonus whose former name was never paid: while it waits, the run does."""
    return bonus("w4", "4.00")._replace(formerly=Identity("", "old", "w4", "", ""))


@pytest.fixture
def two_hours(tmp_path: Path) -> World:
    """w1's operation runs for two hours, its state is gone, w1's bonus is called otherwise, and the first look at list and
    operations came too early to show anything of it.
    """
    world = World(tmp_path, desired=[bonus("w0", "1.00"), bonus("w1", "1.00")], settings=SHORT)
    world.strike(Fault(name="slow_start", user="w1", delay_ms=7_200_000))
    assert left(world.apply(wait_s=0)) == {"c/w1": "in_doubt"}
    world.store.lose()
    world.desired = [bonus("w0", "1.00"), renamed()]
    world.strike(LAG, OPERATIONS_LAG)
    assert "this state is so young" in world.apply(wait_s=0).waits[0].text
    return world


def test_an_operation_that_has_just_ended_holds_former_names_back_while_the_list_lags(two_hours: World) -> None:
    until_due(two_hours, 60_000)
    assert "1 operations at the provider are open" in two_hours.apply(wait_s=0).waits[0].text
    two_hours.clock.advance(90_000)
    two_hours.strike(LAG)
    report = two_hours.apply(wait_s=0)
    assert (left(report), report.waits[0].text.startswith(JUST_ENDED)) == ({"c/w1#award": "gate"}, True)
    two_hours.clock.advance(WINDOW_MS)
    assert two_hours.apply(wait_s=0).exit_code == 0
    assert paid(two_hours) == ["w0", "w1"]


def test_an_operation_that_ends_while_somebody_agrees_holds_former_names_back(two_hours: World) -> None:
    until_due(two_hours, 60_000)
    two_hours.while_asking = lambda: two_hours.clock.advance(300_000)
    assert left(two_hours.apply(wait_s=0)) == {"c/w1#award": "gate"}
    assert paid(two_hours) == ["w0", "w1"]


def test_an_operation_that_ended_since_the_last_scan_holds_former_names_back_in_a_run_without_one(
    two_hours: World,
) -> None:
    until_due(two_hours, 60_000)
    two_hours.apply(wait_s=0)
    two_hours.clock.advance(120_000)
    assert left(two_hours.apply(wait_s=0, scan=False)) == {"c/w1#award": "gate"}
    assert paid(two_hours) == ["w0", "w1"]


def test_a_batch_of_a_lost_state_that_has_just_ended_keeps_the_gate_closed(tmp_path: Path) -> None:
    world = World(tmp_path, desired=[bonus("w0", "1.00")], settings=settings(batch_size=2, operation_timeout_s=60))
    world.apply(wait_s=1_000)
    world.desired = [bonus("w0", "1.00"), bonus("w1", "1.00"), bonus("w2", "1.00")]
    world.strike(Fault(name="slow_start", user="w2", delay_ms=7_200_000))
    world.apply(wait_s=1_000)
    world.store.lose()
    world.desired = [bonus("w0", "1.00"), bonus("w5", "1.00"), bonus("w2", "1.00"), bonus("w1", "1.00")]
    world.strike()
    world.apply(wait_s=0)
    until_due(world, 30_000)
    world.apply(wait_s=0)
    world.clock.advance(60_000)
    world.strike(LAG)
    report = world.apply(wait_s=0)
    assert set(left(report).values()) == {"gate"}
    assert report.waits[0].text.startswith(JUST_ENDED)
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == ["w0", "w1", "w2", "w5"]


# --- other ids than those that opened the gate ---------------------------------------------------------------------


def in_batches(world: World) -> Report:
    """More than one payment goes out in a request from now on, and the list lags once more."""
    world.settings = settings(batch_size=2)
    world.desired = [bonus("w2", "2.00"), bonus("w1", "1.00"), bonus("w3", "3.00")]
    world.strike(LAG)
    return world.apply(wait_s=0)


def lost(tmp_path: Path) -> World:
    """Two were paid, the state is gone; the new one knows w2 alone, by asking for it."""
    world = World(tmp_path, desired=[bonus("w1", "1.00"), bonus("w2", "2.00")])
    world.apply()
    world.store.lose()
    world.desired = [bonus("w2", "2.00")]
    world.strike(LAG)
    world.apply(wait_s=0)
    return world


def test_batches_wait_for_the_window_behind_a_gate_that_singles_opened(tmp_path: Path) -> None:
    world = lost(tmp_path)
    report = in_batches(world)
    assert left(report) == {"c/w1": "gate", "c/w3": "gate"}
    assert "nothing new is sent in 15 min at the earliest" in report.waits[0].text
    world.clock.advance(WINDOW_MS)
    assert left(world.apply(wait_s=0)) == {"c/w3": "gate"}, "what it then finds shows that it was behind"
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == ["w1", "w2", "w3"]


def test_a_head_that_was_kept_within_the_window_is_no_anchor(tmp_path: Path) -> None:
    world = lost(tmp_path)
    with world.looking() as ledger:
        assert isinstance(ledger, SqliteLedger)
        anchored = ledger.open_gates(ledger.head())
        epoch, at_ms = ledger.epoch + 1, world.clock.now_ms()
        ledger.commit([StateCarried(how="restored", reason="", actor="test", epoch=epoch, at_ms=at_ms)])
    assert anchored == frozenset()
    assert set(left(in_batches(world)).values()) == {"gate"}
    assert paid(world) == ["w1", "w2"]


# --- two machines -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["0.60", "1.40"])
def test_what_another_machine_paid_with_another_amount_is_named_a_conflict(tmp_path: Path, asked: str) -> None:
    """The list lags, so that the second machine sends; the provider says that the id exists, and shows 1.00."""
    world = World(tmp_path, desired=[bonus("w1", "1.00"), bonus("w2", "2.00"), bonus("w3", "3.00")])
    world.apply()
    (tmp_path / "b").mkdir()
    second = World(tmp_path / "b", desired=[bonus("w1", asked), *world.desired[1:]], clock=world.clock)
    second.running = world.running
    second.strike(Fault(name="lag", on="bonuses", delay_ms=300_000, times=1))
    report = second.apply()
    assert second.issued() == {"c/w1": Decimal("1.00"), "c/w2": Decimal("2.00"), "c/w3": Decimal("3.00")}
    assert [(row.address, row.why, row.amount, row.message) for row in report.left] == [
        (
            "c/w1",
            Left.CONFLICT,
            Decimal(asked),
            f"the provider shows this payment with 1.00 USD, made elsewhere under the same id; {asked} USD was asked for",
        )
    ]
    assert report.exit_code == 3
    assert [(recipient, amount) for _, recipient, amount in world.paid()] == [
        ("w1", Decimal("1.00")),
        ("w2", Decimal("2.00")),
        ("w3", Decimal("3.00")),
    ]


# --- minds made up slowly --------------------------------------------------------------------------------------------


def paying_elsewhere(world: World, tmp_path: Path, row: Desired) -> Callable[[], None]:
    """While somebody thinks for eleven minutes, another machine pays this."""

    def ask() -> None:
        (tmp_path / "other").mkdir(exist_ok=True)
        other = World(tmp_path / "other", desired=[row], clock=world.clock, running=world.remote)
        other.apply()
        other.store.close()
        world.clock.advance(660_000)

    return ask


@pytest.mark.parametrize("config", [settings(), settings(batch_size=2)], ids=["singles", "batches"])
def test_what_was_paid_under_a_former_name_while_somebody_agreed_is_not_paid_again(
    tmp_path: Path, config: Settings
) -> None:
    world = World(tmp_path, desired=[bonus("w2", "2.00")], settings=config)
    world.apply(wait_s=1_000)
    world.clock.advance(WINDOW_MS)
    world.desired = [bonus("w2", "2.00"), renamed(), never_paid()]
    world.while_asking = paying_elsewhere(world, tmp_path, bonus("w1", "1.00"))
    assert world.apply(wait_s=1_500).exit_code == 0
    assert paid(world) == ["w1", "w2", "w4"]


def test_what_became_a_conflict_while_somebody_agreed_is_named_one(tmp_path: Path) -> None:
    world = World(tmp_path, desired=[bonus("w2", "2.00")])
    world.apply()
    world.clock.advance(WINDOW_MS)
    world.desired = [bonus("w2", "2.00"), renamed(), never_paid()]
    world.while_asking = paying_elsewhere(world, tmp_path, bonus("w1", "1.50"))
    report = world.apply(wait_s=1_500)
    assert left(report) == {"c/w1#award": "conflict"}
    assert [(item.address, item.amount) for item in report.issued()] == [("c/w4", Decimal("4.00"))]
    assert paid(world) == ["w1", "w2", "w4"]


def test_what_was_paid_in_part_while_somebody_agreed_leaves_the_rest_not_approved(tmp_path: Path) -> None:
    """Nobody was asked about a top-up; exit code 0 would say that all is paid."""
    config = replace(settings(), policies=(("USD", Policies(allow_top_up=True)),))
    world = World(tmp_path, desired=[bonus("w2", "2.00")], settings=config)
    world.apply()
    world.clock.advance(WINDOW_MS)
    world.desired = [bonus("w2", "2.00"), renamed()._replace(amount=Decimal("3.00"))]
    world.while_asking = paying_elsewhere(world, tmp_path, bonus("w1", "1.00"))
    report = world.apply(wait_s=1_500)
    assert (report.exit_code, left(report)) == (3, {"c/w1#award": "not_approved"})
    assert [row.amount for row in report.left] == [Decimal("2.00")]
    world.while_asking = lambda: None
    assert world.apply(wait_s=1_500).exit_code == 0
    assert paid(world) == ["w1", "w1", "w2"]


# --- lists and clocks ----------------------------------------------------------------------------------------------


def test_at_mturk_the_assignment_of_a_former_name_is_read_too(tmp_path: Path) -> None:
    world = mturk_world(tmp_path)
    world.desired = [award("A1", "1.00", assignment="OLD")]
    world.apply()
    world.store.lose()
    (row,) = world.desired
    world.desired = [award("A1", "1.00", assignment="NEW")._replace(formerly=row.identity(""))]
    for _ in range(3):
        assert left(world.apply(wait_s=0)) == {"c/A1/NEW": "in_doubt"}
        world.clock.advance(WINDOW_MS)
    assert len(paid_at_mturk(world)) == 1


class Timeless(World):
    """Its provider names no time."""

    def carry_out(self, request: WireRequest, carried_out: Callable[[], None]) -> tuple[WireResult, int]:
        result, delay_ms = World.carry_out(self, request, carried_out)
        if isinstance(result, WireResponse):
            headers = {name: value for name, value in result.headers.items() if name != "date"}
            result = result._replace(headers=headers)
        return result, delay_ms


def test_where_the_provider_names_no_time_our_own_clock_ends_the_wait(tmp_path: Path) -> None:
    world = Timeless(tmp_path, desired=[bonus("w2", "2.00"), never_paid()])
    assert left(world.apply(wait_s=0)) == {"c/w4": "gate"}
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == ["w2", "w4"]


def test_a_batch_of_a_lost_state_that_starts_after_more_than_a_day_is_waited_for(tmp_path: Path) -> None:
    world = World(tmp_path, desired=[bonus("w0", "1.00")], settings=settings(batch_size=2, operation_timeout_s=60))
    world.apply(wait_s=1_000)
    world.desired += [bonus("w1", "1.00"), bonus("w2", "2.00")]
    world.strike(Fault(name="slow_start", user="w2", delay_ms=26 * 3_600_000))
    world.apply(wait_s=1_000)
    world.store.lose()
    world.strike()
    world.settings = settings()
    world.clock.advance(25 * 3_600_000)
    for _ in range(2):
        assert left(world.apply(wait_s=0)) == {"c/w1": "gate", "c/w2": "gate"}
        world.clock.advance(WINDOW_MS)
    world.clock.advance(3 * 3_600_000)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == ["w0", "w1", "w2"]


@pytest.mark.parametrize("days", [0, 2], ids=["within a day", "after days"])
def test_a_batch_of_a_lost_state_that_has_just_ended_counts_however_old_it_is(tmp_path: Path, days: int) -> None:
    """It was submitted long ago, and the list does not show yet what it paid a minute ago."""
    world = World(tmp_path, desired=[bonus("w0", "1.00")], settings=settings(batch_size=2, operation_timeout_s=60))
    world.apply(wait_s=1_000)
    world.desired += [bonus("w1", "1.00"), bonus("w2", "2.00")]
    world.strike(Fault(name="slow_start", user="w2", delay_ms=days * 86_400_000 + 7_200_000))
    world.apply(wait_s=1_000)
    world.store.lose()
    until_due(world, -90_000)
    world.strike(LAG)
    world.settings = settings()
    assert left(world.apply(wait_s=0)) == {"c/w1": "gate", "c/w2": "gate"}
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == ["w0", "w1", "w2"]


def test_what_grew_while_another_machine_paid_it_is_not_approved(tmp_path: Path) -> None:
    """The payment that was agreed to is made; the rest was asked of nobody."""
    config = replace(settings(), policies=(("USD", Policies(allow_top_up=True)),))
    world = World(tmp_path, desired=[bonus("w0", "1.00")], settings=config)
    world.apply()
    world.desired = [bonus("w0", "1.00"), bonus("w1", "1.00"), bonus("w2", "1.00")]
    elsewhere = paying_elsewhere(world, tmp_path, bonus("w1", "1.00"))

    def ask() -> None:
        elsewhere()
        world.desired = [bonus("w0", "1.00"), bonus("w1", "3.00"), bonus("w2", "1.00")]

    world.while_asking = ask
    report = world.apply(wait_s=1_500)
    assert (report.exit_code, left(report)) == (3, {"c/w1": "not_approved"})
    assert [row.amount for row in report.left] == [Decimal("2.00")]
    assert paid(world) == ["w0", "w1", "w2"]
