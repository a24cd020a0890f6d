"""What the state knows is told from a page's columns as it is told from its payments one by one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.identity import payment_id
from reconcile.model import Identity, PaymentStatus, marker
from reconcile.money import format_amount
from reconcile.protocol.comparing import Listed
from reconcile.protocol.gateway import Gateway
from reconcile.protocol.knowing import Knowing
from reconcile.protocol.scan import _Reader
from reconcile.providers.base import RemotePayment
from reconcile.providers.columns import ColumnPayments, Columns
from reconcile.state.events import Event
from reconcile.state.ledger import IssuedRow, KnownPayment, Ledger, LedgerRecord
from tests.support.world import World, bonus

BONUS = Identity("", "c", "w1", "a1", "")
PAID = payment_id(BONUS.bonus_id, 1)
HELD = {
    PAID: ("7", "1.00", KnownPayment(BONUS.bonus_id, 1, PaymentStatus.ISSUED, "7", "")),
}


class Memory:
    """A ledger of what it was given; it keeps what is committed, and learns nothing from it."""

    def __init__(self, held: dict[bytes, tuple[str, str, KnownPayment]]) -> None:
        self.held = held
        self.committed: list[Event] = []

    def known_payments(self, ledger: int, payment_ids: Sequence[bytes]) -> dict[bytes, KnownPayment]:
        return {one: self.held[one][2] for one in payment_ids if one in self.held}

    def issued_rows(self, ledger: int, payment_ids: Sequence[bytes]) -> list[IssuedRow]:
        return [
            (one, known.bonus_id, known.sequence, remote_id, amount)
            for one, (remote_id, amount, known) in self.held.items()
            if one in payment_ids and known.status is PaymentStatus.ISSUED and remote_id
        ]

    def commit(self, events: Sequence[Event]) -> None:
        self.committed += events


class Ours:
    """As much of a gateway as a reader of pages asks for."""

    class Settings:
        name = "toloka"

    class Now:
        wall_ms = 1_000

    def __init__(self) -> None:
        self.settings = self.Settings()
        self.met: list[str] = []

    def moment(self) -> "Ours.Now":
        return self.Now()

    def meet(self, *names: str) -> None:
        self.met += names


def columns(payments: Sequence[RemotePayment]) -> ColumnPayments:
    """The same payments by column."""
    made = Columns(
        remote_ids=[one.remote_id for one in payments],
        numbers=[int(one.remote_id) for one in payments],
        recipients=[one.recipient for one in payments],
        assignment_ids=[one.assignment_id for one in payments],
        amounts=[one.amount for one in payments],
        amount_texts=[format_amount(one.amount) for one in payments],
        created_ms=[one.created_ms for one in payments],
        comments=[one.comment for one in payments],
    )
    return ColumnPayments(made, lambda place: payments[place].texts)


def listed(
    remote_id: str = "7", recipient: str = "w1", assignment_id: str = "a1", amount: str = "1.00", comment: str = ""
) -> RemotePayment:
    """What the provider shows; without a word said otherwise, the payment that the state holds."""
    comment = comment or f"good{marker('c', '', 1, PAID)}"
    return RemotePayment(remote_id, recipient, assignment_id, Decimal(amount), int(remote_id) * 10, comment, ())


@pytest.mark.parametrize(
    ("payment", "known"),
    [
        pytest.param(listed(), True, id="as it is held"),
        pytest.param(listed(remote_id="8"), False, id="another id of the provider's"),
        pytest.param(listed(recipient="w2"), False, id="another recipient"),
        pytest.param(listed(assignment_id=""), False, id="no assignment"),
        pytest.param(listed(amount="1.01"), False, id="another amount"),
        pytest.param(listed(comment=f"x{marker('d', '', 1, PAID)}"), False, id="another campaign"),
        pytest.param(listed(comment=f"x{marker('c', 'k', 1, PAID)}"), False, id="a key"),
        pytest.param(listed(comment=f"x{marker('c', '', 2, PAID)}"), False, id="another sequence"),
        pytest.param(listed(comment="thanks"), False, id="no marker"),
        pytest.param(listed(comment=f"x{marker('c', '', 1, PAID)} "), False, id="a blank behind the marker"),
        pytest.param(listed(comment=f"x{marker('c', '', 1, PAID).upper()}"), False, id="capitals in the marker"),
        pytest.param(listed(comment=marker("c", "", 1, PAID).replace("bonusctl", "b")), False, id="half a marker"),
    ],
)
def test_known_is_what_the_page_shows_as_the_state_holds_it(payment: RemotePayment, known: bool) -> None:
    told = Knowing(cast("Ledger", Memory(HELD)), 1, "").tell(columns([payment]).columns)
    assert (list(told.known), list(told.strange)) == (([0], []) if known else ([], [0]))


def test_a_payment_that_is_held_without_its_bonus_is_not_known() -> None:
    held = {PAID: ("7", "1.00", KnownPayment(None, 1, PaymentStatus.ISSUED, "7", ""))}
    told = Knowing(cast("Ledger", Memory(held)), 1, "").tell(columns([listed()]).columns)
    assert (list(told.known), list(told.strange)) == ([], [0])


def test_another_project_knows_none_of_it() -> None:
    told = Knowing(cast("Ledger", Memory(HELD)), 1, "vision").tell(columns([listed()]).columns)
    assert (list(told.known), list(told.strange)) == ([], [0])


def test_one_that_nobody_marked_between_two_that_are_known_is_the_strange_one() -> None:
    second = Identity("", "c", "prüfer", "", "k")
    third = Identity("", "d", "w3", "", "k")
    ids = [payment_id(one.bonus_id, 1) for one in (second, third)]
    held = dict(HELD)
    held[ids[0]] = ("8", "2.00", KnownPayment(second.bonus_id, 1, PaymentStatus.ISSUED, "8", ""))
    held[ids[1]] = ("12", "0.50", KnownPayment(third.bonus_id, 1, PaymentStatus.ISSUED, "12", ""))
    page = [
        listed(),
        listed("8", "prüfer", "", "2.00", f"x{marker('c', 'k', 1, ids[0])}"),
        listed("9", comment="by hand"),
        listed("12", "w3", "", "0.50", f"y{marker('d', 'k', 1, ids[1])}"),
    ]
    told = Knowing(cast("Ledger", Memory(held)), 1, "").tell(columns(page).columns)
    # A name beyond ASCII may need another form before it is hashed: it is left to the long way.
    assert (list(told.known), list(told.strange)) == ([0, 3], [1, 2])


# --- the short way and the long way ----------------------------------------------------------------------------------

NAMES = st.sampled_from(["w1", "w2", "prüfer", "pru\u0308fer"])
BONUSES = st.builds(
    Identity,
    st.just(""),
    st.sampled_from(["c", "d", "ü"]),
    NAMES,
    st.sampled_from(["", "a1", "a2"]),
    st.sampled_from(["", "k"]),
)
AMOUNTS = st.sampled_from(["1.00", "1.005", "2.00"])


@st.composite
def held_and_listed(draw: st.DrawFn) -> tuple[dict[bytes, tuple[str, str, KnownPayment]], list[list[RemotePayment]]]:
    """A state, and pages that show it, most of them as it is."""
    held: dict[bytes, tuple[str, str, KnownPayment]] = {}
    shown: list[RemotePayment] = []
    for number, one in enumerate(draw(st.lists(BONUSES, min_size=1, max_size=6)), start=7):
        sequence = draw(st.sampled_from([1, 1, 1, 2]))
        made = payment_id(one.bonus_id, sequence)
        amount, remote_id = draw(AMOUNTS), str(number)
        if draw(st.integers(0, 5)):
            status = draw(st.sampled_from([PaymentStatus.ISSUED] * 5 + [PaymentStatus.PREPARED]))
            kept = draw(st.sampled_from([remote_id] * 5 + ["", "3"])) if status is PaymentStatus.ISSUED else ""
            whose = one.bonus_id if draw(st.integers(0, 5)) else None
            code = draw(st.sampled_from(["", "", "imported"]))
            held[made] = (kept, amount, KnownPayment(whose, sequence, status, kept, code))
        changed = draw(st.sampled_from(["", "", "", "recipient", "assignment", "amount", "comment", "marker"]))
        comment = draw(st.sampled_from(["", "good", "[x]"])) + marker(one.campaign, one.key, sequence, made)
        shown.append(
            RemotePayment(
                remote_id=remote_id,
                recipient=draw(NAMES) if changed == "recipient" else one.recipient,
                assignment_id=draw(st.sampled_from(["", "a9"])) if changed == "assignment" else one.assignment_id,
                amount=Decimal(draw(AMOUNTS) if changed == "amount" else amount),
                created_ms=draw(st.integers(1, 5)),
                comment={"comment": "by hand", "marker": comment.replace("/1]", "/2]")}.get(changed, comment),
                texts=(),
            )
        )
    cut = draw(st.integers(0, len(shown)))
    return held, [shown[:cut], shown[cut:]]


def read(
    held: dict[bytes, tuple[str, str, KnownPayment]], pages: Sequence[Sequence[RemotePayment]]
) -> tuple[object, ...]:
    """Everything that a scan of these pages says, does and remembers."""
    ledger, gateway, seen = Memory(held), Ours(), Listed()
    record = LedgerRecord(1, cast("Any", None), "r", "USD", 0, "", 0, None, None, None, "", True)
    reader = _Reader(cast("Ledger", ledger), cast("Gateway", gateway), record, "", seen, lambda _: None)
    for page in pages:
        reader.take(page)
    amounts = [seen.amount(str(number)) for number in range(15)]
    ours = reader.newest, reader.newest_ours_ms, reader.count, reader.adopted, reader.alarms
    return *ours, ledger.committed, gateway.met, amounts


@given(held_and_listed())
def test_the_short_way_and_the_long_way_say_the_same_of_any_page(
    drawn: tuple[dict[bytes, tuple[str, str, KnownPayment]], list[list[RemotePayment]]],
) -> None:
    held, pages = drawn
    assert read(held, [columns(page) for page in pages]) == read(held, pages)


# --- with the real state ---------------------------------------------------------------------------------------------


@contextmanager
def paid_world(folder: Path, count: int) -> Iterator[World]:
    """So many bonuses, all paid, two hours ago."""
    world = World(folder, desired=[bonus(f"w{number}", "1.00") for number in range(count)])
    try:
        assert world.apply().exit_code == 0
        world.clock.advance(2 * 3_600_000)
        yield world
    finally:
        world.close()


@pytest.mark.parametrize("count", [1, 3])
def test_the_state_knows_every_payment_that_it_made(tmp_path: Path, count: int) -> None:
    with paid_world(tmp_path, count) as world:
        remote_ids = world.remote_ids()
        with world.looking() as ledger:
            rows = [
                (payment.payment_id, payment.bonus_id, 1, remote_ids[f"c/{payment.recipient}"], "1.00")
                for payment in ledger.all_payments(1)
            ]
            assert sorted(ledger.issued_rows(1, [row[0] for row in rows])) == sorted(rows)
            assert (ledger.count_listed(1), ledger.count_listed(2), len(rows)) == (count, 0, count)


@settings(max_examples=5)
@given(st.integers(0, 2))
def test_of_three_payments_the_one_that_vanished_is_missed(tmp_path_factory: pytest.TempPathFactory, gone: int) -> None:
    with paid_world(tmp_path_factory.mktemp("paid"), 3) as world:
        with world.remote.ledger.transaction(writes=True):
            world.remote.ledger.connection.execute("DELETE FROM bonuses WHERE user_id = ?", (f"w{gone}",))
        assert [one.address for one in world.refresh(full_scan=True).missing] == [f"c/w{gone}"]
