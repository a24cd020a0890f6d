"""The end of a command by a mistake of ours: one sentence, what is true, and a file with the traceback.

The file is for its owner alone (0600) and holds no secret: values of the credential variables are taken out of it.
"""

import os
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from reconcile import __version__
from reconcile.cli.failures import ERROR, refusal_document, wants_json
from reconcile.cli.invocation import Invocation
from reconcile.providers.secrets import Secret
from reconcile.redaction import Redactor

_SECRET_PREFIXES: Final = ("TOLOKA_", "BONUSCTL_", "AWS_", "GITHUB_TOKEN")
_WRITES: Final = frozenset({"apply", "refresh", "resolve", "import", "restore"})


def report_crash(error: BaseException, *, invocation: Invocation, arguments: Sequence[str]) -> int:
    """Write the crash file and say so."""
    folder = invocation.project.state_folder if invocation.project is not None else None
    path = write_crash(error, folder=folder, environ=invocation.environ, arguments=arguments)
    where = f"The details are in {path}." if path is not None else "The details could not be written to a file."
    summary = f"bonusctl met a mistake of its own ({type(error).__name__})."
    true_now = _what_is_true(arguments)
    console = invocation.console
    console.message(f"{console.paint('Error:', 'red')} {summary}\n\n{true_now} {where}")
    if wants_json(arguments):
        console.document(refusal_document(reason="crash", error=summary, detail=true_now))
    return ERROR


def write_crash(
    error: BaseException, *, folder: Path | None, environ: Mapping[str, str], arguments: Sequence[str]
) -> Path | None:
    """The file's path; None if neither `folder` nor the temporary folder takes it."""
    text = crash_text(error, environ=environ, arguments=arguments)
    name = f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    for place in (folder, Path(tempfile.gettempdir())):
        if place is None or not place.is_dir():
            continue
        try:
            handle = os.open(place / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except OSError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return place / name
    return None


def crash_text(error: BaseException, *, environ: Mapping[str, str], arguments: Sequence[str]) -> str:
    """Versions, command line and traceback (without the values of variables), redacted."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=False).format()
    head = f"bonusctl {__version__}\nPython {sys.version}\nCommand: {' '.join(arguments)}\n\n"
    return Redactor(secrets_of(environ)).clean(head + "".join(lines))


def secrets_of(environ: Mapping[str, str]) -> tuple[Secret, ...]:
    """The values of variables that may hold a credential."""
    return tuple(
        Secret(value) for name, value in environ.items() if name.startswith(_SECRET_PREFIXES) and len(value) >= 8
    )


def _what_is_true(arguments: Sequence[str]) -> str:
    if _WRITES.isdisjoint(arguments):
        return "This command moves no money and changed nothing in the state."
    return (
        "Whatever was sent stands in the state's journal: nothing is forgotten, and nothing will be paid twice. "
        "Run `bonusctl refresh` to see what is true."
    )
