"""Questions to Toloka: what their answers show, and which of them stay unanswered."""

from decimal import Decimal
from typing import Any

import pytest

from reconcile.providers.base import (
    AccountFound,
    Answer,
    ItemResult,
    ItemsArchived,
    ItemsSeen,
    ListOperations,
    ListPayments,
    Lost,
    OperationAbsent,
    OperationPhase,
    OperationSeen,
    OperationsPage,
    PaymentsPage,
    PollOperation,
    ReadAccount,
    ReadItems,
    RemotePayment,
    Trouble,
    Unread,
)
from tests.providers.toloka_cases import (
    CODEC,
    DATE_MS,
    FIRST,
    OPERATION_ID,
    OPERATION_TEXT,
    OUTGOING,
    SECOND,
    echo,
    error,
    log,
    operation,
    payments_page,
    record,
    response,
)

LIST = ListPayments(None, "4000")
HTML = b"<html>not found</html>"


def items_of(entries: Any, count: int = 2) -> dict[bytes, ItemResult]:
    answer = CODEC.answer(ReadItems(record(count)), response(200, entries))
    assert isinstance(answer, ItemsSeen)
    return {item.payment_id: item for item in answer.items}


def code_of(answer: Answer) -> str:
    assert isinstance(answer, Unread)
    return answer.code


# --- operations ------------------------------------------------------------------------------------------------------


def test_an_operation_that_ended_shows_its_counts_and_times() -> None:
    assert CODEC.answer(PollOperation(record()), response(200, operation())) == OperationSeen(
        operation_id=OPERATION_ID,
        phase=OperationPhase.DONE,
        failed=False,
        submitted_ms=DATE_MS - 60_000,
        finished_ms=DATE_MS - 58_000,
        total=2,
        issued=2,
    )


@pytest.mark.parametrize("status", ["PENDING", "RUNNING"])
def test_an_operation_under_way_shows_no_end(status: str) -> None:
    seen = CODEC.answer(PollOperation(record()), response(200, operation(status, details=None)))
    assert isinstance(seen, OperationSeen)
    assert (seen.phase, seen.finished_ms, seen.total) == (OperationPhase.RUNNING, None, None)


def test_a_failed_operation_may_have_issued_some() -> None:
    details = {"total_count": 2, "valid_count": 2, "not_valid_count": 0, "success_count": 1, "failed_count": 0}
    seen = CODEC.answer(PollOperation(record()), response(200, operation("FAIL", details=details)))
    assert isinstance(seen, OperationSeen)
    assert (seen.failed, seen.issued) == (True, 1)


def test_an_operation_that_toloka_does_not_know_is_absent() -> None:
    answer = CODEC.answer(PollOperation(record()), response(404, error("DOES_NOT_EXIST")))
    assert answer == OperationAbsent(server_ms=DATE_MS)


def test_a_404_of_something_between_is_no_absence_and_no_reason_to_stop() -> None:
    answer = CODEC.answer(PollOperation(record()), response(404, HTML))
    assert isinstance(answer, Unread)
    assert (answer.code, answer.trouble) == ("http_error", Trouble.NONE)


def test_another_operation_than_the_one_asked_for_is_unread() -> None:
    other = operation(id="09ee3f76-5cdc-4388-adcc-c580a3ab4c53")
    assert code_of(CODEC.answer(PollOperation(record()), response(200, other))) == "bad_answer"


def test_a_page_of_operations_goes_on_after_its_last_id_as_toloka_writes_it() -> None:
    page = {"items": [operation(id=OPERATION_TEXT.replace("-", ""))], "has_more": True}
    answer = CODEC.answer(ListOperations(0, ""), response(200, page))
    assert isinstance(answer, OperationsPage)
    assert [seen.operation_id for seen in answer.operations] == [OPERATION_ID]
    assert answer.next_cursor == "26e130ad3652443a8dc5094791e48ef9"


@pytest.mark.parametrize(
    "page",
    [
        {"items": [], "has_more": True},
        {"items": [operation(), {"id": "x"}], "has_more": False},
        {"items": [operation()]},
        [operation()],
    ],
)
def test_a_page_of_operations_with_a_hole_is_unread(page: Any) -> None:
    assert code_of(CODEC.answer(ListOperations(0, ""), response(200, page))) == "bad_answer"


# --- the log ---------------------------------------------------------------------------------------------------------


def test_the_log_proves_what_was_issued_and_what_was_refused() -> None:
    assert items_of(log()) == {
        FIRST: ItemResult(
            payment_id=FIRST,
            issued=True,
            remote_id="4711",
            amount=Decimal("1.50"),
            recipient="fac97860c7929add8048ed2ef63b66fd",
        ),
        SECOND: ItemResult(
            payment_id=SECOND,
            issued=False,
            recipient="a1b0b42923c429daa2c764d7ccfc364d",
            code="ENTITY_DOES_NOT_EXIST",
            message="user_id: There is no such user",
        ),
    }


def test_the_amount_is_the_providers_and_not_the_one_that_was_asked_for() -> None:
    entries = log()
    entries[1]["input"]["amount"] = Decimal("1.25")
    assert items_of(entries)[FIRST].amount == Decimal("1.25")


def test_a_valid_item_that_was_not_persisted_has_no_result() -> None:
    assert items_of(log()[:1]) == {}


def test_the_same_entry_twice_is_one_proof() -> None:
    assert items_of(log() + log()) == items_of(log())


@pytest.mark.parametrize(
    "more",
    [
        {"type": "USER_BONUS_PERSIST", "success": True, "input": echo(0), "output": {"user_bonus_id": "9"}},
        {
            "type": "USER_BONUS_PERSIST",
            "success": False,
            "input": echo(0),
            "output": {"amount": {"code": "NOT_ENOUGH_BALANCE", "message": "m"}},
        },
    ],
)
def test_entries_that_contradict_each_other_prove_nothing(more: dict[str, Any]) -> None:
    assert FIRST not in items_of([*log(), more])


def test_without_a_comment_an_item_is_known_by_its_position() -> None:
    given = {"user_id": OUTGOING[1].recipient, "amount": "0.005", "__item_idx": "1"}
    entry = {"type": "USER_BONUS_PERSIST", "success": True, "input": given, "output": {"user_bonus_id": 7}}
    assert items_of([entry])[SECOND].remote_id == "7"


def test_without_comment_and_position_an_item_is_known_by_recipient_and_amount() -> None:
    given = {"user_id": OUTGOING[0].recipient, "amount": Decimal("1.5")}
    entry = {"type": "USER_BONUS_PERSIST", "success": True, "input": given, "output": {"user_bonus_id": "7"}}
    assert items_of([entry])[FIRST].remote_id == "7"


def test_recipient_and_amount_that_fit_two_payments_fit_none() -> None:
    operation_ = record()
    twin = operation_.items[0]._replace(payment_id=SECOND)
    given = {"user_id": OUTGOING[0].recipient, "amount": "1.50"}
    entry = {"type": "USER_BONUS_PERSIST", "success": True, "input": given, "output": {"user_bonus_id": "7"}}
    twins = operation_._replace(items=(operation_.items[0], twin))
    assert CODEC.answer(ReadItems(twins), response(200, [entry])) == ItemsSeen(items=())


@pytest.mark.parametrize(
    "given",
    [
        {**echo(0), "private_comment": "x [labels/1] [bonusctl:6dd303c5-a671-57d6-b149-274d46b6b2f0]"},
        {"user_id": OUTGOING[0].recipient, "amount": "1.50", "__item_idx": "2"},
        {"user_id": OUTGOING[0].recipient, "amount": "1.50", "__item_idx": "1"},
        {"user_id": OUTGOING[0].recipient, "amount": "1.51"},
        {},
        None,
    ],
)
def test_an_entry_of_no_payment_of_ours_proves_nothing(given: Any) -> None:
    entry = {"type": "USER_BONUS_PERSIST", "success": True, "input": given, "output": {"user_bonus_id": "7"}}
    assert items_of([entry]) == {}


@pytest.mark.parametrize(
    "output",
    [{}, None, {"user_bonus_id": "7"}, {"user_id": "wrong"}, {"user_id": {"code": 1}}, [1]],
)
def test_a_refusal_without_a_reason_frees_no_payment(output: Any) -> None:
    entry = {"type": "USER_BONUS_VALIDATE", "success": False, "input": echo(1), "output": output}
    assert items_of([entry]) == {}


def test_a_log_that_is_a_page_is_read_for_what_it_holds() -> None:
    assert items_of({"items": log(), "has_more": True}) == items_of(log())


def test_an_archived_log_is_gone_for_good() -> None:
    assert CODEC.answer(ReadItems(record()), response(409, error("OPERATION_LOGS_ARCHIVED"))) == ItemsArchived()


@pytest.mark.parametrize("body", [{"items": 1}, "log", b"[", None])
def test_what_is_no_log_is_unread(body: Any) -> None:
    assert code_of(CODEC.answer(ReadItems(record()), response(200, body))) == "bad_answer"


# --- the list of bonuses ---------------------------------------------------------------------------------------------


def test_a_page_of_bonuses_is_read_in_both_forms_of_ids_amounts_and_times() -> None:
    answer = CODEC.answer(LIST, response(200, payments_page()))
    assert answer == PaymentsPage(
        payments=(
            RemotePayment(
                remote_id="4711",
                recipient="fac97860c7929add8048ed2ef63b66fd",
                assignment_id="",
                amount=Decimal("1.50"),
                created_ms=DATE_MS - 58_000,
                comment="bonusctl [labels/1] [bonusctl:6dd303c5-a671-57d6-b149-274d46b6b2f9]",
                texts=(),
            ),
            RemotePayment(
                remote_id="4712",
                recipient="a1b0b42923c429daa2c764d7ccfc364d",
                assignment_id="",
                amount=Decimal("0.005"),
                created_ms=DATE_MS - 57_500,
                comment="second week [labels#quality/2] [bonusctl:a2bff27f-51fd-532c-a9f8-4b2928c11e79]",
                texts=(("private_comment", "second week"),),
            ),
        ),
        next_cursor="4712",
        server_ms=DATE_MS,
    )


def test_an_amount_on_the_wire_is_never_a_binary_fraction() -> None:
    body = b'{"items":[{"id":"1","user_id":"u","amount":0.1,"created":"2026-11-22T09:59:02"}],"has_more":false}'
    answer = CODEC.answer(ListPayments(None, ""), response(200, body))
    assert isinstance(answer, PaymentsPage)
    assert str(answer.payments[0].amount) == "0.10"


def test_the_last_page_has_no_cursor() -> None:
    answer = CODEC.answer(LIST, response(200, {"items": [], "has_more": False}))
    assert answer == PaymentsPage(payments=(), next_cursor="", server_ms=DATE_MS)


def change(position: int, **changes: Any) -> dict[str, Any]:
    page = payments_page()
    page["items"][position].update(changes)
    return page


@pytest.mark.parametrize(
    "page",
    [
        change(1, id="4710"),
        change(1, id="4711"),
        change(0, id="4000"),
        change(0, id="4711x"),
        change(0, id=-1),
        change(0, id=True),
        change(0, amount="1.5e3"),
        change(0, amount=None),
        change(0, amount=-1),
        change(0, amount="0.0000000001"),
        change(0, created="today"),
        change(0, user_id=""),
        change(0, user_id=5),
        change(0, private_comment=["x"]),
        change(0, assignment_id=7),
        {"items": [], "has_more": True},
        {"items": payments_page()["items"], "has_more": "true"},
        {"items": {"0": payments_page()["items"][0]}, "has_more": False},
        {"has_more": False},
        [],
    ],
)
def test_a_page_of_bonuses_with_a_hole_or_out_of_order_is_unread(page: Any) -> None:
    assert code_of(CODEC.answer(LIST, response(200, page))) == "bad_answer"


def test_ids_are_compared_as_numbers() -> None:
    page = {"items": [change(0, id="9")["items"][0], change(0, id="10")["items"][0]], "has_more": False}
    assert isinstance(CODEC.answer(ListPayments(None, "8"), response(200, page)), PaymentsPage)


# --- the account, and questions without an answer --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "name", "balance"),
    [
        (b'{"id":"566ec2b0","balance":120.3,"public_name":{"EN":"Team","RU":"X"},"company":{}}', "Team", "120.30"),
        (b'{"id":"566ec2b0","balance":"7","public_name":{"RU":"X"}}', "X", "7.00"),
        (b'{"id":"566ec2b0","public_name":"Plain"}', "Plain", "None"),
        (b'{"id":"566ec2b0","balance":-3}', "", "None"),
    ],
)
def test_an_account_is_read_with_name_and_exact_balance(body: bytes, name: str, balance: str) -> None:
    found = CODEC.answer(ReadAccount(), response(200, body))
    assert isinstance(found, AccountFound)
    assert (found.id, found.name, str(found.balance), found.server_ms) == ("566ec2b0", name, balance, DATE_MS)


@pytest.mark.parametrize("body", [{}, [], {"id": ""}, {"id": "a/b"}, {"id": None}, {"id": True}])
def test_an_account_without_an_id_is_unread(body: Any) -> None:
    assert code_of(CODEC.answer(ReadAccount(), response(200, body))) == "bad_answer"


@pytest.mark.parametrize("call", [ReadAccount(), LIST, ListOperations(0, "")])
@pytest.mark.parametrize("status", [401, 403, 404])
def test_wrong_credentials_or_address_stop_the_run(call: Any, status: int) -> None:
    answer = CODEC.answer(call, response(status, error("ACCESS_DENIED")))
    assert isinstance(answer, Unread)
    assert answer.trouble is Trouble.STOP


@pytest.mark.parametrize(
    "call", [ReadAccount(), LIST, ListOperations(0, ""), PollOperation(record()), ReadItems(record())]
)
def test_a_question_whose_answer_was_lost_is_unread_and_proves_nothing(call: Any) -> None:
    assert CODEC.answer(call, Lost("reset")) == Unread(code="lost", message="reset")


def test_too_many_questions_are_asked_again_later() -> None:
    answer = CODEC.answer(LIST, response(429, error("TOO_MANY_REQUESTS", payload={"interval": "MIN"})))
    assert isinstance(answer, Unread)
    assert (answer.trouble, answer.retry_after_s, answer.request_id) == (Trouble.LATER, 60, "req-1")
