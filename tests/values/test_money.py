"""Money is exact: what is parsed is what is written, and what cannot be paid to the last digit is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.money import (
    AmountError,
    Money,
    add,
    amount_from_wire,
    canonical,
    fee,
    format_amount,
    parse_amount,
)

amounts = st.builds(lambda units, scale: Decimal(units).scaleb(-scale), st.integers(0, 10**12 - 1), st.integers(0, 3))


@given(amounts)
def test_parsing_undoes_formatting(amount: Decimal) -> None:
    """Every amount comes back from its text."""
    assert parse_amount(format_amount(amount), decimals_max=3) == amount


@given(amounts)
def test_formatting_undoes_parsing(amount: Decimal) -> None:
    """The text of an amount is the one text that it has."""
    text = format_amount(amount)
    assert format_amount(parse_amount(text, decimals_max=3)) == text


@given(st.text())
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    """No other exception, no rounding: what parses has the same value as the text."""
    try:
        amount = parse_amount(text, decimals_max=3)
    except AmountError:
        return
    assert amount == Decimal(text)
    assert text.isascii()


@given(st.lists(amounts))
def test_sums_are_exact(found: list[Decimal]) -> None:
    """A sum loses nothing: in thousandths it is the sum of integers."""
    assert int(add(found).scaleb(3)) == sum(int(amount.scaleb(3)) for amount in found)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1", "1.00"),
        ("0", "0.00"),
        ("1.5", "1.50"),
        ("0.005", "0.005"),
        ("1.500", "1.50"),
        ("999999999999", "999999999999.00"),
    ],
)
def test_amounts_have_one_text(text: str, written: str) -> None:
    """At least two decimals, no zeros past them."""
    assert format_amount(parse_amount(text, decimals_max=3)) == written


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "an empty amount"),
        ("+1", "an amount with a sign"),
        ("-1", "an amount with a sign"),
        ("1,50", "an amount with a comma"),
        ("1_000", "an amount with an underscore"),
        ("1e2", "an amount with an exponent"),
        ("1E-2", "an amount with an exponent"),
        (" 1", "an amount with blanks at its edge"),
        ("1\t", "an amount with blanks at its edge"),
        ("01", "an amount with a leading zero"),
        (".5", "an amount with a bare point"),
        ("5.", "an amount with a bare point"),
        ("$5", "an amount with a currency sign"),
        ("5 usd", "an amount with a currency sign"),
        ("nan", "not an amount"),
        ("inf", "not an amount"),
        ("0x10", "not an amount"),
        ("1\n", "not an amount"),
        ("١", "not an amount"),
        ("１", "not an amount"),
        ("1.2345", "4 decimals, but the provider pays at most 3"),
        ("1000000000000", "an amount of 13 digits"),
    ],
)
def test_refusals_say_why(text: str, why: str) -> None:
    """Each kind of mistake has its own sentence."""
    with pytest.raises(AmountError) as caught:
        parse_amount(text, decimals_max=3)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (Decimal("1.5"), "1.50"),
        (3, "3.00"),
        ("0.005", "0.005"),
        (Decimal("1E+1"), "10.00"),
        (1.5, None),
        (True, None),
        ("1e2", None),
        (Decimal("-1"), None),
        (Decimal("NaN"), None),
        (Decimal("Infinity"), None),
        (10**12, None),
        (None, None),
    ],
)
def test_amounts_of_the_wire(value: object, amount: str | None) -> None:
    """A provider's amount is exact, or it is none; a float is none."""
    found = amount_from_wire(value)
    assert (None if found is None else format_amount(found)) == amount


def test_canonical_amounts() -> None:
    """Two decimals, or as many as needed."""
    assert [str(canonical(Decimal(text))) for text in ("1", "1.5", "0.0050", "1E+2", "0")] == [
        "1.00",
        "1.50",
        "0.005",
        "100.00",
        "0.00",
    ]


def test_fees_round_up_to_the_cent() -> None:
    """A fee is never promised smaller than it may come."""
    assert [str(fee(Decimal(amount), Decimal("20"))) for amount in ("1.00", "0.01", "0.005")] == [
        "0.20",
        "0.01",
        "0.01",
    ]
    assert str(Money(Decimal("1.5"), "USD")) == "1.50 USD"
