"""The newest head, kept beside the lock: a state file that lacks it is an older copy of itself.

A copy put back by hand looks sound from within. The anchor is written at the end of each run; whoever finds that the
state does not hold it must take requests of the lost part for possible. A missing anchor says nothing.
"""

from contextlib import suppress
from pathlib import Path

from reconcile.state.beside import read_beside, write_beside
from reconcile.state.chain import format_head, parse_head
from reconcile.state.ledger import Head

_TEXT_MAX = 200


def anchor_path(state: Path) -> Path:
    """Where a state's anchor is kept."""
    return state.with_name(state.name + ".head")


def read_anchor(state: Path) -> Head | None:
    """The head that this state held at the end of its last run here, None if none is known."""
    try:
        return parse_head(read_beside(anchor_path(state), _TEXT_MAX).decode("ascii").strip())
    except (OSError, ValueError):
        return None


def write_anchor(state: Path, head: Head) -> None:
    """Keep a head, 0600, in one step. A folder that takes no file any more leaves the older one: that holds, too."""
    with suppress(OSError):
        write_beside(anchor_path(state), format_head(head) + "\n")
