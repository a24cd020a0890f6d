"""Toloka's checks of one bonus. Pure: an item goes in, what is wrong with its fields comes out."""

import re
from decimal import Decimal
from typing import Final

from reconcile.emulator.errors import field_error
from reconcile.emulator.options import Options
from reconcile.money import amount_from_wire

Item = dict[str, object]
FieldErrors = dict[str, dict[str, object]]

_TEXT_FIELDS: Final = ("assignment_id", "private_comment")
_MESSAGE_FIELDS: Final = ("public_title", "public_message")
_LANGUAGE: Final = re.compile(r"[A-Z]{2}", re.ASCII)

# Workers by the beginning of their id: everybody else exists and may be paid.
_WORKERS: Final = (
    ("unknown", field_error("ENTITY_DOES_NOT_EXIST", "There is no such user")),
    ("blocked", field_error("ENTITY_ACCESS_DENIED", "The user can't be paid")),
)


def check_item(item: Item, options: Options) -> FieldErrors:
    """Field → error; empty for a bonus that can be paid."""
    errors: FieldErrors = {}
    _check_user(item.get("user_id"), errors)
    _check_amount(item.get("amount"), options, errors)
    for name in _TEXT_FIELDS:
        if not isinstance(item.get(name), str | None):
            errors[name] = field_error("STRING_EXPECTED", "A text is expected")
    for name in _MESSAGE_FIELDS:
        _check_message(name, item.get(name), errors)
    _check_flag(item, errors)
    return errors


def amount_of(item: Item) -> Decimal | None:
    """The amount of an item, sent as a number or as a text; None if it is none."""
    return amount_from_wire(item.get("amount"))


def _check_user(user: object, errors: FieldErrors) -> None:
    if user is None or user == "":
        errors["user_id"] = field_error("VALUE_REQUIRED", "The value is required")
    elif not isinstance(user, str):
        errors["user_id"] = field_error("STRING_EXPECTED", "A text is expected")
    else:
        for beginning, error in _WORKERS:
            if user.startswith(beginning):
                errors["user_id"] = error


def _check_amount(value: object, options: Options, errors: FieldErrors) -> None:
    amount = amount_from_wire(value)
    low, high = options.amount_min, options.amount_max
    if value is None:
        errors["amount"] = field_error("VALUE_REQUIRED", "The value is required")
    elif isinstance(value, Decimal | int) and not isinstance(value, bool) and value < low:
        errors["amount"] = field_error("VALUE_LESS_THAN_MIN", f"Value must be greater or equal to {low}", (low,))
    elif amount is None:
        errors["amount"] = field_error("FLOAT_EXPECTED", "A number is expected")
    elif amount < low:
        errors["amount"] = field_error("VALUE_LESS_THAN_MIN", f"Value must be greater or equal to {low}", (low,))
    elif amount > high:
        errors["amount"] = field_error("VALUE_GREATER_THAN_MAX", f"Value must be less or equal to {high}", (high,))
    elif amount != round(amount, options.decimals):
        errors["amount"] = field_error("INVALID_VALUE", f"At most {options.decimals} decimals", (options.decimals,))


def _check_message(name: str, value: object, errors: FieldErrors) -> None:
    if value is None:
        return
    if not isinstance(value, dict):
        errors[name] = field_error("OBJECT_EXPECTED", "An object of language and text is expected")
    elif not value:
        errors[name] = field_error("EMPTY_OBJECT_NOT_ALLOWED", "At least one language is expected")
    elif not all(isinstance(text, str) for text in value.values()):
        errors[name] = field_error("STRING_EXPECTED", "A text is expected for each language")
    elif not all(_LANGUAGE.fullmatch(language) for language in value):
        errors[name] = field_error("UNKNOWN_ENUM_VALUE", "A language of two capital letters is expected")


def _check_flag(item: Item, errors: FieldErrors) -> None:
    flag = item.get("without_message")
    if not isinstance(flag, bool | None):
        errors["without_message"] = field_error("BOOLEAN_EXPECTED", "true or false is expected")
    elif flag:
        for name in _MESSAGE_FIELDS:
            if item.get(name) is not None:
                errors[name] = field_error("VALUE_NOT_ALLOWED", "Not allowed when without_message is true")
