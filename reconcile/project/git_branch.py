"""A branch of its own on a remote, read and written with git's plumbing alone.

Files go into the object store, a tree is made in an index of its own, a commit on top of the remote's, and a push says
which commit it expects to replace: never the work tree, the index or the present branch, never by force. It works in
shallow clones and on detached heads. What was fetched is kept under `refs/bonusctl/`.
"""

import re
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from reconcile.errors import Refused, UsageError
from reconcile.project.git import NETWORK_S, Done, Git, GitFailed

FORMAT_FILE: Final = ".bonusctl-state"
FORMAT: Final = "bonusctl state branch 1\n"

_REMOTE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,200}", re.ASCII)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)
_NAME, _EMAIL = "bonusctl", "bonusctl@localhost"


class Tip(NamedTuple):
    """The newest commit of the branch, "" where there is no branch, and its files: path → object id."""

    commit: str
    files: Mapping[str, str]


NO_BRANCH: Final = Tip("", {})


class Lost(NamedTuple):
    """Somebody else pushed first: nothing of ours was taken."""


class Branch:
    """One branch of one remote, as `git` sees it from a work tree."""

    def __init__(self, git: Git, remote: str, name: str) -> None:
        self.git = git
        self.remote = remote
        self.name = name
        self._ref = f"refs/heads/{name}"
        # The remote's name has no part in the branch's: both may hold slashes.
        self._kept = f"refs/bonusctl/{remote}/-/{name}"

    def __str__(self) -> str:
        return f"{self.remote}/{self.name}"

    # --- reading -----------------------------------------------------------------------------------------------------

    def fetch(self) -> Tip:
        """The branch as the remote has it now. Raises GitFailed where the remote cannot be asked, Refused where the
        branch holds something else.
        """
        if not self._asked():
            return NO_BRANCH
        # A clone that is shallow already gets the newest commit alone; a whole one must not become shallow.
        shallow = self.git.text("rev-parse", "--is-shallow-repository") == "true"
        self._network(
            "fetch",
            *("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"),
            *(("--depth=1",) if shallow else ()),
            self.remote,
            f"+{self._ref}:{self._kept}",
        )
        commit = self.git.text("rev-parse", "--verify", "--end-of-options", f"{self._kept}^{{commit}}")
        listed = self.git.text("ls-tree", "-r", "-z", "--full-tree", commit)
        files = {}
        for row in listed.split("\0")[:-1]:
            words, path = row.split("\t", 1)
            files[path] = words.split()[2]
        if FORMAT_FILE not in files or self._text(files[FORMAT_FILE]) != FORMAT:
            raise Refused(
                f"The branch {self} does not hold a state of bonusctl",
                detail=f"It has no file {FORMAT_FILE} of this version. Nothing was read or written.",
                remedy="Name a branch that is for the state alone:\nbonusctl state push --branch NAME",
                reason="not_a_state_branch",
            )
        return Tip(commit, files)

    @contextmanager
    def lines(self, blobs: tuple[str, ...]) -> Iterator[Iterator[str]]:
        """The lines of these objects, one after the other, as they are read."""

        def read() -> Generator[str, None, None]:
            for blob in blobs:
                with self.git.lines("cat-file", "blob", blob) as lines:
                    yield from lines

        lines = read()
        try:
            yield lines
        finally:
            lines.close()

    def small(self, blob: str) -> str:
        """A small object's text."""
        return self._text(blob)

    def _text(self, blob: str) -> str:
        with self.git.lines("cat-file", "blob", blob) as lines:
            return "".join(line for line, _ in zip(lines, range(100), strict=False))

    def _asked(self) -> str:
        """The remote's newest commit of the branch, "" for none."""
        done = self._network("ls-remote", "--quiet", "--refs", self.remote, self._ref)
        found = [line.split("\t") for line in done.text.splitlines()]
        return next((row[0] for row in found if row[-1] == self._ref and _COMMIT.fullmatch(row[0])), "")

    # --- writing -----------------------------------------------------------------------------------------------------

    def store(self, content: bytes) -> str:
        """Keep a file's content; returns its object id."""
        return self.git.text("hash-object", "-w", "--no-filters", "--stdin", given=content)

    def push(self, tip: Tip, files: Mapping[str, str | None], message: str) -> Tip | Lost:
        """Put files (path → object id, None: take it away) on top of `tip`. Returns the tip itself where nothing would
        change, Lost where the branch has moved on. Raises GitFailed where the remote refuses it or cannot be asked.
        """
        after = {path: blob for path, blob in {**tip.files, **files}.items() if blob is not None}
        if after == dict(tip.files):
            return tip
        commit = self._commit(self._tree(after), tip.commit, message)
        done = self.git.run(
            "push",
            *("--quiet", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no"),
            f"--force-with-lease={self._ref}:{tip.commit}",
            self.remote,
            f"{commit}:{self._ref}",
            limit_s=NETWORK_S,
        )
        if done.code == 0:
            return Tip(commit, after)
        return self._after_failure(tip, Tip(commit, after), done)

    def _after_failure(self, before: Tip, ours: Tip, done: Done) -> Tip | Lost:
        """What a push that ended badly came to: its answer may have been lost, or somebody was faster."""
        now = self._asked()
        if now == ours.commit:
            return ours
        if now != before.commit:
            return Lost()
        raise GitFailed(
            f"The remote did not take the push to {self}",
            detail=done.said or "It did not say why.",
            remedy="Whoever runs this needs the right to push to this branch, and no rule may protect it from them.",
            reason="push_refused",
        )

    def _tree(self, files: Mapping[str, str]) -> str:
        rows = "".join(f"100644 {blob}\t{path}\0" for path, blob in sorted(files.items()))
        with tempfile.TemporaryDirectory(prefix="bonusctl-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            given = rows.encode("utf-8", "surrogateescape")
            self.git.text("update-index", "-z", "--index-info", given=given, environ=index)
            return self.git.text("write-tree", environ=index)

    def _commit(self, tree: str, parent: str, message: str) -> str:
        above = ("-p", parent) if parent else ()
        names = {**self._default("name", _NAME), **self._default("email", _EMAIL)}
        return self.git.text("commit-tree", *above, "-F", "-", tree, given=message.encode(), environ=names)

    def _default(self, key: str, value: str) -> dict[str, str]:
        """A name for the commit where neither git's config nor the environment has one."""
        if self.git.run("config", "--get", f"user.{key}").text:
            return {}
        variables = (f"GIT_AUTHOR_{key.upper()}", f"GIT_COMMITTER_{key.upper()}")
        return {variable: value for variable in variables if not self.git.environ.get(variable)}

    def _network(self, *arguments: str) -> Done:
        done = self.git.run(*arguments, limit_s=NETWORK_S)
        if done.code != 0:
            raise GitFailed(
                f"The remote {self.remote} cannot be reached, or does not let us read",
                detail=done.said or f"`git {arguments[0]}` ended with {done.code}.",
                remedy=f"See whether this works here:\ngit ls-remote {self.remote}",
                reason="remote_unreachable",
            )
        return done


def open_branch(git: Git, *, remote: str, name: str) -> Branch:
    """A branch by the names that a person gave. Raises UsageError for a name that is no branch's or no remote's."""
    if not _REMOTE.fullmatch(remote) or remote not in git.text("remote").splitlines():
        raise UsageError(f"{remote} is no remote of this repository", remedy="List the remotes:\ngit remote")
    plain = name and not name.startswith("-") and name != "HEAD"
    if not plain or git.run("check-ref-format", f"refs/heads/{name}").code != 0:
        raise UsageError(f"{name} is no name for a branch", remedy="Leave --branch away for `bonusctl-state`.")
    for address in git.run("remote", "get-url", "--all", "--push", remote).text.splitlines():
        git.hide(address)
    for address in git.run("remote", "get-url", "--all", remote).text.splitlines():
        git.hide(address)
    return Branch(git, remote, name)
