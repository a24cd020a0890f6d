"""Large plans with nothing to do, remembered: `plan` of the same files against the same state is answered from here.

Only a plan without a row, a doubt, a refusal or a diagnostic is kept, and only `plan` asks for one; apply plans itself, always.
An entry is found again where all of these are what they were: this program, the config, every spec and data file byte by byte,
the state's file untouched since and its head, the day by UTC, the folder where the user stands and the BONUSCTL_ variables.
Files that change while they are read, or that changed so lately that a further change might not show, are never kept.

Entries lie in the user's own cache folder, never in the project: what somebody commits or merges is not believed.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from reconcile import __version__
from reconcile.diagnostics import Diagnostics
from reconcile.errors import BonusctlError
from reconcile.plan.model import CampaignSummary, Plan, ProviderSummary
from reconcile.project.cache_files import read_entry, write_entry
from reconcile.project.specs import Chosen, choose
from reconcile.spec.files import (
    CONFIG_BYTES_MAX,
    DATA_BYTES_MAX,
    SPEC_BYTES_MAX,
    DataFile,
    open_below,
    open_regular,
)
from reconcile.spec.report import Unreadable
from reconcile.state.checked import Stamp, stamp, stamp_at_rest, stamp_of
from reconcile.state.reader import open_reader
from reconcile.times import utc_day_start

FORMAT: Final = 1
KEPT_BYTES_MIN: Final = 4 << 20
"""Specs and data below this are planned as quickly as they are recognised."""
SETTLED_NS: Final = 2_000_000_000
"""How long ago a file must have changed: the coarsest clock of a file system ticks every two seconds."""


class Seen(NamedTuple):
    """A file as it was read: `parts` below `folder` (a data file) or none (`folder` is the file), its stamp and SHA-256."""

    folder: str
    parts: tuple[str, ...]
    stamp: Stamp
    digest: str


class _Changed(Exception):
    """A file is not, or does not stay, what it was."""


class PlanCache:
    """The remembered plan of a run's specs. `now_ms` is the moment for which both are planned."""

    def __init__(self, chosen: Chosen) -> None:
        project = chosen.project
        self.now_ms = project.clock.now_ms()
        self._chosen = chosen
        self._begun_ns = time.time_ns()
        self._entry = _entry_path(chosen)
        self._before = None if self._entry is None else _stamps(self._watched())

    def find(self) -> Plan | None:
        """The plan that was kept, where it is surely the plan now; else None."""
        found = None if self._entry is None else read_entry(self._entry)
        if found is None or self._before is None:
            return None
        try:
            seen = [Seen(folder, tuple(parts), Stamp(*kept), digest) for folder, parts, kept, digest in found["files"]]
            named = [one.folder for one in seen if not one.parts]
            if found["key"] != self._key() or found["state"] != list(self._state()) or named != self._named():
                return None
            with open_reader(self._chosen.project.state_path) as reader:
                head = reader.head() if reader is not None else None
            plan = _plan(found["plan"])
            if head is None or plan.head != f"{head.sequence}:{head.hash}":
                return None
            if any(_digest(one)[1] != one.digest for one in seen) or found["state"] != list(self._state()):
                return None
        except (_Changed, OSError, Unreadable, KeyError, TypeError, ValueError, ArithmeticError):
            return None
        return plan

    def keep(self, plan: Plan, met: Sequence[DataFile]) -> None:
        """Remember a plan that was made of these data files, if it can be recognised again. Never raises for the cache's sake."""
        if self._entry is None or self._before is None or not _is_clean(plan):
            return
        if any(provider.day_ms != utc_day_start(self.now_ms) for provider in plan.providers):
            return
        if sum(one.status.st_size for one in met) + sum(one.size for one in self._before[2:]) < KEPT_BYTES_MIN:
            return
        with suppress(_Changed, OSError, Unreadable, BonusctlError):
            seen = list(self._seen(met))
            if self._state() != self._before[0] or not self._is_the_same_project():
                return
            if (
                max(max(one.written_ns, one.changed_ns) for one in (self._state(), *(file.stamp for file in seen)))
                > self._begun_ns - SETTLED_NS
            ):
                return
            content = {"key": self._key(), "files": seen, "state": self._before[0], "plan": _record(plan)}
            write_entry(self._entry, content)

    def _watched(self) -> list[Path]:
        """State, config, specs."""
        project = self._chosen.project
        return [project.state_path, project.settings.path, *(file.path for file in self._chosen.files)]

    def _seen(self, met: Sequence[DataFile]) -> Iterator[Seen]:
        """Every file with its bytes, each the one that was planned from."""
        assert self._before is not None
        there = [(str(path), (), before) for path, before in zip(self._watched()[1:], self._before[1:], strict=True)]
        data = dict.fromkeys((str(one.folder), one.parts, stamp(one.status)) for one in met)
        for folder, parts, before in (*there, *data):
            seen = Seen(folder, parts, before, "")
            now, digest = _digest(seen)
            if now != before:
                raise _Changed
            yield seen._replace(digest=digest)

    def _named(self) -> list[str]:
        """The config and the specs."""
        return [str(path) for path in self._watched()[1:]]

    def _state(self) -> Stamp:
        found = stamp_at_rest(self._chosen.project.state_path)
        if found is None:
            raise _Changed
        return found

    def _is_the_same_project(self) -> bool:
        """Whether config and heads, read before any file was looked at, say the same still."""
        from reconcile.config import load_config

        chosen, found = self._chosen, Diagnostics()
        settings = load_config(chosen.project.settings.path, found, chosen.project.environ)
        again = choose(chosen.project)
        return settings == chosen.project.settings and not found.found and again == chosen

    def _key(self) -> str:
        """What an entry must agree with besides the bytes of its files and the state."""
        project = self._chosen.project
        variables = sorted((name, value) for name, value in project.environ.items() if name.startswith("BONUSCTL_"))
        parts = [
            FORMAT, __version__, sys.version, _program(), self._named(), str(project.state_path), str(project.folder),
            utc_day_start(self.now_ms), variables,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


# --- plans -----------------------------------------------------------------------------------------------------------


def _is_clean(plan: Plan) -> bool:
    """Whether there is nothing to it but its figures."""
    rows = plan.changes, plan.in_doubt, plan.operations, plan.diagnostics, plan.carried, plan.attributed, plan.accepted
    return bool(plan.lineage) and not any(map(len, rows)) and not plan.refused and not plan.held_back


def _record(plan: Plan) -> dict[str, Any]:
    return {
        "digest": plan.digest,
        "unchanged": plan.unchanged,
        "campaigns": [[_text(value) for value in row] for row in plan.campaigns],
        "providers": [[_text(value) for value in row] for row in plan.providers],
        "orphans_elsewhere": plan.orphans_elsewhere,
        "lineage": plan.lineage,
        "head": plan.head,
        "project": plan.project,
    }


def _plan(found: dict[str, Any]) -> Plan:
    rows = {
        "campaigns": tuple(CampaignSummary._make(map(_value, row)) for row in found["campaigns"]),
        "providers": tuple(ProviderSummary._make(map(_value, row)) for row in found["providers"]),
    }
    return Plan(**{**found, **rows}, changes=(), in_doubt=(), operations=(), diagnostics=(), refused=False)


def _text(value: object) -> object:
    return {"amount": str(value)} if isinstance(value, Decimal) else value


def _value(found: Any) -> Any:
    return Decimal(found["amount"]) if isinstance(found, dict) else found


# --- files -----------------------------------------------------------------------------------------------------------


def _entry_path(chosen: Chosen) -> Path | None:
    """Where the entry of this project lies; None where nothing is remembered: for a part of the project, on request, and
    where the cache folder lies in the project.
    """
    project, scope = chosen.project, chosen.scope
    environ = project.environ
    home = environ.get("XDG_CACHE_HOME") or (f"{environ['HOME']}/.cache" if environ.get("HOME") else "")
    if scope.targets or scope.limit is not None or scope.held != scope.whole:
        return None
    if environ.get("BONUSCTL_PLAN_CACHE") == "off" or not os.path.isabs(home):  # noqa: PTH117 (a text)
        return None
    folder = Path(os.path.realpath(home), "bonusctl", "plans")
    if folder.is_relative_to(os.path.realpath(_top(project.settings.root))):
        return None
    name = hashlib.sha256(json.dumps([str(project.settings.path), str(project.folder)]).encode()).hexdigest()
    return folder / f"{name[:32]}.json"


def _top(root: Path) -> Path:
    """The outermost folder of the working tree that the project is in: what a commit can hold."""
    return next((folder for folder in reversed((root, *root.parents)) if (folder / ".git").exists()), root)


def _stamps(paths: Sequence[Path]) -> list[Stamp] | None:
    try:
        return [stamp_of(path) for path in paths]
    except OSError:
        return None


def _digest(seen: Seen) -> tuple[Stamp, str]:
    """A file's stamp and SHA-256 as it is. Raises _Changed where it changes meanwhile."""
    with _opener(seen)() as file:
        before = stamp(os.fstat(file.fileno()))
        digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # it reads into buffers
        if stamp(os.fstat(file.fileno())) != before:
            raise _Changed
    return before, digest


def _opener(seen: Seen) -> Callable[[], BinaryIO]:
    if seen.parts:
        return partial(open_below, Path(seen.folder), seen.parts, bytes_max=DATA_BYTES_MAX)
    return partial(open_regular, Path(seen.folder), bytes_max=max(SPEC_BYTES_MAX, CONFIG_BYTES_MAX))


def _program() -> list[list[object]]:
    """The files of this program, so that another one with the same version is told from it."""
    package = Path(__file__).parents[1]
    found = [one for folder, _, names in os.walk(package) for one in (Path(folder, name) for name in names)]
    code = sorted(one for one in found if one.suffix == ".py")
    return [[str(one), one.stat().st_size, one.stat().st_mtime_ns] for one in code]
