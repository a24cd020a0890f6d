"""The program git, called with a fixed list of arguments: no shell, no hook, no question, bounded time.

It is used for two things alone: the branch that holds the state, and what the specs' commit is. Neither touches the
work tree, the index or the branch that is checked out. Git gets none of our providers' secrets, and what it says is rid
of the credentials in addresses before anybody sees it.
"""

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Final, NamedTuple
from urllib.parse import unquote

from reconcile.errors import BonusctlError
from reconcile.providers.secrets import MASK, Secret
from reconcile.redaction import Redactor

LOCAL_S: Final = 60
NETWORK_S: Final = 600
SAID_MAX: Final = 4_000

# What belongs to another repository, or would write secrets into what git says.
_NOT_FOR_GIT: Final = re.compile(
    r"GIT_(?:DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|NAMESPACE|PREFIX|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES"
    r"|QUARANTINE_PATH|CURL_VERBOSE|TRACE.*|.*_PATHSPECS|EXTERNAL_DIFF|EDITOR|SEQUENCE_EDITOR)|(?:TOLOKA|BONUSCTL|AWS)_.*"
)
_ALWAYS: Final = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"),
    *("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "advice.detachedHead=false"),
)
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/\s@]+@")


class GitFailed(BonusctlError):
    """Git could not do what was asked of it."""

    reason = "git"


class Done(NamedTuple):
    """How a call ended: exit code, standard output, and what was said, safe to repeat."""

    code: int
    out: bytes
    said: str

    @property
    def text(self) -> str:
        """The output as text, without the line end."""
        return self.out.decode("utf-8", "surrogateescape").rstrip("\n")


class Git:
    """Git in a folder. Every call may raise GitFailed where the program is not there or does not end in time."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        kept = {name: value for name, value in environ.items() if not _NOT_FOR_GIT.fullmatch(name)}
        self.environ = kept | {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        self._redactor = Redactor()

    def hide(self, address: str) -> None:
        """Never repeat the credentials that this address of a remote holds."""
        for found in _CREDENTIALS.findall(address):
            for part in found[:-1].split(":"):
                self._redactor.add(Secret(part))
                self._redactor.add(Secret(unquote(part)))

    def run(
        self, *arguments: str, given: bytes = b"", environ: Mapping[str, str] | None = None, limit_s: int = LOCAL_S
    ) -> Done:
        """Run git to its end, whatever its exit code is."""
        with self._started(arguments, environ, given=bool(given)) as process:
            try:
                out, err = process.communicate(given or None, timeout=limit_s)
            except subprocess.TimeoutExpired:
                raise self._too_slow(arguments, limit_s) from None
            return Done(process.returncode, out, self._safe(err))

    def text(self, *arguments: str, given: bytes = b"", environ: Mapping[str, str] | None = None) -> str:
        """What git prints. Raises GitFailed with what it said, unless it ends with 0."""
        done = self.run(*arguments, given=given, environ=environ)
        if done.code != 0:
            raise self.failed(arguments, done)
        return done.text

    def failed(self, arguments: Sequence[str], done: Done) -> GitFailed:
        """The error for a call that did not end well."""
        return GitFailed(
            f"`git {arguments[0]}` ended with {done.code}", detail=done.said or "It said nothing.", remedy=""
        )

    @contextmanager
    def lines(self, *arguments: str) -> Iterator[Iterator[str]]:
        """What git prints, line by line as it comes, with line ends. Whoever reads it may stop early."""
        with self._started(arguments, None, given=False) as process:
            timer = Timer(NETWORK_S, _kill, (process,))
            timer.daemon = True
            timer.start()
            try:
                yield self._lines(process, arguments)
            finally:
                timer.cancel()

    def _lines(self, process: "subprocess.Popen[bytes]", arguments: Sequence[str]) -> Iterator[str]:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            yield line.decode("utf-8")
        err = process.stderr.read()
        if process.wait() != 0:
            raise self.failed(arguments, Done(process.returncode, b"", self._safe(err)))

    @contextmanager
    def _started(
        self, arguments: Sequence[str], environ: Mapping[str, str] | None, *, given: bool
    ) -> Iterator["subprocess.Popen[bytes]"]:
        try:
            process = subprocess.Popen(  # noqa: S603 (a fixed program; names were checked)
                ["git", *_ALWAYS, *arguments],  # noqa: S607 (as a person has it in PATH)
                cwd=self.folder,
                env={**self.environ, **(environ or {})},
                stdin=subprocess.PIPE if given else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # A session of its own has no terminal: nothing below it can ask a person, and it ends as a whole.
                start_new_session=True,
            )
        except OSError as error:
            raise GitFailed(f"git cannot be run: {error.strerror}", remedy="Install git.") from error
        with process:
            try:
                yield process
            finally:
                _kill(process)

    def _too_slow(self, arguments: Sequence[str], limit_s: int) -> GitFailed:
        return GitFailed(f"`git {arguments[0]}` did not end in {limit_s} seconds", remedy="Run it again.")

    def _safe(self, said: bytes) -> str:
        text = said.decode("utf-8", "replace").strip()
        return _CREDENTIALS.sub(f"{MASK}@", self._redactor.clean(text))[-SAID_MAX:]


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End git and what it started, if it has not ended."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
