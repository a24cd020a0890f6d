"""The server of the paying benchmarks: enough of Toloka's interface to pay against, and it counts right."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from benchmarks.serving import Serving, serving

ISSUED = [
    '{"id":"5","created":"2023-11-14T22:13:20.000","user_id":"a"}',
    '{"id":"9","created":"2023-11-14T22:13:20.000","user_id":"b"}',
]
BODY = '[{"user_id":"c","amount":1.10},{"user_id":"d","amount":2.00}]'
ID = "2cdbc043-1bbf-54ee-9639-7f4a3f589118"
ASYNC = {"async_mode": "true", "operation_id": ID}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    """A server that has paid two bonuses, 5 and 9, before."""
    issued = tmp_path / "issued.jsonl"
    issued.write_text("".join(f"{line}\n" for line in ISSUED))
    with serving(latency_ms=0, issued=issued) as running:
        yield running


@pytest.fixture
def client(server: Serving) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server.endpoint}/api/v1") as open_client:
        yield open_client


def ids(client: httpx.Client, **query: str) -> tuple[list[str], bool]:
    page = client.get("/user-bonuses", params=query).json()
    return [item["id"] for item in page["items"]], page["has_more"]


def test_an_operation_runs_when_it_is_sent_and_has_ended_when_it_is_looked_at(client: httpx.Client) -> None:
    sent = client.post("/user-bonuses", params=ASYNC, content=BODY)
    assert (sent.status_code, sent.json()["status"]) == (202, "RUNNING")
    assert client.get(f"/operations/{ID}").json()["status"] == "SUCCESS"


def test_an_operation_id_is_carried_out_once(server: Serving, client: httpx.Client) -> None:
    answers = [client.post("/user-bonuses", params=ASYNC, content=BODY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 409]
    counted = server.counted()
    assert (counted.posts, counted.operations, counted.repeats, counted.payments) == (2, 1, 1, 2)


def test_the_log_gives_back_what_was_sent_with_every_digit(client: httpx.Client) -> None:
    client.post("/user-bonuses", params=ASYNC, content=BODY)
    log = client.get(f"/operations/{ID}/log").text
    assert '"input":{"user_id":"c","amount":1.10},"output":{"user_bonus_id":"10"}' in log
    assert '"input":{"user_id":"d","amount":2.00},"output":{"user_bonus_id":"11"}' in log


def test_the_list_goes_on_from_what_was_issued_before_to_what_was_paid_since(client: httpx.Client) -> None:
    client.post("/user-bonuses", params=ASYNC, content=BODY)
    assert ids(client, sort="id", limit="3") == (["5", "9", "10"], True)
    assert ids(client, sort="id", limit="3", id_gt="10") == (["11"], False)
    assert ids(client, sort="id", limit="50", id_gt="5", id_lte="10") == (["9", "10"], False)


def test_the_newest_comes_first_where_it_is_asked_for_so(client: httpx.Client) -> None:
    assert ids(client, sort="-id", limit="1") == (["9"], True)
    client.post("/user-bonuses", params=ASYNC, content=BODY)
    assert ids(client, sort="-id", limit="1") == (["11"], True)
    assert ids(client, sort="-id", limit="1", id_gt="11") == ([], False)


def test_a_synchronous_answer_names_each_bonus(client: httpx.Client) -> None:
    answer = client.post("/user-bonuses", params={"async_mode": "false"}, content=BODY)
    assert answer.status_code == 201
    assert {place: bonus["id"] for place, bonus in answer.json()["items"].items()} == {"0": "10", "1": "11"}


def test_counting_begins_anew_after_a_reset_and_what_was_paid_stays(server: Serving, client: httpx.Client) -> None:
    client.post("/user-bonuses", params=ASYNC, content=BODY)
    server.reset()
    client.post(
        "/user-bonuses",
        params={**ASYNC, "operation_id": ID.replace("2c", "3c")},
        content=json.dumps([{"user_id": "e"}]),
    )
    counted = server.counted()
    assert (counted.requests, counted.posts, counted.operations, counted.payments) == (1, 1, 1, 1)
    assert ids(client, id_gt="9")[0] == ["10", "11", "12"]
