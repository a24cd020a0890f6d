"""Looks at every step of a history and holds the invariants and the rules of order against it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from reconcile.protocol.report import Report
from reconcile.providers.base import WireRequest
from reconcile.state.events import Event, OperationSettled, PaymentsAdopted
from tests.sim import invariants, rules
from tests.sim.book import Violation
from tests.sim.truth import Truth, operation_of, payment_ids

if TYPE_CHECKING:
    from tests.sim.machine import Machine

LIST = "/user-bonuses?"


class Watch:
    """What is known about a history besides what its machines know. `ceilings`: the largest amount that was ever asked
    for a bonus; `groups` names the bonus of a recipient and key, where it is not the recipient's own.
    """

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.ceilings: dict[str, Decimal] = {}
        self.groups: dict[tuple[str, str], str] = {}
        self.steps = 0
        self._senders: dict[bytes, set[tuple[str, int]]] = {}
        self._bytes: dict[tuple[str, int, str], bytes] = {}

    # --- every step --------------------------------------------------------------------------------------------------

    def committing(self, machine: Machine, events: Sequence[Event]) -> None:
        """A commit is about to be made."""
        rules.before_commit(machine.trace, machine.book, events)

    def committed(self, machine: Machine, events: Sequence[Event]) -> None:
        """A commit is durable."""
        self.steps += 1
        book, now_ms = machine.book, self.truth.running.ledger.now_ms()
        for event in events:
            if isinstance(event, OperationSettled):
                me = (machine.name, machine.life)
                alone = [item.payment_id for item in event.items if self._senders.get(item.payment_id) == {me}]
                invariants.not_paid_is_true(self.truth, event, alone)
            rules.on_commit(machine.trace, book, machine.clocked, [event], now_ms)
            if isinstance(event, OperationSettled):
                said = [item.payment_id for item in event.items if book.status[item.payment_id] == "issued"]
                invariants.issued_is_true(self.truth, book, said)
            elif isinstance(event, PaymentsAdopted):
                invariants.issued_is_true(self.truth, book, [payment.payment_id for payment in event.payments])
        machine.cuts.append((machine.cuts[-1] if machine.cuts else 1) + len(events))

    def leaving(self, machine: Machine, request: WireRequest) -> None:
        """A request is on its way."""
        self.steps += 1
        now_ms = self.truth.running.ledger.now_ms()
        if request.method != "POST":
            first_page = LIST in request.target and "id_gt" not in request.target
            rules.on_read(machine.trace, from_the_start=first_page, now_ms=now_ms)
            return
        sent = (request.target, request.body)
        operation = rules.on_send(machine.trace, machine.book, machine.clocked, sent, now_ms)
        invariants.asked_for(operation, machine.desired, machine.book)
        self._same_bytes(machine, request)
        for payment in payment_ids(request.body):
            self._senders.setdefault(payment, set()).add((machine.name, machine.life))

    def _same_bytes(self, machine: Machine, request: WireRequest) -> None:
        """I3: while an operation is open its id has one sequence of bytes."""
        name = (machine.name, machine.life, operation_of(request.target))
        earlier = self._bytes.setdefault(name, request.body)
        if earlier != request.body:
            still_open = [
                operation
                for operation in machine.book.operations.values()
                if operation.open and operation.body == earlier
            ]
            if still_open:
                raise Violation("I3: one operation id with other bytes while it is open")
            self._bytes[name] = request.body

    def served(self) -> None:
        """The provider has done what it does at once."""
        for made in self.truth.look():
            invariants.journaled_before_paid(made, self._senders)
            invariants.paid_once(self.truth)
            invariants.never_too_much(self.truth, self.ceilings, self.groups)

    # --- ends --------------------------------------------------------------------------------------------------------

    def reported(self, machine: Machine, report: Report, *, whole: bool) -> None:
        """A run came to its end."""
        self.served()
        if whole:
            invariants.report_is_whole(report, machine.desired, machine.book)
        invariants.issued_is_true(self.truth, machine.book, machine.book.issued)

    def ended(self, machine: Machine, report: Report) -> None:
        """The last of the quiet runs."""
        self.truth.catch_up()
        self.served()
        invariants.paid_once(self.truth)
        invariants.never_forgotten(self.truth, machine.book)
        invariants.ends_true(self.truth, machine.book)
        invariants.ends_whole(report, machine.desired, machine.book)
