"""Paying, against Toloka's own client in the three ways that a script can use it."""

from collections.abc import Iterator

from benchmarks.bench import Bench, Benchmark, Finding, Limit, compare, lacking, playable, rows
from benchmarks.measuring import Case, NotRun, paying_rate, played, rate
from benchmarks.paying import Terms, apply_once, case, kit_once

WAYS = {
    "sync": ("create_user_bonuses, async_mode=False, by hundreds", 5_000, 7),
    "default": ("create_user_bonuses, its default, by hundreds", 1_000, 25),
    "single": ("create_user_bonus, one by one", 20, 500),
}


def run(bench: Bench) -> Iterator[Finding]:
    """Rates are compared: the slow ways pay fewer."""
    terms = Terms(bench.size(20_000), 100, 8, 50)
    mine = case("bonusctl, by hundreds", "bonusctl apply --auto-approve", lambda: apply_once(bench, terms))
    kits = {way: _kit(bench, way, label, bench.size(payments)) for way, (label, payments, _) in WAYS.items()}
    figures = played(playable([mine, *kits.values()]), bench.rounds(BENCHMARK.rounds))
    yield from rows([mine, *kits.values()], figures, of=rate, unit="payments")
    for way, (label, _, limit) in WAYS.items():
        theirs = figures.get(kits[way].name)
        against = f"toloka-kit, {label}"
        what = "apply by hundreds, 50 ms: rate while paying"
        yield compare(what, against, figures[mine.name], theirs, Limit("≥", limit), part=paying_rate)


def _kit(bench: Bench, way: str, label: str, payments: int) -> Case | NotRun:
    name = f"toloka-kit, {label}"
    lacks = lacking(bench.kit, "toloka")
    if lacks:
        return NotRun(name, lacks)
    terms = Terms(payments, 1 if way == "single" else 100, 1, 50)
    return case(name, f"python yardsticks/kit_pay.py {way} …", lambda: kit_once(bench, terms, way))


BENCHMARK = Benchmark(
    "kit",
    "Paying: toloka-kit",
    "The same server after 50 ms. toloka-kit sends one request at a time, as its own examples do.",
    run,
    1,
)
