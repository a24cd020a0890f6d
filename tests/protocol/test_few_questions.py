"""What finding out costs beside the work: questions counted, and windows of the list that lose nothing."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.protocol.listing import Listing
from reconcile.providers.base import (
    ListPayments,
    PaymentsPage,
    RemotePayment,
    Unread,
    WireRequest,
    WireResponse,
    WireResult,
)
from reconcile.providers.registry import make_codec
from tests.support.asked import settings
from tests.support.world import Fault, World, bonus

PAGE = 300


def kinds(world: World) -> Counter[str]:
    """How many requests of each kind were made: `POST user-bonuses`, `GET operations/*`."""
    names = (f"{request.method} {request.target.partition('?')[0]}" for request in world.requests)
    return Counter(re.sub(r"operations/[0-9a-f-]{36}", "operations/*", name.replace("/api/v1/", "")) for name in names)


@pytest.fixture
def verified(tmp_path: Path) -> Iterator[World]:
    """A world whose account has paid before, in batches of 100 from now on."""
    world = World(tmp_path, desired=[bonus("w0", "1.00")])
    assert world.apply().exit_code == 0
    world.settings = settings(batch_size=100)
    world.clock.advance(901_000)
    world.desired += [bonus(f"n{number}", "1.00") for number in range(2_950)]
    world.requests.clear()
    yield world
    world.close()


def test_operations_that_the_list_proves_are_not_asked_for(verified: World) -> None:
    """2,950 payments in batches of 100: 30 requests that pay, and none of them is polled."""
    assert verified.apply(slots=8).exit_code == 0
    found = kinds(verified)
    assert found["POST user-bonuses"] == 30
    assert found["GET operations/*"] + found["GET operations/*/log"] == 0


def test_finding_out_costs_less_than_the_work(verified: World) -> None:
    """Ten full pages hold 2,950 payments; windows are a little smaller, and the newest id is asked for in between: fewer
    than 25 questions beside 30 requests that pay.
    """
    verified.apply(slots=8)
    found = kinds(verified)
    assert sum(found.values()) - found["POST user-bonuses"] - found["GET requester"] < 25


def test_what_the_list_shows_before_the_answer_comes_is_not_asked_for(tmp_path: Path) -> None:
    """Answers to every third request take three seconds; the list shows those payments meanwhile."""
    world = World(tmp_path, desired=[bonus("w0", "1.00")])
    assert world.apply().exit_code == 0
    world.desired += [bonus(f"n{number}", "1.00") for number in range(60)]
    world.strike(Fault(name="latency", on="send", nth=tuple(range(2, 62, 3)), delay_ms=3_000))
    world.requests.clear()
    report = world.apply(slots=4)
    world.close()
    found = kinds(world)
    assert (report.exit_code, len(report.paid), found["POST user-bonuses"]) == (0, 60, 60)
    assert found["GET operations/*"] + found["GET operations/*/log"] + found["GET operations"] == 0


def test_what_the_list_lags_behind_with_is_proved_by_the_logs(verified: World) -> None:
    """The list stays empty for an hour: each operation's own log tells, and all is issued."""
    verified.strike(Fault(name="lag", delay_ms=3_600_000))
    report = verified.apply(slots=8)
    assert (report.exit_code, len(report.paid)) == (0, 2_950)
    assert kinds(verified)["GET operations/*/log"] == 30


# --- windows of ids --------------------------------------------------------------------------------------------------


def page_of(ids: list[int], call: ListPayments) -> PaymentsPage:
    """The provider's answer: the ids after the cursor and up to the bound, at most a page of them."""
    low, high = int(call.cursor or -1), int(call.until) if call.until else 1 << 62
    found = [one for one in ids if low < one <= high]
    shown = found[-1:] if call.newest else found[:PAGE]
    payments = tuple(
        RemotePayment(
            remote_id=str(one),
            recipient="w",
            assignment_id="",
            amount=Decimal(1),
            created_ms=0,
            comment="",
            texts=(),
        )
        for one in shown
    )
    return PaymentsPage(
        payments=payments, next_cursor=payments[-1].remote_id if len(found) > len(shown) else "", server_ms=None
    )


class Recording(Listing):
    """Keeps the ids that it was shown."""

    def __init__(self, slots: int) -> None:
        super().__init__(_Run(slots), "")  # type: ignore[arg-type]
        self.shown: list[int] = []

    def take(self, call: ListPayments, answer: PaymentsPage | Unread, tracks: object) -> object:  # type: ignore[override]
        assert isinstance(answer, PaymentsPage)
        if call.newest:
            return super().take(call, answer, {})
        self.shown += [int(payment.remote_id) for payment in answer.payments]
        return super().take(call, answer, {})


class _Run:
    """The part of a run that a listing without markers looks at."""

    project = ""

    def __init__(self, slots: int) -> None:
        self.gateway = self
        self.slots = slots
        self.settings = settings().providers[0]


def read_all(listing: Recording, ids: list[int], expected: int, order: int) -> int:
    """One reading to its end; answers come in an order of the test's. Returns how many pages were asked for."""
    listing.begin((), anew=False, expected=expected)
    flying: list[ListPayments] = []
    pages = 0
    while listing.running:
        asked = listing.calls(listing._context.gateway.slots - len(flying))
        pages += len(asked)
        flying += asked
        call = flying.pop(order % len(flying))
        listing.take(call, page_of(ids, call), {})
    return pages


@given(
    steps=st.lists(st.sampled_from([1, 2, 3, 5, 5_000]), min_size=1, max_size=40),
    slots=st.integers(1, 9),
    order=st.integers(0, 7),
    guess=st.integers(0, 20_000),
)
def test_windows_show_every_payment_once_whatever_the_ids_and_the_guess(
    steps: list[int], slots: int, order: int, guess: int
) -> None:
    """Ids with gaps of any width, in blocks of 97; a second reading shows what came meanwhile, and nothing again."""
    ids: list[int] = []
    for step in steps:
        last = ids[-1] if ids else 0
        ids += [last + step * (number + 1) for number in range(97)]
    listing = Recording(slots)
    read_all(listing, ids[: len(ids) // 2], guess, order)
    read_all(listing, ids, guess, order)
    assert sorted(listing.shown) == ids


def test_many_payments_are_read_in_little_more_than_full_pages() -> None:
    """9,000 payments fill 30 pages: 33 windows of 273, and one question for the newest id."""
    ids = list(range(1_000, 1_000 + 9_000 * 3, 3))
    listing = Recording(8)
    listing._cursor = "999"
    assert read_all(listing, ids, len(ids), 0) == 34


def test_what_comes_while_windows_are_read_is_shown_by_the_next_reading() -> None:
    """New ids appear after every page, below none that is being read: in the end each was shown once."""
    ids = list(range(1_000, 4_000))
    listing = Recording(4)
    listing._cursor = "999"
    for _ in range(3):
        listing.begin((), anew=False, expected=len(ids))
        while listing.running:
            for call in listing.calls(4):
                listing.take(call, page_of(ids, call), {})
                ids += range(ids[-1] + 1, ids[-1] + 41)
    read_all(listing, ids, 0, 0)
    assert sorted(listing.shown) == ids


def test_after_a_page_that_was_not_read_nothing_is_passed_over() -> None:
    """The second window of the first reading is lost: the next reading shows it, and the others again."""
    ids = list(range(1_000, 1_900))
    listing = Recording(4)
    listing._cursor = "999"
    listing.begin((), anew=False, expected=900)
    (newest,) = listing.calls(4)
    listing.take(newest, page_of(ids, newest), {})
    first, second, *rest = listing.calls(4)
    Listing.take(listing, second, Unread(code="lost", message=""), {})
    for call in (first, *rest):
        listing.take(call, page_of(ids, call), {})
    assert not listing.running
    read_all(listing, ids, 900, 0)
    assert set(listing.shown) == set(ids)


def test_a_window_is_asked_for_by_its_bounds_and_an_answer_beyond_them_is_unread() -> None:
    codec = make_codec(settings().providers[0])
    call = ListPayments(None, "10", until="20")
    assert codec.request(call) == WireRequest("GET", "/api/v1/user-bonuses?sort=id&id_gt=10&id_lte=20&limit=300")
    newest = ListPayments(None, "10", newest=True)
    assert codec.request(newest).target == "/api/v1/user-bonuses?sort=-id&id_gt=10&limit=1"
    body = b'{"items":[{"id":"21","user_id":"w","amount":1,"created":"2026-11-22T10:00:00"}],"has_more":false}'
    answer = codec.answer(call, WireResponse(200, {}, body))
    assert isinstance(answer, Unread)
    assert "beyond the last id" in answer.message


class _Doubling(World):
    """A provider that makes one payment twice as soon as it is made."""

    doubled = False

    def carry_out(self, request: WireRequest, carried_out: Callable[[], None]) -> tuple[WireResult, int]:
        came = super().carry_out(request, carried_out)
        connection = self.remote.ledger.connection
        made = connection.execute("SELECT count(*) FROM bonuses WHERE user_id = 'n7'").fetchone()[0]
        if made == 1 and not self.doubled:
            self.doubled = True
            connection.execute(
                "INSERT INTO bonuses SELECT (SELECT max(id) + 1 FROM bonuses), account, operation, position + 50, user_id,"
                " assignment_id, private_comment, amount, created_ms, replace(body, '\"id\":\"' || id || '\"',"
                " '\"id\":\"' || (SELECT max(id) + 1 FROM bonuses) || '\"') FROM bonuses WHERE user_id = 'n7'"
            )
        return came


def test_a_payment_that_stands_twice_before_its_answer_comes_is_an_alarm(tmp_path: Path) -> None:
    """Both are in the list while the send has not been answered: the run that sent it says so."""
    world = _Doubling(tmp_path, desired=[bonus("w0", "1.00")])
    assert world.apply().exit_code == 0
    world.desired += [bonus(f"n{number}", "1.00") for number in range(60)]
    world.strike(Fault(name="latency", on="send", nth=tuple(range(2, 62, 3)), delay_ms=3_000))
    report = world.apply(slots=4)
    world.close()
    assert len(report.alarms) == 1
    assert "stands twice at the provider" in report.alarms[0]
