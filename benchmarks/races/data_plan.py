"""A plan of a million rows, all of them issued: CSV against the bare reader and DuckDB, JSONL against CSV."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks import made
from benchmarks.bench import (
    YARDSTICKS,
    Bench,
    Benchmark,
    Finding,
    Limit,
    below_mb,
    compare,
    lacking,
    playable,
    rows,
    uncached,
    yardstick,
)
from benchmarks.measuring import Case, NotRun, measure, memory, played


def run(bench: Bench) -> Iterator[Finding]:
    """csv.reader, DuckDB, and the plans."""
    bonuses = bench.size(1_000_000)
    folder = made.project(bench, bonuses, "csv", "jsonl")
    data = str(folder / "csv" / "rows.csv")
    bare = yardstick("csv.reader alone (bare)", "drain_csv.py", data, folder=folder)
    duck = _duck(bench, data, folder)
    csv = uncached(bench, "bonusctl plan, CSV", "--config", "csv.yaml", "plan", folder=folder)
    jsonl = uncached(bench, "bonusctl plan, JSONL", "--config", "jsonl.yaml", "plan", folder=folder)
    cases = [bare, duck, csv, jsonl]
    figures = played(playable(cases), bench.rounds(BENCHMARK.rounds))
    yield from rows(cases, figures)
    mine, theirs = figures[csv.name], figures.get(duck.name)
    what = f"plan of {bonuses:,} CSV rows, as many issued"
    yield compare(f"{what}: CPU", "csv.reader alone", mine, figures[bare.name], Limit("≤", 5))
    yield below_mb(what, mine, 400)
    yield compare(f"{what}: CPU", "DuckDB: read, hash, anti-join", mine, theirs, Limit("≤", 3))
    yield compare(f"{what}: memory", "DuckDB", mine, theirs, Limit("≤", 0.75), part=memory)
    yield compare("the same from JSONL: CPU", "the CSV plan", figures[jsonl.name], mine, Limit("≤", 1.5))


def _duck(bench: Bench, data: str, folder: Path) -> Case | NotRun:
    name = "DuckDB: read, hash, anti-join"
    lacks = lacking(bench.peers, "duckdb")
    if lacks:
        return NotRun(name, lacks)
    database = str(bench.scratch / "issued.duckdb")
    measure([str(bench.peers), str(YARDSTICKS / "duck.py"), "make", data, database], folder=folder)
    return yardstick(name, "duck.py", "plan", data, database, folder=folder, python=bench.peers)


BENCHMARK = Benchmark(
    "data",
    "A plan of 1,000,000 rows",
    "A row has worker, assignment, amount, title and message. The plan reads and checks each, makes its identity and "
    "compares it with what was issued; DuckDB reads the file, hashes each row and looks for those that it does not hold.",
    run,
    3,
)
