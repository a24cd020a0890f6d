"""How old a send is, when clocks may lie: each comparison errs to the side that does not send.

Three clocks are compared where they can be: the wall clock, the boot-time clock (within one boot only), and the
provider's own Date. For the protection of a repeated id the oldest reading counts, for a settle window the youngest.
A wall clock that went backwards makes a send too old to repeat and too fresh to call absent.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from reconcile.state.ledger import RecordedSend

FOR_EVER_MS: Final = 1 << 62


class Moment(NamedTuple):
    """Now, on every clock. `server_ms` is the provider's, None before its first answer."""

    wall_ms: int
    boot_id: str
    boottime_ms: int
    server_ms: int | None

    @property
    def theirs_ms(self) -> int:
        """The provider's clock, and ours as long as it has not answered."""
        return self.wall_ms if self.server_ms is None else self.server_ms


def oldest_ms(sends: Iterable[RecordedSend], now: Moment) -> int:
    """The greatest age that any clock gives any of these sends, for comparing with a protection."""
    oldest = 0
    for send in sends:
        if now.wall_ms < send.at_ms:
            return FOR_EVER_MS
        oldest = max(oldest, *_readings(send, now))
    return oldest


def youngest_ms(sends: Iterable[RecordedSend], now: Moment) -> int:
    """The smallest age that any clock gives any of these sends, for comparing with a settle window. 0 for none."""
    return max(0, min((reading for send in sends for reading in _readings(send, now)), default=0))


def _readings(send: RecordedSend, now: Moment) -> Iterator[int]:
    yield now.wall_ms - send.at_ms
    if send.boot_id == now.boot_id:
        yield now.boottime_ms - send.boottime_ms
    if send.server_ms is not None and now.server_ms is not None:
        yield now.server_ms - send.server_ms
