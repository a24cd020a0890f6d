"""Which commit the specs are of, and whether it may follow the one that was applied last.

An apply from an older checkout would pay what a later review took out again. So a run that pays starts only from a
descendant of the last commit whose plan was agreed to; who means otherwise says so.
"""

from typing import Final

from reconcile.errors import Refused
from reconcile.project.config import Project
from reconcile.project.git import Git, GitFailed
from reconcile.project.system import checked_out_commit, git_commit
from reconcile.state.reader import open_reader

DIRTY: Final = "-dirty"


def recorded_commit(project: Project) -> str:
    """What the history says of a run: the commit, with `-dirty` where config or specs differ from it; "" for none."""
    root = project.settings.root.resolve()
    commit = git_commit(root, project.environ)
    return f"{commit}{DIRTY}" if checked_out_commit(root) and _changed(project) else commit


def _changed(project: Project) -> bool:
    """Whether config or specs hold what is not committed. False where git cannot tell."""
    settings = project.settings
    paths = (str(settings.path.resolve()), *(str((settings.root / path).resolve()) for path in settings.specs))
    try:
        done = Git(settings.root.resolve(), project.environ).run(
            "--literal-pathspecs", "status", "--porcelain", "--untracked-files=all", "--no-renames", "--", *paths
        )
    except GitFailed:
        return False
    return done.code == 0 and bool(done.out)


def refuse_older(project: Project) -> None:
    """Raises Refused(older_commit) unless the commit that is checked out is the last applied one or comes after it.

    Without a work tree, or a state with an applied commit, there is nothing to compare.
    """
    present = checked_out_commit(project.settings.root.resolve())
    with open_reader(project.state_path) as reader:
        last = reader.applied_commit().removesuffix(DIRTY) if reader is not None else ""
    if not present or not last or present == last:
        return
    try:
        why = _why_not_after(Git(project.settings.root.resolve(), project.environ), last, present)
    except GitFailed as error:
        why = f"whether {_short(present)} comes after it cannot be told: {error.summary}"
    if why:
        raise Refused(
            f"The last apply was from commit {_short(last)}, and {why}",
            detail="From an older checkout, what a later review took out would be paid. Nothing was sent.",
            remedy="Check out the newest commit of the branch that is applied. If this one is meant:\n"
            "bonusctl apply --allow-older-commit",
            reason="older_commit",
        )


def _why_not_after(git: Git, last: str, present: str) -> str:
    """Why `present` does not count as a descendant of `last`; "" if it is one."""
    if git.run("merge-base", "--is-ancestor", last, present).code == 0:
        return ""
    known = git.run("cat-file", "-e", f"{last}^{{commit}}").code == 0
    if known and git.run("merge-base", "--is-ancestor", present, last).code == 0:
        return f"{_short(present)}, which is checked out, is older"
    if git.run("rev-parse", "--is-shallow-repository").text == "true":
        return (
            f"whether {_short(present)} comes after it cannot be told in a shallow clone: "
            "fetch the whole history (fetch-depth: 0)"
        )
    if not known:
        return "this repository does not know it: its history was rewritten, or the state is of another repository"
    return f"{_short(present)}, which is checked out, does not come after it"


def _short(commit: str) -> str:
    return commit[:10]
