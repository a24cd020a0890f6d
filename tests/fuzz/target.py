"""What is fuzzed: a reader of files or answers, its corpus, and whether an input was taken, refused or broke it."""

import io
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from reconcile.cli.app import execute

# Nothing that a terminal would obey: control characters, direction overrides, odd line ends.
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069]")
OUR_MISTAKE = "met a mistake of its own"


class Target(ABC):
    """One thing that reads what a stranger wrote. `take` returns whether the input was valid; it raises
    AssertionError, or whatever else escapes, where the promise is broken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.closing = ExitStack()
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Make what all inputs share; what must be ended goes to `closing`."""

    @abstractmethod
    def corpus(self) -> Sequence[bytes]:
        """Files to alter: true ones and broken ones."""

    @abstractmethod
    def generate(self) -> st.SearchStrategy[bytes]:
        """Inputs that have the format's shape."""

    @abstractmethod
    def take(self, data: bytes) -> bool:
        """Read one input."""


class Ended(NamedTuple):
    """A command that has ended, in this process."""

    code: int
    out: str
    err: str


def command(*arguments: str) -> Ended:
    """Run a command line in the present folder, and hold it to what every command promises: an exit code of ours, no
    traceback, nothing that a terminal would obey, and a reason wherever it failed.
    """
    out, err = io.BytesIO(), io.BytesIO()
    out_text, err_text = (io.TextIOWrapper(stream, encoding="utf-8", write_through=True) for stream in (out, err))
    with redirect_stdout(out_text), redirect_stderr(err_text):
        code = execute(arguments)
    ended = Ended(code, out.getvalue().decode(), err.getvalue().decode())
    assert OUR_MISTAKE not in ended.err, f"{arguments}:\n{ended.err}\n{_crash_file()}"
    assert "Traceback" not in ended.err, f"{arguments}:\n{ended.err}"
    assert code in (0, 1, 2, 3), f"{arguments} ended with {code}"
    for text in (ended.out, ended.err):
        found = OBEYED.search(text)
        assert found is None, f"{arguments} wrote {found!r}"
    _explained(arguments, ended)
    return ended


def _explained(arguments: Sequence[str], ended: Ended) -> None:
    if "json" in arguments:
        document = json.loads(ended.out)
        assert ended.code != 1 or document.get("reason") or document.get("diagnostics"), f"{arguments}: {document}"
    elif ended.code == 1:
        assert ended.err.strip() or ended.out.strip(), f"{arguments} failed without a word"


def _crash_file() -> str:
    """The newest crash file, and it is gone: each failure shows its own."""
    places = [Path("state"), Path(os.environ.get("TMPDIR", "/nowhere")), Path()]
    for path in (path for place in places for path in place.glob("crash-*.txt")):
        text = path.read_text()
        path.unlink()
        return text
    return "(no crash file)"


def in_turn(counter: int, *choices: str) -> str:
    """One of several, by a count."""
    return choices[counter % len(choices)]
