"""The account's money before and after a payment, as the person reads it who is asked."""

from decimal import Decimal

import pytest

from reconcile.protocol.funds import Funds
from reconcile.render.balance import balance_lines


def funds(balance: str | None, fees: str | None, *, provider: str = "toloka") -> Funds:
    return Funds(
        provider=provider,
        currency="USD",
        balance=None if balance is None else Decimal(balance),
        payments=2,
        amount=Decimal("18.50"),
        fees=None if fees is None else Decimal(fees),
    )


@pytest.mark.parametrize(
    ("balance", "fees", "line"),
    [
        ("100.00", "3.70", "toloka: balance 100.00 USD, 77.80 USD afterwards (18.50 USD + 3.70 USD fees)"),
        ("22.20", "3.70", "toloka: balance 22.20 USD, 0.00 USD afterwards (18.50 USD + 3.70 USD fees)"),
        ("22.19", "3.70", "toloka: balance 22.19 USD, 0.01 USD too little: nothing would be sent (18.50 USD + 3.70 USD fees)"),
        ("18.50", None, "toloka: balance 18.50 USD, 0.00 USD afterwards (18.50 USD + fees unknown)"),
        (None, "3.70", "toloka: the provider does not tell the balance (18.50 USD + 3.70 USD fees)"),
    ],
)  # fmt: skip
def test_the_balance_before_and_after(balance: str | None, fees: str | None, line: str) -> None:
    """Enough, just enough, a cent too little; fees and balance that are not known."""
    assert list(balance_lines([funds(balance, fees)])) == [line]


def test_a_hostile_name_is_shown_and_not_obeyed() -> None:
    (line,) = balance_lines([funds("100.00", "0.00", provider="\x1b[31mred")])
    assert "\x1b" not in line
