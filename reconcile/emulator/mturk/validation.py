"""What MTurk's service model demands of a request, before anything else is looked at. Pure.

Source: the service model of version 2017-01-17 that AWS's clients ship; the sentences are the service's own.
"""

import re
from decimal import Decimal
from typing import Final, NamedTuple

from reconcile.emulator.mturk.refusals import AwsRefusal
from reconcile.emulator.wirejson import JsonError, loads
from reconcile.money import canonical


class SendBonus(NamedTuple):
    """A bonus as it is asked for. `token` "": the request has none and is never taken for a repetition."""

    worker_id: str
    assignment_id: str
    amount: Decimal
    reason: str
    token: str


class ListBonusPayments(NamedTuple):
    """A page of a list, of an assignment or, where that is "", of a HIT. `next_token` "" is the first page."""

    assignment_id: str
    hit_id: str
    next_token: str
    results_max: int


class _Text(NamedTuple):
    """What a text must be. `pattern` as the model writes it, "" for any; `length_max` 0 for any length."""

    required: bool = False
    pattern: str = ""
    length_max: int = 0


_CUSTOMER_ID: Final = _Text(pattern="^A[A-Z0-9]+$", length_max=64)
_ENTITY_ID: Final = _Text(pattern="^[A-Z0-9]+$", length_max=64)
_SEND: Final = {
    "WorkerId": _CUSTOMER_ID._replace(required=True),
    "BonusAmount": _Text(required=True, pattern=r"^[0-9]+(\.)?[0-9]{0,2}$"),
    "AssignmentId": _ENTITY_ID._replace(required=True),
    "Reason": _Text(required=True),
    "UniqueRequestToken": _Text(length_max=64),
}
_LIST: Final = {"HITId": _ENTITY_ID, "AssignmentId": _ENTITY_ID, "NextToken": _Text(length_max=255)}
_RESULTS_MAX: Final = 100
_RESULTS_USUAL: Final = 10


def read_object(body: bytes) -> dict[str, object]:
    """The members of a request. Raises AwsRefusal."""
    try:
        value = loads(body)
    except JsonError as exc:
        raise AwsRefusal(400, "SerializationException", "The body is not JSON") from exc
    if not isinstance(value, dict):
        raise AwsRefusal(400, "SerializationException", "Start of structure expected")
    return value


def read_send(body: bytes) -> SendBonus:
    """The bonus that a body asks for. Raises AwsRefusal."""
    given = read_object(body)
    texts, errors = _read_texts(given, _SEND)
    _refuse(errors)
    return SendBonus(
        worker_id=texts["WorkerId"],
        assignment_id=texts["AssignmentId"],
        amount=_amount(texts["BonusAmount"]),
        reason=texts["Reason"],
        token=texts["UniqueRequestToken"],
    )


def read_list(body: bytes) -> ListBonusPayments:
    """The page that a body asks for. Raises AwsRefusal."""
    given = read_object(body)
    texts, errors = _read_texts(given, _LIST)
    results = given.get("MaxResults")
    if results is None:
        results = _RESULTS_USUAL
    if not isinstance(results, int) or isinstance(results, bool):
        raise _wrong_kind("MaxResults")
    if results < 1:
        errors.append(_error(results, "MaxResults", "have value greater than or equal to 1"))
    if results > _RESULTS_MAX:
        errors.append(_error(results, "MaxResults", f"have value less than or equal to {_RESULTS_MAX}"))
    _refuse(errors)
    return ListBonusPayments(texts["AssignmentId"], texts["HITId"], texts["NextToken"], results)


def _read_texts(given: dict[str, object], rules: dict[str, _Text]) -> tuple[dict[str, str], list[str]]:
    texts: dict[str, str] = {}
    errors: list[str] = []
    for name, rule in rules.items():
        value = given.get(name)
        if not isinstance(value, str | None) or not _is_text(value or ""):
            raise _wrong_kind(name)
        texts[name] = value or ""
        if value is not None:
            errors += _text_errors(name, value, rule)
        elif rule.required:
            errors.append(f"Value null at '{_path(name)}' failed to satisfy constraint: Member must not be null")
    return texts, errors


def _is_text(value: str) -> bool:
    # JSON can spell half a character; no text in UTF-8 holds one.
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _text_errors(name: str, value: str, rule: _Text) -> list[str]:
    errors: list[str] = []
    if rule.length_max and len(value) > rule.length_max:
        errors.append(_error(value, name, f"have length less than or equal to {rule.length_max}"))
    if rule.length_max and not value:
        errors.append(_error(value, name, "have length greater than or equal to 1"))
    if rule.pattern and re.fullmatch(rule.pattern.strip("^$"), value, re.ASCII) is None:
        errors.append(_error(value, name, f"satisfy regular expression pattern: {rule.pattern}"))
    return errors


def _error(value: object, name: str, constraint: str) -> str:
    return f"Value '{value}' at '{_path(name)}' failed to satisfy constraint: Member must {constraint}"


def _path(name: str) -> str:
    return name[0].lower() + name[1:]


def _refuse(errors: list[str]) -> None:
    if errors:
        head = f"{len(errors)} validation error{'s' if len(errors) > 1 else ''} detected: "
        raise AwsRefusal(400, "ValidationException", head + "; ".join(errors))


def _wrong_kind(name: str) -> AwsRefusal:
    return AwsRefusal(400, "SerializationException", f"{name} is of another type")


def _amount(text: str) -> Decimal:
    amount = Decimal(text)
    if not amount or amount.adjusted() > 11:
        raise AwsRefusal(
            400,
            "RequestError",
            f"BonusAmount {text} is out of range",
            "AWS.MechanicalTurk.InvalidParameterValue",
        )
    return canonical(amount)
