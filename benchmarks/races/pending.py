"""An apply with a million payments to make: its memory, and the rate that it keeps."""

from collections.abc import Iterator

from benchmarks.bench import Bench, Benchmark, Finding, below_mb, rows
from benchmarks.measuring import played, rate
from benchmarks.paying import Terms, apply_once, case


def run(bench: Bench) -> Iterator[Finding]:
    """All of them are paid, by hundreds, without latency."""
    terms = Terms(bench.size(1_000_000), 100, 8, 0)
    mine = case("bonusctl apply", "bonusctl apply --auto-approve", lambda: apply_once(bench, terms))
    figures = played([mine], bench.rounds(BENCHMARK.rounds))
    yield from rows([mine], figures, of=rate, unit="payments")
    yield below_mb(f"an apply with {terms.payments:,} payments pending, all paid by hundreds", figures[mine.name], 150)


BENCHMARK = Benchmark(
    "pending",
    "A million payments to make",
    "Nothing was issued; one apply reads a CSV file of 1,000,000 rows and pays all of it, by hundreds.",
    run,
    1,
)
