"""The chain of events: each hash covers its event and the hash before, so the head vouches for all of them."""

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final, NamedTuple

from reconcile.errors import StateCorrupt
from reconcile.state.ledger import Head

GENESIS: Final = sha256(b"bonusctl journal 1\n").digest()
NO_EVENTS: Final = Head(0, GENESIS.hex())

_HEAD: Final = re.compile(r"(0|[1-9][0-9]{0,17}):([0-9a-f]{64})", re.ASCII)


class StoredEvent(NamedTuple):
    """An event as it lies in the journal: `body` is its canonical JSON, `hash` the chain's 32 bytes up to it."""

    sequence: int
    kind: str
    body: str
    hash: bytes


def link(previous: bytes, kind: str, body: str) -> bytes:
    """The chain's hash after an event. A kind is lower case and a body begins with a brace: they cannot run together."""
    return sha256(b"%b%b%b" % (previous, kind.encode(), body.encode())).digest()


def verified(events: Iterable[StoredEvent], after: Head) -> Iterator[StoredEvent]:
    """The same events, each once it is proved to follow the one before. Raises StateCorrupt where the chain breaks."""
    sequence, previous = after.sequence, bytes.fromhex(after.hash)
    for event in events:
        sequence += 1
        if event.sequence != sequence:
            raise broken(sequence, f"event {sequence} is missing, {event.sequence} stands there")
        previous = link(previous, event.kind, event.body)
        if event.hash != previous:
            raise broken(sequence, f"event {sequence} does not have the hash that its text and its past give")
        yield event


def broken(sequence: int, what: str) -> StateCorrupt:
    """The error for a chain that breaks at an event."""
    return StateCorrupt(
        f"The state's journal is broken at event {sequence}: {what}",
        detail="Someone or something altered the file. Nothing was sent and nothing was written.",
        remedy="bonusctl state restore BACKUP",
    )


def format_head(head: Head) -> str:
    """`sequence:hash`, to be kept outside the state as an anchor."""
    return f"{head.sequence}:{head.hash}"


def parse_head(text: str) -> Head | None:
    """The head that `format_head` wrote, or None."""
    match = _HEAD.fullmatch(text.strip())
    return Head(int(match[1]), match[2]) if match else None
