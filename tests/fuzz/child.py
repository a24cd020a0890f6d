"""One fuzzed target in a process of its own, with its memory and its processor time bounded.

`python -m tests.fuzz.child specs mutate 500 7 FOLDER`: 500 inputs of `specs` altered from seed 7, in FOLDER. The last
line on standard output is JSON: cases, valid, refused, the worst case's milliseconds, the memory at its peak and what
one case added to it, and what failed. FOLDER keeps the inputs: `worst` took longest, `hungriest` the most memory;
`last` is the one that ended the process where one did (no memory, no time left, a dead C library).
"""

import json
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.mutate import mutated
from tests.fuzz.target import Target
from tests.fuzz.target_answers import Answers
from tests.fuzz.target_specs import Configs, Lines, Specs, Tables, TabTables
from tests.fuzz.target_state import Exports, Payments, SavedPlans

TARGETS: Final[dict[str, type[Target]]] = {
    "specs": Specs,
    "csv": Tables,
    "tsv": TabTables,
    "jsonl": Lines,
    "config": Configs,
    "plans": SavedPlans,
    "exports": Exports,
    "payments": Payments,
    "answers": Answers,
}
MEMORY_BYTES_MAX: Final = 512 * 1024 * 1024
"""What a process may take beyond what it has when its modules are loaded."""
CASE_CPU_S_MAX: Final = 20
FAILURES_MAX: Final = 5


@dataclass(slots=True)
class Tally:
    """What was seen so far."""

    cases: int = 0
    valid: int = 0
    refused: int = 0
    worst_ms: int = 0
    worst_bytes: int = 0
    peak_mb: int = 0
    grown_mb: int = 0
    failures: list[str] = field(default_factory=list)


def bound_resources() -> None:
    """From here on more memory is MemoryError, and a case that never ends is the process's end (SIGPROF)."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES_MAX
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forget_peak() -> None:
    """From here on the peak counts anew: what makes the inputs takes memory, too."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> int:
    """The most memory that this process had since then, in MiB. (What getrusage says begins with the parent's.)"""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def run(target: Target, last: Path, tally: Tally) -> Callable[[bytes], None]:
    """A function that takes one input and counts it; raises where the promise is broken."""

    def one(data: bytes) -> None:
        last.write_bytes(data)
        signal.setitimer(signal.ITIMER_PROF, CASE_CPU_S_MAX)
        forget_peak()
        began, before = time.process_time_ns(), peak_mb()
        try:
            if target.take(data):
                tally.valid += 1
            else:
                tally.refused += 1
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            milliseconds = (time.process_time_ns() - began) // 1_000_000
            tally.cases += 1
            peak = peak_mb()
            tally.peak_mb = max(tally.peak_mb, peak)
            if peak - before > tally.grown_mb:
                tally.grown_mb = peak - before
                (last.parent / "hungriest").write_bytes(data)
            if milliseconds > tally.worst_ms:
                tally.worst_ms, tally.worst_bytes = milliseconds, len(data)
                (last.parent / "worst").write_bytes(data)

    return one


def mutate(target: Target, one: Callable[[bytes], None], cases: int, number: int, tally: Tally) -> None:
    """Altered bytes of the corpus."""
    draw, corpus = random.Random(number), target.corpus()
    for _ in range(cases):
        data = mutated(draw, corpus)
        try:
            one(data)
        except Exception:  # noqa: BLE001 (whatever it is, it is a finding)
            kept = f"failed-{len(tally.failures)}"
            (target.folder / kept).write_bytes(data)
            tally.failures.append(f"{kept}, {len(data)} bytes {data[:200]!r}\n{traceback.format_exc(limit=-12)}")
            if len(tally.failures) >= FAILURES_MAX:
                return


def generate(target: Target, one: Callable[[bytes], None], cases: int, number: int, tally: Tally) -> None:
    """Inputs with a shape; what fails is shrunk."""

    @seed(number)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(target.generate())
    def check(data: bytes) -> None:
        one(data)

    try:
        check()
    except Exception:  # noqa: BLE001
        (target.folder / "failed-shrunk").write_bytes((target.folder / "last").read_bytes())
        tally.failures.append(traceback.format_exc(limit=-12))


def main(name: str, how: str, cases: int, number: int, folder: Path) -> int:
    """Returns 1 where something failed."""
    folder.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    target = TARGETS[name](folder)
    bound_resources()
    with target.closing:
        one = run(target, folder / "last", tally)
        (mutate if how == "mutate" else generate)(target, one, cases, number, tally)
    found = {
        "target": name,
        "how": how,
        "cases": tally.cases,
        "valid": tally.valid,
        "refused": tally.refused,
        "worst_cpu_ms": tally.worst_ms,
        "worst_bytes": tally.worst_bytes,
        "peak_mb": tally.peak_mb,
        "grown_mb": tally.grown_mb,
        "failures": tally.failures,
    }
    print(json.dumps(found))
    return 1 if tally.failures else 0


if __name__ == "__main__":
    _, target_name, how_, cases_, seed_, folder_ = sys.argv
    sys.exit(main(target_name, how_, int(cases_), int(seed_), Path(folder_)))
