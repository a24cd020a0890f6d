"""The ports behind which the protocol runs: it opens no file or socket and reads no clock by itself.

Production gives the real ones (`reconcile.project`), a test or a simulation its own. With the state (`Ledger`) and
the wire (`providers.base.Wire`) these are all that a run touches.
"""

from collections.abc import Sequence
from typing import Protocol

from reconcile.money import Money
from reconcile.protocol.report import LeftBonus, Paid


class Clock(Protocol):
    """Times of this machine."""

    def now_ms(self) -> int:
        """Wall clock, milliseconds since the epoch. It may jump."""

    def boottime_ms(self) -> int:
        """Milliseconds since this machine started, sleep included. Never goes back within one boot."""

    def boot_id(self) -> str:
        """Names this boot: boot times of different boots are not comparable."""


class Control(Protocol):
    """What a person can do to a running apply."""

    def stop_requested(self) -> bool:
        """Ctrl-C or SIGTERM came once: nothing new is sent, what is in flight is settled."""


class Progress(Protocol):
    """Watches a run. Called only after what it is told is durable."""

    def phase(self, text: str) -> None:
        """A step of the run begins: "scanning", "recovering", "paying"."""

    def paying(self, provider: str, *, payments: int, amount: Money) -> None:
        """Sending begins: so many payments, so much money."""

    def settled(self, paid: Sequence[Paid], *, rejected: Sequence[LeftBonus], under_way: int) -> None:
        """Payments were proved issued (`paid`) or `rejected` since the last call; `under_way` requests are in flight."""

    def note(self, text: str) -> None:
        """Something a person should know: waiting for a window, backing off, resumed."""
