"""Writes a new project into a folder. Never overwrites: a file that is there stays as it is, and is reported."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from reconcile.errors import UsageError
from reconcile.scaffold.source import UNKNOWN, Source

_FILES: Final = Path(__file__).parent / "files"
_ALWAYS: Final = (
    ("bonusctl.yaml", "bonusctl.yaml"),
    ("specs/example.yaml", "example.yaml"),
    ("specs/data/week-47.csv", "week-47.csv"),
    (".gitignore", "gitignore"),
)
WORKFLOWS: Final = {
    "github": (".github/workflows/bonusctl.yml", "workflow.yml"),
    "gitlab": (".gitlab-ci.yml", "gitlab-ci.yml"),
}
"""Each CI's file in a project, and its text among ours."""


class Made(NamedTuple):
    """The paths below the folder that were written, and those that were there already."""

    written: tuple[str, ...]
    kept: tuple[str, ...]


def workflow_text(ci: str, source: Source = UNKNOWN) -> str:
    """The workflow of a CI (github, gitlab) that takes bonusctl from `source`."""
    text = (_FILES / WORKFLOWS[ci][1]).read_text("utf-8")
    return text.replace("@ACTION@", source.action).replace("@REQUIREMENT@", source.requirement)


def make_project(folder: Path, *, schemas: Mapping[str, object], ci: str = "none", source: Source = UNKNOWN) -> Made:
    """Write a project's files. `schemas` are the JSON Schemas to put beside it, by file name; `ci`: github, gitlab, none.

    Raises UsageError where the folder cannot be written.
    """
    texts = {path: (_FILES / name).read_text("utf-8") for path, name in _ALWAYS}
    if ci in WORKFLOWS:
        texts[WORKFLOWS[ci][0]] = workflow_text(ci, source)
    for name, schema in schemas.items():
        texts[f".bonusctl/{name}"] = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
    written: list[str] = []
    kept: list[str] = []
    for path, text in texts.items():
        try:
            (written if _write(folder / path, text) else kept).append(path)
        except OSError as error:
            raise UsageError(
                f"{folder / path} cannot be written: {error.strerror}",
                detail=f"Written so far: {', '.join(written) or 'nothing'}.",
                remedy="Choose another folder:\nbonusctl init DIR",
            ) from error
    return Made(tuple(written), tuple(kept))


def repository_above(folder: Path) -> Path | None:
    """The top of the git repository that `folder` lies in, None where it is itself the top, or lies in none."""
    folder = folder.resolve()
    top = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
    return None if top == folder else top


def _write(path: Path, text: str) -> bool:
    """Write a new file; False if there is one (or a link of that name) already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return True
