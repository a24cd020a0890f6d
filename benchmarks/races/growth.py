"""How the cost of an item grows with their number, from a thousand to a million."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks import made
from benchmarks.bench import Bench, Benchmark, Finding, playable, uncached, yardstick
from benchmarks.measuring import Case, NotRun, cpu, median, memory, played
from benchmarks.record import Claim, Point

SIZES = (1_000, 10_000, 100_000, 1_000_000)
LIMIT = 1.3


def run(bench: Bench) -> Iterator[Finding]:
    """Plans with nothing to do, in each form and size, and the bare readers beside them."""
    each_us: dict[tuple[str, int], float] = {}
    sizes = [bench.size(size) for size in SIZES]
    for size in sizes:
        folder = made.project(bench, size, "csv", "jsonl", "yaml")
        figures = played(playable(_cases(bench, folder)), bench.rounds(BENCHMARK.rounds))
        for name, mine in figures.items():
            each_us[name, size] = median(mine, cpu) / size * 1e6
            yield Point(series=name, items=size, cpu_us=each_us[name, size], mb=median(mine, memory))
    for form in ("CSV", "JSONL", "YAML"):
        name = f"plan, {form}"
        yield Claim(
            what=f"CPU time an item, {name}, at {sizes[-1]:,}",
            against=f"itself at {sizes[-2]:,}",
            value=each_us[name, sizes[-1]] / each_us[name, sizes[-2]],
            sense="≤",
            limit=LIMIT,
        )


def _cases(bench: Bench, folder: Path) -> list[Case | NotRun]:
    return [
        yardstick("csv.reader alone", "drain_csv.py", str(folder / "csv" / "rows.csv"), folder=folder),
        yardstick("YAML events alone", "drain_yaml.py", str(folder / "yaml" / "bench.yaml"), folder=folder),
        *(
            uncached(bench, f"plan, {form}", "--config", f"{form.lower()}.yaml", "plan", folder=folder)
            for form in ("CSV", "JSONL", "YAML")
        ),
    ]


BENCHMARK = Benchmark(
    "growth",
    "Growth from 1,000 to 1,000,000",
    "Microseconds of CPU an item for whole processes, so that a thousand carries the start-up. Nothing is to do.",
    run,
    3,
)
