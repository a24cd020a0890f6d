"""Answers to `POST /`: what MTurk and STS would say, bent by the orders of the faults in force."""

import re
from typing import Final
from urllib.parse import parse_qs

from reconcile.emulator.control import Running
from reconcile.emulator.delivery import spoil
from reconcile.emulator.messages import Answer, Request, plain_answer
from reconcile.emulator.mturk import store
from reconcile.emulator.mturk.operations import (
    Asked,
    get_account_balance,
    get_caller_identity,
    list_bonus_payments,
    send_bonus,
)
from reconcile.emulator.mturk.refusals import AwsRefusal, throttled, unknown_client
from reconcile.emulator.mturk.sigv4 import check_signature, read_signature
from reconcile.emulator.options import Options
from reconcile.emulator.orders import Execute, Kind, Orders, Spoil
from reconcile.emulator.wirejson import JsonError, dumps, loads

TARGET: Final = "MTurkRequesterServiceV20170117."
_OPERATIONS: Final = {
    "SendBonus": Kind.SEND_BONUS,
    "ListBonusPayments": Kind.LIST_BONUS_PAYMENTS,
    "GetAccountBalance": Kind.GET_ACCOUNT_BALANCE,
}
_ACCOUNT: Final = re.compile(rb"<Account>[0-9]+")
_FORM: Final = "application/x-www-form-urlencoded"


def answer_mturk(running: Running, request: Request, steady_ms: int) -> tuple[Answer, Orders]:
    """The answer, and how it travels. Runs inside a transaction; a request that is refused leaves no trace in it."""
    kind = _kind(request)
    running.requests[kind] += 1
    orders = running.book.orders(kind, _workers(running, kind, request), running.options.latency_ms)
    try:
        if running.rate.exceeded(running.options.requests_per_second, steady_ms):
            raise throttled()
        answer = _carry_out(running, request, kind, orders)
    except AwsRefusal as refusal:
        answer = refusal.xml() if _is_form(request) else refusal.json()
    if orders.instead is not None:
        answer = orders.instead
    elif orders.spoil is not Spoil.NONE:
        answer = _spoiled(answer, orders.spoil)
    return answer, orders


def _carry_out(running: Running, request: Request, kind: Kind, orders: Orders) -> Answer:
    ledger, options = running.ledger, running.options
    now_ms = ledger.now_ms()
    # Both clocks are right: the machine's, by which most clients sign, and the emulator's own, which may be ahead.
    account = account_of(request, options, (now_ms - ledger.clock_offset_ms(), now_ms))
    if orders.execute is Execute.NEVER:
        return plain_answer(503, "not carried out on request")
    asked = Asked(account, request.body, now_ms, orders.mischief, orders.lag_ms)
    match kind:
        case Kind.SEND_BONUS if orders.execute is Execute.LATER:
            store.add_late(ledger.connection, account, request.body, now_ms + orders.late_ms)
            return plain_answer(503, "carried out later on request")
        case Kind.SEND_BONUS:
            with ledger.all_or_nothing():
                return send_bonus(ledger, options, asked)
        case Kind.LIST_BONUS_PAYMENTS:
            return list_bonus_payments(ledger, options, asked)
        case Kind.GET_ACCOUNT_BALANCE:
            return get_account_balance(ledger, options, asked)
        case Kind.GET_CALLER_IDENTITY:
            return get_caller_identity(account)
        case _:
            raise AwsRefusal(400, "UnknownOperationException", "The emulator does not know this operation")


def account_of(request: Request, options: Options, clocks_ms: tuple[int, ...]) -> str:
    """The AWS account that a request acts for. Raises AwsRefusal if it is not signed with a key of ours.

    The access key of the options is the options' account's; with 12 digits behind it, it is the account's of these.
    """
    if not options.mturk_signed and "authorization" not in request.headers:
        return options.mturk_account
    signature = read_signature(request)
    digits = signature.access_key.removeprefix(options.mturk_access_key)
    ours = signature.access_key.startswith(options.mturk_access_key)
    if not ours or (digits and not (len(digits) == 12 and digits.isascii() and digits.isdigit())):
        raise unknown_client()
    service = "sts" if _is_form(request) else "mturk-requester"
    if signature.service != service:
        text = f"Credential should be scoped to correct service: '{service}'."
        raise AwsRefusal(403, "InvalidSignatureException", text)
    if options.mturk_signed:
        check_signature(request, signature, options.mturk_secret_key, clocks_ms)
    return digits or options.mturk_account


def _kind(request: Request) -> Kind:
    if _is_form(request):
        action = parse_qs(request.body.decode("latin-1")).get("Action", [""])[-1]
        return Kind.GET_CALLER_IDENTITY if action == "GetCallerIdentity" else Kind.OTHER
    target = request.headers.get("x-amz-target", "")
    return _OPERATIONS.get(target.removeprefix(TARGET), Kind.OTHER) if target.startswith(TARGET) else Kind.OTHER


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").split(";")[0].strip().lower() == _FORM


def _workers(running: Running, kind: Kind, request: Request) -> frozenset[str]:
    if kind is not Kind.SEND_BONUS or not running.book.about_users:
        return frozenset()
    try:
        value = loads(request.body)
    except JsonError:
        return frozenset()
    return frozenset({str(value.get("WorkerId"))}) if isinstance(value, dict) else frozenset()


def _spoiled(answer: Answer, how: Spoil) -> Answer:
    """A true answer made wrong: a list that does not add up, or is about another assignment; another account."""
    if how is Spoil.GARBLE:
        return spoil(answer, how)
    if how is Spoil.WRONG_ID:
        answer = answer._replace(body=_ACCOUNT.sub(b"<Account>999999999999", answer.body))
    try:
        value = loads(answer.body)
    except JsonError:
        return answer
    if not isinstance(value, dict) or not isinstance(value.get("BonusPayments"), list):
        return answer
    if how is Spoil.WRONG_COUNTS:
        wrong = {**value, "NumResults": len(value["BonusPayments"]) + 7}
    else:
        wrong = {**value, "BonusPayments": [{**one, "AssignmentId": "ANOTHER"} for one in value["BonusPayments"]]}
    return answer._replace(body=dumps(wrong).encode())
