"""What a GitHub Actions job knows of itself: repository, commit, branch, and the pull request it works for.

Read from the variables and the event file that the runner sets. Nothing of it is obeyed: names and hashes are taken by
their pattern or not at all.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from reconcile.errors import UsageError
from reconcile.providers.strict_json import JsonError, parse_json

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9-]{1,100}/[A-Za-z0-9._-]{1,100}", re.ASCII)
COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)
"""A commit's whole name."""
_BRANCH: Final = "refs/heads/"
_EVENT_BYTES_MAX: Final = 16 * 1024 * 1024


class PullRequest(NamedTuple):
    """The pull request of an event, into the branch `base`. `fork`: its commits come from another repository, so the job
    may only read.
    """

    number: int
    base: str
    head_sha: str
    fork: bool


class Event(NamedTuple):
    """A job's event. `repository` is OWNER/NAME, `sha` the commit that is checked out, `branch` "" where it is none,
    `run_url` this run's page, `workspace` the folder that the repository was checked out into.
    """

    name: str
    repository: str
    sha: str
    branch: str
    run_url: str
    workspace: Path
    pull_request: PullRequest | None


def read_event(environ: Mapping[str, str]) -> Event:
    """The event of this job. Raises UsageError where this is no job of GitHub Actions or says nothing usable."""
    repository, sha = environ.get("GITHUB_REPOSITORY", ""), environ.get("GITHUB_SHA", "")
    if environ.get("GITHUB_ACTIONS") != "true" or not _REPOSITORY.fullmatch(repository) or not COMMIT.fullmatch(sha):
        raise UsageError(
            "This is no job of GitHub Actions",
            detail="GITHUB_ACTIONS, GITHUB_REPOSITORY and GITHUB_SHA are what the runner sets there.",
            remedy="Elsewhere, plan and apply as in a shell:\n"
            "bonusctl plan --format markdown --mask-recipients\nbonusctl apply --expect-digest DIGEST",
        )
    name, ref = environ.get("GITHUB_EVENT_NAME", ""), environ.get("GITHUB_REF", "")
    server = environ.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/")
    return Event(
        name=name,
        repository=repository,
        sha=sha,
        branch=ref.removeprefix(_BRANCH) if ref.startswith(_BRANCH) else "",
        run_url=f"{server}/{repository}/actions/runs/{environ.get('GITHUB_RUN_ID', '0')}",
        workspace=Path(environ.get("GITHUB_WORKSPACE") or ".").resolve(),
        pull_request=_pull_request(environ) if name == "pull_request" else None,
    )


def _pull_request(environ: Mapping[str, str]) -> PullRequest:
    """The pull request in the event's file. Raises UsageError where there is none that can be read."""
    try:
        with Path(environ.get("GITHUB_EVENT_PATH", "")).open("rb") as file:
            found = _from_payload(parse_json(file.read(_EVENT_BYTES_MAX)))
    except (OSError, JsonError) as error:
        raise _unreadable(str(error)) from error
    if found is None:
        raise _unreadable("It names no pull request with a number, a base and a head commit.")
    return found


def _from_payload(payload: object) -> PullRequest | None:
    pull = field(payload, "pull_request")
    number, base, head = field(pull, "number"), field(pull, "base", "ref"), field(pull, "head", "sha")
    if not isinstance(number, int) or number < 1 or not isinstance(base, str) or not base:
        return None
    if not isinstance(head, str) or not COMMIT.fullmatch(head):
        return None
    theirs, ours = field(pull, "head", "repo", "full_name"), field(pull, "base", "repo", "full_name")
    # A fork that was deleted has no repository any more: that is not ours either.
    return PullRequest(number, base, head, fork=theirs is None or theirs != ours)


def _unreadable(detail: str) -> UsageError:
    return UsageError("The file that GITHUB_EVENT_PATH names is no pull request's event", detail=detail)


def field(value: object, *names: str) -> object:
    """What stands under these names, one inside the other; None where something is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
