"""MTurk's answers without HTTP: a function of a running emulator and a request, on a clock of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconcile.emulator.control import Running
from reconcile.emulator.fault import Fault
from reconcile.emulator.faults import FaultBook
from reconcile.emulator.ledger import Ledger
from reconcile.emulator.messages import Head, make_request
from reconcile.emulator.mturk.api import answer_mturk
from reconcile.emulator.mturk.store import bonuses
from reconcile.emulator.options import Options
from reconcile.emulator.orders import Delivery, Execute
from reconcile.emulator.sends import run_due
from reconcile.emulator.wirejson import dumps, loads

DAY_MS = 86_400_000
BONUS = {
    "WorkerId": "A1",
    "AssignmentId": "3X",
    "BonusAmount": "1.00",
    "Reason": "Great work!",
    "UniqueRequestToken": "t1",
}


class Still(Ledger):
    """A ledger whose clock stands until a test moves it."""

    at_ms = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.at_ms


class Sim:
    """An emulator in this process, without signatures."""

    def __init__(self, ledger: Still) -> None:
        self.ledger = ledger
        self.running = Running(ledger=ledger, options=Options(mturk_signed=False), book=FaultBook(()))

    def ask(self, operation: str, body: object) -> tuple[int, dict[str, object]]:
        """(status, members) of an answer."""
        raw = dumps(body).encode()
        head = Head("POST", "/", {"x-amz-target": f"MTurkRequesterServiceV20170117.{operation}"}, True, 0, len(raw))
        with self.ledger.transaction(writes=True):
            run_due(self.ledger, self.running.options, self.ledger.now_ms())
            answer, _ = answer_mturk(self.running, make_request(head, raw), 0)
        value = loads(answer.body)
        assert isinstance(value, dict)
        return answer.status, value

    def paid(self) -> int:
        """How many bonuses were paid."""
        return len(bonuses(self.ledger.connection))


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Sim]:
    """A fresh one."""
    ledger = Still(tmp_path / "ledger.db", first_id=1)
    yield Sim(ledger)
    ledger.close()


def test_an_unsigned_request_is_the_accounts_own_where_nobody_looks(sim: Sim) -> None:
    assert sim.ask("SendBonus", BONUS) == (200, {})
    assert [(one.account, one.token, one.granted_ms) for one in bonuses(sim.ledger.connection)] == [
        ("100000000001", "t1", 1_700_000_000_000)
    ]


@pytest.mark.parametrize(("age_ms", "status", "paid"), [(DAY_MS - 1, 400, 1), (DAY_MS, 200, 2), (DAY_MS + 1, 200, 2)])
def test_a_token_is_forgotten_at_the_end_of_its_day_to_the_millisecond(
    sim: Sim, age_ms: int, status: int, paid: int
) -> None:
    sim.ask("SendBonus", BONUS)
    sim.ledger.at_ms += age_ms
    assert sim.ask("SendBonus", BONUS)[0] == status
    assert sim.paid() == paid


def test_a_repetition_does_not_lengthen_a_tokens_day(sim: Sim) -> None:
    sim.ask("SendBonus", BONUS)
    sim.ledger.at_ms += DAY_MS - 1
    sim.ask("SendBonus", BONUS)
    sim.ledger.at_ms += 1
    assert sim.ask("SendBonus", BONUS)[0] == 200


def test_the_time_of_a_grant_is_cut_to_the_second(sim: Sim) -> None:
    sim.ledger.at_ms += 999
    sim.ask("SendBonus", BONUS)
    _, shown = sim.ask("ListBonusPayments", {"AssignmentId": "3X"})
    assert shown == {
        "NumResults": 1,
        "BonusPayments": [
            {
                "WorkerId": "A1",
                "BonusAmount": "1.00",
                "AssignmentId": "3X",
                "Reason": "Great work!",
                "GrantTime": 1_700_000_000,
            }
        ],
    }


def test_a_balance_of_parts_of_a_cent_is_shown_without_them(sim: Sim) -> None:
    with sim.ledger.transaction(writes=True):
        sim.ledger.set_balance("100000000001", Options().mturk_balance / 3)
    assert sim.ask("GetAccountBalance", {}) == (200, {"AvailableBalance": "3333.33", "OnHoldBalance": "0.00"})


def test_the_orders_of_a_late_request_say_how_it_travels_and_when_it_runs(sim: Sim) -> None:
    sim.running.book = FaultBook([Fault(name="late", delay_ms=500)])
    with sim.ledger.transaction(writes=True):
        head = Head("POST", "/", {"x-amz-target": "MTurkRequesterServiceV20170117.SendBonus"}, True, 0, 0)
        _, orders = answer_mturk(sim.running, make_request(head, dumps(BONUS).encode()), 0)
    assert (orders.delivery, orders.execute, orders.late_ms, sim.paid()) == (Delivery.CLOSE, Execute.LATER, 500, 0)
    assert sim.ledger.next_due_ms() == 1_700_000_000_500
    sim.ledger.at_ms += 499
    sim.running.book = FaultBook(())
    sim.ask("GetAccountBalance", {})
    before = sim.paid()
    sim.ledger.at_ms += 1
    sim.ask("GetAccountBalance", {})
    assert (before, sim.paid()) == (0, 1)


def test_a_late_request_runs_as_of_its_time_however_long_nobody_asks(sim: Sim) -> None:
    """Else it would find its token forgotten a day later, and pay again what was paid since."""
    sim.running.book = FaultBook([Fault(name="late", delay_ms=500, times=1)])
    with sim.ledger.transaction(writes=True):
        head = Head("POST", "/", {"x-amz-target": "MTurkRequesterServiceV20170117.SendBonus"}, True, 0, 0)
        answer_mturk(sim.running, make_request(head, dumps(BONUS).encode()), 0)
    sim.ask("SendBonus", BONUS)
    sim.ledger.at_ms += DAY_MS + 1_000
    sim.ask("GetAccountBalance", {})
    assert sim.paid() == 1


def test_a_refused_bonus_leaves_no_trace(sim: Sim) -> None:
    before = list(sim.ledger.connection.iterdump())
    sim.ask("SendBonus", {**BONUS, "AssignmentId": "MISSING"})
    sim.ask("SendBonus", {**BONUS, "BonusAmount": "10000.00"})
    assert list(sim.ledger.connection.iterdump()) == before


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=70), st.from_regex(r"[A-Z0-9]{1,9}", fullmatch=True)
)
_NAMES = ["WorkerId", "AssignmentId", "HITId", "BonusAmount", "Reason", "UniqueRequestToken", "NextToken", "MaxResults"]


@pytest.mark.parametrize("operation", ["SendBonus", "ListBonusPayments", "GetAccountBalance"])
def test_whatever_the_members_are_the_answer_is_one_of_awss(sim: Sim, operation: str) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.dictionaries(st.sampled_from(_NAMES), _VALUES))
    def holds(body: dict[str, object]) -> None:
        status, members = sim.ask(operation, body)
        assert status == 200 or (status == 400 and members["__type"])

    holds()
