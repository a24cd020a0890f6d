"""Mistakes in what counts as a proof: of an execution, of a refusal, of an absence, of an amount."""

from dataclasses import replace
from typing import Any

from reconcile.model import SendOutcome
from reconcile.protocol.settling import refused
from reconcile.protocol.track import Track
from reconcile.providers.base import ItemsArchived, ListPayments, PaymentsPage, SendAnswer
from reconcile.providers.toloka.outcomes import ALREADY_EXISTS
from reconcile.state.events import Basis
from tests.mutants.switching import Original, Switch


def timeout_is_failure(switch: Switch) -> None:
    """What is unknown counts as not executed."""

    def make(original: Original) -> Original:
        def take(self: Any, track: Track, answer: Any) -> None:
            if answer.outcome is SendOutcome.AMBIGUOUS:
                answer = as_refusal(answer)
            original(self, track, answer)

        return take

    switch.replace("reconcile.protocol.sending:Sender.take", make)


def as_refusal(answer: SendAnswer) -> SendAnswer:
    """The answer as one that proves that nothing was executed, with a status as a refusal has it."""
    return replace(answer, outcome=SendOutcome.NOT_EXECUTED, status=answer.status or 400)


def proxy_is_believed(switch: Switch) -> None:
    """A 4xx without the provider's own error body counts as its refusal."""

    def make(original: Original) -> Original:
        def answer_of(call: Any, result: Any) -> Any:
            answer = original(call, result)
            status = getattr(answer, "status", 0)
            unknown = getattr(answer, "outcome", None) is SendOutcome.AMBIGUOUS
            return as_refusal(answer) if unknown and 400 <= status < 500 else answer

        return answer_of

    switch.replace("reconcile.providers.toloka.answers:answer_of", make)


def refusal_settles_an_ambiguous_send(switch: Switch) -> None:
    """A definite refusal of one send is taken for the end of an earlier one of which nobody knows."""
    switch.replace(
        "reconcile.protocol.recovery:ambiguous", lambda _: lambda sends: False, only="reconcile.protocol.sending"
    )


def exists_is_failure(switch: Switch) -> None:
    """ "It exists already" is taken for a refusal."""

    def make(original: Original) -> Original:
        def definite(status: int, code: str) -> Any:
            row = original(status, code)
            return row._replace(outcome=SendOutcome.NOT_EXECUTED) if row and code == ALREADY_EXISTS else row

        return definite

    switch.replace("reconcile.providers.toloka.outcomes:definite", make)


def absent_at_once(switch: Switch) -> None:
    """A list that does not show a payment proves its absence, however fresh the send."""
    switch.replace("reconcile.protocol.recovery:is_quiet", lambda _: lambda *__, **___: True)


def absent_right_after_the_end(switch: Switch) -> None:
    """Absence counts at once, also of an operation that has just ended, or that is known to be executed."""
    switch.replace("reconcile.protocol.absence:absence_counts", lambda _: lambda *__, **___: True)


def counts_ignored(switch: Switch) -> None:
    """An ended operation that counts more payments than the list shows is settled all the same."""
    switch.replace("reconcile.protocol.absence:accounts_for", lambda _: lambda *__: True)


def archived_is_failure(switch: Switch) -> None:
    """FAIL without a log counts as proof that nothing in it was paid, and takes new ids."""

    def make(original: Original) -> Original:
        def take_items(self: Any, track: Track, answer: Any) -> None:
            if isinstance(answer, ItemsArchived) and track.ended is not None:
                rows = refused(track.open_items, code="FAIL", message="", named={})
                self._context.settle(track, Basis.LOG, tuple(replace(row, burnt=True) for row in rows))
                self._forget(track)
                return
            original(self, track, answer)

        return take_items

    switch.replace("reconcile.protocol.observing:Observer.take_items", make)


def never_a_new_id(switch: Switch) -> None:
    """A payment that failed in its operation is tried again under the used id, for ever."""

    def make(original: Original) -> Original:
        return lambda self, track: original(self, track)._replace(burnt=False)

    switch.replace("reconcile.protocol.observing:Observer._proofs", make)


def always_a_new_id(switch: Switch) -> None:
    """Whatever is free again takes a new id, also where nothing proves that the old one is used up."""
    switch.replace(
        "reconcile.protocol.settling:_released", lambda original: lambda item, *, burnt: original(item, burnt=True)
    )


def settled_in_part(switch: Switch) -> None:
    """What is proved of a batch is settled, and the rest stays open."""

    def make(original: Original) -> Original:
        def from_proofs(items: Any, proofs: Any) -> Any:
            found = [original((item,), proofs) for item in items]
            return tuple(one[0] for one in found if one) or None

        return from_proofs

    switch.replace("reconcile.protocol.settling:from_proofs", make)


def unproved_is_free(switch: Switch) -> None:
    """What a proof of the others does not name is taken for not made."""

    def make(original: Original) -> Original:
        from reconcile.protocol.settling import released

        def from_proofs(items: Any, proofs: Any) -> Any:
            found = [original((item,), proofs) for item in items]
            if not any(found):
                return None
            return tuple((one or released((item,)))[0] for one, item in zip(found, items, strict=True))

        return from_proofs

    switch.replace("reconcile.protocol.settling:from_proofs", make)


def wished_amount(switch: Switch) -> None:
    """What was wished is recorded as issued, not what the provider shows."""

    def make(original: Original) -> Original:
        def issued(item: Any, proofs: Any) -> Any:
            found = original(item, proofs)
            return None if found is None else replace(found, amount=item.amount)

        return issued

    switch.replace("reconcile.protocol.settling:_issued", make)


def last_log_entry_forgotten(switch: Switch) -> None:
    """A log is read but for its end."""
    switch.replace(
        "reconcile.providers.toloka.log:read_log",
        lambda original: lambda value, operation: original(value[:-1] if isinstance(value, list) else value, operation),
    )


def last_page_forgotten(switch: Switch) -> None:
    """The list of payments is read but for its last page."""

    def make(original: Original) -> Original:
        def ask(self: Any, call: Any) -> Any:
            answer = original(self, call)
            last = isinstance(answer, PaymentsPage) and not answer.next_cursor
            return replace(answer, payments=()) if last and isinstance(call, ListPayments) and call.cursor else answer

        return ask

    switch.replace("reconcile.protocol.gateway:Gateway.ask", make)


def marker_believed(switch: Switch) -> None:
    """A marker counts for the bonus that it names, also where another worker was paid under it."""

    def make(original: Original) -> Original:
        from reconcile.model import Identity

        def attributed(marker: Any, payment: Any, project: str) -> Any:
            return Identity(project, marker.campaign, payment.recipient, payment.assignment_id, marker.key)

        return attributed

    switch.replace("reconcile.protocol.scan:attributed", make)


def clock_back_is_young(switch: Switch) -> None:
    """A wall clock that went backwards makes an old send young enough to be repeated."""

    def make(original: Original) -> Original:
        def oldest_ms(sends: Any, now: Any) -> int:
            found = original(sends, now)
            return 0 if any(now.wall_ms < send.at_ms for send in sends) else int(found)

        return oldest_ms

    switch.replace("reconcile.protocol.ages:oldest_ms", make)


def one_clock_for_windows(switch: Switch) -> None:
    """The wall clock alone says that a settle window has passed; it may have jumped."""

    def make(original: Original) -> Original:
        def youngest_ms(sends: Any, now: Any) -> int:
            return max(0, min((now.wall_ms - send.at_ms for send in sends), default=0))

        return youngest_ms

    switch.replace("reconcile.protocol.ages:youngest_ms", make)
