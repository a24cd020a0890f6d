"""Which attempt a plan shows: that of the operation which the payment is in, of its own kind."""

import json
from pathlib import Path

import pytest

from reconcile import identity
from reconcile.plan.document import chunks
from reconcile.plan.model import Attempts, Plan
from reconcile.plan.saved import read_saved, write_saved
from tests.plan.plan_world import ACCOUNT, Records, bonus, plan, recorded, settings
from tests.plan.test_saved import forge, row

NAMES = ("ann", "ben", "cat")


def burnt_in_a_batch() -> Records:
    """Three payments that one batch used up an id of: no single payment ever did."""
    rows = [recorded(f"w47/{name}", attempt=2, rejected=True) for name in NAMES]
    state = Records(*rows)
    state.alone = {row.bonus_id: 1 for row in rows}
    return state


def planned(batch_size: int) -> Plan:
    wanted = [bonus(f"w47/{name}", "1.00") for name in NAMES]
    return plan(*wanted, state=burnt_in_a_batch(), config=settings(batch_size=batch_size))


def attempts(made: Plan) -> list[int]:
    """As the document has them."""
    return [change["attempt"] for change in json.loads("".join(chunks(made)))["changes"]]


@pytest.mark.parametrize(("batch_size", "found"), [(1, [1, 1, 1]), (2, [2, 2, 1]), (3, [2, 2, 2])])
def test_a_payment_alone_does_not_count_what_a_batch_used_up(batch_size: int, found: list[int]) -> None:
    """With two an operation the third payment is left over, and goes alone."""
    assert attempts(planned(batch_size)) == found


def test_the_attempts_shown_are_those_in_the_ids() -> None:
    made = planned(2)
    first, second, third = made.changes
    assert first.payment_id and second.payment_id and third.payment_id  # noqa: PT018 (narrows the types)
    account = f"toloka/sandbox/{ACCOUNT}"
    pair = identity.operation_id(account, [(first.payment_id, 2), (second.payment_id, 2)])
    single = identity.operation_id(account, [(third.payment_id, 1)])
    assert [change.operation_id for change in made.changes] == [pair, pair, single]
    assert [operation.operation_id for operation in made.operations] == [pair, single]


def test_the_first_payment_of_an_account_goes_alone_and_counts_so() -> None:
    state = burnt_in_a_batch()
    state.known = (state.known[0]._replace(verified_first=False),)
    wanted = [bonus(f"w47/{name}", "1.00") for name in NAMES]
    assert attempts(plan(*wanted, state=state, config=settings(batch_size=2))) == [1, 2, 2]


def test_a_saved_plan_keeps_both_counts(tmp_path: Path) -> None:
    made = planned(2)
    write_saved(made, tmp_path / "plan.json", created_ms=0, version="0.1.0")
    found = read_saved(tmp_path / "plan.json").plan
    assert found == made
    assert {change.attempts for change in found.changes} == {Attempts(alone=1, together=2)}


def test_the_digest_is_the_same_however_payments_are_grouped() -> None:
    assert planned(1).digest == planned(2).digest


def test_a_saved_plan_that_names_one_count_alone_is_read(tmp_path: Path) -> None:
    """An older bonusctl wrote it; nothing is sent by the counts of a saved plan."""
    path = tmp_path / "plan.json"
    write_saved(planned(2), path, created_ms=0, version="0.1.0")

    def forget(document: dict[str, object]) -> None:
        for number in range(3):
            del row(document, number)["attempt_alone"], row(document, number)["attempt_together"]

    forge(path, forget)
    shown = [(change.attempt, change.attempts) for change in read_saved(path).plan.changes]
    assert shown == [(2, Attempts(2, 2)), (2, Attempts(2, 2)), (1, Attempts(1, 1))]
