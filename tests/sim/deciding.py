"""A person who looks at MTurk's own records, and says of payments without an owner whose they are: `state resolve`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconcile import identity
from reconcile.errors import BonusctlError
from reconcile.model import Desired
from reconcile.project.unowned import disowned, taken
from reconcile.protocol.adopting import Sought
from reconcile.protocol.deciding import run_deciding
from reconcile.providers.base import RemotePayment
from reconcile.state.events import Event, PaymentsAdopted
from reconcile.state.ledger import LedgerRecord
from tests.sim.mturk_end import MturkTruth

if TYPE_CHECKING:
    from tests.sim.machine import Machine

ROUNDS_MAX = 4


class _Nothing(BonusctlError):
    """There is nothing to decide, or no command says it."""


def decide_all(machine: Machine) -> bool:
    """Decide for every bonus, until nothing is left to decide. Returns whether anything was decided."""
    decided = False
    for row in list(machine.desired):
        for _ in range(ROUNDS_MAX):
            if not _decide(machine, row):
                break
            decided = True
    return decided


def _decide(machine: Machine, row: Desired) -> bool:
    history = machine.history
    truth = history.provider.truth
    assert isinstance(truth, MturkTruth)
    recorded: list[Event] = []

    def chosen(record: LedgerRecord, unowned: Sequence[RemotePayment]) -> Sequence[Event]:
        event = _say(machine, record, row, unowned, truth)
        recorded.append(event)
        return [event]

    muted, history.chooser.muted = history.chooser.muted, True
    try:
        with machine.tracing() as points, machine.opened(points, 2, "state resolve", {}) as (ports, access, run):
            sought = Sought(row.identity(""), b"", 0)
            run_deciding(ports, access, run, sought, chosen, project="")
    except BonusctlError:
        recorded.clear()
    finally:
        history.chooser.muted = muted
    if recorded:
        history.tell(f"  {machine.name}: a person decides about {row.address}: {type(recorded[0]).__name__}")
    return bool(recorded)


def _say(
    machine: Machine, record: LedgerRecord, row: Desired, unowned: Sequence[RemotePayment], truth: MturkTruth
) -> Event:
    """What is true: this payment is the bonus's next, or none of them is anybody's here. Raises where neither can be
    said: another bonus's comes first.
    """
    at_ms = machine.clock.now_ms()
    sequence = 1
    while identity.payment_id(row.bonus_id, sequence) in machine.book.issued:
        sequence += 1
    following = truth.made.get(identity.payment_id(row.bonus_id, sequence), ())
    ours = [payment for payment in unowned if any(truth.fits(one, payment) for one in following)]
    if ours:
        name = row.identity("")
        return taken(record, name, ours[:1], sequence, reason="seen in the records", actor="test", at_ms=at_ms)
    theirs = [one for made in truth.made.values() for one in made]
    if not unowned or any(truth.fits(one, payment) for one in theirs for payment in unowned):
        raise _Nothing("nothing to say")
    event = disowned(record, list(unowned), at_ms)
    assert isinstance(event, PaymentsAdopted)
    machine.watch.disowned |= {payment.payment_id for payment in event.payments}
    return event
