"""What audits show: payments of one run, and payments summed over what a person asks for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from reconcile.model import Account
from reconcile.money import EXACT, ZERO
from reconcile.render.mask import Masker
from reconcile.state.ledger import RecordedPayment
from reconcile.times import format_time

BY: Final = ("campaign", "recipient", "month")
"""What payments can be summed over."""
UNKNOWN_MONTH: Final = "unknown"


class RunPaymentRow(NamedTuple):
    """A payment of one run. `how`: issued, rejected, released, adopted."""

    how: str
    provider: str
    currency: str
    payment: RecordedPayment


def masked_row(row: RunPaymentRow, masker: Masker) -> RunPaymentRow:
    """The same without the person: ids masked, and the provider's words, which may name anybody, left away."""
    payment = row.payment
    return row._replace(
        payment=payment._replace(
            payment_id=masker.raw(payment.payment_id),
            recipient=masker.text(payment.recipient),
            assignment_id=masker.text(payment.assignment_id),
            key=payment.key.replace(payment.recipient, masker.text(payment.recipient)) if payment.key else "",
            message="",
        )
    )


class PaidPayment(NamedTuple):
    """An issued payment. `at_ms`: when the provider made it, None where nobody knows; it was not before `bound_ms`,
    or is at least not known to have been.
    """

    account: Account
    currency: str
    campaign: str
    recipient: str
    amount: Decimal
    at_ms: int | None
    bound_ms: int

    @property
    def month(self) -> str:
        """`2026-11`, in UTC."""
        return UNKNOWN_MONTH if self.at_ms is None else format_time(self.at_ms)[:7]

    @property
    def day(self) -> str:
        """`2026-11-22`, in UTC; where nobody knows it, the day of the first contact with the account."""
        return format_time(self.bound_ms if self.at_ms is None else self.at_ms)[:10]


@dataclass(slots=True)
class Sum:
    """Payments that share an account and `names`, the values of what is summed over. `days`: first and last."""

    account: Account
    currency: str
    names: tuple[str, ...]
    payments: int = 0
    amount: Decimal = ZERO
    first_day: str = ""
    last_day: str = ""

    def take(self, payment: PaidPayment) -> None:
        """Add one."""
        day = payment.day
        self.payments += 1
        self.amount = EXACT.add(self.amount, payment.amount)
        self.first_day = min(self.first_day or day, day)
        self.last_day = max(self.last_day, day)


def summed(payments: Iterable[PaidPayment], by: Sequence[str], *, daily: bool = False) -> list[Sum]:
    """One sum for each account and combination of `by` (of BY), in their order. `daily`: for each day too."""
    found: dict[tuple[Account, tuple[str, ...], str], Sum] = {}
    for payment in payments:
        names = tuple(_name(payment, one) for one in by)
        day = payment.day if daily else ""
        one = found.get((payment.account, names, day))
        if one is None:
            one = found[payment.account, names, day] = Sum(payment.account, payment.currency, names)
        one.take(payment)
    return [found[key] for key in sorted(found)]


def _name(payment: PaidPayment, by: str) -> str:
    match by:
        case "campaign":
            return payment.campaign
        case "recipient":
            return payment.recipient
        case _:
            return payment.month
