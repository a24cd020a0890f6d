"""What a run takes from this machine: its clocks, who runs it, on which commit."""

import os
import re
import time
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from reconcile.times import SECOND_MS

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)
_CI_COMMITS: Final = ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "GIT_COMMIT")
_CI_ACTORS: Final = (
    ("github", "GITHUB_ACTOR", "GITHUB_RUN_ID"),
    ("gitlab", "GITLAB_USER_LOGIN", "CI_JOB_ID"),
    ("buildkite", "BUILDKITE_BUILD_CREATOR", "BUILDKITE_BUILD_NUMBER"),
    ("circleci", "CIRCLE_USERNAME", "CIRCLE_BUILD_NUM"),
)
# The first is for workflows that know it and cannot say so otherwise: after a merge nothing names the pull request.
_CI_PULL_REQUESTS: Final = (
    "BONUSCTL_PULL_REQUEST",
    "CI_MERGE_REQUEST_IID",
    "BUILDKITE_PULL_REQUEST",
    "CIRCLE_PULL_REQUEST",
    "CHANGE_ID",
)
_PULL_REF: Final = re.compile(r"refs/pull/([0-9]{1,12})/(?:merge|head)", re.ASCII)
_PULL_REQUEST: Final = re.compile(r"[A-Za-z0-9:/._#!-]{1,300}", re.ASCII)
_REF_LENGTH_MAX: Final = 4096
# Linux counts sleep in CLOCK_BOOTTIME; macOS in its CLOCK_MONOTONIC.
_BOOT_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The machine's clocks (`protocol.ports.Clock`)."""

    def now_ms(self) -> int:
        """Wall clock, milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def boottime_ms(self) -> int:
        """Milliseconds since this machine started, sleep included."""
        return time.clock_gettime_ns(_BOOT_CLOCK) // 1_000_000

    def boot_id(self) -> str:
        """Names this boot."""
        return _boot_id()


@cache
def _boot_id() -> str:
    """The kernel's own name for this boot. Where it has none, this process is a boot of its own: then boot times are
    never compared across processes, which errs to the side that does not send.
    """
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return f"process-{uuid.uuid4()}"


def new_id() -> str:
    """A random UUID's text, for a run or a lineage."""
    return str(uuid.uuid4())


def actor(environ: Mapping[str, str]) -> str:
    """Who runs this: `github:alice (run 123)` in CI, else the user's name."""
    for service, name, run in _CI_ACTORS:
        if environ.get(name):
            number = f" (run {environ[run]})" if environ.get(run) else ""
            return f"{service}:{environ[name]}{number}"
    return environ.get("USER") or environ.get("LOGNAME") or _login_name()


def _login_name() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def pull_request(environ: Mapping[str, str]) -> str:
    """The number or address of the pull request that CI says it works for, "" where it says none."""
    found = [environ[name] for name in _CI_PULL_REQUESTS if _PULL_REQUEST.fullmatch(environ.get(name, ""))]
    merge = _PULL_REF.fullmatch(environ.get("GITHUB_REF", ""))
    found += [merge.group(1)] if merge else []
    return next((one for one in found if one != "false"), "")


def host() -> str:
    """The machine's name."""
    return os.uname().nodename


def git_commit(folder: Path, environ: Mapping[str, str]) -> str:
    """The commit that is checked out around `folder`; without one, the pipeline's; "" where there is neither.

    The checkout comes first: a pipeline names the commit that started it, which need not be the one that is read.
    """
    named = (environ.get(name, "") for name in _CI_COMMITS)
    return checked_out_commit(folder) or next((commit for commit in named if _COMMIT.fullmatch(commit)), "")


def checked_out_commit(folder: Path) -> str:
    """The commit that is checked out around `folder`, "" where there is none. Reads git's files and runs nothing."""
    for parent in (folder, *folder.parents):
        git = _git_folder(parent / ".git")
        if git is not None:
            return _head_commit(git)
    return ""


def _git_folder(path: Path) -> Path | None:
    """Git's folder; in a worktree `.git` is a file that names it."""
    if path.is_dir():
        return path
    named = _first_line(path)
    return (path.parent / named.removeprefix("gitdir:").strip()) if named.startswith("gitdir:") else None


def _head_commit(git: Path) -> str:
    head = _first_line(git / "HEAD")
    if not head.startswith("ref: "):
        return head if _COMMIT.fullmatch(head) else ""
    name = head.removeprefix("ref: ")
    if ".." in name or name.startswith("/"):
        return ""
    common = _first_line(git / "commondir")
    shared = git / common if common else git
    commit = _first_line(shared / name) or _packed(shared / "packed-refs", name)
    return commit if _COMMIT.fullmatch(commit) else ""


def _packed(path: Path, name: str) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return next((line.split()[0] for line in file if line.rstrip("\n").endswith(f" {name}")), "")
    except OSError:
        return ""


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline(_REF_LENGTH_MAX).strip()
    except OSError:
        return ""


def seconds(milliseconds: int) -> int:
    """Whole seconds, up."""
    return -(-milliseconds // SECOND_MS)
