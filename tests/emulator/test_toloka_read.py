"""Reads: operations, their logs, lists of bonuses with every filter, the requester."""

import uuid
from itertools import pairwise
from typing import Any

import pytest

from tests.emulator.client import Toloka, bonus


def ids(items: list[dict[str, Any]]) -> list[int]:
    return [int(item["id"]) for item in items]


def pay(toloka: Toloka, *users: str) -> None:
    assert toloka.post([bonus(user) for user in users]).status_code == 201


def test_the_requester_is_the_account_that_is_acted_for(toloka: Toloka) -> None:
    assert toloka.get("/requester").json() == {
        "id": toloka.account,
        "balance": 100000,
        "public_name": {"EN": "Emulated requester"},
        "company": {"id": "1", "superintendent_id": toloka.account},
    }


def test_accounts_do_not_see_each_other(toloka: Toloka) -> None:
    once = str(uuid.uuid4())
    toloka.post_async([bonus()], once)
    other = Toloka(toloka.emulator)
    assert other.get("/user-bonuses").json() == {"items": [], "has_more": False}
    assert other.get(f"/operations/{once}").status_code == 404
    other.http.close()


def test_an_unknown_operation_does_not_exist(toloka: Toloka) -> None:
    for path in (f"/operations/{uuid.uuid4()}", f"/operations/{uuid.uuid4()}/log", "/operations/7"):
        answer = toloka.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "DOES_NOT_EXIST")


def test_an_operation_is_found_with_and_without_dashes(toloka: Toloka) -> None:
    once = uuid.uuid4()
    toloka.post_async([bonus()], str(once))
    for spelling in (str(once), once.hex, str(once).upper()):
        assert toloka.get(f"/operations/{spelling}").json()["id"] == str(once)


def test_a_log_echoes_each_item_with_what_became_of_it(toloka: Toloka) -> None:
    items = [bonus("w1", __item_idx="0"), bonus("unknown-1", __item_idx="1", extra={"deep": [1]})]
    once = toloka.post_async(items, skip_invalid_items="true").json()["id"]
    number = toloka.bonuses()[0]["id"]
    assert toloka.get(f"/operations/{once}/log").json() == [
        {
            "type": "USER_BONUS_PERSIST",
            "success": True,
            "input": {"user_id": "w1", "amount": 1.5, "__item_idx": "0"},
            "output": {"user_bonus_id": number},
        },
        {
            "type": "USER_BONUS_VALIDATE",
            "success": False,
            "input": {"user_id": "unknown-1", "amount": 1.5, "__item_idx": "1", "extra": {"deep": [1]}},
            "output": {"user_id": {"code": "ENTITY_DOES_NOT_EXIST", "message": "There is no such user"}},
        },
    ]


def test_logs_are_archived_after_a_month(toloka: Toloka) -> None:
    once = toloka.post_async([bonus()]).json()["id"]
    toloka.emulator.advance(30 * 86_400_000)
    assert toloka.get(f"/operations/{once}/log").status_code == 200
    toloka.emulator.advance(2 * 86_400_000)
    assert toloka.get(f"/operations/{once}/log").json()["code"] == "OPERATION_LOGS_ARCHIVED"
    assert toloka.get(f"/operations/{once}").json()["status"] == "SUCCESS"


def test_operations_are_found_by_status_id_and_time(toloka: Toloka) -> None:
    done = toloka.post_async([bonus()]).json()
    failed = toloka.post_async([bonus("unknown-1")]).json()
    toloka.emulator.set_options(start_ms=60_000)
    toloka.emulator.advance(1)
    pending = toloka.post_async([bonus()]).json()

    def found(**parameters: str) -> list[str]:
        answer = toloka.get("/operations", type="USER_BONUS.BATCH_CREATE", **parameters)
        assert answer.status_code == 200, answer.text
        return [operation["id"] for operation in answer.json()["items"]]

    everything = [done["id"], failed["id"], pending["id"]]
    assert found(sort="id") == sorted(everything)
    assert found(status="SUCCESS") == [done["id"]]
    assert found(status="FAIL") == [failed["id"]]
    assert found(status="PENDING") == [pending["id"]]
    assert set(found(sort="-submitted")[:1]) == {pending["id"]}
    assert found(submitted_gte=pending["submitted"]) == [pending["id"]]
    assert set(found(finished_gte=done["submitted"])) == {done["id"], failed["id"]}
    first = sorted(everything)[0]
    assert found(id_gt=first, sort="id") == sorted(everything)[1:]
    assert toloka.get("/operations", type="POOL.OPEN").json() == {"items": [], "has_more": False}


def test_operations_come_in_pages(toloka: Toloka) -> None:
    everything = sorted(toloka.post_async([bonus()]).json()["id"] for _ in range(5))
    seen: list[str] = []
    more = True
    while more:
        after = {"id_gt": seen[-1]} if seen else {}
        page = toloka.get("/operations", sort="id", limit="2", **after).json()
        seen += [operation["id"] for operation in page["items"]]
        more = page["has_more"]
    assert seen == everything


def test_ids_rise_with_gaps_and_are_compared_as_numbers(toloka: Toloka) -> None:
    pay(toloka, *(f"w{n}" for n in range(90)))
    numbers = ids(toloka.bonuses(limit="300"))
    assert numbers == sorted(numbers)
    assert len({after - before for before, after in pairwise(numbers)}) > 1
    middle = numbers[45]
    assert ids(toloka.bonuses(id_gt=str(middle), limit="300")) == numbers[46:]
    assert ids(toloka.bonuses(id_gte=str(middle), limit="300")) == numbers[45:]
    assert ids(toloka.bonuses(id_lt=str(middle), limit="300")) == numbers[:45]
    assert ids(toloka.bonuses(id_gte=str(numbers[3]), id_lte=str(numbers[5]))) == numbers[3:6]
    assert ids(toloka.bonuses(sort="-id", limit="2")) == numbers[:-3:-1]


def test_a_page_holds_fifty_unless_asked_and_says_if_there_is_more(toloka: Toloka) -> None:
    pay(toloka, *(f"w{n}" for n in range(51)))
    answer = toloka.get("/user-bonuses").json()
    assert (len(answer["items"]), answer["has_more"]) == (50, True)
    assert toloka.get("/user-bonuses", limit="51").json()["has_more"] is False


def test_bonuses_are_found_by_user_assignment_and_comment(toloka: Toloka) -> None:
    toloka.post(bonus("w1", assignment_id="a--1", private_comment="one"))
    toloka.post(bonus("w2", assignment_id="a--2", private_comment="two"))
    for filters in ({"user_id": "w2"}, {"assignment_id": "a--2"}, {"private_comment": "two"}):
        assert [item["user_id"] for item in toloka.bonuses(**filters)] == ["w2"]
    assert toloka.bonuses(user_id="w1", assignment_id="a--2") == []


def test_bonuses_are_found_by_time(toloka: Toloka) -> None:
    pay(toloka, "w1")
    toloka.emulator.advance(5_000)
    pay(toloka, "w2")
    first, second = (item["created"] for item in toloka.bonuses())

    def users(**filters: str) -> list[str]:
        return [item["user_id"] for item in toloka.bonuses(**filters)]

    assert users(created_gt=first) == ["w2"]
    assert users(created_gte=first) == ["w1", "w2"]
    assert users(created_lt=second) == ["w1"]
    assert users(created_lte=second + "Z") == ["w1", "w2"]
    assert users(sort="-created,id") == ["w2", "w1"]


def test_one_bonus_is_read_by_its_id(toloka: Toloka) -> None:
    pay(toloka, "w1")
    (item,) = toloka.bonuses()
    assert toloka.get(f"/user-bonuses/{item['id']}").json() == item
    for number in ("1", "x", "9" * 30):
        assert toloka.get(f"/user-bonuses/{number}").status_code == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "301"),
        ("sort", "amount"),
        ("id_gt", "x"),
        ("created_gte", "yesterday"),
        ("userId", "w1"),
        ("amount_gt", "1"),
    ],
)
def test_a_filter_that_does_not_fit_is_refused(toloka: Toloka, name: str, value: str) -> None:
    answer = toloka.get("/user-bonuses", **{name: value})
    assert answer.status_code == 400
    assert list(answer.json()["payload"]) == [name]


def test_other_addresses_do_not_exist(toloka: Toloka) -> None:
    for path in ("/pools", "/user-bonuses/1/2", "/", "/operations/1/2"):
        assert toloka.get(path).json()["code"] == "DOES_NOT_EXIST"
    assert toloka.http.delete("/user-bonuses/1").status_code == 404
