"""What is recorded of benchmarks, and the page that is made from it."""

from pathlib import Path

import pytest

from benchmarks.__main__ import HERE, PAGE, RECORD, choose
from benchmarks.catalog import BENCHMARKS
from benchmarks.page import PLOT, render_page
from benchmarks.plot import render_plot
from benchmarks.record import Claim, Entry, Point, Row, read_record, write_record

ENTRY = Entry(
    title="A plan",
    text="Nothing is to do.",
    commit="abc1234",
    day="2026-11-22",
    rounds=3,
    seconds=61,
    machine={"processor": "2 × Some", "system": "Linux", "load": "0.1"},
    versions={"CPython": "3.11.7"},
    rows=(
        Row(name="bare", command="python bare.py", cpu_s=0.5, wall_s=0.6, mb=10.4),
        Row(name="theirs", not_run="duckdb could not be installed into .venv-bench"),
    ),
    claims=(
        Claim(what="plan: CPU", against="bare", value=2.5, sense="≤", limit=5),
        Claim(what="plan: CPU", against="theirs", value=None, sense="≤", limit=3),
        Claim(what="plan: memory", against="peak memory", value=150.5, sense="≤", limit=150, unit="MB"),
    ),
    points=(Point(series="plan", items=1000, cpu_us=12.5, mb=30.0),),
)


def claim(value: float | None, sense: str, limit: float | None) -> str:
    return Claim(what="", against="", value=value, sense=sense, limit=limit).verdict


@pytest.mark.parametrize(
    ("value", "sense", "limit", "verdict"),
    [
        (5.0, "≤", 5, "reached"),
        (5.01, "≤", 5, "missed"),
        (0.9, "≥", 0.9, "reached"),
        (0.89, "≥", 0.9, "missed"),
        (1000.0, "=", 1000, "reached"),
        (1001.0, "=", 1000, "missed"),
        (999.0, "=", 1000, "missed"),
        (7.0, "", None, ""),
        (None, "≤", 5, "not run"),
    ],
)
def test_a_limit_is_inclusive_and_what_was_not_run_never_reaches_it(
    value: float | None, sense: str, limit: float | None, verdict: str
) -> None:
    assert claim(value, sense, limit) == verdict


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_record(path, {"plan": ENTRY})
    assert read_record(path) == {"plan": ENTRY}


def test_nothing_is_recorded_before_the_first_run(tmp_path: Path) -> None:
    assert read_record(tmp_path / "results.json") == {}


def test_the_page_counts_what_was_reached_missed_and_not_run() -> None:
    assert "\n1 reached, 1 missed, 1 not run.\n" in render_page({"plan": ENTRY}, ["plan"])


def test_the_page_names_what_was_not_measured_yet() -> None:
    assert "1 not run. Not measured yet: `again`, `kit`.\n" in render_page({"plan": ENTRY}, ["plan", "again", "kit"])


def test_the_page_shows_each_ratio_with_its_limit() -> None:
    lines = render_page({"plan": ENTRY}, ["plan"]).splitlines()
    assert "| plan: CPU | bare | 2.5 | ≤ 5 | reached |" in lines
    assert "| plan: CPU | theirs |  | ≤ 3 | not run |" in lines
    assert "| plan: memory | peak memory | 150.5 MB | ≤ 150 MB | **missed** |" in lines


def test_the_page_shows_each_process_and_why_one_was_not_run() -> None:
    lines = render_page({"plan": ENTRY}, ["plan"]).splitlines()
    assert "| bare | 0.500 | 0.600 | 10 |  | `python bare.py` |" in lines
    assert "| theirs | | | | | not run: duckdb could not be installed into .venv-bench |" in lines


def test_the_page_says_with_what_was_measured() -> None:
    last = render_page({"plan": ENTRY}, ["plan"]).splitlines()[-1]
    assert "`plan`: commit abc1234, 2026-11-22, 3 rounds in 61 s" in last
    assert "2 × Some, Linux, load 0.1 at the start; CPython 3.11.7" in last


def test_the_recorded_page_shows_the_record() -> None:
    entries = read_record(RECORD)
    assert entries
    assert PAGE.read_text("utf-8") == render_page(entries, [one.name for one in BENCHMARKS])


def test_the_recorded_plot_shows_the_record() -> None:
    points = read_record(RECORD)["growth"].points
    assert (HERE / PLOT).read_text("utf-8") == render_plot(points)


def test_every_recorded_benchmark_is_one_that_there_is() -> None:
    assert set(read_record(RECORD)) <= {one.name for one in BENCHMARKS}


def test_some_can_be_chosen_by_name_and_a_wrong_name_is_told() -> None:
    assert [one.name for one in choose("startup, yaml")] == ["yaml", "startup"]
    with pytest.raises(KeyError, match="yamml"):
        choose("yamml")


def test_a_line_of_the_plot_rises_with_what_an_item_costs() -> None:
    """Ten times as much an item lies a whole power of ten higher: SVG counts from the top."""
    points = [Point(series="a", items=10, cpu_us=1.0, mb=1.0), Point(series="a", items=1000, cpu_us=10.0, mb=1.0)]
    assert 'points="70.0,350.0 550.0,20.0"' in render_plot(points)
