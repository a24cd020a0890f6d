"""Seen by the kernel: when the first byte of a payment's request leaves, nothing that was written to the state is unsynced.

`strace` tells every write and sync of the state's folder and every byte sent. Where it cannot be had, these tests are not
run, and say so.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from reconcile.emulator.options import ACCOUNT
from tests.kill.launching import ENVIRON, Launcher, Project
from tests.kill.launching_mturk import KEYS
from tests.kill.test_kill_mturk import Project as MTurkProject
from tests.support.emulator import EmulatorProcess

CALLS = "pwrite64,pwritev,write,writev,ftruncate,fsync,fdatasync,unlink,unlinkat,sendto,sendmsg"
# 1234  fdatasync(7</tmp/project/state/bonusctl.db>) = 0, and in two lines where another thread comes between.
LINE = re.compile(r"^(?P<pid>\d+)\s+(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<call>\w+)\((?P<rest>.*))")
FILE = re.compile(r'(?:^\d+<|")(?P<path>[^">]*/state(?:/[^">]*)?)[>"]')


@cache
def missing() -> str:
    """Why strace cannot be used here, "" where it can."""
    found = shutil.which("strace")
    if found is None:
        return "strace is not installed"
    tried = subprocess.run([found, "-f", "-e", "trace=fsync", "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()[-200:]}"


class Sent(NamedTuple):
    """A payment's request: what of the state was not synced when it left, and the syncs since the one before."""

    dirty: frozenset[str]
    syncs: int


TOLOKA, MTURK = '"POST /api/v1/user-bonuses', "x-amz-target: MTurkRequesterServiceV20170117.SendBonus"
"""What a payment's request says before anything else does."""


def follow(trace: str, state: Path, paying: str) -> list[Sent]:
    """Every payment's request in the trace, in order."""
    dirty: set[str] = set()
    under_way: dict[str, tuple[str, str]] = {}
    sent: list[Sent] = []
    syncs = 0
    for line in trace.splitlines():
        found = LINE.match(line)
        if found is None:
            continue
        call, rest, pid = found["call"], found["rest"] or "", found["pid"]
        if found["resumed"]:
            call, rest = under_way.pop(pid, ("", ""))
        elif "<unfinished ...>" in rest:
            under_way[pid] = (call, rest)
            if call in ("fsync", "fdatasync"):
                continue
        elif under_way.get(pid):
            under_way.pop(pid)
        if call in ("sendto", "sendmsg") and paying.lower() in rest.lower() and not found["resumed"]:
            sent.append(Sent(frozenset(dirty), syncs))
            syncs = 0
            continue
        named = FILE.search(rest)
        name = "" if named is None else named["path"].removeprefix(f"{state.parent}/")
        if name.partition("/")[0] != state.name or name.endswith((".lock", ".log")):
            continue
        if call in ("fsync", "fdatasync"):
            syncs += 1
            dirty.discard(name)
        elif call.startswith("unlink"):
            # A commit counts once the journal's name is gone for good: the folder has to be synced as well.
            dirty.discard(name)
            dirty.add("state")
        else:
            dirty.add(name)
    return sent


MODES = {
    "singles": ("", "sandbox", 3),
    "batches": ("    batch_size: 2\n", "sandbox", 2),
    "sync": ("    mode: sync\n", "sandbox", 3),
    "sync batches": ("    mode: sync\n    batch_size: 2\n", "sandbox", 2),
    "yandex": (f"    account: {ACCOUNT}\n", "yandex", 3),
}


@pytest.mark.parametrize("mode", MODES)
def test_the_state_is_synced_before_the_first_byte_of_a_payment_leaves(
    tmp_path: Path, launcher: Launcher, mode: str
) -> None:
    if missing():
        pytest.skip(missing())
    config, environment, requests = MODES[mode]
    with EmulatorProcess(tmp_path / "remote.db", {"latency-ms": 2, "yandex": environment == "yandex"}) as emulator:
        project = Project(tmp_path / "project", launcher, emulator, config, environment=environment, concurrency=1)
        project.ask(w1="10.00", w2="20.00", w3="30.00")
        sent = traced(project.folder, ENVIRON, TOLOKA)
        assert [one.dirty for one in sent] == [frozenset()] * requests
        # The journal, the file, the folder: each commit syncs all three.
        assert min(one.syncs for one in sent) >= 3
        project.assert_true()


def test_the_state_is_synced_before_a_payment_through_mturk_leaves(tmp_path: Path) -> None:
    if missing():
        pytest.skip(missing())
    with EmulatorProcess(tmp_path / "remote.db", {"latency-ms": 2}) as emulator:
        project = MTurkProject(tmp_path / "project", emulator.endpoint, marked=False)
        config = project.folder / "bonusctl.yaml"
        config.write_text(config.read_text().replace("settle_window", "concurrency: 1, settle_window"))
        asked = project.ask("c")
        sent = traced(project.folder, os.environ | KEYS, MTURK)
        assert [one.dirty for one in sent] == [frozenset()] * asked.total()
        paid = emulator.mturk_payments()
    assert len(paid) == asked.total()


def traced(folder: Path, environ: Mapping[str, str], paying: str) -> list[Sent]:
    """A whole apply under strace, which ends with 0."""
    trace = folder.parent / "trace"
    command = ["strace", "-f", "-y", "-s", "600", "-e", f"trace={CALLS}", "-o", str(trace), sys.executable]
    done = subprocess.run(
        [*command, "-m", "reconcile", "apply", "--auto-approve"],
        cwd=folder,
        env={**environ, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return follow(trace.read_text(errors="replace"), folder / "state", paying)


def test_a_trace_with_the_request_before_the_sync_is_seen_as_such() -> None:
    """The reading of traces itself: what is written and not synced when the request leaves."""
    state = Path("/p/state")
    lines = [
        '7 pwrite64(5</p/state/bonusctl.db-journal>, "a", 1, 0) = 1',
        "7 fdatasync(5</p/state/bonusctl.db-journal>) = 0",
        '7 pwrite64(4</p/state/bonusctl.db>, "a", 1, 0) = 1',
        "7 fdatasync(4</p/state/bonusctl.db> <unfinished ...>",
        '8 sendto(9<socket:[1]>, "POST /api/v1/user-bonuses?async", 9, 0, NULL, 0) = 9',
        "7 <... fdatasync resumed>) = 0",
        '7 unlink("/p/state/bonusctl.db-journal") = 0',
        '8 sendto(9<socket:[1]>, "POST /api/v1/user-bonuses?async", 9, 0, NULL, 0) = 9',
        "7 fdatasync(6</p/state>) = 0",
        '8 sendto(9<socket:[1]>, "POST /api/v1/user-bonuses?async", 9, 0, NULL, 0) = 9',
    ]
    assert follow("\n".join(lines), state, TOLOKA) == [
        Sent(frozenset({"state/bonusctl.db"}), 1),
        Sent(frozenset({"state"}), 1),
        Sent(frozenset(), 1),
    ]
