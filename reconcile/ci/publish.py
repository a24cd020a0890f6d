"""Puts a plan where its reviewers are: one comment a config, written again in place, and the status of the head commit.

The comment is for reading. What apply believes later is the status alone: it is bound to the commit, the pull request
and its base, and to make one takes the right to write to the repository. A step that fails is said and never loses the
plan's own result.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from reconcile.ci.api import ApiProblem, open_api
from reconcile.ci.binding import Bound, link_of
from reconcile.ci.event import Event, PullRequest
from reconcile.ci.github import BOT, GitHub, Status
from reconcile.ci.outputs import write_outputs, write_summary
from reconcile.ci.review import Outcome, description, outputs, review_markdown
from reconcile.config_search import CONFIG_NAME
from reconcile.errors import UsageError

COMMENT_MAX: Final = 65_536
"""Characters of a comment on GitHub."""
SUMMARY_MAX: Final = 250_000
"""Characters of a job's summary: GitHub takes a mebibyte, and a character has four bytes at most."""

CONTEXT: Final = "bonusctl/plan"


def label_of(event: Event, config: str, root: Path) -> str:
    """A config's path from the top of the repository: what tells two plans of one pull request apart.

    `config`: what `--config` names, "" for the config in `root`.
    """
    path = (Path(config) if config else root / CONFIG_NAME).resolve()
    return path.relative_to(event.workspace).as_posix() if path.is_relative_to(event.workspace) else path.name


def context_of(label: str) -> str:
    """The commit status's name for a config: `bonusctl/plan`, or `bonusctl/plan (team/bonusctl.yaml)`."""
    return CONTEXT if label == CONFIG_NAME else f"{CONTEXT} ({label})"


def marker_of(label: str) -> str:
    """The comment's first line, which no reader sees and by which it is found again."""
    return f"<!-- {CONTEXT} {quote(label)} -->"


class Published(NamedTuple):
    """What could not be done, a sentence each: `warnings`, and `unbound`, why apply will not believe this plan although
    it is one that could be approved ("": it will, or nobody asked it to).
    """

    warnings: tuple[str, ...]
    unbound: str = ""


def publish(outcome: Outcome, event: Event, environ: Mapping[str, str], *, label: str, login: str = BOT) -> Published:
    """Write summary, outputs, comment and status."""
    left = tuple(_left(outcome, environ))
    if event.pull_request is None:
        return Published(left)
    warnings, unbound = _reviewed(outcome, event, event.pull_request, environ, label=label, login=login)
    return Published((*left, *warnings), unbound)


def _left(outcome: Outcome, environ: Mapping[str, str]) -> Iterator[str]:
    """The summary and the outputs; yields what failed."""
    try:
        write_outputs(environ, outputs(outcome))
        write_summary(environ, review_markdown(outcome, max_chars=SUMMARY_MAX))
    except UsageError as error:
        yield f"The step's outputs or its summary were not written: {error.summary}."


def _reviewed(
    outcome: Outcome, event: Event, pull: PullRequest, environ: Mapping[str, str], *, label: str, login: str
) -> Published:
    """The comment and the status of a pull request."""
    if pull.fork:
        text = (
            "This pull request comes from a fork, where a workflow may only read: there is no comment, and this plan "
            "cannot be the one that is approved. The job's summary shows it. To pay it, somebody with write access "
            "pushes these commits to a branch of this repository and opens a pull request from there."
        )
        return Published((text,))
    try:
        with open_api(environ) as api:
            return _write(GitHub(api, event.repository), outcome, event, pull, label=label, login=login)
    except UsageError as error:
        return Published((), f"Neither comment nor status was written: {error.summary}. {_WITHOUT_STATUS}")


def _write(github: GitHub, outcome: Outcome, event: Event, pull: PullRequest, *, label: str, login: str) -> Published:
    """The comment, then the status."""
    body = comment_text(outcome, event, pull, label=label)

    def comment() -> None:
        found = github.find_comment(pull.number, marker_of(label), login)
        if found is None:
            github.create_comment(pull.number, body)
        else:
            github.update_comment(found, body)

    def status() -> None:
        state = "success" if outcome.fit else "failure"
        link = link_of(event.run_url, Bound(pull.number, pull.base))
        github.create_status(pull.head_sha, Status(context_of(label), state, description(outcome), link, login))

    unsaid = _tried(comment, "The comment was not written", "The job's summary shows the plan.")
    unbound = _tried(status, f"The status of commit {pull.head_sha[:12]} was not set", _WITHOUT_STATUS)
    return Published((unsaid,) if unsaid else (), unbound)


_WITHOUT_STATUS: Final = (
    "Nothing binds this plan to the commit: after the merge, apply would refuse, or take the digest of an older plan. Run "
    "this job again."
)


def _tried(do: Callable[[], None], what: str, meaning: str) -> str:
    """What failed, and what that means; "" where it was done."""
    try:
        do()
    except ApiProblem as problem:
        right = " The job's token lacks the right: see `permissions`." if problem.status in (403, 404) else ""
        return f"{what}. {problem}{right} {meaning}"
    return ""


def comment_text(outcome: Outcome, event: Event, pull: PullRequest, *, label: str) -> str:
    """The comment: its hidden first line, the review, and for which commit and config it was made."""
    head = f"{marker_of(label)}\n"
    named = "" if label == CONFIG_NAME else f" of {_code(label)}"
    foot = f"\n<sub>Plan{named} for {pull.head_sha}, made by [this run]({event.run_url}).</sub>\n"
    return head + review_markdown(outcome, max_chars=COMMENT_MAX - len(head) - len(foot)) + foot


def _code(label: str) -> str:
    from reconcile.render.markdown import code

    return code(label)
