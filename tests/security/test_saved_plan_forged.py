"""A saved plan that was altered by somebody who knows how, with its seal made anew, pays nothing that was not approved."""

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from reconcile.errors import Refused
from reconcile.plan.saved import read_saved
from tests.support.cli import bonusctl, project, write_specs


def leaves(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where each scalar of a document stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    else:
        yield path


def sealed(document: dict[str, object]) -> bytes:
    """As somebody would who knows how: with the checksum made anew."""
    body = json.dumps(document)[:-1].encode()
    return body + b', "checksum": "sha256:' + hashlib.sha256(body).hexdigest().encode() + b'"}\n'


def test_no_leaf_altered_with_care_makes_apply_pay_anything_else(tmp_path: Path) -> None:
    """Each scalar of a real saved plan gets another value of its kind, and the seal is made anew. What is still
    accepted sends the payment that was approved, or nothing: apply plans again from specs and state.
    """
    project(tmp_path)
    write_specs(tmp_path, "{user_id: w1, amount: 1.00}")
    assert bonusctl(tmp_path, "plan", "--out", "good.bonusplan").code == 0
    document = json.loads((tmp_path / "good.bonusplan").read_bytes())
    del document["checksum"]
    others = {str: "2.00", int: 7, bool: True, type(None): "w9"}
    refused, accepted = [], []
    for path in leaves(document):
        altered = json.loads(json.dumps(document))
        place = altered
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = others[type(place[path[-1]])]
        (tmp_path / "altered.bonusplan").write_bytes(sealed(altered))
        try:
            found = read_saved(tmp_path / "altered.bonusplan")
        except Refused:
            refused.append(path)
        else:
            accepted.append(path)
            assert [(row.identity.recipient, row.amount) for row in found.plan.payments] == [("w1", Decimal("1.00"))]
            assert found.plan.digest == document["digest"]
    assert len(refused) > 20
    assert ("changes", 0, "recipient") in refused
    assert ("changes", 0, "amount") in refused


def test_a_plan_with_an_added_payment_pays_nothing_of_it(tmp_path: Path) -> None:
    """The row of a stranger, its digest made right: the specs do not ask for it."""
    project(tmp_path)
    write_specs(tmp_path, "{user_id: w1, amount: 1.00}", "{user_id: stranger, amount: 4.00}")
    assert bonusctl(tmp_path, "plan", "--out", "both.bonusplan").code == 0
    write_specs(tmp_path, "{user_id: w1, amount: 1.00}")
    assert bonusctl(tmp_path, "apply", "both.bonusplan").code in (0, 1, 3)
    listed = bonusctl(tmp_path, "state", "list", "--format", "json").json()["bonuses"]
    assert [row["recipient"] for row in listed if row["status"] == "issued"] == ["w1"]
