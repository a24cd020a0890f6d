"""The key under which recipients are masked: from the environment, or from a file beside the state.

One key gives one mask to one recipient, so a team keeps one: in CI as the secret `BONUSCTL_MASK_KEY`, elsewhere in the
file that the first masked plan makes, readable by its owner alone. The key appears in no output.
"""

import os
import re
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from reconcile.errors import UsageError
from reconcile.render.mask import KEY_BYTES_MIN, Masker

VARIABLE: Final = "BONUSCTL_MASK_KEY"
FILE_NAME: Final = "mask.key"

_KEY: Final = re.compile(rb"[0-9a-f]{64}\n?")
_READ_MAX: Final = 1_000


def find_masker(environ: Mapping[str, str], folder: Path | None) -> Masker:
    """A masker with the key of the environment, else of the file in `folder`, which is made if it is not there.

    Raises UsageError for a key that is too short, a file that others may read or that holds no key, and where there is
    neither a key nor a folder for one.
    """
    given = environ.get(VARIABLE, "").strip().encode()
    if given:
        if len(given) < KEY_BYTES_MIN:
            raise UsageError(
                f"{VARIABLE} is too short: {KEY_BYTES_MIN} characters at least", remedy=f"Make one:\n{_MAKE}"
            )
        return Masker(given)
    if folder is None:
        raise UsageError(
            f"There is no key to mask with: neither {VARIABLE} nor a config beside whose state one is kept",
            remedy=f"Set {VARIABLE} to a text that nobody can guess:\n{_MAKE}",
        )
    path = folder / FILE_NAME
    with suppress(FileExistsError):
        _make(path)
    return Masker(_read(path))


_MAKE: Final = "python -c 'import secrets; print(secrets.token_hex(32))'"


def _make(path: Path) -> None:
    """A new key in a file that is whole before it has its name. Raises FileExistsError if there is one."""
    if path.exists():
        raise FileExistsError
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(32)}\n")
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError as error:
        raise UsageError(
            f"The key to mask with cannot be kept in {path}: {error.strerror}",
            remedy=f"Set {VARIABLE} instead, to a text that nobody can guess:\n{_MAKE}",
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _read(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"The key to mask with, {path}, cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
            raise UsageError(
                f"The key to mask with, {path}, is no file that its owner alone may read", remedy=f"chmod 600 {path}"
            )
        raw = file.read(_READ_MAX)
    if _KEY.fullmatch(raw) is None:
        raise UsageError(
            f"{path} holds no key to mask with",
            detail="With another key every recipient gets another mask.",
            remedy=f"Put the key back, or take the file away so that a new one is made:\nrm {path}",
        )
    return raw.strip()
