"""Mistakes in what a run knows before it sends: the scan, the gate, the lock, the epoch, the plan."""

import os
from itertools import count
from pathlib import Path
from typing import Any

from reconcile.plan.decision import NOTHING
from reconcile.protocol.scan import Scan
from tests.mutants.switching import Original, Switch


def no_scan(switch: Switch) -> None:
    """Nobody reads what was paid."""
    switch.replace(
        "reconcile.protocol.scan:scan",
        lambda _: lambda ledger, gateway, record, **__: Scan(record.newest_remote_id, (), ()),
    )


def scan_after_recovery(switch: Switch) -> None:
    """What is open is sent again before anybody has read what was paid."""
    asked: dict[int, Any] = {}

    def later(original: Original) -> Original:
        def _scan(self: Any, *arguments: Any, **options: Any) -> None:
            asked[id(self)] = lambda: original(self, *arguments, **options)
            self._scanned = self.gateway.moment()

        return _scan

    def then(original: Original) -> Original:
        def _recover(self: Any, wanted: Any) -> Any:
            stopped = original(self, wanted)
            asked.pop(id(self))()
            return stopped

        return _recover

    switch.replace("reconcile.protocol.session:Session._scan", later)
    switch.replace("reconcile.protocol.session:Session._recover", then)


def no_gate(switch: Switch) -> None:
    """A new or restored state sends at once."""
    switch.replace("reconcile.protocol.gate:pass_gate", lambda _: lambda *__, **___: None)


def foreign_operations_ignored(switch: Switch) -> None:
    """Operations that run at the provider and that this state does not know keep nothing back."""
    switch.replace("reconcile.protocol.gate:_foreign", lambda _: lambda *__: None)


def gate_counts_from_the_past(switch: Switch) -> None:
    """The gate's window is over at once."""
    switch.replace("reconcile.protocol.gate:_window_left_s", lambda _: lambda *__: 0)


def former_names_wait_for_nothing(switch: Switch) -> None:
    """A bonus with a former name is paid at once by a state that has just been made."""
    switch.replace("reconcile.protocol.gate:pass_names", lambda _: lambda *__: None)


def restored_sends_again_at_once(switch: Switch) -> None:
    """A state that was put back repeats what it has in doubt, whatever its other life made of that."""

    def make(original: Original) -> Original:
        def next_steps(ledger: Any, gateway: Any, record: Any, operations: Any, wanted: Any) -> Any:
            return original(ledger, gateway, record._replace(gate_ms=0), operations, wanted)

        return next_steps

    switch.replace("reconcile.protocol.repeating:next_steps", make)


def what_has_just_ended_is_over(switch: Switch) -> None:
    """An operation that ended a moment ago counts as one whose payments the list shows."""
    switch.replace("reconcile.protocol.gate:_just_ended", lambda _: lambda *__: None)


def agreed_long_ago(switch: Switch) -> None:
    """After a new scan the plan from before it is sent, where its ids are not known as paid."""
    switch.replace("reconcile.protocol.ending:still_asked", lambda _: lambda changes, *__: changes)


def restored_unnoticed(switch: Switch) -> None:
    """A state that is older than what the provider shows, or restored, keeps its gate open."""

    def make(original: Original) -> Original:
        def close(ledger: Any, reason: str, at_ms: int) -> None:
            if reason not in ("restored", "behind"):
                original(ledger, reason, at_ms)

        return close

    switch.replace("reconcile.state.projection:_close_gate", make)


def no_lock(switch: Switch) -> None:
    """Two runs may hold one state: each gets a lock file of its own."""
    names = count()

    def make(original: Original) -> Original:
        def attempt(path: Path) -> Any:
            return original(path.with_name(f"{path.name}.{os.getpid()}.{next(names)}"))

        return attempt

    switch.replace("reconcile.state.lock:_try", make)


def lock_never_looked_at(switch: Switch) -> None:
    """A run whose lock was taken over does not find out."""
    switch.replace("reconcile.state.lock:RunLock.still_held", lambda _: lambda self: True)


def no_epoch(switch: Switch) -> None:
    """A commit asks neither for the lock nor for the epoch nor for the head."""
    switch.replace("reconcile.state.sqlite:SqliteLedger._check_fence", lambda _: lambda self: None)


def own_records_unread(switch: Switch) -> None:
    """The plan does not ask the state what was paid, or is open."""
    switch.replace(
        "reconcile.plan.decision:decide", lambda original: lambda asked, _, terms: original(asked, NOTHING, terms)
    )


def open_is_missing(switch: Switch) -> None:
    """A payment whose outcome is open counts as one that was never made."""
    switch.replace(
        "reconcile.plan.decision:decide",
        lambda original: lambda asked, known, terms: original(asked, known._replace(open_count=0), terms),
    )


def sequence_guessed(switch: Switch) -> None:
    """A gap in what is known of a bonus's payments is passed over: the next number is taken."""
    switch.replace(
        "reconcile.plan.decision:decide",
        lambda original: lambda asked, known, terms: original(asked, known._replace(missing=0), terms),
    )


def older_scan_suffices(switch: Switch) -> None:
    """`--no-refresh` is taken at its word."""
    switch.replace("reconcile.protocol.session:Session.skip_scan", lambda _: lambda self: None)


def watermark_too_new(switch: Switch) -> None:
    """The scan begins where the last one ended, without a margin for what became visible late."""
    switch.replace(
        "reconcile.protocol.scan:_since_ms",
        lambda _: lambda gateway, record, *, full: None if full else record.watermark_ms,
    )
