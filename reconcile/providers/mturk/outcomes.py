"""The table of outcomes: what each kind of answer to SendBonus proves, and each code in plain words.

Not executed is believed only where MTurk itself refuses, in its own form of an error. Executed is believed of the bare
`{}` that SendBonus answers, and of a token that was used up before. A ServiceFault says "try again" and nothing about
the bonus; it proves nothing, as everything else.

AWS documents of a repeated token only "an error with a message containing the request ID". The words are those met in
the wild ("The idempotency token … has already been processed"). Whatever a refusal says of tokens, repetitions or of
something that exists already counts as such: then the list is looked at, which pays nobody.
"""

import re
from typing import Final, NamedTuple

from reconcile.model import SendOutcome
from reconcile.providers.base import Trouble

REQUEST_ERROR: Final = "RequestError"
SERVICE_FAULT: Final = "ServiceFault"
PREFIX: Final = "AWS.MechanicalTurk."
FUNDS: Final = f"{PREFIX}InsufficientFunds"
NO_ASSIGNMENT: Final = f"{PREFIX}AssignmentDoesNotExist"
REPEATED: Final = f"{PREFIX}DuplicateCall"

# Our own words, where MTurk gave none.
NOT_SENT: Final = "not_sent"
LOST: Final = "lost"
REDIRECTED: Final = "redirected"
BAD_ANSWER: Final = "bad_answer"
HTTP_ERROR: Final = "http_error"

_REPEATED_WORDS: Final = re.compile(r"idempoten|request ?token|unique.?request|already|duplicate", re.IGNORECASE)
_THROTTLED: Final = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "SlowDown",
    }
)
_ACCESS: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnknownOperationException",
        "UnrecognizedClientException",
    }
)
_INVALID: Final = frozenset({"SerializationException", "ValidationError", "ValidationException"})


class Verdict(NamedTuple):
    """What an error of MTurk's own proves of a send, and what it means for the run. `exists`: it was paid before."""

    outcome: SendOutcome
    trouble: Trouble = Trouble.NONE
    exists: bool = False


UNKNOWN: Final = Verdict(SendOutcome.AMBIGUOUS)


def verdict(status: int, kind: str, code: str, message: str) -> Verdict:
    """What MTurk's own error proves: `kind` is its type, `code` its TurkErrorCode ("" for none)."""
    if kind in _THROTTLED:
        return Verdict(SendOutcome.NOT_EXECUTED, Trouble.LATER)
    if not 400 <= status < 500:
        return UNKNOWN
    if kind in _ACCESS:
        return Verdict(SendOutcome.NOT_EXECUTED, Trouble.STOP)
    if kind in _INVALID:
        return Verdict(SendOutcome.NOT_EXECUTED)
    if kind != REQUEST_ERROR or not code:
        # A RequestError whose code is missing may be one that we could not tell from a repeated token.
        return Verdict(SendOutcome.EXECUTED, exists=True) if _is_repeated(kind, code, message) else UNKNOWN
    if _is_repeated(kind, code, message):
        return Verdict(SendOutcome.EXECUTED, exists=True)
    return Verdict(SendOutcome.NOT_EXECUTED, Trouble.FUNDS if code == FUNDS else Trouble.NONE)


def _is_repeated(kind: str, code: str, message: str) -> bool:
    return kind == REQUEST_ERROR and _REPEATED_WORDS.search(f"{code} {message}") is not None


def trouble_of(status: int, kind: str, code: str) -> Trouble:
    """What an error, MTurk's own or a gateway's, means for a question."""
    if kind in _THROTTLED:
        return Trouble.LATER
    if kind in _ACCESS:
        return Trouble.STOP
    if code == FUNDS:
        return Trouble.FUNDS
    if kind:
        return Trouble.NONE
    # A gateway spoke. Who is not let in, or finds nothing there, has the wrong key or the wrong address.
    return {401: Trouble.STOP, 403: Trouble.STOP, 404: Trouble.STOP, 429: Trouble.LATER}.get(status, Trouble.NONE)


CODES: Final = {
    FUNDS: "The account does not hold enough for the bonus and MTurk's fee: add funds, then run apply again.",
    REPEATED: "MTurk has paid under this token already: what it paid is now looked at.",
    NO_ASSIGNMENT: "MTurk does not know the assignment: it was not submitted yet, is of another account or environment, "
    "or so old that MTurk forgot it. Nothing was paid for it.",
    f"{PREFIX}HITDoesNotExist": "MTurk does not know the task: check assignment and environment.",
    f"{PREFIX}InvalidAssignmentState": "The assignment is in a state in which MTurk pays no bonus.",
    f"{PREFIX}InvalidParameterValue": "MTurk refuses a value: check that the worker submitted this assignment to you.",
    f"{PREFIX}PermissionDeniedException": "The account may not do this: check whose assignment it is.",
    "ValidationException": "MTurk found the request invalid: correct the field that the message names in the spec.",
    "SerializationException": "MTurk could not read the request: something between here and there altered it.",
    SERVICE_FAULT: "MTurk had an error of its own. Whether it paid is not known: apply looks or sends the same again.",
    "AWS.ServiceUnavailable": "MTurk was not available. Whether it paid is not known: apply looks or sends the same again.",
    "AccessDenied": "The credentials may not do this: give their user or role the right to use MTurk.",
    "AccessDeniedException": "The credentials may not do this: give their user or role the right to use MTurk.",
    "ExpiredToken": "The credentials have expired: renew them, for instance with `aws sso login`.",
    "ExpiredTokenException": "The credentials have expired: renew them, for instance with `aws sso login`.",
    "InvalidClientTokenId": "AWS does not know the access key: check profile and environment variables.",
    "UnrecognizedClientException": "AWS does not know the access key: check profile and environment variables.",
    "InvalidSignatureException": "AWS does not accept the signature: check the secret key and this machine's clock.",
    "SignatureDoesNotMatch": "AWS does not accept the signature: check the secret key and this machine's clock.",
    NOT_SENT: "Nothing left this machine: nothing was paid.",
    LOST: "The request left, and no whole answer came. Whether it was executed is not known: apply looks.",
    REDIRECTED: "The endpoint sent us elsewhere, which is never followed: check endpoint in the config.",
    BAD_ANSWER: "The answer was not what MTurk's interface promises, so it proves nothing: check the endpoint.",
    HTTP_ERROR: "The answer came from something other than MTurk's interface (a proxy, a gateway): it proves nothing.",
    **dict.fromkeys(sorted(_THROTTLED), "AWS's limit of requests is reached: apply slows down and goes on."),
}
_UNKNOWN_CODE: Final = (
    "This version does not know the code: MTurk's message says more, and AWS's support knows the request."
)


def explain(code: str) -> str:
    """What a code means and what to do, in a sentence or two; "" for no code."""
    return CODES.get(code, _UNKNOWN_CODE) if code else ""
