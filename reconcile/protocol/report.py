"""What a run did: every desired bonus with one reason, and what a person should know."""

import marshal
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from reconcile.money import EXACT, ZERO, add
from reconcile.plan.model import Change, Plan
from reconcile.rows import IN_MEMORY, Coding, Rows, Spooling, chosen


class Left(StrEnum):
    """Why something desired is not issued at the end of a run."""

    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"
    CONFLICT = "conflict"
    NOT_APPROVED = "not_approved"
    GATE = "gate"
    QUOTA = "quota"
    FUNDS = "funds"
    LIMIT = "limit"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"
    SCAN_FAILED = "scan_failed"
    ASSIGNMENT = "assignment"

    @property
    def sent(self) -> bool:
        """Whether something of it may have reached the provider in some run."""
        return self in (Left.REJECTED, Left.IN_DOUBT)


UNOWNED: Final = "unowned_payment"
"""The code of a bonus in doubt that was not sent: the provider shows a payment that this state does not know."""


class LeftBonus(NamedTuple):
    """One bonus that is desired and not issued. `code` and `message` are the provider's where it said something,
    `request_id` its name for the request (its support asks for it), `advice` what the code means and what to do.
    """

    address: str
    bonus_id: bytes
    provider: str
    currency: str
    amount: Decimal
    why: Left
    code: str
    message: str
    request_id: str = ""
    advice: str = ""


def left_bonus(change: Change, why: Left, message: str = "", *, code: str = "", request_id: str = "") -> LeftBonus:
    """A row of a plan that is left, and why. `code` and `request_id` as in `LeftBonus`."""
    return LeftBonus(
        address=change.address,
        bonus_id=change.bonus_id,
        provider=change.provider,
        currency=change.currency,
        amount=change.amount,
        why=why,
        code=code,
        message=message,
        request_id=request_id,
    )


class Paid(NamedTuple):
    """One payment that this run proved issued, with the provider's amount. `adopted`: found, not sent by this state."""

    address: str
    payment_id: bytes
    provider: str
    currency: str
    amount: Decimal
    remote_id: str
    adopted: bool


class Missing(NamedTuple):
    """A payment that the state calls issued and the provider does not show (`listed` None), or with another amount."""

    address: str
    payment_id: bytes
    provider: str
    currency: str
    amount: Decimal
    remote_id: str
    listed: Decimal | None


class Wait(NamedTuple):
    """Something that only time settles: a gate, a settle window, a slow operation, the day's quota.

    `until_ms` is when to come back, None where no one can say.
    """

    provider: str
    why: Left
    text: str
    until_ms: int | None


class PaidRows(Rows[Paid]):
    """What a run proved issued. `issued` counts what was not adopted, `sums` is its money by currency."""

    def __init__(self, spooling: Spooling = IN_MEMORY) -> None:
        super().__init__(_PAID, spooling)
        self.issued = 0
        self.sums: dict[str, Decimal] = {}

    def append(self, value: Paid) -> None:
        """One more payment."""
        super().append(value)
        if not value.adopted:
            self.issued += 1
            self.sums[value.currency] = EXACT.add(self.sums.get(value.currency, ZERO), value.amount)


class LeftRows(Rows[LeftBonus]):
    """What is left at the end of a run. `whys` counts the reasons."""

    def __init__(self, spooling: Spooling = IN_MEMORY) -> None:
        super().__init__(_LEFT, spooling)
        self.whys: Counter[Left] = Counter()

    def append(self, value: LeftBonus) -> None:
        """One more bonus."""
        super().append(value)
        self.whys[value.why] += 1


def _loads_paid(blob: bytes) -> Iterator[Paid]:
    # Written by this very process a moment ago, to a file without a name.
    for address, payment_id, provider, currency, amount, *rest in marshal.loads(blob):  # noqa: S302
        yield Paid(address, payment_id, provider, currency, Decimal(amount), *rest)


def _loads_left(blob: bytes) -> Iterator[LeftBonus]:
    for address, bonus_id, provider, currency, amount, why, *rest in marshal.loads(blob):  # noqa: S302
        yield LeftBonus(address, bonus_id, provider, currency, Decimal(amount), Left(why), *rest)


_PAID: Final[Coding[Paid]] = Coding(
    lambda rows: marshal.dumps([(*row[:4], str(row.amount), *row[5:]) for row in rows]), _loads_paid
)
_LEFT: Final[Coding[LeftBonus]] = Coding(
    lambda rows: marshal.dumps([(*row[:4], str(row.amount), row.why.value, *row[6:]) for row in rows]), _loads_left
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The end of an apply or a refresh.

    `plan` is what the run decided to do, None where it ended before planning. `paid` lists what was settled as issued
    (`adopted` among it). `unchanged` were issued before this run. `unattributed` payments of ours belong to no known bonus.
    `nobodys`: payments that are nobody's bonus, as a person said.
    `missing` payments are issued in the state and not at the provider, as far as a full refresh found. `mentions`: every
    recipient and assignment whom a sentence here may name, so that masking finds them; no row needs to have them. `paid`
    and `left` may be very long lists (`reconcile.rows`).
    """

    run_id: str
    plan: Plan | None
    digest: str
    paid: Sequence[Paid]
    left: Sequence[LeftBonus]
    waits: tuple[Wait, ...]
    alarms: tuple[str, ...]
    notes: tuple[str, ...]
    unchanged: int
    unattributed: int
    withdrawn: int
    interrupted: bool
    missing: tuple[Missing, ...] = ()
    nobodys: int = 0
    mentions: frozenset[str] = frozenset()

    def issued(self) -> Sequence[Paid]:
        """Payments that this run sent or settled."""
        return chosen(self.paid, _not_adopted, self.paid.issued if isinstance(self.paid, PaidRows) else None)

    def sums(self) -> dict[str, Decimal]:
        """Currency, in the order of their names → the money of `issued`."""
        if isinstance(self.paid, PaidRows):
            return dict(sorted(self.paid.sums.items()))
        issued = self.issued()
        currencies = sorted({paid.currency for paid in issued})
        return {code: add(paid.amount for paid in issued if paid.currency == code) for code in currencies}

    def count(self, *whys: Left) -> int:
        """How many bonuses are left for one of these reasons."""
        return sum(count for why, count in self._whys().items() if why in whys)

    def not_sent(self) -> int:
        """Desired bonuses of which nothing was sent: waiting, not approved, in conflict."""
        return sum(count for why, count in self._whys().items() if not why.sent)

    def _whys(self) -> Counter[Left]:
        return self.left.whys if isinstance(self.left, LeftRows) else Counter(bonus.why for bonus in self.left)

    @property
    def exit_code(self) -> int:
        """0 all that is desired is issued, 3 something is left or alarming, 130 a person stopped the run."""
        if self.interrupted:
            return 130
        unread = any(wait.why is Left.SCAN_FAILED for wait in self.waits)
        return 3 if self.left or self.alarms or unread else 0


def _not_adopted(paid: Paid) -> bool:
    return not paid.adopted
