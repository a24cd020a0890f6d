"""The oracle of altered answers: what a document still says, read by a person's rules and none of the codec's code.

Each function takes the status and the document (`BROKEN` where no two readers would read it alike) and the answer that
the codec made of it, and raises AssertionError where the answer says more than the document does, or the contrary.
What it says less is allowed: an answer that proves nothing is never wrong.
"""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from reconcile.model import SendOutcome
from reconcile.providers.base import (
    AccountFound,
    Answer,
    AssignmentAbsent,
    AssignmentFound,
    ItemResult,
    ItemsArchived,
    ItemsSeen,
    OperationAbsent,
    OperationPhase,
    OperationSeen,
    OperationsPage,
    PaymentsPage,
    SendAnswer,
    Unread,
)
from tests.providers.toloka_cases import FIRST, OPERATION_TEXT, OUTGOING, SECOND

BROKEN: Final = object()
ASSIGNMENT: Final = "00001092da--61ef030400c684132d0da0de"

# Whose the payments are and what they cost, in the order in which they were sent: as it stands in the request.
SENT: Final = ((FIRST, OUTGOING[0].recipient, Decimal("1.50")), (SECOND, OUTGOING[1].recipient, Decimal("0.005")))
ENDS: Final = {"SUCCESS", "FAIL"}
STATUSES: Final = {"PENDING", "RUNNING", "SUCCESS", "FAIL"}
COUNTS: Final = ("total_count", "valid_count", "not_valid_count", "success_count", "failed_count")
# Codes with which Toloka may have done something, whatever the status says.
PERHAPS_DONE: Final = {
    "OPERATION_ALREADY_EXISTS", "OPERATION_EXECUTION_ERROR", "INTERNAL_ERROR", "REMOTE_SERVICE_UNAVAILABLE",
    "BILLING_NOT_SYNCHRONIZED", "CONFLICT_STATE",
}  # fmt: skip


# --- small readings ------------------------------------------------------------------------------------------------


def number(value: Any) -> Decimal | None:
    """A number, or a text that is one."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def same_id(value: Any, text: str) -> bool:
    """Ids are compared without dashes and case."""
    return isinstance(value, str) and value.replace("-", "").lower() == text.replace("-", "").lower()


def marked(comment: Any) -> str:
    """The payment's id at the end of a comment, as it stands there; "" for none."""
    found = (
        re.search(r"\[[^\[\]]+/[0-9]+\] \[bonusctl:([0-9a-f-]{36})\]\s*\Z", comment)
        if isinstance(comment, str)
        else None
    )
    return found.group(1).replace("-", "") if found else ""


def says_code(value: Any) -> bool:
    """`{code, message}` of Toloka's."""
    return isinstance(value, dict) and isinstance(value.get("code"), str) and bool(value["code"])


def says_fields(value: Any) -> bool:
    """field → {code, message}."""
    return isinstance(value, dict) and bool(value) and all(map(says_code, value.values()))


# --- what became of a send -----------------------------------------------------------------------------------------


def sent(status: int, doc: Any, answer: Answer, *, mode: str) -> None:
    """Executed, not executed, or nothing at all."""
    assert isinstance(answer, SendAnswer)
    if 200 <= status < 300:
        assert answer.outcome is not SendOutcome.NOT_EXECUTED, "a success was taken for a refusal"
        if answer.outcome is SendOutcome.EXECUTED:
            (_accepted if mode == "async" else _paid_at_once)(doc, answer)
        return
    if answer.outcome is SendOutcome.EXECUTED:
        assert (status, doc["code"]) == (409, "OPERATION_ALREADY_EXISTS"), "an error was taken for a success"
        assert not answer.items
    if answer.outcome is SendOutcome.NOT_EXECUTED:
        _refused(status, doc)
        _refused_items(doc, answer.items)


def _accepted(doc: Any, answer: SendAnswer) -> None:
    assert same_id(doc["id"], OPERATION_TEXT)
    assert doc["type"] == "USER_BONUS.BATCH_CREATE"
    assert doc["status"] in STATUSES
    assert doc.get("details") is None or doc["details"]["total_count"] == len(SENT)
    assert not answer.items, "an accepted operation has paid nobody yet"


def _paid_at_once(doc: Any, answer: SendAnswer) -> None:
    refused = doc.get("validation_errors") or {}
    assert sorted([*doc["items"], *refused]) == ["0", "1"], "the positions are not those that were sent"
    for item in answer.items:
        place = str([payment for payment, _, _ in SENT].index(item.payment_id))
        if item.issued:
            _is_this(doc["items"][place], item, doc["items"][place].get("id"))
            assert marked(doc["items"][place]["private_comment"]) == item.payment_id.hex()
        else:
            assert says_fields(refused[place])


def _refused(status: int, doc: Any) -> None:
    """Toloka's own error, with a status and a code that say: nothing was done."""
    assert isinstance(doc, dict)
    if "code" not in doc:
        assert status == 409
        assert says_fields(doc)
        assert "ENTITY_CONFLICT" in {entry["code"] for entry in doc.values()}
        return
    assert says_code(doc)
    assert doc["code"] not in PERHAPS_DONE
    allowed = {409: {"ENTITY_CONFLICT"}, 429: {"TOO_MANY_REQUESTS"}}
    assert status in (400, 401, 403, 404, 413, 415) or doc["code"] in allowed.get(status, set())


def _refused_items(doc: Any, items: tuple[ItemResult, ...]) -> None:
    for item in items:
        place = str([payment for payment, _, _ in SENT].index(item.payment_id))
        assert not item.issued
        assert says_fields(doc["payload"][place])


# --- questions -----------------------------------------------------------------------------------------------------


def account(status: int, doc: Any, answer: Answer) -> None:
    """Whose account it is."""
    if isinstance(answer, AccountFound):
        assert status in range(200, 300)
        assert answer.id == str(doc["id"])
        assert answer.balance is None or answer.balance == number(doc["balance"])
    else:
        assert isinstance(answer, Unread)


def polled(status: int, doc: Any, answer: Answer) -> None:
    """How the operation is."""
    if isinstance(answer, OperationSeen):
        assert status in range(200, 300)
        assert same_id(doc["id"], OPERATION_TEXT)
        _is_operation(doc, answer)
        assert answer.total in (None, len(SENT))
    elif isinstance(answer, OperationAbsent):
        assert (status, doc["code"]) == (404, "DOES_NOT_EXIST")
    else:
        assert isinstance(answer, Unread)


def _is_operation(doc: Any, seen: OperationSeen) -> None:
    assert doc["type"] == "USER_BONUS.BATCH_CREATE"
    assert doc["status"] in STATUSES
    assert (seen.phase is OperationPhase.DONE) == (doc["status"] in ENDS)
    assert seen.failed == (doc["status"] == "FAIL")
    counts = doc.get("details")
    if counts is None:
        assert seen.total is None
        assert seen.phase is not OperationPhase.DONE
        return
    total, valid, invalid, issued, failed = (counts[name] for name in COUNTS)
    assert (seen.total, seen.issued) == (total, issued)
    assert all(type(one) is int and 0 <= one <= total for one in (valid, invalid, issued, failed))
    assert issued <= valid
    assert doc["status"] != "SUCCESS" or valid + invalid == total


def operations(status: int, doc: Any, answer: Answer) -> None:
    """A page of operations, whole or unread."""
    if isinstance(answer, OperationsPage):
        assert status in range(200, 300)
        assert type(doc["has_more"]) is bool
        assert len(answer.operations) == len(doc["items"])
        for seen, item in zip(answer.operations, doc["items"], strict=True):
            assert same_id(item["id"], seen.operation_id.hex())
            _is_operation(item, seen)
        assert bool(answer.next_cursor) == doc["has_more"]
    else:
        assert isinstance(answer, Unread)


def payments(status: int, doc: Any, answer: Answer) -> None:
    """A page of payments, whole and in order, or unread."""
    if isinstance(answer, PaymentsPage):
        assert status in range(200, 300)
        assert type(doc["has_more"]) is bool
        assert [one.remote_id for one in answer.payments] == [str(item["id"]) for item in doc["items"]]
        numbers = [int(one.remote_id) for one in answer.payments]
        assert numbers == sorted(set(numbers))
        for one, item in zip(answer.payments, doc["items"], strict=True):
            assert one.recipient == item["user_id"] != ""
            assert one.amount == number(item["amount"])
            assert one.amount >= 0
            assert one.assignment_id == (item.get("assignment_id") or "")
            assert one.comment == (item.get("private_comment") or "")
        assert answer.next_cursor == (answer.payments[-1].remote_id if doc["has_more"] else "")
    else:
        assert isinstance(answer, Unread)


def assignment(status: int, doc: Any, answer: Answer) -> None:
    """Whose assignment it is, and whether it was accepted."""
    if isinstance(answer, AssignmentFound):
        assert status in range(200, 300)
        assert doc["id"] == ASSIGNMENT
        assert (answer.status, answer.recipient) == (doc["status"], doc["user_id"])
        assert answer.accepted == (doc["status"] == "ACCEPTED")
    elif isinstance(answer, AssignmentAbsent):
        assert (status, doc["code"]) == (404, "DOES_NOT_EXIST")
    else:
        assert isinstance(answer, Unread)


# --- the log -------------------------------------------------------------------------------------------------------


def items(status: int, doc: Any, answer: Answer) -> None:
    """Which payments were made and which were refused, each by an entry of its own that nothing contradicts."""
    if isinstance(answer, ItemsArchived):
        assert doc["code"] == "OPERATION_LOGS_ARCHIVED"
        assert status not in range(200, 300)
        return
    if not isinstance(answer, ItemsSeen):
        assert isinstance(answer, Unread)
        return
    assert status in range(200, 300)
    entries = doc if isinstance(doc, list) else doc["items"]
    assert len({item.payment_id for item in answer.items}) == len(answer.items)
    for item in answer.items:
        mine = [entry for entry in entries if isinstance(entry, dict) and item.payment_id in _about(entry)]
        paid, refused = list(_says_paid(mine)), list(_says_refused(mine, item.payment_id))
        if item.issued:
            assert not refused, "contradicted"
            assert {str(number_of) for number_of, _ in paid} == {item.remote_id}
            assert any(item.amount == number(entry["input"].get("amount")) or item.amount is None for _, entry in paid)
        else:
            assert refused, "nothing says that it was refused"
            assert not paid, "contradicted"


def _about(entry: Any) -> set[bytes]:
    """The payments that an entry can be about."""
    given = entry.get("input")
    if not isinstance(given, dict):
        return set()
    marker = marked(given.get("private_comment"))
    if marker:
        return {payment for payment, _, _ in SENT if payment.hex() == marker}
    return {
        payment
        for payment, recipient, amount in SENT
        if (given.get("user_id"), number(given.get("amount"))) == (recipient, amount)
    }


def _says_paid(entries: list[Any]) -> Iterator[tuple[Any, Any]]:
    """(the provider's number, the entry) of each that says: made."""
    for entry in entries:
        output = entry.get("output")
        if entry.get("type") == "USER_BONUS_PERSIST" and entry.get("success") is True and isinstance(output, dict):
            found = output.get("user_bonus_id")
            if type(found) in (str, int) and re.fullmatch("[0-9]{1,19}", str(found)):
                yield found, entry


def _says_refused(entries: list[Any], payment_id: bytes) -> Iterator[Any]:
    """Each entry that says: refused, of this very payment, and why."""
    recipient, amount = next((who, much) for payment, who, much in SENT if payment == payment_id)
    for entry in entries:
        given, output = entry["input"], entry.get("output")
        if entry.get("success") is not False or not isinstance(output, dict) or "user_bonus_id" in output:
            continue
        if (given.get("user_id"), number(given.get("amount"))) != (recipient, amount):
            continue
        if entry.get("type") in ("USER_BONUS_PERSIST", "USER_BONUS_VALIDATE") and (
            says_code(output) or says_fields(output)
        ):
            yield entry


def _is_this(bonus: Any, item: ItemResult, remote_id: Any) -> None:
    recipient = next(who for payment, who, _ in SENT if payment == item.payment_id)
    assert bonus["user_id"] == recipient
    assert str(remote_id) == item.remote_id
    assert number(bonus["amount"]) == item.amount
