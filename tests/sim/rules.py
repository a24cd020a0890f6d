"""The rules of order, held against the trace of a run: what was journaled, what left, and what came before what.

Written from the rules, not from the code: the journal's events and the requests on the wire are all that is looked at.
Each rule is a function that raises Violation with its own name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from reconcile.model import SendOutcome
from reconcile.state.events import (
    Basis,
    Event,
    OperationSettled,
    OperationsPrepared,
    Result,
    RunStarted,
    ScanCompleted,
    SendsStarted,
)
from tests.sim.book import Book, Operation, Violation

PROTECTED_MS = {"async": 7 * 86_400_000, "token": 22 * 3_600_000 + 1_000}
"""How long an id protects, by the way of sending. MTurk's clock shows whole seconds."""


@dataclass(slots=True)
class Trace:
    """One run as it goes, over the book of its journal. Times are the provider's own, in milliseconds. `aside`: another
    run has taken over. `unread`: it was told not to scan, which singles allow after a complete scan.

    `asked` and `scanned`: when the first page of a list was asked for, and when that of the run's last complete scan, by
    what it lists: an assignment at MTurk, "" for the list of everything. `begun` and `left`: the sends that this run
    journaled, and when those of them that left did.
    """

    window_ms: int
    started: bool = False
    failed: bool = False
    aside: bool = False
    unread: bool = False
    asked: dict[str, int] = field(default_factory=dict)
    scanned: dict[str, int] = field(default_factory=dict)
    begun: set[tuple[int, int]] = field(default_factory=set)
    left: dict[tuple[int, int], int] = field(default_factory=dict)


Clocked = dict[tuple[int, int], int]
"""When a journal's sends could leave, by operation and number of the send, on the provider's clock."""


def before_commit(trace: Trace, book: Book, events: Sequence[Event]) -> None:
    """A commit is about to be made."""
    if trace.failed:
        raise Violation("I9: a commit after the first one that failed")
    for event in events:
        if isinstance(event, RunStarted):
            trace.started = True


def on_commit(trace: Trace, book: Book, clocked: Clocked, events: Sequence[Event], now_ms: int) -> None:
    """Events became durable. `book` does not hold them yet; it does afterwards."""
    for event in events:
        match event:
            case OperationsPrepared():
                _attempts(book, event)
            case OperationSettled():
                _whole(book, event)
                _basis(trace, book, clocked, event)
            case ScanCompleted():
                trace.scanned = dict(trace.asked)
            case SendsStarted(sends=sends):
                for number, send in sends:
                    operation = book.operations[number]
                    _may_be_sent(operation, clocked, now_ms)
                    clocked[number, send] = now_ms
                    trace.begun.add((number, send))
            case _:
                pass
        book.take(event)


def on_read(trace: Trace, *, lists: str | None, now_ms: int) -> None:
    """A question left; `lists`: what it asks the first page of, None where it asks something else."""
    if not trace.started:
        raise Violation("order: a request before the run's first durable write")
    if lists is not None:
        trace.asked[lists] = now_ms


def on_send(trace: Trace, book: Book, clocked: Clocked, sent: tuple[str, bytes], now_ms: int) -> Operation:
    """A payment's request left. `sent`: its target and body."""
    if not trace.started:
        raise Violation("order: a request before the run's first durable write")
    if trace.failed:
        raise Violation("I9: sent after a write that failed")
    operation, send = _journaled(trace, book, sent)
    if _list_of(operation) not in trace.scanned and not (trace.unread and book.scans):
        raise Violation("I9: sent before a complete scan of this run")
    trace.left[operation.number, send] = now_ms
    clocked[operation.number, send] = now_ms
    if book.gate and not (len(operation.items) == 1 and len(operation.sends) > 1):
        raise Violation(f"gate: something new was sent while the gate was closed ({book.gate})")
    others = [one for one in book.operations.values() if one is not operation and one.sends]
    if not book.issued and any(one.open and (one.doubtful or one.executed) for one in others):
        raise Violation("first: the first payment of an account did not go alone")
    if operation.open != set(operation.items):
        raise Violation("whole: an operation that is partly settled was sent")
    return operation


def _journaled(trace: Trace, book: Book, sent: tuple[str, bytes]) -> tuple[Operation, int]:
    for operation in reversed(book.operations.values()):
        if (operation.target, operation.body) == sent:
            for send, outcome in operation.sends.items():
                # Another run's send of the same bytes is not this request: that run was pushed aside, or died.
                name = (operation.number, send)
                if outcome is None and name in trace.begun and name not in trace.left:
                    return operation, send
    raise Violation("order: a request whose send is not in the journal, or with other bytes than journaled (I3)")


def _may_be_sent(operation: Operation, clocked: Clocked, now_ms: int) -> None:
    if operation.executed:
        raise Violation("again: sent again after it was known to be executed")
    if operation.doubtful:
        if operation.mode not in PROTECTED_MS:
            raise Violation("again: a synchronous request in doubt was sent again")
        age_ms = now_ms - min(clocked[operation.number, send] for send in operation.sends)
        if age_ms >= PROTECTED_MS[operation.mode]:
            raise Violation("again: sent again after the provider may have forgotten its id")


def _attempts(book: Book, event: OperationsPrepared) -> None:
    for operation in event.operations:
        burnt = book.burnt_alone if len(operation.payments) == 1 else book.burnt
        for item in operation.payments:
            if book.status.get(item.payment_id) in ("issued", "prepared"):
                raise Violation(f"attempt: prepared again while {book.status[item.payment_id]}")
            if item.attempt != 1 + burnt.get(item.payment_id, 0):
                raise Violation("attempt: a new id although the old one is not used up, or an old one that is")


def _whole(book: Book, event: OperationSettled) -> None:
    operation = book.operations[event.operation]
    if {item.payment_id for item in event.items} != operation.open:
        raise Violation("I8: the payments of an operation did not settle in one commit")


def _basis(trace: Trace, book: Book, clocked: Clocked, event: OperationSettled) -> None:
    """ "Not paid" has a legal basis (I5)."""
    operation = book.operations[event.operation]
    if all(item.result is Result.ISSUED for item in event.items):
        return
    match event.basis:
        case Basis.NEVER_SENT:
            legal = not operation.sends
        case Basis.REFUSAL:
            legal = all(outcome is SendOutcome.NOT_EXECUTED for outcome in operation.sends.values())
        case Basis.ITEMS | Basis.LOG:
            legal = True
        case Basis.ABSENCE | Basis.LIST:
            legal = _window_passed(trace, operation, clocked)
        case _:
            legal = False
    if not legal:
        raise Violation(f"I5: not paid, concluded from {event.basis.value}")


def _window_passed(trace: Trace, operation: Operation, clocked: Clocked) -> bool:
    """The list was read after the window since the operation's last send that may have been carried out."""
    possible = [send for send, outcome in operation.sends.items() if outcome is not SendOutcome.NOT_EXECUTED]
    if not possible:
        return True
    last_ms = max(clocked[operation.number, send] for send in possible)
    scanned_ms = trace.scanned.get(_list_of(operation))
    return scanned_ms is not None and scanned_ms - last_ms >= trace.window_ms


def _list_of(operation: Operation) -> str:
    """The list that shows an operation's payments: at MTurk that of its assignment."""
    (item, *_) = operation.items.values()
    return item.bonus.assignment_id if operation.mode == "token" else ""
