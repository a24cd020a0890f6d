"""The service model's patterns and lengths, and bodies that are no request."""

from collections.abc import Iterator

import pytest

from tests.emulator.mturk_client import WORKER, Mturk, post
from tests.support.emulator import EmulatorProcess

ENTITY = "Member must satisfy regular expression pattern: ^[A-Z0-9]+$"
CUSTOMER = "Member must satisfy regular expression pattern: ^A[A-Z0-9]+$"
AMOUNT = r"Member must satisfy regular expression pattern: ^[0-9]+(\.)?[0-9]{0,2}$"
LONG = "Member must have length less than or equal to 64"
SHORT = "Member must have length greater than or equal to 1"


@pytest.mark.parametrize(
    ("member", "value", "path", "constraint"),
    [
        ("WorkerId", "B1", "workerId", CUSTOMER),
        ("WorkerId", "a1", "workerId", CUSTOMER),
        ("WorkerId", "A1\n", "workerId", CUSTOMER),
        ("WorkerId", "A" * 65, "workerId", LONG),
        ("AssignmentId", "3x", "assignmentId", ENTITY),
        ("AssignmentId", "3-X", "assignmentId", ENTITY),
        ("AssignmentId", "٣", "assignmentId", ENTITY),
        ("AssignmentId", "3" * 65, "assignmentId", LONG),
        ("BonusAmount", "0.975", "bonusAmount", AMOUNT),
        ("BonusAmount", ".50", "bonusAmount", AMOUNT),
        ("BonusAmount", "-1.00", "bonusAmount", AMOUNT),
        ("BonusAmount", "1e2", "bonusAmount", AMOUNT),
        ("BonusAmount", "$1", "bonusAmount", AMOUNT),
        ("UniqueRequestToken", "", "uniqueRequestToken", SHORT),
        ("UniqueRequestToken", "t" * 65, "uniqueRequestToken", LONG),
    ],
)
def test_a_member_that_breaks_the_model_is_named_with_its_value(
    mturk: Mturk, member: str, value: str, path: str, constraint: str
) -> None:
    refused = mturk.refused(lambda: mturk.send(**{member: value}))
    assert refused == (
        400,
        "ValidationException",
        "",
        f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: {constraint}",
    )
    assert mturk.paid() == []


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("WorkerId", "A" * 64),
        ("WorkerId", "A0"),
        ("AssignmentId", "3" * 64),
        ("AssignmentId", "0"),
        ("UniqueRequestToken", "t" * 64),
        ("UniqueRequestToken", "t"),
        ("Reason", ""),
    ],
)
def test_a_member_at_its_limit_is_taken(mturk: Mturk, member: str, value: str) -> None:
    mturk.send(**{member: value})
    assert len(mturk.paid()) == 1


@pytest.mark.parametrize(
    ("sent", "shown"), [("5", "5.00"), ("5.", "5.00"), ("007.5", "7.50"), ("0.01", "0.01"), ("101.42", "101.42")]
)
def test_every_form_of_an_amount_is_listed_in_whole_cents(mturk: Mturk, sent: str, shown: str) -> None:
    mturk.send(BonusAmount=sent)
    assert [one["BonusAmount"] for one in mturk.listed()] == [shown]


@pytest.mark.parametrize("amount", ["0", "0.00", "1000000000000"])
def test_an_amount_of_nothing_or_of_too_much_is_refused(mturk: Mturk, amount: str) -> None:
    refused = mturk.refused(lambda: mturk.send(BonusAmount=amount))
    assert refused[:3] == (400, "RequestError", "AWS.MechanicalTurk.InvalidParameterValue")


@pytest.mark.parametrize(
    ("member", "path"),
    [("WorkerId", "workerId"), ("AssignmentId", "assignmentId"), ("BonusAmount", "bonusAmount"), ("Reason", "reason")],
)
def test_a_member_that_is_required_and_absent_is_named(mturk: Mturk, member: str, path: str) -> None:
    message = mturk.refused(lambda: mturk.send(**{member: None}))[3]
    assert message == (
        f"1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
    )


def test_every_error_of_a_request_is_named(mturk: Mturk) -> None:
    message = mturk.refused(lambda: mturk.send(WorkerId="B1", AssignmentId="3x"))[3]
    assert message == (
        f"2 validation errors detected: Value 'B1' at 'workerId' failed to satisfy constraint: {CUSTOMER}; "
        f"Value '3x' at 'assignmentId' failed to satisfy constraint: {ENTITY}"
    )


@pytest.mark.parametrize(("results", "bound"), [(0, "greater than or equal to 1"), (101, "less than or equal to 100")])
def test_a_page_of_too_few_or_too_many_is_refused(mturk: Mturk, results: int, bound: str) -> None:
    refused = mturk.refused(lambda: mturk.client.list_bonus_payments(AssignmentId="3X", MaxResults=results))
    assert refused[1] == "ValidationException"
    assert refused[3].endswith(
        f"Value '{results}' at 'maxResults' failed to satisfy constraint: Member must have value {bound}"
    )


def test_a_next_token_longer_than_the_model_allows_is_refused(mturk: Mturk) -> None:
    refused = mturk.refused(lambda: mturk.client.list_bonus_payments(AssignmentId="3X", NextToken="t" * 256))
    assert refused[1] == "ValidationException"


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """An emulator that looks at no signature."""
    with EmulatorProcess(tmp_path_factory.mktemp("unsigned") / "ledger.db", {"mturk-signed": False}) as process:
        yield process


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("SendBonus", b"{"),
        ("SendBonus", b"[]"),
        ("SendBonus", b""),
        ("SendBonus", b"\xff"),
        ("SendBonus", b"[" * 100_000),
        ("SendBonus", {"WorkerId": 7, "AssignmentId": "3X", "BonusAmount": "1.00", "Reason": "r"}),
        ("SendBonus", {"WorkerId": WORKER, "AssignmentId": "3X", "BonusAmount": 1.5, "Reason": "r"}),
        ("SendBonus", b'{"WorkerId": "A1", "AssignmentId": "3X", "BonusAmount": "1.00", "Reason": "\\ud800"}'),
        ("ListBonusPayments", {"AssignmentId": "3X", "MaxResults": "10"}),
        ("ListBonusPayments", {"AssignmentId": ["3X"]}),
        ("GetAccountBalance", b"7"),
    ],
)
def test_a_body_of_another_kind_is_refused(unsigned: EmulatorProcess, operation: str, body: object) -> None:
    answer = post(unsigned, operation, body)
    assert (answer.status_code, answer.json()["__type"]) == (400, "SerializationException")
    assert unsigned.mturk_payments() == []


@pytest.mark.parametrize("target", ["MTurkRequesterServiceV20170117.CreateHIT", "Other.SendBonus", ""])
def test_an_operation_that_is_not_there_is_named_unknown(unsigned: EmulatorProcess, target: str) -> None:
    answer = post(unsigned, "", {}, **{"X-Amz-Target": target})
    assert (answer.status_code, answer.json()["__type"]) == (400, "UnknownOperationException")


def test_an_answer_has_the_type_of_json_1_1_and_an_id(unsigned: EmulatorProcess) -> None:
    answer = post(unsigned, "GetAccountBalance", {})
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert len(answer.headers["x-amzn-requestid"]) == 36


def test_the_time_of_a_grant_travels_as_a_number_of_seconds(unsigned: EmulatorProcess) -> None:
    bonus = {"WorkerId": "A1", "AssignmentId": "3TIME", "BonusAmount": "1.00", "Reason": "r"}
    post(unsigned, "SendBonus", bonus)
    (shown,) = post(unsigned, "ListBonusPayments", {"AssignmentId": "3TIME"}).json()["BonusPayments"]
    assert type(shown["GrantTime"]) is int
    assert shown["GrantTime"] > 1_700_000_000
