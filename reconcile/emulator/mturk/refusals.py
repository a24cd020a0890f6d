"""Refusals: what AWS answers instead of doing what was asked, in JSON 1.1 for MTurk and in XML for STS.

MTurk's own errors, RequestError and ServiceFault, carry `Message` and `TurkErrorCode`; AWS's common ones `message`.
Words and codes are those of AWS's documentation and of answers that its clients have reported.
"""

import uuid
from collections.abc import Callable
from typing import Final
from xml.sax.saxutils import escape

from reconcile.emulator.fault import Fault
from reconcile.emulator.fresh import fresh_id
from reconcile.emulator.messages import Answer, json_answer

JSON_TYPE: Final = "application/x-amz-json-1.1"
STS_NAMESPACE: Final = "https://sts.amazonaws.com/doc/2011-06-15/"

_TURK: Final = "AWS.MechanicalTurk."
_NO_FUNDS: Final = (
    "This Requester has insufficient funds in their account to complete this transaction."
    " Please visit https://requester.mturk.com/prepayments/new to purchase Prepaid HITs."
)
# STS says in its own words what the JSON services say in theirs.
_IN_STS: Final = {
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "AccessDeniedException": "AccessDenied",
    "ThrottlingException": "Throttling",
}


class AwsRefusal(Exception):
    """A request that is not carried out. Nothing that it began stays in the ledger.

    `type` names the error's shape; `turk_code` is the TurkErrorCode of MTurk's own two, "" for AWS's common ones.
    """

    def __init__(self, status: int, type_: str, message: str, turk_code: str = "") -> None:
        super().__init__(f"{status} {type_}: {message}")
        self.status = status
        self.type = type_
        self.message = message
        self.turk_code = turk_code

    def json(self) -> Answer:
        """The answer of MTurk."""
        if self.turk_code:
            return aws_json(
                self.status, {"__type": self.type, "Message": self.message, "TurkErrorCode": self.turk_code}
            )
        return aws_json(self.status, {"__type": self.type, "message": self.message})

    def xml(self) -> Answer:
        """The answer of STS."""
        side = "Receiver" if self.status >= 500 else "Sender"
        code, message = escape(_IN_STS.get(self.type, self.type)), escape(self.message)
        request_id = new_request_id()
        return xml_answer(
            self.status,
            f'<ErrorResponse xmlns="{STS_NAMESPACE}"><Error><Type>{side}</Type><Code>{code}</Code>'
            f"<Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>\n",
            request_id,
        )


def new_request_id() -> str:
    """An id as AWS gives each answer one."""
    return str(uuid.UUID(bytes=fresh_id(), version=4))


def aws_json(status: int, value: object, request_id: str = "") -> Answer:
    """An answer in JSON 1.1. `request_id` "" takes a new one."""
    headers = (("x-amzn-RequestId", request_id or new_request_id()),)
    return json_answer(status, value)._replace(content_type=JSON_TYPE, headers=headers)


def xml_answer(status: int, text: str, request_id: str) -> Answer:
    """An answer of STS."""
    return Answer(status, text.encode(), "text/xml", (("x-amzn-RequestId", request_id),))


def request_error(code: str, message: str) -> AwsRefusal:
    """400: MTurk will not do it. `code` is a TurkErrorCode without its beginning."""
    return AwsRefusal(400, "RequestError", message, _TURK + code.removeprefix(_TURK))


def token_repeated(token: str, request_id: str, now_ms: int) -> AwsRefusal:
    """400: a request with this token was carried out, by the request named."""
    text = f'The idempotency token "{token}" has already been processed. Request id: {request_id} ({now_ms})'
    return request_error("DuplicateCall", text)


def no_funds() -> AwsRefusal:
    """400: the balance does not pay for bonus and fee."""
    return request_error("InsufficientFunds", _NO_FUNDS)


def no_such_assignment(assignment_id: str, now_ms: int) -> AwsRefusal:
    """400: there is no such assignment, or not yet, or no longer."""
    return request_error("AssignmentDoesNotExist", f"Assignment {assignment_id} does not exist. ({now_ms} s)")


def no_such_hit(hit_id: str, now_ms: int) -> AwsRefusal:
    """400: there is no such HIT."""
    return request_error("HITDoesNotExist", f"Hit {hit_id} does not exist. ({now_ms})")


def throttled() -> AwsRefusal:
    """400: too many requests."""
    return AwsRefusal(400, "ThrottlingException", "Rate exceeded")


def unknown_client() -> AwsRefusal:
    """403: nobody has this access key."""
    return AwsRefusal(403, "UnrecognizedClientException", "The security token included in the request is invalid.")


# --- what faults answer --------------------------------------------------------------------------------------------


def _named(fault: Fault, status: int, type_: str, code: str, message: str) -> AwsRefusal:
    """A fault's own `code` is a TurkErrorCode, or the error's type where it does not begin like one."""
    if fault.code and not fault.code.startswith("AWS."):
        return AwsRefusal(fault.status or status, fault.code, message)
    return AwsRefusal(fault.status or status, type_, message, fault.code or code)


def _service_fault(fault: Fault) -> AwsRefusal:
    text = "Amazon Mechanical Turk is temporarily unable to process your request. Try your call again."
    return _named(fault, 500, "ServiceFault", "AWS.ServiceUnavailable", text)


def _refused(fault: Fault) -> AwsRefusal:
    return _named(fault, 400, "RequestError", f"{_TURK}InvalidParameterValue", "Refused on request")


def _too_many(fault: Fault) -> AwsRefusal:
    if fault.code == "RequestLimitExceeded":
        return AwsRefusal(fault.status or 503, fault.code, "Request limit exceeded.")
    return throttled()


def _forbidden(_fault: Fault) -> AwsRefusal:
    return AwsRefusal(403, "AccessDeniedException", "User is not authorized to perform this operation")


FAULT_REFUSALS: Final[dict[str, Callable[[Fault], AwsRefusal]]] = {
    "error_before": _service_fault,
    "error_after": _service_fault,
    "refuse": _refused,
    "too_many": _too_many,
    "no_funds": lambda _fault: no_funds(),
    "unauthorized": lambda _fault: unknown_client(),
    "forbidden": _forbidden,
}
"""What a fault of this name answers MTurk's clients; every other fault answers all clients alike."""
