"""`ci approved`: the digest comes from the head commit of the merged pull request, and from nowhere else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ci.job import ANN, HEAD, MERGE, Job
from tests.support.cli import write_specs
from tests.support.github import TOKEN, Fault, Server, github

DIGEST = "sha256:" + "ab" * 32
RUN = "https://github.com/acme/bonuses/actions/runs/55"


@pytest.fixture
def server() -> Iterator[Server]:
    with github() as running:
        yield running


@pytest.fixture
def job(tmp_path: Path, server: Server) -> Job:
    """The apply job after the merge of #12, whose head commit carries a plan."""
    server.memory.pull(12, head=HEAD, merge=MERGE)
    planned(server)
    made = Job(tmp_path, server)
    made.push()
    return made


def planned(
    server: Server,
    digest: str = DIGEST,
    *,
    sha: str = HEAD,
    login: str = "github-actions[bot]",
    bound: str = "?pull-request=12&base=main",
) -> None:
    value = {
        "context": "bonusctl/plan",
        "state": "success",
        "description": f"{digest} 2 payments, 1.50 USD",
        "target_url": RUN + bound,
    }
    server.memory.status(sha, value, login)


def refused(job: Job, *arguments: str) -> str:
    """The sentence of a refusal, which leaves no digest anywhere."""
    ran = job.run("ci", "approved", *arguments)
    assert ran.ended.code == 1
    assert ran.ended.out == ""
    assert ran.outputs == {}
    return ran.ended.err


def test_the_digest_is_the_one_on_the_merged_pull_request_s_head_commit(job: Job) -> None:
    ran = job.run("ci", "approved")
    assert (ran.ended.code, ran.ended.out) == (0, f"{DIGEST}\n")
    assert ran.ended.err == "Approved in pull request #12 at 111111111111: 2 payments, 1.50 USD.\n"
    assert ran.outputs == {"digest": DIGEST, "pull-request": "12", "head-sha": HEAD, "run-id": "55"}


def test_the_newest_plan_of_the_commit_counts(job: Job, server: Server) -> None:
    newer = "sha256:" + "cd" * 32
    planned(server, newer)
    assert job.run("ci", "approved").ended.out == f"{newer}\n"


def test_a_newer_plan_that_was_refused_takes_the_older_one_away(job: Job, server: Server) -> None:
    link = f"{RUN}?pull-request=12&base=main"
    value = {
        "context": "bonusctl/plan",
        "state": "failure",
        "description": "The plan is refused",
        "target_url": link,
    }
    server.memory.status(HEAD, value, "github-actions[bot]")
    said = refused(job)
    assert "The newest plan of pull request #12 was not fit for approval" in said
    assert "The plan is refused" in said


def test_a_comment_is_never_asked(job: Job, server: Server) -> None:
    job.run("ci", "approved")
    assert [request.path.split("?")[0].split("/")[-1] for request in server.memory.requests] == ["pulls", "statuses"]


def test_a_commit_that_was_pushed_directly_is_refused(job: Job) -> None:
    job.push("4" * 40)
    said = refused(job)
    assert "This commit is not the merge of one reviewed pull request" in said
    assert "Commit 444444444444 came to main without a pull request of its own" in said
    assert "Nothing was sent." in said


def test_a_pull_request_that_was_merged_elsewhere_approves_nothing_here(job: Job) -> None:
    job.push(branch="release")
    assert "This commit is not the merge of one reviewed pull request" in refused(job)


def test_an_open_pull_request_approves_nothing(job: Job, server: Server) -> None:
    server.memory.pulls[0]["merged_at"] = None
    assert "This commit is not the merge of one reviewed pull request" in refused(job)


def test_a_fork_s_pull_request_has_no_plan_to_take_the_digest_from(job: Job, server: Server) -> None:
    server.memory.pulls.clear()
    server.memory.statuses.clear()
    server.memory.pull(12, head=HEAD, merge=MERGE, fork=True)
    said = refused(job)
    assert "Pull request #12 was merged, but its last commit carries no plan that was reviewed" in said
    assert "It came from a fork" in said
    assert "from a branch of this repository" in said


def test_a_status_that_a_person_set_is_not_believed(job: Job, server: Server) -> None:
    server.memory.statuses.clear()
    planned(server, login="mallory")
    assert "was set by mallory, not by github-actions[bot]: it is not believed" in refused(job)
    assert job.run("ci", "approved", "--login", "mallory").ended.code == 0


def test_a_plan_of_another_commit_or_config_is_none_of_this_one(job: Job, server: Server) -> None:
    server.memory.statuses.clear()
    planned(server, sha=MERGE)
    server.memory.status(
        HEAD, {"context": "bonusctl/plan (b/bonusctl.yaml)", "state": "success"}, "github-actions[bot]"
    )
    assert "There is no status `bonusctl/plan` of this pull request on 111111111111" in refused(job)


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        ("?pull-request=12&base=release", "was made for pull request #12 into release, not for"),
        ("?pull-request=13&base=main", "was made for pull request #13 into main, not for"),
        ("?base=main&pull-request=13&base=main", "was made for no pull request that it names, not for"),
        ("?pull-request=12", "was made for no pull request that it names, not for"),
        ("", "was made for no pull request that it names, not for"),
    ],
)
def test_a_plan_of_the_same_commit_for_another_base_or_number_is_not_the_one_that_was_approved(
    job: Job, server: Server, bound: str, said: str
) -> None:
    server.memory.statuses.clear()
    planned(server, bound=bound)
    assert f"Its newest plan {said} pull request #12 into main: another plan was reviewed there" in refused(job)


def test_a_later_plan_for_another_base_does_not_take_the_place_of_the_reviewed_one(job: Job, server: Server) -> None:
    """Two pull requests of one commit: each has its own plan."""
    planned(server, "sha256:" + "cd" * 32, bound="?pull-request=13&base=release")
    assert job.run("ci", "approved").ended.out == f"{DIGEST}\n"


def test_a_status_without_a_digest_is_refused(job: Job, server: Server) -> None:
    planned(server, "sha256:short")
    assert "was not fit for approval" in refused(job)


def test_a_run_of_another_place_is_not_taken_for_the_plan_s(job: Job, server: Server) -> None:
    server.memory.statuses[HEAD][0]["target_url"] = "https://evil.example/runs/55?pull-request=12&base=main"
    assert job.run("ci", "approved").outputs["run-id"] == ""


def test_a_pull_request_merged_before_is_applied_by_its_number(job: Job, server: Server) -> None:
    """What a cancelled or dropped apply job left is paid from a later commit."""
    later = "5" * 40
    server.memory.histories[later] = [MERGE]
    job.push(later, name="workflow_dispatch")
    assert job.run("ci", "approved", "--pull-request", "12").ended.out == f"{DIGEST}\n"
    assert job.run("ci", "approved", "--pull-request", "#12").ended.out == f"{DIGEST}\n"


def test_an_empty_number_means_the_present_commit(job: Job) -> None:
    assert job.run("ci", "approved", "--pull-request", "").ended.out == f"{DIGEST}\n"


def test_a_number_that_was_not_merged_into_this_history_is_refused(job: Job, server: Server) -> None:
    server.memory.pull(13, head="6" * 40)
    server.memory.pull(14, head="7" * 40, merge="8" * 40, base="release")
    job.push("5" * 40, name="workflow_dispatch")
    assert "#12 was not approved for this branch: its merge 222222222222 is not in the history of 5" in refused(
        job, "--pull-request", "12"
    )
    assert "#13 was not approved for this branch: it is not merged" in refused(job, "--pull-request", "13")
    assert "#14 was not approved for this branch: it was merged into release, not main" in refused(
        job, "--pull-request", "14"
    )


@pytest.mark.parametrize("number", ["x", "-1", "../1", "٣"])
def test_what_is_no_number_is_refused_before_any_request(job: Job, server: Server, number: str) -> None:
    assert "is the number of a pull request" in refused(job, f"--pull-request={number}")
    assert server.memory.requests == []


def test_a_pull_request_s_own_job_approves_nothing(job: Job, server: Server) -> None:
    job.pull_request()
    assert "Only a branch that pull requests are merged into is applied" in refused(job)
    assert server.memory.requests == []


@pytest.mark.parametrize(("status", "body"), [(403, b'{"message": "no"}'), (500, b""), (200, b"{}"), (200, b"\xff")])
def test_where_github_does_not_tell_nothing_is_approved(job: Job, server: Server, status: int, body: bytes) -> None:
    for pattern in ("/pulls", "/statuses"):
        server.memory.faults = [Fault("GET", pattern, status, body)]
        said = refused(job)
        assert "GitHub does not tell which plan was approved" in said
        assert TOKEN not in said


@pytest.mark.parametrize("sha", ["../../../user", "", "HEAD", "é" * 40])
def test_a_commit_s_name_from_an_answer_is_one_or_the_answer_is_refused(job: Job, server: Server, sha: str) -> None:
    server.memory.pulls[0]["head"]["sha"] = sha
    assert "without its number and commits" in refused(job)
    assert len(server.memory.requests) == 1


def test_without_a_token_nothing_is_approved(job: Job) -> None:
    del job.environ["GITHUB_TOKEN"]
    assert "GITHUB_TOKEN is not set" in refused(job)


def test_the_plan_that_the_job_bound_is_found_by_its_merge_whatever_was_planned_for_the_same_commit_since(
    tmp_path: Path, server: Server
) -> None:
    server.memory.pull(12, head=HEAD, merge=MERGE)
    job = Job(tmp_path, server)
    job.pull_request(12)
    reviewed = job.run("ci", "plan").outputs["digest"]
    write_specs(job.folder, f"{{user_id: {ANN}, amount: 5.00}}")
    job.pull_request(13, base="release")
    assert job.run("ci", "plan").outputs["digest"] != reviewed
    job.push()
    assert job.run("ci", "approved").outputs["digest"] == reviewed
