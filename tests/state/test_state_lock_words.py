"""What the lock says when it cannot be had, and what it leaves in its file."""

import os
import resource
import stat
from pathlib import Path

import pytest

from reconcile.errors import StateError, StateLocked
from reconcile.state.lock import Holder, acquire, lock_path, read_holder, take_over, unlock
from tests.state.histories import HOLDER

LIVES = "One run at a time pays from a state. A lock of a process that died is free at once, so this one lives."
WAIT = "Wait for it to end. If it hangs for good:\nbonusctl state unlock"
SIGNED = b'{"command":"bonusctl apply","host":"runner","pid":7,"since_ms":1790000000000}'


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "s.db"


def test_a_held_lock_says_whose_it_is_and_what_to_do(state: Path) -> None:
    with acquire(state, HOLDER, timeout_s=0), pytest.raises(StateLocked) as caught:
        acquire(state, HOLDER, timeout_s=0)
    error = caught.value
    assert error.summary == (
        f"The state {state} is locked by `bonusctl apply` (process 7 on runner, since 2026-09-21T14:13:20.000Z)"
    )
    assert (error.detail, error.remedy, error.reason) == (LIVES, WAIT, "lock_held")


def test_a_held_lock_without_a_signature_has_no_name(state: Path) -> None:
    with acquire(state, HOLDER, timeout_s=0):
        os.truncate(lock_path(state), 0)
        with pytest.raises(StateLocked) as caught:
            acquire(state, HOLDER, timeout_s=0)
    assert caught.value.summary == f"The state {state} is locked by a run that has not said its name"


def test_a_lock_is_signed_while_it_is_held_and_empty_afterwards(state: Path) -> None:
    with acquire(state, HOLDER, timeout_s=0) as lock:
        assert lock.path.read_bytes() == SIGNED
    assert lock_path(state).read_bytes() == b""


def test_a_signature_leaves_nothing_of_a_longer_one(state: Path) -> None:
    """A killed run let its lock go, and its name stayed."""
    lock_path(state).write_bytes(
        b'{"command":"bonusctl apply --auto-approve","host":"a-much-longer-name","pid":123456789'
    )
    with acquire(state, HOLDER, timeout_s=0):
        assert lock_path(state).read_bytes() == SIGNED


def test_a_lock_that_cannot_be_signed_holds(state: Path) -> None:
    """The disk takes no byte more."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        lock = acquire(state, HOLDER, timeout_s=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (lock.still_held(), read_holder(state)) == (True, None)
    lock.release()


def test_of_a_signature_the_beginning_alone_is_read(state: Path) -> None:
    lock_path(state).write_bytes(SIGNED.ljust(4096) + b"x")
    assert read_holder(state) == HOLDER


def test_the_folders_of_a_lock_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    acquire(tmp_path / "a" / "b" / "s.db", HOLDER, timeout_s=0).release()
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_a_lock_whose_folder_is_a_file_says_so_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError) as caught:
        acquire(tmp_path / "file" / "s.db", HOLDER, timeout_s=0)
    error = caught.value
    assert error.summary == f"The lock {tmp_path}/file/s.db.lock cannot be opened: File exists"
    assert error.detail == "Without the lock two runs could pay at once. Nothing was sent."
    assert (error.remedy, error.reason) == ("Mend the folder's permissions, then try again.", "lock_unusable")


def test_a_lock_that_is_a_symbolic_link_is_called_one(state: Path) -> None:
    lock_path(state).symlink_to(state.with_name("elsewhere"))
    with pytest.raises(StateError) as caught:
        acquire(state, HOLDER, timeout_s=0)
    assert caught.value.summary == f"The lock {state}.lock cannot be opened: it is a symbolic link"


def test_a_lock_that_is_taken_over_is_ours_from_its_first_moment(state: Path) -> None:
    second = Holder(pid=8, host="laptop", command="bonusctl state unlock", since_ms=5)
    with acquire(state, HOLDER, timeout_s=0) as first:
        before, lock = take_over(state, second)
        assert (before, first.still_held(), lock.still_held(), lock.path) == (HOLDER, False, True, lock_path(state))
        assert read_holder(state) == second
        with pytest.raises(StateLocked):
            acquire(state, HOLDER, timeout_s=0)
        lock.release()


def test_a_lock_that_cannot_be_replaced_says_so(tmp_path: Path) -> None:
    with pytest.raises(StateError) as caught:
        unlock(tmp_path / "gone" / "s.db")
    assert caught.value.summary == f"The lock {tmp_path}/gone/s.db.lock cannot be replaced: No such file or directory"
    assert caught.value.reason == "lock_unusable"
