"""Toloka's requests about bonuses, answered from the ledger. Each function runs inside one transaction."""

import json
from typing import Final, NamedTuple

from reconcile import identity
from reconcile.emulator import listing
from reconcile.emulator.assignments import find_assignment
from reconcile.emulator.errors import Refusal, absent
from reconcile.emulator.execution import created_text
from reconcile.emulator.ledger import Ledger
from reconcile.emulator.listing import Filter, OperationRow, Search
from reconcile.emulator.messages import Answer, Request, json_answer
from reconcile.emulator.options import Options
from reconcile.emulator.orders import Kind, Orders
from reconcile.emulator.queries import BONUSES, OPERATION_TYPE, OPERATIONS, Context, read_search
from reconcile.times import DAY_MS

PREFIX: Final = "/api/v1/"


class Route(NamedTuple):
    """What a request is about: its kind, and the id in its path."""

    kind: Kind
    id: str = ""


class Asked(NamedTuple):
    """A request with everything that its answer depends on besides the ledger."""

    request: Request
    route: Route
    account: str
    now_ms: int
    orders: Orders


def route(request: Request) -> Route:
    """What a request below `/api/v1` asks for; OTHER for what the emulator does not have."""
    parts = tuple(request.path.removeprefix(PREFIX).split("/")) if request.path.startswith(PREFIX) else ()
    if request.method == "POST":
        return Route(Kind.SEND) if parts == ("user-bonuses",) else Route(Kind.OTHER)
    if request.method != "GET":
        return Route(Kind.OTHER)
    match parts:
        case ("requester",):
            return Route(Kind.REQUESTER)
        case ("operations",):
            return Route(Kind.OPERATIONS)
        case ("operations", operation):
            return Route(Kind.OPERATION, operation)
        case ("operations", operation, "log"):
            return Route(Kind.LOG, operation)
        case ("assignments", assignment):
            return Route(Kind.ASSIGNMENT, assignment)
        case ("user-bonuses",):
            return Route(Kind.BONUSES)
        case ("user-bonuses", number):
            return Route(Kind.BONUS, number)
        case _:
            return Route(Kind.OTHER)


def account_of(request: Request, options: Options) -> str:
    """The account that a request acts for. Raises a Refusal if its token is not ours."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if options.token and (scheme not in ("ApiKey", "OAuth") or token.strip() != options.token):
        raise Refusal(401, "AUTHENTICATION_ERROR", "The token is not known")
    account = request.headers.get("x-act-under-account-id", "") or options.account
    if not (account.isascii() and account.isalnum() and len(account) <= 64):
        raise Refusal(403, "ACCESS_DENIED", "The account is not shared with you")
    return account


def read(ledger: Ledger, options: Options, asked: Asked) -> Answer:
    """The answer to a request that moves no money. Raises Refusal."""
    match asked.route.kind:
        case Kind.REQUESTER:
            return _requester(ledger, options, asked)
        case Kind.OPERATION:
            return json_answer(200, operation_json(options, find_operation(ledger, asked), asked.now_ms))
        case Kind.OPERATIONS:
            return _operations(ledger, options, asked)
        case Kind.LOG:
            return _log(ledger, options, asked)
        case Kind.BONUSES:
            return _bonuses(ledger, asked)
        case Kind.BONUS:
            return _bonus(ledger, asked)
        case Kind.ASSIGNMENT:
            return _assignment(ledger, asked)
        case _:
            raise absent("address")


def find_operation(ledger: Ledger, asked: Asked) -> OperationRow:
    """The operation that a path names. Raises a Refusal where there is none (yet)."""
    raw = identity.from_text(asked.route.id)
    key = raw.hex() if raw else ""
    until = asked.now_ms - asked.orders.lag_ms if asked.orders.lag_ms else None
    only = Search(asked.account, (Filter("operation", "=", key),), (), 1, asked.now_ms, until)
    rows = listing.search_operations(ledger.connection, only)
    if not rows:
        raise absent("operation")
    return rows[0]


def operation_json(options: Options, row: OperationRow, now_ms: int) -> dict[str, object]:
    """An operation as Toloka shows it."""
    ended = row.status in ("SUCCESS", "FAIL")
    shown: dict[str, object] = {
        "id": shown_id(options, row.operation),
        "type": OPERATION_TYPE,
        "status": row.status,
        "submitted": created_text(options, row.submitted_ms),
        "parameters": {"skip_invalid_items": bool(row.skip_invalid)},
    }
    if row.start_ms <= now_ms:
        shown["started"] = created_text(options, row.start_ms)
    if ended:
        shown["finished"] = created_text(options, row.finish_ms)
    shown["progress"] = 100 if ended else 0 if row.status == "PENDING" else 50
    return {**shown, "details": json.loads(row.counts)} if ended else shown


def shown_id(options: Options, operation: str) -> str:
    """The id of an operation in the form that this emulator shows."""
    return identity.to_text(bytes.fromhex(operation)) if options.ids_dashed else operation


def _requester(ledger: Ledger, options: Options, asked: Asked) -> Answer:
    return json_answer(
        200,
        {
            "id": asked.account,
            "balance": ledger.balance(asked.account, options.balance),
            "public_name": {"EN": options.name},
            "company": {"id": "1", "superintendent_id": asked.account},
        },
    )


def _operations(ledger: Ledger, options: Options, asked: Asked) -> Answer:
    search = read_search(OPERATIONS, asked.request, _context(asked))
    rows = listing.search_operations(ledger.connection, search)
    shown = [operation_json(options, row, asked.now_ms) for row in rows[: search.limit]]
    return json_answer(200, {"items": shown, "has_more": len(rows) > search.limit})


def _log(ledger: Ledger, options: Options, asked: Asked) -> Answer:
    row = find_operation(ledger, asked)
    ended_ms = row.finish_ms if row.status in ("SUCCESS", "FAIL") else asked.now_ms
    if asked.orders.archived or asked.now_ms - ended_ms > options.log_days * DAY_MS:
        raise Refusal(409, "OPERATION_LOGS_ARCHIVED", "The logs of this operation are archived")
    lines = listing.operation_log(ledger.connection, asked.account, row.operation)
    return Answer(200, f"[{','.join(lines)}]".encode())


def _bonuses(ledger: Ledger, asked: Asked) -> Answer:
    search = read_search(BONUSES, asked.request, _context(asked))
    bodies = listing.search_bonuses(ledger.connection, search)
    has_more = "true" if len(bodies) > search.limit else "false"
    return Answer(200, f'{{"items":[{",".join(bodies[: search.limit])}],"has_more":{has_more}}}'.encode())


def _bonus(ledger: Ledger, asked: Asked) -> Answer:
    number = asked.route.id
    known = number.isascii() and number.isdigit() and len(number) <= 18
    body = listing.bonus(ledger.connection, asked.account, int(number)) if known else None
    if body is None:
        raise absent("bonus")
    return Answer(200, body.encode())


def _assignment(ledger: Ledger, asked: Asked) -> Answer:
    found = find_assignment(ledger.connection, asked.account, asked.route.id)
    if found is None:
        raise absent("assignment")
    return json_answer(200, {"id": found.id, "pool_id": "1", "user_id": found.user_id, "status": found.status})


def _context(asked: Asked) -> Context:
    return Context(asked.account, asked.now_ms, asked.orders.lag_ms)
