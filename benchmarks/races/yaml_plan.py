"""Reading and planning YAML bonuses, all of them issued, against the least that the same file can cost."""

from collections.abc import Iterator

from benchmarks import made
from benchmarks.bench import (
    Bench,
    Benchmark,
    Finding,
    Limit,
    below_mb,
    compare,
    ours,
    playable,
    rows,
    uncached,
    yardstick,
)
from benchmarks.measuring import memory, played


def run(bench: Bench) -> Iterator[Finding]:
    """The event stream, compose, validate and plan of one file."""
    bonuses = bench.size(100_000)
    folder = made.project(bench, bonuses, "yaml")
    spec = str(folder / "yaml" / "bench.yaml")
    bare = yardstick("drain the events (bare)", "drain_yaml.py", spec, folder=folder)
    tree = yardstick("compose with CSafeLoader", "compose_yaml.py", spec, folder=folder)
    validate = ours("bonusctl validate", "--config", "yaml.yaml", "validate", folder=folder)
    plan = uncached(bench, "bonusctl plan", "--config", "yaml.yaml", "plan", folder=folder)
    cases = [bare, tree, validate, plan]
    figures = played(playable(cases), bench.rounds(BENCHMARK.rounds))
    yield from rows(cases, figures)
    mine = figures[plan.name]
    what = f"plan of {bonuses:,} full YAML bonuses, as many issued"
    yield compare(f"{what}: CPU", "bare event stream", mine, figures[bare.name], Limit("≤", 1.8))
    yield below_mb(what, mine, 150)
    yield compare(f"{what}: CPU", "yaml.compose", mine, figures[tree.name], Limit("≤", 0.3))
    yield compare(f"{what}: memory", "yaml.compose", mine, figures[tree.name], Limit("≤", 0.25), part=memory)


BENCHMARK = Benchmark(
    "yaml",
    "A plan of 100,000 YAML bonuses",
    "Each bonus has a title, a message and a comment of its own; as many were issued, nothing is to do.",
    run,
    3,
)
