"""A payment that the provider shows, as the state takes it over and as the report names it."""

from reconcile.model import Identity
from reconcile.protocol.report import Paid
from reconcile.providers.base import RemotePayment
from reconcile.state.events import AdoptedPayment


def adopted_payment(
    payment: RemotePayment, payment_id: bytes, sequence: int, bonus: Identity | None, *, campaign: str, key: str
) -> AdoptedPayment:
    """What is recorded of it, in the provider's words. `bonus` None: ours or nobody's, but of no bonus that is known."""
    return AdoptedPayment(
        payment_id=payment_id,
        sequence=sequence,
        bonus=bonus,
        campaign=campaign,
        key=key,
        recipient=payment.recipient,
        assignment_id=payment.assignment_id,
        amount=payment.amount,
        remote_id=payment.remote_id,
        created_ms=payment.created_ms,
        texts=payment.texts,
    )


def paid_of(payment: AdoptedPayment, *, provider: str, currency: str, adopted: bool) -> Paid:
    """The line of the report for it. `adopted`: found, not sent by this state."""
    campaign = payment.campaign or "?"
    return Paid(
        address=Identity("", campaign, payment.recipient, payment.assignment_id, payment.key).address,
        payment_id=payment.payment_id,
        provider=provider,
        currency=currency,
        amount=payment.amount,
        remote_id=payment.remote_id,
        adopted=adopted,
    )
