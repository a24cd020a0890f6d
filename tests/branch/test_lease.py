"""A push says which commit it replaces: what landed since it looked is never lost, and what was deleted is not revived."""

from reconcile.project.git import Git
from reconcile.project.git_branch import Lost, Tip, open_branch
from tests.branch.clones import BRANCH, Clone, Remote, git


def pushed(remote: Remote) -> Clone:
    clone = remote.clone("ann")
    clone.runs()
    clone.push()
    return clone


def test_a_push_onto_a_branch_that_moved_on_is_lost_and_changes_nothing(remote: Remote) -> None:
    ann = pushed(remote)
    branch = open_branch(Git(ann.folder, ann.environ), remote="origin", name=BRANCH)
    tip = branch.fetch()
    ann.runs()
    ann.push()
    before = remote.commits()
    assert branch.push(tip, {"late": branch.store(b"late\n")}, "late\n") == Lost()
    assert remote.commits() == before


def test_a_push_onto_a_branch_that_came_into_being_is_lost(remote: Remote) -> None:
    ann = remote.clone("ann")
    branch = open_branch(Git(ann.folder, ann.environ), remote="origin", name=BRANCH)
    tip = branch.fetch()
    ann.runs()
    ann.push()
    before = remote.commits()
    assert branch.push(tip, {"late": branch.store(b"late\n")}, "late\n") == Lost()
    assert remote.commits() == before


def test_a_push_onto_a_branch_that_was_deleted_is_lost(remote: Remote) -> None:
    ann = pushed(remote)
    branch = open_branch(Git(ann.folder, ann.environ), remote="origin", name=BRANCH)
    tip = branch.fetch()
    git(remote.bare, "update-ref", "-d", f"refs/heads/{BRANCH}")
    assert branch.push(tip, {"late": branch.store(b"late\n")}, "late\n") == Lost()
    assert remote.commits() == []


def test_a_push_of_what_is_there_is_no_push(remote: Remote) -> None:
    ann = pushed(remote)
    branch = open_branch(Git(ann.folder, ann.environ), remote="origin", name=BRANCH)
    tip = branch.fetch()
    assert branch.push(tip, {"none": None}, "nothing\n") is tip
    assert isinstance(tip, Tip)
    assert len(remote.commits()) == 1
