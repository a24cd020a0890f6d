"""The real command on a disk that breaks: the kernel answers one of its syncs, writes or reads with EIO.

`strace` puts the error in the call's place, so that nothing of what was asked is done. Where it cannot be had, these
tests are not run, and say so.
"""

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from reconcile import identity
from reconcile.state.reader import open_reader
from tests.kill.launching import ENVIRON, Ended, Launcher, Project
from tests.kill.test_kill_sync_order import TOLOKA
from tests.support.emulator import EmulatorProcess

TRACED = "fsync,fdatasync,pwrite64,pread64,unlink,sendto,sendmsg"
SYNCS = "fsync,fdatasync"
CALLS_MAX = 1_000
READS = ("state_corrupt", "state_write_failed", "state_unreadable")
"""What a read that failed is called: SQLite itself says that a page is damaged which the disk does not give."""
BROKEN = re.compile(r"= -1 EIO \(.*\) \(INJECTED\)$")
FILE = re.compile(r'\w+\((?:\d+<|")[^">]*/state(?P<name>/[^">]*)?[>"]')
FOLDER = ""
"""The name of the state's folder among its files."""


@cache
def missing() -> str:
    """Why strace cannot break calls here, "" where it can."""
    found = shutil.which("strace")
    if found is None:
        return "strace is not installed"
    command = [found, "-f", "--seccomp-bpf", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO", "true"]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"strace may not break calls here: {tried.stderr.strip()[-200:]}"


@pytest.fixture
def emulator(tmp_path: Path) -> "EmulatorProcess":
    if missing():
        pytest.skip(missing())
    return EmulatorProcess(tmp_path / "remote.db", {"latency-ms": 1, "daily-limit": 0, "run-ms": 0})


class Broken(NamedTuple):
    """An apply under strace. `broke`: whether a call was broken. Of the first one: the state's file, None where it was none of
    the state's; the call on the state before it; how many requests that pay left before it and after it.
    """

    ended: Ended
    broke: bool
    file: str | None
    before: str
    sent_before: int
    sent_after: int


def apply_broken(project: Project, *injections: str) -> Broken:
    """A whole apply under strace, which breaks what `injections` name (strace's own words)."""
    trace = project.folder / "trace"
    asked = [word for one in injections for word in ("-e", f"inject={one}")]
    command = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-y",
        "-s",
        "64",
        "-e",
        f"trace={TRACED}",
        *asked,
        "-o",
        str(trace),
        sys.executable,
    ]
    done = subprocess.run(
        [*command, "-m", "reconcile", "apply", "--auto-approve", "--format", "json"],
        cwd=project.folder,
        env={**ENVIRON, "HOME": str(project.folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = whole(trace.read_text(errors="replace"))
    at = next((place for place, line in enumerate(lines) if BROKEN.search(line)), len(lines))
    paying = [TOLOKA in line for line in lines]
    of_state = [line for line in lines[: at + 1] if FILE.search(line)]
    named = FILE.search(lines[at]) if at < len(lines) else None
    return Broken(
        Ended(done.returncode, False, done.stdout, done.stderr, ()),
        at < len(lines),
        None if named is None else (named["name"] or FOLDER),
        of_state[-2].split("(")[0] if len(of_state) > 1 else "",
        sum(paying[:at]),
        sum(paying[at:]),
    )


def whole(trace: str) -> list[str]:
    """The calls of a trace in the order of their ends, without process ids; one that another thread came between is put
    together again. A request that pays counts where it begins.
    """
    begun: dict[str, str] = {}
    lines = []
    for line in trace.splitlines():
        pid, _, rest = line.partition(" ")
        rest = rest.strip()
        if rest.endswith("<unfinished ...>"):
            begun[pid] = rest.removesuffix("<unfinished ...>")
            if TOLOKA in rest:
                lines.append(begun.pop(pid))
        elif rest.startswith("<... "):
            if pid in begun:
                lines.append(begun.pop(pid) + rest.partition(" resumed>")[2])
        else:
            lines.append(rest)
    return lines


def assert_stopped(project: Project, broken: Broken) -> None:
    """The run ended as one whose write failed, sent nothing more, and what it had heard is recorded or printed."""
    ended = broken.ended
    assert (ended.code, ended.json()["reason"]) == (1, "state_write_failed"), ended
    assert "could not be written: disk I/O error" in ended.json()["error"]
    assert "Nothing more is sent." in ended.err
    assert "run `bonusctl apply` again: it begins by recovering." in ended.err
    assert "Traceback" not in ended.err
    assert broken.sent_after == 0
    assert_heard(project, ended)


def assert_heard(project: Project, ended: Ended) -> None:
    """What the provider was asked has its outcome in the state, or stands on stderr for whoever reads it."""
    printed = set(re.findall(r'"operation_id": "([0-9a-f-]+)"', ended.err))
    assert unheard(project) <= printed, ended.err


def unheard(project: Project) -> set[str]:
    """The ids of operations that the provider has, and of whose newest send the state knows no outcome."""
    with open_reader(project.folder / "state" / "bonusctl.db") as reader:
        found = (
            [] if reader is None else [one for row in reader.ledgers() for one in reader.open_operations(row.ledger)]
        )
    remote = project.emulator.ledger()
    there = {row["id"] for row in remote["operations"]} | {row["operation_id"] for row in remote["payments"]}
    open_ids = {identity.to_text(one.operation_id) for one in found if one.sends and one.sends[-1].outcome is None}
    return open_ids & there


def ask(project: Project, number: int) -> None:
    """A campaign of its own, so that there is something to pay."""
    project.ask(f"c{number}", **{f"w{number}": "10.00", f"x{number}": "20.00"})


# How many syncs lie between two that fail: a commit has five, and each of the five has its turn.
MODES = {"singles": ("", 4), "batches": ("    batch_size: 2\n", 8), "sync": ("    mode: sync\n", 9)}


@pytest.mark.parametrize("mode", MODES)
def test_a_sync_that_fails_ends_the_run_before_anything_more_is_sent(
    tmp_path: Path, launcher: Launcher, emulator: EmulatorProcess, mode: str
) -> None:
    config, stride = MODES[mode]
    with emulator:
        project = Project(tmp_path / "project", launcher, emulator, config, concurrency=1)
        after_a_send = overlooked = 0
        for number in range(1, CALLS_MAX, stride):
            ask(project, number)
            broken = apply_broken(project, f"{SYNCS}:error=EIO:when={number}")
            if not broken.broke:
                assert broken.ended.code == 0
                project.assert_true()
                break
            if broken.file == FOLDER and broken.before != "unlink":
                # SQLite does not say that the journal's name was not synced where it was made. It does, once the
                # name is gone, before the commit is done: what a request rests on is on the disk.
                assert broken.ended.code == 0
                overlooked += 1
                continue
            assert_stopped(project, broken)
            after_a_send += broken.sent_before > 0
            project.apply()
            project.assert_true()
        assert (after_a_send >= 1, overlooked >= 1) == (True, True)


def test_a_write_that_fails_ends_the_run_before_anything_more_is_sent(
    tmp_path: Path, launcher: Launcher, emulator: EmulatorProcess
) -> None:
    with emulator:
        project = Project(tmp_path / "project", launcher, emulator, concurrency=1)
        after_a_send = 0
        for number in range(2, CALLS_MAX, 37):
            ask(project, number)
            broken = apply_broken(project, f"pwrite64:error=EIO:when={number}")
            if not broken.broke:
                assert broken.ended.code == 0
                project.assert_true()
                break
            assert broken.file in ("/bonusctl.db", "/bonusctl.db-journal")
            assert_stopped(project, broken)
            after_a_send += broken.sent_before > 0
            project.apply()
            project.assert_true()
        assert after_a_send >= 2


def test_a_lock_that_cannot_be_signed_holds_all_the_same(
    tmp_path: Path, launcher: Launcher, emulator: EmulatorProcess
) -> None:
    with emulator:
        project = Project(tmp_path / "project", launcher, emulator, concurrency=1)
        ask(project, 1)
        broken = apply_broken(project, "pwrite64:error=EIO:when=1")
        assert (broken.file, broken.ended.code) == ("/bonusctl.db.lock", 0)
        project.assert_true()


def test_what_came_back_is_printed_where_the_disk_is_gone_for_good(
    tmp_path: Path, launcher: Launcher, emulator: EmulatorProcess
) -> None:
    """Not one sync succeeds after the first payment's request has left: nor that of the file beside the state."""
    with emulator:
        project = Project(tmp_path / "project", launcher, emulator, concurrency=1)
        for number in (1, 2):
            ask(project, number)
            assert apply_broken(project).ended.code == 0
        calls = whole((project.folder / "trace").read_text(errors="replace"))
        first = next(place for place, call in enumerate(calls) if TOLOKA in call)
        syncs = [call.partition("(")[0] for call in calls[:first] if call.startswith(("fsync(", "fdatasync("))]
        starts = {"fsync": 1, "fdatasync": 1, syncs[0]: len(syncs) + 1}
        # The third run is as the second, up to its first request. strace counts each of the two calls by itself.
        ask(project, 3)
        broken = apply_broken(project, *(f"{call}:error=EIO:when={start}+" for call, start in starts.items()))
        assert_stopped(project, broken)
        assert broken.sent_before == 1
        assert len(unheard(project)) == 1
        assert "They are kept in" not in broken.ended.err
        project.apply()
        project.assert_true()


def test_a_read_that_fails_is_a_refusal_and_loses_nothing(
    tmp_path: Path, launcher: Launcher, emulator: EmulatorProcess
) -> None:
    with emulator:
        project = Project(tmp_path / "project", launcher, emulator, concurrency=1)
        ask(project, 0)
        project.apply()
        refused = 0
        for number in range(1, CALLS_MAX, 8):
            ask(project, number)
            broken = apply_broken(project, f"pread64:error=EIO:when={number}")
            if not broken.broke:
                assert broken.ended.code == 0
                project.assert_true()
                break
            if broken.file is None:
                # The loader's own read, before there is a bonusctl.
                continue
            assert broken.ended.code == 1
            assert broken.ended.json()["reason"] in READS, broken.ended
            if broken.ended.json()["reason"] == "state_corrupt":
                assert "A disk that fails to read looks the same: the file may be whole." in broken.ended.err
            assert "Traceback" not in broken.ended.err
            assert broken.sent_after == 0
            assert_heard(project, broken.ended)
            refused += 1
            project.apply()
            project.assert_true()
        assert refused >= 10


def test_a_trace_tells_what_was_broken_and_what_left_before() -> None:
    """The reading of traces itself, with a call that another thread came between."""
    lines = [
        '8 sendto(9<socket:[1]>, "POST /api/v1/user-bonuses?async", 9, 0, NULL, 0 <unfinished ...>',
        "7 fdatasync(5</p/state/bonusctl.db-journal> <unfinished ...>",
        "8 <... sendto resumed>) = 9",
        "7 <... fdatasync resumed>) = -1 EIO (Input/output error) (INJECTED)",
    ]
    calls = whole("\n".join(lines))
    assert calls == [
        'sendto(9<socket:[1]>, "POST /api/v1/user-bonuses?async", 9, 0, NULL, 0 ',
        "fdatasync(5</p/state/bonusctl.db-journal> ) = -1 EIO (Input/output error) (INJECTED)",
    ]
    assert BROKEN.search(calls[1])
    found = FILE.search(calls[1])
    assert found is not None
    assert found["name"] == "/bonusctl.db-journal"
