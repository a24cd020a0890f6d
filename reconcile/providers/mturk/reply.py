"""An answer of the wire, opened once: its value or AWS's own error, its time, its request id."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from reconcile.money import amount_from_wire
from reconcile.providers.base import Lost, NotSent, Unread, WireResponse, WireResult
from reconcile.providers.http_times import http_date, retry_after
from reconcile.providers.mturk import outcomes
from reconcile.providers.reply_words import clip, request_id_of
from reconcile.providers.strict_json import JsonError, parse_json
from reconcile.times import SECOND_MS

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9._]{0,99}", re.ASCII)
_XML_ERROR: Final = re.compile(r"<Error>.*?<Code>([A-Za-z0-9.]{1,100})</Code>.*?</Error>", re.DOTALL | re.ASCII)
_XML_MESSAGE: Final = re.compile(r"<Error>.*?<Message>([^<]{0,1000})</Message>.*?</Error>", re.DOTALL)
_SECONDS_MAX: Final = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A result of the wire. `value` is the JSON of the body, None with `broken` where it is none; `text` the body.

    `kind` is the type of AWS's own error, "" where it gave none; `code` its TurkErrorCode, else its type, else our own
    word. `status` 0: no answer came at all.
    """

    status: int
    value: object = None
    broken: str = ""
    text: str = ""
    kind: str = ""
    turk_code: str = ""
    code: str = ""
    message: str = ""
    request_id: str = ""
    retry_after_s: float | None = None
    server_ms: int | None = None

    @property
    def succeeded(self) -> bool:
        """Whether it is a 2xx; its body may still be anything."""
        return 200 <= self.status < 300


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
    status, server_ms = response.status, http_date(response.headers.get("date", ""))
    text = response.body.decode("utf-8", "replace")
    value: object = None
    broken = ""
    try:
        value = parse_json(response.body)
    except JsonError as error:
        broken = str(error)
    request_id = request_id_of(response.headers.get("x-amzn-requestid"))
    if 200 <= status < 300:
        return Reply(status=status, value=value, broken=broken, text=text, request_id=request_id, server_ms=server_ms)
    kind, turk_code, message = _own_error(value) if not broken else _xml_error(text)
    if kind:
        code = turk_code or kind
    elif 300 <= status < 400:
        code, message = outcomes.REDIRECTED, f"HTTP {status}"
    else:
        code, message = outcomes.HTTP_ERROR, f"HTTP {status} without AWS's own error"
    return Reply(
        status=status,
        kind=kind,
        turk_code=turk_code,
        code=code,
        message=clip(message),
        request_id=request_id,
        retry_after_s=retry_after(response.headers.get("retry-after", ""), server_ms),
        server_ms=server_ms,
    )


def _own_error(value: object) -> tuple[str, str, str]:
    """(type, TurkErrorCode, message) of AWS's own error in JSON; "" for what it does not name."""
    if not isinstance(value, dict):
        return "", "", ""
    raw = value.get("__type")
    kind = raw.rpartition("#")[2].partition(":")[0] if isinstance(raw, str) else ""
    if not _NAME.fullmatch(kind):
        return "", "", ""
    code = value.get("TurkErrorCode")
    message = value.get("Message", value.get("message"))
    known = isinstance(code, str) and _NAME.fullmatch(code) is not None
    return kind, code if isinstance(code, str) and known else "", message if isinstance(message, str) else ""


def _xml_error(text: str) -> tuple[str, str, str]:
    """The same of the XML in which AWS's token service answers."""
    code, message = _XML_ERROR.search(text), _XML_MESSAGE.search(text)
    return (code[1], "", message[1] if message else "") if code else ("", "", "")


def unread(reply: Reply, *, message: str = "") -> Unread:
    """A question without an answer. `message` says what did not fit in a 2xx."""
    if message:
        return Unread(code=outcomes.BAD_ANSWER, message=clip(message), request_id=reply.request_id)
    return Unread(
        code=reply.code,
        message=reply.message,
        trouble=outcomes.trouble_of(reply.status, reply.kind, reply.turk_code),
        retry_after_s=reply.retry_after_s,
        request_id=reply.request_id,
        final=reply.kind == outcomes.REQUEST_ERROR and bool(reply.turk_code),
    )


# --- values of JSON, or None ---------------------------------------------------------------------------------------


def cents_of(value: object) -> Decimal | None:
    """An amount in whole cents, as MTurk reports it."""
    amount = amount_from_wire(value)
    return amount if amount is not None and amount.as_tuple().exponent == -2 else None


def time_of(value: object) -> int | None:
    """Milliseconds of a time in seconds since the epoch, with or without a fraction."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value < _SECONDS_MAX:
        return None
    return int(value * SECOND_MS)
