"""`make soak`: the long shares, part by part, as many at once as the machine has cores; resumable.

SOAK_SHARES=histories,kills  only these shares         SOAK_MINUTES=30   begin nothing after so many minutes
SOAK_JOBS=4                  so many parts at once     SOAK_SPLIT=1/3    one machine's part of all parts

Parts that were played are kept in `.soak/` and not played again, unless they failed or what they play has changed since; the
folders of several machines can be put together. Ctrl-C or SIGTERM once: what is under way is awaited, the record written.
`docs/soak.json` says what was played, docs/reliability.md shows it. Exit code 1 where anything failed.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from tests.soak.record import ROOT, Played, code_of, git, keep, kept, write_record
from tests.soak.shares import Job, jobs
from tests.support.figures import read

FOLDER: Final = ROOT / ".soak"
LONGEST_S: Final = 3_600
"""A part that takes longer hangs."""


def play(job: Job, commit: str) -> Played:
    """One part, in a process of its own. Its output stands in `.soak/NAME.log`."""
    figures = FOLDER / "figures" / job.name
    shutil.rmtree(figures, ignore_errors=True)
    environ = os.environ | job.environ
    if not job.share.program:
        environ["BONUSCTL_FIGURES"] = str(figures)
    began = time.time()
    with (FOLDER / f"{job.name}.log").open("w") as log:
        try:
            done = subprocess.run(
                [sys.executable, *job.arguments],
                cwd=ROOT,
                env=environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=LONGEST_S,
                check=False,
                start_new_session=True,
            )
            code = done.returncode
        except subprocess.TimeoutExpired:
            code = -1
    return Played(
        share=job.share.name,
        part=job.part,
        parts=job.share.parts,
        commit=commit,
        plays=code_of(job.share),
        code=code,
        began_s=int(began),
        ended_s=int(time.time()),
        tests={test: asdict(tally) for test, tally in read(figures).items()},
    )


class Soak:
    """Plays what is left. `stop` is set when nothing more shall begin."""

    def __init__(self, commit: str, until_s: float) -> None:
        self.stop = threading.Event()
        self._commit = commit
        self._until_s = until_s
        self._lock = threading.Lock()
        self.done = {(one.share, one.part) for one in kept(FOLDER) if one.code == 0}

    def play_all(self, todo: Iterator[Job], at_once: int) -> None:
        """Until all is played, the time is over, or somebody stops it; what is under way is awaited."""
        workers = [threading.Thread(target=self._work, args=(todo,)) for _ in range(at_once)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _work(self, todo: Iterator[Job]) -> None:
        while not self.stop.is_set() and time.monotonic() < self._until_s:
            with self._lock:
                job = next((job for job in todo if (job.share.name, job.part) not in self.done), None)
            if job is None:
                return
            self._tell(job, play(job, self._commit))

    def _tell(self, job: Job, played: Played) -> None:
        """One line, and the end of the output where it failed."""
        with self._lock:
            keep(played, FOLDER)
            seconds, word = played.ended_s - played.began_s, "ok" if played.code == 0 else "FAILED"
            print(
                f"{time.strftime('%H:%M:%S')} {job.name:<14} of {job.share.parts:<4} {word:<6} {seconds:>5} s",
                flush=True,
            )
            if played.code:
                text = (FOLDER / f"{job.name}.log").read_text(errors="replace")
                print("\n".join(text.splitlines()[-60:]), flush=True)


def main() -> int:
    """Play, write the record."""
    FOLDER.mkdir(exist_ok=True)
    names = frozenset(name for name in os.environ.get("SOAK_SHARES", "").split(",") if name)
    part, _, parts = os.environ.get("SOAK_SPLIT", "1/1").partition("/")
    minutes = int(os.environ.get("SOAK_MINUTES", "100000"))
    commit = git("rev-parse", "HEAD")
    altered = bool(git("status", "--porcelain", "--untracked-files=no", "--", "reconcile", "tests"))
    soak = Soak(commit, time.monotonic() + 60 * minutes)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: soak.stop.set())
    soak.play_all(jobs(names, int(part), int(parts)), int(os.environ.get("SOAK_JOBS", str(os.cpu_count() or 1))))
    played = kept(FOLDER)
    write_record(played, altered=altered)
    failed = [f"{one.share}-{one.part:03}" for one in played if one.code]
    print(f"{len(played)} parts played at {commit[:7]}, failed: {', '.join(failed) or 'none'}; docs/soak.json")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
