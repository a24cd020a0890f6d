"""What a run takes from its machine."""

import os
import pwd
import signal
import subprocess
from pathlib import Path

import pytest

from reconcile.project.stop import StopControl
from reconcile.project.system import SystemClock, actor, git_commit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def git(folder: Path, *arguments: str) -> str:
    names = ("-c", "user.name=t", "-c", "user.email=t@t")
    done = subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "inner").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "one")
    return folder


def test_the_commit_is_the_one_that_is_checked_out(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    assert git_commit(repository / "inner", {}) == commit
    git(repository, "pack-refs", "--all")
    assert git_commit(repository, {}) == commit
    git(repository, "checkout", "-q", "--detach")
    assert git_commit(repository, {}) == commit


def test_the_commit_of_a_worktree_is_its_own(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "other"))
    git(tmp_path / "other", "commit", "-q", "--allow-empty", "-m", "two")
    assert git_commit(tmp_path / "other", {}) == git(tmp_path / "other", "rev-parse", "HEAD")
    assert git_commit(repository, {}) != git_commit(tmp_path / "other", {})


def test_in_ci_the_commit_is_the_pipeline_s(tmp_path: Path) -> None:
    assert git_commit(tmp_path, {"GITHUB_SHA": COMMIT}) == COMMIT
    assert git_commit(tmp_path, {"CI_COMMIT_SHA": COMMIT}) == COMMIT


@pytest.mark.parametrize(
    "head", ["", "ref: ../../../etc/passwd", "ref: /etc/passwd", "nonsense", "ref: refs/heads/none", "\x00\xff"]
)
def test_a_strange_head_is_no_commit(tmp_path: Path, head: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text(head)
    assert git_commit(tmp_path, {"GITHUB_SHA": "not a commit"}) == ""


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"USER": "alice"}, "alice"),
        ({"LOGNAME": "bob"}, "bob"),
        ({"GITHUB_ACTOR": "alice", "GITHUB_RUN_ID": "7", "USER": "runner"}, "github:alice (run 7)"),
        ({"GITLAB_USER_LOGIN": "carol"}, "gitlab:carol"),
        ({}, pwd.getpwuid(os.getuid()).pw_name),
    ],
)
def test_the_actor_is_the_person_behind_the_run(environ: dict[str, str], name: str) -> None:
    assert actor(environ) == name


def test_boot_time_does_not_go_back_and_the_boot_keeps_its_name() -> None:
    clock = SystemClock()
    first = clock.boottime_ms()
    assert clock.boottime_ms() >= first > 0
    assert clock.boot_id() == SystemClock().boot_id() != ""


def test_the_first_signal_asks_and_the_second_ends() -> None:
    said: list[str] = []
    control = StopControl(said.append)
    with control.listening():
        assert not control.stop_requested()
        signal.raise_signal(signal.SIGINT)
        assert control.stop_requested()
        assert said == ["Stopping: nothing new is sent, what is in flight is settled. Once more to stop at once."]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_at_a_question_the_first_signal_ends() -> None:
    control = StopControl(lambda _: None)
    with control.listening(), pytest.raises(KeyboardInterrupt), control.asking():
        signal.raise_signal(signal.SIGINT)


def test_a_stop_before_the_question_is_not_asked_away() -> None:
    control = StopControl(lambda _: None)
    with control.listening():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), control.asking():
            pytest.fail("the question was asked")


def test_the_handlers_of_before_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with StopControl(lambda _: None).listening():
        pass
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
