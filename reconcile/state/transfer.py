"""A state as text: one JSON line a head, one an event, the same bytes for the same journal; and back again.

The export is what lives in git where a pipeline keeps its state there. An import believes nothing: every line must be
the very line that an export writes, the chain must hold and end in the head that the first line names.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from reconcile.digest import canonical_json
from reconcile.errors import StateError
from reconcile.state import chain
from reconcile.state.chain import StoredEvent
from reconcile.state.events import StateCarried
from reconcile.state.ledger import Head
from reconcile.state.lock import RunLock
from reconcile.state.reader import SqliteReader
from reconcile.state.sqlite import SqliteLedger, open_file

EXPORT_FORMAT: Final = 1
LINE_MAX: Final = 64 * 1024 * 1024

_HEADER_KEYS: Final = frozenset({"count", "format_version", "hash", "lineage", "sequence"})
_EVENT_KEYS: Final = frozenset({"body", "hash", "kind", "sequence"})
_EVENT: Final = re.compile(
    r'\{"body":(\{.*\}),"hash":"([0-9a-f]{64})","kind":"([a-z_]{1,40})","sequence":([1-9][0-9]{0,17})\}',
    re.ASCII | re.DOTALL,
)


class Header(NamedTuple):
    """The first line of an export: whose journal it is, and how far it goes."""

    lineage: str
    head: Head


class Pulled(StrEnum):
    """What became of the local state: made, brought forward, the same already, or ahead of what was pulled and kept."""

    MADE = "made"
    FORWARD = "forward"
    SAME = "same"
    AHEAD = "ahead"


def export_state(reader: SqliteReader, write_line: Callable[[str], object]) -> None:
    """Write a state as lines without their ends: a header, then each event. The same journal gives the same lines."""
    head = reader.head()
    header = {
        "count": head.sequence,
        "format_version": EXPORT_FORMAT,
        "hash": head.hash,
        "lineage": reader.lineage,
        "sequence": head.sequence,
    }
    write_line(canonical_json(header))
    for event in reader.stored_events():
        write_line(_line(event))


def _line(event: StoredEvent) -> str:
    # The body is canonical JSON already; its key comes first in the sorted order.
    rest = canonical_json({"hash": event.hash.hex(), "kind": event.kind, "sequence": event.sequence})
    return f'{{"body":{event.body},{rest[1:]}'


def import_state(
    path: Path,
    lines: Iterable[str],
    *,
    lock: RunLock,
    actor: str,
    reason: str,
    at_ms: int,
    network_allowed: bool = False,
) -> Head:
    """Make the state at `path` from an export's lines, or bring it forward where it is an earlier part of them.

    All or nothing, in bounded memory; ends with StateCarried, which closes every gate (not where nothing is new).
    Returns the head. Raises StateError with the line's number for a truncated, reordered or altered export, and for
    one that does not continue the state that is there.
    """
    numbered = _numbered(lines)
    header = _header_of(numbered)
    with open_file(path, lock=lock, network_allowed=network_allowed, at_ms=at_ms) as ledger:
        if not _continues(ledger, header, path):
            return ledger.head()
        ledger.replay(
            _new_events(numbered, header, ledger.head()),
            lambda epoch: StateCarried(how="imported", reason=reason, actor=actor, epoch=epoch + 1, at_ms=at_ms),
        )
        return ledger.head()


def pull_state(path: Path, lines: Iterable[str], *, lock: RunLock, network_allowed: bool = False) -> Pulled:
    """Make the state at `path` the very journal of an export's lines, or bring it forward where it is an earlier part.

    All or nothing, in bounded memory, every line verified. No event is added, so that a state that was pulled twice has
    one journal; that it is unproved is kept beside the journal (`SqliteLedger.replay_unproved`). A state that knows
    more than the export is kept as it is. Raises as `import_state` does.
    """
    numbered = _numbered(lines)
    header = _header_of(numbered)
    with open_file(path, lock=lock, network_allowed=network_allowed) as ledger:
        ours = ledger.head()
        knows_more = ours.sequence >= header.head.sequence and ledger.lineage == header.lineage
        if knows_more and ledger.contains_head(header.head):
            return Pulled.SAME if ours == header.head else Pulled.AHEAD
        _continues(ledger, header, path)
        ledger.replay_unproved(_new_events(numbered, header, ours))
        return Pulled.FORWARD if ours.sequence else Pulled.MADE


def read_header(line: str) -> Header:
    """What the first line of an export says. Raises StateError if it is none."""
    return _header_of(iter([(1, line.removesuffix("\n"))]))


def hash_at(lines: Iterable[str], sequence: int) -> str:
    """The chain's hash that an export names for its event `sequence`, "" if it has none. Believes the lines before."""
    numbered = islice(_numbered(lines), sequence, sequence + 1)
    return next((_read_event(number, line).hash.hex() for number, line in numbered), "")


def _continues(ledger: SqliteLedger, header: Header, path: Path) -> bool:
    """Whether the export may hold more than the state; False if it holds just as much."""
    ours = ledger.head()
    if ours.sequence == 0:
        return True
    if ledger.lineage != header.lineage:
        raise _refused(
            "import_diverged",
            f"The export is of another state than the one at {path}",
            "Import it under another path, or move the present state away first.",
        )
    if ours == header.head:
        return False
    if header.head.sequence <= ours.sequence:
        older = ledger.contains_head(header.head)
        raise _refused(
            "import_older" if older else "import_diverged",
            f"The export ends at event {header.head.sequence}, the state at {path} at event {ours.sequence}"
            + ("" if older else ", and their events differ"),
            "The state that is there knows more: keep it. To go back to an old one: bonusctl state restore BACKUP",
        )
    return True


def _new_events(numbered: Iterator[tuple[int, str]], header: Header, ours: Head) -> Iterator[StoredEvent]:
    """The export's events after our head, each once it is proved; at the end, the header's head must be reached."""
    sequence, previous = 0, chain.GENESIS
    for number, line in numbered:
        event = _read_event(number, line)
        sequence += 1
        previous = chain.link(previous, event.kind, event.body)
        if event.sequence != sequence:
            raise _bad_line(number, f"event {event.sequence} stands where event {sequence} belongs")
        if event.hash != previous:
            _check_text(number, event)
            raise _bad_line(number, f"event {sequence} does not have the hash that its text and its past give")
        if sequence == ours.sequence and previous.hex() != ours.hash:
            raise _refused(
                "import_diverged",
                f"The export and the state differ at event {sequence}",
                "Two machines went on from one state. Keep the one that paid last, and rebuild from the provider:\n"
                "bonusctl refresh --full",
            )
        if sequence > header.head.sequence:
            raise _bad_line(number, f"the export goes on after event {header.head.sequence}, its head")
        if sequence > ours.sequence:
            yield event
    if Head(sequence, previous.hex()) != header.head:
        raise _bad_line(sequence + 2, f"the export ends after event {sequence}, its head is {header.head.sequence}")


# --- lines -----------------------------------------------------------------------------------------------------------


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    iterator = iter(lines)
    number = 0
    while True:
        number += 1
        try:
            line = next(iterator)
        except StopIteration:
            return
        except (OSError, UnicodeDecodeError) as error:
            raise _bad_line(number, f"it cannot be read ({error})") from error
        if len(line) > LINE_MAX:
            raise _bad_line(number, "it is longer than any event")
        yield number, line.removesuffix("\n")


def _header_of(numbered: Iterator[tuple[int, str]]) -> Header:
    number, line = next(numbered, (1, ""))
    value = _parse(number, line, _HEADER_KEYS)
    if value["format_version"] != EXPORT_FORMAT:
        raise _bad_line(number, f"format_version is {value['format_version']}, this version reads {EXPORT_FORMAT}")
    head = chain.parse_head(f"{value['sequence']}:{value['hash']}")
    lineage = value["lineage"]
    if head is None or not isinstance(lineage, str) or value["count"] != head.sequence or head.sequence < 1:
        raise _bad_line(number, "it is no head of a state")
    return Header(lineage, head)


def _read_event(number: int, line: str) -> StoredEvent:
    """The event of a line. What its text says is left to whoever decodes it, who reads every part of it anyway."""
    parts = _EVENT.fullmatch(line)
    if parts is None:
        _parse(number, line, _EVENT_KEYS)
        raise _bad_line(number, "it is not written as an export writes it")
    body, hash_text, kind, sequence = parts.groups()
    return StoredEvent(int(sequence), kind, body, bytes.fromhex(hash_text))


def _check_text(number: int, event: StoredEvent) -> None:
    """Raises StateError for a text that is not the one text of its value."""
    try:
        value = json.loads(event.body)
        event.body.encode()
    except (ValueError, RecursionError) as error:
        raise _bad_line(number, "it is no JSON, or only a part of a line") from error
    if canonical_json(value) != event.body:
        raise _bad_line(number, "it is not written as an export writes it")


def _parse(number: int, line: str, keys: frozenset[str]) -> dict[str, object]:
    try:
        value = json.loads(line)
        line.encode()
    except (ValueError, RecursionError) as error:
        raise _bad_line(number, "it is no JSON, or only a part of a line") from error
    if not isinstance(value, dict) or value.keys() != keys:
        raise _bad_line(number, f"it does not have the fields {', '.join(sorted(keys))}")
    return value


def _bad_line(number: int, what: str) -> StateError:
    return StateError(
        f"Line {number} of the export is refused: {what}",
        detail="An export is believed whole or not at all. Nothing was imported.",
        remedy="Export the state again where it lives:\nbonusctl state export",
        reason="import_damaged",
    )


def _refused(reason: str, summary: str, remedy: str) -> StateError:
    return StateError(summary, detail="Nothing was imported.", remedy=remedy, reason=reason)
