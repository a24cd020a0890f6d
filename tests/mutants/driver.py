"""Runs one mutant against tests or histories, in a child of its own made by fork: what it planted dies with it.

Not for use inside of a process with threads: `run_mutants` is a program of its own.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.mutants.plugin import Watching
from tests.mutants.switching import Switch

Plant = Callable[[Switch], None]


class Verdict(NamedTuple):
    """What came of it. `ran`: tests or histories until it was noticed, or all of them. `calls`: of the planted code.
    `by`: the test or history that noticed it, "" for none. `broken`: why nothing can be said.
    """

    ran: int
    calls: int
    by: str = ""
    error: str = ""
    broken: str = ""

    @property
    def killed(self) -> bool:
        """Noticed, with the mutant active."""
        return bool(self.by) and self.calls > 0 and not self.broken


def against_tests(plants: Sequence[Plant], arguments: Sequence[str], seconds: int) -> Verdict:
    """Plant, run pytest until the first failure."""

    def work(switch: Switch) -> tuple[int, str, str, str]:
        watching = Watching(switch)
        folder = tempfile.mkdtemp(prefix="mutant-")
        quiet = "ignore::pytest.PytestAssertRewriteWarning"  # what is imported already was not rewritten
        options = ["-q", "-x", "-W", quiet, "-p", "no:cacheprovider", f"--basetemp={folder}/t"]
        code = pytest.main([*options, *arguments], plugins=[watching])
        shutil.rmtree(folder, ignore_errors=True)
        broken = "" if code in (0, 1) else f"pytest ended with {int(code)}"
        return watching.seen.ran, watching.seen.failed, watching.seen.error, broken

    return in_child(plants, work, seconds)


def against_histories(plants: Sequence[Plant], play: Callable[[Path], tuple[int, str, str]], seconds: int) -> Verdict:
    """Plant, and play histories in a folder: `play` returns how many it took, which one failed and why."""

    def work(switch: Switch) -> tuple[int, str, str, str]:
        folder = Path(tempfile.mkdtemp(prefix="mutant-"))
        try:
            return (*play(folder), "")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return in_child(plants, work, seconds)


def in_child(plants: Sequence[Plant], work: Callable[[Switch], tuple[int, str, str, str]], seconds: int) -> Verdict:
    """Fork, plant, work: `work` returns how much ran, what noticed, with which error, and why nothing can be said."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover (the child)
        os.close(reading)
        os.setsid()
        signal.alarm(seconds)
        with os.fdopen(writing, "w") as told:
            told.write(json.dumps(_work(plants, work)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Verdict(*json.loads(text)) if text else Verdict(0, 0, broken=f"not done within {seconds} s")


def _work(plants: Sequence[Plant], work: Callable[[Switch], tuple[int, str, str, str]]) -> Verdict:
    switch = Switch()
    for plant in plants:
        plant(switch)
    printed = io.StringIO()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            ran, by, error, broken = work(switch)
    except BaseException:  # noqa: BLE001 (the child tells its parent whatever happened)
        return Verdict(0, switch.calls.total(), broken=traceback.format_exc(limit=-3)[-600:])
    return Verdict(ran, switch.calls.total(), by, error, broken)


def main() -> None:
    """`python -m tests.mutants.driver NAME TESTS…`: one mutant against these tests."""
    from tests.mutants.registry import BY_NAME
    from tests.mutants.switching import load_everything

    load_everything()
    print(against_tests([BY_NAME[sys.argv[1]].plant], sys.argv[2:], 600))


if __name__ == "__main__":
    main()
