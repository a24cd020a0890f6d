"""The gate, case by case: what opens it at once, what only time opens, and what keeps it closed whatever the time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

import pytest

from reconcile.model import SendOutcome
from reconcile.protocol.ages import Moment
from reconcile.protocol.gate import Closed, pass_gate
from reconcile.protocol.gateway import Gateway
from reconcile.providers.base import Answer, Call, ListOperations, OperationPhase, OperationSeen, OperationsPage, Unread
from reconcile.providers.mturk.codec import MTurkCodec
from reconcile.providers.toloka.codec import TolokaCodec
from reconcile.settings import ProviderSettings
from reconcile.state.codec import decode
from reconcile.state.events import GateClosed, GateOpened
from reconcile.state.ledger import LedgerRecord
from reconcile.state.sqlite import SqliteLedger
from tests.state.histories import ANN, finished, memory, prepared, sent

CLOSED_MS = 1_790_000_000_000
WINDOW_MS = 900_000
DAY_MS = 86_400_000
OURS, THEIRS = b"o" * 16, b"t" * 16
SINGLES = ProviderSettings(name="toloka", type="toloka", environment="sandbox")
BATCHES = ProviderSettings(name="toloka", type="toloka", environment="sandbox", batch_size=2)
SYNC = ProviderSettings(name="toloka", type="toloka", environment="sandbox", mode="sync")
EMULATED = ProviderSettings(name="toloka", type="toloka", environment="emulator", batch_size=2)


class Provider:
    """An account with its operations, shown two a page, and a clock: what the gate sees of a gateway. `late_ms`: how long
    after the gate closed it is now; `server_ms`: the provider's own clock, where it showed one. `asked`: its questions.
    """

    def __init__(
        self,
        settings: ProviderSettings,
        *operations: OperationSeen,
        late_ms: int = 0,
        server_ms: int | None = None,
        unread: Unread | None = None,
    ) -> None:
        self.settings = settings
        self.codec = (
            MTurkCodec(reason_marker=False)
            if settings.type == "mturk"
            else TolokaCodec(skip_invalid_items=True, mode=settings.mode)
        )
        self.asked: list[ListOperations] = []
        self._operations = operations
        self._moment = Moment(CLOSED_MS + late_ms, "boot", 5_000, server_ms)
        self._unread = unread

    def moment(self) -> Moment:
        return self._moment

    def ask(self, call: Call) -> Answer:
        assert isinstance(call, ListOperations)
        self.asked.append(call)
        if self._unread is not None:
            return self._unread
        first = int(call.cursor or "0")
        rest = str(first + 2) if first + 2 < len(self._operations) else ""
        return OperationsPage(operations=self._operations[first : first + 2], next_cursor=rest, server_ms=None)


def seen(total: int | None = 1, *, running: bool = False, name: bytes = THEIRS, age_ms: int = 0) -> OperationSeen:
    return OperationSeen(
        operation_id=name,
        phase=OperationPhase.RUNNING if running else OperationPhase.DONE,
        failed=False,
        submitted_ms=CLOSED_MS - age_ms,
        finished_ms=None if running else CLOSED_MS - age_ms,
        total=total,
        issued=None,
    )


@contextmanager
def closed(reason: str = "new") -> Iterator[SqliteLedger]:
    """A state whose gate is closed, and that has one operation in doubt."""
    with memory(
        GateClosed(ledger=1, reason=reason, at_ms=CLOSED_MS),
        [prepared(1, ANN)],
        [sent(1)],
        [finished(1, SendOutcome.AMBIGUOUS)],
    ) as ledger:
        yield ledger


def own(ledger: SqliteLedger) -> bytes:
    return next(iter(ledger.open_operations(1))).operation_id


def passed(
    ledger: SqliteLedger, provider: Provider, *, anchored: bool = False, record: LedgerRecord | None = None
) -> Closed | None:
    return pass_gate(ledger, cast(Gateway, provider), record or ledger.ledgers()[0], anchored=anchored)


def opened(ledger: SqliteLedger) -> list[tuple[str, int]]:
    """Why the gate was opened, and how long after it closed."""
    rows = ledger.source.rows("SELECT kind, body, sequence FROM events ORDER BY sequence")
    events = [decode(kind, body, sequence=sequence) for kind, body, sequence in rows]
    return [(event.reason, event.at_ms - CLOSED_MS) for event in events if isinstance(event, GateOpened)]


# --- at once -----------------------------------------------------------------------------------------------------


def test_singles_open_a_gate_where_all_of_the_last_day_are_singles() -> None:
    provider = Provider(SINGLES, seen(), seen(), seen(), late_ms=7)
    with closed() as ledger:
        assert passed(ledger, provider) is None
        assert opened(ledger) == [("singles", 7)]
        assert ledger.ledgers()[0].gate == ""


def test_the_last_day_is_read_whole_page_by_page() -> None:
    provider = Provider(SINGLES, seen(), seen(), seen(), seen(total=2))
    with closed() as ledger:
        assert passed(ledger, provider) is not None
    assert provider.asked == [
        ListOperations(CLOSED_MS - 7 * DAY_MS, ""),
        ListOperations(CLOSED_MS - 7 * DAY_MS, "2"),
    ]


@pytest.mark.parametrize(("server_ms", "earlier_ms"), [(-3_000, -3_000), (3_000, 0), (8 * DAY_MS, 0)])
def test_the_last_days_are_those_of_the_clock_that_looks_further_back(server_ms: int, earlier_ms: int) -> None:
    """One answer that is dated days ahead hides no operation."""
    provider = Provider(SINGLES, server_ms=CLOSED_MS + server_ms)
    with closed() as ledger:
        passed(ledger, provider)
    assert provider.asked == [ListOperations(CLOSED_MS + earlier_ms - 7 * DAY_MS, "")]


def test_a_batch_that_ended_more_than_a_day_ago_keeps_no_singles_back() -> None:
    with closed() as ledger:
        assert passed(ledger, Provider(SINGLES, seen(2, age_ms=DAY_MS), seen())) is not None
    with closed() as ledger:
        assert passed(ledger, Provider(SINGLES, seen(2, age_ms=DAY_MS + 1), seen())) is None


def test_an_operation_that_ended_without_a_time_is_one_that_has_just_ended_for_a_day() -> None:
    for age_ms, waits in ((DAY_MS, True), (DAY_MS + 1, False)):
        with closed() as ledger:
            ended = replace(seen(2, age_ms=age_ms - WINDOW_MS), finished_ms=None)
            found = passed(ledger, Provider(BATCHES, ended, late_ms=WINDOW_MS))
            assert (found is not None) is waits


@pytest.mark.parametrize("settings", [SINGLES, BATCHES], ids=["singles", "batches"])
def test_an_operation_that_runs_for_days_keeps_the_gate_closed(settings: ProviderSettings) -> None:
    with closed() as ledger:
        old = seen(2, running=True, age_ms=6 * DAY_MS)
        assert passed(ledger, Provider(settings, old, late_ms=2 * DAY_MS)) == Closed(
            "toloka: 1 operations at the provider are open that this state does not know: "
            "nothing new is sent until they have ended",
            None,
        )


def test_an_open_operation_of_our_own_without_counts_is_one_of_the_singles() -> None:
    with closed() as ledger:
        assert passed(ledger, Provider(SINGLES, seen(None, running=True, name=own(ledger)))) is None


@pytest.mark.parametrize(
    "operation",
    [seen(2), seen(None), seen(0), seen(1, running=True), seen(None, running=True)],
    ids=["a batch", "ended without counts", "ended with none", "a foreign one", "a foreign one without counts"],
)
def test_one_operation_that_may_be_no_single_of_ours_keeps_the_gate_closed(operation: OperationSeen) -> None:
    for shown in ([operation, seen()], [seen(), operation], [seen(), seen(), operation]):
        with closed() as ledger:
            found = passed(ledger, Provider(SINGLES, *shown))
            assert found is not None
            assert found.wait_s == 900
            assert opened(ledger) == []


def test_an_operation_of_our_own_that_holds_more_than_one_payment_is_no_single() -> None:
    with closed() as ledger:
        assert passed(ledger, Provider(SINGLES, seen(2, running=True, name=own(ledger)))) is not None


@pytest.mark.parametrize("settings", [BATCHES, SYNC], ids=["batches", "sync"])
def test_only_asynchronous_singles_open_a_gate_at_once(settings: ProviderSettings) -> None:
    with closed() as ledger:
        assert passed(ledger, Provider(settings, seen())) == Closed(
            "toloka: this state is new, and requests of another life may still be in flight: "
            "nothing new is sent for another 15 min",
            900,
        )


def test_a_gate_of_the_emulator_opens_without_a_question() -> None:
    provider = Provider(EMULATED, seen(2, running=True), late_ms=9)
    with closed() as ledger:
        assert passed(ledger, provider) is None
        assert opened(ledger) == [("emulator", 9)]
    assert provider.asked == []


def test_a_gate_of_mturk_opens_without_a_question() -> None:
    provider = Provider(ProviderSettings(name="mturk", type="mturk", environment="sandbox", mode="token"), late_ms=4)
    with closed() as ledger:
        assert passed(ledger, provider) is None
        assert opened(ledger) == [("singles", 4)]
        assert passed(ledger, provider) is None
        assert opened(ledger) == [("singles", 4)], "an open gate is not opened again"


# --- a kept head -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["imported", "restored"])
def test_a_kept_head_opens_the_gate_of_a_state_that_was_carried(reason: str) -> None:
    provider = Provider(SINGLES, seen(2, running=True), late_ms=3)
    with closed(reason) as ledger:
        assert passed(ledger, provider, anchored=True) is None
        assert opened(ledger) == [("anchor", 3)]
    assert provider.asked == []


@pytest.mark.parametrize("reason", ["new", "unlocked", "behind", "doubted"])
def test_a_kept_head_proves_nothing_about_other_gates(reason: str) -> None:
    with closed(reason) as ledger:
        assert passed(ledger, Provider(BATCHES), anchored=True) is not None
        assert opened(ledger) == []


def test_without_a_kept_head_the_gate_of_a_state_that_was_carried_waits() -> None:
    with closed("imported") as ledger:
        assert passed(ledger, Provider(BATCHES)) is not None


def test_behind_a_kept_head_batches_wait_for_operations_that_the_state_does_not_know() -> None:
    with closed("restored") as ledger:
        found = passed(ledger, Provider(BATCHES, seen(1, running=True)), anchored=True)
    assert found == Closed(
        "toloka: 1 operations at the provider are open that this state does not know: "
        "nothing new is sent until they have ended",
        None,
    )


# --- an open gate ------------------------------------------------------------------------------------------------


def test_an_open_gate_lets_singles_pass_without_a_question() -> None:
    provider = Provider(SINGLES, seen(2, running=True))
    with memory() as ledger:
        assert passed(ledger, provider) is None
        assert opened(ledger) == []
    assert provider.asked == []


@pytest.mark.parametrize("settings", [BATCHES, SYNC], ids=["batches", "sync"])
def test_behind_an_open_gate_others_wait_for_operations_that_the_state_does_not_know(
    settings: ProviderSettings,
) -> None:
    with memory(GateOpened(ledger=1, reason="settled", at_ms=CLOSED_MS)) as ledger:
        found = passed(ledger, Provider(settings, seen(2, running=True), seen(2), seen(1, running=True)))
        assert found is not None
        assert found.text.startswith("toloka: 2 operations at the provider are open that this state does not know")
        assert passed(ledger, Provider(settings, seen(2))) is None
        assert opened(ledger) == [("settled", 0)]


def test_behind_an_open_gate_the_emulator_is_not_asked() -> None:
    provider = Provider(EMULATED, seen(2, running=True))
    with memory() as ledger:
        assert passed(ledger, provider) is None
    assert provider.asked == []


# --- time --------------------------------------------------------------------------------------------------------

WAITS = [
    # (our clock since the gate closed, the provider's, its first scan since, the newest of ours) and the seconds left.
    (899_000, None, None, None, 1),
    (899_001, None, None, None, 1),
    (898_999, None, None, None, 2),
    (-5_000, None, None, None, 900),
    (900_000, 900_000, 100_000, None, 100),
    (900_000, 900_000, None, 300_000, 300),
    (900_000, None, None, 300_000, 300),
    (900_000, 900_000, 200_000, 300_000, 300),
    (900_000, 900_000, 400_000, 300_000, 400),
    (600_000, 900_000, 100_000, 100_000, 300),
    (900_000, 200_000, 400_000, None, 900),
]


@pytest.mark.parametrize(("late_ms", "server_ms", "scan_ms", "newest_ms", "left_s"), WAITS)
def test_a_gate_waits_by_every_clock(
    late_ms: int, server_ms: int | None, scan_ms: int | None, newest_ms: int | None, left_s: int
) -> None:
    with closed() as ledger:
        record = ledger.ledgers()[0]._replace(gate_server_ms=at(scan_ms), newest_ours_ms=at(newest_ms))
        found = passed(ledger, Provider(BATCHES, late_ms=late_ms, server_ms=at(server_ms)), record=record)
        assert found is not None
        assert found.wait_s == left_s
        assert opened(ledger) == []


def at(since_ms: int | None) -> int | None:
    return None if since_ms is None else CLOSED_MS + since_ms


def test_after_the_window_by_every_clock_the_gate_opens() -> None:
    with closed() as ledger:
        record = ledger.ledgers()[0]._replace(gate_server_ms=CLOSED_MS, newest_ours_ms=CLOSED_MS - 50)
        provider = Provider(BATCHES, seen(2), late_ms=900_000, server_ms=CLOSED_MS + 900_000)
        assert passed(ledger, provider, record=record) is None
        assert opened(ledger) == [("settled", 900_000)]


def test_no_window_bounds_a_foreign_operation_that_still_runs() -> None:
    with closed() as ledger:
        assert passed(ledger, Provider(BATCHES, seen(1, running=True), late_ms=9_000_000)) == Closed(
            "toloka: 1 operations at the provider are open that this state does not know: "
            "nothing new is sent until they have ended",
            None,
        )
        assert opened(ledger) == []


def test_operations_that_could_not_be_read_keep_the_gate_closed() -> None:
    unread = Unread(code="INTERNAL", message="")
    with closed() as ledger:
        assert passed(ledger, Provider(SINGLES, late_ms=9_000_000, unread=unread)) == Closed(
            "toloka: the list of operations could not be read: INTERNAL", None
        )
        assert passed(
            ledger, Provider(SINGLES, late_ms=9_000_000, unread=Unread(code="X", message="no answer"))
        ) == Closed("toloka: the list of operations could not be read: no answer", None)
        found = passed(ledger, Provider(SINGLES, unread=unread))
        assert found is not None
        assert found.wait_s == 900


REASONS = {
    "new": "new",
    "imported": "imported",
    "doubted": "pulled while the mark of another run stood on its branch",
    "restored": "restored from a backup",
    "unlocked": "unlocked by hand",
    "behind": "older than what the provider shows",
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_closed_gate_says_what_became_of_its_state(reason: str) -> None:
    with closed(reason) as ledger:
        found = passed(ledger, Provider(BATCHES, late_ms=890_000))
    assert found == Closed(
        f"toloka: this state is {REASONS[reason]}, and requests of another life may still be in flight: "
        "nothing new is sent for another 10 s",
        10,
    )
