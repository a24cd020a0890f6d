"""Time grows with the rows and not faster: by processor time, with twice the slack."""

import time

import pytest

from reconcile.diagnostics import Diagnostics
from reconcile.model import Block
from reconcile.spec.document import read_blocks
from reconcile.spec.files import spec_files
from tests.spec.conftest import HEAD, Project

FEW, MANY = 10_000, 40_000


def seconds(project: Project, name: str, data: str, count: int) -> float:
    """The least of three readings."""
    project.write(f"data/{name}", data)
    project.write("w.yaml", f"{HEAD}bonuses:\n  - from: data/{name}\n    fields: {{assignment_id: answer}}\n")
    took = []
    for _ in range(3):
        begun = time.process_time()
        found = read_blocks(project.settings(), spec_files(project.settings(), cwd=project.root), Diagnostics())
        assert sum(len(one.bonus_ids) if isinstance(one, Block) else 1 for one in found) == count
        took.append(time.process_time() - begun)
    return min(took)


def csv_of(count: int) -> str:
    rows = "".join(
        f"worker-{number},answer-{number},{number % 50 + 1}.50,Great work {number}!\n" for number in range(count)
    )
    return f"user_id,answer,amount,private_comment\n{rows}"


def json_of(count: int) -> str:
    return "".join(
        f'{{"user_id": "worker-{number}", "answer": "answer-{number}", "amount": {number % 50 + 1}.50}}\n'
        for number in range(count)
    )


@pytest.mark.parametrize(("name", "make"), [("a.csv", csv_of), ("a.jsonl", json_of)])
def test_four_times_the_rows_take_four_times_as_long(project: Project, name: str, make: object) -> None:
    assert callable(make)
    assert seconds(project, name, make(MANY), MANY) <= 2 * MANY / FEW * seconds(project, name, make(FEW), FEW)
