"""The first payment of an account goes alone, and its marker is read back before the rest.

Adoption after a lost state rests on the marker at the end of the comment. A provider that cut comments short would
break it: better to learn that from one payment than from ten thousand.
"""

from typing import Final

from reconcile.errors import ProviderError
from reconcile.model import parse_marker
from reconcile.protocol.gateway import Gateway
from reconcile.providers.base import ListPayments, PaymentsPage, RemotePayment

TRIES: Final = 6
PAUSE_FIRST_S: Final = 0.25


def marker_problem(gateway: Gateway, payment_id: bytes, remote_id: str) -> str:
    """Why the marker of a payment that was made cannot be relied on, as a sentence; "" when it came back whole."""
    pause_s = PAUSE_FIRST_S
    for attempt in range(TRIES):
        if attempt:
            gateway.sleep(pause_s)
            pause_s *= 2
        shown = _find(gateway, remote_id)
        if shown is None:
            continue
        marker = parse_marker(shown.comment)
        if marker is not None and marker.payment_id == payment_id:
            return ""
        return (
            f"payment {remote_id} came back without its marker: the provider altered the comment, "
            "and without markers a lost state could not be made anew. Nothing more was sent."
        )
    return (
        f"payment {remote_id} does not show in the provider's list yet, so its marker could not be read back. "
        "Nothing more was sent; run it again later."
    )


def _find(gateway: Gateway, remote_id: str) -> RemotePayment | None:
    """The payment in the provider's list, by its remote id; None while it does not show."""
    before = str(int(remote_id) - 1) if remote_id.isascii() and remote_id.isdigit() else ""
    try:
        page = gateway.ask(ListPayments(None, before))
    except ProviderError:
        # The payment is made and recorded: that its marker cannot be read now is no reason to lose the report.
        return None
    payments = page.payments if isinstance(page, PaymentsPage) else ()
    return next((payment for payment in payments if payment.remote_id == remote_id), None)
