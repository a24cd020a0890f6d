"""Benchmarks at the smallest size there is: they play, hold what they say to be exact, and never pass for what is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import made
from benchmarks.bench import Bench, Benchmark
from benchmarks.paying import Terms, apply_once, post_once
from benchmarks.races import again, data_plan, kit, peers_plan, refresh, yaml_plan
from benchmarks.races.startup import imported
from benchmarks.record import Claim, Row

TINY = 0.000_01


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench on which nothing but bonusctl is installed."""
    for name in ("kept", "scratch", "caches", "peers"):
        (tmp_path / name).mkdir()
    nothing = tmp_path / "peers" / "bin" / "python"
    return Bench(
        scale=TINY,
        asked_rounds=1,
        kept=tmp_path / "kept",
        scratch=tmp_path / "scratch",
        caches=tmp_path / "caches",
        peers=nothing,
        kit=nothing,
    )


def findings(one: Benchmark, bench: Bench) -> tuple[list[Row], list[Claim]]:
    found = list(one.run(bench))
    return [row for row in found if isinstance(row, Row)], [claim for claim in found if isinstance(claim, Claim)]


def test_a_plan_of_yaml_is_played_beside_its_yardsticks(bench: Bench) -> None:
    rows, claims = findings(yaml_plan.BENCHMARK, bench)
    assert [row.name for row in rows] == [
        "drain the events (bare)",
        "compose with CSafeLoader",
        "bonusctl validate",
        "bonusctl plan",
    ]
    assert all(claim.value is not None for claim in claims)


def test_duckdb_that_is_not_installed_is_not_run(bench: Bench) -> None:
    rows, claims = findings(data_plan.BENCHMARK, bench)
    (duck,) = [row for row in rows if row.name.startswith("DuckDB")]
    assert duck.not_run == "duckdb could not be installed into peers"
    assert [claim.verdict for claim in claims if claim.against.startswith("DuckDB")] == ["not run", "not run"]


def test_octodns_that_is_not_installed_is_not_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is Terraform where there is none."""
    monkeypatch.setattr("shutil.which", lambda _: None)
    _, claims = findings(peers_plan.BENCHMARK, bench)
    assert [claim.verdict for claim in claims] == ["not run", "not run", "not run", "not run"]


def test_toloka_kit_that_is_not_installed_is_not_run(bench: Bench) -> None:
    rows, claims = findings(kit.BENCHMARK, bench)
    assert [claim.verdict for claim in claims] == ["not run", "not run", "not run"]
    assert [bool(row.not_run) for row in rows] == [False, True, True, True]


def test_a_plan_again_is_played(bench: Bench) -> None:
    rows, _ = findings(again.BENCHMARK, bench)
    assert len(rows) == 4


def test_everything_that_the_server_lists_is_known_to_the_state(bench: Bench) -> None:
    """`refresh` ends with 0: no alarm, nothing new."""
    rows, _ = findings(refresh.BENCHMARK, bench)
    assert [row.name for row in rows] == ["bare httpx, paging", "bonusctl refresh --full"]


def test_hundreds_take_one_request_each_and_bare_httpx_sends_the_same(bench: Bench) -> None:
    """250 payments in batches of 100 are three requests."""
    terms = Terms(250, 100, 2, 0)
    mine, bare = apply_once(bench, terms), post_once(bench, terms, sys.executable)
    assert (mine.counted.posts, mine.counted.operations, mine.counted.repeats) == (3, 3, 0)
    assert (bare.counted.posts, bare.counted.operations, bare.counted.repeats) == (3, 3, 0)
    assert mine.figure.items == bare.figure.items == 250


@pytest.mark.parametrize("form", ["csv", "jsonl", "yaml"])
def test_in_every_form_a_plan_has_nothing_to_do(bench: Bench, form: str) -> None:
    folder = made.project(bench, 20, form)
    command = [sys.executable, "-m", "reconcile", "--config", f"{form}.yaml", "plan", "--detailed-exitcode"]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert "Nothing to do: all 20 bonuses are issued." in told.stdout


def test_a_larger_state_goes_on_from_a_smaller_one(bench: Bench) -> None:
    made.state_of(bench, 10_000)
    sizes = sorted(path.name for path in made.kept(bench).iterdir())
    assert sizes == ["1000", "10000"]


def test_what_a_process_imports_is_read_from_what_it_told() -> None:
    told = "import time:       285 |        285 |   httpx._models\nimport time: 3 | 3 | yaml\nother\n"
    assert imported(told) == {"httpx", "yaml"}
