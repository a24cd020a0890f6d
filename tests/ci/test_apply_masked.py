"""`apply --mask-recipients`: the log of a job that pays names nobody, whatever the end is."""

from pathlib import Path

import pytest

from tests.ci.job import ANN, BEN
from tests.support.cli import Ended, bonusctl, project, write_specs

ASSIGNMENT = "00001092da--61ef030400c684132d0da0de"
KEY = {"BONUSCTL_MASK_KEY": "a key of sixteen bytes or more"}


def masked(folder: Path, *arguments: str) -> Ended:
    """An apply without a person's id in anything that it says."""
    ended = bonusctl(folder, "-v", "apply", *arguments, "--mask-recipients", environ=KEY)
    for plain in (ANN, BEN, ASSIGNMENT):
        assert plain not in ended.out + ended.err
    return ended


def owing(folder: Path, *more: str) -> Path:
    project(folder)
    write_specs(folder, f"{{user_id: {ANN}, assignment_id: {ASSIGNMENT}, amount: 1.00}}", *more)
    return folder


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_plan_that_is_paid_and_what_is_left_are_masked(tmp_path: Path, form: str) -> None:
    owing(tmp_path, f"{{user_id: {BEN}, amount: 0.50, key: for-{BEN}}}")
    ended = masked(tmp_path, "--auto-approve", "--limit", "1", "--format", form)
    assert ended.code == 3
    assert "week-47/masked-" in ended.err
    assert "week-47/masked-" in ended.out


def test_a_conflict_is_masked(tmp_path: Path) -> None:
    owing(tmp_path)
    assert masked(tmp_path, "--auto-approve").code == 0
    write_specs(tmp_path, f"{{user_id: {ANN}, assignment_id: {ASSIGNMENT}, amount: 0.40}}")
    ended = masked(tmp_path, "--auto-approve")
    assert ended.code == 3
    assert "in conflict" in ended.out


def test_a_refusal_that_names_somebody_is_masked(tmp_path: Path) -> None:
    """The policy of one bonus says whose it is."""
    owing(tmp_path, f"{{user_id: {BEN}, amount: 9.00}}")
    plain = bonusctl(tmp_path, "apply", "--auto-approve")
    assert BEN in plain.err
    ended = masked(tmp_path, "--auto-approve", "--format", "json")
    assert ended.code == 1
    assert "week-47/masked-" in ended.json()["error"]


def test_broken_specs_are_kinds_and_places(tmp_path: Path) -> None:
    owing(tmp_path, f"{{user_id: {BEN}, amount: -1}}")
    ended = masked(tmp_path, "--auto-approve")
    assert ended.code == 1
    assert "specs/week.yaml:6" in ended.err


def test_what_is_paid_is_the_same_with_and_without(tmp_path: Path) -> None:
    """The masks are for who reads; the state and the provider have the people."""
    owing(tmp_path)
    assert masked(tmp_path, "--auto-approve").code == 0
    (bonus,) = bonusctl(tmp_path, "state", "list", "--format", "json").json()["bonuses"]
    assert (bonus["recipient"], bonus["status"]) == (ANN, "issued")
