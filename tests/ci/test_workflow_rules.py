"""What the workflow and the action are allowed to do, read from them as data."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconcile.scaffold.source import UNKNOWN, Source
from reconcile.scaffold.writer import workflow_text

TOP = Path(__file__).resolve().parents[2]
WORKFLOW = workflow_text("github", Source("https://github.com/acme/bonusctl", "a" * 40))
ACTION = (TOP / "action.yml").read_text()
LOADED: dict[Any, Any] = yaml.safe_load(WORKFLOW)
PLAN, APPLY = LOADED["jobs"]["plan"], LOADED["jobs"]["apply"]


def steps() -> Iterator[dict[str, Any]]:
    for job in LOADED["jobs"].values():
        yield from job["steps"]
    yield from yaml.safe_load(ACTION)["runs"]["steps"]


def step(job: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in job["steps"] if one.get("name") == name]
    return dict(found)


def test_it_runs_for_pull_requests_the_main_branch_and_by_hand() -> None:
    on = LOADED[True]  # YAML 1.1 reads `on` as true
    assert set(on) == {"pull_request", "push", "workflow_dispatch"}
    assert on["push"] == {"branches": ["main"]}
    assert on["pull_request"] == {"branches": ["main"]}
    assert "pull_request_target" not in WORKFLOW + ACTION
    assert "workflow_run" not in WORKFLOW + ACTION


def test_nothing_is_permitted_that_a_job_does_not_name() -> None:
    assert LOADED["permissions"] == {}
    assert PLAN["permissions"] == {"contents": "read", "pull-requests": "write", "statuses": "write"}
    assert APPLY["permissions"] == {
        "contents": "write",
        "pull-requests": "read",
        "statuses": "read",
        "actions": "read",
    }


def test_the_plan_job_sees_no_provider_s_secret() -> None:
    """The key of the masks is the one secret there."""
    assert re.findall(r"secrets\.(\w+)", json.dumps(PLAN)) == ["BONUSCTL_MASK_KEY"]
    assert PLAN["if"] == "github.event_name == 'pull_request'"
    assert "environment" not in PLAN


def test_the_provider_s_token_is_in_one_step_of_a_protected_job() -> None:
    assert re.findall(r"secrets\.(\w+)", json.dumps(APPLY)) == ["TOLOKA_TOKEN", "BONUSCTL_MASK_KEY"]
    assert step(APPLY, "Pay what was approved")["env"]["TOLOKA_TOKEN"] == "${{ secrets.TOLOKA_TOKEN }}"
    assert APPLY["environment"] == "bonusctl"
    assert APPLY["if"] == "github.event_name != 'pull_request' && github.ref == 'refs/heads/main'"


def test_applies_wait_for_each_other_and_none_is_cancelled() -> None:
    assert APPLY["concurrency"] == {"group": "bonusctl-apply", "cancel-in-progress": False, "queue": "max"}


def test_the_state_is_carried_out_whatever_happened() -> None:
    names = [one.get("name") for one in APPLY["steps"]]
    assert names[-3:] == [
        "Say on the state's branch that a run is under way",
        "Pay what was approved",
        "Carry the state out",
    ]
    assert step(APPLY, "Carry the state out")["if"] == "always() && steps.begin.outcome == 'success'"


def test_apply_knows_the_whole_history_and_pays_the_approved_digest_alone() -> None:
    checkout = APPLY["steps"][0]
    assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}
    pay = step(APPLY, "Pay what was approved")
    assert '--expect-digest "$DIGEST" --auto-approve --mask-recipients' in pay["run"]
    assert pay["env"]["DIGEST"] == "${{ steps.approved.outputs.digest }}"


def test_every_job_and_the_paying_step_have_a_time_limit() -> None:
    assert [job["timeout-minutes"] for job in LOADED["jobs"].values()] == [15, 340]
    assert step(APPLY, "Pay what was approved")["timeout-minutes"] == 300


def test_no_checkout_keeps_credentials() -> None:
    checkouts = [one for one in steps() if one.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == 2
    assert all(one["with"]["persist-credentials"] is False for one in checkouts)


@pytest.mark.parametrize("text", [WORKFLOW, ACTION], ids=["workflow", "action"])
def test_every_action_of_others_is_pinned_by_commit_with_its_version_beside_it(text: str) -> None:
    used = re.findall(r"^ *(?:- )?uses: (\S+)(.*)$", text, re.MULTILINE)
    others = [(name, rest) for name, rest in used if not name.startswith("acme/")]
    assert others
    for name, rest in others:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", name), name
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", rest), name


def test_no_shell_line_holds_an_expression() -> None:
    """A branch's name or a title would become a command."""
    runs = [one["run"] for one in steps() if "run" in one]
    assert len(runs) >= 10
    assert not [run for run in runs if "${{" in run]


def test_git_has_its_credentials_from_the_environment_of_single_steps() -> None:
    assert "GITHUB_TOKEN" not in LOADED["env"]
    assert all("GITHUB_TOKEN" not in job.get("env", {}) for job in LOADED["jobs"].values())
    assert "GITHUB_TOKEN" not in step(APPLY, "Pay what was approved")["env"]


def test_where_bonusctl_comes_from_is_a_whole_commit_or_plainly_nothing() -> None:
    assert WORKFLOW.count(f"uses: acme/bonusctl@{'a' * 40}\n") == 2
    assert workflow_text("github").count(f"uses: OWNER/bonusctl@{'0' * 40}\n") == 2
    assert UNKNOWN.requirement in workflow_text("gitlab")


def test_gitlab_pays_on_the_default_branch_by_hand_one_at_a_time() -> None:
    found = yaml.safe_load(workflow_text("gitlab"))
    pay = found["bonusctl-apply"]
    assert pay["rules"] == [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", "when": "manual"}]
    assert (pay["resource_group"], pay["interruptible"], pay["environment"]) == ("bonusctl-apply", False, "bonusctl")
    assert pay["needs"] == ["bonusctl-plan"]
    assert "bonusctl apply plan.bonusplan --mask-recipients --wait 1200" in pay["script"]
    assert "TOLOKA" not in json.dumps(found["bonusctl-plan"])
    assert "state push" in json.dumps(pay["after_script"])
