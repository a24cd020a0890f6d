"""How far the sums over a state's rows have moved, kept with its journal; and the sums themselves, as a full verification
found them, kept in a file beside the state.

The state keeps changes, not sums: who began to count in the middle of a journal does not know what was there before.
`state verify` folds everything once, counts the rows while it compares them, and keeps both; from then on the sums at
any later head are known without folding: those it found, and what commits have changed since.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from reconcile.digest import canonical_json
from reconcile.state import rowsums
from reconcile.state.beside import read_beside, write_beside
from reconcile.state.chain import format_head, parse_head
from reconcile.state.ledger import Head
from reconcile.state.queries import Source

SUMS: Final = "sums"
"""The key in `meta` under which a state keeps them."""

_TEXT_MAX: Final = 16 * 1024
_CHECK_LENGTH: Final = 16


class KeptSums(NamedTuple):
    """What the rows' sums have changed by from the event `start` to the event `head`, by table."""

    start: Head
    head: Head
    changes: Mapping[str, int]

    def moved(self, head: Head, changes: Mapping[str, int]) -> "KeptSums":
        """The same after one more commit."""
        return KeptSums(self.start, head, rowsums.plus(self.changes, changes))


class Verified(NamedTuple):
    """A head at which everything was folded again and found sound. `sums` are those of its rows, `kept` what the state
    kept then.
    """

    kept: KeptSums
    sums: Mapping[str, int]

    def sums_at(self, now: KeptSums) -> Mapping[str, int] | None:
        """The sums that the rows must have now; None where what is kept does not go back to this head."""
        if now.start != self.kept.start or now.head.sequence < self.kept.head.sequence:
            return None
        return rowsums.plus(self.sums, rowsums.minus(now.changes, self.kept.changes))


def read_kept(source: Source) -> KeptSums | None:
    """What a state keeps; None if nothing, or nothing that can be read."""
    row = source.row("SELECT value FROM meta WHERE key = ?", SUMS)
    return parse_sums(row[0]) if row else None


def format_sums(kept: KeptSums) -> str:
    """The text that `parse_sums` reads: canonical JSON with a check of its own."""
    value = _value(kept)
    return canonical_json({**value, "check": _check(value)})


def parse_sums(text: str) -> KeptSums | None:
    """What `format_sums` wrote, or None for any other text."""
    try:
        kept = _kept(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return kept if kept is not None and format_sums(kept) == text else None


def _value(kept: KeptSums) -> dict[str, object]:
    return {"start": format_head(kept.start), "head": format_head(kept.head), "changes": _texts(kept.changes)}


def _check(value: Mapping[str, object]) -> str:
    return sha256(canonical_json(value).encode()).hexdigest()[:_CHECK_LENGTH]


def _texts(sums: Mapping[str, int]) -> dict[str, str]:
    return {table: f"{value:0{2 * rowsums.VALUE_BYTES}x}" for table, value in sums.items()}


def _numbers(texts: Mapping[str, str]) -> dict[str, int]:
    return {str(table): int(text, 16) for table, text in texts.items()}


def _kept(value: dict[str, object]) -> KeptSums | None:
    start, head, changes = parse_head(str(value["start"])), parse_head(str(value["head"])), value["changes"]
    if start is None or head is None or not isinstance(changes, dict):
        return None
    return KeptSums(start, head, _numbers(changes))


# --- beside the state ------------------------------------------------------------------------------------------------


def verified_path(state: Path) -> Path:
    """Where it is kept that a state was verified in full."""
    return state.with_name(state.name + ".verified")


def read_verified(state: Path) -> Verified | None:
    """The last full verification of the state here, None if none is known."""
    try:
        value = json.loads(read_beside(verified_path(state), _TEXT_MAX))
        kept = parse_sums(value["kept"])
        return None if kept is None else Verified(kept, _numbers(value["sums"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def write_verified(state: Path, verified: Verified) -> None:
    """Keep it, 0600, in one step. A folder that takes no file has the next verification fold everything again."""
    text = canonical_json({"format_version": 1, "kept": format_sums(verified.kept), "sums": _texts(verified.sums)})
    with suppress(OSError):
        write_beside(verified_path(state), text + "\n")
