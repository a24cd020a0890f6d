"""What Toloka's answers mean: for each call, a result of the wire becomes an answer. Nothing here ever raises."""

import re
from typing import Final

from reconcile.model import SendOutcome
from reconcile.providers.base import (
    AccountFound,
    Answer,
    Call,
    ItemsArchived,
    ListOperations,
    ListPayments,
    OperationAbsent,
    PollOperation,
    ReadAccount,
    ReadAssignment,
    ReadItems,
    SendAnswer,
    SendOperation,
    Unread,
    WireResult,
)
from reconcile.providers.reply_words import clip
from reconcile.providers.toloka import outcomes
from reconcile.providers.toloka.assignments import read_assignment
from reconcile.providers.toloka.log import read_log
from reconcile.providers.toloka.operations import read_operations_page, read_own_operation
from reconcile.providers.toloka.payments import read_payments_page
from reconcile.providers.toloka.reply import Reply, amount_of, open_reply, unread
from reconcile.providers.toloka.sync import read_refusals, read_sync_answer
from reconcile.state.ledger import OperationRecord

_ACCOUNT_ID: Final = re.compile(r"[0-9A-Za-z_.-]{1,128}", re.ASCII)


def answer_of(call: Call, result: WireResult) -> Answer:
    """What `result` means for `call`."""
    reply = open_reply(result)
    match call:
        case SendOperation(operation):
            return _sent(operation, reply)
        case PollOperation(operation):
            return _polled(operation, reply)
        case ReadItems(operation):
            return _log(operation, reply)
        case ListOperations(_, cursor):
            return read_operations_page(reply, cursor) if reply.succeeded else unread(reply)
        case ListPayments(_, cursor, _, until):
            return read_payments_page(reply, cursor, until) if reply.succeeded else unread(reply)
        case ReadAssignment(assignment_id):
            return read_assignment(reply, assignment_id)
        case ReadAccount():
            return _account(reply) if reply.succeeded else unread(reply)


def _sent(operation: OperationRecord, reply: Reply) -> SendAnswer:
    """The class of a send, by the table of outcomes."""
    if reply.succeeded:
        return _accepted(operation, reply)
    error = reply.error
    row = outcomes.definite(reply.status, error.code) if error is not None else None
    outcome = SendOutcome.AMBIGUOUS if row is None else row.outcome
    if reply.code == outcomes.NOT_SENT:
        outcome = SendOutcome.NOT_EXECUTED
    daily = error is not None and error.interval == "DAY"
    return SendAnswer(
        outcome=outcome,
        status=reply.status,
        code=reply.code,
        message=reply.message,
        request_id=error.request_id if error else "",
        exists=outcome is SendOutcome.EXECUTED,
        items=read_refusals(error, operation) if error and outcome is SendOutcome.NOT_EXECUTED else (),
        trouble=outcomes.trouble_of(reply.status, reply.code, daily=daily),
        retry_after_s=reply.retry_after_s,
        server_ms=reply.server_ms,
    )


def _accepted(operation: OperationRecord, reply: Reply) -> SendAnswer:
    """A 2xx: the operation that was sent (asynchronous mode), or what became of each payment (synchronous)."""
    seen: object
    if operation.mode == "sync":
        seen = read_sync_answer(reply.value, operation)
    else:
        seen = read_own_operation(reply.value, operation.operation_id, len(operation.items))
    if isinstance(seen, str):
        return SendAnswer(
            outcome=SendOutcome.AMBIGUOUS,
            status=reply.status,
            code=outcomes.BAD_ANSWER,
            message=clip(f"the answer is not the operation that was sent: {seen}"),
            server_ms=reply.server_ms,
        )
    return SendAnswer(
        outcome=SendOutcome.EXECUTED,
        status=reply.status,
        items=seen if isinstance(seen, tuple) else (),
        server_ms=reply.server_ms,
    )


def _polled(operation: OperationRecord, reply: Reply) -> Answer:
    if reply.succeeded:
        seen = read_own_operation(reply.value, operation.operation_id, len(operation.items))
        return unread(reply, message=f"the operation cannot be believed: {seen}") if isinstance(seen, str) else seen
    if reply.status == 404 and reply.code == outcomes.DOES_NOT_EXIST:
        return OperationAbsent(server_ms=reply.server_ms)
    return unread(reply, collection=False)


def _log(operation: OperationRecord, reply: Reply) -> Answer:
    if reply.succeeded:
        seen = read_log(reply.value, operation)
        return unread(reply, message="it is no log of an operation") if seen is None else seen
    if reply.error is not None and reply.code == outcomes.LOGS_ARCHIVED:
        return ItemsArchived()
    return unread(reply, collection=False)


def _account(reply: Reply) -> AccountFound | Unread:
    value = reply.value
    if not isinstance(value, dict):
        return unread(reply, message="it shows no account")
    raw = value.get("id")
    number = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 10**19 else raw
    if not isinstance(number, str) or not _ACCOUNT_ID.fullmatch(number):
        return unread(reply, message="it shows no account id")
    return AccountFound(
        id=number,
        name=_account_name(value.get("public_name")),
        balance=amount_of(value.get("balance")),
        server_ms=reply.server_ms,
    )


def _account_name(value: object) -> str:
    """The name to show: a text, or the English or first of several languages."""
    if isinstance(value, dict):
        texts = {language: text for language, text in value.items() if isinstance(text, str)}
        value = texts.get("EN") or next(iter(texts.values()), "")
    return clip(value) if isinstance(value, str) else ""
