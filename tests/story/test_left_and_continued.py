"""What an apply leaves is paid by a job that is run again, under the approval that was given once."""

from tests.story.conftest import Found
from tests.story.team import ANN, BEN, CARRY, CAT, DAN, PAY, Review, Team, owed, spec

FOUR = {"week-47": spec("week-47", owed(ANN, "1.00"), owed(BEN, "0.50"), owed(CAT, "0.30"), owed(DAN, "0.20"))}
ALL = ["ann 1.00", "ben 0.50", "cat 0.30", "dan 0.20"]


def reviewed(team: Team) -> str:
    """The merge of the one pull request of these stories."""
    review: Review = team.review(12, "week-47", FOUR)
    assert review.job.ok, review.job.printed
    return team.merge(review)


def test_a_balance_that_is_too_small_is_seen_before_anything_is_sent(team: Team) -> None:
    merge = reviewed(team)
    team.emulator.set_balance("1.99")
    job = team.jobs.push(merge)
    assert (job.step(PAY).code, job.step(CARRY).code) == (3, 0)
    assert team.paid() == []
    team.emulator.set_balance("2.00")
    assert team.jobs.push(merge).ok
    assert team.paid() == ALL


def test_a_job_that_ran_out_of_funds_goes_on_when_it_is_run_again(team: Team) -> None:
    """Somebody else spent the money meanwhile: the third payment is refused."""
    merge = reviewed(team)
    team.emulator.faults([{"name": "no_funds", "on": "send", "nth": [3]}])
    job = team.jobs.push(merge)
    assert (job.step(PAY).code, job.step(CARRY).code) == (3, 0)
    assert team.paid() == ["ann 1.00", "ben 0.50"]
    assert team.kept() == ["ann 1.00", "ben 0.50"]
    team.emulator.faults([])
    again = team.jobs.push(merge)
    assert again.ok, again.printed
    assert team.paid() == ALL
    assert team.kept() == ALL


def test_a_rejected_bonus_is_paid_when_the_job_is_run_again_after_the_reason_is_gone(team: Team) -> None:
    merge = reviewed(team)
    team.emulator.faults([{"name": "reject", "user": CAT, "code": "ENTITY_ACCESS_DENIED"}])
    job = team.jobs.push(merge)
    assert job.step(PAY).code == 3
    assert "1 rejected" in job.step(PAY).out
    assert team.paid() == ["ann 1.00", "ben 0.50", "dan 0.20"]
    team.emulator.faults([])
    again = team.jobs.push(merge)
    assert again.ok, again.printed
    assert "Done: 1 issued (0.30 USD)" in again.step(PAY).out
    assert team.paid() == ALL


def test_a_provider_that_fails_in_the_middle_is_asked_again_and_nobody_is_paid_twice(found: Found) -> None:
    """The second payment's answer is lost, and then the provider is down until the job has ended."""
    team = found("settle_window: 1\n    timeout: 2\n    operation_timeout: 2")
    merge = reviewed(team)
    team.emulator.faults(
        [
            {"name": "cut_after", "on": "send", "nth": [2]},
            {"name": "error_before", "on": "operation", "status": 503},
            {"name": "error_before", "on": "bonuses", "status": 503, "nth": list(range(4, 1_000))},
        ]
    )
    job = team.jobs.push(merge)
    assert (job.step(PAY).code, job.step(CARRY).code) == (3, 0)
    assert "in doubt" in job.step(PAY).out
    team.emulator.faults([])
    again = team.jobs.push(merge)
    assert again.ok, again.printed
    assert team.paid() == ALL
    assert team.kept() == ALL


def test_a_plan_of_several_days_goes_on_each_day_under_one_approval(team: Team) -> None:
    """The provider takes two requests a day."""
    merge = reviewed(team)
    team.emulator.set_options(daily_limit=2)
    first = team.jobs.push(merge)
    assert first.step(PAY).code == 3
    assert len(team.paid()) == 2
    assert team.jobs.push(merge).step(PAY).code == 3
    assert len(team.paid()) == 2
    team.emulator.advance(24 * 60 * 60 * 1000)
    second = team.jobs.push(merge)
    assert second.ok, second.printed
    assert "Done: 2 issued" in second.step(PAY).out
    assert team.paid() == ALL


def test_the_rest_is_paid_by_hand_from_a_later_commit_with_the_pull_request_s_number(team: Team) -> None:
    """Main has gone on since; the approval is still that of #12, and what came later is not in it."""
    merge = reviewed(team)
    team.emulator.faults([{"name": "no_funds", "on": "send", "nth": [3]}])
    assert team.jobs.push(merge).step(PAY).code == 3
    team.emulator.faults([])
    later = team.direct("later", {"later": spec("later", owed(ANN, "0.05"))})
    team.server.memory.histories[later] = [merge]
    job = team.jobs.by_hand(later, "12")
    assert job.step(PAY).code == 3
    assert "1 not approved" in job.step(PAY).out
    assert team.paid() == ALL
