"""What a soak keeps of its parts, what it says of a share that is not whole, and how tests tell what they played."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.soak.claims import Claim
from tests.soak.page import in_soak, in_test
from tests.soak.record import ROOT, Played, code_of, git, keep, kept, share_of
from tests.soak.shares import SHARES, Job
from tests.support.figures import Tally, add, read, write

KILLS = next(share for share in SHARES if share.name == "kills")
TEST = "tests/kill/test_kill_points.py::test_it"


def played(part: int, **changes: object) -> Played:
    """A part of the kills that held, with 100 kills at points."""
    tally = asdict(Tally(passed=11, figures={"kills at points": 100, "kind: x": 7}))
    one = Played(
        share="kills",
        part=part,
        parts=42,
        commit="c" * 40,
        plays=code_of(KILLS),
        code=0,
        began_s=1_000 + part,
        ended_s=1_060 + part,
        tests={TEST: tally},
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def test_a_part_that_was_played_is_kept_as_it_was(tmp_path: Path) -> None:
    keep(played(3), tmp_path)
    assert kept(tmp_path) == [played(3)]


@pytest.mark.parametrize("change", [{"plays": "0" * 16}, {"parts": 10}, {"share": "of another day"}], ids=str)
def test_a_part_of_other_code_or_of_another_cut_counts_for_nothing(tmp_path: Path, change: dict[str, object]) -> None:
    keep(played(3, **change), tmp_path)
    assert kept(tmp_path) == []


def test_the_code_of_a_share_is_that_of_its_own_tests() -> None:
    """Two shares of one folder: what they share is in both, each one's own test in its own alone."""
    histories, three = (next(share for share in SHARES if share.name == name) for name in ("histories", "three"))
    assert (histories.plays, histories.folders) == (three.plays, three.folders)
    assert code_of(histories) != code_of(three)
    assert code_of(KILLS, git("rev-parse", "HEAD")) == code_of(KILLS)


def test_a_share_says_how_far_it_got_and_what_failed() -> None:
    said = share_of(KILLS, [played(1), played(2, code=1), played(9, share="pairs")])
    assert (said["parts"], said["played"], said["failed"], said["seconds"]) == (42, 2, 1, 120)
    assert said["figures"] == {"kills at points": 200}
    assert said["tests"] == {"passed": 22, "failed": 0, "not_run": 0}


def test_a_share_that_is_not_whole_is_shown_with_what_was_asked() -> None:
    """A soak that got 200 of 3,500 kills says 200 of 3,500."""
    claim = Claim("Nothing is paid twice", (TEST,), ("kills at points",), "kills")
    said = share_of(KILLS, [played(1), played(2, code=1)])
    assert in_soak(claim, {"kills": said}) == "200 of 3,500 kills at points (2 of 42 parts), **1 parts failed**"
    assert in_soak(claim, {"kills": share_of(KILLS, [])}) == "not played"


def test_a_claim_whose_tests_failed_or_were_not_run_says_so() -> None:
    claim = Claim("It holds", ("tests/kill/test_kill_disk.py",))
    rows = {
        "tests/kill/test_kill_disk.py::test_a": asdict(Tally(passed=3, failed=1)),
        "tests/kill/test_kill_disk.py::test_b": asdict(Tally(not_run=2)),
        "tests/kill/test_kill_cuts.py::test_c": asdict(Tally(passed=50)),
    }
    assert in_test(claim, rows) == "3 tests, **1 failed**, 2 not run"


def test_a_claim_that_no_recorded_run_played_says_so() -> None:
    claim = Claim("It holds", (TEST,), ("kills at points",), "kills")
    assert in_test(claim, {}) == "not recorded yet"
    assert in_test(claim, {TEST: asdict(Tally(not_run=1))}) == "in the soak alone"


def test_counts_are_added_up_and_the_most_is_the_largest() -> None:
    total = {"cases": 3, "most MiB": 50}
    add(total, {"cases": 4, "most MiB": 40, "refused": 1})
    assert total == {"cases": 7, "most MiB": 50, "refused": 1}


def test_what_a_run_told_is_read_back(tmp_path: Path) -> None:
    told = {TEST: Tally(passed=2, milliseconds=5, figures={"kills at points": 9}), "tests/sim/a.py::b": Tally(failed=1)}
    write(told, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kill.json", "sim.json"]
    assert read(tmp_path) == told


def pytest_run(folder: Path, **environ: str) -> str:
    """What pytest says of twenty random histories, or of a part of them."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/sim/test_random_histories.py"],
        cwd=ROOT,
        env=os.environ | {"BONUSCTL_HISTORIES": "20", "BONUSCTL_FIGURES": str(folder)} | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_part_of_one_test_tells_its_figures(tmp_path: Path) -> None:
    """It needs no table of suites."""
    assert "suites" not in pytest_run(tmp_path, BONUSCTL_PART="1/20")
    (row,) = json.loads((tmp_path / "sim.json").read_text()).values()
    assert (row["passed"], row["figures"]["histories"]) == (1, 1)


def test_the_parts_of_a_run_are_the_whole_and_their_figures_add_up(tmp_path: Path) -> None:
    """Twenty histories in parts of ten."""
    for part in ("1", "2"):
        pytest_run(tmp_path / part, BONUSCTL_PART=f"{part}/2")
    rows = [json.loads((tmp_path / part / "sim.json").read_text()) for part in ("1", "2")]
    (first,), (second,) = (list(row.values()) for row in rows)
    assert (first["passed"], second["passed"]) == (10, 10)
    assert (first["figures"]["histories"], second["figures"]["histories"]) == (10, 10)
    assert first["figures"]["steps"] != second["figures"]["steps"]


def test_a_job_names_its_part_and_a_seeded_one_its_seed() -> None:
    assert Job(KILLS, 7).environ == {"BONUSCTL_KILLS": "5000", "BONUSCTL_PART": "7/42"}
    moves = next(share for share in SHARES if share.seeded)
    assert "BONUSCTL_PART" not in Job(moves, 7).environ
    assert "--hypothesis-seed=7" in Job(moves, 7).arguments
