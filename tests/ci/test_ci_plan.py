"""`ci plan`: the plan where a pull request's reviewers are, against a GitHub with memory."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ci.job import ANN, BEN, HEAD, Job
from tests.support.cli import bonusctl, project, write_specs
from tests.support.github import TOKEN, Fault, Server, github


@pytest.fixture
def server() -> Iterator[Server]:
    with github() as running:
        yield running


@pytest.fixture
def job(tmp_path: Path, server: Server) -> Job:
    made = Job(tmp_path, server)
    made.pull_request()
    return made


def bodies(server: Server, number: int = 12) -> list[str]:
    return [comment["body"] for comment in server.memory.comments.get(number, [])]


def test_a_plan_becomes_comment_status_summary_and_outputs(job: Job, server: Server) -> None:
    ran = job.run("ci", "plan", "--out", "plans/p.bonusplan")
    assert ran.ended.code == 0
    (body,) = bodies(server)
    assert body.startswith("<!-- bonusctl/plan bonusctl.yaml -->\n## Bonus plan: 2 payments, 1.50 USD\n")
    assert f"Plan for {HEAD}, made by [this run](https://github.com/acme/bonuses/actions/runs/77)" in body
    assert ran.outputs["changes"] == "2"
    assert ran.outputs["total"] == "1.50 USD"
    assert ran.outputs["exit-code"] == "2"
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", ran.outputs["digest"])
    assert ran.outputs["plan"] == str(job.folder / "plans" / "p.bonusplan")
    (status,) = server.memory.statuses[HEAD]
    assert (status["context"], status["state"]) == ("bonusctl/plan", "success")
    assert status["description"] == f"{ran.outputs['digest']} 2 payments, 1.50 USD"
    assert status["target_url"] == "https://github.com/acme/bonuses/actions/runs/77?pull-request=12&base=main"
    assert ran.summary.startswith("## Bonus plan: 2 payments, 1.50 USD\n")


def test_the_comment_is_written_again_in_place(job: Job, server: Server) -> None:
    """Also past the first page of a long conversation."""
    for number in range(130):
        server.memory.comment(12, f"talk {number}", "alice")
    job.run("ci", "plan")
    write_specs(job.folder, f"{{user_id: {ANN}, amount: 2.00}}")
    job.run("ci", "plan")
    ours = [body for body in bodies(server) if body.startswith("<!-- bonusctl/plan")]
    assert len(ours) == 1
    assert "1 payment, 2.00 USD" in ours[0]


def test_somebody_else_s_comment_with_the_marker_is_left_alone(job: Job, server: Server) -> None:
    server.memory.comment(12, "<!-- bonusctl/plan bonusctl.yaml -->\nmine", "mallory")
    job.run("ci", "plan")
    assert [body.partition("\n")[2][:13] for body in bodies(server)] == ["mine", "## Bonus plan"]


def test_two_configs_have_two_comments_and_two_statuses(job: Job, server: Server) -> None:
    project(job.folder / "team b")
    job.run("ci", "plan")
    job.run("ci", "plan", folder="team b")
    job.run("ci", "plan", folder="team b")
    assert [body.partition("\n")[0] for body in bodies(server)] == [
        "<!-- bonusctl/plan bonusctl.yaml -->",
        "<!-- bonusctl/plan team%20b/bonusctl.yaml -->",
    ]
    assert {status["context"] for status in server.memory.statuses[HEAD]} == {
        "bonusctl/plan",
        "bonusctl/plan (team b/bonusctl.yaml)",
    }


def test_recipients_are_masked_everywhere_but_in_the_saved_plan(job: Job, server: Server) -> None:
    ran = job.run("ci", "plan", "--out", "p.bonusplan")
    for plainly in (ANN, BEN):
        assert plainly not in ran.everything + "".join(bodies(server)) + str(server.memory.statuses)
        assert plainly in (job.folder / "p.bonusplan").read_text()
    assert "masked-" in "".join(bodies(server))


def test_the_token_is_in_no_output_also_where_the_server_repeats_it(job: Job, server: Server) -> None:
    echo = f'{{"message": "no: Bearer {TOKEN}"}}'.encode()
    server.memory.faults = [Fault("POST", "comments", 400, echo), Fault("POST", "statuses", 400, echo)]
    ran = job.run("ci", "plan")
    assert "GitHub answered 400" in ran.ended.out
    assert TOKEN not in ran.everything
    assert all(request.authorization == f"Bearer {TOKEN}" for request in server.memory.requests)


def test_a_comment_over_the_limit_is_cut_and_counts_the_rest(job: Job, server: Server) -> None:
    write_specs(job.folder, *(f"{{user_id: {number:032x}, amount: 0.01}}" for number in range(2_000)))
    ran = job.run("ci", "plan")
    assert "Warning" not in ran.ended.err
    (body,) = bodies(server)
    assert 60_000 < len(body) <= 65_536
    assert "2,000 payments, 20.00 USD" in body
    assert re.search(r"… and [\d,]+ more", body)
    assert "<sub>Plan for" in body


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, b'{"message": "Resource not accessible by integration"}', "403"),
        (404, b'{"message": "Not Found"}', "404"),
        (502, b"<html>Bad gateway</html>", "502"),
        (200, b"\xff garbage", "cannot be read"),
        (302, b"", "302"),
    ],
)
def test_a_comment_that_github_did_not_take_is_a_warning_and_the_plan_s_result_stands(
    job: Job, server: Server, status: int, body: bytes, said: str
) -> None:
    server.memory.faults = [Fault("GET", "comments", status, body)]
    ran = job.run("ci", "plan")
    assert ran.ended.code == 0
    assert ran.outputs["exit-code"] == "2"
    (warning,) = [line for line in ran.ended.out.splitlines() if line.startswith("::warning ")]
    assert "The comment was not written" in warning
    assert said in warning
    assert bodies(server) == []
    assert len(server.memory.statuses[HEAD]) == 1


@pytest.mark.parametrize("status", [403, 404, 502])
def test_a_status_that_github_did_not_take_fails_the_job(job: Job, server: Server, status: int) -> None:
    """The comment would show one digest, and an older status of the same commit another one."""
    server.memory.faults = [Fault("POST", "statuses", status, b"{}")]
    ran = job.run("ci", "plan")
    assert ran.ended.code == 1
    assert ran.outputs["exit-code"] == "2"
    (error,) = [line for line in ran.ended.out.splitlines() if line.startswith("::error ")]
    assert f"The status of commit 111111111111 was not set. GitHub answered {status}" in error
    assert "Nothing binds this plan to the commit" in error
    assert len(bodies(server)) == 1


def test_the_status_names_the_pull_request_and_any_base(job: Job, server: Server) -> None:
    job.pull_request(13, base="release/2026&base=main")
    assert job.run("ci", "plan").ended.code == 0
    (status,) = server.memory.statuses[HEAD]
    assert status["target_url"].endswith("/runs/77?pull-request=13&base=release%2F2026%26base%3Dmain")


def test_a_passing_fault_of_a_read_is_tried_once_more(job: Job, server: Server) -> None:
    server.memory.faults = [Fault("GET", "comments", 502, b"", times=1)]
    ran = job.run("ci", "plan")
    assert len(bodies(server)) == 1
    assert "::warning" not in ran.ended.out


def test_without_a_server_the_plan_is_shown_and_the_job_fails(job: Job) -> None:
    job.environ["GITHUB_API_URL"] = "http://127.0.0.1:9"
    ran = job.run("ci", "plan")
    assert ran.ended.code == 1
    assert "no connection" in ran.ended.out
    assert ran.summary.startswith("## Bonus plan: 2 payments")


@pytest.mark.parametrize("url", ["http://github.example", "https://user@api.github.com", "ftp://127.0.0.1"])
def test_the_token_is_sent_over_https_or_to_this_machine_alone(job: Job, url: str) -> None:
    job.environ["GITHUB_API_URL"] = url
    ran = job.run("ci", "plan")
    assert ran.ended.code == 1
    assert "is no address that a token is sent to" in ran.ended.out


def test_a_server_with_a_path_is_asked_below_it(job: Job, server: Server) -> None:
    """GitHub Enterprise Server has its interface under /api/v3."""
    job.environ["GITHUB_API_URL"] += "/api/v3/"
    job.run("ci", "plan")
    assert {request.path.split("?")[0] for request in server.memory.requests} == {
        "/api/v3/repos/acme/bonuses/issues/12/comments",
        f"/api/v3/repos/acme/bonuses/statuses/{HEAD}",
    }


def test_a_fork_s_pull_request_has_a_summary_and_no_request(job: Job, server: Server) -> None:
    job.pull_request(fork=True)
    ran = job.run("ci", "plan")
    assert ran.ended.code == 0
    assert server.memory.requests == []
    assert ran.summary.startswith("## Bonus plan: 2 payments")
    assert "This pull request comes from a fork" in ran.ended.out


def test_a_push_has_a_summary_and_no_request(job: Job, server: Server) -> None:
    job.push()
    ran = job.run("ci", "plan")
    assert ran.ended.code == 0
    assert server.memory.requests == []
    assert "2 payments" in ran.summary


def test_without_a_token_the_plan_is_made_and_the_job_fails(job: Job, server: Server) -> None:
    del job.environ["GITHUB_TOKEN"]
    ran = job.run("ci", "plan")
    assert ran.ended.code == 1
    assert ran.summary.startswith("## Bonus plan: 2 payments")
    assert "Neither comment nor status was written: GITHUB_TOKEN is not set" in ran.ended.out
    assert server.memory.requests == []


def test_broken_specs_are_annotated_said_and_leave_nothing_to_approve(job: Job, server: Server) -> None:
    write_specs(job.folder, *(f"{{user_id: {ANN}{number}, amount: -1}}" for number in range(12)))
    ran = job.run("ci", "plan", "--out", "p.bonusplan")
    assert ran.ended.code == 1
    commands = [line for line in ran.ended.out.splitlines() if line.startswith("::error ")]
    assert len(commands) == 10
    assert commands[0].startswith("::error file=specs/week.yaml,line=5,")
    assert commands[9].startswith("::error title=And 3 more::")
    assert ran.outputs == {"changes": "", "total": "", "digest": "", "plan": "", "exit-code": "1"}
    assert bodies(server)[0].splitlines()[1] == "## Bonus plan: the specs have errors"
    (status,) = server.memory.statuses[HEAD]
    assert (status["state"], status["description"]) == ("failure", "The specs have errors")
    assert not (job.folder / "p.bonusplan").exists()
    assert ANN not in ran.everything + bodies(server)[0]


def test_a_refused_plan_is_shown_and_leaves_nothing_to_approve(job: Job, server: Server) -> None:
    write_specs(job.folder, f"{{user_id: {ANN}, amount: 3.00}}", head="budget: 1.00\n")
    ran = job.run("ci", "plan", "--out", "p.bonusplan")
    assert ran.ended.code == 1
    assert ran.outputs["digest"] == ""
    assert ran.outputs["plan"] == ""
    assert "**Refused.**" in bodies(server)[0]
    (status,) = server.memory.statuses[HEAD]
    assert (status["state"], status["description"]) == ("failure", "The plan is refused")


def test_a_broken_config_is_said_on_the_pull_request(job: Job, server: Server) -> None:
    (job.folder / "bonusctl.yaml").write_text("version: 2\n")
    assert job.run("ci", "plan").ended.code == 1
    assert "the specs have errors" in bodies(server)[0]


def test_hostile_texts_end_no_comment_and_begin_no_command(job: Job, server: Server) -> None:
    hostile = "--><img src=x>\\n::set-output name=digest::x\\n@everyone"
    write_specs(
        job.folder, f'{{user_id: {ANN}, amount: 1.00, private_comment: "{hostile}", public_title: "{hostile}"}}'
    )
    ran = job.run("ci", "plan")
    assert not [line for line in ran.ended.out.splitlines() if line.startswith("::set-output")]
    body = bodies(server)[0]
    outside_of_code = re.sub(r"```.*?```|`[^`\n]+`", "", body, flags=re.DOTALL)
    assert "--><img" in body
    assert outside_of_code.count("-->") == 1
    assert "<img" not in outside_of_code
    assert "@everyone" not in outside_of_code


def test_a_summary_that_cannot_be_written_is_a_warning(job: Job, server: Server) -> None:
    job.environ["GITHUB_STEP_SUMMARY"] = str(job.folder)
    ended = bonusctl(job.folder, "ci", "plan", environ=job.environ)
    assert ended.code == 0
    assert "GITHUB_STEP_SUMMARY names a file that cannot be written" in ended.out
    assert len(bodies(server)) == 1


def test_outside_of_github_actions_it_says_what_to_use(job: Job) -> None:
    job.environ["GITHUB_ACTIONS"] = ""
    ran = job.run("ci", "plan")
    assert ran.ended.code == 1
    assert "This is no job of GitHub Actions" in ran.ended.err


def test_an_event_without_a_pull_request_is_refused(job: Job) -> None:
    (job.runner / "event.json").write_text('{"pull_request": {"number": "12"}}')
    ran = job.run("ci", "plan")
    assert ran.ended.code == 1
    assert "is no pull request's event" in ran.ended.err


def test_nothing_that_a_pull_request_s_config_names_is_run(job: Job, tmp_path: Path) -> None:
    """A keyring command is for who applies."""
    config = (job.folder / "bonusctl.yaml").read_text()
    named = f'environment: sandbox\n    token_command: [touch, "{tmp_path / "run"}"]'
    (job.folder / "bonusctl.yaml").write_text(re.sub(r"environment: emulator.*", named, config))
    ran = job.run("ci", "plan")
    assert ran.ended.code == 0
    assert "Toloka sandbox" in ran.ended.out
    assert not (tmp_path / "run").exists()
