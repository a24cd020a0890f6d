"""`state pull` and `state push`: the state on a branch of its own, between machines that keep nothing.

The branch's journal and the local one are compared by their chains: one is a part of the other, or they went apart and
nothing is done. A mark on the branch says that a run is under way: `begin` puts it there before an apply, `push` takes it
away after it. A pull proves nothing about requests in flight, since a run that died before its push is not on the branch:
a pulled state is unproved, and the next run closes its gates. Only `begin` proves it, where it found no mark: then every
run that began has brought its journal back. A mark that was found stays a reason for care until a run has closed the gates.
"""

from collections.abc import Mapping
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Final, NamedTuple

from reconcile.errors import Refused, StateError
from reconcile.project.branch_files import Mark, StateFiles
from reconcile.project.branch_marks import Begun, begun_path, covered, doubt, keep_begun, new_mark, prove, read_begun
from reconcile.project.config import Project
from reconcile.project.git import Git, GitFailed
from reconcile.project.git_branch import Branch, Lost, Tip, open_branch
from reconcile.project.run import holding_lock
from reconcile.state.chain import NO_EVENTS
from reconcile.state.ledger import Head
from reconcile.state.reader import SqliteReader, open_reader
from reconcile.state.transfer import Header, Pulled, pull_state

TRIES: Final = 6


class Standing(Enum):
    """How the local journal and the branch's stand to each other."""

    SAME = auto()
    OURS_AHEAD = auto()
    THEIRS_AHEAD = auto()
    APART = auto()


class PullReport(NamedTuple):
    """`pulled` is None where the branch has no journal. `head` is the local one afterwards; `mark` that of a run that
    is under way or was killed, None where every run has ended well.
    """

    branch: str
    pulled: Pulled | None
    head: Head
    mark: Mark | None


class PushReport(NamedTuple):
    """`commit` is the branch's newest, "" for no branch; `pushed` says whether this call made it. `standing` is how the
    journals stood before. `found` is the mark that was there, of another run or an earlier one; `marked` whether a mark is
    there now.
    """

    branch: str
    commit: str
    pushed: bool
    head: Head
    standing: Standing
    found: Mark | None
    marked: bool


def pull(project: Project, *, remote: str, branch: str) -> PullReport:
    """Bring the local state up to the branch's. Raises StateError(state_apart) where they went apart."""
    place = _Place(project, remote, branch)
    tip = place.branch.fetch()
    header, mark = place.files.header(tip), place.files.read_mark(tip)
    if header is None:
        return PullReport(str(place.branch), None, _local_head(project), mark)
    with holding_lock(project, "state pull") as lock, place.branch.lines(place.files.parts(tip)) as lines:
        try:
            pulled = pull_state(project.state_path, lines, lock=lock)
        except StateError as error:
            if error.reason == "import_diverged":
                raise _apart(project, place, header.head, _local_head(project), "pulled") from error
            raise
    return PullReport(str(place.branch), pulled, _local_head(project), mark)


def begin(project: Project, *, remote: str, branch: str) -> PushReport:
    """Mark the branch: an apply is about to begin here. What the local state has and the branch has not goes with it.

    Raises Refused(branch_moved) where the branch knows more than the local state, StateError(state_apart) where they
    went apart, GitFailed where the push is not taken: then nothing may be applied.
    """
    place = _Place(project, remote, branch)
    with holding_lock(project, "state push --begin") as lock:
        mark = new_mark(project)
        for _ in range(TRIES):
            tip = place.branch.fetch()
            found = place.files.read_mark(tip)
            standing, head, files = _compared(project, place, tip)
            if standing is Standing.THEIRS_AHEAD:
                raise _moved(place)
            if standing is Standing.APART:
                raise _apart(project, place, _their_head(place, tip), head, "pushed")
            if found is not None:
                doubt(project, lock)
            keep_begun(project, Begun(mark.token, found is not None))
            changes = {**place.files.base(tip), **files, **place.files.marked(mark)}
            done = place.branch.push(tip, changes, "A run is under way [skip ci]\n")
            if not isinstance(done, Lost):
                if found is None:
                    prove(project, lock)
                return PushReport(str(place.branch), done.commit, True, head, standing, found, True)  # noqa: FBT003
        raise _too_busy(place)


def push(project: Project, *, remote: str, branch: str) -> PushReport:
    """Bring the branch up to the local state, and take away the mark that `begin` left there.

    Raises StateError(state_apart) where they went apart, GitFailed where the push is not taken.
    """
    place = _Place(project, remote, branch)
    with holding_lock(project, "state push"):
        begun = read_begun(project)
        for _ in range(TRIES):
            tip = place.branch.fetch()
            found = place.files.read_mark(tip)
            standing, head, files = _compared(project, place, tip)
            if standing is Standing.APART:
                _leave_mark(project, place, tip, found)
                raise _apart(project, place, _their_head(place, tip), head, "pushed")
            ours = begun is not None and found is not None and found.token == begun.token
            clears = ours and begun is not None and covered(project, begun)
            changes = {**files, **(place.files.unmarked() if clears else {})}
            if changes:
                changes = {**place.files.base(tip), **changes}
            what = f"State at event {head.sequence}" if head.sequence else "No run took place"
            done = place.branch.push(tip, changes, f"{what} [skip ci]\n")
            if not isinstance(done, Lost):
                if clears or not ours:
                    begun_path(project).unlink(missing_ok=True)
                marked = found is not None and not clears
                return PushReport(str(place.branch), done.commit, done != tip, head, standing, found, marked)
        raise _too_busy(place)


# --- comparing -------------------------------------------------------------------------------------------------------


class _Place:
    """The branch, and our files on it. Raises Refused outside of a work tree."""

    def __init__(self, project: Project, remote: str, branch: str) -> None:
        done = Git(project.settings.root.resolve(), project.environ).run("rev-parse", "--show-toplevel")
        if done.code != 0:
            raise Refused(
                f"{project.settings.root.resolve()} is not in a git work tree",
                detail=done.said,
                remedy="A state on a branch needs a clone of the repository that the specs are in.",
                reason="no_work_tree",
            )
        state, top = project.state_path.parent.resolve() / project.state_path.name, Path(done.text).resolve()
        self.branch: Branch = open_branch(Git(top, project.environ), remote=remote, name=branch)
        inside = state.is_relative_to(top)
        self.files = StateFiles(self.branch, state.relative_to(top).as_posix() if inside else state.name)


def _compared(project: Project, place: _Place, tip: Tip) -> tuple[Standing, Head, Mapping[str, str | None]]:
    """How the journals stand, the local head, and the files that bring the branch up to the local state."""
    header = place.files.header(tip)
    with open_reader(project.state_path) as reader:
        if reader is None:
            return (Standing.SAME if header is None else Standing.THEIRS_AHEAD), NO_EVENTS, {}
        standing = Standing.OURS_AHEAD if header is None else _standing(reader, place, tip, header)
        files = place.files.exported(reader, tip) if standing is Standing.OURS_AHEAD else {}
        return standing, reader.head(), files


def _standing(reader: SqliteReader, place: _Place, tip: Tip, header: Header) -> Standing:
    ours = reader.head()
    if reader.lineage != header.lineage:
        return Standing.APART
    if reader.contains_head(header.head):
        return Standing.SAME if ours == header.head else Standing.OURS_AHEAD
    behind = ours.sequence < header.head.sequence and place.files.hash_at(tip, ours.sequence) == ours.hash
    return Standing.THEIRS_AHEAD if behind else Standing.APART


def _their_head(place: _Place, tip: Tip) -> Head:
    header = place.files.header(tip)
    return NO_EVENTS if header is None else header.head


def _local_head(project: Project) -> Head:
    with open_reader(project.state_path) as reader:
        return NO_EVENTS if reader is None else reader.head()


def _leave_mark(project: Project, place: _Place, tip: Tip, found: Mark | None) -> None:
    """A run that cannot bring its journal back is one that the next must be careful about. As far as that is possible."""
    if found is None:
        with suppress(GitFailed):
            place.branch.push(
                tip, place.files.marked(new_mark(project)), "A run ended apart from this state [skip ci]\n"
            )


# --- refusals --------------------------------------------------------------------------------------------------------


def _short(head: Head) -> str:
    return f"{head.sequence}:{head.hash[:12]}" if head.sequence else "no event"


def _moved(place: _Place) -> Refused:
    return Refused(
        f"The branch {place.branch} knows more than the state here",
        detail="Another run has pushed meanwhile. Nothing was pushed: an apply from here would not know what was paid.",
        remedy="bonusctl state pull",
        reason="branch_moved",
    )


def _apart(project: Project, place: _Place, theirs: Head, ours: Head, what: str) -> StateError:
    state = project.settings.state
    return StateError(
        f"The state here and the one on {place.branch} went apart: {_short(ours)} here, {_short(theirs)} there",
        detail=f"Each holds events that the other has not: two runs went on from one state, or this is another state. "
        f"Nothing was {what}. What was paid is at the provider, and a state that lacks it finds it there.",
        remedy="Take the branch's state, and let it read what only this one knows:\n"
        f"mv {state} {state}.apart\nbonusctl state pull\nbonusctl refresh --full",
        reason="state_apart",
    )


def _too_busy(place: _Place) -> GitFailed:
    return GitFailed(
        f"Others pushed to {place.branch} {TRIES} times in a row, each time a moment before this run",
        detail="Nothing was pushed.",
        remedy="Run it again.",
        reason="push_raced",
    )
