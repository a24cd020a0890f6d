"""Where CI gets bonusctl from: by hand, or from what pip recorded when it installed this one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reconcile.scaffold.source import Source, parse_source
from tests.support.cli import environment

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def recorded(folder: Path, text: str) -> str:
    """What a Python says whose bonusctl was installed with this record."""
    made = folder / "bonusctl-9.dist-info"
    made.mkdir()
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: bonusctl\nVersion: 9\n")
    (made / "direct_url.json").write_text(text)
    top = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", "from reconcile.scaffold.source import *; print(installed_source())"],
        cwd=top,
        env=environment(folder, {"PYTHONPATH": f"{folder}:{top}"}),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_an_install_from_a_repository_is_known_by_its_commit(tmp_path: Path) -> None:
    text = json.dumps({"url": "https://github.com/acme/bonusctl.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}})
    assert recorded(tmp_path, text) == f"Source(url='https://github.com/acme/bonusctl', commit='{COMMIT}')"


@pytest.mark.parametrize(
    "text",
    [
        '{"url": "file:///home/ann/bonusctl", "dir_info": {"editable": true}}',
        '{"url": "ssh://git@github.com/acme/bonusctl", "vcs_info": {"commit_id": "' + COMMIT + '"}}',
        '{"url": 7, "vcs_info": []}',
        "no JSON",
        "[]",
    ],
)
def test_any_other_install_says_nothing(tmp_path: Path, text: str) -> None:
    assert recorded(tmp_path, text) == "None"


def test_a_source_is_written_as_each_ci_reads_it() -> None:
    source = parse_source(f"https://github.com/acme/bonusctl@{COMMIT}")
    assert source == Source("https://github.com/acme/bonusctl", COMMIT)
    assert source.action == f"acme/bonusctl@{COMMIT}"
    assert source.requirement == f"bonusctl @ git+https://github.com/acme/bonusctl@{COMMIT}"
