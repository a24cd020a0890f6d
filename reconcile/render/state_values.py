"""What is shown of a state: values that are drawn as text or written as JSON."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from reconcile.model import PublicStatus, format_address
from reconcile.money import add
from reconcile.state.ledger import AcceptanceRecord, RecordedPayment


class BonusRow(NamedTuple):
    """A bonus that is recorded, or desired and not recorded yet.

    `desired` is what the specs ask for, None where they do not (or none could be read). `provider` is the config's
    name for it, else its type. `accepted`: what a person accepted of it, where that still holds.
    """

    bonus_id: bytes
    campaign: str
    provider: str
    recipient: str
    assignment_id: str
    key: str
    currency: str
    desired: Decimal | None
    issued: Decimal
    status: PublicStatus
    payments: tuple[RecordedPayment, ...]
    accepted: AcceptanceRecord | None = None

    @property
    def address(self) -> str:
        """The bonus as people type it."""
        return format_address(self.campaign, self.recipient, self.assignment_id, self.key)

    @property
    def formerly(self) -> str:
        """The address under which it was paid, where that is another; else ""."""
        return next((was for payment in self.payments if (was := address_of(payment)) != self.address), "")


def address_of(payment: RecordedPayment) -> str:
    """The bonus under whose name a payment was made."""
    return format_address(payment.campaign, payment.recipient, payment.assignment_id, payment.key)


class CurrencyTotal(NamedTuple):
    """What campaigns were issued, and are still to be issued, in one currency."""

    currency: str
    issued_amount: Decimal
    amount: Decimal


class CampaignRow(NamedTuple):
    """A campaign's figures. `desired` bonuses of the specs; `to_issue` counts issues and top-ups, `amount` their
    money; `budget_left` None where no budget is set. `accepted` are as a person accepted them, not as desired. `orphaned` are recorded and not desired.
    """

    campaign: str
    provider: str
    currency: str
    desired: int
    issued: int
    to_issue: int
    in_doubt: int
    rejected: int
    conflict: int
    orphaned: int
    amount: Decimal
    issued_amount: Decimal
    budget: Decimal | None
    budget_left: Decimal | None
    accepted: int = 0


class StatusNotes(NamedTuple):
    """What `status` says beside its campaigns: open operations; bonuses that the last apply held back because of payments
    that the state does not know; payments of ours that belong to no known bonus; payments known as nobody's bonus.
    """

    open_operations: int = 0
    held: int = 0
    unattributed: int = 0
    nobodys: int = 0


def totals_by_currency(rows: Iterable[CampaignRow]) -> tuple[CurrencyTotal, ...]:
    """One for each currency, in the order in which the rows bring them."""
    rows = tuple(rows)
    return tuple(
        CurrencyTotal(
            currency,
            add(row.issued_amount for row in rows if row.currency == currency),
            add(row.amount for row in rows if row.currency == currency),
        )
        for currency in dict.fromkeys(row.currency for row in rows)
    )
