"""Reading what a provider says was paid, all of it known already, against bare httpx on the same pages."""

import shutil
import sys
from collections.abc import Iterator

from benchmarks import made
from benchmarks.bench import OURS, YARDSTICKS, Bench, Benchmark, Finding, Limit, compare, rows
from benchmarks.measuring import Case, Figure, measure, played
from benchmarks.serving import serving

CONFIG = """\
version: 1
providers:
  toloka: {{type: toloka, environment: sandbox, endpoint: {endpoint}}}
"""


def run(bench: Bench) -> Iterator[Finding]:
    """`refresh --full`, and the same list paged bare."""
    payments = bench.size(100_000)
    folder = bench.scratch / "refresh"
    (folder / "specs").mkdir(parents=True)
    with serving(latency_ms=0, issued=made.listed_file(bench, payments)) as server:
        (folder / "bonusctl.yaml").write_text(CONFIG.format(endpoint=server.endpoint))
        pages = [sys.executable, str(YARDSTICKS / "page_bonuses.py"), server.endpoint]
        bare = Case("bare httpx, paging", "python yardsticks/page_bonuses.py …", lambda: measure(pages, folder=folder))

        def refresh() -> Figure:
            shutil.rmtree(folder / "state", ignore_errors=True)
            made.copy_of_state(bench, payments, folder)
            return measure([*OURS, "refresh", "--full"], folder=folder, environ={"TOLOKA_TOKEN": "any"})

        mine = Case("bonusctl refresh --full", "bonusctl refresh --full", refresh)
        figures = played([bare, mine], bench.rounds(BENCHMARK.rounds))
    yield from rows([bare, mine], figures)
    what = f"refresh of {payments:,} issued payments: CPU"
    yield compare(what, "bare httpx paging the same list", figures[mine.name], figures[bare.name], Limit("≤", 2))


BENCHMARK = Benchmark(
    "refresh",
    "Reading what was paid",
    "Every payment that the provider lists is in the state already. Bare httpx reads the same pages and decodes their JSON.",
    run,
    3,
)
