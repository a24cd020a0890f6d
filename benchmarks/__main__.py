"""`make bench`: every benchmark side by side in one go, or those of BENCH_ONLY; the table; and the record.

BENCH_ONLY=NAME,… plays some; BENCH_ROUNDS sets the rounds of all; BENCH_SCALE makes every size smaller and records
nothing, since a limit holds at its own size. `--page` only renders the page from the record.
"""

import compileall
import datetime
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.bench import ROOT, Bench, Benchmark, Finding
from benchmarks.catalog import BENCHMARKS
from benchmarks.machine import commit, machine, versions
from benchmarks.page import PLOT, render_page, terminal_lines
from benchmarks.plot import render_plot
from benchmarks.record import Claim, Entry, Point, Row, read_record, write_record

HERE: Final = Path(__file__).resolve().parent
RECORD: Final = HERE / "results.json"
PAGE: Final = HERE / "RESULTS.md"


def main() -> int:
    """Play, print, record. 2 where a name is no benchmark's."""
    if "--page" in sys.argv:
        write_page(read_record(RECORD), HERE)
        return 0
    scale = float(os.environ.get("BENCH_SCALE") or 1)
    try:
        chosen = choose(os.environ.get("BENCH_ONLY", ""))
    except KeyError as exc:
        print(f"There is no benchmark {exc}. There are: {', '.join(one.name for one in BENCHMARKS)}.")
        return 2
    # As an installed package is: nobody waits for a first compilation.
    compileall.compile_dir(ROOT / "reconcile", quiet=1)
    kept = ROOT / ".bench"
    kept.mkdir(exist_ok=True)
    for one in chosen:
        with tempfile.TemporaryDirectory(dir=kept) as scratch, tempfile.TemporaryDirectory() as caches:
            entry = play(one, bench_of(os.environ, kept=kept, scratch=Path(scratch), caches=Path(caches)))
        print(f"\n{entry.title} ({one.name}, {entry.seconds} s)", *terminal_lines(entry), sep="\n", flush=True)
        if scale == 1:
            # After each, so that a run that is broken off keeps what it has.
            write_record(RECORD, {**read_record(RECORD), one.name: entry})
            write_page(read_record(RECORD), HERE)
    if scale != 1:
        print(f"\nA quick look at {scale:g} of each size: nothing was recorded.")
    return 0


def bench_of(environ: Mapping[str, str], *, kept: Path, scratch: Path, caches: Path) -> Bench:
    """The bench that the environment asks for."""
    return Bench(
        scale=float(environ.get("BENCH_SCALE") or 1),
        asked_rounds=int(environ.get("BENCH_ROUNDS") or 0),
        kept=kept,
        scratch=scratch,
        caches=caches,
        peers=ROOT / ".venv-bench" / "bin" / "python",
        kit=ROOT / ".venv-kit" / "bin" / "python",
    )


def choose(only: str) -> list[Benchmark]:
    """The benchmarks of a list of names, all for none. Raises KeyError for a name that is none."""
    by_name = {one.name: one for one in BENCHMARKS}
    names = [name.strip() for name in only.split(",") if name.strip()]
    for name in names:
        if name not in by_name:
            raise KeyError(name)
    return [one for one in BENCHMARKS if not names or one.name in names]


def play(one: Benchmark, bench: Bench) -> Entry:
    """One benchmark, from its making to its findings."""
    where = machine()
    began = time.monotonic()
    findings: list[Finding] = list(one.run(bench))
    return Entry(
        title=one.title,
        text=one.text,
        commit=commit(),
        day=datetime.datetime.now(datetime.UTC).date().isoformat(),
        rounds=bench.rounds(one.rounds),
        seconds=round(time.monotonic() - began),
        machine=where,
        versions=versions(bench),
        rows=tuple(found for found in findings if isinstance(found, Row)),
        claims=tuple(found for found in findings if isinstance(found, Claim)),
        points=tuple(found for found in findings if isinstance(found, Point)),
    )


def write_page(entries: Mapping[str, Entry], folder: Path) -> None:
    """Write the page and the plot that it shows."""
    (folder / PAGE.name).write_text(render_page(entries, [one.name for one in BENCHMARKS]), "utf-8")
    points = [point for entry in entries.values() for point in entry.points]
    if points:
        (folder / PLOT).write_text(render_plot(points), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
