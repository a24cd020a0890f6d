"""One story with one contender: an emulator of its own, a process for each run, and the ledger in the end."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

from benchmarks.peers import contenders
from benchmarks.peers.contenders import KEPT, ROOT, Contender, Pythons
from benchmarks.peers.counting import Count, count
from benchmarks.peers.stories import DAY_MS, HOUR_MS, Story, bonuses, victims
from tests.support.emulator import EmulatorProcess

_SENDS: Final = {"toloka": "send", "mturk": "send_bonus"}
_LOOK_S: Final = 0.05


def play(story: Story, who: Contender, pythons: Pythons, seed: int) -> Count:
    """Play a story from its beginning, and count. An hour passes in the end: what is under way arrives."""
    with tempfile.TemporaryDirectory(prefix="peers-") as name, EmulatorProcess(Path(name) / "emulator.db") as emulator:
        folder = Path(name) / "project"
        folder.mkdir()
        rows = bonuses(story, who.platform, seed)
        contenders.prepare(who, folder, emulator.endpoint, rows)
        with _Stage(story, who, pythons, folder, emulator) as stage:
            stage.begin()
            emulator.faults(story.faults(victims(seed, [bonus.recipient for bonus in rows])), seed=seed)
            for step in story.steps:
                stage.step(step)
            emulator.advance(HOUR_MS)
            ledger = emulator.ledger()
        payments = ledger["payments"] if who.platform == "toloka" else ledger["mturk"]["payments"]
        return count(
            rows,
            [(row["user_id" if who.platform == "toloka" else "worker_id"], row["amount"]) for row in payments],
            contenders.said(who, pythons, folder, (folder / "out.txt").read_text(), stage.later_ms),
            exits=" ".join(stage.exits),
            sends=ledger["requests"][_SENDS[who.platform]],
            requests=sum(ledger["requests"].values()),
        )


class _Job(NamedTuple):
    """A process under way, and when it was started."""

    process: subprocess.Popen[bytes]
    started_s: float


class _Stage:
    """The moves of one story. `exits` grows with each run, `later_ms` with the time that passes."""

    def __init__(self, story: Story, who: Contender, pythons: Pythons, folder: Path, emulator: EmulatorProcess) -> None:
        self.exits: list[str] = []
        self._story = story
        self._emulator = emulator
        self._folder = folder
        self._environ = contenders.environment(folder)
        self._who, self._pythons = who, pythons
        self.later_ms = 0
        self._out = (folder / "out.txt").open("ab")
        self._err = (folder / "err.txt").open("ab")

    def __enter__(self) -> "_Stage":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()
        self._err.close()

    def begin(self) -> None:
        """What comes before the story."""
        command = contenders.first_of_all(self._who, self._pythons, self._folder)
        if command:
            subprocess.run(
                command, cwd=ROOT, env=self._environ, stdout=subprocess.DEVNULL, stderr=self._err, check=True
            )
            self._pass(HOUR_MS)

    def step(self, name: str) -> None:
        """Make one move."""
        match name:
            case "run":
                self._end(self._start())
            case "again":
                if self.exits[-1] != "0":
                    self._end(self._start())
            case "kill":
                self._kill(self._start())
            case "both":
                pair = self._start(), self._start()
                for job in pair:
                    self._end(job)
                # A tool that lets one of two go first is right to send the other away: nothing is left to do.
                self.exits.sort()
            case "heal":
                self._emulator.faults([])
            case "hour":
                self._pass(HOUR_MS)
            case "day":
                self._pass(DAY_MS)
            case "forget":
                shutil.rmtree(self._folder / KEPT)
                (self._folder / KEPT).mkdir()
            case _:
                raise AssertionError(name)

    def _pass(self, milliseconds: int) -> None:
        self._emulator.advance(milliseconds)
        self.later_ms += milliseconds

    def _command(self) -> list[str]:
        return contenders.command(self._who, self._pythons, self._folder, self._emulator.endpoint, self.later_ms)

    def _start(self) -> _Job:
        process = subprocess.Popen(
            self._command(),
            cwd=ROOT,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
        )
        return _Job(process, time.monotonic())

    def _end(self, job: _Job) -> None:
        try:
            code = str(job.process.wait(max(1, self._story.limit_s - (time.monotonic() - job.started_s))))
        except subprocess.TimeoutExpired:
            job.process.kill()
            job.process.wait()
            code = "K"
        self.exits.append(code)

    def _kill(self, job: _Job) -> None:
        """Kill it when a fault has struck, and what the emulator took in has been carried out; or let it end before."""
        while job.process.poll() is None and not any(fault["struck"] for fault in self._emulator.ledger()["faults"]):
            time.sleep(_LOOK_S)
        if job.process.poll() is None:
            job.process.kill()
            job.process.wait()
            self.exits.append("K")
        else:
            self.exits.append(str(job.process.returncode))
