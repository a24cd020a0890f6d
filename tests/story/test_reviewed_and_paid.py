"""From a branch to money: reviewed on a pull request, paid on merge, and nothing but that."""

import re

from tests.story.team import ANN, APPROVED, BEN, CARRY, CAT, PAY, Review, Team, owed, spec
from tests.support.actions import git

WEEK = {"week-47": spec("week-47", owed(ANN, "1.00"), owed(BEN, "0.50"), head="budget: 20.00\n")}


def test_a_pull_request_is_reviewed_merged_paid_and_then_there_is_nothing_to_do(team: Team) -> None:
    """The comment shows figures and no worker; its digest is the status of the head commit; the merge pays that set."""
    review = team.review(12, "week-47", WEEK)
    assert review.job.ok, review.job.printed
    comment = team.comment(12)
    assert "## Bonus plan: 2 payments, 1.50 USD" in comment
    assert "| `week-47` | 2 | 1.50 USD | 0.00 USD | 20.00 USD | 20.00 USD | 18.50 USD |" in comment
    assert ANN not in comment + review.job.printed + review.job.summary
    (digest,) = re.findall(r"^Digest: `(sha256:[0-9a-f]{64})`$", comment, re.MULTILINE)
    assert team.status(review.head) == f"success: {digest} 2 payments, 1.50 USD"
    assert team.paid() == []

    merge = team.merge(review)
    job = team.jobs.push(merge)
    assert job.ok, job.printed
    assert job.step(APPROVED).out.strip() == digest
    assert "Bonuses: all that was asked for is paid" in job.summary
    assert "Done: 2 issued (1.50 USD), 0 unchanged." in job.summary
    assert team.paid() == ["ann 1.00", "ben 0.50"]
    assert team.kept() == ["ann 1.00", "ben 0.50"]

    again = team.jobs.push(merge)
    assert (again.ok, again.step(PAY).code) == (True, 0)
    assert "Done: 0 issued, 2 unchanged." in again.step(PAY).out
    assert team.paid() == ["ann 1.00", "ben 0.50"]


def test_the_second_week_s_comment_compares_with_what_was_paid_in_the_first(team: Team) -> None:
    assert team.jobs.push(team.merge(team.review(12, "week-47", WEEK))).ok
    more = {"week-47": WEEK["week-47"] + f"  - {owed(CAT, '0.25')}\n"}
    review = team.review(13, "more", more)
    assert "## Bonus plan: 1 payment, 0.25 USD" in team.comment(13)
    assert "| `week-47` | 1 | 0.25 USD | 1.50 USD | 20.00 USD | 18.50 USD | 18.25 USD |" in team.comment(13)
    assert team.jobs.push(team.merge(review)).ok
    assert team.paid() == ["ann 1.00", "ben 0.50", "cat 0.25"]


def test_a_new_commit_has_a_plan_of_its_own_in_the_same_comment(team: Team) -> None:
    """Reviewed again, the digest of the last commit is what is paid; the first plan's is not."""
    first = team.review(12, "week-47", WEEK)
    head = team.commit("less", {"week-47": spec("week-47", owed(ANN, "0.75"))})
    git(team.clone, "push", "-q", "origin", "week-47")
    second = Review(12, "week-47", head, team.jobs.pull_request(12, head))
    assert "## Bonus plan: 1 payment, 0.75 USD" in team.comment(12)
    assert team.status(first.head) != team.status(head)
    assert team.jobs.push(team.merge(second)).ok
    assert team.paid() == ["ann 0.75"]


def test_a_commit_after_the_review_that_nobody_planned_pays_nothing(team: Team) -> None:
    review = team.review(12, "week-47", WEEK)
    head = team.commit("slipped in", {"week-47": WEEK["week-47"] + f"  - {owed(CAT, '5.00')}\n"})
    job = team.jobs.push(team.merge(review, head=head))
    assert job.step(APPROVED).code == 1
    assert "#12 was merged, but its last commit carries no plan that was reviewed" in job.printed
    assert job.names[-1] == APPROVED
    assert team.paid() == []


def test_what_came_to_main_beside_the_review_is_not_paid_and_what_was_approved_is(team: Team) -> None:
    """A job that is red, with the words why; the state says what was paid; the next pull request shows the rest."""
    review = team.review(12, "week-47", WEEK)
    team.direct("beside it", {"beside": spec("beside", owed(CAT, "0.90"))})
    merge = team.merge(review)
    job = team.jobs.push(merge)
    assert job.step(PAY).code == 3
    assert "1 not approved" in job.step(PAY).out
    assert "Bonuses: something is left" in job.summary
    assert CAT not in job.summary + job.printed
    assert team.paid() == ["ann 1.00", "ben 0.50"]
    assert job.step(CARRY).code == 0
    assert team.kept() == ["ann 1.00", "ben 0.50"]
    later = team.review(13, "later", {})
    assert "## Bonus plan: 1 payment, 0.90 USD" in team.comment(13)
    assert team.jobs.push(team.merge(later)).ok
    assert team.paid() == ["ann 1.00", "ben 0.50", "cat 0.90"]


def test_an_amount_that_changed_between_review_and_merge_is_not_paid(team: Team) -> None:
    """Neither the amount that was approved, since nobody asks for it now, nor the new one, which nobody approved."""
    team.starts()
    review = team.review(13, "week-47", WEEK)
    # In the merge, and not in the head commit: the status that is found is the one for 1.00.
    team.commit("twice as much", {"week-47": WEEK["week-47"].replace("1.00", "2.00")})
    job = team.jobs.push(team.merge(review))
    assert job.step(PAY).code == 3
    assert "1 not approved" in job.step(PAY).out
    assert team.paid() == ["ben 0.50", "dan 0.05"]


def test_a_direct_push_pays_nothing_and_says_why(team: Team) -> None:
    job = team.jobs.push(team.direct("directly", WEEK))
    assert job.names[-1] == APPROVED
    why = "came to main without a pull request of its own, so nobody approved a plan for it"
    assert why in job.step(APPROVED).err
    assert why in job.summary
    assert team.paid() == []


def test_a_fork_s_pull_request_has_a_summary_and_reaches_nobody(team: Team) -> None:
    """No secret is in its job, no request leaves it, and its merge is refused."""
    head = team.branch("week-47", WEEK)
    job = team.jobs.pull_request(12, head, fork=True)
    assert job.ok, job.printed
    assert "2 payments, 1.50 USD" in job.summary
    assert ANN not in job.summary + job.printed
    assert {step.environ.get("BONUSCTL_MASK_KEY", "") for step in job.steps} == {""}
    assert not any("TOLOKA_TOKEN" in step.environ for step in job.steps)
    assert (team.server.memory.requests, sum(team.emulator.ledger()["requests"].values())) == ([], 0)
    merge = team.merge(Review(12, "week-47", head, job))
    team.server.memory.pulls[-1]["head"]["repo"]["full_name"] = "stranger/bonuses"
    refused = team.jobs.push(merge)
    assert "It came from a fork" in refused.step(APPROVED).err
    assert team.paid() == []
