"""Git as a program: what it is given, how long it may take, and what of its words is repeated."""

import socket
from pathlib import Path

import pytest

from reconcile.project.git import Git, GitFailed
from tests.branch.clones import environment, git


@pytest.fixture
def repository(tmp_path: Path) -> Git:
    git(tmp_path, "init", "-q", "-b", "main")
    return Git(tmp_path, environment(tmp_path))


def test_a_server_that_never_answers_is_not_waited_for(repository: Git) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.git"
        with pytest.raises(GitFailed) as caught:
            repository.run("ls-remote", address, limit_s=1)
    assert caught.value.summary == "`git ls-remote` did not end in 1 seconds"


def test_a_machine_without_git_is_said(tmp_path: Path) -> None:
    with pytest.raises(GitFailed) as caught:
        Git(tmp_path, {"PATH": str(tmp_path)}).run("version")
    assert caught.value.summary == "git cannot be run: No such file or directory"


def test_what_belongs_to_another_repository_or_provider_is_not_passed_on(tmp_path: Path) -> None:
    given = {
        "GIT_DIR": "/elsewhere",
        "GIT_INDEX_FILE": "/elsewhere/index",
        "GIT_TRACE_CURL": "1",
        "TOLOKA_TOKEN": "t",
        "BONUSCTL_MASK_KEY": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "GIT_TERMINAL_PROMPT": "1",
        "GIT_SSH_COMMAND": "ssh -i key",
        "HOME": "/home/ann",
    }
    assert Git(tmp_path, given).environ == {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
        "GIT_SSH_COMMAND": "ssh -i key",
        "HOME": "/home/ann",
    }


@pytest.mark.parametrize("spelling", ["canary%2Fpass", "canary/pass"])
def test_credentials_of_a_known_address_are_not_repeated_in_any_spelling(repository: Git, spelling: str) -> None:
    """Git is made to say it: as the name of a command that it does not have."""
    repository.hide("https://bot:canary%2Fpass@example.org/x.git")
    done = repository.run(f"no-{spelling}")
    assert done.code == 1
    assert "canary" not in done.said
    assert "***" in done.said


def test_credentials_of_any_address_are_not_repeated(repository: Git) -> None:
    done = repository.run("no-such-thing-https://x-token:hunter22@example.org/x.git")
    assert "hunter22" not in done.said
    assert "https://***@example.org" in done.said


def test_an_error_of_git_carries_what_it_said(repository: Git) -> None:
    with pytest.raises(GitFailed) as caught:
        repository.text("rev-parse", "--verify", "no-such-thing")
    assert caught.value.summary == "`git rev-parse` ended with 128"
    assert caught.value.detail == "fatal: Needed a single revision"


def test_lines_may_be_left_before_their_end(repository: Git) -> None:
    blob = repository.text("hash-object", "-w", "--stdin", given=b"line\n" * 200_000)
    with repository.lines("cat-file", "blob", blob) as lines:
        assert next(lines) == "line\n"


def test_lines_of_a_call_that_fails_end_with_its_error(repository: Git) -> None:
    with repository.lines("cat-file", "blob", "0" * 40) as lines, pytest.raises(GitFailed) as caught:
        list(lines)
    assert caught.value.reason == "git"
