"""The workflow that `init` writes, played by its own lines: reviewed on pull requests, paid on merge, and only so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconcile.scaffold.source import Source
from reconcile.scaffold.writer import workflow_text
from tests.ci.job import ANN, BEN, MASK_KEY
from tests.support.actions import Actions, git
from tests.support.cli import project, write_specs
from tests.support.github import Server, github

SECRETS = {"TOLOKA_TOKEN": "toloka-canary-0123456789", "BONUSCTL_MASK_KEY": MASK_KEY}
CAT = "4f8a1c02e7d94b5fb0a1c2d3e4f50617"


@pytest.fixture
def server() -> Iterator[Server]:
    with github() as running:
        yield running


class Story:
    """A team's clone, and its repository's jobs."""

    def __init__(self, folder: Path, server: Server) -> None:
        workflow = workflow_text("github", Source("https://github.com/acme/bonusctl", "a" * 40))
        self.actions = Actions(folder, server, workflow, SECRETS)
        self.server = server
        self.clone = folder / "clone"
        git(folder, "clone", "-q", str(self.actions.origin), str(self.clone))
        project(self.clone)
        write_specs(self.clone)
        self.commit("start")
        git(self.clone, "push", "-q", "origin", "main")

    def commit(self, message: str) -> str:
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "-q", "-m", message)
        return git(self.clone, "rev-parse", "HEAD").strip()

    def branch(self, name: str, *bonuses: str) -> str:
        """A branch from main with a spec of its own; returns its head commit."""
        git(self.clone, "checkout", "-q", "-b", name, "origin/main")
        rows = "".join(f"  - {bonus}\n" for bonus in bonuses)
        text = f"version: 1\ncampaign: {name}\nprovider: toloka\nbonuses:\n{rows}"
        (self.clone / "specs" / f"{name}.yaml").write_text(text)
        head = self.commit(name)
        git(self.clone, "push", "-q", "origin", name)
        return head

    def merge(self, number: int, name: str, head: str) -> str:
        """Merge a branch into main as a pull request; returns the merge's commit."""
        git(self.clone, "checkout", "-q", "main")
        git(self.clone, "merge", "-q", "--no-ff", "-m", f"Merge #{number}", name)
        git(self.clone, "push", "-q", "origin", "main")
        merge = git(self.clone, "rev-parse", "HEAD").strip()
        self.server.memory.pull(number, head=head, merge=merge)
        return merge


@pytest.fixture
def story(tmp_path: Path, server: Server) -> Story:
    return Story(tmp_path, server)


def test_what_was_reviewed_is_paid_once_on_merge(story: Story, server: Server) -> None:
    head = story.branch("week-47", f"{{user_id: {ANN}, amount: 1.00}}", f"{{user_id: {BEN}, amount: 0.50}}")
    planned = story.actions.pull_request(12, head)
    assert planned.ok, planned.printed
    assert "2 payments, 1.50 USD" in server.memory.comments[12][0]["body"]
    merge = story.merge(12, "week-47", head)
    paid = story.actions.push(merge)
    assert paid.ok, paid.printed
    assert "Done: 2 issued" in paid.step("Pay what was approved").out
    again = story.actions.push(merge)
    assert again.ok, again.printed
    assert "Done: 0 issued, 2 unchanged." in again.step("Pay what was approved").out
    later = story.branch("readme")
    assert "nothing to pay" in (story.actions.pull_request(13, later).printed + server.memory.comments[13][0]["body"])


def test_a_push_without_a_pull_request_pays_nothing(story: Story) -> None:
    write_specs(story.clone, f"{{user_id: {ANN}, amount: 1.00}}")
    sha = story.commit("directly")
    git(story.clone, "push", "-q", "origin", "main")
    ended = story.actions.push(sha)
    assert not ended.ok
    assert "This commit is not the merge of one reviewed pull request" in ended.step("What was approved").err
    assert ended.names[-1] == "What was approved"


def test_a_spec_that_changed_after_the_plan_is_not_paid(story: Story) -> None:
    """What is merged asks for more than what was planned: only what was planned is paid, and the job is red."""
    head = story.branch("week-47", f"{{user_id: {ANN}, amount: 1.00}}")
    assert story.actions.pull_request(12, head).ok
    git(story.clone, "checkout", "-q", "main")
    write_specs(story.clone, f"{{user_id: {CAT}, amount: 0.90}}", campaign="slipped-in")
    story.commit("beside it")
    ended = story.actions.push(story.merge(12, "week-47", head))
    pay = ended.step("Pay what was approved")
    assert pay.code == 3
    assert "1 issued (1.00 USD)" in pay.out
    assert "1 not approved" in pay.out
    assert ended.step("Carry the state out").code == 0


def test_two_pull_requests_merged_at_once_are_paid_one_after_the_other(story: Story) -> None:
    first = story.branch("first", f"{{user_id: {ANN}, amount: 1.00}}")
    second = story.branch("second", f"{{user_id: {BEN}, amount: 0.50}}")
    assert story.actions.pull_request(12, first).ok
    assert story.actions.pull_request(13, second).ok
    merges = [story.merge(12, "first", first), story.merge(13, "second", second)]
    for merge, amount in zip(merges, ("1.00", "0.50"), strict=True):
        ended = story.actions.push(merge)
        assert ended.ok, ended.printed
        assert f"Done: 1 issued ({amount} USD)" in ended.step("Pay what was approved").out


def test_a_merge_whose_job_never_ran_is_paid_later_by_its_number(story: Story) -> None:
    first = story.branch("first", f"{{user_id: {ANN}, amount: 1.00}}")
    second = story.branch("second", f"{{user_id: {BEN}, amount: 0.50}}")
    assert story.actions.pull_request(12, first).ok
    assert story.actions.pull_request(13, second).ok
    merged, newest = story.merge(12, "first", first), story.merge(13, "second", second)
    paid = story.actions.push(newest)
    assert paid.step("Pay what was approved").code == 3
    assert "1 not approved" in paid.printed
    story.server.memory.histories[newest] = [merged]
    later = story.actions.by_hand(newest, "12")
    assert later.ok, later.printed
    assert "Done: 1 issued (1.00 USD)" in later.step("Pay what was approved").out


def test_a_fork_s_plan_is_shown_and_can_not_be_applied(story: Story, server: Server) -> None:
    head = story.branch("week-47", f"{{user_id: {ANN}, amount: 1.00}}")
    planned = story.actions.pull_request(12, head, fork=True)
    assert planned.ok, planned.printed
    assert "1 payment, 1.00 USD" in planned.summary
    assert server.memory.requests == []
    merge = story.merge(12, "week-47", head)
    server.memory.pulls[-1]["head"]["repo"]["full_name"] = "stranger/bonuses"
    ended = story.actions.push(merge)
    assert not ended.ok
    assert "It came from a fork" in ended.printed


def test_without_the_kept_plan_the_digest_alone_is_enough(story: Story) -> None:
    """Artifacts expire; the plan is what it was, so its digest still names it."""
    head = story.branch("week-47", f"{{user_id: {ANN}, amount: 1.00}}")
    assert story.actions.pull_request(12, head).ok
    (story.actions.artifacts / "1").rename(story.actions.artifacts / "expired")
    ended = story.actions.push(story.merge(12, "week-47", head))
    assert ended.ok, ended.printed
    assert "Done: 1 issued" in ended.printed


def test_each_secret_is_in_the_environment_of_its_own_steps_alone(story: Story) -> None:
    head = story.branch("week-47", f"{{user_id: {ANN}, amount: 1.00}}")
    planned = story.actions.pull_request(12, head)
    paid = story.actions.push(story.merge(12, "week-47", head))
    ran = [*planned.steps, *paid.steps]
    assert [step.name for step in ran if "TOLOKA_TOKEN" in step.environ] == ["Pay what was approved"]
    assert [step.name for step in ran if "BONUSCTL_MASK_KEY" in step.environ] == [
        "Plan",
        "Pay what was approved",
    ]
    assert "Pay what was approved" not in [step.name for step in ran if "GITHUB_TOKEN" in step.environ]
    assert ANN not in planned.printed + paid.printed + planned.summary
    for secret in (*SECRETS.values(), story.server.memory.requests[0].authorization.split()[1]):
        assert secret not in planned.printed + paid.printed + planned.summary


def test_the_run_is_recorded_with_its_pull_request_and_commit(story: Story) -> None:
    head = story.branch("week-47", f"{{user_id: {ANN}, amount: 1.00}}")
    story.actions.pull_request(12, head)
    merge = story.merge(12, "week-47", head)
    ended = story.actions.push(merge)
    from tests.support.cli import bonusctl

    (run,) = bonusctl(ended.folder, "history", "--format", "json").json()["runs"]
    assert (run["pull_request"], run["git_commit"]) == ("12", merge)


def test_the_action_plans_and_applies_by_itself(story: Story, server: Server) -> None:
    """`command: plan` and `command: apply`, in a folder of its own, without a workflow of ours."""
    story.actions.workflow = {
        "jobs": {
            job: {
                "steps": [
                    {"uses": "actions/checkout@x"},
                    {"uses": "acme/bonusctl@x", "with": {"command": job, "working-directory": "specs"}},
                ]
            }
            for job in ("plan", "apply")
        }
    }
    head = story.branch("week-47", f"{{user_id: {ANN}, amount: 1.00}}")
    planned = story.actions.pull_request(12, head)
    assert planned.names == ["Install", "Bring the state in", "Plan"]
    assert "1 payment, 1.00 USD" in server.memory.comments[12][0]["body"]
    ended = story.actions.push(story.merge(12, "week-47", head))
    assert ended.ok, ended.printed
    assert ended.names == [
        "Install",
        "What was approved",
        "Bring the state in and begin",
        "Pay what was approved",
        "Carry the state out",
    ]
    assert "Done: 1 issued" in ended.printed
