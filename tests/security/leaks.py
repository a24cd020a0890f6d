"""Looks for a token where none may be: in texts, in files, in what the system shows of processes.

The spellings are made here by hand, not by the code under test: itself, base64 at each of the three offsets (only the
characters that depend on the token alone), and URL-quoted in either case.
"""

import os
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

CANARY = "canary/9f8e+7d6c=5b4a.3210-token"
"""A token with characters that base64, URLs and JSON each write in their own way."""


def spellings(token: str) -> frozenset[bytes]:
    """Every text that would give the token away."""
    raw = token.encode()
    found = {token, quote(token, safe=""), quote(token), quote(token, safe="").lower(), token.replace("/", "\\/")}
    for encode in (b64encode, urlsafe_b64encode):
        for offset in range(3):
            # Whole groups of three bytes from the first that starts inside of the token: four characters each.
            skipped = (3 - offset) % 3
            inner = raw[skipped : skipped + 3 * ((len(raw) - skipped) // 3)]
            found.add(encode(inner).decode())
    return frozenset(text.encode() for text in found)


SPELLINGS = spellings(CANARY)


def leaked(data: bytes | str) -> list[bytes]:
    """The spellings of the canary that stand in `data`."""
    raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    return sorted(one for one in SPELLINGS if one in raw)


def leaks_below(*folders: Path) -> list[tuple[str, bytes]]:
    """Files below these folders whose name or bytes give the token away: (path, spelling)."""
    return [
        (str(path), one)
        for folder in folders
        for path in sorted(folder.rglob("*"))
        for one in leaked(str(path)) + (leaked(path.read_bytes()) if path.is_file() else [])
    ]


def descendants(pid: int) -> Iterator[int]:
    """This process and all that it started and that still run, by the system's own tables."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield from descendants(int(child))


def title_of(pid: int) -> bytes:
    """What other users' tools show of a process: its command line and its name. b"" once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/comm").read_bytes()
    except OSError:
        return b""


def environ_of(pid: int) -> bytes:
    """A process's environment as it was started."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def have_proc() -> bool:
    """Whether this system shows processes as files."""
    return Path(f"/proc/{os.getpid()}/cmdline").exists()
