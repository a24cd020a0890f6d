"""Clocks may lie: each comparison errs to the side that does not send."""

from reconcile.model import SendOutcome
from reconcile.protocol.ages import FOR_EVER_MS, Moment, oldest_ms, youngest_ms
from reconcile.state.ledger import RecordedSend

HOUR = 3_600_000


def send(*, at_ms: int = 0, boot: str = "a", boottime_ms: int = 0, server_ms: int | None = None) -> RecordedSend:
    return RecordedSend(1, at_ms, boot, boottime_ms, SendOutcome.AMBIGUOUS, server_ms)


def now(*, wall_ms: int, boot: str = "a", boottime_ms: int = 0, server_ms: int | None = None) -> Moment:
    return Moment(wall_ms, boot, boottime_ms, server_ms)


def test_with_clocks_that_agree_both_ages_are_the_same() -> None:
    moment = now(wall_ms=HOUR, boottime_ms=HOUR)
    assert oldest_ms([send()], moment) == HOUR
    assert youngest_ms([send()], moment) == HOUR


def test_a_wall_clock_that_went_backwards_is_too_old_to_repeat_and_too_fresh_to_call_absent() -> None:
    moment = now(wall_ms=5, boottime_ms=HOUR)
    assert oldest_ms([send(at_ms=6)], moment) == FOR_EVER_MS
    assert youngest_ms([send(at_ms=6)], moment) == 0


def test_a_wall_clock_that_jumped_ahead_ages_the_protection_and_not_the_window() -> None:
    moment = now(wall_ms=9 * HOUR, boottime_ms=1_000)
    assert oldest_ms([send()], moment) == 9 * HOUR
    assert youngest_ms([send()], moment) == 1_000


def test_boot_times_of_different_boots_are_not_compared() -> None:
    moment = now(wall_ms=HOUR, boot="b", boottime_ms=7)
    assert oldest_ms([send(boottime_ms=5)], moment) == HOUR
    assert youngest_ms([send(boottime_ms=5)], moment) == HOUR


def test_the_providers_own_date_counts_where_both_sides_know_it() -> None:
    moment = now(wall_ms=HOUR, boottime_ms=HOUR, server_ms=2 * HOUR)
    assert oldest_ms([send(server_ms=0)], moment) == 2 * HOUR
    assert youngest_ms([send(server_ms=2 * HOUR - 1)], moment) == 1


def test_of_several_sends_the_first_ages_the_protection_and_the_last_the_window() -> None:
    sends = [send(), send(at_ms=HOUR, boottime_ms=HOUR)]
    moment = now(wall_ms=3 * HOUR, boottime_ms=3 * HOUR)
    assert oldest_ms(sends, moment) == 3 * HOUR
    assert youngest_ms(sends, moment) == 2 * HOUR
