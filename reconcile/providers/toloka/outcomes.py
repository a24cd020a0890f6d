"""The table of outcomes: what each kind of answer to a payment's request proves, and each code in plain words.

Not executed is believed only where Toloka itself says so, in its own form of an error. Executed is believed of a
well-formed operation that carries our id, and of "already exists". Everything else proves nothing.
"""

from typing import Final, NamedTuple

from reconcile.model import SendOutcome
from reconcile.providers.base import Trouble

ALREADY_EXISTS: Final = "OPERATION_ALREADY_EXISTS"
ENTITY_CONFLICT: Final = "ENTITY_CONFLICT"
DOES_NOT_EXIST: Final = "DOES_NOT_EXIST"
LOGS_ARCHIVED: Final = "OPERATION_LOGS_ARCHIVED"
TOO_MANY_REQUESTS: Final = "TOO_MANY_REQUESTS"
NOT_ENOUGH_BALANCE: Final = "NOT_ENOUGH_BALANCE"
VALIDATION_ERROR: Final = "VALIDATION_ERROR"

# Our own words, where Toloka gave none.
NOT_SENT: Final = "not_sent"
LOST: Final = "lost"
REDIRECTED: Final = "redirected"
BAD_ANSWER: Final = "bad_answer"
HTTP_ERROR: Final = "http_error"


class Row(NamedTuple):
    """A definite answer: this status, with Toloka's own error body, and with this code ("" for any) in it."""

    status: int
    code: str
    outcome: SendOutcome
    trouble: Trouble


DEFINITE: Final = (
    Row(400, "", SendOutcome.NOT_EXECUTED, Trouble.NONE),
    Row(401, "", SendOutcome.NOT_EXECUTED, Trouble.STOP),
    Row(403, "", SendOutcome.NOT_EXECUTED, Trouble.STOP),
    Row(404, "", SendOutcome.NOT_EXECUTED, Trouble.STOP),
    Row(409, ALREADY_EXISTS, SendOutcome.EXECUTED, Trouble.NONE),
    Row(409, ENTITY_CONFLICT, SendOutcome.NOT_EXECUTED, Trouble.NONE),
    Row(413, "", SendOutcome.NOT_EXECUTED, Trouble.NONE),
    Row(415, "", SendOutcome.NOT_EXECUTED, Trouble.NONE),
    Row(429, TOO_MANY_REQUESTS, SendOutcome.NOT_EXECUTED, Trouble.LATER),
)

# Codes that are no refusal whatever status they come with: the work was, or may have been, begun.
NEVER_A_REFUSAL: Final = frozenset(
    {
        "OPERATION_EXECUTION_ERROR",
        "INTERNAL_ERROR",
        "REMOTE_SERVICE_UNAVAILABLE",
        "BILLING_NOT_SYNCHRONIZED",
        "CONFLICT_STATE",
    }
)

# What a status means for the run, also where a proxy or a gateway spoke and nothing is proved.
_TROUBLE_BY_STATUS: Final = {401: Trouble.STOP, 403: Trouble.STOP, 404: Trouble.STOP, 429: Trouble.LATER}


class Meaning(NamedTuple):
    """A code in plain words: the statuses that it is met with (none: it is ours, or stands in a log), what it means
    and what to do.
    """

    statuses: tuple[int, ...]
    sentence: str


CODES: Final = {
    # Of a request.
    VALIDATION_ERROR: Meaning(
        (400,), "Toloka found the request invalid. Correct the fields that the message names in the spec."
    ),
    "AUTHENTICATION_ERROR": Meaning(
        (401, 403), "Toloka does not accept the token: check that it is whole, valid, and of this environment."
    ),
    "ACCESS_DENIED": Meaning(
        (403,), "The token's account may not do this: give it the right to issue bonuses, or use another token."
    ),
    DOES_NOT_EXIST: Meaning((404,), "Toloka does not know what was asked for: check endpoint and environment."),
    ALREADY_EXISTS: Meaning(
        (409,), "Toloka has this operation already: its first delivery arrived, and is now looked at."
    ),
    ENTITY_CONFLICT: Meaning(
        (409,), "One request held two equal bonuses for a worker: give them different texts or amounts."
    ),
    "CONFLICT_STATE": Meaning(
        (409,), "Toloka says that the object is in a state that does not allow it: run apply again later."
    ),
    NOT_ENOUGH_BALANCE: Meaning(
        (400, 409), "The account's balance does not suffice: top it up at Toloka, then run apply again."
    ),
    "BILLING_NOT_SYNCHRONIZED": Meaning((409,), "Toloka's billing is not ready: run apply again in some minutes."),
    "PAYLOAD_TOO_LARGE": Meaning((413,), "The request was too large for Toloka: lower batch_size in the config."),
    "ARRAY_SIZE_GREATER_THAN_MAX": Meaning(
        (413,), "One request held more bonuses than Toloka takes: lower batch_size in the config."
    ),
    "UNSUPPORTED_MEDIA_TYPE": Meaning(
        (415,), "Toloka did not accept the request's form: something between here and there altered it."
    ),
    TOO_MANY_REQUESTS: Meaning(
        (429,), "Toloka's limit of requests is reached: apply goes on once the interval is over."
    ),
    "INTERNAL_ERROR": Meaning(
        (500,), "Toloka had an error of its own. Whether it paid is not known: apply looks or sends the same again."
    ),
    "OPERATION_EXECUTION_ERROR": Meaning(
        (500,), "Toloka broke off while executing the operation: apply looks what was paid."
    ),
    "REMOTE_SERVICE_UNAVAILABLE": Meaning(
        (503,), "A part of Toloka was down. Whether it paid is not known: apply looks again."
    ),
    LOGS_ARCHIVED: Meaning((409,), "Toloka no longer keeps this operation's log: the list of bonuses is read instead."),
    # Of a field, in a validation error or in an operation's log.
    "VALUE_LESS_THAN_MIN": Meaning((), "A value is below what Toloka accepts: raise the amount in the spec."),
    "VALUE_GREATER_THAN_MAX": Meaning((), "A value is above what Toloka accepts: lower the amount in the spec."),
    "VALUE_REQUIRED": Meaning((), "A field is missing that Toloka needs: add it in the spec."),
    "VALUE_NOT_ALLOWED": Meaning((), "Toloka does not take this value: change the field that the message names."),
    "ENTITY_DOES_NOT_EXIST": Meaning(
        (), "Toloka does not know the worker or the response: check user_id and assignment_id."
    ),
    "ENTITY_ACCESS_DENIED": Meaning(
        (), "The account may not pay this worker or for this response: check user_id and assignment_id."
    ),
    # Our own words, where Toloka gave none.
    NOT_SENT: Meaning((), "Nothing left this machine: nothing was paid."),
    LOST: Meaning((), "The request left, and no whole answer came. Whether it was executed is not known: apply looks."),
    REDIRECTED: Meaning((), "The endpoint sent us elsewhere, which is never followed: check endpoint in the config."),
    BAD_ANSWER: Meaning(
        (), "The answer was not what Toloka's interface promises, so it proves nothing: check the endpoint."
    ),
    HTTP_ERROR: Meaning(
        (), "The answer came from something other than Toloka's interface (a proxy, a gateway): it proves nothing."
    ),
}
_UNKNOWN: Final = "This version does not know the code: Toloka's message says more, and its support knows the request."


def explain(code: str) -> str:
    """What a code means and what to do, in a sentence or two; "" for no code."""
    if not code:
        return ""
    return CODES[code].sentence if code in CODES else _UNKNOWN


def definite(status: int, code: str) -> Row | None:
    """The row for Toloka's own error `code` with `status`, None where it proves nothing."""
    if code in NEVER_A_REFUSAL or (code == ALREADY_EXISTS and status != 409):
        return None
    return next((row for row in DEFINITE if row.status == status and row.code in ("", code)), None)


def trouble_of(status: int, code: str, *, daily: bool) -> Trouble:
    """What an error means for the run. `daily`: the limit that was reached is the day's."""
    if code == NOT_ENOUGH_BALANCE:
        return Trouble.FUNDS
    trouble = _TROUBLE_BY_STATUS.get(status, Trouble.NONE)
    return Trouble.QUOTA if trouble is Trouble.LATER and daily else trouble
