"""Batches and synchronous mode through whole runs: what is sent, what is proved, what waits."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile import identity
from reconcile.protocol.report import Report
from tests.support.world import Crash, Fault, Points, World, bonus, settings

WINDOW_MS = 901_000
ACCOUNT = "toloka/sandbox/e0000000000000000000000000000001"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def begin(world: World, count: int = 4, **changes: object) -> None:
    """`count` bonuses to pay after a first one has been paid and read back, with an open gate."""
    world.settings = settings(**changes)
    world.desired = [bonus("w0", "1.00")]
    world.refresh()
    world.clock.advance(WINDOW_MS)
    assert world.apply().exit_code == 0
    world.desired += [bonus(name, f"{amount:.2f}") for name, amount in everyone(count).items() if name != "w0"]
    world.requests.clear()


def posts(world: World) -> list[str]:
    """The operation ids that were sent, in order."""
    targets = [request.target for request in world.requests if request.method == "POST"]
    return [target.split("operation_id=")[1][:36] for target in targets]


def left(report: Report) -> dict[str, str]:
    return {row.address.removeprefix("c/"): row.why.value for row in report.left}


def paid(world: World) -> dict[str, Decimal]:
    found = {recipient: amount for _, recipient, amount in world.paid()}
    assert len(found) == len(world.paid()), "paid twice"
    return found


def everyone(count: int = 4) -> dict[str, Decimal]:
    return {"w0": Decimal("1.00")} | {f"w{number}": Decimal((number - 1) % 90 + 1) for number in range(1, count + 1)}


MODES = ["async", "sync"]


# --- batches -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_n_payments_in_batches_take_exactly_as_many_requests_as_they_fill(world: World, mode: str) -> None:
    begin(world, 250, mode=mode, batch_size=100)
    report = world.apply()
    assert report.exit_code == 0
    assert len(posts(world)) == len(set(posts(world))) == 3
    assert len(report.issued()) == 250
    assert paid(world) == everyone(250)


def test_a_log_of_a_thousand_entries_and_a_list_of_many_pages_settle_one_operation(world: World) -> None:
    begin(world, 1_000, batch_size=1_000)
    world.strike(Fault(name="reject", positions=(7, 999)))
    report = world.apply()
    assert len(posts(world)) == 1
    assert left(report) == {"w8": "rejected", "w1000": "rejected"}
    assert len(paid(world)) == 999
    assert world.issued() == {f"c/{name}": amount for name, amount in paid(world).items()}


@pytest.mark.parametrize("mode", MODES)
def test_the_plans_operations_are_those_that_are_sent(tmp_path: Path, mode: str) -> None:
    """The first payment of an account goes alone: the plan shows it so, with the ids that go out."""
    world = World(tmp_path, desired=[bonus(f"w{number}", "1.00") for number in range(7)])
    world.settings = settings(mode=mode, batch_size=3)
    world.refresh()
    world.clock.advance(WINDOW_MS)
    report = world.apply(slots=1)
    assert report.plan is not None
    shown = report.plan.operations
    assert [len(operation.payments) for operation in shown] == [1, 3, 3]
    assert [identity.to_text(operation.operation_id or b"") for operation in shown] == posts(world)
    world.desired += [bonus(f"x{number}", "1.00") for number in range(4)]
    world.requests.clear()
    again = world.apply(slots=1)
    assert again.plan is not None
    assert [len(operation.payments) for operation in again.plan.operations] == [3, 1]
    assert [identity.to_text(one.operation_id or b"") for one in again.plan.operations] == posts(world)
    world.close()


@pytest.mark.parametrize("mode", MODES)
def test_a_partial_success_pays_the_valid_and_names_the_rest(world: World, mode: str) -> None:
    begin(world, mode=mode, batch_size=4)
    world.strike(Fault(name="reject", positions=(1,), code="ENTITY_DOES_NOT_EXIST"))
    report = world.apply()
    assert left(report) == {"w2": "rejected"}
    assert report.left[0].code == "ENTITY_DOES_NOT_EXIST"
    assert set(paid(world)) == {"w0", "w1", "w3", "w4"}
    world.strike()
    assert world.apply().exit_code == 0
    assert paid(world) == everyone()


def test_an_item_that_a_batch_rejected_goes_alone_under_its_own_first_id(world: World) -> None:
    begin(world, batch_size=4)
    world.strike(Fault(name="reject", positions=(1,)))
    world.apply()
    world.strike()
    world.apply()
    payment = identity.payment_id(world.desired[2].bonus_id, 1)
    assert posts(world)[-1] == identity.to_text(identity.operation_id(ACCOUNT, [(payment, 1)]))


def test_a_failed_batch_is_settled_item_by_item_and_the_rest_takes_a_new_attempt(world: World) -> None:
    """FAIL proves nothing: two were paid, and absence of the others counts only after the window."""
    begin(world, batch_size=4)
    world.strike(Fault(name="fail", made=2, code="NO_LOG"))
    assert left(world.apply(wait_s=0)) == {f"w{number}": "in_doubt" for number in range(1, 5)}
    world.strike()
    report = world.apply(wait_s=0)
    assert left(report) == {"w3": "in_doubt", "w4": "in_doubt"}
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == everyone()
    payments = [(identity.payment_id(row.bonus_id, 1), 2) for row in world.desired[3:]]
    assert posts(world)[-1] == identity.to_text(identity.operation_id(ACCOUNT, payments))


@pytest.mark.parametrize("mode", MODES)
def test_an_archived_log_of_a_batch_is_settled_from_the_list(world: World, mode: str) -> None:
    """The list lags, so that the log is asked for; that it was archived proves nothing, the list does."""
    begin(world, mode=mode, batch_size=4)
    world.clock.advance(WINDOW_MS)
    world.strike(Fault(name="log_archived"), Fault(name="fail", made=4), Fault(name="lag", delay_ms=60_000))
    # In synchronous mode the answer itself told of each.
    assert set(left(world.apply(wait_s=0)).values()) == ({"in_doubt"} if mode == "async" else set())
    world.clock.advance(WINDOW_MS)
    world.apply(wait_s=0)
    assert world.issued() == {f"c/{name}": amount for name, amount in everyone().items()}
    assert len(posts(world)) == 1


def test_an_operation_that_counts_more_than_the_list_shows_stays_in_doubt(world: World) -> None:
    """The provider says that all were made, and one does not show: they cannot both be whole, so nothing is concluded."""
    begin(world, batch_size=4)
    world.strike(Fault(name="log_archived"), Fault(name="lag", delay_ms=60_000))
    world.apply(wait_s=0)
    world.remote.ledger.connection.execute("DELETE FROM bonuses WHERE user_id = 'w3'")
    world.clock.advance(10 * WINDOW_MS)
    for _ in range(3):
        report = world.apply(wait_s=0)
        world.clock.advance(WINDOW_MS)
    assert left(report) == {"w3": "in_doubt"}
    assert len(posts(world)) == 1


def test_an_operation_that_ended_just_now_is_not_judged_by_a_list_that_lags(world: World) -> None:
    """It was sent long ago and ran on by itself: the window counts from its end."""
    begin(world, batch_size=4)
    world.strike(Fault(name="slow_start", delay_ms=2_000_000), Fault(name="fail", made=2, code="NO_LOG"))
    world.apply(wait_s=0)
    world.clock.advance(2_000_000)
    world.strike(Fault(name="lag", delay_ms=600_000, on="bonuses"))
    assert set(left(world.apply(wait_s=0)).values()) == {"in_doubt"}
    world.strike()
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == everyone()


def test_a_batch_with_a_payment_that_is_no_longer_wanted_is_not_sent_again(world: World) -> None:
    begin(world, batch_size=4)
    world.strike(Fault(name="cut_before"))
    world.apply(wait_s=0)
    world.strike()
    sent = posts(world)
    world.desired = [row for row in world.desired if row.recipient != "w2"]
    world.apply(wait_s=0)
    assert posts(world) == sent
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert set(paid(world)) == {"w0", "w1", "w3", "w4"}


# --- all or none ---------------------------------------------------------------------------------------------------


def test_all_or_none_in_synchronous_mode_rejects_the_bad_one_and_frees_the_good_at_once(world: World) -> None:
    begin(world, mode="sync", batch_size=4, skip_invalid_items=False)
    world.strike(Fault(name="reject", positions=(1,), code="ENTITY_DOES_NOT_EXIST"))
    report = world.apply(wait_s=0)
    assert left(report) == {"w1": "refused", "w2": "rejected", "w3": "refused", "w4": "refused"}
    row = next(row for row in report.left if row.why == "refused")
    assert row.message == "nothing of its request was done: another payment in it was refused"
    assert set(paid(world)) == {"w0"}
    world.strike()
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == everyone()


def test_all_or_none_in_asynchronous_mode_rejects_the_bad_one_and_frees_the_good_after_the_window(world: World) -> None:
    """The log tells of the bad one alone: that the others were not made is proved by their absence."""
    begin(world, batch_size=4, skip_invalid_items=False)
    world.strike(Fault(name="reject", positions=(1,), code="ENTITY_DOES_NOT_EXIST"))
    assert left(world.apply(wait_s=0)) == {f"w{number}": "in_doubt" for number in range(1, 5)}
    world.clock.advance(WINDOW_MS)
    report = world.refresh(wait_s=0)
    assert left(report) == {"w2": "rejected"}
    world.strike()
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == everyone()


# --- synchronous mode ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids_used", [False, True])
@pytest.mark.parametrize("size", [1, 4])
def test_an_ambiguous_synchronous_send_is_never_repeated_only_looked_for(
    world: World, size: int, *, ids_used: bool
) -> None:
    world.options = replace(world.options, sync_ids_used=ids_used)
    begin(world, mode="sync", batch_size=size)
    world.strike(Fault(name="cut_before"))
    world.apply(wait_s=0)
    sent = posts(world)
    assert len(sent) == len(set(sent)) == 4 // size
    world.strike()
    world.clock.advance(WINDOW_MS // 2)
    world.apply(wait_s=0)
    assert posts(world) == sent
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    # Nothing was executed under the ids, so they are the same again.
    assert posts(world) == sent + sent
    assert paid(world) == everyone()


def test_a_synchronous_request_that_is_executed_late_is_found_within_the_window(world: World) -> None:
    begin(world, mode="sync", batch_size=4)
    world.strike(Fault(name="late", delay_ms=800_000))
    assert set(left(world.apply(wait_s=0)).values()) == {"in_doubt"}
    world.strike()
    world.clock.advance(850_000)
    assert world.apply(wait_s=0).exit_code == 0
    assert len(posts(world)) == 1
    assert paid(world) == everyone()


def test_a_known_id_in_synchronous_mode_is_looked_at_by_name(world: World) -> None:
    """Under the reading that ids count, another life's operation answers "exists": its log settles this one."""
    world.options = replace(world.options, sync_ids_used=True)
    begin(world, 1, mode="sync")
    payment = identity.payment_id(world.desired[1].bonus_id, 1)
    raw = identity.operation_id(ACCOUNT, [(payment, 1)])
    world.settings = settings(mode="async")
    world.strike(Fault(name="reject"), Fault(name="cut_after"))
    with pytest.raises(Crash):
        world.apply(Points(die_at=frozenset({24})))
    world.strike()
    world.state.unlink()
    world.settings = settings(mode="sync")
    world.refresh()
    world.clock.advance(10 * WINDOW_MS)
    world.requests.clear()
    report = world.apply(wait_s=0)
    assert posts(world) == [identity.to_text(raw)]
    assert left(report) == {"w1": "rejected"}
    assert world.apply(wait_s=0).exit_code == 0
    assert posts(world)[1] == identity.to_text(identity.operation_id(ACCOUNT, [(payment, 2)]))


@pytest.mark.parametrize("mode", MODES)
def test_a_limit_of_a_minute_is_waited_for_in_every_mode(world: World, mode: str) -> None:
    begin(world, mode=mode, batch_size=2)
    world.strike(Fault(name="too_many", interval="MIN", retry_after_s=7, times=1))
    assert world.apply().exit_code == 0
    assert paid(world) == everyone()


@pytest.mark.parametrize("mode", MODES)
def test_a_comment_cut_short_pays_one_and_never_again(world: World, mode: str) -> None:
    """Without its marker no list can show a payment: in synchronous mode absence would otherwise look like proof."""
    world.options = replace(world.options, comment_max=20)
    world.settings = settings(mode=mode, batch_size=2)
    world.desired = [bonus(f"w{number}", "1.00") for number in range(3)]
    world.refresh()
    for _ in range(3):
        world.clock.advance(10 * WINDOW_MS)
        report = world.apply(wait_s=0)
        assert report.exit_code == 3
    assert len(paid(world)) == 1
    assert left(report) == (
        {"w0": "in_doubt", "w1": "gate", "w2": "gate"} if mode == "sync" else dict.fromkeys(("w1", "w2"), "refused")
    )


# --- from one mode to another --------------------------------------------------------------------------------------


def test_an_operation_that_runs_for_hours_is_not_called_absent_after_a_change_to_synchronous_mode(world: World) -> None:
    begin(world, 1, batch_size=1)
    world.strike(Fault(name="slow_start", delay_ms=20_000_000), Fault(name="cut_after"))
    world.apply(wait_s=0)
    world.strike()
    world.settings = settings(mode="sync")
    for _ in range(4):
        world.clock.advance(2 * WINDOW_MS)
        assert left(world.apply(wait_s=0)) == {"w1": "in_doubt"}
    world.clock.advance(30_000_000)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == everyone(1)


def test_an_ambiguous_synchronous_send_is_not_repeated_after_a_change_to_asynchronous_mode(world: World) -> None:
    begin(world, 1, mode="sync")
    world.strike(Fault(name="late", delay_ms=600_000))
    world.apply(wait_s=0)
    world.strike()
    world.settings = settings(mode="async")
    world.apply(wait_s=0)
    assert len(posts(world)) == 1
    world.clock.advance(WINDOW_MS)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == everyone(1)


def test_a_new_synchronous_state_sees_operations_of_another_life_that_still_run(tmp_path: Path) -> None:
    world = World(tmp_path, desired=[bonus("w1", "1.00")])
    world.strike(Fault(name="slow_start", delay_ms=20_000_000))
    world.apply(wait_s=0)
    world.strike()
    world.state.unlink()
    world.settings = settings(mode="sync")
    for _ in range(3):
        world.clock.advance(2 * WINDOW_MS)
        assert left(world.apply(wait_s=0)) == {"w1": "gate"}
    world.clock.advance(30_000_000)
    assert world.apply(wait_s=0).exit_code == 0
    assert paid(world) == {"w1": Decimal("1.00")}
    world.close()
