"""Does the balance suffice for what is to be sent? Asked before anything is, with the provider's fees."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from reconcile.money import EXACT, ZERO, Money, add, fee
from reconcile.plan.model import Change, amounts_of
from reconcile.settings import ProviderSettings


class Funds(NamedTuple):
    """An account's money and what a number of payments take of it. `balance` None: the provider does not say; `fees`
    None: the config does not state the fee.
    """

    provider: str
    currency: str
    balance: Decimal | None
    payments: int
    amount: Decimal
    fees: Decimal | None

    @property
    def needed(self) -> Decimal:
        """Amounts and fees, as far as they are known."""
        return add((self.amount, self.fees or ZERO))

    @property
    def missing(self) -> Decimal:
        """What the balance lacks, 0.00 where it suffices or is not known."""
        if self.balance is None or self.balance >= self.needed:
            return ZERO
        return EXACT.subtract(self.needed, self.balance)

    @property
    def after(self) -> Decimal | None:
        """The balance afterwards, None where it is not known or does not suffice."""
        if self.balance is None or self.missing:
            return None
        return EXACT.subtract(self.balance, self.needed)

    def cost(self) -> str:
        """`18.50 USD + 3.70 USD fees`, for a sentence."""
        fees = "fees unknown" if self.fees is None else f"{Money(self.fees, self.currency)} fees"
        return f"{Money(self.amount, self.currency)} + {fees}"


def funds_of(settings: ProviderSettings, currency: str, balance: Decimal | None, changes: Sequence[Change]) -> Funds:
    """What these payments mean for an account with this balance."""
    amounts = amounts_of(changes)
    percent = settings.fee_percent
    # Each payment's fee by itself, as the provider takes it.
    fees = None if percent is None else add(fee(amount, percent) * count for amount, count in amounts.items())
    return Funds(
        provider=settings.name,
        currency=currency,
        balance=balance,
        payments=amounts.total(),
        amount=add(amount * count for amount, count in amounts.items()),
        fees=fees,
    )


def shortage(funds: Funds) -> str:
    """A sentence about what is missing, without the provider's name; "" where the balance suffices or is not known."""
    if not funds.missing or funds.balance is None:
        return ""
    payments = "1 payment needs" if funds.payments == 1 else f"{funds.payments:,} payments need"
    return (
        f"the balance is {Money(funds.balance, funds.currency)}, and {payments} {funds.cost()}: "
        f"{Money(funds.missing, funds.currency)} is missing. Nothing new was sent"
    )
