"""The real command and a real emulator together: one campaign, `c`, and what was paid for it."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from tests.support.commandline import CommandLine
from tests.support.emulator import EmulatorProcess

CONFIG = """\
version: 1
providers:
  toloka:
    type: toloka
    environment: sandbox
    endpoint: {endpoint}
    fee_percent: 0
    settle_window: 1
{more}"""


class Paying(CommandLine):
    """A project that pays at `emulator`. `more`: further lines of its provider."""

    def __init__(self, folder: Path, emulator: EmulatorProcess, more: Mapping[str, object] | None = None) -> None:
        lines = "".join(f"    {name}: {value}\n" for name, value in (more or {}).items())
        config = CONFIG.format(endpoint=emulator.endpoint, more=lines)
        super().__init__(folder, config, {"TOLOKA_TOKEN": "token", "USER": "ann"})
        self.emulator = emulator

    def ask(self, *bonuses: str) -> None:
        """The campaign asks for these: the inner lines of YAML mappings, `user_id: w1, amount: 1.00`."""
        rows = "".join(f"  - {{{one}}}\n" for one in bonuses)
        self.spec("c", f"version: 1\ncampaign: c\nprovider: toloka\nbonuses:\n{rows}")

    def paid(self) -> list[tuple[str, Decimal]]:
        """What the emulator paid, to whom."""
        return sorted((str(row["user_id"]), Decimal(row["amount"])) for row in self.emulator.payments())
