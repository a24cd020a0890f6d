"""The provider's end of a history played at MTurk: what it really did, by its tokens, and payments by hand."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import cast

from reconcile import identity
from reconcile.emulator.control import Running
from reconcile.emulator.faults import FaultBook
from reconcile.emulator.mturk import store
from reconcile.emulator.mturk.store import Bonus, add_bonus
from reconcile.money import parse_amount
from reconcile.providers.base import RemotePayment, WireRequest
from tests.sim.kinds import Kind
from tests.sim.provider import ChosenFaults
from tests.sim.truth import Made, Truth, payment_ids
from tests.support.sim_provider import Server, SimClock


class MturkTruth(Truth):
    """MTurk's books. Its tokens are ours: each names the payment that was made under it. `by_hand` are the others."""

    def __init__(self, running: Running) -> None:
        super().__init__(running)
        self.by_hand: list[Made] = []

    def look(self) -> list[Made]:
        """What was made since the last look, without what was paid by hand."""
        fresh = []
        for row in store.bonuses(self.running.ledger.connection):
            if row.id <= self._newest:
                continue
            self._newest = row.id
            payment = identity.from_text(row.token) or b"" if row.token else b""
            what = hashlib.sha256(f"{row.worker_id}\x1f{Decimal(row.amount):.2f}\x1f{row.reason}".encode())
            name = f"{row.assignment_id}@{row.granted_ms // 1000 * 1000}-{what.hexdigest()[:8]}"
            made = Made(name, payment, self.keys.get(payment, ""), row.worker_id, Decimal(row.amount))
            if payment:
                self.made.setdefault(payment, []).append(made)
                fresh.append(made)
            else:
                self.by_hand.append(made)
        return fresh

    def shows(self, made: Made, amount: Decimal, remote_id: str) -> bool:
        """Payments alike in everything are told apart by a number behind the name, given by who reads the list."""
        return (made.amount, made.remote_id) == (amount, plain(remote_id))

    def fits(self, made: Made, payment: RemotePayment) -> bool:
        """Whether this line of a list is that payment."""
        return made.recipient == payment.recipient and self.shows(made, payment.amount, payment.remote_id)

    def has_twins(self) -> bool:
        """Whether two payments of one second are alike in all that a list shows."""
        names = [one.remote_id for made in self.made.values() for one in made]
        return len(set(names)) < len(names)

    def may_still_pay(self) -> Iterator[bytes]:
        """Tokens of requests on their way that have not paid."""
        for (body,) in self.running.ledger.connection.execute("SELECT body FROM mturk_late"):
            yield from (payment for payment in payment_ids(body) if payment not in self.made)


def plain(remote_id: str) -> str:
    """A name of the list without the number that tells payments apart that are alike."""
    return re.sub(r"\.[0-9]+$", "", remote_id)


class MturkProvider:
    """The emulated MTurk."""

    def __init__(self, kind: Kind, clock: SimClock, faults: ChosenFaults) -> None:
        book = cast(FaultBook, faults)
        self.running = Running(ledger=Server(None, clock), options=kind.options(), book=book)
        self.truth = MturkTruth(self.running)

    def deliver_again(self, request: WireRequest, later_ms: int) -> None:
        """A copy of a request arrives later, and nobody hears of its answer."""
        ledger = self.running.ledger
        with ledger.transaction(writes=True):
            due_ms = ledger.now_ms() + later_ms
            store.add_late(ledger.connection, self.running.options.mturk_account, request.body, due_ms)

    def refuses_repetition(self, request: WireRequest) -> bool:
        """A token is remembered for much longer than a copy travels."""
        return request.headers[-1][1].endswith(".SendBonus")

    def set_balance(self, amount: str) -> None:
        """What is left on the account."""
        ledger = self.running.ledger
        with ledger.transaction(writes=True):
            ledger.set_balance(self.running.options.mturk_account, parse_amount(amount, decimals_max=2))

    def pay_by_hand(self, worker: str, assignment: str, amount: str) -> None:
        """Somebody pays a bonus on MTurk's own page, with the words that the specs use."""
        ledger = self.running.ledger
        with ledger.transaction(writes=True):
            made = Bonus(
                id=0,
                account=self.running.options.mturk_account,
                hit_id=f"HIT{assignment}",
                assignment_id=assignment,
                worker_id=worker,
                amount=amount,
                reason="Thank you!",
                token="",
                granted_ms=ledger.now_ms(),
                request_id="by hand",
            )
            add_bonus(ledger.connection, made)

    def close(self) -> None:
        self.running.ledger.close()


def lists(request: WireRequest) -> str | None:
    """The assignment whose list a request begins to read, None where it asks something else."""
    if not dict(request.headers).get("X-Amz-Target", "").endswith(".ListBonusPayments"):
        return None
    asked = json.loads(request.body)
    return None if "NextToken" in asked else str(asked["AssignmentId"])


def with_pages(request: WireRequest, size: int) -> WireRequest:
    """The same question for pages of so many rows; any other request as it is."""
    return request._replace(body=request.body.replace(b'"MaxResults":100', b'"MaxResults":%d' % size))
