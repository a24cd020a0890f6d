"""`refresh --full` looks both ways: what the state calls issued and the provider does not show is said aloud.

Judged only where the provider must show it: by its own id for the payment, created within what the scan read, and a
settle window away from either end of it. A payment that a person vouched for without an id is not looked for.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from reconcile import identity
from reconcile.model import PaymentStatus, format_address
from reconcile.money import Money
from reconcile.protocol.gateway import Gateway
from reconcile.protocol.report import Missing
from reconcile.providers.base import RemotePayment
from reconcile.providers.columns import Columns
from reconcile.state.events import AlarmRaised, Event
from reconcile.state.ledger import Ledger, LedgerRecord, RecordedPayment

ALARMS_MAX: Final = 100
"""How many payments get an alarm each; of the rest one alarm tells the number."""


class Span(NamedTuple):
    """What a scan read, by the provider's clock: from `since_ms` (None: the beginning) to `started_ms`. `window_ms`:
    how long a list may lag.
    """

    since_ms: int | None
    started_ms: int
    window_ms: int

    def covers(self, created_ms: int | None) -> bool:
        """Whether a payment of this time must have been shown."""
        if created_ms is None:
            return False
        since_ms = None if self.since_ms is None else self.since_ms + self.window_ms
        return (since_ms is None or created_ms >= since_ms) and created_ms <= self.started_ms - self.window_ms


class Listed:
    """Every payment that a scan saw, by its remote id: a number where it is one, which takes a fifth of the memory.
    `known`: how many of them the state calls issued just so, amount and all.
    """

    def __init__(self) -> None:
        self.known = 0
        self._amounts: dict[int | str, Decimal] = {}
        self._same: dict[Decimal, Decimal] = {}
        self._unsorted: list[tuple[array[int], Sequence[Decimal]]] = []

    def see(self, payments: Iterable[RemotePayment]) -> None:
        """One page, or what the state does not know of it."""
        for payment in payments:
            self._amounts[_key(payment.remote_id)] = self._same.setdefault(payment.amount, payment.amount)

    def see_known(self, columns: Columns, known: Sequence[int]) -> None:
        """What the state knows of a page. Kept as it comes: most lists are never asked for one of them."""
        self.known += len(known)
        numbers = array("Q", [columns.numbers[place] for place in known])
        self._unsorted.append((numbers, [columns.amounts[place] for place in known]))

    def amount(self, remote_id: str) -> Decimal | None:
        """What was listed under this id, None if nothing was."""
        while self._unsorted:
            self._amounts.update(zip(*self._unsorted.pop(), strict=True))
        return self._amounts.get(_key(remote_id))


def compare(ledger: Ledger, record: LedgerRecord, listed: Listed, span: Span, gateway: Gateway) -> Iterator[Missing]:
    """What the state calls issued and the list shows not at all, or with another amount. Streams over the state."""
    if listed.known == ledger.count_listed(record.ledger):
        # Each was listed under an id of its own, so that as many as there are is all of them.
        return
    for payment in ledger.all_payments(record.ledger):
        if payment.status is not PaymentStatus.ISSUED or not payment.remote_id:
            continue
        amount = listed.amount(payment.remote_id)
        if amount is None and span.covers(payment.created_ms):
            yield _missing(payment, record, gateway, None)
        elif amount is not None and amount != payment.amount:
            yield _missing(payment, record, gateway, amount)


def alarms(ledger: Ledger, record: LedgerRecord, found: Sequence[Missing], at_ms: int) -> tuple[list[Event], list[str]]:
    """(what is journaled, what a person is told). What was journaled before is not journaled again."""
    told = [(_code(one), _sentence(one)) for one in found[:ALARMS_MAX]]
    if len(found) > ALARMS_MAX:
        more = len(found) - ALARMS_MAX
        text = f"and {more:,} more payments that this state calls issued are not shown so by the provider"
        told.append(("missing", f"{record.account}: {text}"))
    known = {(alarm.code, alarm.detail) for alarm in ledger.alarms() if alarm.ledger == record.ledger}
    events: list[Event] = [
        AlarmRaised(ledger=record.ledger, code=code, detail=text, at_ms=at_ms)
        for code, text in told
        if (code, text) not in known
    ]
    return events, [text for _, text in told]


def _missing(payment: RecordedPayment, record: LedgerRecord, gateway: Gateway, listed: Decimal | None) -> Missing:
    gateway.meet(payment.recipient, payment.assignment_id)
    return Missing(
        address=format_address(payment.campaign, payment.recipient, payment.assignment_id, payment.key),
        payment_id=payment.payment_id,
        provider=gateway.settings.name,
        currency=record.currency,
        amount=payment.amount,
        remote_id=payment.remote_id,
        listed=listed,
    )


def _code(missing: Missing) -> str:
    return "missing" if missing.listed is None else "amount_differs"


def _sentence(missing: Missing) -> str:
    money = Money(missing.amount, missing.currency)
    name = f"payment {identity.to_text(missing.payment_id)} of {missing.address}"
    if missing.listed is None:
        return f"{name} ({money}, remote id {missing.remote_id}) is issued in this state, and the provider does not show it"
    shown = Money(missing.listed, missing.currency)
    return (
        f"{name} (remote id {missing.remote_id}) is issued with {money} in this state, and the provider shows {shown}"
    )


def _key(remote_id: str) -> int | str:
    # Only the usual form of a number stands for its text: "007" is another id than "7".
    plain = remote_id.isascii() and remote_id.isdigit() and (remote_id[0] != "0" or remote_id == "0")
    return int(remote_id) if plain else remote_id
