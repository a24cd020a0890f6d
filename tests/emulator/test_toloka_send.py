"""`POST /user-bonuses`: every form of the request, every answer and every refusal."""

import re
import uuid

import pytest

from tests.emulator.client import JSON_TYPE, Toloka, bonus

CONFLICT = (
    "It is not allowed to apply multiple bonuses with the same amount, title, message and comment to same user"
    " in single operation"
)


def errors_of(toloka: Toloka, item: object) -> object:
    answer = toloka.post(item)
    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_ERROR"
    return answer.json()["payload"]


# --- synchronous ---------------------------------------------------------------------------------------------------


def test_a_single_bonus_comes_back_with_id_and_time(toloka: Toloka) -> None:
    answer = toloka.post(bonus(private_comment="thanks", public_title={"EN": "Great"}, assignment_id="a--1"))
    body = answer.json()
    assert answer.status_code == 201
    assert body["id"].isdigit()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", body["created"])
    assert {name: body[name] for name in body if name not in ("id", "created")} == {
        "user_id": "worker",
        "amount": 1.5,
        "private_comment": "thanks",
        "public_title": {"EN": "Great"},
        "assignment_id": "a--1",
        "without_message": False,
    }


def test_a_list_comes_back_by_position(toloka: Toloka) -> None:
    answer = toloka.post([bonus("w1"), bonus("w2")])
    assert answer.status_code == 201
    assert answer.json()["validation_errors"] == {}
    assert {position: item["user_id"] for position, item in answer.json()["items"].items()} == {"0": "w1", "1": "w2"}


def test_valid_items_are_paid_and_the_rest_listed_when_invalid_ones_are_skipped(toloka: Toloka) -> None:
    answer = toloka.post([bonus("w1"), bonus("w2", 0.001), bonus("w3")], skip_invalid_items="true")
    assert sorted(answer.json()["items"]) == ["0", "2"]
    assert answer.json()["validation_errors"] == {
        "1": {
            "amount": {
                "code": "VALUE_LESS_THAN_MIN",
                "message": "Value must be greater or equal to 0.005",
                "params": [0.005],
            }
        }
    }
    assert toloka.paid() == ["w1", "w3"]


def test_one_invalid_item_stops_all_when_none_are_skipped(toloka: Toloka) -> None:
    answer = toloka.post([bonus("w1"), bonus("unknown-1")])
    assert answer.status_code == 400
    assert answer.json()["payload"] == {
        "1": {"user_id": {"code": "ENTITY_DOES_NOT_EXIST", "message": "There is no such user"}}
    }
    assert toloka.paid() == []


def test_everything_invalid_is_an_error_also_when_invalid_items_are_skipped(toloka: Toloka) -> None:
    answer = toloka.post([bonus("unknown-1")], skip_invalid_items="true")
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["payload"]) == ["0"]


def test_an_error_carries_a_request_id(toloka: Toloka) -> None:
    body = toloka.post(bonus(amount=0)).json()
    assert re.fullmatch("[0-9a-f]{32}", body["request_id"])
    assert body["message"] == "Validation failed"


def test_a_hundred_items_are_taken_and_one_more_is_too_many(toloka: Toloka) -> None:
    assert toloka.post([bonus(f"w{n}") for n in range(101)]).status_code == 413
    assert toloka.paid() == []
    assert toloka.post([bonus(f"w{n}") for n in range(100)]).status_code == 201


def test_the_operation_id_is_ignored_in_synchronous_mode(toloka: Toloka) -> None:
    """The default reading: the same id pays again."""
    once = str(uuid.uuid4())
    assert [toloka.post(bonus(), operation_id=once).status_code for _ in range(2)] == [201, 201]
    assert toloka.paid() == ["worker", "worker"]
    assert toloka.get(f"/operations/{once}").status_code == 404


# --- asynchronous --------------------------------------------------------------------------------------------------


def test_an_operation_comes_back_that_may_be_over_already(toloka: Toloka) -> None:
    once = str(uuid.uuid4())
    body = toloka.post_async([bonus()], once, skip_invalid_items="true").json()
    times = {name: body.pop(name) for name in ("submitted", "started", "finished")}
    assert all(re.fullmatch(r"[0-9-]{10}T[0-9:.]{12}", time) for time in times.values())
    assert body == {
        "id": once,
        "type": "USER_BONUS.BATCH_CREATE",
        "status": "SUCCESS",
        "parameters": {"skip_invalid_items": True},
        "progress": 100,
        "details": {
            "total_count": 1,
            "valid_count": 1,
            "not_valid_count": 0,
            "success_count": 1,
            "failed_count": 0,
        },
    }


def test_an_operation_runs_on_by_itself(toloka: Toloka) -> None:
    """PENDING, RUNNING with the bonus already paid, SUCCESS: by the emulator's clock alone."""
    toloka.emulator.set_options(start_ms=60_000, run_ms=60_000)
    once = str(uuid.uuid4())
    pending = toloka.post_async([bonus()], once).json()
    assert (pending["status"], pending["progress"], "started" in pending, "details" in pending) == (
        "PENDING",
        0,
        False,
        False,
    )
    assert toloka.paid() == []
    toloka.emulator.advance(60_000)
    running = toloka.get(f"/operations/{once}").json()
    assert (running["status"], running["progress"], "finished" in running) == ("RUNNING", 50, False)
    assert toloka.paid() == ["worker"]
    toloka.emulator.advance(60_000)
    assert toloka.get(f"/operations/{once}").json()["status"] == "SUCCESS"


def test_a_known_operation_id_is_refused_and_pays_nothing(toloka: Toloka) -> None:
    once = str(uuid.uuid4())
    toloka.post_async([bonus()], once)
    answer = toloka.post_async([bonus("another", 3)], once)
    assert (answer.status_code, answer.json()["code"]) == (409, "OPERATION_ALREADY_EXISTS")
    assert toloka.paid() == ["worker"]
    assert toloka.posts(once) == 2


def test_a_known_operation_id_is_known_in_every_spelling(toloka: Toloka) -> None:
    once = uuid.uuid4()
    toloka.post_async([bonus()], str(once))
    assert toloka.post_async([bonus()], once.hex.upper()).status_code == 409


def test_an_operation_id_is_made_where_none_is_given(toloka: Toloka) -> None:
    body = toloka.post([bonus()], async_mode="true").json()
    assert toloka.get(f"/operations/{body['id']}").json()["status"] == "SUCCESS"


def test_a_thousand_items_are_taken_asynchronously_and_one_more_is_too_many(toloka: Toloka) -> None:
    once = str(uuid.uuid4())
    assert toloka.post_async([bonus(f"w{n}") for n in range(1001)], once).status_code == 413
    assert toloka.post_async([bonus(f"w{n}") for n in range(1000)], once).status_code == 201


def test_a_refused_request_does_not_use_its_operation_id_up(toloka: Toloka) -> None:
    once = str(uuid.uuid4())
    assert toloka.post_async([bonus(), bonus()], once).status_code == 409
    assert toloka.post_async([bonus()], once).status_code == 201


def test_an_operation_whose_only_item_is_invalid_fails(toloka: Toloka) -> None:
    body = toloka.post_async([bonus("unknown-1")], skip_invalid_items="true").json()
    assert body["status"] == "FAIL"
    assert body["details"] == {
        "total_count": 1,
        "valid_count": 0,
        "not_valid_count": 1,
        "success_count": 0,
        "failed_count": 0,
    }


def test_an_operation_pays_all_or_none_unless_invalid_items_are_skipped(toloka: Toloka) -> None:
    items = [bonus("w1"), bonus("unknown-1"), bonus("w2")]
    strict = toloka.post_async(items).json()
    assert (strict["status"], strict["details"]["success_count"], strict["details"]["failed_count"]) == ("FAIL", 0, 2)
    assert toloka.paid() == []
    lenient = toloka.post_async(items, skip_invalid_items="true").json()
    assert (lenient["status"], lenient["details"]["success_count"]) == ("SUCCESS", 2)
    assert toloka.paid() == ["w1", "w2"]


# --- what is wrong with a bonus ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "field", "code"),
    [
        ({"amount": 1}, "user_id", "VALUE_REQUIRED"),
        ({"user_id": "w"}, "amount", "VALUE_REQUIRED"),
        (bonus(amount=0.004), "amount", "VALUE_LESS_THAN_MIN"),
        (bonus(amount=-1), "amount", "VALUE_LESS_THAN_MIN"),
        (bonus(amount=100.001), "amount", "VALUE_GREATER_THAN_MAX"),
        (bonus(amount=1.0001), "amount", "INVALID_VALUE"),
        (bonus(amount="much"), "amount", "FLOAT_EXPECTED"),
        (bonus(amount=True), "amount", "FLOAT_EXPECTED"),
        (bonus("unknown-7"), "user_id", "ENTITY_DOES_NOT_EXIST"),
        (bonus("blocked-7"), "user_id", "ENTITY_ACCESS_DENIED"),
        (bonus(private_comment=7), "private_comment", "STRING_EXPECTED"),
        (bonus(public_title="Great"), "public_title", "OBJECT_EXPECTED"),
        (bonus(public_title={}), "public_title", "EMPTY_OBJECT_NOT_ALLOWED"),
        (bonus(public_message={"english": "Great"}), "public_message", "UNKNOWN_ENUM_VALUE"),
        (bonus(without_message="yes"), "without_message", "BOOLEAN_EXPECTED"),
        (bonus(without_message=True, public_title={"EN": "x"}), "public_title", "VALUE_NOT_ALLOWED"),
    ],
)
def test_a_field_that_does_not_fit_is_named(toloka: Toloka, item: object, field: str, code: str) -> None:
    payload = errors_of(toloka, item)
    assert isinstance(payload, dict)
    assert {name: error["code"] for name, error in payload.items()} == {field: code}


@pytest.mark.parametrize("amount", [0.005, 100, "2.25", 0.125])
def test_amounts_at_the_bounds_are_paid(toloka: Toloka, amount: object) -> None:
    assert toloka.post(bonus(amount=amount)).status_code == 201


def test_an_amount_comes_back_exactly(toloka: Toloka) -> None:
    body = '{"user_id": "w", "amount": 0.290}'
    answer = toloka.http.post("/user-bonuses", content=body, headers=JSON_TYPE)
    assert '"amount":0.29,' in answer.text


def test_two_equal_bonuses_in_one_request_are_a_conflict(toloka: Toloka) -> None:
    """The body is the field's error, without the usual frame."""
    answer = toloka.post([bonus(private_comment="a"), bonus(private_comment="a")])
    assert answer.status_code == 409
    assert answer.json() == {"user_id": {"code": "ENTITY_CONFLICT", "message": CONFLICT}}
    assert toloka.post([bonus(private_comment="a"), bonus(private_comment="b")]).status_code == 201


# --- what is wrong with a request ----------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "[7]", '{"user_id": "w", "amount": NaN}', "[" * 100_000])
def test_a_body_that_is_no_bonus_is_refused(toloka: Toloka, body: str) -> None:
    answer = toloka.http.post("/user-bonuses", content=body, headers=JSON_TYPE)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("async_mode", "yes", "BOOLEAN_EXPECTED"),
        ("skip_invalid_items", "True", "BOOLEAN_EXPECTED"),
        ("operation_id", "7", "UUID_EXPECTED"),
        ("operationId", "7", "VALUE_NOT_ALLOWED"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(toloka: Toloka, name: str, value: str, code: str) -> None:
    answer = toloka.post(bonus(), **{name: value})
    assert answer.status_code == 400
    assert answer.json()["payload"][name]["code"] == code


def test_a_body_of_another_type_is_refused(toloka: Toloka) -> None:
    answer = toloka.http.post("/user-bonuses", content="{}", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_the_balance_falls_with_each_bonus_and_may_not_suffice(toloka: Toloka) -> None:
    assert toloka.get("/requester").json()["balance"] == 100000
    toloka.post(bonus(amount=1.25))
    assert toloka.get("/requester").text.count('"balance":99998.75,') == 1
    toloka.emulator.set_balance("2.00", account=toloka.account)
    answer = toloka.post([bonus("w1", 1), bonus("w2", 1.01)])
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_ENOUGH_BALANCE")
    assert toloka.paid() == ["worker"]
    assert toloka.post([bonus("w1", 1), bonus("w2", 1)]).status_code == 201


def test_a_balance_that_ends_midway_fails_the_rest_of_an_operation(toloka: Toloka) -> None:
    toloka.emulator.set_options(start_ms=60_000)
    toloka.emulator.set_balance("1.00", account=toloka.account)
    first, second = (toloka.post_async([bonus(user, 0.75)]).json()["id"] for user in ("w1", "w2"))
    toloka.emulator.advance(60_000)
    assert toloka.get(f"/operations/{first}").json()["status"] == "SUCCESS"
    assert toloka.get(f"/operations/{second}").json()["details"]["failed_count"] == 1
    (entry,) = toloka.get(f"/operations/{second}/log").json()
    assert (entry["type"], entry["success"]) == ("USER_BONUS_PERSIST", False)
    assert entry["output"]["amount"]["code"] == "NOT_ENOUGH_BALANCE"


def test_the_days_quota_counts_bonus_requests_and_renews_with_the_utc_day(toloka: Toloka) -> None:
    toloka.emulator.set_options(daily_limit=2)
    assert [toloka.post(bonus()).status_code for _ in range(3)] == [201, 201, 429]
    answer = toloka.post(bonus())
    assert answer.json()["code"] == "TOO_MANY_REQUESTS"
    assert answer.json()["payload"] == {"interval": "DAY"}
    assert 0 < int(answer.headers["Retry-After"]) <= 86_400
    assert toloka.get("/user-bonuses").status_code == 200
    toloka.emulator.advance(86_400_000)
    assert toloka.post(bonus()).status_code == 201


def test_more_requests_a_second_than_allowed_are_refused(toloka: Toloka) -> None:
    toloka.emulator.set_options(requests_per_second=1)
    answers = [toloka.get("/requester") for _ in range(30)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["payload"] == {"interval": "MIN"}
