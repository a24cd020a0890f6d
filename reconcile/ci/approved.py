"""Which plan was approved: the one whose digest the status of a merged pull request's head commit carries.

A pull request is what people review, its merge is their yes, and its head commit is what they saw. The status on that
commit was made by the plan job; a comment's text is not asked, since others may edit it. One commit can be the head of several pull
requests: only a status that was set for this one, into this branch, is its plan. Where the chain has a gap the answer is
a refusal that says which, never a guess.
"""

import re
from typing import Final, NamedTuple

from reconcile.ci.binding import Bound, read_link
from reconcile.ci.event import Event
from reconcile.ci.github import BOT, GitHub, Pull, Status
from reconcile.errors import Refused

_DIGEST: Final = re.compile(r"(sha256:[0-9a-f]{64})(?: (.*))?", re.ASCII)
_AGAIN: Final = "Plan again in a pull request from a branch of this repository, have it reviewed, and merge that."


class Approval(NamedTuple):
    """A digest that was approved. `said`: the status's own figures. `run_id`: the run that planned, "" if not known."""

    digest: str
    number: int
    head_sha: str
    said: str
    run_id: str


def find_approval(
    github: GitHub, event: Event, *, context: str, number: int | None = None, login: str = BOT
) -> Approval:
    """The approval that the present commit stands for, or that of pull request `number`, merged before it.

    Raises Refused (not_reviewed, no_reviewed_plan) with what to do, ApiProblem where GitHub does not tell.
    """
    if not event.branch or event.pull_request is not None:
        raise Refused(
            "Only a branch that pull requests are merged into is applied",
            detail=f"This job runs for the event {event.name or 'without a name'}, not for a push to a branch. "
            "Nothing was sent.",
            remedy="Run the apply job on push to the protected branch.",
            reason="not_reviewed",
        )
    pull = _merged_here(github, event) if number is None else _merged_before(github, event, number)
    bound, others = Bound(pull.number, pull.base), list[Status]()
    for status in github.statuses(pull.head_sha):
        if status.context != context:
            continue
        if status.login == login and read_link(status.target_url)[1] == bound:
            return _approval(status, pull, event)
        others.append(status)
    raise _no_plan(pull, others, context, login)


def _merged_here(github: GitHub, event: Event) -> Pull:
    """The pull request whose merge this very commit is."""
    merges = [
        pull
        for pull in github.pulls_of(event.sha)
        if pull.merged and pull.base == event.branch and pull.merge_sha == event.sha
    ]
    if len(merges) == 1:
        return merges[0]
    detail = (
        f"Commit {event.sha[:12]} came to {event.branch} without a pull request of its own, so nobody approved a plan "
        "for it. Nothing was sent."
        if not merges
        else f"Commit {event.sha[:12]} is the merge of several pull requests: "
        f"{', '.join(f'#{pull.number}' for pull in merges)}. Nothing was sent."
    )
    raise Refused(
        "This commit is not the merge of one reviewed pull request",
        detail=detail,
        remedy="What the specs still ask for shows in the plan of the next pull request, and is approved there. To "
        "apply a pull request that was merged before, run the workflow by hand with its number.",
        reason="not_reviewed",
    )


def _merged_before(github: GitHub, event: Event, number: int) -> Pull:
    pull = github.pull(number)
    if pull.merged and pull.base == event.branch and github.contains(event.sha, pull.merge_sha):
        return pull
    why = (
        "it is not merged"
        if not pull.merged
        else f"it was merged into {pull.base}, not {event.branch}"
        if pull.base != event.branch
        else f"its merge {pull.merge_sha[:12]} is not in the history of {event.sha[:12]}"
    )
    raise Refused(
        f"Pull request #{number} was not approved for this branch: {why}",
        detail="Nothing was sent.",
        remedy="Name a pull request that was merged into this branch.",
        reason="not_reviewed",
    )


def _approval(status: Status, pull: Pull, event: Event) -> Approval:
    found = _DIGEST.fullmatch(status.description)
    if status.state != "success" or found is None:
        raise Refused(
            f"The newest plan of pull request #{pull.number} was not fit for approval",
            detail=f"Its last commit {pull.head_sha[:12]} says: {status.description or status.state}. Nothing was sent.",
            remedy=_AGAIN,
            reason="no_reviewed_plan",
        )
    page, _ = read_link(status.target_url)
    place, _, run = page.rpartition("/")
    known = place == event.run_url.rpartition("/")[0] and run.isascii() and run.isdigit()
    return Approval(found[1], pull.number, pull.head_sha, found[2] or "", run if known else "")


def _no_plan(pull: Pull, others: list[Status], context: str, login: str) -> Refused:
    """`others`: the commit's statuses of this name that are not the plan of this pull request."""
    ours = [read_link(status.target_url)[1] for status in others if status.login == login]
    strangers = sorted({status.login for status in others})
    if ours:
        bound = next((one for one in ours if one is not None), None)
        why = (
            f"Its newest plan was made for {bound or 'no pull request that it names'}, not for "
            f"{Bound(pull.number, pull.base)}: another plan was reviewed there."
        )
    elif strangers:
        why = f"Its status `{context}` was set by {', '.join(strangers)}, not by {login}: it is not believed."
    elif pull.fork:
        why = "It came from a fork, where the plan job may only read and cannot bind its plan to the commit."
    else:
        why = "The plan job did not run for it, was not allowed to set statuses, or ran for another config."
    return Refused(
        f"Pull request #{pull.number} was merged, but its last commit carries no plan that was reviewed",
        detail=f"{why} There is no status `{context}` of this pull request on {pull.head_sha[:12]} to take the digest "
        "from. Nothing was sent.",
        remedy=_AGAIN,
        reason="no_reviewed_plan",
    )
