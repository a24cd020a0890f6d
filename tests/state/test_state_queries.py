"""Long answers come in pages, in their order, and no question of a plan reads a whole table."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from reconcile.errors import StateCorrupt
from reconcile.model import Identity
from reconcile.state import queries, queries_payments
from reconcile.state.events import Event
from reconcile.state.ledger import StateReader
from reconcile.state.queries import Source
from reconcile.state.reader import SqliteReader
from reconcile.state.sqlite import SqliteLedger
from tests.state.histories import (
    ANN,
    adopted,
    adopted_payment,
    everything,
    executed,
    fill,
    issued,
    memory,
    pid,
    prepared,
    sent,
    settled,
)

WORKERS = [Identity("", f"week-{number % 2}", f"w{number}", "", "") for number in range(23)]
LOST = [Identity("", "lost", f"u{number}", "", "") for number in range(7)]


def filled() -> list[Event]:
    events: list[Event] = [prepared(number, bonus) for number, bonus in enumerate(WORKERS, 1)]
    for number, bonus in enumerate(WORKERS[:11], 1):
        events += [*executed(number), settled(number, issued(bonus))]
    payments = (adopted_payment(bonus, known=False, remote_id=bonus.recipient) for bonus in LOST)
    return [*events, sent(12), adopted(*payments)]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE", 3)
    monkeypatch.setattr(queries, "IDS_PAGE", 3)
    monkeypatch.setattr(queries_payments, "PAGE", 3)
    monkeypatch.setattr(queries_payments, "OPERATIONS_PAGE", 3)


@pytest.mark.usefixtures("small_pages")
def test_answers_of_many_pages_hold_every_row_once_and_in_order() -> None:
    with memory(filled()) as ledger:
        first = [bonus for bonus in WORKERS if bonus.campaign == "week-0"]
        ids = [bonus.bonus_id for bonus in ledger.bonuses(1, "week-0")]
        assert ids == sorted(bonus.bonus_id for bonus in first)
        wanted = [bonus.bonus_id for bonus in WORKERS] + [ANN.bonus_id]
        assert {bonus.bonus_id for bonus in ledger.bonuses_by_id(1, wanted)} == set(wanted[:-1])
        payments = list(ledger.all_payments(1))
        assert [payment.campaign for payment in payments] == ["week-0"] * 12 + ["week-1"] * 11 + ["lost"] * 7
        assert len({payment.payment_id for payment in payments}) == 30
        assert [payment.campaign for payment in ledger.all_payments(1, "week-1")] == ["week-1"] * 11
        assert [payment.campaign for payment in ledger.all_payments(1, "lost")] == ["lost"] * 7
        assert {payment.recipient for payment in ledger.unattributed(1)} == {f"u{number}" for number in range(7)}
        assert [operation.operation for operation in ledger.open_operations(1)] == list(range(12, 24))
        assert ledger.count_open(1) == 12


@pytest.mark.usefixtures("small_pages")
def test_operations_can_be_settled_while_the_open_ones_are_read() -> None:
    with memory(filled()) as ledger:
        seen = []
        for operation in ledger.open_operations(1):
            seen.append(operation.operation)
            events = executed(operation.operation) if not operation.sends else ()
            bonus = WORKERS[operation.operation - 1]
            ledger.commit([*events, settled(operation.operation, issued(bonus))])
        assert seen == list(range(12, 24))
        assert ledger.count_open(1) == 0


def test_several_operations_of_one_event_are_read_back_each_with_its_own_bytes() -> None:
    one, two = prepared(1, WORKERS[0]), prepared(2, WORKERS[1])
    both = type(one)(ledger=1, operations=(*one.operations, *two.operations), at_ms=one.at_ms)
    with memory(both) as ledger:
        assert [operation.target[-1] for operation in ledger.open_operations(1)] == ["1", "2"]
        ledger.commit([*executed(2), settled(2, issued(WORKERS[1]))])
        content = ledger.issued_content(pid(WORKERS[1]))
        assert content is not None
        assert content.body == two.operations[0].body


def test_what_is_unknown_is_empty_or_none() -> None:
    with memory() as ledger:
        assert list(ledger.bonuses(1, "nothing")) == []
        assert list(ledger.bonuses_by_id(1, [ANN.bonus_id])) == []
        assert ledger.payments(ANN.bonus_id) == ()
        assert ledger.payment_by_id(pid(ANN)) is None
        assert ledger.issued_content(pid(ANN)) is None
        assert list(ledger.open_operations(1)) == []


QUESTIONS: dict[str, Callable[[StateReader], object]] = {
    "head": lambda reader: reader.head(),
    "ledger": lambda reader: reader.ledger("toloka", "sandbox"),
    "bonuses": lambda reader: list(reader.bonuses(1, "week-47")),
    "bonuses by id": lambda reader: list(reader.bonuses_by_id(1, [ANN.bonus_id, WORKERS[0].bonus_id])),
    "campaigns": lambda reader: reader.campaigns(1),
    "payments": lambda reader: reader.payments(ANN.bonus_id),
    "all payments of a campaign": lambda reader: list(reader.all_payments(1, "week-47")),
    "unattributed": lambda reader: list(reader.unattributed(1)),
    "payment by id": lambda reader: reader.payment_by_id(pid(ANN)),
    "issued content": lambda reader: reader.issued_content(pid(ANN)),
    "open operations": lambda reader: list(reader.open_operations(1)),
    "count open": lambda reader: reader.count_open(1),
    "sends since": lambda reader: reader.sends_since(1, 0),
    "adopted since": lambda reader: reader.adopted_since(1, 0),
    "approved": lambda reader: reader.approved("sha256:aa"),
}
LARGE = {
    "events",
    "bonuses",
    "payments",
    "operations",
    "operation_items",
    "sends",
    "approval_entries",
    "p",
    "b",
    "o",
    "i",
}


def scans(ledger: SqliteLedger, ask: Callable[[StateReader], object]) -> list[str]:
    """The large tables that a question reads from one end to the other, and the sorts it needs."""
    asked: list[str] = []
    connection: sqlite3.Connection = ledger.source.connection
    connection.set_trace_callback(asked.append)
    ask(ledger)
    connection.set_trace_callback(None)
    steps = [step for sql in asked for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    return [
        step
        for step in steps
        if "TEMP B-TREE" in step or (step.startswith("SCAN") and step.split()[1] in LARGE and "LIMIT" not in step)
    ]


@pytest.mark.parametrize("question", [name for name in QUESTIONS if name != "head"])
def test_no_question_of_a_plan_scans_a_large_table_or_sorts_one(question: str) -> None:
    with memory(*everything()) as ledger:
        assert scans(ledger, QUESTIONS[question]) == []


def test_the_head_is_read_from_the_journals_end() -> None:
    with memory() as ledger:
        details = ledger.source.rows("EXPLAIN SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1")
        assert "Last" in [row[1] for row in details]


@pytest.mark.parametrize(
    ("statement", "ask"),
    [
        ("UPDATE bonuses SET issued = 'much'", lambda reader: list(reader.bonuses(1, "week-47"))),
        ("UPDATE campaigns SET issued = '1e5'", lambda reader: reader.campaigns(1)),
        ("UPDATE payments SET status = 'gone'", lambda reader: reader.payments(ANN.bonus_id)),
        ("UPDATE payments SET amount = ''", lambda reader: reader.payments(ANN.bonus_id)),
        ("UPDATE sends SET outcome = 'maybe'", lambda reader: list(reader.open_operations(1))),
        ("UPDATE runs SET paid = '{'", lambda reader: list(reader.runs(5))),
        ("UPDATE meta SET key = 'x' WHERE key = 'lineage'", lambda reader: reader.lineage),
        ("UPDATE operations SET position = 9", lambda reader: list(reader.open_operations(1))),
    ],
)
def test_an_altered_value_is_corrupt_and_no_accident(
    tmp_path: Path, statement: str, ask: Callable[[StateReader], object]
) -> None:
    fill(tmp_path / "state.db", *everything()[:6])
    connection = sqlite3.connect(tmp_path / "state.db")
    connection.execute(statement)
    with pytest.raises(StateCorrupt):
        ask(SqliteReader(Source(connection, "state")))
    connection.close()
