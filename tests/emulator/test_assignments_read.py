"""`GET /assignments/{id}`: by a rule, or as registered; kept over restarts and for older ledgers."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reconcile.emulator.ledger import Ledger
from tests.emulator.client import Toloka

MTURK_TABLES = ["mturk_bonuses", "mturk_tokens", "mturk_assignments", "mturk_late"]


@pytest.mark.parametrize(
    ("assignment", "owner", "status"),
    [("a1@w1", "w1", "ACCEPTED"), ("rejected-a@b@w1", "w1", "REJECTED"), ("expired-@w1", "w1", "EXPIRED")],
)
def test_an_assignment_is_whose_its_id_names(toloka: Toloka, assignment: str, owner: str, status: str) -> None:
    assert toloka.get(f"/assignments/{assignment}").json() == {
        "id": assignment,
        "pool_id": "1",
        "user_id": owner,
        "status": status,
    }


@pytest.mark.parametrize("assignment", ["missing-1@w1", "a1", "a1@"])
def test_an_assignment_that_names_nobody_does_not_exist(toloka: Toloka, assignment: str) -> None:
    answer = toloka.get(f"/assignments/{assignment}")
    assert (answer.status_code, answer.json()["code"]) == (404, "DOES_NOT_EXIST")


def test_a_registered_assignment_is_kept_as_registered(toloka: Toloka) -> None:
    rows = {"id": "a1", "user_id": "w1"}, {"id": "a2@w1", "user_id": "w2", "status": "SUBMITTED"}
    toloka.emulator.assignments(*rows, account=toloka.account)
    found = [toloka.get(f"/assignments/{one}").json() for one in ("a1", "a2@w1")]
    assert [(one["user_id"], one["status"]) for one in found] == [("w1", "ACCEPTED"), ("w2", "SUBMITTED")]


@pytest.mark.parametrize("rows", ["a1", [{"id": "a1"}], [{"id": "a1", "user_id": "w1", "status": "PAID"}], ["a1"]])
def test_what_is_no_assignment_is_refused(toloka: Toloka, rows: object) -> None:
    answer = toloka.http.post(f"{toloka.emulator.endpoint}/emulator/assignments", json={"assignments": rows})
    assert answer.status_code == 400


@pytest.mark.parametrize(("version", "came_later"), [(1, ["assignments", *MTURK_TABLES]), (2, MTURK_TABLES)])
def test_a_ledger_of_an_earlier_version_learns_what_came_later(
    tmp_path: Path, version: int, came_later: list[str]
) -> None:
    path = tmp_path / "old.db"
    Ledger(path, first_id=1).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        for table in came_later:
            old.execute(f"DROP TABLE {table}")
        old.execute(f"PRAGMA user_version = {version}")
    with closing(Ledger(path, first_id=1)) as ledger:
        for table in came_later:
            assert ledger.connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_a_ledger_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    Ledger(path, first_id=1).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as new:
        new.execute("PRAGMA user_version = 4")
    with pytest.raises(sqlite3.DatabaseError, match="the ledger has format 4, this emulator knows 3"):
        Ledger(path, first_id=1)
