"""A plan asked for again when nothing has changed, against hashing the same files."""

from collections.abc import Iterator

from benchmarks import made
from benchmarks.bench import Bench, Benchmark, Finding, cached, playable, rows, uncached, yardstick
from benchmarks.measuring import cpu, median, played
from benchmarks.record import Claim


def run(bench: Bench) -> Iterator[Finding]:
    """The first plan, the second, and the hash. A small plan's cost is what start-up is."""
    bonuses = bench.size(1_000_000)
    folder = made.project(bench, bonuses, "csv", made.TEN)
    files = [str(folder / name) for name in ("csv.yaml", "csv/bench.yaml", "csv/rows.csv")]
    bare = yardstick("sha256 of the files (bare)", "hash_files.py", *files, folder=folder)
    start = uncached(bench, "bonusctl plan of ten (start-up)", "--config", "ten.yaml", "plan", folder=folder)
    first = uncached(bench, "bonusctl plan, the first", "--config", "csv.yaml", "plan", folder=folder)
    again = cached(bench, "bonusctl plan, again", "--config", "csv.yaml", "plan", folder=folder)
    again.play()
    cases = [bare, start, first, again]
    figures = played(playable(cases), bench.rounds(BENCHMARK.rounds))
    yield from rows(cases, figures)
    hashing, starting, mine = (median(figures[case.name], cpu) for case in (bare, start, again))
    yield Claim(
        what=f"plan again of {bonuses:,} CSV rows, nothing changed: CPU less start-up",
        against="sha256 of config, specs and data",
        value=(mine - starting) / hashing,
        sense="≤",
        limit=5,
    )


BENCHMARK = Benchmark(
    "again",
    "The same plan again",
    "Nothing has changed since the last plan, which had nothing to do. Start-up is what a plan of ten costs against the same state.",
    run,
    5,
)
