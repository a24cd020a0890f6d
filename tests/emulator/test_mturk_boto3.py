"""boto3's own clients, pointed at the emulator: identity, balance, bonuses, lists, refusals, retries."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.emulator.mturk_client import ASSIGNMENT, WORKER, Mturk
from tests.support.emulator import EmulatorProcess

DAY_MS = 86_400_000


@pytest.fixture
def retrying(mturk: Mturk) -> Iterator[Mturk]:
    """boto3 as it retries by itself: three attempts."""
    client = Mturk(mturk.emulator, attempts=3)
    yield client
    client.close()


# --- whose account, and its money ----------------------------------------------------------------------------------


def test_sts_says_the_account_of_the_credentials(mturk: Mturk) -> None:
    identity = mturk.sts.get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (mturk.account, f"arn:aws:iam::{mturk.account}:user/emulator")


def test_an_account_begins_with_ten_thousand_dollars(mturk: Mturk) -> None:
    assert mturk.balance() == "10000.00"


def test_a_bonus_takes_its_amount_and_a_fifth_from_the_balance(mturk: Mturk) -> None:
    mturk.send(BonusAmount="12.50")
    assert mturk.balance() == "9985.00"


@pytest.mark.parametrize(("amount", "left"), [("0.01", "9999.90"), ("0.05", "9999.70"), ("0.06", "9999.60")])
def test_each_fee_goes_up_to_the_next_cent_and_is_at_least_one(mturk: Mturk, amount: str, left: str) -> None:
    """Five bonuses, so that parts of a cent would show."""
    for number in range(5):
        mturk.send(BonusAmount=amount, UniqueRequestToken=f"t{number}")
    assert mturk.balance() == left


def test_a_balance_that_just_covers_bonus_and_fee_pays(mturk: Mturk) -> None:
    mturk.emulator.set_balance("1.20", account=mturk.account)
    mturk.send(BonusAmount="1.00")
    assert mturk.balance() == "0.00"


def test_a_balance_one_cent_short_pays_nothing(mturk: Mturk) -> None:
    mturk.emulator.set_balance("1.19", account=mturk.account)
    status, error, code, message = mturk.refused(mturk.send)
    assert (status, error, code) == (400, "RequestError", "AWS.MechanicalTurk.InsufficientFunds")
    assert message.startswith("This Requester has insufficient funds in their account to complete this transaction.")
    assert (mturk.balance(), mturk.paid()) == ("1.19", [])


# --- sending -------------------------------------------------------------------------------------------------------


def test_a_bonus_is_paid_without_an_id_in_the_answer(mturk: Mturk) -> None:
    assert set(mturk.send()) == {"ResponseMetadata"}


def test_a_repeated_token_is_an_error_that_names_the_first_request_and_pays_nothing(mturk: Mturk) -> None:
    first = mturk.send()["ResponseMetadata"]["RequestId"]
    with pytest.raises(mturk.client.exceptions.RequestError) as caught:
        mturk.send()
    assert caught.value.response["TurkErrorCode"] == "AWS.MechanicalTurk.DuplicateCall"
    assert caught.value.response["Message"].startswith(
        f'The idempotency token "token-1" has already been processed. Request id: {first} ('
    )
    assert len(mturk.paid()) == 1


def test_a_repeated_token_counts_whatever_else_the_request_asks_for(mturk: Mturk) -> None:
    mturk.send()
    with pytest.raises(mturk.client.exceptions.RequestError, match="already been processed"):
        mturk.send(BonusAmount="2.00", WorkerId="A2", AssignmentId="3OTHER")
    assert [one["amount"] for one in mturk.paid()] == ["1.00"]


def test_a_token_belongs_to_its_account(mturk: Mturk, retrying: Mturk) -> None:
    mturk.send()
    retrying.send()
    assert (len(mturk.paid()), len(retrying.paid())) == (1, 1)


def test_without_a_token_every_request_pays(mturk: Mturk) -> None:
    mturk.send(UniqueRequestToken=None)
    mturk.send(UniqueRequestToken=None)
    assert len(mturk.paid()) == 2


def test_a_refused_bonus_leaves_its_token_free(mturk: Mturk) -> None:
    mturk.emulator.set_balance("0.00", account=mturk.account)
    mturk.refused(mturk.send)
    mturk.emulator.set_balance("5.00", account=mturk.account)
    mturk.send()
    assert len(mturk.paid()) == 1


def test_a_token_a_minute_short_of_a_day_old_still_protects(mturk: Mturk) -> None:
    mturk.send()
    mturk.emulator.advance(DAY_MS - 60_000)
    mturk.refused(mturk.send)
    assert len(mturk.paid()) == 1


def test_a_token_older_than_a_day_is_forgotten_and_the_same_call_pays_again(mturk: Mturk) -> None:
    mturk.send()
    mturk.emulator.advance(DAY_MS)
    mturk.send()
    assert len(mturk.paid()) == 2


def test_a_token_used_again_after_a_day_protects_for_another(mturk: Mturk) -> None:
    mturk.send()
    mturk.emulator.advance(DAY_MS)
    mturk.send()
    mturk.emulator.advance(DAY_MS - 60_000)
    mturk.refused(mturk.send)
    assert len(mturk.paid()) == 2


# --- lists ---------------------------------------------------------------------------------------------------------


def test_a_list_shows_what_was_paid_and_no_token(mturk: Mturk) -> None:
    mturk.send(BonusAmount="1.5", Reason="Große Klasse – 感谢")
    answer = mturk.client.list_bonus_payments(AssignmentId=ASSIGNMENT)
    (shown,) = answer["BonusPayments"]
    granted = shown.pop("GrantTime")
    assert answer["NumResults"] == 1
    assert shown == {
        "WorkerId": WORKER,
        "BonusAmount": "1.50",
        "AssignmentId": ASSIGNMENT,
        "Reason": "Große Klasse – 感谢",
    }
    assert isinstance(granted, datetime)


def test_the_time_of_a_grant_is_the_emulators_in_whole_seconds(mturk: Mturk) -> None:
    mturk.send()
    granted: datetime = mturk.listed()[0]["GrantTime"]
    assert granted.microsecond == 0
    (paid,) = mturk.paid()
    assert datetime.fromisoformat(paid["granted"]).replace(microsecond=0) == granted


def test_a_paginator_reads_every_page_in_the_order_of_payment(mturk: Mturk) -> None:
    for number in range(7):
        mturk.send(Reason=f"reason {number}", UniqueRequestToken=f"t{number}")
    pages = mturk.client.get_paginator("list_bonus_payments").paginate(
        AssignmentId=ASSIGNMENT, PaginationConfig={"PageSize": 3}
    )
    reasons = [[one["Reason"] for one in page["BonusPayments"]] for page in pages]
    assert reasons == [
        ["reason 0", "reason 1", "reason 2"],
        ["reason 3", "reason 4", "reason 5"],
        ["reason 6"],
    ]


def test_after_a_full_last_page_comes_an_empty_one(mturk: Mturk) -> None:
    mturk.send()
    first = mturk.client.list_bonus_payments(AssignmentId=ASSIGNMENT, MaxResults=1)
    second = mturk.client.list_bonus_payments(AssignmentId=ASSIGNMENT, MaxResults=1, NextToken=first["NextToken"])
    assert (first["NumResults"], second["NumResults"], second["BonusPayments"]) == (1, 0, [])
    assert "NextToken" not in second


def test_a_page_has_ten_bonuses_unless_asked_otherwise(mturk: Mturk) -> None:
    for number in range(11):
        mturk.send(UniqueRequestToken=f"t{number}")
    assert mturk.client.list_bonus_payments(AssignmentId=ASSIGNMENT)["NumResults"] == 10


def test_a_list_is_of_one_assignment(mturk: Mturk) -> None:
    mturk.send()
    mturk.send(AssignmentId="3OTHER", UniqueRequestToken="t2")
    assert [one["AssignmentId"] for one in mturk.listed("3OTHER")] == ["3OTHER"]


def test_a_list_is_of_one_account(mturk: Mturk, retrying: Mturk) -> None:
    mturk.send()
    assert retrying.listed() == []


def test_a_list_by_hit_holds_all_of_its_assignments(mturk: Mturk) -> None:
    mturk.emulator.mturk_assignments(
        {"id": "3A", "worker_id": "A1", "hit_id": "3HIT"},
        {"id": "3B", "worker_id": "A2", "hit_id": "3HIT"},
        account=mturk.account,
    )
    mturk.send(AssignmentId="3A", WorkerId="A1", UniqueRequestToken="t1")
    mturk.send(AssignmentId="3B", WorkerId="A2", UniqueRequestToken="t2")
    mturk.send(UniqueRequestToken="t3")
    found = mturk.client.list_bonus_payments(HITId="3HIT")["BonusPayments"]
    assert [one["AssignmentId"] for one in found] == ["3A", "3B"]


def test_an_assignment_that_was_not_registered_is_of_a_hit_named_after_it(mturk: Mturk) -> None:
    mturk.send(AssignmentId="3C")
    assert mturk.client.list_bonus_payments(HITId="HIT3C")["NumResults"] == 1


def test_a_list_of_nothing_is_refused(mturk: Mturk) -> None:
    refused = mturk.refused(mturk.client.list_bonus_payments)
    assert refused[:3] == (400, "RequestError", "AWS.MechanicalTurk.InvalidParameterValue")


@pytest.mark.parametrize("token", ["nonsense", "é", "M09USEVSLy8x", "M1gvL3g="])
def test_a_next_token_of_no_list_or_of_another_is_refused(mturk: Mturk, token: str) -> None:
    refused = mturk.refused(lambda: mturk.client.list_bonus_payments(AssignmentId="3X", NextToken=token))
    assert refused[:3] == (400, "RequestError", "AWS.MechanicalTurk.InvalidParameterValue")


# --- assignments ---------------------------------------------------------------------------------------------------


def test_a_bonus_for_an_assignment_that_does_not_exist_is_refused(mturk: Mturk) -> None:
    status, error, code, message = mturk.refused(lambda: mturk.send(AssignmentId="MISSING1"))
    assert (status, error, code) == (400, "RequestError", "AWS.MechanicalTurk.AssignmentDoesNotExist")
    assert message.startswith("Assignment MISSING1 does not exist. (")
    assert mturk.paid() == []


def test_a_list_of_an_assignment_that_does_not_exist_is_refused(mturk: Mturk) -> None:
    refused = mturk.refused(lambda: mturk.listed("MISSING1"))
    assert refused[:3] == (400, "RequestError", "AWS.MechanicalTurk.AssignmentDoesNotExist")


def test_a_list_of_a_hit_that_does_not_exist_is_refused(mturk: Mturk) -> None:
    refused = mturk.refused(lambda: mturk.client.list_bonus_payments(HITId="MISSING1"))
    assert refused[:3] == (400, "RequestError", "AWS.MechanicalTurk.HITDoesNotExist")


def test_a_registered_assignment_pays_its_own_worker_alone(mturk: Mturk) -> None:
    mturk.emulator.mturk_assignments({"id": "3A", "worker_id": "A1"}, account=mturk.account)
    refused = mturk.refused(lambda: mturk.send(AssignmentId="3A", WorkerId="A2"))
    assert refused[:3] == (400, "RequestError", "AWS.MechanicalTurk.InvalidParameterValue")
    mturk.send(AssignmentId="3A", WorkerId="A1")
    assert [one["worker_id"] for one in mturk.paid()] == ["A1"]


def test_an_assignment_that_appears_later_can_be_paid_with_the_same_token(mturk: Mturk) -> None:
    mturk.refused(lambda: mturk.send(AssignmentId="MISSING1"))
    mturk.emulator.mturk_assignments({"id": "MISSING1", "worker_id": WORKER}, account=mturk.account)
    mturk.send(AssignmentId="MISSING1")
    assert len(mturk.listed("MISSING1")) == 1


# --- boto3's own retries -------------------------------------------------------------------------------------------


def test_boto3_repeats_a_service_fault_by_itself(retrying: Mturk) -> None:
    retrying.emulator.faults([{"name": "error_before", "times": 1}])
    assert retrying.send()["ResponseMetadata"]["RetryAttempts"] == 1
    assert len(retrying.paid()) == 1


def test_boto3_repeats_a_throttled_request_by_itself(retrying: Mturk) -> None:
    retrying.emulator.faults([{"name": "too_many", "times": 1}])
    assert retrying.send()["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_repetition_after_a_lost_answer_meets_its_token(retrying: Mturk) -> None:
    retrying.emulator.faults([{"name": "cut_after", "times": 1}])
    with pytest.raises(retrying.client.exceptions.RequestError, match="already been processed"):
        retrying.send()
    assert len(retrying.paid()) == 1


def test_a_repetition_after_a_lost_answer_without_a_token_pays_twice(retrying: Mturk) -> None:
    """What the token is for."""
    retrying.emulator.faults([{"name": "cut_after", "times": 1}])
    retrying.send(UniqueRequestToken=None)
    assert len(retrying.paid()) == 2


def test_with_one_attempt_boto3_repeats_nothing(mturk: Mturk) -> None:
    mturk.emulator.faults([{"name": "cut_after"}])
    with pytest.raises(ConnectionClosedError):
        mturk.send()
    assert mturk.emulator.ledger()["faults"][0]["matched"] == 1


# --- two emulators, kills ------------------------------------------------------------------------------------------


def test_a_killed_emulator_remembers_payments_and_tokens(
    mturk: Mturk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    with EmulatorProcess(folder / "ledger.db") as process:
        client = Mturk(process)
        client.send()
        process.kill()
        process.start()
        client.refused(client.send)
        assert len(client.listed()) == 1
        client.close()


def test_two_emulators_on_one_ledger_know_each_others_tokens(
    mturk: Mturk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("two") / "ledger.db"
    with EmulatorProcess(path) as one, EmulatorProcess(path) as other:
        first = Mturk(one)
        second = Mturk(other, account=first.account)
        first.send()
        assert second.refused(second.send)[2] == "AWS.MechanicalTurk.DuplicateCall"
        assert len(second.listed()) == 1
        first.close()
        second.close()


def test_one_token_at_two_emulators_at_once_pays_once(mturk: Mturk, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("at_once") / "ledger.db"
    with EmulatorProcess(path) as one, EmulatorProcess(path) as other:
        clients = [Mturk(one, account="300000000000"), Mturk(other, account="300000000000")]

        def send(number: int) -> str:
            try:
                clients[number % 2].send()
            except ClientError as error:
                return str(error.response["Error"]["Code"])
            return "paid"

        with ThreadPoolExecutor(8) as pool:
            outcomes = Counter(pool.map(send, range(16)))
        assert outcomes == {"paid": 1, "RequestError": 15}
        assert [payment["amount"] for payment in one.mturk_payments()] == ["1.00"]
        for client in clients:
            client.close()
