"""What a run did: every desired bonus with one reason, and what a person should know."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from reconcile.plan.model import Change, Plan


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The end of an apply or a refresh.

    `plan` is what the run decided to do, None where it ended before planning. `paid` lists what was settled as issued
    (`adopted` among it). `unchanged` were issued before this run. `unattributed` payments of ours belong to no known bonus.
    `nobodys`: payments that are nobody's bonus, as a person said.
    `missing` payments are issued in the state and not at the provider, as far as a full refresh found. `mentions`: every
    recipient and assignment whom a sentence here may name, so that masking finds them; no row needs to have them.
    """

    run_id: str
    plan: Plan | None
    digest: str
    paid: tuple[Paid, ...]
    left: tuple[LeftBonus, ...]
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

    def issued(self) -> tuple[Paid, ...]:
        """Payments that this run sent or settled."""
        return tuple(paid for paid in self.paid if not paid.adopted)

    def count(self, *whys: Left) -> int:
        """How many bonuses are left for one of these reasons."""
        return sum(1 for bonus in self.left if bonus.why in whys)

    def not_sent(self) -> int:
        """Desired bonuses of which nothing was sent: waiting, not approved, in conflict."""
        return sum(1 for bonus in self.left if not bonus.why.sent)

    @property
    def exit_code(self) -> int:
        """0 all that is desired is issued, 3 something is left or alarming, 130 a person stopped the run."""
        if self.interrupted:
            return 130
        unread = any(wait.why is Left.SCAN_FAILED for wait in self.waits)
        return 3 if self.left or self.alarms or unread else 0
