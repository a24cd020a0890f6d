"""Small files beside a state: whatever lies there is read at once or not at all, and nothing piles up."""

import os
from pathlib import Path

import pytest

from reconcile.state.anchor import anchor_path, read_anchor
from reconcile.state.beside import read_beside, write_beside
from reconcile.state.checked import checked_ms, checked_path
from reconcile.state.kept_sums import read_verified, verified_path
from reconcile.state.lock import lock_path, read_holder


def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    """Opened as a file it would wait for a writer for ever."""
    state = tmp_path / "bonusctl.db"
    for path in (anchor_path(state), checked_path(state), verified_path(state), lock_path(state)):
        os.mkfifo(path)
    assert read_anchor(state) is None
    assert checked_ms(state, 1) is None
    assert read_verified(state) is None
    assert read_holder(state) is None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("text")
    (tmp_path / "file").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        read_beside(tmp_path / "file", 100)


def test_a_bounded_part_of_a_plain_file_is_read(tmp_path: Path) -> None:
    write_beside(tmp_path / "file", "0123456789")
    assert read_beside(tmp_path / "file", 4) == b"0123"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_what_could_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    """A folder with something in it stands where the file is to be."""
    (tmp_path / "file" / "full").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_beside(tmp_path / "file", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
