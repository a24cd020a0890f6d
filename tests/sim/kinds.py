"""The kinds of provider and mode that histories are played with."""

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import Final, NamedTuple

from reconcile.emulator.options import Options
from reconcile.model import Desired
from reconcile.settings import Settings
from tests.mturk.mturk_world import HOUR_MS, award, mturk_settings
from tests.support.asked import bonus, settings


class Way(NamedTuple):
    """How payments go out. A name of a provider's type, and what its config says."""

    mode: str = "async"
    batch_size: int = 1
    skip_invalid_items: bool = True

    @property
    def singles(self) -> bool:
        """Whether the provider itself refuses every repetition, whatever state sends it."""
        return self.mode in ("async", "token") and self.batch_size == 1


class Kind(NamedTuple):
    """Where a history is played. `ids_used`: which reading of an operation id holds in synchronous mode.
    `reason_marker`: MTurk's payments carry a reference.
    """

    name: str
    way: Way
    ids_used: bool = False
    yandex: bool = False
    mturk: bool = False
    reason_marker: bool = False

    @property
    def currency(self) -> str:
        return "RUB" if self.yandex else "USD"

    def money(self, text: str) -> str:
        """An amount in dollars, or ten times as many roubles: the least that is paid differs so."""
        return f"{Decimal(text) * 10}" if self.yandex else text

    @property
    def by_looks(self) -> bool:
        """Whether equal payments cannot be told apart at the provider."""
        return self.mturk and not self.reason_marker

    @property
    def rest_ms(self) -> int:
        """How long a quiet run waits for the next: at MTurk until every token is forgotten."""
        return 27 * HOUR_MS if self.mturk else 2_000_000

    def worker(self, name: str) -> str:
        """A recipient of this provider, by the short name of stories."""
        return f"A{name.upper()}" if self.mturk else name

    def bonus(
        self,
        worker: str,
        amount: str,
        *,
        campaign: str = "c",
        key: str = "",
        allow: Collection[str] = (),
    ) -> Desired:
        """A desired bonus of a worker, written short."""
        if self.mturk:
            return award(worker, amount, campaign=campaign, key=key)._replace(allow=frozenset(allow))
        return bonus(worker, amount, campaign=campaign, key=key, allow=frozenset(allow))

    def options(self) -> Options:
        """What the emulator is started with."""
        if self.mturk:
            return Options(mturk_signed=False)
        options = replace(Options(), sync_ids_used=self.ids_used, ids_dashed=not self.yandex)
        return replace(options, yandex=True, created_ms=False, log_amounts_as_text=True) if self.yandex else options

    def settings(self, way: Way) -> Settings:
        """The config, with one way of sending."""
        if self.mturk:
            return mturk_settings(reason_marker=self.reason_marker)
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
MTURK: Final = Kind("mturk", Way("token"), mturk=True)
MTURK_MARKED: Final = Kind("mturk with reason_marker", Way("token"), mturk=True, reason_marker=True)
KINDS: Final = (SINGLES, BATCHES, WHOLE_BATCHES, SYNC, SYNC_IDS, SYNC_BATCHES, YANDEX, MTURK, MTURK_MARKED)
WAYS: Final = (Way(), Way(batch_size=3), Way("sync"), Way("sync", 3), Way(batch_size=2, skip_invalid_items=False))
