"""Every command that can mask recipients leaves no id of a person in any of its formats, on stdout and on stderr."""

import re
import subprocess
from pathlib import Path

import pytest

from reconcile.cli.catalog import COMMANDS, STATE_COMMANDS, Entry
from tests.support.cli import COMMAND, bonusctl, project, write_specs

ANN, BEN, CAT = (
    "fac97860c7929add8048ed2ef63b66fd",
    "a1b0b42923c429daa2c764d7ccfc364d",
    "c3d0b42923c429daa2c764d7ccfc36aa",
)
ASSIGNMENT = "00001092da--61ef030400c684132d0da0de"
KEY = {"BONUSCTL_MASK_KEY": "a key of sixteen bytes or more"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with payments made, a conflict, an orphan, something to pay, and a saved plan."""
    made = project(tmp_path_factory.mktemp("masked"))
    write_specs(
        made,
        f"{{user_id: {ANN}, amount: 1.00, assignment_id: {ASSIGNMENT}, private_comment: 'for {ANN}'}}",
        f"{{user_id: {BEN}, amount: 2.00, key: award-{BEN}}}",
        f"{{user_id: {CAT}, amount: 3.00}}",
    )
    assert bonusctl(made, "apply", "--auto-approve").code == 0
    write_specs(
        made,
        f"{{user_id: {ANN}, amount: 0.50, assignment_id: {ASSIGNMENT}}}",
        f"{{user_id: {BEN}, amount: 2.00, key: award-{BEN}}}",
        f"{{user_id: {BEN}, amount: 1.25, public_title: 'Dear {BEN}'}}",
    )
    assert bonusctl(made, "plan", "--out", "saved.bonusplan").code == 0
    return made


def formats(*command: str) -> list[str]:
    """The formats that a command's own help offers."""
    helped = subprocess.run([str(COMMAND), *command, "--help"], capture_output=True, text=True, check=True).stdout
    (choices,) = re.findall(r"--format \[([a-z,| ]+)\]", helped.replace("\n", " "))
    return [name.strip() for name in re.split(r"[|,]", choices)]


def masking() -> list[tuple[str, ...]]:
    """The commands whose own module takes the option."""
    room = Path(__file__).parents[2]
    entries: list[tuple[tuple[str, ...], Entry]] = [((entry.name,), entry) for entry in COMMANDS]
    entries += [(("state", entry.name), entry) for entry in STATE_COMMANDS]
    return [
        command
        for command, entry in entries
        if "mask_option" in (room / (entry.module.replace(".", "/") + ".py")).read_text()
    ]


def test_these_commands_mask() -> None:
    """A new one has to stand here, and below; apply has tests of its own (tests/ci/test_apply_masked.py)."""
    assert masking() == [("plan",), ("show",), ("apply",), ("report",)]


CALLS = {
    "plan": ("plan",),
    "a saved plan": ("show", "saved.bonusplan"),
    "a run": ("show", "RUN"),
    "sums by recipient": ("report", "--by", "recipient"),
    "sums by campaign and recipient": ("report", "--by", "campaign,recipient"),
    "what changed": ("plan", "--diff", "saved.bonusplan"),
    "a target": ("plan", "--target", f"week-47/{BEN}"),
}


@pytest.mark.parametrize("name", CALLS)
def test_no_id_of_a_person_is_left_in_any_format(folder: Path, name: str) -> None:
    run = bonusctl(folder, "history", "--format", "json").json()["runs"][-1]["run_id"]
    command = tuple(run if word == "RUN" else word for word in CALLS[name])
    tried = 0
    for form in formats(command[0]):
        ended = bonusctl(folder, "-v", *command, "--format", form, "--mask-recipients", environ=KEY)
        if ended.code == 1 and "--format" in ended.err:
            # A run has no page of its own.
            continue
        tried += 1
        assert ended.code == 0, ended
        for plain in (ANN, BEN, CAT, ASSIGNMENT):
            assert plain not in ended.out + ended.err, form
            assert plain.upper() not in ended.out + ended.err, form
        assert "masked-" in ended.out, form
    assert tried >= 2
