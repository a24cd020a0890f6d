"""Whole runs on MTurk: lost answers, lost states, the border of the token, payments by hand, equal payments."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.emulator.fault import Fault
from reconcile.protocol.report import Left
from reconcile.render.report_text import render_report_text
from reconcile.state.events import GateOpened, OperationsPrepared
from tests.mturk.mturk_world import HOUR_MS, MINUTE_MS, award, left, lose_state, mturk_world, paid, sends
from tests.support.world import World

ONCE = [("A1", "1.00", "Thank you!")]


def prepared(world: World) -> int:
    """How many operations were journaled."""
    return sum(len(event.operations) for event in world.store.events() if isinstance(event, OperationsPrepared))


def nothing_to_do(world: World) -> bool:
    with world.looking() as ledger:
        plan = world.plan(ledger)
    return not plan.changes and not plan.in_doubt


def by_hand(world: World, worker: str, amount: str, reason: str) -> None:
    """A payment that somebody made beside bonusctl."""
    other = mturk_world(world.folder / "other", award(worker, amount, reason=reason, campaign="by-hand"))
    other.folder.mkdir(exist_ok=True)
    other.clock, other.running = world.clock, world.remote
    assert other.apply().exit_code == 0


# --- the usual way -----------------------------------------------------------------------------------------------------


def test_bonuses_are_paid_and_then_there_is_nothing_to_do(tmp_path: Path) -> None:
    """Two bonuses of one assignment are told apart by their keys."""
    world = mturk_world(tmp_path, award("A1", "1.00"), award("A1", "1.00", key="second"), award("A2", "0.05"))
    assert world.apply().exit_code == 0
    assert sorted(paid(world)) == [*ONCE, *ONCE, ("A2", "0.05", "Thank you!")]
    assert nothing_to_do(world)
    assert world.apply().exit_code == 0
    assert len(paid(world)) == 3


def test_a_new_state_passes_the_gate_at_once(tmp_path: Path) -> None:
    """The token of a payment is the same in every life, so that nothing has to be waited for."""
    world = mturk_world(tmp_path, award("A1", "1.00"))
    assert world.apply(wait_s=0).exit_code == 0
    assert [event.reason for event in world.store.events() if isinstance(event, GateOpened)] == ["singles"]


def test_issued_is_recorded_with_what_the_list_shows(tmp_path: Path) -> None:
    world = mturk_world(tmp_path, award("A1", "1.00"))
    world.apply()
    (name,) = world.remote_ids().values()
    assert name.startswith("3A1@17000000")
    assert world.issued() == {"c/A1": Decimal("1.00")}


# --- answers that stay away --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["cut_after", "cut_before", "error_before", "error_after", "hang", "garble"])
def test_a_lost_answer_pays_once(tmp_path: Path, fault: str) -> None:
    """The same token again, and MTurk itself refuses a repetition."""
    world = mturk_world(tmp_path, award("A1", "1.00"), settle_window_s=60)
    world.strike(Fault(name=fault, on="send_bonus", times=1))
    assert world.apply(wait_s=600).exit_code == 0
    assert paid(world) == ONCE
    assert nothing_to_do(world)


def test_throttling_is_waited_for(tmp_path: Path) -> None:
    world = mturk_world(tmp_path, award("A1", "1.00"))
    world.strike(Fault(name="too_many", on="send_bonus", times=3))
    assert world.apply().exit_code == 0
    assert (paid(world), len(sends(world))) == (ONCE, 4)


def test_a_refusal_is_rejected_with_its_code(tmp_path: Path) -> None:
    world = mturk_world(tmp_path, award("A1", "1.00"))
    world.strike(Fault(name="refuse", on="send_bonus", times=1))
    report = world.apply()
    assert left(report) == {"A1": Left.REJECTED}
    assert report.left[0].code == "AWS.MechanicalTurk.InvalidParameterValue"
    assert world.apply().exit_code == 0
    assert paid(world) == ONCE


def test_out_of_funds_sends_nothing(tmp_path: Path) -> None:
    """1.00 and a fee of 0.20 are more than 1.19."""
    world = mturk_world(tmp_path, award("A1", "1.00"))
    world.options = replace(world.options, mturk_balance=Decimal("1.19"))
    report = world.apply()
    assert (left(report), sends(world)) == ({"A1": Left.FUNDS}, [])
    assert report.waits[0].text.startswith(
        "mturk: the balance is 1.19 USD, and 1 payment needs 1.00 USD + 0.20 USD fees"
    )


def test_a_payment_that_the_list_does_not_show_yet_is_in_doubt_and_then_issued(tmp_path: Path) -> None:
    """`{}` proves it, so that it is not sent again; amount and time come from the list."""
    world = mturk_world(tmp_path, award("A1", "1.00"))
    world.strike(Fault(name="lag", on="list_bonus_payments", delay_ms=HOUR_MS))
    assert left(world.apply()) == {"A1": Left.IN_DOUBT}
    world.strike()
    assert world.apply().exit_code == 0
    assert (paid(world), len(sends(world))) == (ONCE, 1)


def test_the_first_payment_in_doubt_holds_the_others_back(tmp_path: Path) -> None:
    """Whether the list shows payments as they were sent is learned from one, not from thousands."""
    world = mturk_world(tmp_path, award("A1", "1.00"), award("A2", "1.00"))
    world.strike(Fault(name="lag", on="list_bonus_payments", delay_ms=HOUR_MS))
    assert left(world.apply()) == {"A1": Left.IN_DOUBT, "A2": Left.GATE}
    world.strike()
    assert world.apply().exit_code == 0
    assert len(paid(world)) == 2


def test_a_list_that_cannot_be_read_sends_nothing(tmp_path: Path) -> None:
    world = mturk_world(tmp_path, award("A1", "1.00"))
    world.strike(Fault(name="error_before", on="list_bonus_payments"))
    report = world.apply()
    assert (left(report), sends(world)) == ({"A1": Left.SCAN_FAILED}, [])


def test_an_assignment_that_does_not_exist_is_told_and_the_others_are_paid(tmp_path: Path) -> None:
    world = mturk_world(tmp_path, award("A2", "1.00", assignment="MISSING1"), award("A1", "1.00"))
    report = world.apply()
    assert left(report) == {"A2": Left.ASSIGNMENT}
    assert report.left[0].code == "AWS.MechanicalTurk.AssignmentDoesNotExist"
    assert paid(world) == ONCE


# --- the border of the token -------------------------------------------------------------------------------------------


def in_doubt(tmp_path: Path, fault: str) -> World:
    """A bonus whose requests all stayed without an answer: `cut_before` paid nothing, `cut_after` paid it."""
    world = mturk_world(tmp_path, award("A1", "1.00"))
    world.strike(Fault(name=fault, on="send_bonus"), Fault(name="lag", on="list_bonus_payments", delay_ms=40 * HOUR_MS))
    assert left(world.apply(wait_s=0)) == {"A1": Left.IN_DOUBT}
    world.strike()
    return world


@pytest.mark.parametrize(
    ("age_ms", "operations"),
    [(21 * HOUR_MS + 59 * MINUTE_MS - MINUTE_MS, 1), (22 * HOUR_MS + MINUTE_MS, 2)],
    ids=["21:59", "22:01"],
)
def test_under_22_hours_the_same_is_sent_again_and_over_it_absence_decides(
    tmp_path: Path, age_ms: int, operations: int
) -> None:
    """Nothing was paid. Younger, the journaled operation goes out once more; older, it is observed, found to be absent,
    and the payment is planned anew.
    """
    world = in_doubt(tmp_path, "cut_before")
    world.clock.advance(age_ms)
    assert world.apply().exit_code == 0
    assert (prepared(world), paid(world)) == (operations, ONCE)


@pytest.mark.parametrize("hours", [1, 21, 23, 25, 47])
def test_what_was_paid_and_shows_is_never_sent_again(tmp_path: Path, hours: int) -> None:
    """On both sides of 22 and of 24 hours the list comes first."""
    world = in_doubt(tmp_path, "cut_after")
    before = len(sends(world))
    world.clock.advance(hours * HOUR_MS)
    assert world.apply().exit_code == 0
    assert (paid(world), len(sends(world))) == (ONCE, before)


@pytest.mark.parametrize(
    "age_ms", [21 * HOUR_MS + 58 * MINUTE_MS, 22 * HOUR_MS + MINUTE_MS, 23 * HOUR_MS + 50 * MINUTE_MS]
)
def test_what_was_paid_and_does_not_show_yet_is_refused_by_its_token(tmp_path: Path, age_ms: int) -> None:
    """A list that lags for most of a day pays nobody twice: whoever sends again meets the token."""
    world = in_doubt(tmp_path, "cut_after")
    world.strike(Fault(name="lag", on="list_bonus_payments", delay_ms=30 * HOUR_MS))
    world.clock.advance(age_ms)
    assert left(world.apply()) == {"A1": Left.IN_DOUBT}
    assert paid(world) == ONCE
    world.strike()
    assert world.apply().exit_code == 0
    assert paid(world) == ONCE


def test_the_emulator_forgets_a_token_after_24_hours(tmp_path: Path) -> None:
    """What the border is for: the very same request, a day later, pays again."""
    world = mturk_world(tmp_path, award("A1", "1.00"))
    world.apply()
    (request,) = sends(world)
    world.clock.advance(24 * HOUR_MS - MINUTE_MS)
    world.carry_out(request, lambda: None)
    assert paid(world) == ONCE
    world.clock.advance(2 * MINUTE_MS)
    world.carry_out(request, lambda: None)
    assert paid(world) == [*ONCE, *ONCE]


def test_a_refresh_settles_and_sends_nothing(tmp_path: Path) -> None:
    world = in_doubt(tmp_path, "cut_after")
    before = len(sends(world))
    assert world.refresh().exit_code == 0
    assert (world.issued(), len(sends(world))) == ({"c/A1": Decimal("1.00")}, before)


def test_what_the_spec_no_longer_asks_for_is_not_sent_again(tmp_path: Path) -> None:
    """The amount was changed meanwhile: the old payment is observed until it is known not to be there, and only the new
    one is made.
    """
    world = in_doubt(tmp_path, "cut_before")
    world.desired = [award("A1", "2.00")]
    before = len(sends(world))
    assert left(world.apply(wait_s=0)) == {"A1": Left.IN_DOUBT}
    assert len(sends(world)) == before
    world.clock.advance(HOUR_MS)
    assert world.apply().exit_code == 0
    assert paid(world) == [("A1", "2.00", "Thank you!")]


# --- equal payments ----------------------------------------------------------------------------------------------------


def test_two_equal_payments_in_doubt_of_which_one_was_made_are_both_made_in_the_end(tmp_path: Path) -> None:
    """Each is sent again under its own token: MTurk refuses the one and pays the other."""
    world = mturk_world(tmp_path, award("A9", "1.00"))
    world.apply()
    world.desired += [award("A1", "1.00"), award("A1", "1.00", key="second")]
    world.strike(
        Fault(name="cut_after", on="send_bonus", nth=(1,)),
        Fault(name="cut_before", on="send_bonus", nth=tuple(range(2, 40))),
        Fault(name="lag", on="list_bonus_payments", delay_ms=40 * HOUR_MS),
    )
    assert set(left(world.apply(slots=1, wait_s=0)).values()) == {Left.IN_DOUBT}
    assert len(paid(world)) == 2
    world.strike()
    assert world.apply().exit_code == 0
    assert paid(world) == [("A9", "1.00", "Thank you!"), *ONCE, *ONCE]
    assert nothing_to_do(world)


def test_a_bonus_that_waits_for_equal_ones_in_doubt_is_not_called_sent(tmp_path: Path) -> None:
    """A third one of the same worker: nothing of it ever left, and its worker is not paid before the two are settled."""
    world = mturk_world(tmp_path, award("A9", "1.00"))
    world.apply()
    world.desired += [award("A1", "1.00"), award("A1", "1.00", key="second")]
    lost = Fault(name="cut_before", on="send_bonus", nth=tuple(range(2, 40)))
    lag = Fault(name="lag", on="list_bonus_payments", delay_ms=40 * HOUR_MS)
    world.strike(Fault(name="cut_after", on="send_bonus", nth=(1,)), lost, lag)
    world.apply(slots=1, wait_s=0)
    world.desired.append(award("A1", "0.70", key="third"))
    world.clock.advance(23 * HOUR_MS)
    world.strike()
    report = world.apply(wait_s=0)
    (third,) = [row for row in report.left if row.address == "c/A1/3A1#third"]
    assert third.message.startswith("several equal payments to this worker are in doubt, and fewer were made")
    assert "sent, and" not in render_report_text(report)
    assert ("A1", "0.70", "Thank you!") not in paid(world)


# --- payments that this state does not know -------------------------------------------------------------------------------


def test_a_payment_by_hand_puts_its_worker_in_doubt_whatever_its_amount(tmp_path: Path) -> None:
    """It may be the bonus, paid in a life that this state does not know; another worker is paid all the same."""
    world = mturk_world(tmp_path, award("A1", "1.00"), award("A2", "1.00"))
    by_hand(world, "A1", "0.30", "for your patience")
    report = world.apply()
    assert left(report) == {"A1": Left.IN_DOUBT}
    (row,) = report.left
    assert "0.30 USD" in row.message
    assert "state resolve 'c/A1/3A1' --issued" in row.message
    assert [worker for worker, _, _ in paid(world)] == ["A1", "A2"]


def test_a_lost_state_pays_nobody_again(tmp_path: Path) -> None:
    """Without a reference nothing tells whose the payments are: all is in doubt, and nothing is sent."""
    world = mturk_world(tmp_path, award("A1", "1.00"), award("A2", "0.50"))
    world.apply()
    before = len(sends(world))
    lose_state(world)
    assert left(world.apply()) == {"A1": Left.IN_DOUBT, "A2": Left.IN_DOUBT}
    assert len(sends(world)) == before


def test_a_lost_state_and_a_late_request_pay_once(tmp_path: Path) -> None:
    """The request of the first life arrives after that of the second: the token is the same."""
    world = mturk_world(tmp_path, award("A1", "1.00"))
    world.strike(Fault(name="late", on="send_bonus", times=1, delay_ms=10 * MINUTE_MS))
    world.apply(wait_s=0)
    lose_state(world)
    world.strike()
    world.apply(wait_s=0)
    world.clock.advance(HOUR_MS)
    world.apply()
    assert paid(world) == ONCE


def test_a_lost_state_finds_every_payment_again_by_its_reference(tmp_path: Path) -> None:
    """Adopted, not paid; a top-up among it."""
    world = mturk_world(tmp_path, award("A1", "1.00"), award("A2", "0.50"), reason_marker=True, allow_top_up=True)
    world.apply()
    world.desired[0] = award("A1", "1.40")
    assert world.apply().exit_code == 0
    lose_state(world)
    report = world.apply()
    assert (report.exit_code, sorted(str(one.amount) for one in report.paid)) == (0, ["0.40", "0.50", "1.00"])
    assert all(one.adopted for one in report.paid)
    assert [amount for _, amount, _ in paid(world)] == ["1.00", "0.50", "0.40"]
    assert nothing_to_do(world)


def test_a_lost_state_and_a_changed_amount_pay_no_more_than_was_asked_for(tmp_path: Path) -> None:
    """The reference finds what was paid: the difference is a conflict, not a second payment."""
    world = mturk_world(tmp_path, award("A1", "1.00"), reason_marker=True)
    world.apply()
    lose_state(world)
    world.desired = [award("A1", "1.50")]
    assert left(world.apply()) == {"A1": Left.CONFLICT}
    assert [amount for _, amount, _ in paid(world)] == ["1.00"]


def renamed(world: World, *, named: bool) -> None:
    """The state is gone, and the campaign has another name; `named`: the spec says which it had."""
    lose_state(world)
    (row,) = world.desired
    new = award(row.recipient, "1.00", campaign="d")
    world.desired = [new._replace(formerly=row.identity("") if named else None)]


def test_a_lost_state_and_a_former_name_find_the_payment_by_its_reference(tmp_path: Path) -> None:
    """The reference holds the former name's id, which the spec leads to."""
    world = mturk_world(tmp_path, award("A1", "1.00"), reason_marker=True)
    world.apply()
    renamed(world, named=True)
    assert world.apply().exit_code == 0
    assert nothing_to_do(world)
    assert [amount for _, amount, _ in paid(world)] == ["1.00"]


def test_a_reference_to_a_bonus_that_no_spec_names_leaves_its_worker_in_doubt_in_every_run(tmp_path: Path) -> None:
    """It may be this very bonus under an earlier name. Once a spec says so, it counts."""
    world = mturk_world(tmp_path, award("A1", "1.00"), reason_marker=True)
    world.apply()
    former = world.desired[0].identity("")
    renamed(world, named=False)
    assert [left(world.apply()), left(world.apply())] == [{"A1": Left.IN_DOUBT}] * 2
    world.desired = [world.desired[0]._replace(formerly=former)]
    assert world.apply().exit_code == 0
    assert [amount for _, amount, _ in paid(world)] == ["1.00"]


def test_reasons_end_with_a_reference_on_request_only(tmp_path: Path) -> None:
    world = mturk_world(tmp_path, award("A1", "1.00"), reason_marker=True)
    world.apply()
    ((_, _, reason),) = paid(world)
    assert reason.startswith("Thank you! [b:")
    assert len(reason) == len("Thank you!") + len(" [b:") + 22 + len("]")


def test_a_full_refresh_says_what_the_provider_no_longer_shows(tmp_path: Path) -> None:
    world = mturk_world(tmp_path, award("A1", "1.00"))
    world.apply()
    world.clock.advance(HOUR_MS)
    world.strike(Fault(name="lag", on="list_bonus_payments", delay_ms=40 * HOUR_MS))
    report = world.refresh(full_scan=True)
    assert [(one.address, one.listed) for one in report.missing] == [("c/A1/3A1", None)]
