"""A campaign with another name would pay everybody again: it does not."""

from tests.story.team import ANN, APPROVED, BEN, PAY, Team, owed, spec

ROWS = (owed(ANN, "1.00"), owed(BEN, "0.50"))
PAID = ["ann 1.00", "ben 0.50"]


def paid_once(team: Team) -> None:
    assert team.jobs.push(team.merge(team.review(12, "first", {"week": spec("week-47", *ROWS)}))).ok
    assert team.paid() == PAID


def test_a_renamed_campaign_is_refused_by_plan_and_by_apply(team: Team) -> None:
    """The check is red and says which line to write; merged all the same, the job pays nothing; typed by a person, too."""
    paid_once(team)
    review = team.review(13, "renamed", {"week": spec("labels-week-47", *ROWS)})
    assert not review.job.ok
    assert "formerly: week-47" in team.comment(13)
    assert team.status(review.head) == "failure: The plan is refused"
    job = team.jobs.push(team.merge(review))
    assert "The newest plan of pull request #13 was not fit for approval" in job.step(APPROVED).err
    assert team.by_person("state", "pull").code == 0
    typed = team.by_person("apply", "--auto-approve", "--format", "json")
    assert (typed.code, typed.json()["reason"]) == (1, "policy")
    assert team.paid() == PAID


def test_with_its_former_name_it_is_accepted_and_nobody_is_paid_again(team: Team) -> None:
    paid_once(team)
    renamed = spec("labels-week-47", *ROWS, head="formerly: week-47\n")
    review = team.review(13, "renamed", {"week": renamed})
    assert review.job.ok, review.job.printed
    assert team.status(review.head).endswith(" nothing to pay")
    job = team.jobs.push(team.merge(review))
    assert job.ok, job.printed
    assert "Done: 0 issued, 2 unchanged." in job.step(PAY).out
    assert team.paid() == PAID
