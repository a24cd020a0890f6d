"""Without a state it is said that there is none: it is not the same as that nothing was paid."""

from pathlib import Path

import pytest

from tests.support.cli import bonusctl, project, write_specs

LOOKING = (("status",), ("report",), ("report", "--format", "csv"), ("history",), ("state", "list"))


@pytest.mark.parametrize("command", LOOKING, ids=" ".join)
def test_who_looks_without_a_state_is_told_that_there_is_none(tmp_path: Path, command: tuple[str, ...]) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00}")
    ended = bonusctl(tmp_path, *command)
    assert ended.code == 0
    where = tmp_path / "state" / "bonusctl.db"
    assert f"Warning: There is no state at {where}: what was paid before is not known here.\n" in ended.err
    assert "There is no state" not in ended.out


def test_with_a_state_nothing_is_said_of_it(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00}")
    assert bonusctl(tmp_path, "apply", "--auto-approve").code == 0
    for command in LOOKING:
        assert "There is no state" not in bonusctl(tmp_path, *command).err
