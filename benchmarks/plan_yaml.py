"""Reading and planning 100,000 YAML bonuses, all of them issued, against the least that the same file can cost.

Each figure is a whole process: CPU seconds (user and system) and peak memory from `wait4`, the median of interleaved
rounds, since only ratios within one run count. Run it with `make bench`; it writes `benchmarks/RESULTS.md`.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconcile.state.events import AdoptedPayment

BONUSES = int(os.environ.get("BENCH_BONUSES", "100000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
LIMIT = "≤ 1.8 of bare, ≤ 150 MB; ≤ 0.3 and ≤ 0.25 of compose"
HERE = Path(__file__).resolve().parent

CONFIG = """\
version: 1
providers:
  toloka: {type: toloka, environment: sandbox}
"""

DRAIN = "import sys, yaml\nfor event in yaml.parse(open(sys.argv[1], 'rb'), Loader=yaml.CBaseLoader): pass"
COMPOSE = "import sys, yaml\nyaml.compose(open(sys.argv[1], 'rb'), Loader=yaml.CSafeLoader)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One process to measure, and the limit for its ratios to the yardsticks, "" for none."""

    name: str
    command: list[str]
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """CPU seconds and peak megabytes of one process."""

    seconds: float
    megabytes: float


def recipient(number: int) -> str:
    return f"{number:032x}"


def write_spec(path: Path) -> None:
    with path.open("w") as file:
        file.write("version: 1\ncampaign: bench\nprovider: toloka\nbonuses:\n")
        for number in range(BONUSES):
            file.write(
                f"  - user_id: {recipient(number)}\n"
                f"    assignment_id: 00001092da--{number:024x}\n"
                f"    amount: {number % 50 + 1}.{number % 100:02d}\n"
                "    public_title: {EN: Great work!}\n"
                f'    public_message: {{EN: "You completed {number % 40} tasks of this week in time, thank you."}}\n'
                f"    private_comment: week 47, batch {number % 200}\n"
            )


def write_state(path: Path) -> None:
    """A state in which all of it was issued, written as events, as an adoption would."""
    from reconcile.model import Account
    from reconcile.state.events import AccountBound, PaymentsAdopted, RunStarted, ScanCompleted
    from reconcile.state.lock import Holder, acquire
    from reconcile.state.sqlite import open_ledger

    lock = acquire(path, Holder(pid=os.getpid(), host="bench", command="bench", since_ms=0), timeout_s=0)
    with open_ledger(
        path, lock=lock, lineage="00000000-0000-4000-8000-000000000001", at_ms=1_700_000_000_000
    ) as ledger:
        at = 1_700_000_000_000
        start = RunStarted(
            run_id="00000000-0000-4000-8000-000000000002",
            epoch=ledger.epoch + 1,
            command="bench",
            actor="bench",
            host="bench",
            git_commit="",
            version="0",
            at_ms=at,
        )
        bound = AccountBound(ledger=1, account=Account("toloka", "sandbox", "r1"), name="r", currency="USD", at_ms=at)
        ledger.commit([start, bound])
        for first in range(0, BONUSES, 1_000):
            payments = tuple(adopted(number, at) for number in range(first, min(first + 1_000, BONUSES)))
            ledger.commit([PaymentsAdopted(ledger=1, payments=payments, at_ms=at)])
        scanned = ScanCompleted(
            ledger=1, started_ms=at, since_ms=None, newest_remote_id="1", newest_ours_ms=at, payments=BONUSES, at_ms=at
        )
        ledger.commit([scanned])
    lock.release()


def adopted(number: int, at_ms: int) -> "AdoptedPayment":
    from reconcile import identity
    from reconcile.model import Identity
    from reconcile.state.events import AdoptedPayment

    bonus = Identity("", "bench", recipient(number), f"00001092da--{number:024x}", "")
    return AdoptedPayment(
        payment_id=identity.payment_id(bonus.bonus_id, 1),
        sequence=1,
        bonus=bonus,
        campaign="bench",
        key="",
        recipient=bonus.recipient,
        assignment_id=bonus.assignment_id,
        amount=Decimal(f"{number % 50 + 1}.{number % 100:02d}"),
        remote_id=str(number + 1),
        created_ms=at_ms,
        texts=(),
    )


def measure(case: Case, folder: Path) -> Figure:
    process = subprocess.Popen(case.command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stderr is not None
    with process.stderr as stream:
        complaint = stream.read().decode()
    assert process.returncode == 0, f"{case.name}: exit {process.returncode}: {complaint}"
    return Figure(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(figures: list[Figure], part: Callable[[Figure], float]) -> float:
    return statistics.median(part(figure) for figure in figures)


def make_project(folder: Path) -> None:
    (folder / "specs").mkdir()
    (folder / "state").mkdir()
    (folder / "bonusctl.yaml").write_text(CONFIG)
    write_spec(folder / "specs" / "bench.yaml")
    write_state(folder / "state" / "bonusctl.db")


def main() -> None:
    if "--make" in sys.argv:
        make_project(Path(sys.argv[-1]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: a child's peak memory counts what its parent held when it was forked.
        subprocess.run([sys.executable, "-m", "benchmarks.plan_yaml", "--make", name], check=True)
        spec = folder / "specs" / "bench.yaml"
        ours = [sys.executable, "-m", "reconcile"]
        cases = [
            Case(name="drain the events (bare)", command=[sys.executable, "-c", DRAIN, str(spec)]),
            Case(name="compose with CSafeLoader", command=[sys.executable, "-c", COMPOSE, str(spec)]),
            Case(name="bonusctl validate", command=[*ours, "validate"]),
            Case(name="bonusctl plan", command=[*ours, "plan"], limit=LIMIT),
        ]
        figures: dict[str, list[Figure]] = {case.name: [] for case in cases}
        for number in range(ROUNDS):
            for case in cases if number % 2 == 0 else reversed(cases):
                figures[case.name].append(measure(case, folder))
        text = report(cases, figures, spec.stat().st_size)
    print(text)
    if "--record" in sys.argv:
        (HERE / "RESULTS.md").write_text(text)


def report(cases: list[Case], figures: dict[str, list[Figure]], size: int) -> str:
    bare, compose = figures[cases[0].name], figures[cases[1].name]
    lines = [
        "# Recorded benchmark runs",
        "",
        f"`make bench` repeats this. {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"CPython {platform.python_version()}, PyYAML {version('pyyaml')}; medians of {ROUNDS} interleaved rounds, "
        "whole processes, CPU seconds.",
        "",
        f"## {BONUSES:,} YAML bonuses ({size / 1e6:.1f} MB: title, message, comment), as many issued, nothing to do",
        "",
        "| process | CPU s | peak MB | to bare | to compose (time) | to compose (memory) | limit |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for case in cases:
        mine = figures[case.name]
        seconds, megabytes = median(mine, lambda f: f.seconds), median(mine, lambda f: f.megabytes)
        lines.append(
            f"| {case.name} | {seconds:.2f} | {megabytes:.0f} | {seconds / median(bare, lambda f: f.seconds):.2f} "
            f"| {seconds / median(compose, lambda f: f.seconds):.2f} "
            f"| {megabytes / median(compose, lambda f: f.megabytes):.2f} | {case.limit} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
