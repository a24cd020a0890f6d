"""Paying, against bare httpx that posts the same bodies to the same server and records nothing."""

import sys
from collections.abc import Iterator

from benchmarks.bench import Bench, Benchmark, Finding, Limit, compare, rows
from benchmarks.measuring import cpu, paying_rate, played, rate
from benchmarks.paying import Terms, apply_once, case, post_once
from benchmarks.record import Claim
from benchmarks.serving import Counted

BATCHES_50 = "by hundreds, 50 ms, 8 in flight"
BATCHES_0 = "by hundreds, 0 ms, 8 in flight"
SINGLES = "one by one, 50 ms, 32 in flight"
LIMITS = {BATCHES_50: 0.9, BATCHES_0: 0.65, SINGLES: 0.7}


def terms_of(bench: Bench) -> dict[str, Terms]:
    """What is paid, and how."""
    return {
        BATCHES_50: Terms(bench.size(100_000), 100, 8, 50),
        BATCHES_0: Terms(bench.size(100_000), 100, 8, 0),
        SINGLES: Terms(bench.size(5_000), 1, 32, 50),
    }


def run(bench: Bench) -> Iterator[Finding]:
    """Three ways, each in pairs."""
    for way, terms in terms_of(bench).items():
        yield from _pairs(bench, way, terms)


def _pairs(bench: Bench, way: str, terms: Terms) -> Iterator[Finding]:
    counts: list[Counted] = []
    bare = case(
        f"bare httpx, {way}",
        f"python yardsticks/post_bodies.py … {terms.slots}",
        lambda: post_once(bench, terms, sys.executable),
    )
    mine = case(f"bonusctl, {way}", "bonusctl apply --auto-approve", lambda: apply_once(bench, terms), counts)
    figures = played([bare, mine], bench.rounds(BENCHMARK.rounds))
    yield from rows([bare, mine], figures, of=rate, unit="payments")
    ours, theirs, limit = figures[mine.name], figures[bare.name], Limit("≥", LIMITS[way])
    what = f"apply {way}, durable before and after"
    yield compare(f"{what}: rate while paying", "bare httpx", ours, theirs, limit, part=paying_rate)
    yield compare(f"{what}: rate of the whole process", "bare httpx", ours, theirs, limit, part=rate)
    yield compare(f"{what}: CPU", "bare httpx", ours, theirs, Limit("", 0), part=cpu)
    for counted in counts:
        assert (counted.payments, counted.repeats, counted.operations) == (terms.payments, 0, counted.posts), counted
    needed = -(-terms.payments // terms.batch)
    yield Claim(
        what=f"requests for {terms.payments:,} payments in batches of {terms.batch}, each with its own id",
        against=f"{needed:,}",
        value=float(max((counted.posts for counted in counts), key=lambda posts: abs(posts - needed))),
        sense="=",
        limit=float(needed),
    )


BENCHMARK = Benchmark(
    "paying",
    "Paying",
    "One server, a process of its own, answers every request after one latency. Bare httpx posts bodies that were made "
    "before, and keeps nothing; `bonusctl apply` reads its spec, plans, writes each request to the journal before its "
    "first byte leaves and its outcome after, and reads back what was paid. *While paying* is from the first request's "
    "arrival to the last answer, by the server's clock; the whole process has reading and planning too.",
    run,
    3,
)
