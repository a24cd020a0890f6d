"""What a command costs before it does anything: help, version, and a plan of ten against a state of a million."""

import subprocess
import sys
from collections.abc import Iterator

from benchmarks import made
from benchmarks.bench import (
    OURS,
    Bench,
    Benchmark,
    Finding,
    Limit,
    compare,
    ours,
    playable,
    process,
    rows,
    uncached,
    yardstick,
)
from benchmarks.measuring import played
from benchmarks.record import Claim

HEAVY = ("httpx", "deepdiff", "sqlite_utils", "rich", "yaml", "boto3", "asyncio")
LIBRARIES = "import click, yaml, sqlite3, decimal, hashlib, json, csv"
"""What no plan can do without: how far the limit for one is from what these cost shows what is left for our own code."""
HEAVY_FOR_PLAN = ("httpx", "deepdiff", "boto3", "asyncio")


def run(bench: Bench) -> Iterator[Finding]:
    """Start-up, and what is imported in it."""
    issued = bench.size(1_000_000)
    folder = made.project(bench, issued, made.TEN)
    bare = process("python -c pass", [sys.executable, "-c", "pass"], folder=folder, shown="python -c pass")
    click = yardstick("a bare click program, --help", "bare_click.py", "--help", folder=folder)
    versioned = yardstick("a bare click program, --version", "bare_click.py", "--version", folder=folder)
    helped = ours("bonusctl --help", "--help", folder=folder)
    version = ours("bonusctl --version", "--version", folder=folder)
    ten = uncached(bench, "bonusctl plan of ten", "--config", "ten.yaml", "plan", folder=folder)
    least = process(
        "its libraries alone", [sys.executable, "-c", LIBRARIES], folder=folder, shown=f"python -c '{LIBRARIES}'"
    )
    cases = [bare, click, versioned, helped, version, least, ten]
    figures = played(playable(cases), bench.rounds(BENCHMARK.rounds))
    yield from rows(cases, figures)
    yield compare("--help: CPU", "a bare click program", figures[helped.name], figures[click.name], Limit("≤", 1.3))
    yield compare(
        "--version: CPU", "a bare click program", figures[version.name], figures[versioned.name], Limit("≤", 1.3)
    )
    what = f"no-op plan of 10 against a state of {issued:,}: CPU"
    yield compare(what, "python -c pass", figures[ten.name], figures[bare.name], Limit("≤", 6.5))
    yield compare(what, least.name, figures[ten.name], figures[least.name], Limit("", 0))
    yield compare(f"{LIBRARIES}: CPU", "python -c pass", figures[least.name], figures[bare.name], Limit("", 0))
    for arguments, heavy in (("--help", HEAVY), ("--version", HEAVY), ("--config ten.yaml plan", HEAVY_FOR_PLAN)):
        command = [sys.executable, "-X", "importtime", *OURS[1:], *arguments.split()]
        told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        yield Claim(
            what=f"{arguments.split()[-1]}: imports of {', '.join(heavy)}",
            against="none",
            value=float(len(imported(told.stderr) & set(heavy))),
            sense="=",
            limit=0.0,
        )


def imported(told: str) -> set[str]:
    """The packages in what `-X importtime` told: lines of `import time: own | sum | name`."""
    names = {line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")}
    return {name.partition(".")[0] for name in names}


BENCHMARK = Benchmark(
    "startup",
    "Starting up",
    "Small processes, played many times.",
    run,
    21,
)
