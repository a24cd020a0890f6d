"""Faults at MTurk: what is paid, what arrives, and whom each strikes."""

import contextlib
import json
from pathlib import Path

import httpx
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from reconcile.emulator.ledger import Ledger
from reconcile.emulator.mturk.store import Bonus, add_bonus
from reconcile.emulator.options import Options
from reconcile.emulator.page import page
from tests.emulator.client import Toloka, bonus
from tests.emulator.mturk_client import Mturk, post
from tests.support.emulator import EmulatorProcess


@pytest.mark.parametrize(("name", "paid"), [("cut_before", 0), ("cut_after", 1), ("reset", 1)])
def test_a_lost_answer_says_nothing_about_the_payment(mturk: Mturk, name: str, paid: int) -> None:
    mturk.emulator.faults([{"name": name}])
    with pytest.raises(ConnectionClosedError):
        mturk.send()
    assert len(mturk.paid()) == paid


def test_a_request_that_hangs_was_carried_out(mturk: Mturk) -> None:
    impatient = Mturk(mturk.emulator, timeout_s=0.3, account=mturk.account)
    mturk.emulator.faults([{"name": "hang"}])
    with pytest.raises(ReadTimeoutError):
        impatient.send()
    assert len(mturk.paid()) == 1
    impatient.close()


def test_a_late_request_pays_after_its_time(mturk: Mturk) -> None:
    mturk.emulator.faults([{"name": "late", "delay_ms": 3_600_000}])
    with pytest.raises(ConnectionClosedError):
        mturk.send()
    before = len(mturk.paid())
    mturk.emulator.advance(3_600_000)
    assert (before, len(mturk.paid())) == (0, 1)


def test_a_late_request_meets_the_token_of_its_repetition(mturk: Mturk) -> None:
    mturk.emulator.faults([{"name": "late", "delay_ms": 3_600_000, "times": 1}])
    with pytest.raises(ConnectionClosedError):
        mturk.send()
    mturk.send()
    mturk.emulator.advance(3_600_000)
    assert len(mturk.paid()) == 1


def test_a_late_request_that_comes_after_its_tokens_day_pays_again(mturk: Mturk) -> None:
    mturk.emulator.faults([{"name": "late", "delay_ms": 86_460_000, "times": 1}])
    with pytest.raises(ConnectionClosedError):
        mturk.send()
    mturk.send()
    mturk.emulator.advance(86_460_000)
    assert len(mturk.paid()) == 2


def test_a_late_request_that_would_be_refused_pays_nothing(mturk: Mturk) -> None:
    mturk.emulator.set_balance("0.00", account=mturk.account)
    mturk.emulator.faults([{"name": "late", "delay_ms": 1}])
    with pytest.raises(ConnectionClosedError):
        mturk.send()
    mturk.emulator.advance(1_000)
    assert mturk.paid() == []


@pytest.mark.parametrize(("name", "paid"), [("error_before", 0), ("error_after", 1)])
def test_a_service_fault_says_nothing_about_the_payment(mturk: Mturk, name: str, paid: int) -> None:
    mturk.emulator.faults([{"name": name}])
    with pytest.raises(mturk.client.exceptions.ServiceFault) as caught:
        mturk.send()
    assert caught.value.response["TurkErrorCode"] == "AWS.ServiceUnavailable"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert len(mturk.paid()) == paid


@pytest.mark.parametrize(
    ("fault", "status", "error", "code"),
    [
        ({"name": "too_many"}, 400, "ThrottlingException", ""),
        ({"name": "too_many", "code": "RequestLimitExceeded"}, 503, "RequestLimitExceeded", ""),
        ({"name": "no_funds"}, 400, "RequestError", "AWS.MechanicalTurk.InsufficientFunds"),
        ({"name": "unauthorized"}, 403, "UnrecognizedClientException", ""),
        ({"name": "forbidden"}, 403, "AccessDeniedException", ""),
        ({"name": "refuse"}, 400, "RequestError", "AWS.MechanicalTurk.InvalidParameterValue"),
        ({"name": "refuse", "code": "AWS.MechanicalTurk.New"}, 400, "RequestError", "AWS.MechanicalTurk.New"),
        ({"name": "refuse", "code": "OptInRequired", "status": 403}, 403, "OptInRequired", ""),
        ({"name": "reject"}, 400, "RequestError", "AWS.MechanicalTurk.AssignmentDoesNotExist"),
        ({"name": "reject_payment", "code": "AWS.MechanicalTurk.X"}, 400, "RequestError", "AWS.MechanicalTurk.X"),
        ({"name": "error_before", "status": 503}, 503, "ServiceFault", "AWS.ServiceUnavailable"),
        ({"name": "error_before", "code": "InternalFailure"}, 500, "InternalFailure", ""),
        ({"name": "proxy_page"}, 502, "502", ""),
        ({"name": "bare"}, 429, "429", ""),
        ({"name": "redirect"}, 307, "307", ""),
    ],
)
def test_a_refusal_has_awss_form_and_pays_nothing(
    mturk: Mturk, fault: dict[str, object], status: int, error: str, code: str
) -> None:
    mturk.emulator.faults([fault])
    assert mturk.refused(mturk.send)[:3] == (status, error, code)
    assert mturk.paid() == []


@pytest.mark.parametrize(
    ("name", "error"),
    [("error_before", "ServiceFault"), ("too_many", "Throttling"), ("unauthorized", "InvalidClientTokenId")],
)
def test_sts_refuses_in_its_own_words(mturk: Mturk, name: str, error: str) -> None:
    mturk.emulator.faults([{"name": name, "on": "get_caller_identity"}])
    assert mturk.refused(mturk.sts.get_caller_identity)[1] == error


@pytest.mark.parametrize("name", ["garble", "truncate", "shorten"])
def test_a_broken_answer_comes_after_the_payment(mturk: Mturk, name: str) -> None:
    """botocore takes half an answer for a whole one, so its exception is not the claim."""
    mturk.emulator.faults([{"name": name}])
    with contextlib.suppress(ClientError, UnicodeDecodeError):
        mturk.send()
    assert len(mturk.paid()) == 1


def test_boto3_takes_half_a_list_for_an_empty_one(mturk: Mturk) -> None:
    """Why a list without NumResults must never count as read."""
    mturk.send()
    mturk.emulator.faults([{"name": "shorten", "on": "list_bonus_payments"}])
    assert set(mturk.client.list_bonus_payments(AssignmentId="3X")) == {"ResponseMetadata"}


def test_a_dripping_answer_arrives_whole(mturk: Mturk) -> None:
    mturk.send()
    mturk.emulator.faults([{"name": "drip", "on": "get_account_balance", "delay_ms": 1}])
    assert mturk.balance() == "9998.80"


def test_a_list_lags_behind_by_what_the_fault_says(mturk: Mturk) -> None:
    mturk.send()
    mturk.emulator.faults([{"name": "lag", "delay_ms": 60_000}])
    before = len(mturk.listed())
    mturk.emulator.advance(60_000)
    assert (before, len(mturk.listed())) == (0, 1)


def test_a_list_can_fail_to_add_up(mturk: Mturk) -> None:
    mturk.send()
    mturk.emulator.faults([{"name": "wrong_counts", "on": "list_bonus_payments"}])
    answer = mturk.client.list_bonus_payments(AssignmentId="3X1FV8S5J09OQY1JC80W57HTHFJGVM")
    assert (answer["NumResults"], len(answer["BonusPayments"])) == (8, 1)


def test_a_list_can_be_about_another_assignment(mturk: Mturk) -> None:
    mturk.send()
    mturk.emulator.faults([{"name": "wrong_id", "on": "list_bonus_payments"}])
    assert [one["AssignmentId"] for one in mturk.listed()] == ["ANOTHER"]


def test_sts_can_name_another_account(mturk: Mturk) -> None:
    mturk.emulator.faults([{"name": "wrong_id", "on": "get_caller_identity"}])
    assert mturk.sts.get_caller_identity()["Account"] == "999999999999"


def test_a_fault_of_a_worker_strikes_the_bonuses_of_that_worker(mturk: Mturk) -> None:
    mturk.emulator.faults([{"name": "error_before", "user": "A2"}])
    mturk.send(WorkerId="A1", UniqueRequestToken="t1")
    assert mturk.refused(lambda: mturk.send(WorkerId="A2", UniqueRequestToken="t2"))[1] == "ServiceFault"


def test_a_fault_about_sending_strikes_both_providers_unless_it_names_one(mturk: Mturk, toloka: Toloka) -> None:
    mturk.emulator.faults([{"name": "error_before"}])
    assert mturk.refused(mturk.send)[1] == "ServiceFault"
    assert toloka.post(bonus()).json()["code"] == "INTERNAL_ERROR"


def test_a_fault_about_tolokas_sending_leaves_mturk_alone(mturk: Mturk, toloka: Toloka) -> None:
    mturk.emulator.faults([{"name": "error_before", "on": "send"}])
    mturk.send()
    assert toloka.post(bonus()).status_code == 500


def test_a_fault_about_mturks_sending_leaves_its_lists_and_toloka_alone(mturk: Mturk, toloka: Toloka) -> None:
    mturk.emulator.faults([{"name": "error_before", "on": "send_bonus"}])
    assert mturk.refused(mturk.send)[1] == "ServiceFault"
    assert mturk.listed() == []
    assert toloka.post(bonus()).status_code == 201


def test_more_requests_a_second_than_allowed_are_throttled(mturk: Mturk) -> None:
    mturk.emulator.set_options(requests_per_second=1)
    mturk.balance()
    refusals = {mturk.refused(mturk.balance)[:2] for _ in range(3)}
    mturk.emulator.set_options(requests_per_second=0)
    assert refusals == {(400, "ThrottlingException")}


# --- what the emulator shows ---------------------------------------------------------------------------------------


def test_the_control_api_shows_payments_with_their_tokens(mturk: Mturk) -> None:
    request_id = mturk.send(AssignmentId="3A", WorkerId="A1", BonusAmount="2.5")["ResponseMetadata"]["RequestId"]
    (paid,) = mturk.paid()
    assert {name: paid[name] for name in paid.keys() - {"id", "granted"}} == {
        "account": mturk.account,
        "hit_id": "HIT3A",
        "assignment_id": "3A",
        "worker_id": "A1",
        "amount": "2.50",
        "reason": "Great work!",
        "token": "token-1",
        "request_id": request_id,
    }


def test_the_control_api_sums_and_counts(tmp_path_factory: pytest.TempPathFactory) -> None:
    with EmulatorProcess(tmp_path_factory.mktemp("sums") / "ledger.db", {"mturk-signed": False}) as process:
        for amount in ("1.00", "2.55"):
            body = {"WorkerId": "A1", "AssignmentId": "3X", "BonusAmount": amount, "Reason": "r"}
            assert post(process, "SendBonus", body).json() == {}
        ledger = process.ledger()
    assert ledger["mturk"]["sums"] == {"payments": 2, "amount": "3.55"}
    assert ledger["mturk"]["accounts"] == [{"id": "100000000001", "balance": "9995.74"}]
    assert (ledger["requests"]["send_bonus"], ledger["payments"]) == (2, [])


def test_the_page_says_how_many_bonuses_it_does_not_list(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db", first_id=1)
    with ledger.transaction(writes=True):
        for number in range(51):
            paid = Bonus(0, "100000000001", "3HIT", "3A", "A1", "1.00", f"r{number}.", "", number, "id")
            add_bonus(ledger.connection, paid)
        text = page(ledger, Options()).body.decode()
    ledger.close()
    assert "<h2>Newest bonuses of MTurk: 50 of 51</h2>" in text
    assert ("r0." in text, "r1." in text, "r50." in text) == (False, True, True)


@pytest.mark.parametrize("row", [{"id": "3A"}, {"worker_id": "A1"}, {"id": "3A", "worker_id": 7}, 7])
def test_an_assignment_that_makes_no_sense_is_not_registered(mturk: Mturk, row: object) -> None:
    with httpx.Client(trust_env=False) as client:
        answer = client.post(f"{mturk.emulator.endpoint}/emulator/mturk-assignments", json={"assignments": [row]})
    assert answer.status_code == 400


def test_the_page_lists_bonuses_with_everything_escaped(tmp_path_factory: pytest.TempPathFactory) -> None:
    with EmulatorProcess(tmp_path_factory.mktemp("page") / "ledger.db", {"mturk-signed": False}) as process:
        reason = "<script>alert(1)</script>\u202e"
        body = {"WorkerId": "A1", "AssignmentId": "3X", "BonusAmount": "1234.50", "Reason": reason}
        post(process, "SendBonus", json.dumps(body).encode())
        text = httpx.get(f"{process.endpoint}/", trust_env=False).text
    assert "<h2>Newest bonuses of MTurk</h2>" in text
    assert '<td class="number">1,234.50 USD</td>' in text
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "\u202e" not in text


def test_the_page_of_an_emulator_without_mturk_does_not_name_it(
    toloka: Toloka, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with EmulatorProcess(tmp_path_factory.mktemp("plain") / "ledger.db") as process:
        assert "MTurk" not in httpx.get(f"{process.endpoint}/", trust_env=False).text


def test_only_registered_assignments_exist_where_the_option_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    options: dict[str, object] = {"mturk-signed": False, "mturk-registered-only": True}
    with EmulatorProcess(tmp_path_factory.mktemp("registered") / "ledger.db", options) as process:
        process.mturk_assignments({"id": "3A", "worker_id": "A1", "hit_id": "3HIT"})
        body = {"WorkerId": "A1", "BonusAmount": "1.00", "Reason": "r"}
        codes = [post(process, "SendBonus", {**body, "AssignmentId": name}).status_code for name in ("3A", "3B")]
        lists = [post(process, "ListBonusPayments", {"HITId": name}).status_code for name in ("3HIT", "3OTHER")]
    assert (codes, lists) == ([200, 400], [200, 400])


def test_the_credentials_and_the_account_can_be_chosen(tmp_path_factory: pytest.TempPathFactory) -> None:
    options: dict[str, object] = {
        "mturk-account": "300000000003",
        "mturk-access-key": "AKIDOTHER",
        "mturk-secret-key": "another",
        "mturk-balance": "2.00",
        "mturk-fee-percent": 0,
    }
    with EmulatorProcess(tmp_path_factory.mktemp("chosen") / "ledger.db", options) as process:
        client = Mturk(process, secret="another", key="AKIDOTHER")
        client.send(BonusAmount="2.00")
        assert (client.sts.get_caller_identity()["Account"], client.balance()) == ("300000000003", "0.00")
        client.close()
