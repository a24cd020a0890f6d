"""The rows of a plan: one bonus for which something would be done, and the requests in which payments go out."""

from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from reconcile.model import Identity, Texts


class Action(StrEnum):
    """What a change means. ISSUE and TOP_UP pay; CONFLICT and ORPHANED are for a person."""

    ISSUE = "issue"
    TOP_UP = "top_up"
    CONFLICT = "conflict"
    ORPHANED = "orphaned"

    @property
    def pays(self) -> bool:
        """Whether apply would send something for it."""
        return self in (Action.ISSUE, Action.TOP_UP)


class Attempts(NamedTuple):
    """Which attempt a payment's next operation is for it. The provider has used up the ids of those before.

    `alone`, where it is the operation's only payment: one more than the used-up operations that held nothing else. What
    went wrong in a batch does not count, so that a payment alone has the same ids for every state, also for one that
    never heard of the batch. `together`, with other payments: one more than all of them, so that a batch that comes
    again has a new id. An operation of one payment never has the id of one of several.
    """

    alone: int
    together: int

    def of(self, payments: int) -> int:
        """The attempt in an operation that holds so many payments."""
        return self.alone if payments == 1 else self.together


FIRST: Final = Attempts(1, 1)
"""No id of the payment's is used up."""
NO_ATTEMPTS: Final = Attempts(0, 0)
"""Of a row that pays nothing."""


class Change(NamedTuple):
    """One row of a plan.

    `amount` is what will be paid (for a conflict: what the spec asks for; for an orphan: what was issued). `issued` is
    what was issued already. For ISSUE and TOP_UP `payment_id`, `sequence`, `attempt` and `entry` (the entry hash that
    an approval names) are set, and `operation_id` once the account is known; else they are None, 0, 0, b"", None.
    `attempt` is the one in that id. `attempts` says which it is in any other operation: apply may send fewer payments
    together than the plan shows. `why` explains a conflict, or what a top-up adds to. `differences` are the explained
    differences between what was issued and what is now desired, one line each. `path` and `line`: where the bonus
    stands, "" and 0 for an orphan. `former`: the name that the bonus had before (`formerly`), under which its payments
    have other ids; None without one.
    """

    action: Action
    identity: Identity
    bonus_id: bytes
    provider: str
    currency: str
    amount: Decimal
    issued: Decimal
    payment_id: bytes | None
    sequence: int
    attempt: int
    operation_id: bytes | None
    entry: bytes
    texts: Texts
    path: str
    line: int
    why: str
    differences: tuple[str, ...]
    attempts: Attempts = NO_ATTEMPTS
    former: Identity | None = None

    @property
    def address(self) -> str:
        """The bonus as people type it."""
        return self.identity.address

    @property
    def names(self) -> tuple[Identity, ...]:
        """Under which it may have been paid."""
        return (self.identity,) if self.former is None else (self.identity, self.former)

    @property
    def pays(self) -> bool:
        """Whether apply would send something for it."""
        return self.action in (Action.ISSUE, Action.TOP_UP)


class PlannedOperation(NamedTuple):
    """Payments that go out together. `operation_id` is None before the first contact with the account."""

    operation_id: bytes | None
    provider: str
    payments: tuple[bytes, ...]
    amount: Decimal
