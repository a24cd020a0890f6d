"""The first apply of an account makes its state; what a job that died before its push means for the next one."""

from tests.story.team import ANN, BEN, CARRY, CAT, PAY, Team, owed, spec

THREE = {"week-47": spec("week-47", owed(ANN, "1.00"), owed(BEN, "0.50"), owed(CAT, "0.30"))}


def test_the_very_first_job_killed_in_the_middle_needs_a_new_review_and_pays_nobody_twice(team: Team) -> None:
    """Its plan was made without a state, and the account has a history now: the rest is reviewed again, and then paid."""
    merge = team.merge(team.review(12, "week-47", THREE))
    team.emulator.faults([{"name": "hang", "on": "send", "nth": [3], "executes": False}])
    team.jobs.lose_at = 2
    assert team.jobs.push(merge).lost
    team.jobs.lose_at = 0
    team.emulator.faults([])
    paid = ["ann 1.00", "ben 0.50"]
    assert team.paid() == paid

    again = team.jobs.push(merge)
    assert (again.step(PAY).code, again.step(CARRY).code) == (1, 0)
    assert "The plan was made without a state, but the account has a history" in again.summary
    assert team.paid() == paid

    rest = team.review(13, "the-rest", {})
    assert "## Bonus plan: 1 payment, 0.30 USD" in team.comment(13)
    job = team.jobs.push(team.merge(rest))
    assert job.ok, job.printed
    assert team.paid() == [*paid, "cat 0.30"]
    assert team.kept() == [*paid, "cat 0.30"]


def test_without_the_provider_s_token_the_job_is_red_and_pays_nothing(team: Team) -> None:
    """So it is for merges that Dependabot makes: GitHub gives their jobs none of the environment's secrets."""
    merge = team.merge(team.review(12, "week-47", THREE))
    secrets, team.jobs.secrets = team.jobs.secrets, {}
    job = team.jobs.push(merge)
    assert (job.step(PAY).code, team.paid()) == (1, [])
    assert "TOLOKA_TOKEN" in job.step(PAY).err
    team.jobs.secrets = secrets
    assert team.jobs.push(merge).ok
    assert team.paid() == ["ann 1.00", "ben 0.50", "cat 0.30"]
