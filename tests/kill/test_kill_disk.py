"""The real command on a disk that fails at its Nth durable write: SQLite's own refusals of a full disk, of a folder that
cannot be written, of a file that stays busy. Nothing more is sent, what came back is handed on, the next run ends with
the truth.
"""

from pathlib import Path

import pytest

from tests.kill.launching import Ended, Launcher, Project
from tests.support.emulator import EmulatorProcess

COMMITS_MAX = 60
BREAKAGES = ("full", "readonly", "busy")
SENT = "request leaves: SendOperation"


@pytest.mark.parametrize("action", BREAKAGES)
@pytest.mark.parametrize(
    ("mode", "stride"),
    [("", 1), ("    batch_size: 2\n", 2), ("    mode: sync\n", 2)],
    ids=["singles", "batches", "sync"],
)
def test_a_disk_that_fails_at_a_write_ends_the_run_before_anything_more_is_sent(
    tmp_path: Path, launcher: Launcher, mode: str, stride: int, action: str
) -> None:
    with EmulatorProcess(tmp_path / "remote.db", {"latency-ms": 1, "daily-limit": 0, "run-ms": 0}) as emulator:
        project = Project(tmp_path / "project", launcher, emulator, mode, concurrency=1)
        for number in range(2, COMMITS_MAX, stride):
            project.ask(f"c{number}", **{f"w{number}": "10.00", f"x{number}": "20.00"})
            ended = project.run(
                "apply", "--auto-approve", "--format", "json", at=number, prefix="before commit", action=action
            )
            (project.folder / "state").chmod(0o700)
            if ended.code == 0:
                assert number > 4, "so few writes mean that the run was not followed"
                project.assert_true()
                return
            assert_stopped(project, ended, action)
            project.apply()
            project.assert_true()
    raise AssertionError("the run never ends")


def assert_stopped(project: Project, ended: Ended, action: str) -> None:
    """The run said what happened, sent nothing after the write that failed, and handed on what it could not record.

    On a full disk the next few writes may still find room in the file: the one that failed is the last.
    """
    assert (ended.code, ended.json()["reason"]) == (1, "state_write_failed"), ended
    last = max(place for place, point in enumerate(ended.points) if point.startswith("before commit"))
    assert SENT not in ended.points[last:]
    assert not any(point.startswith("after commit") for point in ended.points[last:])
    if "sends_finished" in ended.points[last]:
        files = list((project.folder / "state").glob("unrecorded-*.jsonl"))
        kept = "".join(path.read_text() for path in files)
        for path in files:
            path.unlink()
        assert '"operation_id"' in ended.err
        # A folder that cannot be written keeps nothing.
        assert ('"operation_id"' in kept) == (action != "readonly")
