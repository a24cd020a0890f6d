"""The wire to MTurk: our own HTTP wire, with requests that are signed one by one.

Who we are is asked of AWS's token service, which has an address of its own; a configured endpoint (the emulator, a
compatible service) answers both at its one address. What it does not answer leaves the account unproved, and then
nothing is sent.
"""

from collections.abc import Callable, Sequence
from typing import Final

from reconcile.providers.base import Ticket, Wire, WireResult
from reconcile.providers.endpoint import Endpoint, parse_endpoint
from reconcile.providers.mturk.credentials import REGION
from reconcile.providers.mturk.requests import is_identity
from reconcile.providers.rules import MTURK

IDENTITY_ENDPOINT: Final = f"https://sts.{REGION}.amazonaws.com"


class MTurkWire:
    """`reconcile.providers.base.Wire`: payments on one wire, the question of the account on another."""

    def __init__(self, payments: Wire, identity: Wire) -> None:
        self._payments = payments
        self._identity = identity
        self._asking = 0

    @property
    def slots(self) -> int:
        """How many requests may be in flight together."""
        return self._payments.slots

    def start(self, ticket: Ticket) -> None:
        """Send a request in the background."""
        if is_identity(ticket.request):
            self._asking += 1
            self._identity.start(ticket)
        else:
            self._payments.start(ticket)

    def wait(self, timeout_s: float) -> Sequence[tuple[int, WireResult]]:
        """Results that have come. The account is asked for with nothing else in flight."""
        if not self._asking:
            return self._payments.wait(timeout_s)
        found = self._identity.wait(timeout_s)
        self._asking -= len(found)
        return found

    def close(self) -> None:
        """Drop connections."""
        self._payments.close()
        self._identity.close()


def open_wire(endpoint: Endpoint, make: Callable[[Endpoint], Wire]) -> Wire:
    """The wire to `endpoint`; `make` opens one to an address."""
    if str(endpoint) not in MTURK.hosts.values():
        return make(endpoint)
    return MTurkWire(make(endpoint), make(parse_endpoint(IDENTITY_ENDPOINT)))
