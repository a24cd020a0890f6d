"""What sending and observing share: one gateway, one journal, and the tally of what became durable."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from reconcile.model import format_address
from reconcile.protocol.books import Books
from reconcile.protocol.gateway import SHORT_WAIT_S, Gateway
from reconcile.protocol.journal import Journal
from reconcile.protocol.ports import Control, Progress
from reconcile.protocol.report import Left, LeftBonus, Missing, Paid, PaidRows, Wait
from reconcile.protocol.track import Stage, Track
from reconcile.providers.base import Promise
from reconcile.state.events import Basis, Result, Settlement
from reconcile.state.ledger import OperationItem


@dataclass(slots=True)
class Tally:
    """What a run proved, in the order in which it became durable. `holding`: the providers at which bonuses with a former
    name wait. `dropped`: payments that were agreed to and that the specs ask for no more once the agreeing was over: what is
    left of each, None where nothing is.
    """

    paid: PaidRows = field(default_factory=PaidRows)
    left: dict[bytes, LeftBonus] = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    holding: set[str] = field(default_factory=set)
    dropped: dict[bytes, LeftBonus | None] = field(default_factory=dict)

    def hold(self, provider: str, wait: Wait) -> None:
        """Bonuses with a former name wait at this provider."""
        self.holding.add(provider)
        self.waits.append(wait)

    def forget(self, provider: str) -> None:
        """Before a provider's open operations are looked at anew: what was left of them before does not count."""
        self.left = {payment: row for payment, row in self.left.items() if row.provider != provider}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One provider's part of a run. `project` is part of every identity; `currency` the ledger's. `patience_ms`: how
    far `--wait` goes, by the boot-time clock. `books`: where payments are listed by assignment only.
    """

    gateway: Gateway
    journal: Journal
    tally: Tally
    control: Control
    progress: Progress
    project: str
    currency: str
    patience_ms: int = 0
    books: Books | None = None

    def wait(self, why: Left, text: str, until_ms: int | None) -> None:
        """Something that only time, or a person, settles: told once."""
        name = self.gateway.settings.name
        wait = Wait(provider=name, why=why, text=f"{name}: {text}", until_ms=until_ms)
        if all((known.why, known.text) != (why, wait.text) for known in self.tally.waits):
            self.tally.waits.append(wait)

    def is_patient(self, seconds: float) -> bool:
        """Whether this run may wait that long for a limit of the provider's to be over."""
        return seconds <= SHORT_WAIT_S or self.gateway.moment().boottime_ms + seconds * 1000 <= self.patience_ms

    def promise(self, track: Track) -> Promise:
        """What holds for an operation: by the mode it was journaled in, whatever the config says by now."""
        return self.gateway.codec.promise(track.operation.mode)

    def doubt(self, track: Track) -> str:
        """Why a list that does not show an operation proves nothing, as a sentence; "" where nothing speaks against."""
        if self.books is None:
            return ""
        items = track.open_items
        doubts = (self.books.doubt(item.recipient, item.assignment_id, _address(item)) for item in items)
        return next((doubt for doubt in doubts if doubt), "")

    def settle(self, track: Track, basis: Basis, items: Sequence[Settlement]) -> None:
        """End an operation: journal it now, show it once it is durable."""
        assert {item.payment_id for item in items} == {item.payment_id for item in track.open_items}
        self.journal.settle(track.operation.operation, basis, items)
        track.stage = Stage.SETTLED
        self.journal.after(lambda: self._durable(track, items))

    def alarm(self, code: str, text: str) -> None:
        """Journal an alarm and tell a person."""
        self.journal.alarm(code, text)
        self.tally.alarms.append(text)

    def left(
        self, item: OperationItem, why: Left, code: str = "", message: str = "", *, request_id: str = ""
    ) -> LeftBonus:
        """The row of the report for a payment that is not issued."""
        return LeftBonus(
            address=_address(item),
            bonus_id=item.bonus_id,
            provider=self.gateway.settings.name,
            currency=self.currency,
            amount=item.amount,
            why=why,
            code=code,
            message=message,
            request_id=request_id,
            advice=self.gateway.codec.explain(code),
        )

    def _durable(self, track: Track, settlements: Sequence[Settlement]) -> None:
        items = {item.payment_id: item for item in track.open_items}
        paid: list[Paid] = []
        rejected: list[LeftBonus] = []
        for settlement in settlements:
            item = items[settlement.payment_id]
            if settlement.result is Result.ISSUED:
                paid.append(self._paid(item, settlement))
                self.tally.left.pop(item.payment_id, None)
            elif settlement.result is Result.REJECTED:
                rejected.append(
                    self.left(item, Left.REJECTED, settlement.code, settlement.message, request_id=track.request_id)
                )
                self.tally.left[item.payment_id] = rejected[-1]
            else:
                self.tally.left.pop(item.payment_id, None)
                if track.why is not None:
                    self.tally.left[item.payment_id] = self.left(
                        item, track.why, track.code, track.message, request_id=track.request_id
                    )
        self.tally.paid += paid
        self.progress.settled(paid, rejected=rejected, under_way=self.gateway.in_flight)

    def _paid(self, item: OperationItem, settlement: Settlement) -> Paid:
        assert settlement.amount is not None
        return Paid(
            address=_address(item),
            payment_id=item.payment_id,
            provider=self.gateway.settings.name,
            currency=self.currency,
            amount=settlement.amount,
            remote_id=settlement.remote_id,
            adopted=False,
        )


def _address(item: OperationItem) -> str:
    return format_address(item.campaign, item.recipient, item.assignment_id, item.key)
