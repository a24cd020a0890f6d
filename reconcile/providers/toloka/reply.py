"""An answer of the wire, opened once: its value or Toloka's own error, its times, its request id."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from reconcile.money import amount_from_wire
from reconcile.providers.base import Lost, NotSent, Trouble, Unread, WireResponse, WireResult
from reconcile.providers.http_times import http_date as http_date
from reconcile.providers.http_times import retry_after
from reconcile.providers.reply_words import clip, request_id_of
from reconcile.providers.strict_json import JsonError, parse_json
from reconcile.providers.toloka import outcomes
from reconcile.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, parse_time

_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,99}", re.ASCII)
_POSITION: Final = re.compile(r"0|[1-9][0-9]{0,3}", re.ASCII)
_WAIT_MS_BY_INTERVAL: Final = {"MIN": MINUTE_MS, "HOUR": HOUR_MS, "DAY": DAY_MS}
_DECIMALS_MAX: Final = 9
# A campaign pays few different amounts: what each says is found out once. Of equal numbers one form is kept.
_AMOUNTS: Final[dict[Decimal, Decimal]] = {}
_AMOUNTS_MAX: Final = 65_536
_SECONDS: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}):([0-5][0-9])(?:\.([0-9]{3}))?Z?", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnError:
    """Toloka's own form of an error. `interval` is a limit's (MIN, HOUR, DAY), "" for none. `items`: what it says of
    single items of the request, as (position from 0, code, message).
    """

    code: str
    message: str
    request_id: str = ""
    interval: str = ""
    items: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A result of the wire. `value` is the body of a 2xx where it is JSON (`broken` says why not), `error` Toloka's
    own error of any other status. `status` 0 with `code` and `message`: no answer came at all.
    """

    status: int
    value: object = None
    broken: str = ""
    error: OwnError | None = None
    code: str = ""
    message: str = ""
    retry_after_s: float | None = None
    server_ms: int | None = None

    @property
    def succeeded(self) -> bool:
        """A 2xx with a body that could be read."""
        return 200 <= self.status < 300 and not self.broken


def open_reply(result: WireResult) -> Reply:
    """Open a result of the wire. Never raises."""
    match result:
        case NotSent(reason):
            return Reply(status=0, code=outcomes.NOT_SENT, message=clip(reason))
        case Lost(reason):
            return Reply(status=0, code=outcomes.LOST, message=clip(reason))
        case WireResponse():
            return _open_response(result)


def _open_response(response: WireResponse) -> Reply:
    status = response.status
    server_ms = http_date(response.headers.get("date", ""))
    value: object = None
    broken = ""
    try:
        value = parse_json(response.body)
    except JsonError as exc:
        broken = str(exc)
    if 200 <= status < 300:
        code, message = (outcomes.BAD_ANSWER, f"the answer is {broken}") if broken else ("", "")
        return Reply(status=status, value=value, broken=broken, code=code, message=message, server_ms=server_ms)
    error = None if broken else own_error(value, status)
    if error is not None:
        code, message = error.code, error.message
    elif 300 <= status < 400:
        code, message = outcomes.REDIRECTED, f"HTTP {status}"
    else:
        code, message = outcomes.HTTP_ERROR, f"HTTP {status} without Toloka's own error"
    retry_after_s = retry_after(response.headers.get("retry-after", ""), server_ms)
    if retry_after_s is None and error is not None and status == 429:
        retry_after_s = _WAIT_MS_BY_INTERVAL.get(error.interval, SECOND_MS) / SECOND_MS
    return Reply(
        status=status, error=error, code=code, message=message, retry_after_s=retry_after_s, server_ms=server_ms
    )


def own_error(value: object, status: int) -> OwnError | None:
    """Toloka's own error: an object with a code and a message, or for 409 the form by fields; else None."""
    if not isinstance(value, dict):
        return None
    if "code" not in value:
        return _error_by_fields(value) if status == 409 else None
    code, message, request_id = value["code"], value.get("message"), value.get("request_id")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return None
    if not isinstance(message, str | None) or not isinstance(request_id, str | None):
        return None
    # Two errors are documented by their code alone; of every other the message is part.
    if message is None and (status, code) not in ((429, outcomes.TOO_MANY_REQUESTS), (409, outcomes.ALREADY_EXISTS)):
        return None
    payload = value.get("payload")
    interval = payload.get("interval") if isinstance(payload, dict) else None
    detail = _payload_detail(payload)
    return OwnError(
        code=code,
        message=clip(f"{message or ''}{f' ({detail})' if detail else ''}".strip()),
        request_id=request_id_of(request_id),
        interval=interval if isinstance(interval, str) and interval in _WAIT_MS_BY_INTERVAL else "",
        items=_by_position(payload),
    )


def unread(reply: Reply, *, message: str = "", collection: bool = True) -> Unread:
    """A question without an answer. `message` says what did not fit in a 2xx. `collection`: the address always exists
    at Toloka, so that a 404 means a wrong address.
    """
    if message:
        return Unread(code=outcomes.BAD_ANSWER, message=clip(message))
    daily = reply.error is not None and reply.error.interval == "DAY"
    trouble = outcomes.trouble_of(reply.status, reply.code, daily=daily)
    if reply.status == 404 and not collection:
        trouble = Trouble.NONE
    return Unread(
        code=reply.code,
        message=reply.message,
        trouble=trouble,
        retry_after_s=reply.retry_after_s,
        request_id=reply.error.request_id if reply.error else "",
    )


# --- values of JSON, or None ---------------------------------------------------------------------------------------


def amount_of(value: object) -> Decimal | None:
    """An amount as Toloka reports it, number or text, with no more decimals than money can have."""
    known = _AMOUNTS.get(value) if type(value) is Decimal else None
    if known is not None:
        return known
    amount = amount_from_wire(value)
    if amount is None:
        return None
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_DECIMALS_MAX:
        return None
    if type(value) is Decimal and len(_AMOUNTS) < _AMOUNTS_MAX:
        _AMOUNTS[value] = amount
    return amount


def time_of(value: object) -> int | None:
    """Milliseconds of a time such as `2016-10-23T13:27:00` (UTC), with or without fraction and Z."""
    if not isinstance(value, str):
        return None
    # Most of a page's times lie within one minute, written alike.
    match = _SECONDS.fullmatch(value)
    if match is None:
        return parse_time(value)
    minute_ms = _minute(match[1])
    if minute_ms is None:
        return None
    return minute_ms + int(match[2]) * SECOND_MS + int(match[3] or 0)


@lru_cache(maxsize=64)
def _minute(text: str) -> int | None:
    return parse_time(f"{text}:00Z")


def code_and_message(value: object) -> tuple[str, str] | None:
    """(code, message) of a `{code, message}` of Toloka's."""
    if not isinstance(value, dict):
        return None
    code, message = value.get("code"), value.get("message")
    if not isinstance(code, str) or not _CODE.fullmatch(code) or not isinstance(message, str | None):
        return None
    return code, message or ""


def position_of(name: object) -> int | None:
    """A position in a request, from 0, as Toloka writes it: digits without a leading zero."""
    if not isinstance(name, str) or not _POSITION.fullmatch(name):
        return None
    return int(name)


def field_errors(value: object) -> tuple[str, str] | None:
    """The first code of `field → {code, message}`, with every field's message; None unless every entry is one."""
    if not isinstance(value, dict) or not value:
        return None
    found = {str(name): code_and_message(entry) for name, entry in value.items()}
    errors = {name: error for name, error in found.items() if error is not None}
    if len(errors) != len(found):
        return None
    message = "; ".join(f"{name}: {message or code}" for name, (code, message) in errors.items())
    return next(iter(errors.values()))[0], clip(message)


def _error_by_fields(value: Mapping[str, object]) -> OwnError | None:
    errors = field_errors(value)
    if errors is None or errors[0] != outcomes.ENTITY_CONFLICT:
        return None
    return OwnError(code=errors[0], message=errors[1])


def _payload_detail(payload: object) -> str:
    """What a validation error says of fields, or of fields by position."""
    direct = field_errors(payload)
    if direct is not None:
        return direct[1]
    if not isinstance(payload, dict):
        return ""
    by_position = {str(name): field_errors(entry) for name, entry in payload.items()}
    return "; ".join(f"item {name}: {errors[1]}" for name, errors in by_position.items() if errors is not None)


def _by_position(payload: object) -> tuple[tuple[int, str, str], ...]:
    """(position, code, message) of each item that a payload names; () unless every entry is an item's errors."""
    if not isinstance(payload, dict):
        return ()
    found = []
    for name, entry in payload.items():
        position, errors = position_of(name), field_errors(entry)
        if position is None or errors is None:
            return ()
        found.append((position, *errors))
    return tuple(found)
