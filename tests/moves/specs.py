"""The specs of the moves: what they ask for as values, and the YAML in which it stands in a folder."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from tests.moves.page import Name

CONFIG = """\
version: 1
providers:
  toloka: {{type: toloka, environment: sandbox, batch_size: {batch_size}, fee_percent: 0}}
policies: {{allow_top_up: {allow_top_up}}}
"""


@dataclass(slots=True)
class Entry:
    """A bonus of a campaign. `was`: the key that it had before ("~": none), "" where that was never said."""

    recipient: str
    key: str
    amount: Decimal
    was: str = ""


@dataclass(slots=True)
class CampaignFile:
    """One spec."""

    name: str
    entries: list[Entry] = field(default_factory=list)
    formerly: str = ""
    repeat: bool = False

    def find(self, recipient: str, key: str) -> Entry | None:
        """The entry of a recipient and key."""
        return next((one for one in self.entries if (one.recipient, one.key) == (recipient, key)), None)

    def names(self, entry: Entry) -> Iterator[Name]:
        """What an entry is known by: its name, and its former one where the file says that it had one."""
        yield Name(self.name, entry.recipient, entry.key)
        if self.formerly or entry.was:
            key = entry.key if not entry.was else entry.was.removeprefix("~")
            yield Name(self.formerly or self.name, entry.recipient, key)

    def text(self) -> str:
        """The file."""
        head = ["version: 1", f"campaign: {self.name}", "provider: toloka"]
        head += [f"formerly: {self.formerly}"] if self.formerly else []
        head += ["allow: [repeat]"] if self.repeat else []
        rows = [self._row(entry) for entry in self.entries]
        return "\n".join([*head, "bonuses:" if rows else "bonuses: []", *rows, ""])

    def _row(self, entry: Entry) -> str:
        key = f", key: {entry.key}" if entry.key else ""
        was = f", formerly: {{key: {entry.was}}}" if entry.was else ""
        return f"  - {{user_id: {entry.recipient}, amount: {entry.amount}{key}{was}}}"


def asked(files: list[CampaignFile]) -> dict[Name, Decimal]:
    """Every bonus that the files ask for, by its present name."""
    return {Name(one.name, entry.recipient, entry.key): entry.amount for one in files for entry in one.entries}


def known_names(files: list[CampaignFile]) -> frozenset[Name]:
    """Present and former names."""
    return frozenset(name for one in files for entry in one.entries for name in one.names(entry))


def write(files: list[CampaignFile], folder: Path) -> None:
    """The files, and nothing else, in `folder`/specs."""
    specs = folder / "specs"
    specs.mkdir(parents=True, exist_ok=True)
    for path in specs.iterdir():
        path.unlink()
    for one in files:
        (specs / f"{one.name}.yaml").write_text(one.text())
