"""`make peers`: play every story with everybody, and record it in benchmarks/peers/record.json and docs/peers.md.

`python -m benchmarks.peers [--kit PYTHON] [--seed N] [--jobs N] [--story KEY …] [--who KEY …] [--record]`. Without
`--record` the counts are shown and nothing is written. Without `--kit` toloka-kit does not take part. With `--story` or
`--who` a record is brought up to date in part; its first line tells of the last run.
"""

import argparse
import json
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.peers.contenders import CONTENDERS, HERE, ROOT, Contender, Pythons
from benchmarks.peers.counting import Count
from benchmarks.peers.playing import play
from benchmarks.peers.stories import STORIES, Story
from benchmarks.peers.tables import Record, from_json, insert, render, to_json
from reconcile import __version__

RECORD: Final = HERE / "record.json"
PAGE: Final = ROOT / "docs" / "peers.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers")
    parser.add_argument("--kit", default="", help="a Python that has toloka-kit")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--story", action="append", default=[])
    parser.add_argument("--who", action="append", default=[])
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    pythons = Pythons(sys.executable, str(Path(given.kit).absolute()) if given.kit else "")
    cells = [
        (story, who)
        for story in STORIES
        for who in CONTENDERS
        if who.platform in story.platforms
        and (not given.story or story.key in given.story)
        and (not given.who or who.key in given.who)
        and (who.tool != "toloka-kit" or pythons.kit)
    ]
    with ThreadPoolExecutor(given.jobs) as pool:
        played = list(pool.map(lambda cell: _play(cell[0], cell[1], pythons, given.seed), cells))
    if given.record:
        _write(Record(_about(pythons), given.seed, dict(played)))
    return 0


def _play(story: Story, who: Contender, pythons: Pythons, seed: int) -> tuple[tuple[str, str], Count]:
    counted = play(story, who, pythons, seed)
    print(f"{story.key:22} {who.key:16} {' '.join(f'{name}={value}' for name, value in counted._asdict().items())}")
    sys.stdout.flush()
    return (story.key, who.key), counted


def _about(pythons: Pythons) -> str:
    names = [f"bonusctl {__version__}", f"boto3 {version('boto3')}"]
    if pythons.kit:
        code = "from importlib.metadata import version as v; print('toloka-kit', v('toloka-kit')+', httpx', v('httpx'))"
        done = subprocess.run([pythons.kit, "-c", code], capture_output=True, text=True, check=True)
        names.append(f"{done.stdout.strip()} (for toloka-kit)")
    day = datetime.now(UTC).date().isoformat()
    return f"Recorded on {day} with {', '.join(names)}, CPython {platform.python_version()}."


def _write(played: Record) -> None:
    before = from_json(json.loads(RECORD.read_text())) if RECORD.exists() else played
    kept = before.counts if before.seed == played.seed else {}
    record = played._replace(counts={**kept, **played.counts})
    RECORD.write_text(json.dumps(to_json(record)).replace("], [", "],\n["))
    PAGE.write_text(insert(PAGE.read_text(), render(record)))


if __name__ == "__main__":
    sys.exit(main())
