"""Whole runs: what each answer of the provider and each wish of a person comes to."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile import identity
from reconcile.errors import ProviderError, Refused, StateWriteFailed
from reconcile.protocol.engine import Unrecorded
from reconcile.protocol.report import Report
from reconcile.providers.base import WireRequest, WireResponse
from reconcile.settings import Policies
from tests.support.world import Fault, Points, World, bonus, settings


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, desired=[bonus("w1", "1.00"), bonus("w2", "2.00"), bonus("w3", "3.00")])
    yield made
    made.close()


def left(report: Report) -> dict[str, str]:
    return {row.address: row.why.value for row in report.left}


def posts(world: World) -> list[str]:
    """The operation ids that were sent, in order."""
    targets = [request.target for request in world.requests if request.method == "POST"]
    return [target.split("operation_id=")[1][:36] for target in targets]


def paid(world: World) -> dict[str, Decimal]:
    return {recipient: amount for _, recipient, amount in world.paid()}


def _comment(world: World, position: int) -> str:
    """The comment that the first request that was sent carries at a position."""
    body = next(request.body for request in world.requests if request.method == "POST")
    comment: str = json.loads(body)[position]["private_comment"]
    return comment


def _pay_by_hand(world: World, item: dict[str, object]) -> None:
    """Somebody pays at the provider without bonusctl."""
    body = json.dumps([item]).encode()
    answer = world.serve(WireRequest("POST", "/api/v1/user-bonuses?async_mode=false", body), lambda: None)
    assert isinstance(answer, WireResponse)
    assert answer.status == 201


def test_each_bonus_takes_one_request_with_an_id_of_its_own(world: World) -> None:
    report = world.apply()
    assert report.exit_code == 0
    assert [item.address for item in report.issued()] == ["c/w1", "c/w2", "c/w3"]
    assert len(set(posts(world))) == len(posts(world)) == 3


def test_a_second_run_sends_nothing(world: World) -> None:
    world.apply()
    sent = len(posts(world))
    report = world.apply()
    assert (report.exit_code, report.unchanged, len(report.issued())) == (0, 3, 0)
    assert len(posts(world)) == sent


def test_the_operation_id_is_the_one_of_the_account_the_payment_and_the_first_attempt(world: World) -> None:
    world.apply()
    payment = identity.payment_id(world.desired[0].bonus_id, 1)
    account = "toloka/sandbox/e0000000000000000000000000000001"
    assert posts(world)[0] == identity.to_text(identity.operation_id(account, [(payment, 1)]))


def test_a_refused_request_is_rejected_with_its_code_and_asked_again_under_the_same_id(world: World) -> None:
    world.strike(Fault(name="refuse", user="w2", code="VALIDATION_ERROR"))
    report = world.apply()
    assert report.exit_code == 3
    assert left(report) == {"c/w2": "rejected"}
    assert report.left[0].code == "VALIDATION_ERROR"
    world.strike()
    assert world.apply().exit_code == 0
    assert posts(world).count(posts(world)[-1]) == 2
    assert paid(world) == {"w1": Decimal("1.00"), "w2": Decimal("2.00"), "w3": Decimal("3.00")}


def test_an_item_that_an_executed_operation_rejected_takes_a_new_id(world: World) -> None:
    world.strike(Fault(name="reject", user="w2"))
    report = world.apply()
    assert left(report) == {"c/w2": "rejected"}
    world.strike()
    assert world.apply().exit_code == 0
    payment = identity.payment_id(world.desired[1].bonus_id, 1)
    account = "toloka/sandbox/e0000000000000000000000000000001"
    assert posts(world)[-1] == identity.to_text(identity.operation_id(account, [(payment, 2)]))


def test_a_failed_operation_that_paid_all_the_same_is_issued(world: World) -> None:
    world.strike(Fault(name="fail", user="w2", made=1))
    assert world.apply().exit_code == 0
    assert paid(world)["w2"] == Decimal("2.00")


def test_an_archived_log_is_settled_from_the_list(world: World) -> None:
    world.strike(Fault(name="log_archived"))
    assert world.apply().exit_code == 0
    assert world.issued() == {"c/w1": Decimal("1.00"), "c/w2": Decimal("2.00"), "c/w3": Decimal("3.00")}


def test_a_raised_amount_is_a_conflict_unless_top_ups_are_allowed(world: World) -> None:
    world.apply()
    world.desired[0] = bonus("w1", "1.50")
    assert left(world.apply()) == {"c/w1": "conflict"}
    world.settings = replace(settings(), policies=(("USD", Policies(allow_top_up=True)),))
    assert world.apply().exit_code == 0
    assert world.issued()["c/w1"] == Decimal("1.50")
    assert [amount for _, recipient, amount in world.paid() if recipient == "w1"] == [Decimal("1.00"), Decimal("0.50")]


def test_an_edited_amount_meets_its_own_past(world: World) -> None:
    """The answer was lost after the commit, then the spec asks for more: what was paid is found, not paid again."""
    world.strike(Fault(name="cut_after", user="w1"), Fault(name="error_before", on="operation"))
    world.apply(wait_s=0)
    world.strike()
    world.desired[0] = bonus("w1", "9.00")
    report = world.apply(wait_s=0)
    assert left(report) == {"c/w1": "conflict"}
    assert paid(world)["w1"] == Decimal("1.00")


def test_a_second_machine_adopts_what_the_first_paid(world: World, tmp_path: Path) -> None:
    world.apply()
    (tmp_path / "b").mkdir()
    other = World(tmp_path / "b", desired=world.desired, clock=world.clock, running=world.remote)
    report = other.apply()
    assert report.exit_code == 0
    assert not report.issued()
    assert len([item for item in report.paid if item.adopted]) == 3
    assert len(world.paid()) == 3


def test_a_comment_that_comes_back_cut_short_stops_after_one_payment(world: World) -> None:
    world.options = replace(world.options, comment_max=20)
    report = world.apply()
    assert report.exit_code == 3
    assert len(world.paid()) == 1
    assert "without its marker" in report.notes[0]
    assert left(report) == {"c/w2": "refused", "c/w3": "refused"}


def test_refused_credentials_stop_the_run_before_anything_is_sent(world: World) -> None:
    world.strike(Fault(name="unauthorized", on="any"))
    with pytest.raises(ProviderError) as caught:
        world.apply()
    assert caught.value.reason == "access_refused"
    assert not posts(world)


def test_credentials_refused_midway_free_what_was_not_sent(world: World) -> None:
    world.strike(Fault(name="unauthorized", user="w2"))
    report = world.apply(slots=1)
    assert left(report) == {"c/w2": "refused", "c/w3": "refused"}
    world.strike()
    assert world.apply().exit_code == 0


def test_funds_that_run_out_stop_new_payments_and_settle_the_rest(world: World) -> None:
    world.strike(Fault(name="no_funds", user="w3"))
    report = world.apply(slots=1, wait_s=0)
    assert report.exit_code == 3
    assert set(paid(world)) == {"w1", "w2"}
    assert set(left(report)) == {"c/w3"}
    assert [(wait.why.value, wait.until_ms) for wait in report.waits if wait.why.value == "funds"] == [("funds", None)]


def test_a_balance_that_does_not_suffice_sends_nothing_and_says_how_much_is_missing(world: World) -> None:
    world.options = replace(world.options, balance=Decimal("3.50"))
    report = world.apply()
    assert (report.exit_code, world.paid(), posts(world)) == (3, [], [])
    assert left(report) == {"c/w1": "funds", "c/w2": "funds", "c/w3": "funds"}
    assert report.waits[0].text == (
        "toloka: the balance is 3.50 USD, and 3 payments need 6.00 USD + 0.00 USD fees: 2.50 USD is missing. "
        "Nothing new was sent"
    )


def test_the_days_quota_ends_the_run_with_the_rest_waiting(world: World) -> None:
    world.strike(Fault(name="too_many", user="w3", interval="DAY"))
    report = world.apply(slots=1)
    assert left(report) == {"c/w3": "quota"}
    world.strike()
    assert world.apply().exit_code == 0


def test_a_minutes_limit_is_waited_for(world: World) -> None:
    world.strike(Fault(name="too_many", user="w2", interval="MIN", retry_after_s=7, times=1))
    before = world.clock.boot_ms
    assert world.apply().exit_code == 0
    assert world.clock.boot_ms - before >= 7_000


def test_the_configured_limit_of_requests_counts_the_whole_day(world: World) -> None:
    world.settings = settings(daily_request_limit=2)
    assert left(world.apply()) == {"c/w3": "quota"}
    assert left(world.apply()) == {"c/w3": "quota"}
    world.clock.advance(86_400_000)
    assert world.apply().exit_code == 0


def test_a_limit_pays_so_many_and_names_the_rest(world: World) -> None:
    report = world.apply(limit=2)
    assert report.exit_code == 3
    assert left(report) == {"c/w3": "limit"}
    assert set(paid(world)) == {"w1", "w2"}


def test_a_stop_request_settles_what_is_in_flight_and_sends_nothing_new(world: World) -> None:
    world.apply()
    world.desired += [bonus(f"n{number}", "1.00") for number in range(20)]
    world.stop_after = len(world.requests) + 8
    report = world.apply()
    assert report.exit_code == 130
    assert set(left(report).values()) == {"interrupted"}
    assert len(world.paid()) + len(report.left) == 23
    assert {f"c/{name}" for name in paid(world)} == set(world.issued())


def test_a_failed_commit_sends_nothing_more_and_hands_over_what_came_back(tmp_path: Path) -> None:
    for number in range(1, 40):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = World(folder, desired=[bonus(f"w{one}", "1.00") for one in range(5)])
        lines: tuple[str, ...] | None = None
        try:
            world.apply(Points(fail_commit=number))
        except Unrecorded as failed:
            lines = failed.lines
        except StateWriteFailed:
            lines = ()
        if lines is None:
            world.close()
            assert number > 10
            return
        sent = posts(world)
        # What was answered and could not be recorded is handed over, by operation.
        assert all(f'"operation_id": "{sent[-1]}"' in line for line in lines[-1:])
        assert world.apply().exit_code == 0
        assert len(world.paid()) == 5
        world.close()
    raise AssertionError("every commit failed")


def test_a_refresh_never_sends_and_settles_what_it_can_prove(world: World) -> None:
    world.strike(Fault(name="cut_after", user="w1"), Fault(name="error_before", on="operation"))
    world.apply(wait_s=0)
    world.strike()
    sent = len(posts(world))
    report = world.refresh(wait_s=0)
    assert len(posts(world)) == sent
    assert report.exit_code == 0
    assert world.issued() == {"c/w1": Decimal("1.00")}


def test_a_run_without_a_refresh_is_refused_where_it_is_not_safe(world: World) -> None:
    with pytest.raises(Refused, match="the gate is closed"):
        world.apply(scan=False)
    world.apply()
    world.desired.append(bonus("w4", "4.00"))
    assert world.apply(scan=False).exit_code == 0
    world.clock.advance(3_600_000)
    with pytest.raises(Refused, match="an hour old"):
        world.apply(scan=False)


def test_a_scan_that_fails_sends_nothing_and_ends_with_three(world: World) -> None:
    world.strike(Fault(name="error_before", on="bonuses"))
    report = world.apply()
    assert report.exit_code == 3
    assert not posts(world)
    assert set(left(report).values()) == {"scan_failed"}


def test_another_account_behind_the_token_is_refused(world: World) -> None:
    world.apply()
    world.remote.options = replace(world.options, account="e0000000000000000000000000000002")
    with pytest.raises(Refused) as caught:
        world.apply()
    assert caught.value.reason == "account_mismatch"


def test_the_account_that_the_config_means_is_checked_at_every_contact(world: World) -> None:
    world.settings = settings(account="somebody-else")
    with pytest.raises(Refused, match="the config means somebody-else"):
        world.apply()
    assert not posts(world)


def test_two_remote_payments_with_one_marker_raise_an_alarm(world: World) -> None:
    world.apply()
    connection = world.remote.ledger.connection
    connection.execute(
        "INSERT INTO bonuses SELECT id + 500, account, operation, position, user_id, assignment_id, private_comment,"
        " amount, created_ms, json_set(body, '$.id', CAST(id + 500 AS TEXT)) FROM bonuses WHERE user_id = 'w1'"
    )
    report = world.refresh()
    assert report.exit_code == 3
    assert len(report.alarms) == 1
    assert "stands twice at the provider" in report.alarms[0]


def test_many_operations_are_asked_for_with_few_requests(tmp_path: Path) -> None:
    world = World(tmp_path, desired=[bonus(f"w{number}", "1.00") for number in range(200)])
    assert world.apply(slots=8).exit_code == 0
    kinds = [(request.method, request.target.split("?")[0].split("/")[3]) for request in world.requests]
    assert kinds.count(("POST", "user-bonuses")) == 200
    assert len(kinds) < 300
    world.close()


def test_a_question_that_took_an_hour_is_followed_by_a_new_scan(world: World, tmp_path: Path) -> None:
    """Another machine pays w2, as a batch of its own that this run's ids do not know, while a person thinks."""
    world.desired = [bonus("w0", "1.00"), *world.desired]
    world.apply(limit=1)
    (tmp_path / "b").mkdir()
    other = World(tmp_path / "b", desired=[bonus("w2", "2.00")], clock=world.clock, running=world.remote)

    def think() -> None:
        world.clock.advance(3_600_000)
        other.settings = settings(batch_size=2)
        other.apply(wait_s=0)
        world.clock.advance(1_000_000)
        other.apply(wait_s=0)

    world.while_asking = think
    report = world.apply(wait_s=0)
    assert report.exit_code == 0
    assert [item.address for item in report.paid if item.adopted] == ["c/w2"]
    assert len(world.paid()) == 4


def test_a_marker_copied_to_another_worker_counts_for_nobody(world: World) -> None:
    """A stranger's payment with the marker of an open payment is an alarm, and the open one stays what it is."""
    world.strike(Fault(name="cut_before", user="w1"))
    world.apply(wait_s=0)
    world.strike()
    theirs = {"user_id": "stranger", "amount": 0.5, "private_comment": _comment(world, 0)}
    _pay_by_hand(world, theirs)
    report = world.refresh(wait_s=0)
    assert "carries the marker" in report.alarms[0]
    assert world.issued() == {}


def test_a_payment_that_a_person_called_issued_takes_the_providers_id_once_it_shows(world: World) -> None:
    world.strike(Fault(name="hang", user="w1"), Fault(name="error_before", on="operation"))
    world.apply(wait_s=0)
    world.strike()
    world.resolve_issued("w1")
    assert world.apply(wait_s=0).exit_code == 0
    ids = {recipient: remote for remote, recipient, _ in world.paid()}
    assert world.remote_ids()["c/w1"] == ids["w1"]


def test_a_machine_that_stood_still_sends_nothing_before_the_next_scan(world: World) -> None:
    world.apply()
    world.desired += [bonus(f"n{number}", "1.00") for number in range(10)]
    world.sleep_after = len(world.requests) + 6
    report = world.apply(wait_s=0)
    assert report.exit_code == 3
    assert set(left(report).values()) == {"interrupted"}
    assert "stood still" in report.notes[0]
    assert world.apply().exit_code == 0
    assert len(world.paid()) == 13


def test_answers_that_stay_away_end_the_run_after_a_few_tries(tmp_path: Path) -> None:
    world = World(tmp_path, desired=[bonus(f"w{number}", "1.00") for number in range(200)])
    world.apply(limit=1)
    world.strike(Fault(name="hang", executes=False), Fault(name="error_before", on="operation"))
    before = len(posts(world))
    report = world.apply(wait_s=0, slots=4)
    assert report.exit_code == 3
    assert len(posts(world)) - before < 40
    assert "unreachable" in left(report).values()
    world.close()


def test_batches_wait_while_an_operation_that_this_state_does_not_know_is_open(world: World) -> None:
    world.settings = settings(batch_size=2)
    world.desired = world.desired[:1]
    world.clock.advance(1_000_000)
    world.apply(wait_s=0)
    world.clock.advance(1_000_000)
    assert world.apply(wait_s=0).exit_code == 0
    world.desired += [bonus("w2", "2.00"), bonus("w3", "3.00")]
    body = json.dumps([{"user_id": "other", "amount": 1}]).encode()
    world.remote.options = replace(world.options, run_ms=500_000)
    query = "async_mode=true&operation_id=11111111-2222-4333-8444-555555555555"
    world.serve(WireRequest("POST", f"/api/v1/user-bonuses?{query}", body), lambda: None)
    report = world.apply(wait_s=0)
    assert set(left(report).values()) == {"gate"}
    assert "does not know" in report.waits[0].text
    world.clock.advance(600_000)
    assert world.apply(wait_s=0).exit_code == 0


def test_what_a_scan_recorded_before_it_broke_off_is_told(tmp_path: Path) -> None:
    """The state was lost. The first page of the list is taken over, the second stays unread: 300 of 320 are in the report."""
    world = World(tmp_path, desired=[bonus(f"w{number}", "1.00") for number in range(320)])
    world.settings = settings(batch_size=100)
    world.refresh()
    world.clock.advance(901_000)
    assert world.apply().exit_code == 0
    world.store.lose()
    world.strike(Fault(name="error_before", on="bonuses", status=500, nth=tuple(range(2, 1_000))))
    report = world.apply(wait_s=0)
    world.close()
    assert (report.exit_code, len(report.paid), report.paid[0].adopted) == (3, 300, True)
    assert [wait.why.value for wait in report.waits] == ["scan_failed"]
