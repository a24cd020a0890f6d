"""The benchmarks there are, in the order in which they are run and shown."""

from typing import Final

from benchmarks.bench import Benchmark
from benchmarks.races import (
    again,
    data_plan,
    growth,
    kit,
    ledger,
    paying,
    peers_plan,
    pending,
    refresh,
    startup,
    yaml_plan,
)

BENCHMARKS: Final[tuple[Benchmark, ...]] = tuple(
    module.BENCHMARK
    for module in (yaml_plan, data_plan, growth, again, peers_plan, startup, paying, kit, pending, refresh, ledger)
)
