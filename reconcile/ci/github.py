"""GitHub's comments, commit statuses and pull requests, as far as plans need them: typed calls, nothing decided here."""

from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import quote

from reconcile.ci.api import Api, ApiProblem
from reconcile.ci.event import COMMIT, field

DESCRIPTION_MAX: Final = 140
"""Characters that a status's description holds."""
BOT: Final = "github-actions[bot]"
"""Who writes with a workflow's own token."""

_PAGE: Final = 100
_PAGES_MAX: Final = 50


class Status(NamedTuple):
    """A commit status. `login`: who made it."""

    context: str
    state: str
    description: str
    target_url: str
    login: str


class Pull(NamedTuple):
    """A pull request. `merge_sha` is the commit by which it came into `base`, "" where it is not merged; `fork`: its
    commits come from another repository.
    """

    number: int
    merged: bool
    merge_sha: str
    base: str
    head_sha: str
    fork: bool


class GitHub:
    """One repository (OWNER/NAME) on one server. Every call raises ApiProblem where it did not do its work."""

    def __init__(self, api: Api, repository: str) -> None:
        self._api = api
        self._base = f"/repos/{repository}"

    def find_comment(self, number: int, marker: str, login: str) -> int | None:
        """The id of the oldest comment of `login` on a pull request that begins with `marker`."""
        for row in self._pages(f"{self._base}/issues/{number}/comments"):
            body, found = field(row, "body"), field(row, "id")
            ours = field(row, "user", "login") == login and isinstance(body, str) and body.startswith(marker)
            if ours and isinstance(found, int):
                return found
        return None

    def create_comment(self, number: int, body: str) -> None:
        """Write a new comment on a pull request."""
        self._api.send("POST", f"{self._base}/issues/{number}/comments", {"body": body})

    def update_comment(self, comment: int, body: str) -> None:
        """Put another text into a comment."""
        self._api.send("PATCH", f"{self._base}/issues/comments/{comment}", {"body": body})

    def create_status(self, sha: str, status: Status) -> None:
        """Set a commit's status; `login` is the token's own, whatever it says."""
        value = {
            "state": status.state,
            "context": status.context,
            "description": status.description[:DESCRIPTION_MAX],
            "target_url": status.target_url,
        }
        self._api.send("POST", f"{self._base}/statuses/{sha}", value)

    def statuses(self, sha: str) -> Iterator[Status]:
        """A commit's statuses, newest first."""
        for row in self._pages(f"{self._base}/commits/{sha}/statuses"):
            yield Status(
                context=_text(row, "context"),
                state=_text(row, "state"),
                description=_text(row, "description"),
                target_url=_text(row, "target_url"),
                login=_text(row, "creator", "login"),
            )

    def pulls_of(self, sha: str) -> Iterator[Pull]:
        """The pull requests that a commit belongs to."""
        for row in self._pages(f"{self._base}/commits/{sha}/pulls"):
            yield _pull(row)

    def pull(self, number: int) -> Pull:
        """One pull request."""
        return _pull(self._api.get(f"{self._base}/pulls/{number}"))

    def contains(self, sha: str, older: str) -> bool:
        """Whether `older` is in the history of `sha`, or the same commit."""
        target = f"{self._base}/compare/{quote(older, safe='')}...{quote(sha, safe='')}?per_page=1"
        return _text(self._api.get(target), "status") in ("ahead", "identical")

    def _pages(self, target: str) -> Iterator[object]:
        for page in range(1, _PAGES_MAX + 1):
            rows = self._api.get(f"{target}?per_page={_PAGE}&page={page}")
            if not isinstance(rows, list):
                raise ApiProblem(f"GitHub's answer to GET {target} is no list.")
            yield from rows
            if len(rows) < _PAGE:
                return


def _pull(row: object) -> Pull:
    number, head_sha = field(row, "number"), _text(row, "head", "sha")
    merged = isinstance(field(row, "merged_at"), str)
    merge_sha = _text(row, "merge_commit_sha") if merged else ""
    # Both become part of the next request's path.
    if not isinstance(number, int) or not COMMIT.fullmatch(head_sha) or not (COMMIT.fullmatch(merge_sha) or not merged):
        raise ApiProblem("GitHub's answer holds a pull request without its number and commits.")
    theirs, ours = field(row, "head", "repo", "full_name"), field(row, "base", "repo", "full_name")
    return Pull(
        number=number,
        merged=merged,
        merge_sha=merge_sha,
        base=_text(row, "base", "ref"),
        head_sha=head_sha,
        fork=theirs is None or theirs != ours,
    )


def _text(row: object, *names: str) -> str:
    found = field(row, *names)
    return found if isinstance(found, str) else ""
