"""The control API below `/emulator/`: what a test asks the emulator to do, and what it may know. Loopback only.

GET  /emulator/health     {"ok": true}
GET  /emulator/ledger     every account, payment and operation; requests and faults counted since the start
GET  /emulator/faults     the faults in force and how often each matched and struck
POST /emulator/faults     {"seed": 7, "faults": [{"name": "cut_after", "nth": [1]}, …]}: replaces them
POST /emulator/clock      {"advance_ms": 60000}: moves the emulator's clock forward, due work is done
POST /emulator/assignments {"assignments": [{"id": "a1", "user_id": "w1", "status": "ACCEPTED"}], "account": optional}
POST /emulator/mturk-assignments {"assignments": [{"id": "3A1", "worker_id": "A1", "hit_id": optional}], "account": optional}
POST /emulator/balance    {"balance": "12.00", "account": optional}
POST /emulator/options    any of {"latency_ms", "start_ms", "run_ms", "daily_limit", "requests_per_second"}
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from reconcile import identity
from reconcile.emulator import listing
from reconcile.emulator.assignments import register_assignment
from reconcile.emulator.errors import Refusal, absent, field_error, validation
from reconcile.emulator.faults import FaultBook, FaultError, read_faults
from reconcile.emulator.ledger import Ledger
from reconcile.emulator.listing import Search
from reconcile.emulator.messages import Answer, Request, json_answer
from reconcile.emulator.mturk import shown, store
from reconcile.emulator.options import Options
from reconcile.emulator.orders import Kind
from reconcile.emulator.ratelimit import RateLimit
from reconcile.emulator.toloka import operation_json
from reconcile.emulator.wirejson import JsonError, loads
from reconcile.model import parse_marker
from reconcile.money import AmountError, add, format_amount, parse_amount

PREFIX: Final = "/emulator/"
_ADJUSTABLE: Final = ("latency_ms", "start_ms", "run_ms", "daily_limit", "requests_per_second")
_ALL: Final = 2**62


@dataclass(slots=True, kw_only=True)
class Running:
    """An emulator at work. `requests` counts by kind since the start."""

    ledger: Ledger
    options: Options
    book: FaultBook
    rate: RateLimit = field(default_factory=RateLimit)
    requests: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))


def control(running: Running, request: Request) -> Answer:
    """The answer to a request below `/emulator/`, inside a transaction that may write. Raises Refusal."""
    name = request.path.removeprefix(PREFIX)
    if request.method == "GET":
        match name:
            case "health":
                return json_answer(200, {"ok": True})
            case "ledger":
                return json_answer(200, ledger_json(running))
            case "faults":
                return json_answer(200, {"faults": _faults_json(running.book)})
    elif request.method == "POST":
        given = _object(request)
        match name:
            case "faults":
                return _set_faults(running, given)
            case "clock":
                return _advance_clock(running, given)
            case "assignments":
                return _register(running, given, running.options.account, register_assignment)
            case "mturk-assignments":
                return _register(running, given, running.options.mturk_account, store.register_assignment)
            case "balance":
                return _set_balance(running, given)
            case "options":
                return _set_options(running, given)
    raise absent("control")


def ledger_json(running: Running) -> dict[str, object]:
    """Everything the ledger holds, sums made anew from the payments."""
    connection, now_ms = running.ledger.connection, running.ledger.now_ms()
    rows = listing.payment_rows(connection)
    payments = [_payment_json(*row) for row in rows]
    balances = dict(listing.account_rows(connection))
    names = {running.options.account, *balances, *listing.operation_accounts(connection)}
    operations = [
        {"account": name, "posts": row.posts, **operation_json(running.options, row, now_ms)}
        for name in sorted(names)
        for row in listing.search_operations(connection, Search(name, (), (), _ALL, now_ms))
    ]
    return {
        "format_version": 1,
        "currency": running.options.currency,
        "accounts": [
            {"id": name, "balance": balances.get(name, format_amount(running.options.balance))}
            for name in sorted(names)
        ],
        "payments": payments,
        "operations": operations,
        "late": listing.open_late(connection),
        "sums": {"payments": len(rows), "amount": format_amount(add(Decimal(str(row[5])) for row in rows))},
        "mturk": shown.mturk_json(running.ledger, running.options),
        "requests": {kind.value: count for kind, count in running.requests.items()},
        "faults": _faults_json(running.book),
        "clock_offset_ms": running.ledger.clock_offset_ms(),
    }


def _payment_json(
    account: object, operation: object, position: object, body: object, comment: object, amount: object
) -> dict[str, object]:
    marker = parse_marker(str(comment))
    bonus = json.loads(str(body), parse_float=str)
    return {
        **bonus,
        "amount": format_amount(Decimal(str(amount))),
        "account": account,
        "operation_id": operation,
        "position": position,
        "campaign": marker.campaign if marker else None,
        "payment_id": identity.to_text(marker.payment_id) if marker else None,
    }


def _faults_json(book: FaultBook) -> list[dict[str, object]]:
    counts = zip(book.faults, book.matched, book.struck, strict=True)
    return [{"fault": fault.as_text(), "matched": matched, "struck": struck} for fault, matched, struck in counts]


def _object(request: Request) -> dict[str, object]:
    # A web page elsewhere can make a browser post here, but not with this type and without being asked for.
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "application/json is expected")
    try:
        value = loads(request.body)
    except JsonError as exc:
        raise _bad("body", str(exc)) from exc
    if not isinstance(value, dict):
        raise _bad("body", "an object is expected")
    return value


def _set_faults(running: Running, given: dict[str, object]) -> Answer:
    try:
        running.book = FaultBook(read_faults(given))
    except FaultError as exc:
        raise _bad("faults", str(exc)) from exc
    return json_answer(200, {"faults": _faults_json(running.book)})


def _advance_clock(running: Running, given: dict[str, object]) -> Answer:
    advance = given.get("advance_ms")
    if not isinstance(advance, int) or isinstance(advance, bool) or advance < 0:
        raise _bad("advance_ms", "milliseconds, 0 or more: this clock only moves forward")
    offset = running.ledger.clock_offset_ms() + advance
    running.ledger.set_clock_offset(offset)
    return json_answer(200, {"clock_offset_ms": offset})


def _register(
    running: Running,
    given: dict[str, object],
    usual_account: str,
    register: Callable[[sqlite3.Connection, str, object], None],
) -> Answer:
    account, rows = str(given.get("account", usual_account)), given.get("assignments")
    if not isinstance(rows, list):
        raise _bad("assignments", "a list is expected")
    for row in rows:
        try:
            register(running.ledger.connection, account, row)
        except ValueError as exc:
            raise _bad("assignments", str(exc)) from exc
    return json_answer(200, {"registered": len(rows)})


def _set_balance(running: Running, given: dict[str, object]) -> Answer:
    account = given.get("account", running.options.account)
    try:
        balance = parse_amount(str(given.get("balance")), decimals_max=3)
    except AmountError as exc:
        raise _bad("balance", str(exc)) from exc
    running.ledger.set_balance(str(account), balance)
    return json_answer(200, {"id": account, "balance": format_amount(balance)})


def _set_options(running: Running, given: dict[str, object]) -> Answer:
    chosen: dict[str, int] = {}
    for name, value in given.items():
        if name not in _ADJUSTABLE or not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise _bad(name, f"a number, 0 or more, for one of: {', '.join(_ADJUSTABLE)}")
        chosen[name] = value
    running.options = replace(running.options, **chosen)  # type: ignore[arg-type]
    return json_answer(200, {name: getattr(running.options, name) for name in _ADJUSTABLE})


def _bad(name: str, message: str) -> Refusal:
    return validation({name: field_error("INVALID_VALUE", message)})
