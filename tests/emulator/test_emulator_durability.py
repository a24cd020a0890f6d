"""What survives: kills in the middle of everything, restarts, two emulators on one ledger."""

import sqlite3
import threading
import uuid
from collections import Counter
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.emulator.client import JSON_TYPE, Toloka, bonus
from tests.support.emulator import EmulatorProcess, Json


def post_until_it_dies(endpoint: str, operations: list[str], answered: list[str], enough: threading.Event) -> None:
    """Post each operation, noting which were answered; the connection may end at any moment."""
    with httpx.Client(base_url=f"{endpoint}/api/v1", trust_env=False) as client:
        for operation in operations:
            try:
                answer = client.post(
                    "/user-bonuses",
                    params={"async_mode": "true", "operation_id": operation},
                    json=[bonus(operation, 0.25)],
                )
            except httpx.TransportError:
                return
            assert answer.status_code in (201, 409), answer.text
            answered.append(operation)
            if len(answered) >= 40:
                enough.set()


def assert_consistent(ledger: Json) -> None:
    """One payment for each operation that is over, sums and balance that fit."""
    paid = Counter(payment["user_id"] for payment in ledger["payments"])
    assert set(paid.values()) <= {1}
    over = {one["id"] for one in ledger["operations"] if one["status"] == "SUCCESS"}
    assert over <= set(paid)
    assert Decimal(ledger["sums"]["amount"]) == Decimal("0.25") * len(paid)
    (account,) = ledger["accounts"]
    assert Decimal(account["balance"]) == Decimal("100000.00") - Decimal(ledger["sums"]["amount"])


def test_a_kill_in_the_middle_of_concurrent_posts_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    """Ten kills; after each, what was answered is there, and at last every operation paid once."""
    emulator = EmulatorProcess(tmp_path / "ledger.db", {"start-ms": 5, "run-ms": 5})
    everything: list[str] = []
    for _ in range(10):
        emulator.start()
        batches = [[str(uuid.uuid4()) for _ in range(400)] for _ in range(3)]
        answered: list[str] = []
        enough = threading.Event()
        threads = [
            threading.Thread(target=post_until_it_dies, args=(emulator.endpoint, batch, answered, enough))
            for batch in batches
        ]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        assert emulator.kill() == -9
        for thread in threads:
            thread.join()
        everything += answered
    with emulator:
        emulator.advance(60_000)
        ledger = emulator.ledger()
        assert_consistent(ledger)
        assert set(everything) <= {payment["user_id"] for payment in ledger["payments"]}
        statuses = {one["status"] for one in ledger["operations"]}
        assert statuses == {"SUCCESS"}


def test_open_operations_and_late_requests_go_on_after_a_kill(tmp_path: Path) -> None:
    emulator = EmulatorProcess(tmp_path / "ledger.db", {"start-ms": 60_000})
    with emulator:
        toloka = Toloka(emulator)
        once = toloka.post_async([bonus("w1")]).json()["id"]
        emulator.faults([{"name": "late", "delay_ms": 60_000}])
        with pytest.raises(httpx.RemoteProtocolError):
            toloka.post(bonus("w2"))
        emulator.kill()
        emulator.start()
        assert toloka.get(f"/operations/{once}").json()["status"] == "PENDING"
        emulator.advance(61_000)
        assert toloka.get(f"/operations/{once}").json()["status"] == "SUCCESS"
        assert sorted(toloka.paid()) == ["w1", "w2"]
        toloka.http.close()


def test_two_emulators_on_one_ledger_pay_each_operation_once(tmp_path: Path) -> None:
    """Both get every operation, half of them in the other order; the second answer for each is that it exists."""
    db = tmp_path / "ledger.db"
    operations = [str(uuid.uuid4()) for _ in range(100)]
    with EmulatorProcess(db) as first, EmulatorProcess(db) as second:
        answered: list[str] = []
        threads = [
            threading.Thread(target=post_until_it_dies, args=(one.endpoint, order, answered, threading.Event()))
            for one in (first, second)
            for order in (operations, operations[::-1])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answered) == 400
        second.advance(60_000)
        ledger = first.ledger()
    assert_consistent(ledger)
    assert len(ledger["payments"]) == 100
    assert {one["posts"] for one in ledger["operations"]} == {4}


def test_two_emulators_may_make_one_ledger_together(tmp_path: Path) -> None:
    db = tmp_path / "ledger.db"
    together = [EmulatorProcess(db) for _ in range(4)]
    threads = [threading.Thread(target=one.start) for one in together]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert [one.payments() for one in together] == [[], [], [], []]
    finally:
        for one in together:
            one.kill()


def test_a_clean_end_leaves_one_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path / "ledger.db") as emulator:
        toloka = Toloka(emulator)
        toloka.post(bonus())
        toloka.http.close()
        assert emulator.stop() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.db"]
    assert (tmp_path / "ledger.db").stat().st_mode & 0o777 == 0o600


def test_amounts_stand_as_text_in_the_ledger(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path / "ledger.db") as emulator:
        toloka = Toloka(emulator)
        toloka.post(bonus(amount=0.3))
        toloka.http.close()
        emulator.stop()
    connection = sqlite3.connect(tmp_path / "ledger.db")
    assert connection.execute("SELECT amount, typeof(amount) FROM bonuses").fetchall() == [("0.30", "text")]
    assert connection.execute("SELECT balance FROM accounts").fetchall() == [("99999.70",)]
    connection.close()


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("Dear diary, today nobody was paid." * 100)
    with pytest.raises(AssertionError, match="did not start"):
        EmulatorProcess(tmp_path / "ledger.db").start()


# --- other ways to start it ----------------------------------------------------------------------------------------


def test_yandex_pays_roubles_within_its_own_bounds(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path / "ledger.db", {"yandex": True}) as emulator:
        toloka = Toloka(emulator)
        codes = [toloka.post(bonus(amount=amount)).status_code for amount in (4.99, 5, 10_000, 10_000.01, 7.125)]
        toloka.http.close()
        assert codes == [400, 201, 201, 400, 400]
        assert emulator.ledger()["currency"] == "RUB"


def test_a_token_is_asked_for_where_one_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLOKA_TOKEN", "s3cret")
    with EmulatorProcess(tmp_path / "ledger.db", {"token-env": "TOLOKA_TOKEN"}) as emulator:
        url = f"{emulator.api}/requester"
        answers = [
            httpx.get(url, headers={"Authorization": header} if header else {})
            for header in ("", "OAuth other", "Basic s3cret", "OAuth s3cret", "ApiKey s3cret")
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 200, 200]
    assert answers[0].json()["code"] == "AUTHENTICATION_ERROR"


def test_the_forms_of_an_answer_can_be_chosen(tmp_path: Path) -> None:
    """Ids without dashes, times without milliseconds, amounts as text in logs, comments cut short."""
    options: dict[str, object] = {"ids-dashed": False, "created-ms": False, "log-amounts-as-text": True}
    with EmulatorProcess(tmp_path / "l.db", options | {"comment-max": 4, "start-ms": 0, "run-ms": 0}) as emulator:
        toloka = Toloka(emulator)
        once = uuid.uuid4()
        body = toloka.post_async([bonus(private_comment="thanks")], str(once)).json()
        log = toloka.get(f"/operations/{once}/log").json()
        (paid,) = toloka.bonuses()
        toloka.http.close()
    assert (body["id"], len(body["submitted"]), len(paid["created"])) == (once.hex, 19, 19)
    assert log[0]["input"]["amount"] == "1.5"
    assert paid["private_comment"] == "than"


def test_the_operation_id_is_used_once_in_synchronous_mode_where_that_reading_is_chosen(tmp_path: Path) -> None:
    options: dict[str, object] = {"sync-ids-used": True}
    with EmulatorProcess(tmp_path / "ledger.db", options) as emulator:
        toloka = Toloka(emulator)
        once = str(uuid.uuid4())
        codes = [toloka.post(bonus(), operation_id=once).status_code for _ in range(2)]
        shown = toloka.get(f"/operations/{once}").json()
        assert (codes, toloka.paid(), shown["status"]) == ([201, 409], ["worker"], "SUCCESS")
        toloka.http.close()


def test_a_fee_comes_on_top_of_each_bonus(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path / "ledger.db", {"fee-percent": 20, "balance": "3.00"}) as emulator:
        toloka = Toloka(emulator)
        assert toloka.http.post("/user-bonuses", content='{"user_id":"w","amount":0.5}', headers=JSON_TYPE).is_success
        assert toloka.get("/requester").text.count('"balance":2.40,') == 1
        assert toloka.post(bonus("w2", 2.01)).status_code == 409
        toloka.http.close()
