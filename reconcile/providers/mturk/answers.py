"""What MTurk's answers mean: for each call, a result of the wire becomes an answer. Nothing here ever raises."""

import hashlib
import re
from typing import Final

from reconcile.model import SendOutcome
from reconcile.providers.base import (
    AccountFound,
    Answer,
    Call,
    ListOperations,
    ListPayments,
    PaymentsPage,
    PollOperation,
    ReadAccount,
    ReadAssignment,
    ReadItems,
    RemotePayment,
    SendAnswer,
    SendOperation,
    Unread,
    WireResult,
)
from reconcile.providers.mturk import outcomes
from reconcile.providers.mturk.reference import split
from reconcile.providers.mturk.reply import Reply, cents_of, open_reply, time_of, unread
from reconcile.providers.reply_words import clip

_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)
_ACCOUNT_XML: Final = re.compile(r"<GetCallerIdentityResult>.*?<Account>([0-9]{12})</Account>", re.DOTALL | re.ASCII)
_WORKER: Final = re.compile(r"A[A-Z0-9]{0,63}", re.ASCII)
_CURSOR_LENGTH_MAX: Final = 4096


def answer_of(call: Call, result: WireResult) -> Answer:
    """What `result` means for `call`."""
    reply = open_reply(result)
    match call:
        case SendOperation():
            return _sent(reply)
        case ListPayments(_, cursor, scope):
            return _payments(reply, cursor, scope)
        case ReadAccount(known):
            return _balance(reply, known) if known else _account(reply)
        case PollOperation() | ListOperations() | ReadItems() | ReadAssignment():
            return Unread(code="", message=f"MTurk has no answer to {type(call).__name__}")


def _sent(reply: Reply) -> SendAnswer:
    """The class of a send, by the table of outcomes."""
    if reply.succeeded:
        return _accepted(reply)
    if reply.code == outcomes.NOT_SENT:
        found = outcomes.Verdict(SendOutcome.NOT_EXECUTED)
    elif reply.kind:
        found = outcomes.verdict(reply.status, reply.kind, reply.turk_code, reply.message)
    else:
        found = outcomes.UNKNOWN._replace(trouble=outcomes.trouble_of(reply.status, "", ""))
    return SendAnswer(
        outcome=found.outcome,
        status=reply.status,
        code=reply.code,
        message=reply.message,
        request_id=reply.request_id,
        exists=found.exists,
        trouble=found.trouble,
        retry_after_s=reply.retry_after_s,
        server_ms=reply.server_ms,
    )


def _accepted(reply: Reply) -> SendAnswer:
    """A 2xx: SendBonus answers an empty object, and nothing else is its answer."""
    whole = not reply.broken and reply.value == {} and isinstance(reply.value, dict)
    said = reply.broken or "no empty object"
    return SendAnswer(
        outcome=SendOutcome.EXECUTED if whole else SendOutcome.AMBIGUOUS,
        status=reply.status,
        code="" if whole else outcomes.BAD_ANSWER,
        message="" if whole else clip(f"the answer is not that of SendBonus: {said}"),
        request_id=reply.request_id,
        server_ms=reply.server_ms,
    )


# --- who pays ------------------------------------------------------------------------------------------------------


def _account(reply: Reply) -> AccountFound | Unread:
    """GetCallerIdentity, as JSON (for who asks for it) or as XML."""
    if not reply.succeeded:
        return unread(reply)
    value = reply.value
    for name in ("GetCallerIdentityResponse", "GetCallerIdentityResult", "Account"):
        value = value.get(name) if isinstance(value, dict) else None
    found = _ACCOUNT_XML.search(reply.text) if reply.broken else None
    number = found[1] if found is not None else value
    if not isinstance(number, str) or not _ACCOUNT.fullmatch(number):
        return unread(reply, message="it shows no AWS account: whose money would be paid is not proved")
    return AccountFound(id=number, name="", balance=None, server_ms=reply.server_ms)


def _balance(reply: Reply, known: str) -> AccountFound | Unread:
    if not reply.succeeded:
        return unread(reply)
    amount = cents_of(reply.value.get("AvailableBalance")) if isinstance(reply.value, dict) else None
    if amount is None:
        return unread(reply, message="it shows no balance")
    return AccountFound(id=known, name="", balance=amount, server_ms=reply.server_ms)


# --- what was paid -------------------------------------------------------------------------------------------------


def _payments(reply: Reply, cursor: str, scope: str) -> PaymentsPage | Unread:
    """One page of ListBonusPayments: every entry of it must be readable and of the assignment that was asked for.

    List and number must be there: an empty object is the answer to SendBonus, and no proof that nothing was paid.
    """
    if not reply.succeeded:
        return unread(reply)
    value = reply.value
    entries = value.get("BonusPayments") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(entries, list):
        return unread(reply, message="it is no list of bonuses")
    number = value.get("NumResults")
    if not isinstance(number, int) or isinstance(number, bool) or number != len(entries):
        return unread(reply, message="its number of bonuses does not add up")
    following = value.get("NextToken") or ""
    if not isinstance(following, str) or len(following) > _CURSOR_LENGTH_MAX or (following and following == cursor):
        return unread(reply, message="its next page cannot be asked for")
    payments = [_payment(entry, scope) for entry in entries]
    read = tuple(payment for payment in payments if payment is not None)
    if len(read) != len(entries):
        return unread(reply, message="it shows a bonus that cannot be read, or of another assignment")
    # A page may be empty and not the last.
    return PaymentsPage(payments=read, next_cursor=following, server_ms=reply.server_ms)


def _short(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _payment(entry: object, scope: str) -> RemotePayment | None:
    if not isinstance(entry, dict) or entry.get("AssignmentId") != scope:
        return None
    worker, reason = entry.get("WorkerId"), entry.get("Reason", "")
    amount, granted_ms = cents_of(entry.get("BonusAmount")), time_of(entry.get("GrantTime"))
    if not isinstance(worker, str) or not _WORKER.fullmatch(worker) or not isinstance(reason, str):
        return None
    if amount is None or granted_ms is None:
        return None
    said, found = split(reason)
    return RemotePayment(
        # MTurk gives none. Times are whole seconds, in which there may be several: what it is tells them apart in whatever
        # order they are listed; those that are alike in everything get a number from who reads the whole list.
        remote_id=f"{scope}@{granted_ms}-{_short(worker, str(amount), reason)}",
        recipient=worker,
        assignment_id=scope,
        amount=amount,
        created_ms=granted_ms,
        comment=reason,
        texts=(("reason", said),) if said else (),
        reference=found,
    )
