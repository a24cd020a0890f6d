"""Query parameters of Toloka's searches, checked and turned into a search of the ledger."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from reconcile import identity
from reconcile.emulator.errors import field_error, validation
from reconcile.emulator.listing import Filter, Order, Search
from reconcile.emulator.messages import Request
from reconcile.times import parse_time

_COMPARISONS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_STATUSES: Final = ("PENDING", "RUNNING", "SUCCESS", "FAIL")


class Searchable(NamedTuple):
    """What can be searched: exact filters and compared ones (parameter → column), and how large a page may be."""

    exact: Mapping[str, str]
    compared: Mapping[str, str]
    limit_max: int


BONUSES: Final = Searchable(
    exact={"user_id": "user_id", "assignment_id": "assignment_id", "private_comment": "private_comment"},
    compared={"id": "id", "created": "created_ms"},
    limit_max=300,
)
OPERATIONS: Final = Searchable(
    exact={"type": "type", "status": "status"},
    compared={"id": "operation", "submitted": "submitted_ms", "finished": "finished_ms"},
    limit_max=500,
)
OPERATION_TYPE: Final = "USER_BONUS.BATCH_CREATE"


class Context(NamedTuple):
    """Whose rows are searched, now, and how far the list lags behind."""

    account: str
    now_ms: int
    lag_ms: int


def read_search(searchable: Searchable, request: Request, context: Context) -> Search:
    """The search that a request asks for. Raises a Refusal that names every parameter that does not fit.

    A parameter nobody knows is refused: a filter that is silently ignored would show payments that were not asked for.
    """
    errors: dict[str, object] = {}
    filters: list[Filter] = []
    order: tuple[Order, ...] = (Order(searchable.compared["id"], descending=False),)
    limit = 50
    for name, value in request.query:
        try:
            if name == "limit":
                limit = _limit(value, searchable.limit_max)
            elif name == "sort":
                order = _order(value, searchable)
            else:
                filters += _filter(name, value, searchable)
        except ValueError as exc:
            errors[name] = field_error("INVALID_VALUE", str(exc))
    if errors:
        raise validation(errors)
    until = context.now_ms - context.lag_ms if context.lag_ms else None
    return Search(context.account, tuple(filters), order, limit, context.now_ms, until)


def _limit(value: str, most: int) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:9]) <= most:
        raise ValueError(f"a number from 1 to {most} is expected")
    return int(value)


def _order(value: str, searchable: Searchable) -> tuple[Order, ...]:
    order: list[Order] = []
    for part in value.split(","):
        name = part.removeprefix("-")
        if name not in searchable.compared:
            raise ValueError(f"{name!r} can't be sorted by")
        order.append(Order(searchable.compared[name], descending=part.startswith("-")))
    return tuple(order)


def _filter(name: str, value: str, searchable: Searchable) -> list[Filter]:
    if name == "type":
        # Bonuses are all that this account ever asks for: another type matches nothing.
        return [] if value == OPERATION_TYPE else [Filter("operation", "=", "")]
    if name in searchable.exact:
        if name == "status" and value not in _STATUSES:
            raise ValueError(f"one of {', '.join(_STATUSES)} is expected")
        return [Filter(searchable.exact[name], "=", value)]
    field, _, comparison = name.rpartition("_")
    if field not in searchable.compared or comparison not in _COMPARISONS:
        raise ValueError("there is no such parameter")
    column = searchable.compared[field]
    return [Filter(column, _COMPARISONS[comparison], _compared_value(column, value))]


def _compared_value(column: str, value: str) -> str | int:
    if column == "id":
        if not value.isascii() or not value.isdigit() or len(value) > 18:
            raise ValueError("an id of digits is expected")
        return int(value)
    if column == "operation":
        raw = identity.from_text(value)
        if raw is None:
            raise ValueError("a UUID is expected")
        return raw.hex()
    at_ms = parse_time(value)
    if at_ms is None:
        raise ValueError("a date and time in ISO 8601 is expected")
    return at_ms
