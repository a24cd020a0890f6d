"""`state pull`, `state push` and `apply` as jobs on fresh machines run them, against an emulator and a real remote."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reconcile.state.lock import acquire
from tests.branch.clones import BRANCH, STATE, Clone, Remote, environment, git
from tests.state.histories import HOLDER
from tests.support.cli import COMMAND, Ended, bonusctl
from tests.support.emulator import EmulatorProcess

SINGLES = """\
version: 1
providers:
  toloka:
    type: toloka
    environment: sandbox
    endpoint: {endpoint}
    settle_window: 900
"""
BATCHES = SINGLES + "    mode: sync\n    batch_size: 10\n"
TOKEN = {"TOLOKA_TOKEN": "emulator-main"}


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[EmulatorProcess]:
    with EmulatorProcess(tmp_path / "remote.db") as running:
        yield running


class Jobs:
    """Jobs of a pipeline: each in a fresh clone of `main`."""

    def __init__(self, remote: Remote, emulator: EmulatorProcess) -> None:
        self.remote = remote
        self.emulator = emulator
        self.author = remote.clone("author")
        self.write(SINGLES, "ann")

    def write(self, config: str, *workers: str) -> None:
        """A commit on main: a config, and a bonus for each worker."""
        rows = "".join(f"  - {{user_id: {worker}, amount: 1.00}}\n" for worker in workers)
        spec = f"version: 1\ncampaign: c\nprovider: toloka\nbonuses:\n{rows}"
        (self.author.folder / "specs" / "one.yaml").write_text(spec)
        (self.author.folder / "bonusctl.yaml").write_text(config.format(endpoint=self.emulator.endpoint))
        git(self.author.folder, "commit", "-q", "-am", "specs")
        git(self.author.folder, "push", "-q", "origin", "main")

    def fresh(self, name: str) -> Clone:
        return self.remote.clone(name)

    def settle(self, clone: Clone) -> None:
        """A window passes, by both clocks, and a run in batches finds that nothing of another life is about any more."""
        self.emulator.advance(901_000)
        config = clone.folder / "bonusctl.yaml"
        batches = BATCHES.format(endpoint=self.emulator.endpoint)
        config.write_text(re.sub("settle_window: [0-9]+", "settle_window: 1", batches))
        assert run(clone, "apply", "--auto-approve", "--wait", "5", environ=TOKEN).code == 0

    def paid(self) -> list[str]:
        return sorted(row["user_id"] for row in self.emulator.payments())


def run(clone: Clone, *arguments: str, environ: Mapping[str, str] | None = None) -> Ended:
    return bonusctl(clone.folder, *arguments, environ={"GIT_CONFIG_NOSYSTEM": "1", **(environ or {})})


def applied(clone: Clone, *options: str) -> Ended:
    return run(clone, "apply", "--auto-approve", "--wait", "0", *options, environ=TOKEN)


@pytest.fixture
def jobs(remote: Remote, emulator: EmulatorProcess) -> Jobs:
    return Jobs(remote, emulator)


def test_a_job_pays_and_the_next_finds_nothing_to_do(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    assert run(one, "state", "pull").out == f"There is no state on origin/{BRANCH} yet: nothing to pull.\n"
    assert run(one, "state", "push", "--begin").out == f"Marked origin/{BRANCH}: a run is under way here.\n"
    assert applied(one).code == 0
    ended = run(one, "state", "push")
    assert (ended.code, ended.out.startswith(f"Pushed to origin/{BRANCH}, head ")) == (0, True)
    two = jobs.fresh("two")
    assert run(two, "state", "pull").code == 0
    plan = run(two, "plan", "--format", "json").json()
    assert (plan["summary"]["issue"], plan["summary"]["unchanged"]) == (0, 1)
    assert jobs.paid() == ["ann"]


def test_after_a_job_that_ended_well_batches_go_on_without_a_wait(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    run(one, "state", "push", "--begin")
    assert applied(one).code == 0
    jobs.settle(one)
    assert run(one, "state", "push").code == 0
    jobs.write(BATCHES, "ann", "ben", "cat")
    two = jobs.fresh("two")
    assert run(two, "state", "pull").code == 0
    assert run(two, "state", "push", "--begin").code == 0
    assert applied(two).code == 0
    assert jobs.paid() == ["ann", "ben", "cat"]


def test_after_a_killed_job_batches_wait_for_a_settle_window(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    run(one, "state", "push", "--begin")
    assert applied(one).code == 0
    assert run(one, "state", "push").code == 0
    assert run(one, "state", "push", "--begin").code == 0
    jobs.write(BATCHES, "ann", "ben", "cat")
    two = jobs.fresh("two")
    pulled = run(two, "state", "pull")
    assert "is under way since" in pulled.err
    begun = run(two, "state", "push", "--begin")
    assert (begun.code, "has not brought its state" in begun.err) == (0, True)
    ended = applied(two, "--format", "json")
    assert ended.code == 3
    assert "this state is pulled while the mark of another run stood on its branch" in ended.out
    assert jobs.paid() == ["ann"]
    assert run(two, "state", "push").code == 0


def test_after_a_pull_without_begin_batches_wait_as_well(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    assert applied(one).code == 0
    assert run(one, "state", "push").code == 0
    jobs.write(BATCHES, "ann", "ben")
    two = jobs.fresh("two")
    run(two, "state", "pull")
    assert applied(two).code == 3
    assert jobs.paid() == ["ann"]


def test_a_killed_job_s_payments_come_back_with_the_next_scan(jobs: Jobs) -> None:
    """It paid and died before its push; the next job pays what is missing, at once, and nobody twice."""
    one = jobs.fresh("one")
    run(one, "state", "push", "--begin")
    assert applied(one).code == 0
    run(one, "state", "push")
    jobs.write(SINGLES, "ann", "ben")
    killed = jobs.fresh("killed")
    run(killed, "state", "pull")
    run(killed, "state", "push", "--begin")
    assert applied(killed).code == 0
    jobs.write(SINGLES, "ann", "ben", "cat")
    three = jobs.fresh("three")
    assert run(three, "state", "pull").code == 0
    assert run(three, "state", "push", "--begin").code == 0
    assert applied(three).code == 0
    assert run(three, "state", "push").code == 0
    assert jobs.paid() == ["ann", "ben", "cat"]
    later = jobs.fresh("later")
    run(later, "state", "pull")
    assert run(later, "plan", "--detailed-exitcode").code == 0


def expecting(clone: Clone, digest: str, *options: str) -> Ended:
    return run(clone, "apply", "--expect-digest", digest, "--wait", "0", *options, environ=TOKEN)


def test_a_killed_job_s_approval_goes_on_by_its_digest_alone(jobs: Jobs) -> None:
    """The set was recorded in a state that is lost; it is still the plan of the state that the reviewer's plan was made of."""
    one = jobs.fresh("one")
    assert applied(one).code == 0
    run(one, "state", "push")
    jobs.write(SINGLES, "ann", "ben", "cat")
    killed = jobs.fresh("killed")
    run(killed, "state", "pull")
    digest = run(killed, "plan", "--format", "json").json()["digest"]
    run(killed, "state", "push", "--begin")
    assert expecting(killed, digest, "--limit", "1").code == 3
    assert jobs.paid() == ["ann", "ben"]
    again = jobs.fresh("again")
    run(again, "state", "pull")
    run(again, "state", "push", "--begin")
    assert expecting(again, digest).code == 0
    assert jobs.paid() == ["ann", "ben", "cat"]
    run(again, "state", "push")
    later = jobs.fresh("later")
    run(later, "state", "pull")
    assert expecting(later, digest).code == 0


def test_what_came_in_after_the_review_is_not_paid_under_the_killed_jobs_digest(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    assert applied(one).code == 0
    run(one, "state", "push")
    jobs.write(SINGLES, "ann", "ben", "cat")
    killed = jobs.fresh("killed")
    run(killed, "state", "pull")
    digest = run(killed, "plan", "--format", "json").json()["digest"]
    run(killed, "state", "push", "--begin")
    expecting(killed, digest, "--limit", "1")
    jobs.write(SINGLES, "ann", "ben", "cat", "dan")
    again = jobs.fresh("again")
    run(again, "state", "pull")
    run(again, "state", "push", "--begin")
    assert expecting(again, digest).code == 1
    assert jobs.paid() == ["ann", "ben"]


def test_a_push_that_is_killed_is_made_by_the_next_one(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    assert applied(one).code == 0
    reached = jobs.remote.folder / "reached"
    jobs.remote.hook("pre-receive", f"touch {reached}; sleep 10")
    process = subprocess.Popen(
        [str(COMMAND), "state", "push"],
        cwd=one.folder,
        env=environment(one.folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not reached.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    jobs.remote.hook("pre-receive", "exit 0")
    assert jobs.remote.commits() == []
    assert run(one, "state", "push").code == 0
    assert jobs.remote.file(f"{STATE}.jsonl") == one.exported()


def test_while_an_apply_holds_the_lock_nothing_is_pushed_or_pulled(jobs: Jobs) -> None:
    """A push in the middle of a run would take its mark away, with requests in flight that the journal lacks."""
    one = jobs.fresh("one")
    assert applied(one).code == 0
    assert run(one, "state", "push").code == 0
    with acquire(one.state, HOLDER, timeout_s=0):
        for arguments in (("push",), ("push", "--begin"), ("pull",)):
            ended = run(one, "state", *arguments)
            assert (ended.code, "is locked by" in ended.err) == (1, True)
    assert len(jobs.remote.commits()) == 1


def test_no_provider_s_token_is_needed_or_given_to_git(jobs: Jobs, tmp_path: Path) -> None:
    """A program named git that writes down what it is given stands first in the PATH."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    (bin_folder / "git").write_text(f'#!/bin/sh\nenv >> {tmp_path}/given\nexec {real} "$@"\n')
    (bin_folder / "git").chmod(0o755)
    environ = {**TOKEN, "PATH": f"{bin_folder}:{os.environ['PATH']}", "BONUSCTL_MASK_KEY": "canary-key-canary"}
    assert run(jobs.fresh("one"), "state", "pull", environ=environ).code == 0
    given = (tmp_path / "given").read_text()
    assert "GIT_TERMINAL_PROMPT=0" in given
    assert "emulator-main" not in given
    assert "canary" not in given


# --- older commits ---------------------------------------------------------------------------------------------------


def reason(ended: Ended) -> str:
    return str(ended.json()["reason"])


def test_an_apply_from_an_older_commit_is_refused_unless_it_is_meant(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    first = git(one.folder, "rev-parse", "HEAD")
    jobs.write(SINGLES, "ben")
    git(one.folder, "pull", "-q")
    assert applied(one).code == 0
    newer = git(one.folder, "rev-parse", "HEAD")
    git(one.folder, "checkout", "-q", first)
    ended = applied(one, "--format", "json")
    assert (ended.code, reason(ended)) == (1, "older_commit")
    assert f"The last apply was from commit {newer[:10]}, and {first[:10]}, which is checked out, is older" in ended.err
    assert jobs.paid() == ["ben"]
    assert applied(one, "--allow-older-commit").code in (0, 3)
    assert jobs.paid() == ["ann", "ben"]


def test_an_apply_from_the_same_or_a_later_commit_goes_on(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    assert applied(one).code == 0
    assert applied(one).code == 0
    jobs.write(SINGLES, "ann", "ben")
    git(one.folder, "pull", "-q")
    assert applied(one).code == 0
    assert jobs.paid() == ["ann", "ben"]


def test_a_commit_beside_the_last_applied_one_is_refused(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    assert applied(one).code == 0
    git(one.folder, "checkout", "-q", "-b", "beside", "HEAD~1")
    git(one.folder, "commit", "-q", "--allow-empty", "-m", "beside")
    git(one.folder, "checkout", "-q", "main", "--", ".")
    git(one.folder, "commit", "-q", "-am", "the same specs")
    ended = applied(one, "--format", "json")
    assert (ended.code, reason(ended)) == (1, "older_commit")
    assert "does not come after it" in ended.err


def test_a_shallow_clone_that_cannot_tell_is_refused_and_says_what_to_fetch(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    assert applied(one).code == 0
    run(one, "state", "push")
    jobs.write(SINGLES, "ann", "ben")
    two = jobs.remote.clone("two", "--depth=1")
    run(two, "state", "pull")
    ended = applied(two, "--format", "json")
    assert (ended.code, reason(ended)) == (1, "older_commit")
    assert "cannot be told in a shallow clone: fetch the whole history (fetch-depth: 0)" in ended.err
    assert applied(two, "--allow-older-commit").code == 0


def test_a_commit_that_the_repository_does_not_know_is_said(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    git(one.folder, "commit", "-q", "--amend", "-m", "never pushed")
    assert applied(one).code == 0
    run(one, "state", "push")
    two = jobs.fresh("two")
    run(two, "state", "pull")
    ended = applied(two, "--format", "json")
    assert (ended.code, reason(ended)) == (1, "older_commit")
    assert "this repository does not know it: its history was rewritten" in ended.err


def test_history_says_where_config_or_specs_were_not_committed(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    commit = git(one.folder, "rev-parse", "HEAD")
    (one.folder / "notes.txt").write_text("not a spec\n")
    assert applied(one).code == 0
    (one.folder / "specs" / "two.yaml").write_text(
        "version: 1\ncampaign: d\nprovider: toloka\nbonuses:\n  - {user_id: dan, amount: 1.00}\n"
    )
    assert applied(one).code == 0
    dirty, clean = run(one, "history", "--format", "json").json()["runs"]
    assert (dirty["git_commit"], dirty["git_dirty"]) == (commit, True)
    assert (clean["git_commit"], clean["git_dirty"]) == (commit, False)
    assert f"{commit[:10]}-dirty" in run(one, "history").out


def test_outside_of_git_nothing_is_compared(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    assert applied(one).code == 0
    (one.folder / ".git").rename(one.folder / "was-git")
    assert applied(one).code == 0


def test_an_apply_that_nobody_agreed_to_does_not_count(jobs: Jobs) -> None:
    """The refused one of a newer commit leaves the older one free to go on."""
    one = jobs.fresh("one")
    assert applied(one).code == 0
    first = git(one.folder, "rev-parse", "HEAD")
    jobs.write(SINGLES, "ann", "ben")
    git(one.folder, "pull", "-q")
    refused = run(one, "apply", "--expect-digest", f"sha256:{'0' * 64}", "--wait", "0", environ=TOKEN)
    assert refused.code == 1
    git(one.folder, "checkout", "-q", first)
    assert applied(one).code == 0
