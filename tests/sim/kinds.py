"""The kinds of provider and mode that histories are played with."""

from dataclasses import replace
from decimal import Decimal
from typing import Final, NamedTuple

from reconcile.emulator.options import Options
from reconcile.settings import Settings
from tests.support.asked import settings


class Way(NamedTuple):
    """How payments go out. A name of a provider's type, and what its config says."""

    mode: str = "async"
    batch_size: int = 1
    skip_invalid_items: bool = True

    @property
    def singles(self) -> bool:
        """Whether the provider itself refuses every repetition, whatever state sends it."""
        return self.mode == "async" and self.batch_size == 1


class Kind(NamedTuple):
    """Where a history is played. `ids_used`: which reading of an operation id holds in synchronous mode."""

    name: str
    way: Way
    ids_used: bool = False
    yandex: bool = False

    @property
    def currency(self) -> str:
        return "RUB" if self.yandex else "USD"

    def money(self, text: str) -> str:
        """An amount in dollars, or ten times as many roubles: the least that is paid differs so."""
        return f"{Decimal(text) * 10}" if self.yandex else text

    def options(self) -> Options:
        """What the emulator is started with."""
        options = replace(Options(), sync_ids_used=self.ids_used, ids_dashed=not self.yandex)
        return replace(options, yandex=True, created_ms=False, log_amounts_as_text=True) if self.yandex else options

    def settings(self, way: Way) -> Settings:
        """The config, with one way of sending."""
        chosen = settings(mode=way.mode, batch_size=way.batch_size, skip_invalid_items=way.skip_invalid_items)
        if not self.yandex:
            return chosen
        (provider,) = chosen.providers
        return replace(chosen, providers=(replace(provider, environment="yandex", account=Options().account),))


SINGLES: Final = Kind("singles", Way())
BATCHES: Final = Kind("batches", Way(batch_size=2))
WHOLE_BATCHES: Final = Kind("batches, all or none", Way(batch_size=2, skip_invalid_items=False))
SYNC: Final = Kind("sync", Way("sync"))
SYNC_IDS: Final = Kind("sync, ids used", Way("sync"), ids_used=True)
SYNC_BATCHES: Final = Kind("sync batches", Way("sync", 2))
YANDEX: Final = Kind("yandex", Way(), yandex=True)
KINDS: Final = (SINGLES, BATCHES, WHOLE_BATCHES, SYNC, SYNC_IDS, SYNC_BATCHES, YANDEX)
WAYS: Final = (Way(), Way(batch_size=3), Way("sync"), Way("sync", 3), Way(batch_size=2, skip_invalid_items=False))
