"""What a soak came to: a file for each part that was played, and from them one small record, docs/soak.json.

A part counts for the code that it played: commits that changed none of it take nothing away.
"""

import hashlib
import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from reconcile import __version__
from tests.soak.shares import SHARES, Share
from tests.support.figures import KINDS, Tallies, Tally, add

ROOT: Final = Path(__file__).parents[2]
RECORD: Final = ROOT / "docs" / "soak.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One part that was played to its end. `plays` names the code that it played. `began_s` and `ended_s` are seconds
    since 1970. `code`: 0 where all held.
    """

    share: str
    part: int
    parts: int
    commit: str
    plays: str
    code: int
    began_s: int
    ended_s: int
    tests: dict[str, dict[str, Any]]

    @property
    def tallies(self) -> Tallies:
        """What its tests told."""
        return {test: Tally(**row) for test, row in self.tests.items()}


def keep(played: Played, folder: Path) -> None:
    """Write down that a part was played."""
    (folder / f"{played.share}-{played.part:03}.json").write_text(json.dumps(asdict(played), indent=1) + "\n")


def git(*arguments: str) -> str:
    """What git says, "" where there is no repository."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def code_of(share: Share, commit: str = "HEAD") -> str:
    """A name for the code that a share plays, as it is committed: of the folders of its tests all but other tests."""
    trees = [git("rev-parse", *(f"{commit}:{path}" for path in share.plays))]
    own = {test.partition("::")[0] for test in share.tests}
    for folder in share.folders:
        for line in git("ls-tree", commit, f"{folder}/").splitlines():
            path = line.partition("\t")[2]
            if path in own or not path.rpartition("/")[2].startswith("test_"):
                trees.append(line)
    return hashlib.sha256("\n".join(trees).encode()).hexdigest()[:16]


def kept(folder: Path) -> list[Played]:
    """The parts that were played with the present code, in the order in which they ended."""
    now = {share.name: (share.parts, code_of(share)) for share in SHARES}
    found = [Played(**json.loads(path.read_text())) for path in folder.glob("*-*.json")]
    same = [one for one in found if (one.parts, one.plays) == now.get(one.share)]
    return sorted(same, key=lambda one: one.ended_s)


def machine() -> dict[str, object]:
    """Where it was played; no name of a host."""
    return {
        "cores": os.cpu_count() or 0,
        "processor": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "bonusctl": __version__,
    }


def share_of(share: Share, played: Iterable[Played]) -> dict[str, object]:
    """How far one share got."""
    mine = [one for one in played if one.share == share.name]
    total = Tally()
    tests: dict[str, int] = {}
    for one in mine:
        for test, tally in one.tallies.items():
            total.take(tally)
            add(tests, {test: tally.passed})
    return {
        "name": share.name,
        "says": share.says,
        "asked": dict(share.asked),
        "parts": share.parts,
        "played": len(mine),
        "failed": sum(one.code != 0 for one in mine),
        "seconds": sum(one.ended_s - one.began_s for one in mine),
        "tests": {"passed": total.passed, "failed": total.failed, "not_run": total.not_run},
        "figures": {name: number for name, number in sorted(total.figures.items()) if not name.startswith(KINDS)},
        "environ": dict(share.environ),
        "commits": sorted({one.commit[:12] for one in mine}),
    }


def write_record(played: list[Played], *, altered: bool) -> None:
    """Write docs/soak.json. `altered`: the tree held changes that the commit does not."""
    failed = next((f"{one.share}-{one.part:03}" for one in played if one.code), None)
    record = {
        "format_version": 1,
        "commit": git("rev-parse", "HEAD"),
        "altered": altered,
        "machine": machine(),
        "began_s": min((one.began_s for one in played), default=0),
        "ended_s": max((one.ended_s for one in played), default=0),
        "failed_first": failed,
        "shares": [share_of(share, played) for share in SHARES],
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
