"""Commands on a state of a million payments: what each costs, without a limit."""

import shutil
from collections.abc import Iterator

from benchmarks import made
from benchmarks.bench import Bench, Benchmark, Finding, ours, playable, rows
from benchmarks.measuring import played

COMMANDS = (
    "status",
    "history",
    "state head",
    f"state list --campaign {made.TEN}",
    f"state list --campaign {made.CAMPAIGN}",
    f"state list --campaign {made.CAMPAIGN} --format json",
    f"state show {made.CAMPAIGN}/{made.recipient(7)}/{made.assignment(7)}",
    "state verify",
    "state export",
)


def run(bench: Bench) -> Iterator[Finding]:
    """Each as a whole process, on a copy of the state."""
    issued = bench.size(1_000_000)
    folder = bench.scratch / "ledger"
    kept = made.project(bench, issued, made.TEN)
    made.copy_of_state(bench, issued, folder)
    shutil.copytree(kept / made.TEN, folder / made.TEN)
    shutil.copy(kept / f"{made.TEN}.yaml", folder / "bonusctl.yaml")
    cases = [ours(f"bonusctl {command}", *command.split(), folder=folder) for command in COMMANDS]
    yield from rows(cases, played(playable(cases), bench.rounds(BENCHMARK.rounds)))


BENCHMARK = Benchmark(
    "ledger",
    "Commands on a state of 1,000,000 payments",
    "Output is thrown away. The first `state verify` after the state was made stands in the first round.",
    run,
    3,
)
