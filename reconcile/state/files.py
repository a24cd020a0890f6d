"""The state as a file: what may be opened, and how it is made.

A state is a regular file with one name, readable by its owner alone, on a disk of this machine: SQLite's promises
end where a network file system fakes its locks or its syncs.
"""

import os
import stat
from pathlib import Path
from typing import Final

from reconcile.errors import StateError

MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
SHARED_BITS: Final = 0o077
MOUNTS: Final = Path("/proc/self/mountinfo")

_NETWORK: Final = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs"}
    | {"nfs4", "ocfs2", "orangefs", "smb2", "smb3", "smbfs"}
)
_NETWORK_FUSE: Final = frozenset(
    {"davfs2", "gcsfuse", "glusterfs", "goofys", "mountpoint-s3", "rclone", "s3fs", "sshfs", "blobfuse2", "afp"}
)


def exists(path: Path) -> bool:
    """Whether a state lies at `path`. An empty file is none yet: a run died before it made one.

    Raises StateError for a symbolic link, for what is no regular file, and for a file with a second name.
    """
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StateError(
            f"The state {path} cannot be looked at: {error.strerror}", reason="state_unreadable"
        ) from error
    if stat.S_ISLNK(found.st_mode):
        raise _refused(path, "is a symbolic link", "Name the file itself in the config.")
    if not stat.S_ISREG(found.st_mode):
        raise _refused(path, "is no regular file", "Name a file in the config.")
    if found.st_nlink != 1:
        raise _refused(
            path,
            f"has {found.st_nlink} names (hard links)",
            "Two names have two journals, and one run would not see the other's. Remove all names but one.",
        )
    return found.st_size > 0


def create(path: Path) -> None:
    """Make an empty file of mode 0600, and the folders above it (0700) where they are missing."""
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags, MODE)
    try:
        os.fchmod(handle, MODE)
    finally:
        os.close(handle)


def keep_private(path: Path) -> None:
    """Take group's and others' access away: a state holds who was paid what."""
    if path.lstat().st_mode & SHARED_BITS:
        path.chmod(MODE)


def refuse_network(path: Path) -> None:
    """Raises StateError if `path` is on a network file system. Where the system does not tell, it is taken as local."""
    try:
        table = MOUNTS.read_text(errors="replace")
    except OSError:
        return
    kind = network_kind(path.parent.resolve(), table)
    if kind:
        raise _refused(
            path,
            f"is on a network file system ({kind})",
            "Locks and syncs there cannot be trusted, so a bonus could be paid twice. Put it on a local disk.",
            reason="state_on_network",
        )


def network_kind(folder: Path, mountinfo: str) -> str:
    """The type of the network file system that `folder` (resolved) is on, "" for a local one."""
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        words = before.split()
        if not dash or len(words) < 5:
            continue
        mount = Path(words[4].encode().decode("unicode_escape"))
        if (mount == folder or mount in folder.parents) and len(mount.parts) >= best:
            best, kind = len(mount.parts), after.split()[0]
    fuse, _, name = kind.partition(".")
    return kind if kind in _NETWORK or (fuse == "fuse" and name in _NETWORK_FUSE) else ""


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refused(path: Path, what: str, detail: str, *, reason: str = "state_path") -> StateError:
    return StateError(f"The state {path} {what}", detail=detail, reason=reason)
