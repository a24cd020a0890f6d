"""What a person decided, as events: a bonus accepted as it is, an acceptance taken back, payments taken over.

They belong to the vocabulary of `reconcile.state.events`, which says what holds for every event.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from reconcile.model import Identity, Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusAccepted:
    """A person accepts a bonus as it is: `issued` although `desired` is asked for, or the rejection with `code` ("":
    it is no rejection). It holds as long as all three stay what they are here.
    """

    kind: ClassVar[str] = "bonus_accepted"
    ledger: int
    bonus: Identity
    issued: Decimal
    desired: Decimal
    code: str
    reason: str
    actor: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceRevoked:
    """A person takes an acceptance back: the bonus is planned as if it had never been accepted."""

    kind: ClassVar[str] = "acceptance_revoked"
    ledger: int
    bonus: Identity
    reason: str
    actor: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPayment:
    """A payment without our marker that a person recognized as a payment of `bonus`: its first, or the next after those
    that are issued. `payment_id` says which.

    `remote_id` and `created_ms` are the provider's; "" and None where the file that named it does not have them.
    `texts` is what it said, () where that is not known.
    """

    payment_id: bytes
    bonus: Identity
    amount: Decimal
    remote_id: str
    created_ms: int | None
    texts: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsImported:
    """Payments that were made before bonusctl, or beside it, are issued from now on. `origin` says in words where
    they were read: a file's name, or the provider's list. Large imports come in several events.
    """

    kind: ClassVar[str] = "payments_imported"
    ledger: int
    origin: str
    payments: tuple[ImportedPayment, ...]
    actor: str
    at_ms: int
