"""`bonusctl state …` and `doctor`, as a person types them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import bonusctl, project, write_specs
from tests.support.emulator import EmulatorProcess

ADDRESS = "week-47/a"
CONFIG = """\
version: 1
providers:
  toloka:
    type: toloka
    environment: {environment}
    endpoint: {endpoint}
    operation_timeout: 1
{more}"""


@pytest.fixture
def doubtful(tmp_path: Path) -> Iterator[Path]:
    """A project with one bonus in doubt: its operation does not begin for an hour."""
    with EmulatorProcess(tmp_path / "remote.db", {"start-ms": 3_600_000}) as emulator:
        project(tmp_path)
        config = CONFIG.format(environment="emulator", endpoint=emulator.endpoint, more="")
        (tmp_path / "bonusctl.yaml").write_text(config)
        write_specs(tmp_path, "{user_id: a, amount: 1.00}")
        ended = bonusctl(tmp_path, "apply", "--auto-approve", "--wait", "0", "--format", "json")
        assert ended.code == 3, ended.err
        assert ended.json()["summary"]["in_doubt"] == 1
        yield tmp_path


def status_of(folder: Path) -> str:
    return str(bonusctl(folder, "state", "show", ADDRESS, "--format", "json").json()["status"])


def test_a_bonus_in_doubt_is_said_everywhere(doubtful: Path) -> None:
    assert status_of(doubtful) == "in_doubt"
    (campaign,) = bonusctl(doubtful, "status", "--format", "json").json()["campaigns"]
    assert (campaign["in_doubt"], campaign["to_issue"]) == (1, 0)
    assert bonusctl(doubtful, "plan", "--format", "json").json()["summary"]["in_doubt"] == 1
    assert "warn  open operations:" in bonusctl(doubtful, "doctor").out


def test_a_person_resolves_as_issued_and_nothing_is_planned_any_more(doubtful: Path) -> None:
    ended = bonusctl(doubtful, "state", "resolve", ADDRESS, "--issued", "--reason", "seen", "--auto-approve")
    assert (ended.code, ended.out) == (0, "Recorded: week-47/a is issued.\n")
    assert status_of(doubtful) == "issued"
    assert bonusctl(doubtful, "plan", "--detailed-exitcode").code == 0
    assert bonusctl(doubtful, "state", "verify").code == 0
    assert bonusctl(doubtful, "history", "--format", "json").json()["runs"][0]["command"] == "state resolve"


def test_a_person_resolves_as_not_issued_and_it_is_planned_again(doubtful: Path) -> None:
    ended = bonusctl(doubtful, "state", "resolve", ADDRESS, "--not-issued", "--reason", "support", "--auto-approve")
    assert ended.code == 0
    assert status_of(doubtful) == "planned"
    assert bonusctl(doubtful, "plan", "--detailed-exitcode").code == 2


def test_a_renamed_bonus_in_doubt_is_decided_under_its_new_name(doubtful: Path) -> None:
    write_specs(doubtful, "{user_id: a, amount: 1.00}", campaign="week-48", head="formerly: week-47\n")
    shown = bonusctl(doubtful, "state", "show", "week-48/a").out
    assert "  Payment 1: 1.00 USD, in doubt as week-47/a\n" in shown
    arguments = ("--issued", "--reason", "seen", "--auto-approve")
    ended = bonusctl(doubtful, "state", "resolve", "week-48/a", *arguments)
    assert (ended.code, ended.out) == (0, "Recorded: week-48/a is issued.\n")
    assert bonusctl(doubtful, "plan", "--detailed-exitcode").code == 0


def test_a_decision_needs_one_word_a_reason_and_a_yes(doubtful: Path) -> None:
    """Neither word and both words are refused alike: silence must not mean that a payment is made again."""
    for said, *arguments in (
        ("--issued or --not-issued", "--reason", "x", "--auto-approve"),
        ("--issued or --not-issued", "--issued", "--not-issued", "--reason", "x", "--auto-approve"),
        ("Missing option '--reason'", "--issued", "--auto-approve"),
        ("--reason is empty", "--issued", "--reason", " ", "--auto-approve"),
        ("There is no terminal to ask on", "--issued", "--reason", "x"),
    ):
        ended = bonusctl(doubtful, "state", "resolve", ADDRESS, *arguments)
        assert ended.code == 1
        assert said in ended.err
    assert status_of(doubtful) == "in_doubt"


def test_what_is_not_in_doubt_is_not_for_a_person_to_decide(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00}")
    bonusctl(tmp_path, "apply", "--auto-approve")
    arguments = ("state", "resolve", ADDRESS, "--not-issued", "--reason", "x", "--auto-approve", "--format", "json")
    ended = bonusctl(tmp_path, *arguments[:-2])
    assert ended.code == 1
    assert "is not in doubt: it is issued" in ended.err
    assert status_of(tmp_path) == "issued"


def test_an_export_makes_the_same_state_elsewhere(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        project(folder)
    bonusctl(first, "apply", "--auto-approve")
    exported = bonusctl(first, "state", "export")
    (second / "state.jsonl").write_text(exported.out)
    assert bonusctl(second, "state", "import", "state.jsonl").code == 0
    assert (
        bonusctl(second, "state", "export").out.splitlines()[1 : exported.out.count("\n")]
        == (exported.out.splitlines()[1:])
    )
    assert "Nothing to do: all 5 bonuses are issued." in bonusctl(second, "plan").out


def test_an_export_that_is_given_to_restore_is_said_to_be_one(tmp_path: Path) -> None:
    """It is sound: moving the state away and rebuilding it would be the wrong advice."""
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    (tmp_path / "state.jsonl").write_text(bonusctl(tmp_path, "state", "export").out)
    before = (tmp_path / "state" / "bonusctl.db").read_bytes()
    ended = bonusctl(tmp_path, "state", "restore", "state.jsonl")
    assert ended.code == 1
    assert "state.jsonl is an export of a state, not a backup" in ended.err
    assert "\nbonusctl state import state.jsonl\n" in ended.err
    assert "damaged: " not in ended.err
    assert (tmp_path / "state" / "bonusctl.db").read_bytes() == before


def test_a_file_that_is_neither_backup_nor_export_is_damaged(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    (tmp_path / "notes.txt").write_text("these are notes, and long enough to be looked at " * 40)
    ended = bonusctl(tmp_path, "state", "restore", "notes.txt")
    assert (ended.code, "notes.txt is damaged" in ended.err) == (1, True)


def test_a_line_of_an_export_that_was_altered_is_named(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    lines = bonusctl(tmp_path, "state", "export").out.splitlines(keepends=True)
    lines[3] = lines[3].replace("a", "b", 1)
    (tmp_path / "altered.jsonl").write_text("".join(lines))
    for path in (tmp_path / "state").iterdir():
        path.unlink()
    ended = bonusctl(tmp_path, "state", "import", "altered.jsonl")
    assert ended.code == 1
    assert "Line 4 of the export is refused" in ended.err
    assert not (tmp_path / "state" / "bonusctl.db").exists() or bonusctl(tmp_path, "state", "head").code == 1


def test_a_backup_is_restored_and_the_former_state_kept(tmp_path: Path) -> None:
    """What the backup does not know is read from the provider before anything is paid."""
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00}")
    bonusctl(tmp_path, "apply", "--auto-approve")
    assert bonusctl(tmp_path, "state", "backup", "one.db").code == 0
    assert bonusctl(tmp_path, "state", "backup", "one.db").code == 1
    write_specs(tmp_path, "{user_id: a, amount: 1.00}", "{user_id: b, amount: 2.00}")
    bonusctl(tmp_path, "apply", "--auto-approve")
    ended = bonusctl(tmp_path, "state", "restore", "one.db")
    assert ended.code == 0
    assert "The former state is kept as" in ended.out
    again = bonusctl(tmp_path, "apply", "--auto-approve", "--format", "json").json()
    assert (again["summary"]["issued"], again["summary"]["adopted"]) == (0, 1)
    assert bonusctl(tmp_path, "state", "verify").out.startswith("Sound: ")


@pytest.mark.parametrize("command", ["export", "head", "verify", "backup copy.db"])
def test_without_a_state_a_command_that_needs_one_says_so(tmp_path: Path, command: str) -> None:
    project(tmp_path)
    ended = bonusctl(tmp_path, "state", *command.split())
    assert ended.code == 1
    assert "There is no state at" in ended.err
    assert not (tmp_path / "state").exists()


def test_show_names_payment_operation_and_remote_id(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00}")
    bonusctl(tmp_path, "apply", "--auto-approve")
    shown = bonusctl(tmp_path, "state", "show", ADDRESS)
    assert shown.code == 0
    assert [line.split()[0] for line in shown.out.splitlines() if line.startswith("    ")] == [
        "payment",
        "operation",
        "remote",
        "issued",
    ]
    assert bonusctl(tmp_path, "state", "show", "week-47/zz").code == 1
    assert bonusctl(tmp_path, "state", "show", "no-address").code == 1


# --- doctor --------------------------------------------------------------------------------------------------------


def levels(folder: Path, environ: dict[str, str] | None = None) -> tuple[int, dict[str, tuple[str, str]]]:
    """(exit code, level and text by check)."""
    ended = bonusctl(folder, "doctor", "--format", "json", environ=environ)
    document = ended.json()
    assert document["healthy"] is (ended.code == 0)
    return ended.code, {check["name"]: (check["level"], check["text"]) for check in document["checks"]}


def test_a_doctor_finds_a_fresh_project_well_and_pays_nothing(tmp_path: Path) -> None:
    project(tmp_path)
    code, found = levels(tmp_path)
    assert code == 0
    assert {level for level, _ in found.values()} == {"ok"}
    assert {"config", "specs", "state", "lock", "toloka token", "toloka account", "toloka balance"} <= found.keys()
    assert found["toloka balance"] == ("ok", "100000.00 USD")
    assert not (tmp_path / "state" / "bonusctl.db").exists()


def test_a_doctor_says_what_fails_and_ends_with_1(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path / "remote.db") as emulator:
        project(tmp_path)
        more = "    account: 566ec2b0ff0deeaae5f9d500629de162\n"
        config = CONFIG.format(environment="sandbox", endpoint=emulator.endpoint, more=more)
        (tmp_path / "bonusctl.yaml").write_text(config)
        write_specs(tmp_path, "{user_id: a, amount: 1.005}", "{user_id: a, amount: zero}")
        code, found = levels(tmp_path)
        assert code == 1
        assert found["specs"][0] == "fail"
        assert found["toloka token"][0] == "fail"
        code, found = levels(tmp_path, {"TOLOKA_TOKEN": "token-of-somebody-else"})
        assert code == 1
        assert found["toloka account"][0] == "fail"
        assert "the config means 566ec2b0ff0deeaae5f9d500629de162" in found["toloka account"][1]


def test_a_doctor_notices_a_clock_that_is_apart(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path / "remote.db") as emulator:
        emulator.advance(3_600_000)
        project(tmp_path)
        config = CONFIG.format(environment="emulator", endpoint=emulator.endpoint, more="")
        (tmp_path / "bonusctl.yaml").write_text(config)
        code, found = levels(tmp_path)
        assert code == 0
        level, text = found["toloka clock"]
        assert level == "warn"
        assert "behind the provider" in text


def test_a_doctor_says_where_nobody_answers(tmp_path: Path) -> None:
    project(tmp_path)
    config = CONFIG.format(environment="emulator", endpoint="http://127.0.0.1:9", more="")
    (tmp_path / "bonusctl.yaml").write_text(config)
    code, found = levels(tmp_path)
    assert (code, found["toloka account"][0]) == (1, "fail")
