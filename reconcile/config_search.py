"""Where the config is: from the working folder upward, as far as the files are surely the user's own."""

import os
import stat
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Final

from reconcile.errors import UsageError

CONFIG_NAME: Final = "bonusctl.yaml"


def find_config(start: Path, *, home: Path, environ: Mapping[str, str]) -> Path:
    """The nearest config from `start` upward: to the git root, or, outside of a repository, below `home`.

    Never above either, never a file or folder of another owner, never in a folder that everybody may write to. The git
    root is looked for as git does it: not from GIT_CEILING_DIRECTORIES upward. Raises UsageError.
    """
    start = start.resolve()
    ceilings = {Path(text) for text in environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep) if text}
    passed: list[Path] = []
    for folder in _folders(start, home.resolve(), ceilings):
        config = folder / CONFIG_NAME
        if os.path.lexists(config):
            _refuse_strangers(folder, config, start)
            return config
        passed.append(folder)
    where = f"{passed[0]}" if len(passed) == 1 else f"{passed[0]} and the folders above it, up to {passed[-1]}"
    raise UsageError(
        f"no {CONFIG_NAME} found",
        detail=f"Looked in {where}.",
        remedy="Make a project, or name the config:\nbonusctl init\nbonusctl --config FILE plan",
    )


def _folders(start: Path, home: Path, ceilings: set[Path]) -> list[Path]:
    """The folders to look in, nearest first."""
    upward = [start, *start.parents]
    known = list(takewhile(lambda folder: folder not in ceilings, upward)) or [start]
    root = next((folder for folder in known if (folder / ".git").exists()), None)
    if home in upward and (root is None or root in home.parents):
        # A repository above home is not this user's project.
        return upward[: upward.index(home)] or [start]
    return [start] if root is None else upward[: upward.index(root) + 1]


def _refuse_strangers(folder: Path, config: Path, start: Path) -> None:
    """Raise for a config that someone else could have put there."""
    status = config.lstat()
    if stat.S_ISLNK(status.st_mode) or not stat.S_ISREG(status.st_mode):
        raise UsageError(
            f"{config} is not a regular file", remedy="Name the config itself:\nbonusctl --config FILE plan"
        )
    if not hasattr(os, "getuid"):
        return
    ours = (os.getuid(), 0)
    above = folder.stat()
    if status.st_uid not in ours or above.st_uid not in ours:
        raise UsageError(
            f"{config} belongs to another user",
            detail="A config says where money goes; one that someone else wrote is not taken by itself.",
            remedy=f"If it is meant, name it:\nbonusctl --config {config} plan",
        )
    open_folder = above.st_mode & stat.S_IWOTH and (folder != start or above.st_uid != os.getuid())
    if status.st_mode & stat.S_IWOTH or open_folder:
        raise UsageError(
            f"{config} stands where every user may write",
            detail="A config says where money goes; one that anybody may have written is not taken by itself.",
            remedy=f"If it is meant, name it:\nbonusctl --config {config} plan",
        )
