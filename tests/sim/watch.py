"""Looks at every step of a history and holds the invariants and the rules of order against it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from reconcile.protocol.report import Report
from reconcile.providers.base import WireRequest
from reconcile.state.events import Event, OperationSettled, PaymentsAdopted
from tests.sim import endings, invariants, looks, rules
from tests.sim.book import Book, Operation, Violation
from tests.sim.mturk_end import MturkTruth, lists
from tests.sim.truth import Truth, payment_ids

if TYPE_CHECKING:
    from tests.sim.machine import Machine

LIST = "/user-bonuses?"


class Watch:
    """What is known about a history besides what its machines know. `ceilings`: the largest amount that was ever asked
    for a bonus; `groups` names the bonus of a recipient and key, where it is not the recipient's own.
    """

    def __init__(self, truth: Truth, *, by_looks: bool = False) -> None:
        self.truth = truth
        # Where equal payments cannot be told apart, the promises are held as sums.
        self._alike = truth if by_looks and isinstance(truth, MturkTruth) else None
        self._sent: dict[looks.Look, set[bytes]] = {}
        self.ceilings: dict[str, Decimal] = {}
        self.groups: dict[tuple[str, str], str] = {}
        self.disowned: set[bytes] = set()
        self.steps = 0
        self._senders: dict[bytes, set[tuple[str, int]]] = {}
        self._bytes: dict[tuple[str, int, bytes], bytes] = {}

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
                alone = self._alone(machine)
                if self._alike is None:
                    invariants.not_paid_is_true(self.truth, event, alone)
                else:
                    looks.not_paid_is_true(self._alike, event, book, self._sent, alone)
            rules.on_commit(machine.trace, book, machine.clocked, [event], now_ms)
            if isinstance(event, OperationSettled):
                said = [item.payment_id for item in event.items if book.status[item.payment_id] == "issued"]
                self._issued_is_true(book, said)
            elif isinstance(event, PaymentsAdopted):
                self._issued_is_true(book, [payment.payment_id for payment in event.payments])
        machine.cuts.append((machine.cuts[-1] if machine.cuts else 1) + len(events))

    def leaving(self, machine: Machine, request: WireRequest) -> None:
        """A request is on its way."""
        self.steps += 1
        now_ms = self.truth.running.ledger.now_ms()
        if not is_send(request):
            listed = lists(request) if request.method == "POST" else _whole_list(request)
            rules.on_read(machine.trace, lists=listed, now_ms=now_ms)
            return
        sent = (request.target, request.body)
        operation = rules.on_send(machine.trace, machine.book, machine.clocked, sent, now_ms)
        invariants.asked_for(operation, machine.desired, machine.book)
        self._same_bytes(machine, request, operation)
        for item in operation.items.values():
            look = looks.Look(item.bonus.recipient, item.bonus.assignment_id, item.amount)
            self._sent.setdefault(look, set()).add(item.payment_id)
        for payment in payment_ids(request.body):
            self._senders.setdefault(payment, set()).add((machine.name, machine.life))

    def _same_bytes(self, machine: Machine, request: WireRequest, operation: Operation) -> None:
        """I3: while an operation is open its id has one sequence of bytes. MTurk's token is the payment's."""
        one = next(iter(operation.items)) if operation.mode == "token" else operation.operation_id
        name = (machine.name, machine.life, one)
        earlier = self._bytes.setdefault(name, request.body)
        if earlier != request.body:
            still_open = [one for one in machine.book.operations.values() if one.open and one.body == earlier]
            if still_open:
                raise Violation("I3: one operation id with other bytes while it is open")
            self._bytes[name] = request.body

    def _alone(self, machine: Machine) -> set[bytes]:
        """The payments that this journal alone has sent."""
        me = (machine.name, machine.life)
        return {payment for payment, senders in self._senders.items() if senders == {me}}

    def served(self) -> None:
        """The provider has done what it does at once."""
        for made in self.truth.look():
            invariants.journaled_before_paid(made, self._senders)
            self._paid_once()

    def remembered(self) -> tuple[object, ...]:
        """All that later checks look back at, in an order of its own."""
        senders = sorted((payment, *sorted(who)) for payment, who in self._senders.items())
        sent = sorted((look, *sorted(payments)) for look, payments in self._sent.items())
        names = (sorted(self.ceilings.items()), sorted(self.groups.items()), sorted(self.disowned))
        return (senders, sent, sorted(self._bytes.items()), *names)

    # --- ends --------------------------------------------------------------------------------------------------------

    def reported(self, machine: Machine, report: Report, *, whole: bool) -> None:
        """A run came to its end."""
        self.served()
        if whole:
            invariants.report_is_whole(report, machine.desired, machine.book)
        self._issued_is_true(machine.book, machine.book.issued)

    def ended(self, machine: Machine, report: Report, *, doubtful: bool = False) -> None:
        """The last of the quiet runs. `doubtful`: payments may have been made that no list tells the owner of."""
        self.truth.catch_up()
        self.served()
        self._paid_once()
        if self._alike is None:
            invariants.never_forgotten(self.truth, machine.book)
        else:
            looks.never_forgotten(self._alike, machine.book, self._sent, self._alone(machine))
        if isinstance(self.truth, MturkTruth):
            endings.ends_true(self.truth, machine.book, report, machine.desired)
            endings.ends_whole(report, machine.desired, machine.book, doubtful=doubtful)
            return
        invariants.ends_true(self.truth, machine.book)
        invariants.ends_whole(report, machine.desired, machine.book)

    # --- the promises, exact or as sums ------------------------------------------------------------------------------

    def _paid_once(self) -> None:
        if self._alike is None:
            invariants.paid_once(self.truth)
            invariants.never_too_much(self.truth, self.ceilings, self.groups)
        else:
            looks.paid_once(self._alike, self._sent)
            looks.never_too_much(self._alike, self.ceilings)

    def _issued_is_true(self, book: Book, payments: Iterable[bytes]) -> None:
        if self._alike is None:
            # What a person called nobody's has a name of its own there.
            invariants.issued_is_true(self.truth, book, [one for one in payments if one not in self.disowned])
        else:
            looks.issued_is_true(self._alike, book)


def is_send(request: WireRequest) -> bool:
    """Whether a request moves money."""
    if request.target != "/":
        return request.method == "POST"
    return dict(request.headers).get("X-Amz-Target", "").endswith(".SendBonus")


def _whole_list(request: WireRequest) -> str | None:
    return "" if LIST in request.target and "id_gt" not in request.target else None
