"""Each fault: what the client sees, and what was paid all the same."""

import json
import time
import uuid
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.emulator.client import Toloka, bonus


def wait_until_paid(toloka: Toloka, count: int) -> None:
    for _ in range(500):
        if len(toloka.paid()) == count:
            return
        time.sleep(0.01)
    raise AssertionError(f"{toloka.paid()} were paid")


# --- the connection ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "paid"),
    [
        ({"name": "cut_before"}, 0),
        ({"name": "cut_after"}, 1),
        ({"name": "cut_after", "executes": False}, 0),
        ({"name": "reset"}, 1),
        ({"name": "truncate"}, 1),
    ],
)
def test_a_connection_that_ends_early_says_nothing(toloka: Toloka, fault: dict[str, Any], paid: int) -> None:
    toloka.emulator.faults([fault])
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        toloka.post_async([bonus()])
    assert len(toloka.paid()) == paid


def test_an_answer_whose_body_is_short_and_says_so_is_no_json(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "shorten"}])
    answer = toloka.post_async([bonus()])
    assert answer.status_code == 201
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert len(toloka.paid()) == 1


def test_a_server_that_hangs_has_paid(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "hang"}])
    hasty = Toloka(toloka.emulator, account=toloka.account, timeout_s=0.2)
    with pytest.raises(httpx.ReadTimeout):
        hasty.post_async([bonus()])
    hasty.http.close()
    assert len(toloka.paid()) == 1


def test_an_answer_that_drips_is_whole_in_the_end(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "drip", "delay_ms": 1, "on": "requester"}])
    assert toloka.get("/requester").json()["id"] == toloka.account
    assert toloka.get("/requester").json()["id"] == toloka.account


def test_a_late_request_pays_after_its_connection_died(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "late", "delay_ms": 60_000}])
    once = str(uuid.uuid4())
    with pytest.raises(httpx.RemoteProtocolError):
        toloka.post_async([bonus()], once)
    assert toloka.paid() == []
    assert toloka.get(f"/operations/{once}").status_code == 404
    assert toloka.emulator.ledger()["late"] == 1
    toloka.emulator.advance(60_000)
    assert toloka.paid() == ["worker"]
    assert toloka.get(f"/operations/{once}").json()["status"] == "SUCCESS"


def test_what_comes_late_is_paid_as_of_its_own_time(toloka: Toloka) -> None:
    """Nobody asks for an hour: the payment is not as young as the next question."""
    first = datetime.fromisoformat(toloka.post(bonus("w1")).json()["created"])
    toloka.emulator.faults([{"name": "late", "delay_ms": 60_000}])
    with pytest.raises(httpx.RemoteProtocolError):
        toloka.post_async([bonus("w2")], str(uuid.uuid4()))
    toloka.emulator.advance(3_600_000)
    (late,) = (row for row in toloka.get("/user-bonuses").json()["items"] if row["user_id"] == "w2")
    assert 60 <= (datetime.fromisoformat(late["created"]) - first).total_seconds() < 600


def test_a_late_request_pays_by_itself_when_its_time_comes(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "late", "delay_ms": 50}])
    with pytest.raises(httpx.RemoteProtocolError):
        toloka.post(bonus())
    wait_until_paid(toloka, 1)


# --- answers that are not the true one -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "code", "paid"),
    [
        ({"name": "error_before"}, 500, "INTERNAL_ERROR", 0),
        ({"name": "error_after"}, 500, "INTERNAL_ERROR", 1),
        ({"name": "error_after", "status": 503}, 503, "REMOTE_SERVICE_UNAVAILABLE", 1),
        ({"name": "refuse", "status": 400, "code": "BILLING_NOT_SYNCHRONIZED"}, 400, "BILLING_NOT_SYNCHRONIZED", 0),
        ({"name": "no_funds"}, 409, "NOT_ENOUGH_BALANCE", 0),
        ({"name": "unauthorized"}, 401, "AUTHENTICATION_ERROR", 0),
        ({"name": "forbidden"}, 403, "ACCESS_DENIED", 0),
    ],
)
def test_an_error_on_request(toloka: Toloka, fault: dict[str, Any], status: int, code: str, paid: int) -> None:
    toloka.emulator.faults([fault])
    answer = toloka.post_async([bonus()])
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(toloka.paid()) == paid


@pytest.mark.parametrize("interval", ["MIN", "HOUR", "DAY"])
def test_too_many_requests_by_interval(toloka: Toloka, interval: str) -> None:
    toloka.emulator.faults([{"name": "too_many", "interval": interval, "retry_after_s": 7}])
    answer = toloka.post_async([bonus()])
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["payload"] == {"interval": interval}


def test_a_proxys_page(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "proxy_page"}])
    answer = toloka.post_async([bonus()])
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    assert toloka.paid() == []


@pytest.mark.parametrize("status", [429, 404, 400])
def test_a_bare_refusal_has_no_body(toloka: Toloka, status: int) -> None:
    toloka.emulator.faults([{"name": "bare", "status": status}])
    answer = toloka.post_async([bonus()])
    assert (answer.status_code, answer.content) == (status, b"")


def test_a_redirect(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "redirect"}])
    answer = toloka.post_async([bonus()])
    assert (answer.status_code, answer.headers["Location"]) == (307, "/moved")
    assert toloka.paid() == []


def test_a_garbled_body_has_its_length_and_no_sense(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "garble"}])
    answer = toloka.post_async([bonus()])
    assert answer.status_code == 201
    with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
        answer.json()
    assert len(toloka.paid()) == 1


def test_an_answer_about_another_operation(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "wrong_id"}])
    once = str(uuid.uuid4())
    assert toloka.post_async([bonus()], once).json()["id"] == "00000000-0000-4000-8000-000000000001"
    assert toloka.get(f"/operations/{once}").json()["details"]["success_count"] == 1


def test_an_answer_whose_counts_do_not_fit(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "wrong_counts"}])
    assert toloka.post_async([bonus()]).json()["details"]["total_count"] == 7
    assert toloka.post([bonus()]).json() == {"items": {}, "validation_errors": {}}
    assert len(toloka.paid()) == 2


# --- operations ----------------------------------------------------------------------------------------------------


def test_an_operation_that_starts_late_and_one_that_runs_long(toloka: Toloka) -> None:
    """The first has not paid while it is PENDING, the second has while it is RUNNING."""
    toloka.emulator.faults(
        [
            {"name": "slow_start", "delay_ms": 3_600_000, "user": "w1"},
            {"name": "slow_run", "delay_ms": 3_600_000, "user": "w2"},
        ]
    )
    statuses = [toloka.post_async([bonus(user)]).json()["status"] for user in ("w1", "w2", "w3")]
    assert statuses == ["PENDING", "RUNNING", "SUCCESS"]
    assert toloka.paid() == ["w2", "w3"]
    toloka.emulator.advance(3_600_000)
    assert sorted(toloka.paid()) == ["w1", "w2", "w3"]


@pytest.mark.parametrize(
    ("fault", "paid", "logged"),
    [
        ({"name": "fail"}, [], 0),
        ({"name": "fail", "made": 1}, ["w1"], 1),
        ({"name": "fail", "made": 1, "code": "NO_LOG"}, ["w1"], 0),
    ],
)
def test_a_failing_operation_may_have_paid(toloka: Toloka, fault: dict[str, Any], paid: list[str], logged: int) -> None:
    toloka.emulator.faults([fault])
    body = toloka.post_async([bonus("w1"), bonus("w2")]).json()
    assert (body["status"], body["details"]["success_count"]) == ("FAIL", len(paid))
    assert toloka.paid() == paid
    assert len(toloka.get(f"/operations/{body['id']}/log").json()) == logged


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("reject", "USER_BONUS_VALIDATE", "VALUE_NOT_ALLOWED"),
        ("reject_payment", "USER_BONUS_PERSIST", "OPERATION_EXECUTION_ERROR"),
    ],
)
def test_items_are_rejected_on_request(toloka: Toloka, name: str, kind: str, code: str) -> None:
    toloka.emulator.faults([{"name": name, "positions": [1]}])
    once = toloka.post_async([bonus("w1"), bonus("w2")], skip_invalid_items="true").json()["id"]
    assert toloka.paid() == ["w1"]
    entry = toloka.get(f"/operations/{once}/log").json()[1]
    assert (entry["type"], entry["success"]) == (kind, False)
    assert entry["output"]["user_id"]["code"] == code


def test_a_log_is_archived_on_request(toloka: Toloka) -> None:
    once = toloka.post_async([bonus()]).json()["id"]
    toloka.emulator.faults([{"name": "log_archived"}])
    answer = toloka.get(f"/operations/{once}/log")
    assert (answer.status_code, answer.json()["code"]) == (409, "OPERATION_LOGS_ARCHIVED")


@pytest.mark.parametrize("kind", ["bonuses", "operations", "operation"])
def test_what_is_young_is_not_shown_by_a_lagging_read(toloka: Toloka, kind: str) -> None:
    once = toloka.post_async([bonus()]).json()["id"]
    path = {"bonuses": "/user-bonuses", "operations": "/operations", "operation": f"/operations/{once}"}[kind]
    toloka.emulator.faults([{"name": "lag", "on": kind, "delay_ms": 60_000}])
    young = toloka.get(path)
    assert young.status_code == 404 or young.json() == {"items": [], "has_more": False}
    toloka.emulator.advance(60_000)
    old = toloka.get(path).json()
    assert old.get("id") == once or len(old["items"]) == 1


@pytest.mark.parametrize("kind", ["bonuses", "operations", "operation", "log", "requester", "bonus"])
def test_each_kind_of_read_can_fail_alone(toloka: Toloka, kind: str) -> None:
    once = toloka.post_async([bonus()]).json()["id"]
    number = toloka.bonuses()[0]["id"]
    paths = {
        "bonuses": "/user-bonuses",
        "operations": "/operations",
        "operation": f"/operations/{once}",
        "log": f"/operations/{once}/log",
        "requester": "/requester",
        "bonus": f"/user-bonuses/{number}",
    }
    toloka.emulator.faults([{"name": "error_before", "on": kind}])
    assert {name: toloka.get(path).status_code for name, path in paths.items()} == {
        name: 500 if name == kind else 200 for name in paths
    }


# --- when ----------------------------------------------------------------------------------------------------------


def test_a_fault_strikes_the_nth_matching_request_and_is_counted(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "error_before", "nth": [2], "user": "w1"}])
    users = ["w1", "w2", "w1", "w1"]
    assert [toloka.post_async([bonus(user)]).status_code for user in users] == [201, 201, 500, 201]
    assert toloka.emulator.ledger()["faults"] == [{"fault": "error_before:nth=2,user=w1", "matched": 3, "struck": 1}]


def test_a_fault_stops_after_its_number_of_times(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "error_before", "times": 2}])
    assert [toloka.post_async([bonus()]).status_code for _ in range(4)] == [500, 500, 201, 201]


def test_the_same_seed_tells_the_same_story(toloka: Toloka) -> None:
    stories = []
    for _ in range(2):
        toloka.emulator.faults([{"name": "error_before", "per_mille": 500}], seed=11)
        stories.append([toloka.post_async([bonus()]).status_code for _ in range(20)])
    assert stories[0] == stories[1]
    assert set(stories[0]) == {201, 500}


def test_latency_delays_the_answer_and_not_the_payment(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "latency", "on": "send", "delay_ms": 60_000}])
    hasty = Toloka(toloka.emulator, account=toloka.account, timeout_s=0.2)
    with pytest.raises(httpx.ReadTimeout):
        hasty.post_async([bonus()])
    hasty.http.close()
    assert toloka.paid() == ["worker"]


def test_a_fault_nobody_knows_is_refused_and_the_others_stay(toloka: Toloka) -> None:
    toloka.emulator.faults([{"name": "error_before"}])
    answer = httpx.post(f"{toloka.emulator.endpoint}/emulator/faults", json={"faults": [{"name": "gremlins"}]})
    assert answer.status_code == 400
    assert answer.json()["payload"]["faults"]["message"].startswith("there is no fault 'gremlins'; there are: bare,")
    assert toloka.post_async([bonus()]).status_code == 500


def test_requests_are_counted_by_kind(toloka: Toloka) -> None:
    before = toloka.emulator.ledger()["requests"]
    toloka.post_async([bonus()])
    toloka.get("/user-bonuses")
    toloka.get("/user-bonuses")
    after = toloka.emulator.ledger()["requests"]
    assert {kind: after[kind] - before[kind] for kind in after if after[kind] != before[kind]} == {
        "send": 1,
        "bonuses": 2,
    }
