"""Files: which ones are specs, and how a file is opened that a spec or a config names.

Only regular files are read, never through a symbolic link, a device or a pipe, and never past a size. What a spec
refers to lies below the spec's own folder.
"""

import errno
import os
import re
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from reconcile.errors import UsageError
from reconcile.settings import Settings
from reconcile.spec.report import Unreadable
from reconcile.spec.suggest import closest

SPEC_BYTES_MAX: Final = 1 << 30
DATA_BYTES_MAX: Final = 4 << 30
CONFIG_BYTES_MAX: Final = 1 << 20

_SUFFIXES: Final = (".yaml", ".yml")
# A pipe must not block the run, a link must not lead it elsewhere. Systems without these flags go by the checks below.
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class SpecFile(NamedTuple):
    """A spec: its absolute path, and the path as the user would type it."""

    path: Path
    shown: str


class DataFile(NamedTuple):
    """A data file that was read: the folder of its spec, its parts below that, and what it was when it was opened."""

    folder: Path
    parts: tuple[str, ...]
    status: os.stat_result


# --- which files ---------------------------------------------------------------------------------------------------


def spec_files(settings: Settings, selection: Sequence[str] = (), *, cwd: Path | None = None) -> tuple[SpecFile, ...]:
    """The spec files that `selection` (command line arguments, relative to `cwd`) or the config's `specs` names.

    Folders are walked; hidden files, other suffixes and the config itself are left out. Sorted, each file once.
    Raises UsageError for a path that does not exist or cannot be looked at.
    """
    here = Path.cwd() if cwd is None else cwd
    base, names = (here, tuple(selection)) if selection else (settings.root, settings.specs)
    found: dict[Path, None] = {}
    for name in names:
        path = Path(os.path.normpath(base / name))
        try:
            named = _named(path, links=bool(selection))
        except OSError as error:
            # Longer than any name may be, or in a folder that may not be entered.
            raise UsageError(f"{shown_path(path, here)} cannot be looked at: {error.strerror}") from error
        if named is None:
            raise _missing(path, here, by_config=not selection, settings=settings)
        found.update(dict.fromkeys(named))
    found.pop(Path(os.path.normpath(settings.path)), None)
    return tuple(SpecFile(path, shown_path(path, here)) for path in sorted(found))


def _named(path: Path, *, links: bool) -> list[Path] | None:
    """The files of a folder (of a linked one only with `links`), or the file itself; None if nothing is there."""
    if path.is_dir() and (links or not path.is_symlink()):
        return _walk(path)
    return [path] if path.is_symlink() or path.exists() else None


def shown_path(path: Path, cwd: Path) -> str:
    """`path` as a user in `cwd` would type it: relative where it lies below, or one or two folders up."""
    relative = os.path.relpath(path, cwd)
    return str(path) if relative.startswith(os.path.join("..", "..", "..")) else relative  # noqa: PTH118 (texts)


def _walk(folder: Path) -> list[Path]:
    found = []
    for parent, folders, names in os.walk(folder):
        # A linked folder is not entered, but it is listed as a file, so that reading it says why.
        linked = [name for name in folders if not name.startswith(".") and Path(parent, name).is_symlink()]
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in linked)
        specs = [name for name in names if not name.startswith(".") and name.lower().endswith(_SUFFIXES)]
        found += [Path(parent, name) for name in linked + specs]
    return found


def _missing(path: Path, here: Path, *, by_config: bool, settings: Settings) -> UsageError:
    shown = shown_path(path, here)
    if by_config:
        return UsageError(
            f"{shown}: no such file or folder",
            detail=f"`specs` in {shown_path(settings.path, here)} names it (the default is `specs/`).",
            remedy="Make it, or let `specs` name the file or folder with your specs.",
        )
    near = closest(path.name, _names_in(path.parent))
    return UsageError(
        f"{shown}: no such file or folder",
        remedy=f"Did you mean `{shown_path(path.parent / near, here)}`?" if near else "Check the path of the spec.",
    )


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 (names are all that is wanted)
    except OSError:
        return []


# --- opening -------------------------------------------------------------------------------------------------------


def open_regular(path: Path, *, bytes_max: int) -> BinaryIO:
    """A regular file opened for reading. Raises Unreadable for a link, a pipe, a device, a folder, a file too large."""
    return _opened(lambda: os.open(path, _FLAGS), bytes_max)


def open_below(folder: Path, parts: Sequence[str], *, bytes_max: int) -> BinaryIO:
    """The regular file at `parts` below `folder`, no symbolic link on the way. Raises Unreadable."""
    parent = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        for part in parts[:-1]:
            step = _step(part, parent)
            os.close(parent)
            parent = step
        return _opened(lambda: os.open(parts[-1], _FLAGS, dir_fd=parent), bytes_max)
    finally:
        os.close(parent)


def reference(text: str) -> tuple[str, ...]:
    """The parts of a path that a spec refers to. Raises Unreadable if it does not stay below the spec's folder."""
    if _CONTROL.search(text):
        raise _bad_reference("it holds a control character")
    if _URL.match(text):
        raise _bad_reference("it is a URL, and nothing is fetched while reading specs")
    if text.startswith("~"):
        raise _bad_reference("it begins with `~`, and paths are not expanded")
    if "\\" in text or re.match(r"[A-Za-z]:", text):
        raise _bad_reference("parts of a path are separated by `/`, on every system")
    if text.startswith("/"):
        raise _bad_reference("it is absolute")
    parts = tuple(part for part in text.split("/") if part not in ("", "."))
    if ".." in parts:
        raise _bad_reference("it holds `..`")
    if not parts or text.endswith("/"):
        raise _bad_reference("it names no file")
    return parts


def no_such_file(folder: Path, parts: Sequence[str]) -> Unreadable:
    """The problem of a reference to a file that is not there, with the nearest name that is."""
    near = closest(parts[-1], _names_in(folder.joinpath(*parts[:-1])))
    better = "/".join((*parts[:-1], near))
    return Unreadable(
        "file-missing",
        "The data file does not exist",
        detail="The path counts from the folder of the spec.",
        hint=f"Did you mean `{better}`?" if near else "Check the path, and that the file is in git.",
    )


def _step(part: str, parent: int) -> int:
    try:
        return os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    except (FileNotFoundError, PermissionError):
        raise
    except OSError:
        raise Unreadable(
            "file-link",
            "The path leads through a symbolic link or a file",
            detail="Links are not followed: what a spec says must lie in its own folder, where reviewers see it.",
            hint="Put the file itself below the spec's folder.",
        ) from None


def _opened(opener: Callable[[], int], bytes_max: int) -> BinaryIO:
    try:
        descriptor = opener()
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise Unreadable(
                "file-link",
                "The file is a symbolic link",
                detail="Links are not followed: what a spec says must lie where reviewers see it.",
                hint="Put the file itself here.",
            ) from None
        if error.errno in (errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP):
            raise _not_regular() from None
        raise
    try:
        _check(os.fstat(descriptor), bytes_max)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _check(status: os.stat_result, bytes_max: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _not_regular()
    if status.st_size > bytes_max:
        raise Unreadable(
            "file-size",
            f"The file has {status.st_size:,} bytes, more than the {bytes_max:,} that are read",
            hint="Split it in several files of the same campaign.",
        )


def unreadable(error: OSError) -> Unreadable:
    """The problem of a file that the system does not give."""
    reason = (error.strerror or type(error).__name__).lower()
    return Unreadable("file-unreadable", f"The file cannot be read: {reason}", hint="Check its path and permissions.")


def _not_regular() -> Unreadable:
    return Unreadable(
        "file-kind",
        "This is no regular file",
        detail="Folders, pipes, sockets and devices are not read.",
        hint="Name a file.",
    )


def _bad_reference(why: str) -> Unreadable:
    return Unreadable(
        "file-reference",
        f"The data file's path cannot be used: {why}",
        detail="A spec reads files below its own folder alone.",
        hint="Write a relative path such as `data/week-47.csv`.",
    )
