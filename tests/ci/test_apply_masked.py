"""`apply --mask-recipients`: the log of a job that pays names nobody, whatever the end is."""

from pathlib import Path

import pytest

from reconcile.cli.app import execute
from reconcile.errors import StateWriteFailed
from reconcile.protocol.engine import Unrecorded
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


def test_results_that_could_not_be_recorded_name_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are printed, masked; the file beside the state has them whole."""
    owing(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BONUSCTL_MASK_KEY", KEY["BONUSCTL_MASK_KEY"])
    line = f'{{"payment_id": "6dd303c5-a671-57d6-b149-274d46b6b2f9", "recipient": "{ANN}", "amount": "1.00"}}'

    def full_disk(*_: object, **__: object) -> object:
        raise Unrecorded(StateWriteFailed("The state could not be written: disk full"), (line,))

    monkeypatch.setattr("reconcile.project.run.run_apply", full_disk)
    assert execute(["apply", "--auto-approve", "--mask-recipients"]) == 1
    printed = capsys.readouterr().err
    assert '"amount": "1.00"' in printed
    assert ANN not in printed
    assert "6dd303c5" not in printed
    (kept,) = (tmp_path / "state").glob("unrecorded-*.jsonl")
    assert kept.read_text() == f"{line}\n"
