"""When a closed gate was first looked at by the provider's clock: the first complete scan since it closed."""

import pytest

from reconcile.state.events import GateClosed, GateOpened, ScanCompleted
from tests.state.histories import memory


def scanned(started_ms: int) -> ScanCompleted:
    return ScanCompleted(
        ledger=1,
        started_ms=started_ms,
        since_ms=None,
        newest_remote_id="",
        newest_ours_ms=None,
        payments=0,
        at_ms=started_ms + 5,
    )


CLOSED = GateClosed(ledger=1, reason="behind", at_ms=50)


def test_the_first_scan_after_a_gate_closed_gives_its_moment() -> None:
    with memory(CLOSED, scanned(1_000), scanned(2_000)) as ledger:
        assert ledger.ledgers()[0].gate_server_ms == 1_000


def test_a_gate_that_closes_again_is_looked_at_anew() -> None:
    with memory(CLOSED, scanned(1_000), CLOSED) as ledger:
        assert ledger.ledgers()[0].gate_server_ms is None


@pytest.mark.parametrize("reason", ["settled", "anchor", "emulator"])
def test_a_gate_that_proof_opened_has_no_such_moment(reason: str) -> None:
    with memory(CLOSED, scanned(1_000), GateOpened(ledger=1, reason=reason, at_ms=60), scanned(2_000)) as ledger:
        record = ledger.ledgers()[0]
        assert (record.gate, record.gate_ms, record.gate_server_ms) == ("", 0, None)


def test_a_gate_that_singles_opened_keeps_its_moment() -> None:
    """The window since then has not passed: bonuses with a former name wait for it."""
    with memory(CLOSED, scanned(1_000), GateOpened(ledger=1, reason="singles", at_ms=60), scanned(2_000)) as ledger:
        record = ledger.ledgers()[0]
        assert (record.gate, record.gate_ms, record.gate_server_ms, record.watermark_ms) == ("", 50, 1_000, 2_000)


def test_a_scan_without_the_providers_clock_gives_no_moment() -> None:
    """It keeps the watermark that was there before, which says nothing of now; the next one that knows the time counts."""
    with memory(scanned(500), CLOSED, scanned(500), scanned(900)) as ledger:
        assert ledger.ledgers()[0].gate_server_ms == 900
