"""Answers below `/api/v1`: what Toloka would say, bent by the orders of the faults in force."""

from typing import Final

from reconcile.emulator.control import Running
from reconcile.emulator.delivery import spoil
from reconcile.emulator.errors import Refusal, too_many
from reconcile.emulator.messages import Answer, Request, plain_answer
from reconcile.emulator.orders import Execute, Kind, Orders, Spoil
from reconcile.emulator.sends import Sent, count_towards_quota, keep_for_later, send
from reconcile.emulator.toloka import Asked, Route, account_of, read, route
from reconcile.emulator.wirejson import JsonError, loads

_NO_USERS: Final[frozenset[str]] = frozenset()


def answer_api(running: Running, request: Request, steady_ms: int) -> tuple[Answer, Orders]:
    """The answer, and how it travels. Runs inside a transaction; a request that is refused leaves no trace in it."""
    found = route(request)
    running.requests[found.kind] += 1
    users = _users(request) if found.kind is Kind.SEND and running.book.about_users else _NO_USERS
    orders = running.book.orders(found.kind, users, running.options.latency_ms)
    try:
        if running.rate.exceeded(running.options.requests_per_second, steady_ms):
            raise too_many("MIN", "Too many requests a second")
        account = account_of(request, running.options)
        answer = _carry_out(running, request, found, account, orders)
    except Refusal as refusal:
        answer = refusal.answer()
    if orders.instead is not None:
        answer = orders.instead
    elif orders.spoil is not Spoil.NONE:
        answer = spoil(answer, orders.spoil)
    return answer, orders


def _carry_out(running: Running, request: Request, found: Route, account: str, orders: Orders) -> Answer:
    ledger, options = running.ledger, running.options
    now_ms = ledger.now_ms()
    if orders.execute is Execute.NEVER:
        return plain_answer(503, "not carried out on request")
    if found.kind is not Kind.SEND:
        return read(ledger, options, Asked(request, found, account, now_ms, orders))
    sent = Sent(account, request.query, request.body, now_ms, orders.mischief)
    if orders.execute is Execute.LATER:
        keep_for_later(ledger, sent, orders.late_ms)
        return plain_answer(503, "carried out later on request")
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "application/json is expected")
    count_towards_quota(ledger, options, account, now_ms)
    with ledger.all_or_nothing():
        return send(ledger, options, sent)


def _users(request: Request) -> frozenset[str]:
    try:
        value = loads(request.body)
    except JsonError:
        return _NO_USERS
    items = value if isinstance(value, list) else [value]
    return frozenset(str(item.get("user_id")) for item in items if isinstance(item, dict))
