"""What a step leaves for the next ones: its outputs, and its part of the job's summary, in the files of the runner."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from reconcile.errors import UsageError


def write_outputs(environ: Mapping[str, str], values: Mapping[str, str]) -> None:
    """Append outputs to the file that GITHUB_OUTPUT names; nothing where there is none.

    Each value stands between two lines that nobody can guess, so that no value can end itself and begin another.
    """
    end = f"end-{secrets.token_hex(16)}"
    _append(environ, "GITHUB_OUTPUT", "".join(f"{name}<<{end}\n{value}\n{end}\n" for name, value in values.items()))


def write_summary(environ: Mapping[str, str], text: str) -> None:
    """Append Markdown to the job's summary; nothing where there is none."""
    _append(environ, "GITHUB_STEP_SUMMARY", text if text.endswith("\n") else f"{text}\n")


def _append(environ: Mapping[str, str], variable: str, text: str) -> None:
    path = environ.get(variable, "")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{variable} names a file that cannot be written: {error.strerror}") from error
