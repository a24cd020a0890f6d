"""What waits behind an open gate, case by case: bonuses with a former name, and a run that would go on without a scan."""

from typing import cast

import pytest

from reconcile.errors import Refused
from reconcile.protocol.gate import Closed, check_unscanned, names_wait, pass_names
from reconcile.protocol.gateway import Gateway
from reconcile.settings import ProviderSettings
from reconcile.state.events import GateClosed, GateOpened
from reconcile.state.sqlite import SqliteLedger
from tests.protocol.test_gate_cases import BATCHES, CLOSED_MS, SINGLES, SYNC, Provider, closed, opened, seen
from tests.state.histories import memory

HOUR_MS = 3_600_000
YOUNG = (
    "toloka: this state is so young that what was paid before it may not show yet: bonuses with `formerly` are paid in {} "
    "at the earliest (`--wait {}` waits for it)"
)


def waiting(ledger: SqliteLedger, *, first: int | None, newest: int | None, now: int | None) -> Closed | None:
    """Provider's times, since the gate closed: of the first scan since then, of the newest one, and now. By our own clock
    the window is over where the provider has one.
    """
    record = ledger.ledgers()[0]._replace(gate_server_ms=at(first), watermark_ms=at(newest))
    return names_wait(
        cast(Gateway, Provider(SINGLES, late_ms=0 if newest is None else 900_000, server_ms=at(now))), record
    )


def at(since_ms: int | None) -> int | None:
    return None if since_ms is None else CLOSED_MS + since_ms


@pytest.mark.parametrize(
    ("first", "newest", "now", "left"),
    [
        (0, 0, 0, (900, "15 min")),
        (0, 899_999, 899_999, (1, "1 s")),
        (0, 0, 900_000, (1, "1 s")),
        (0, 0, 2_000_000, (1, "1 s")),
        (0, 0, 100_001, (800, "14 min")),
        (100_000, 100_000, 90_000, (900, "15 min")),
        (None, None, 5_000, (900, "15 min")),
        (None, 999_000, 999_000, (900, "15 min")),
        (0, None, 900_000, (900, "15 min")),
        (0, 10, None, (900, "15 min")),
        (50_000, 949_999, 949_999, (1, "1 s")),
    ],
)
def test_a_former_name_waits_until_two_scans_are_a_window_apart(
    first: int | None, newest: int | None, now: int | None, left: tuple[int, str]
) -> None:
    with closed() as ledger:
        found = waiting(ledger, first=first, newest=newest, now=now)
        assert found == Closed(YOUNG.format(left[1], left[0]), left[0])


@pytest.mark.parametrize(
    ("late_ms", "left"), [(899_999, (1, "1 s")), (10_000, (890, "15 min")), (-50_000, (900, "15 min"))]
)
def test_one_answer_with_a_date_an_hour_ahead_ends_no_wait(late_ms: int, left: tuple[int, str]) -> None:
    """By our own clock the window is not over."""
    with closed() as ledger:
        record = ledger.ledgers()[0]._replace(gate_server_ms=CLOSED_MS, watermark_ms=CLOSED_MS + HOUR_MS)
        provider = Provider(SINGLES, late_ms=late_ms, server_ms=CLOSED_MS + HOUR_MS)
        assert names_wait(cast(Gateway, provider), record) == Closed(YOUNG.format(left[1], left[0]), left[0])


def test_two_scans_a_window_apart_end_the_wait_of_former_names() -> None:
    with closed() as ledger:
        assert waiting(ledger, first=0, newest=900_000, now=900_000) is None
        assert waiting(ledger, first=50_000, newest=950_000, now=None) is None


# --- passing -----------------------------------------------------------------------------------------------------


def behind_singles() -> list[GateClosed | GateOpened]:
    return [
        GateClosed(ledger=1, reason="new", at_ms=CLOSED_MS),
        GateOpened(ledger=1, reason="singles", at_ms=CLOSED_MS),
    ]


def passed(ledger: SqliteLedger, provider: Provider, *, apart_s: int = 0) -> Closed | None:
    """`apart_s`: how far the first scan since the gate closed and the newest are apart."""
    record = ledger.ledgers()[0]
    if apart_s:
        record = record._replace(gate_server_ms=CLOSED_MS, watermark_ms=CLOSED_MS + apart_s * 1000)
    return pass_names(ledger, cast(Gateway, provider), record)


def test_former_names_pass_after_the_window_and_that_is_recorded() -> None:
    provider = Provider(SINGLES, seen(), late_ms=900_006)
    with memory(behind_singles()) as ledger:
        assert passed(ledger, provider, apart_s=900) is None
        assert opened(ledger) == [("singles", 0), ("settled", 900_006)]
        assert ledger.ledgers()[0].gate_ms == 0
        assert passed(ledger, provider) is None
        assert len(opened(ledger)) == 2, "what passed is not recorded again"
    assert len(provider.asked) == 1


def test_former_names_wait_for_the_window_without_a_question() -> None:
    provider = Provider(SINGLES, seen(1, running=True))
    with memory(behind_singles()) as ledger:
        assert passed(ledger, provider) == Closed(YOUNG.format("15 min", 900), 900)
        assert opened(ledger) == [("singles", 0)]
    assert provider.asked == []


def test_former_names_wait_for_operations_that_this_state_does_not_know() -> None:
    with memory(behind_singles()) as ledger:
        found = passed(ledger, Provider(SINGLES, seen(1, running=True), late_ms=900_000), apart_s=900)
        assert found == Closed(
            "toloka: 1 operations at the provider are open that this state does not know: "
            "nothing new is sent until they have ended",
            None,
        )
        assert opened(ledger) == [("singles", 0)]


# --- without a scan ----------------------------------------------------------------------------------------------


def unscanned(settings: ProviderSettings, ledger: SqliteLedger, *, age_ms: int | None = 0, gate: str = "") -> None:
    scanned_ms = None if age_ms is None else CLOSED_MS - age_ms
    record = ledger.ledgers()[0]._replace(scanned_ms=scanned_ms, gate=gate)
    check_unscanned(ledger, settings, record, CLOSED_MS)


def refused(settings: ProviderSettings, ledger: SqliteLedger, *, age_ms: int | None = 0, gate: str = "") -> str:
    """Why the run may not go on."""
    with pytest.raises(Refused) as caught:
        unscanned(settings, ledger, age_ms=age_ms, gate=gate)
    error = caught.value
    assert (error.reason, error.detail) == ("refresh_needed", "Nothing was sent.")
    assert error.remedy == "Leave --no-refresh away:\n  bonusctl apply"
    assert error.summary.startswith("toloka: --no-refresh is not safe now: ")
    return error.summary.removeprefix("toloka: --no-refresh is not safe now: ")


def test_singles_with_nothing_open_go_on_within_an_hour_of_a_scan() -> None:
    with memory() as ledger:
        unscanned(SINGLES, ledger)
        unscanned(SINGLES, ledger, age_ms=HOUR_MS - 1)


@pytest.mark.parametrize("age_ms", [HOUR_MS, HOUR_MS + 1, -1, None], ids=["an hour", "more", "from ahead", "never"])
def test_an_hour_after_the_last_scan_a_run_does_not_go_on_without_one(age_ms: int | None) -> None:
    with memory() as ledger:
        assert refused(SINGLES, ledger, age_ms=age_ms) == "the last complete scan is an hour old or more"


@pytest.mark.parametrize("settings", [BATCHES, SYNC], ids=["batches", "sync"])
def test_only_asynchronous_singles_go_on_without_a_scan(settings: ProviderSettings) -> None:
    with memory() as ledger:
        assert refused(settings, ledger) == "payments are not asynchronous singles"


def test_nothing_goes_on_without_a_scan_while_an_outcome_is_open() -> None:
    with closed() as ledger:
        assert refused(SINGLES, ledger) == "an outcome is open"


def test_nothing_goes_on_without_a_scan_behind_a_closed_gate() -> None:
    with memory() as ledger:
        assert refused(SINGLES, ledger, gate="new") == "the gate is closed"
