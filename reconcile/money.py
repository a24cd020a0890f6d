"""Exact money: amounts as the text in the file, as decimals in memory, as digits on the wire.

An amount is a plain decimal of a currency. It is parsed from text by one pattern of ASCII digits, added and compared
as `decimal.Decimal`, and written back without exponent or sign. No binary float is ever made of it, and nothing is
rounded: text that a provider could not pay to the last digit is refused.
"""

import re
from collections.abc import Iterable
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Rounded
from typing import Final, NamedTuple

INTEGER_DIGITS_MAX: Final = 12
ZERO: Final = Decimal("0.00")

_PLAIN: Final = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)
_CENTS: Final = Decimal("0.01")
# Traps instead of rounding: an arithmetic result that does not fit is an error, not a smaller sum.
EXACT: Final = Context(prec=40, traps=[InvalidOperation, Inexact, Rounded])


class AmountError(ValueError):
    """Text that is no amount; `str()` says why, `hint` what to write instead."""

    def __init__(self, summary: str, hint: str) -> None:
        super().__init__(summary)
        self.hint = hint


class Money(NamedTuple):
    """An amount of one currency. `currency` is an ISO 4217 code: USD, RUB."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{format_amount(self.amount)} {self.currency}"


def parse_amount(text: str, *, decimals_max: int) -> Decimal:
    """The exact amount that `text` states, with at least two decimals.

    `decimals_max` is the number of decimals the provider pays. Raises AmountError for a sign, an exponent, a currency
    sign, a comma, an underscore, a digit outside ASCII, a leading zero, more decimals or more than 12 digits.
    """
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise _not_plain(text)
    whole, fraction = match.groups()
    if len(whole) > INTEGER_DIGITS_MAX:
        raise AmountError(
            f"an amount of {len(whole)} digits", f"An amount has at most {INTEGER_DIGITS_MAX} digits before the point."
        )
    if fraction is not None and len(fraction) > decimals_max:
        raise AmountError(
            f"{len(fraction)} decimals, but the provider pays at most {decimals_max}",
            f"Nothing is rounded here: write the amount with at most {decimals_max} decimals.",
        )
    return canonical(Decimal(text))


def canonical(amount: Decimal) -> Decimal:
    """The same amount with two decimals, or with as many more as it needs: 1.5 → 1.50, 0.0050 → 0.005."""
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int):
        raise InvalidOperation(f"{amount} is no amount")
    if exponent < -2:
        amount = amount.normalize(EXACT)
        exponent = amount.as_tuple().exponent
        assert isinstance(exponent, int)
    return amount.quantize(_CENTS, context=EXACT) if exponent > -2 else amount


def format_amount(amount: Decimal) -> str:
    """The text of an amount: at least two decimals, no exponent. The inverse of `parse_amount`."""
    return f"{canonical(amount):f}"


def amount_from_wire(value: object) -> Decimal | None:
    """An amount as a provider reports it (a JSON number read as Decimal or int, or a text); None if it is none."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        return None
    if isinstance(value, str) and _PLAIN.fullmatch(value) is None:
        return None
    try:
        amount = Decimal(value)
        if not amount.is_finite() or amount < 0 or amount.adjusted() >= INTEGER_DIGITS_MAX:
            return None
        return canonical(amount)
    except DecimalException:
        return None


def add(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum; 0.00 for none."""
    total = ZERO
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def fee(amount: Decimal, percent: Decimal) -> Decimal:
    """The provider's fee on `amount`, up to the next cent where it does not come out even."""
    exact = amount * percent / 100
    return canonical(exact.quantize(_CENTS, rounding="ROUND_CEILING"))


def _not_plain(text: str) -> AmountError:
    what = "an amount is a plain decimal such as 1.50"
    if not text:
        return AmountError("an empty amount", f"Write it out: {what}.")
    if text[0] in "+-":
        return AmountError("an amount with a sign", f"Leave the sign away: {what}.")
    if "," in text:
        return AmountError("an amount with a comma", f"Use a point for decimals and no thousands separator: {what}.")
    if "_" in text:
        return AmountError("an amount with an underscore", f"Write the digits without a break: {what}.")
    if re.fullmatch(r"[0-9.]+[eE][+-]?[0-9]+", text):
        return AmountError("an amount with an exponent", f"Write all digits: {what}.")
    if text.strip(" \t") != text:
        return AmountError("an amount with blanks at its edge", f"Take the blanks away: {what}.")
    if re.fullmatch(r"0[0-9]+(\.[0-9]+)?", text):
        return AmountError("an amount with a leading zero", f"Write it without: {what}.")
    if re.fullmatch(r"\.[0-9]+|[0-9]+\.", text):
        return AmountError("an amount with a bare point", f"Write digits on both sides of the point: {what}.")
    if any(sign in text for sign in "$€£¥₽") or re.search(r"USD|RUB|EUR", text, re.IGNORECASE):
        return AmountError("an amount with a currency sign", f"The currency is the provider's own: {what}.")
    return AmountError("not an amount", f"Write digits, a point and digits: {what}.")
