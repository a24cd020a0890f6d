"""Mistakes in what is sent, when, and under which id."""

from typing import Any

from reconcile.errors import StateWriteFailed
from reconcile.model import SendOutcome
from reconcile.protocol.recovery import Step
from reconcile.state.events import SendsStarted
from reconcile.times import DAY_MS
from tests.mutants.switching import Original, Switch


def sent_before_journaled(switch: Switch) -> None:
    """A request leaves a turn before the commit that says so: a crash between them forgets it."""

    class Late:
        """Keeps back what begins a send until the next commit."""

        def __init__(self, ledger: Any) -> None:
            self.ledger = ledger
            self.held: list[Any] = []

        def __getattr__(self, name: str) -> Any:
            return getattr(self.ledger, name)

        def commit(self, events: Any) -> None:
            if self.held:
                held, self.held = self.held, []
                self.ledger.commit(held)
            if any(isinstance(event, SendsStarted) for event in events):
                self.held = list(events)
            elif events:
                self.ledger.commit(events)

    def make(original: Original) -> Original:
        def flush(self: Any, now: Any) -> None:
            if not isinstance(self._ledger, Late):
                self._ledger = Late(self._ledger)
            if self._ledger.held:
                self._ledger.commit([])
            original(self, now)

        return flush

    switch.replace("reconcile.protocol.journal:Journal.flush", make)


def other_bytes_again(switch: Switch) -> None:
    """What is sent again is written anew, not taken from the journal."""

    def make(original: Original) -> Original:
        def recovered(operation: Any, stage: Any) -> Any:
            return original(operation._replace(body=operation.body.replace('"amount":', '"amount": ')), stage)

        return recovered

    switch.replace("reconcile.protocol.track:recovered", make)


def _account_with(more: Any) -> Any:
    """A `prepare` whose operation id depends on more than payments and attempts."""

    def make(original: Original) -> Original:
        def prepare(number: int, account: Any, mode: str, changes: Any, gateway: Any) -> Any:
            loose = [change._replace(operation_id=None) for change in changes]
            return original(number, f"{account}/{more(number, changes)}", mode, loose, gateway)

        return prepare

    return make


def id_holds_the_amount(switch: Switch) -> None:
    """An edited spec then misses its own past."""
    amounts = _account_with(lambda _, changes: "+".join(str(change.amount) for change in changes))
    switch.replace("reconcile.protocol.preparing:prepare", amounts)


def id_holds_the_place(switch: Switch) -> None:
    """The number of the operation in this state: another state gives the same payment another id."""
    switch.replace("reconcile.protocol.preparing:prepare", _account_with(lambda number, _: number + 1_000_000))


def id_of_the_first_payment_alone(switch: Switch) -> None:
    """Two batches that begin alike share an id: the second is taken for the first."""

    def make(original: Original) -> Original:
        def operation_id(account: str, payments: Any) -> bytes:
            return bytes(original(account, [min(payments)]))

        return operation_id

    switch.replace("reconcile.identity:operation_id", make)


def batches_count_for_singles(switch: Switch) -> None:
    """A payment that went wrong in a batch takes a new id alone, too: one that no other state would send."""
    switch.replace("reconcile.plan.change:Attempts.of", lambda _: lambda self, _: self.together)


def always_sent_again(switch: Switch) -> None:
    """Whatever is open is sent again, also what is known to be executed."""
    switch.replace("reconcile.protocol.recovery:next_step", lambda _: lambda *__, **___: Step.SEND_AGAIN)


def sent_again_after_executed(switch: Switch) -> None:
    """An executed send does not stop the next."""

    def make(original: Original) -> Original:
        def next_step(operation: Any, **options: Any) -> Any:
            sends = tuple(
                send._replace(outcome=None) if send.outcome is SendOutcome.EXECUTED else send
                for send in operation.sends
            )
            return original(operation._replace(sends=sends), **options)

        return next_step

    switch.replace("reconcile.protocol.recovery:next_step", make)


def sent_again_although_unwanted(switch: Switch) -> None:
    """What the specs no longer ask for is sent again."""

    def make(original: Original) -> Original:
        def next_step(operation: Any, *, wanted: Any, **options: Any) -> Any:
            return original(operation, wanted=frozenset(item.payment_id for item in operation.items), **options)

        return next_step

    switch.replace("reconcile.protocol.recovery:next_step", make)


def sent_again_in_part(switch: Switch) -> None:
    """One payment of a batch that is still wanted and open is enough to send all of it again."""

    def make(original: Original) -> Original:
        def next_step(operation: Any, *, wanted: Any, **options: Any) -> Any:
            if any(item.open and item.payment_id in wanted for item in operation.items):
                wanted = frozenset(item.payment_id for item in operation.items)
                operation = operation._replace(items=tuple(item._replace(open=True) for item in operation.items))
            return original(operation, wanted=wanted, **options)

        return next_step

    switch.replace("reconcile.protocol.recovery:next_step", make)


def protected_for_ever(switch: Switch) -> None:
    """An id is trusted to be refused long after the provider may have forgotten it."""

    def make(original: Original) -> Original:
        def promise(self: Any, mode: str) -> Any:
            found = original(self, mode)
            return found._replace(protection_ms=3_650 * DAY_MS) if found.protection_ms else found

        return promise

    switch.replace("reconcile.providers.toloka.codec:TolokaCodec.promise", make)


def synchronous_taken_for_protected(switch: Switch) -> None:
    """A synchronous request is repeated as if its id were refused."""

    def make(original: Original) -> Original:
        def promise(self: Any, mode: str) -> Any:
            return original(self, mode)._replace(protection_ms=7 * DAY_MS)

        return promise

    switch.replace("reconcile.providers.toloka.codec:TolokaCodec.promise", make)


def sends_after_a_failed_commit(switch: Switch) -> None:
    """A full disk is shrugged off: the requests leave all the same."""

    def make(original: Original) -> Original:
        def flush(self: Any, now: Any) -> None:
            try:
                original(self, now)
            except StateWriteFailed:
                self._finished, self._settled, self._prepared, self._started, self._after = [], [], [], [], []

        return flush

    switch.replace("reconcile.protocol.journal:Journal.flush", make)


def sleep_unnoticed(switch: Switch) -> None:
    """A machine that stood still for an hour goes on sending on what it knew before."""
    switch.replace("reconcile.protocol.engine:Engine._watch_clock", lambda _: lambda self, sender: None)


def sends_on_an_old_scan(switch: Switch) -> None:
    """A person took hours to agree, and nobody reads again what was paid meanwhile."""
    switch.replace("reconcile.protocol.session:Session.is_stale", lambda _: lambda self: False)


def first_payment_not_read_back(switch: Switch) -> None:
    """The first payment's marker is believed to have come through."""
    switch.replace("reconcile.protocol.readback:marker_problem", lambda _: lambda *__: "")


def no_fence_on_the_wire(switch: Switch) -> None:
    """Right before the first byte nobody asks whether the lock is still ours, or how long the request waited."""
    switch.replace("reconcile.providers.http:_Worker._may_send", lambda _: lambda *__: "")
