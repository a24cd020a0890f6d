"""What measures the benchmarks: whole processes, their families, turns and pairs."""

import sys
from pathlib import Path

import pytest

from benchmarks.measuring import (
    Case,
    Figure,
    ProcessFailed,
    cpu,
    measure,
    median,
    paying_rate,
    played,
    rate,
    ratio,
)

HOLD = "kept = bytearray(b'x') * ({megabytes} * 1024 * 1024)"
FAMILY = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}], check=True)"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def figure(cpu_s: float) -> Figure:
    return Figure(cpu_s, 0.0, 0.0)


def test_the_memory_is_the_process_own_and_not_that_of_who_measures(tmp_path: Path) -> None:
    large = bytearray(b"x" * 120 * 1024 * 1024)
    measured = measure(python("pass"), folder=tmp_path)
    assert len(large) == 125_829_120
    assert 4 < measured.mb < 60


def test_what_a_process_holds_is_counted(tmp_path: Path) -> None:
    assert 80 < measure(python(HOLD.format(megabytes=80)), folder=tmp_path).mb < 140


def test_the_memory_of_children_is_added_to_their_parents(tmp_path: Path) -> None:
    """Parent and child hold 60 MB each, at once, for longer than it takes to look."""
    child = f"{HOLD.format(megabytes=60)}\nimport time; time.sleep(1.2)"
    parent = f"{HOLD.format(megabytes=60)}\n{FAMILY.format(child=child)}"
    assert measure(python(parent), folder=tmp_path).mb > 120


def test_the_cpu_time_of_children_is_added_to_their_parents(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    assert measure(python(FAMILY.format(child=busy)), folder=tmp_path).cpu_s > 0.5


def test_a_command_that_fails_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(ProcessFailed, match="exit 3: it went wrong"):
        measure(python("import sys; sys.exit(print('it went wrong', file=sys.stderr) or 3)"), folder=tmp_path)


def test_an_exit_code_that_is_meant_is_a_figure(tmp_path: Path) -> None:
    assert measure(python("raise SystemExit(2)"), folder=tmp_path, codes=(0, 2)).cpu_s > 0


def test_contenders_take_turns_in_one_order_and_then_in_the_other() -> None:
    order: list[str] = []

    def case(name: str) -> Case:
        return Case(name, "", lambda: order.append(name) or figure(1.0))  # type: ignore[func-returns-value]

    figures = played([case("a"), case("b")], 3)
    assert "".join(order) == "abbaab"
    assert [len(each) for each in figures.values()] == [3, 3]


def test_a_ratio_is_the_median_of_the_pairs_of_each_round() -> None:
    """Round by round 2, 3 and 10 times as much; the ratio of the medians would be 4."""
    mine = [figure(2.0), figure(12.0), figure(10.0)]
    theirs = [figure(1.0), figure(4.0), figure(1.0)]
    assert ratio(mine, theirs, cpu) == 3.0


def test_a_figure_of_several_rounds_is_their_median() -> None:
    assert median([figure(5.0), figure(1.0), figure(2.0)], cpu) == 2.0


def test_the_rate_of_a_process_is_over_its_whole_life_and_that_of_paying_over_the_servers_time() -> None:
    measured = Figure(1.0, 4.0, 10.0, items=100, paying_s=2.0)
    assert (rate(measured), paying_rate(measured)) == (25.0, 50.0)
