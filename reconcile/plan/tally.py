"""One campaign while it is being planned: its terms, its book, and the figures gathered so far."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from reconcile.model import Campaign
from reconcile.plan.books import Book, Unattributed, load_book
from reconcile.plan.decision import Terms
from reconcile.providers.rules import RULES, Tariff
from reconcile.settings import ProviderSettings, Settings
from reconcile.state.ledger import AcceptanceRecord, CampaignRecord, LedgerRecord, RecordedBonus, StateReader


class Carried(NamedTuple):
    """Money that counts for this campaign and is recorded elsewhere: under a former name, or without a bonus.

    `campaign` is the one it is recorded under, "" where it has no bonus.
    """

    recipient: str
    issued: Decimal
    in_doubt: Decimal
    campaign: str


@dataclass(slots=True)
class Tally:
    """A campaign of one provider. `head` is the first of its files; `asked`, `unchanged` and `accepted` count its
    bonuses.
    """

    head: Campaign
    provider: ProviderSettings
    terms: Terms
    ledger: LedgerRecord | None
    book: Book
    asked: int = 0
    unchanged: int = 0
    accepted: int = 0
    carried: list[Carried] = field(default_factory=list)

    @property
    def currency(self) -> str:
        """What the campaign pays in."""
        return self.terms.tariff.currency


class Shelf:
    """The state as planning sees it: every ledger, book and campaign's sums, read when first needed, once each."""

    def __init__(self, settings: Settings, reader: StateReader | None) -> None:
        self.settings = settings
        self.reader = reader
        self.tallies: dict[str, Tally] = {}
        self._ledgers: dict[tuple[str, str], LedgerRecord | None] = {}
        self._books: dict[tuple[int, str], Book] = {}
        self._unattributed: dict[int, Unattributed] = {}
        self._campaigns: dict[int, tuple[CampaignRecord, ...]] = {}
        self._acceptances: dict[int, dict[bytes, AcceptanceRecord]] = {}

    def tally(self, head: Campaign) -> Tally:
        """The tally of a campaign, begun with its first file."""
        found = self.tallies.get(head.name)
        if found is None:
            provider = self.settings.provider(head.provider)
            assert provider is not None, "the spec reader refuses unknown providers"
            found = self.tallies[head.name] = self.begin(head, provider)
        return found

    def begin(self, head: Campaign, provider: ProviderSettings) -> Tally:
        """A tally for a campaign on a provider, not kept."""
        tariff = self.tariff(provider)
        policies = self.settings.policies_for(tariff.currency)
        ledger = self.ledger(provider)
        book = Book() if ledger is None else self.book(ledger.ledger, head.name)
        return Tally(head, provider, Terms(tariff, policies.allow_top_up, RULES[provider.type].title), ledger, book)

    def tariff(self, provider: ProviderSettings) -> Tariff:
        """What a provider's environment pays in."""
        return RULES[provider.type].tariffs[provider.environment]

    def ledger(self, provider: ProviderSettings) -> LedgerRecord | None:
        """The ledger of a provider, None before the first contact."""
        key = provider.ledger_key
        if key not in self._ledgers:
            self._ledgers[key] = None if self.reader is None else self.reader.ledger(*key)
        return self._ledgers[key]

    def ledgers(self) -> Iterator[tuple[ProviderSettings, LedgerRecord]]:
        """Each ledger that the config uses, with the first provider that does."""
        seen = set()
        for provider in self.settings.providers:
            record = self.ledger(provider)
            if record is not None and record.ledger not in seen:
                seen.add(record.ledger)
                yield provider, record

    def book(self, ledger: int, campaign: str) -> Book:
        """The book of one of our campaigns."""
        key = ledger, campaign
        if key not in self._books:
            assert self.reader is not None
            self._books[key] = load_book(self.reader, ledger, campaign, self.settings.project)
        return self._books[key]

    def left_in(self, ledger: int, record: CampaignRecord) -> int:
        """How many of a campaign's recorded bonuses nobody asked for, as far as that was looked into; else all."""
        book = self._books.get((ledger, record.campaign))
        return record.bonuses if book is None else book.left_count()

    def row(self, ledger: int, bonus_id: bytes) -> RecordedBonus | None:
        """One recorded bonus, of any campaign and project, whether its book still holds it or not."""
        assert self.reader is not None
        return next(iter(self.reader.bonuses_by_id(ledger, (bonus_id,))), None)

    def acceptance(self, ledger: int, bonus_id: bytes) -> AcceptanceRecord | None:
        """What a person accepted of a bonus, whether it still holds or not."""
        if ledger not in self._acceptances:
            assert self.reader is not None
            self._acceptances[ledger] = {record.bonus_id: record for record in self.reader.acceptances(ledger)}
        return self._acceptances[ledger].get(bonus_id)

    def unattributed(self, ledger: int) -> Unattributed:
        """The ledger's payments that no bonus is known for."""
        if ledger not in self._unattributed:
            assert self.reader is not None
            self._unattributed[ledger] = Unattributed(self.reader.unattributed(ledger))
        return self._unattributed[ledger]

    def campaigns(self, ledger: int) -> tuple[CampaignRecord, ...]:
        """Every campaign's sums in a ledger, of any project."""
        if ledger not in self._campaigns:
            self._campaigns[ledger] = () if self.reader is None else self.reader.campaigns(ledger)
        return self._campaigns[ledger]
