"""What the state's branch holds for one state: its journal, its head, and the mark of a run that is under way.

The files stand under the state's own path in the repository, so that several configs can share one branch:
`state/bonusctl.db.jsonl` is what `state export` prints. A large journal goes on in `….jsonl.00002` and so on: full parts
never change, so that a push carries what is new, and no file grows past what a forge takes.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from reconcile.digest import canonical_json
from reconcile.project.git_branch import FORMAT, FORMAT_FILE, Branch, Tip
from reconcile.state.chain import format_head
from reconcile.state.reader import SqliteReader
from reconcile.state.transfer import Header, export_state, hash_at, read_header

PART_BYTES: Final = 16 * 1024 * 1024
README: Final = """\
# The state of bonusctl

This branch is written by `bonusctl state push` and read by `bonusctl state pull`. It holds who was paid what: keep the
repository private. Do not edit, merge, rebase or rewind it: what is lost here cannot be told from what was never paid.

`….jsonl` (with `….jsonl.00002` and so on after it) is the journal as `bonusctl state export` prints it, `….head` its
newest event, and `….under-way.json` is there while an apply is under way, or was killed.
"""


class Mark(NamedTuple):
    """Says that a run is under way. `token` is random; the rest is for people."""

    token: str
    by: str
    host: str
    since: str


class StateFiles:
    """The files of one state on a branch. `path` is the state's path in the repository, with slashes."""

    def __init__(self, branch: Branch, path: str) -> None:
        self._branch = branch
        self.journal = f"{path}.jsonl"
        self.head = f"{path}.head"
        self.mark = f"{path}.under-way.json"
        self._part = re.compile(re.escape(self.journal) + r"(?:\.[0-9]{5})?")

    def parts(self, tip: Tip) -> tuple[str, ...]:
        """The object ids of the journal's parts, in order; () where the branch has no journal."""
        return tuple(tip.files[path] for path in sorted(tip.files) if self._part.fullmatch(path))

    def header(self, tip: Tip) -> Header | None:
        """What the journal on the branch says of itself, None where there is none. Raises StateError if it is damaged."""
        parts = self.parts(tip)
        if not parts:
            return None
        with self._branch.lines(parts[:1]) as lines:
            return read_header(next(lines, ""))

    def hash_at(self, tip: Tip, sequence: int) -> str:
        """The hash that the branch's journal names for an event."""
        with self._branch.lines(self.parts(tip)) as lines:
            return hash_at(lines, sequence)

    def read_mark(self, tip: Tip) -> Mark | None:
        """The mark, None where there is none. One that cannot be read is a mark all the same."""
        blob = tip.files.get(self.mark)
        if blob is None:
            return None
        try:
            value = json.loads(self._branch.small(blob))
            return Mark(str(value["token"]), str(value["by"]), str(value["host"]), str(value["since"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            return Mark("", "somebody", "an unknown host", "an unknown time")

    # --- writing -----------------------------------------------------------------------------------------------------

    def base(self, tip: Tip) -> dict[str, str | None]:
        """What every branch of ours holds, where it is not there yet."""
        texts = {FORMAT_FILE: FORMAT, "README.md": README}
        return {path: self._branch.store(text.encode()) for path, text in texts.items() if path not in tip.files}

    def exported(self, reader: SqliteReader, tip: Tip) -> Mapping[str, str | None]:
        """The journal's parts and its head, stored. The same journal gives the same files."""
        files: dict[str, str | None] = {path: None for path in tip.files if self._part.fullmatch(path)}
        parts = _Parts(self._branch.store)
        export_state(reader, parts.write)
        for number, blob in enumerate(parts.end(), 1):
            files[self.journal if number == 1 else f"{self.journal}.{number:05d}"] = blob
        files[self.head] = self._branch.store(f"{format_head(reader.head())}\n".encode())
        return files

    def marked(self, mark: Mark) -> Mapping[str, str | None]:
        """The mark, stored."""
        text = canonical_json({"format_version": 1, **mark._asdict()})
        return {self.mark: self._branch.store(f"{text}\n".encode())}

    def unmarked(self) -> Mapping[str, str | None]:
        """The mark, taken away."""
        return {self.mark: None}


class _Parts:
    """Lines, stored part by part. The header does not count: its length changes, and no later part must."""

    def __init__(self, store: Callable[[bytes], str]) -> None:
        self._store = store
        self._lines: list[bytes] = []
        self._size = 0
        self._headed = False
        self._stored: list[str] = []

    def write(self, line: str) -> None:
        """Take a line, without its end."""
        raw = f"{line}\n".encode()
        self._lines.append(raw)
        self._size += len(raw) if self._headed else 0
        self._headed = True
        if self._size >= PART_BYTES:
            self._close()

    def end(self) -> tuple[str, ...]:
        """The object ids of all parts."""
        if self._lines:
            self._close()
        return tuple(self._stored)

    def _close(self) -> None:
        self._stored.append(self._store(b"".join(self._lines)))
        self._lines, self._size = [], 0
