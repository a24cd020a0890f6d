"""When a list that does not show a payment proves that it was not made: only after every window, and never against
what the provider says elsewhere.
"""

from collections.abc import Sequence

from reconcile.model import SendOutcome
from reconcile.protocol.ages import Moment, youngest_ms
from reconcile.protocol.recovery import is_quiet
from reconcile.protocol.track import Track
from reconcile.state.events import Result, Settlement


def absence_counts(track: Track, *, window_ms: int, scanned: Moment) -> bool:
    """Whether a list that was read at `scanned` may prove that a payment of this operation was not made.

    The window must have passed since every send, and since the operation's end where the provider shows one. Executed
    without an end to look at proves the contrary: something was done, and it does not show.
    """
    if not is_quiet(track.sends, window_ms=window_ms, now=scanned):
        return False
    if track.ended is None:
        return not track.executed
    if track.ended.finished_ms is None or scanned.server_ms is None:
        return False
    return scanned.server_ms - track.ended.finished_ms >= window_ms


def window_left_ms(track: Track, *, window_ms: int, now: Moment) -> int:
    """How long until `absence_counts` can hold at the earliest; 0 where waiting alone does not help."""
    possible = [send for send in track.sends if send.outcome is not SendOutcome.NOT_EXECUTED]
    left_ms = window_ms - youngest_ms(possible, now)
    if track.ended is not None and track.ended.finished_ms is not None and now.server_ms is not None:
        left_ms = max(left_ms, window_ms - (now.server_ms - track.ended.finished_ms))
    return max(0, left_ms)


def accounts_for(track: Track, settlements: Sequence[Settlement]) -> bool:
    """Whether the ended operation counts no more payments as made than these settlements, and earlier ones, know of."""
    if track.ended is None or track.ended.issued is None:
        return True
    made = sum(1 for settlement in settlements if settlement.result is Result.ISSUED)
    return track.ended.issued <= made + track.issued_before
