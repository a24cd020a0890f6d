"""`POST /user-bonuses`: the one request that moves money, and what is due of it later."""

from decimal import Decimal
from typing import Final, NamedTuple

from reconcile import identity
from reconcile.emulator import listing
from reconcile.emulator.errors import Refusal, field_error, not_enough_balance, too_many, validation
from reconcile.emulator.execution import Outcome, Work, cost, execute
from reconcile.emulator.fresh import fresh_id
from reconcile.emulator.ledger import LateRequest, Ledger, OpenOperation
from reconcile.emulator.listing import Filter, Search
from reconcile.emulator.messages import Answer, json_answer
from reconcile.emulator.mturk.operations import run_late
from reconcile.emulator.options import Options
from reconcile.emulator.orders import Mischief
from reconcile.emulator.toloka import operation_json
from reconcile.emulator.validation import Item, amount_of
from reconcile.emulator.wirejson import JsonError, dumps, loads
from reconcile.times import DAY_MS

ITEMS_SYNC_MAX: Final = 100
ITEMS_ASYNC_MAX: Final = 1_000
_CONFLICT: Final = (
    "It is not allowed to apply multiple bonuses with the same amount, title, message and comment to same user"
    " in single operation"
)


class Sent(NamedTuple):
    """A request for bonuses as it came. `mischief`: what shall go wrong with its operation."""

    account: str
    query: tuple[tuple[str, str], ...]
    body: bytes
    now_ms: int
    mischief: Mischief = Mischief()


class _Parameters(NamedTuple):
    is_async: bool
    skip_invalid: bool
    operation: str


def count_towards_quota(ledger: Ledger, options: Options, account: str, now_ms: int) -> None:
    """Count one request of the day. Raises a Refusal over the limit; the count stays."""
    count = ledger.count_request(account, now_ms // DAY_MS)
    if options.daily_limit and count > options.daily_limit:
        left_s = (DAY_MS - now_ms % DAY_MS + 999) // 1000
        raise too_many("DAY", f"More than {options.daily_limit} requests a day", left_s)


def send(ledger: Ledger, options: Options, sent: Sent) -> Answer:
    """Carry a request out, or take it in for later. Raises Refusal: then nothing of it stays."""
    parameters = _parameters(sent.query)
    items, single = _items(sent.body, ITEMS_ASYNC_MAX if parameters.is_async else ITEMS_SYNC_MAX)
    keeps_id = parameters.is_async or (options.sync_ids_used and bool(parameters.operation))
    operation = parameters.operation or fresh_id().hex()
    if keeps_id and ledger.meet_operation(sent.account, operation):
        # Returned, not raised: a refusal would undo the count of requests that came with this id.
        return Refusal(409, "OPERATION_ALREADY_EXISTS", "The operation already exists").answer()
    _refuse_twins(items)
    _refuse_poverty(ledger, options, sent.account, items)
    work = Work(sent.account, operation if keeps_id else "", items, parameters.skip_invalid, sent.mischief)
    if parameters.is_async:
        return _take_in(ledger, options, sent, work)
    outcome = execute(ledger, options, work, sent.now_ms)
    if keeps_id:
        _record(ledger, work, outcome, submitted_ms=sent.now_ms, finish_ms=sent.now_ms)
    return _synchronous_answer(outcome, len(items), single=single)


def run_due(ledger: Ledger, options: Options, now_ms: int) -> None:
    """Carry out everything whose time has come: late requests, then operations. Each as of its own time, the oldest
    first, also where nobody asked anything for hours.
    """
    while (due_ms := ledger.next_due_ms()) is not None and due_ms <= now_ms:
        for request in ledger.take_late(due_ms):
            try:
                with ledger.all_or_nothing():
                    send(ledger, options, Sent(request.account, request.query, request.body.encode("latin-1"), due_ms))
            except Refusal:
                continue  # nobody is there to be told
        run_late(ledger, options, due_ms)
        for entry in ledger.due_operations(due_ms):
            finish(ledger, options, entry, due_ms)


def finish(ledger: Ledger, options: Options, entry: OpenOperation, now_ms: int) -> None:
    """Carry out one operation. Its end may still lie ahead: until then it shows as running."""
    items = loads(entry.body.encode())
    assert isinstance(items, list)
    work = Work(entry.account, entry.operation, items, entry.skip_invalid, entry.mischief)
    outcome = execute(ledger, options, work, now_ms)
    ledger.finish_operation(
        entry,
        finish_ms=max(entry.finish_ms, now_ms),
        result=outcome.result,
        counts=outcome.counts,
        log=outcome.log,
    )


def keep_for_later(ledger: Ledger, sent: Sent, delay_ms: int) -> None:
    """A request whose connection dies now and that is carried out after `delay_ms` all the same."""
    ledger.add_late(LateRequest(sent.account, sent.query, sent.body.decode("latin-1")), sent.now_ms + delay_ms)


def _take_in(ledger: Ledger, options: Options, sent: Sent, work: Work) -> Answer:
    mischief = work.mischief
    start_ms = sent.now_ms + (options.start_ms if mischief.start_ms is None else mischief.start_ms)
    finish_ms = start_ms + (options.run_ms if mischief.run_ms is None else mischief.run_ms)
    entry = OpenOperation(work.account, work.operation, finish_ms, work.skip_invalid, dumps(work.items), mischief)
    ledger.add_operation(entry, submitted_ms=sent.now_ms, start_ms=start_ms)
    if start_ms <= sent.now_ms:
        finish(ledger, options, entry, sent.now_ms)
    only = Search(work.account, (Filter("operation", "=", work.operation),), (), 1, sent.now_ms)
    row = listing.search_operations(ledger.connection, only)[0]
    return json_answer(201, operation_json(options, row, sent.now_ms))


def _record(ledger: Ledger, work: Work, outcome: Outcome, *, submitted_ms: int, finish_ms: int) -> None:
    entry = OpenOperation(work.account, work.operation, finish_ms, work.skip_invalid, "", work.mischief)
    ledger.add_operation(entry, submitted_ms=submitted_ms, start_ms=submitted_ms)
    ledger.finish_operation(entry, finish_ms=finish_ms, result=outcome.result, counts=outcome.counts, log=outcome.log)


def _synchronous_answer(outcome: Outcome, total: int, *, single: bool) -> Answer:
    if not outcome.paid:
        errors = {str(position): error for position, error in outcome.errors.items()}
        raise validation(outcome.errors.get(0, {}) if single else errors)
    if single:
        return Answer(201, outcome.paid[0].encode())
    assert len(outcome.paid) + len(outcome.errors) <= total
    items = ",".join(f'"{position}":{body}' for position, body in outcome.paid.items())
    errors_text = dumps({str(position): error for position, error in outcome.errors.items()})
    return Answer(201, f'{{"items":{{{items}}},"validation_errors":{errors_text}}}'.encode())


# --- what is wrong with a request as a whole -----------------------------------------------------------------------


def _parameters(query: tuple[tuple[str, str], ...]) -> _Parameters:
    given = dict(query)
    errors: dict[str, object] = {}
    for name in given.keys() - {"async_mode", "skip_invalid_items", "operation_id"}:
        errors[name] = field_error("VALUE_NOT_ALLOWED", "There is no such parameter")
    for name in ("async_mode", "skip_invalid_items"):
        if given.get(name, "false") not in ("true", "false"):
            errors[name] = field_error("BOOLEAN_EXPECTED", "true or false is expected")
    raw = identity.from_text(given["operation_id"]) if "operation_id" in given else b""
    if raw is None:
        errors["operation_id"] = field_error("UUID_EXPECTED", "A UUID is expected")
    if errors:
        raise validation(errors)
    is_async, skip_invalid = given.get("async_mode") == "true", given.get("skip_invalid_items") == "true"
    return _Parameters(is_async, skip_invalid, raw.hex() if raw else "")


def _items(body: bytes, most: int) -> tuple[list[Item], bool]:
    try:
        value = loads(body)
    except JsonError as exc:
        raise Refusal(400, "VALIDATION_ERROR", f"The body is not JSON: {exc}") from exc
    given = value if isinstance(value, list) else [value]
    items: list[Item] = [item for item in given if isinstance(item, dict)]
    if not items or len(items) < len(given):
        raise Refusal(400, "VALIDATION_ERROR", "A bonus, or a list of at least one, is expected")
    if len(items) > most:
        raise Refusal(413, "ARRAY_SIZE_GREATER_THAN_MAX", f"At most {most} bonuses in one request")
    return items, not isinstance(value, list)


def _refuse_twins(items: list[Item]) -> None:
    seen: set[tuple[object, ...]] = set()
    for item in items:
        texts = tuple(dumps(item.get(name)) for name in ("public_title", "public_message", "private_comment"))
        twin = (str(item.get("user_id")), amount_of(item), *texts)
        if twin in seen:
            raise Refusal(
                409, "ENTITY_CONFLICT", _CONFLICT, whole={"user_id": field_error("ENTITY_CONFLICT", _CONFLICT)}
            )
        seen.add(twin)


def _refuse_poverty(ledger: Ledger, options: Options, account: str, items: list[Item]) -> None:
    amounts: list[Decimal] = [
        amount for amount in map(amount_of, items) if amount is not None and amount <= options.amount_max
    ]
    if cost(options, amounts) > ledger.balance(account, options.balance):
        raise not_enough_balance()
