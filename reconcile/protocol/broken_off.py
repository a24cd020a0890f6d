"""How a run that broke off ends in the journal: as interrupted or as failed, unless it is the state itself that broke."""

from collections.abc import Callable
from contextlib import suppress

from reconcile.errors import BonusctlError, EventRefused, Interrupted, StateError
from reconcile.protocol.engine import Unrecorded
from reconcile.state.events import RunEnded
from reconcile.state.ledger import Ledger


def journal_end(ledger: Ledger, error: BonusctlError, ended: Callable[[str], RunEnded]) -> None:
    """Journal the end of the run that this error broke off. `ended`: from the outcome to the event.

    After any other error of the state nothing is written. An event that was refused left the state as it was, so the end
    still goes in; where that is refused, too, the first error is the one to tell. Raises StateError for a failed write.
    """
    cause = error.cause if isinstance(error, Unrecorded) else error
    if isinstance(cause, StateError) and not isinstance(cause, EventRefused):
        return
    outcome = "interrupted" if isinstance(error, Interrupted) else "failed"
    with suppress(EventRefused):
        ledger.commit([ended(outcome)])
