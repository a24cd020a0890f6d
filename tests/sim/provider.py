"""The provider's end of a history: the emulator in memory, with faults by choice. Another provider has its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from reconcile.emulator.control import Running
from reconcile.emulator.faultkinds import FAULTS
from reconcile.emulator.faults import FaultBook, in_the_words_of
from reconcile.emulator.ledger import LateRequest
from reconcile.emulator.orders import Kind as Request
from reconcile.emulator.orders import Orders
from reconcile.money import parse_amount
from reconcile.providers.base import WireRequest
from tests.sim.chooser import READS, SENDS, Chooser
from tests.sim.kinds import Kind
from tests.sim.menus import PAYING, troubles
from tests.sim.truth import Truth
from tests.support.sim_provider import Server, SimClock


@dataclass(slots=True)
class ChosenFaults:
    """Stands where the emulator keeps its faults: each request is a choice. `again_ms`: a copy of the last one comes
    so much later.
    """

    chooser: Chooser
    tell: Callable[[str], None]
    core: bool
    again_ms: int | None = None
    about_users: bool = False
    struck: Counter[str] = field(default_factory=Counter)

    def orders(self, kind: Request, users: frozenset[str], latency_ms: int) -> Orders:
        """What happens to the next request."""
        orders = Orders(delay_ms=latency_ms)
        menu = troubles(kind, core=self.core)
        option = self.chooser.pick(f"request {kind}", 1 + len(menu), SENDS if kind in PAYING else READS)
        if not option:
            return orders
        trouble = menu[option - 1]
        self.tell(f"  request {kind}: {trouble.words}")
        self.struck[f"{kind}: {trouble.words}"] += 1
        self.again_ms = trouble.again_ms
        if trouble.fault is None:
            return orders
        return in_the_words_of(kind, trouble.fault, FAULTS[trouble.fault.name].apply(orders, trouble.fault))


class TolokaProvider:
    """The emulated Toloka. `truth` is what it really did."""

    def __init__(self, kind: Kind, clock: SimClock, faults: ChosenFaults) -> None:
        book = cast(FaultBook, faults)
        self.running = Running(ledger=Server(None, clock), options=kind.options(), book=book)
        self.truth = Truth(self.running)

    def deliver_again(self, request: WireRequest, later_ms: int) -> None:
        """A copy of a request arrives later, and nobody hears of its answer."""
        query = tuple(parse_qsl(urlsplit(request.target).query))
        ledger = self.running.ledger
        with ledger.transaction(writes=True):
            copy = LateRequest(self.running.options.account, query, request.body.decode("latin-1"))
            ledger.add_late(copy, ledger.now_ms() + later_ms)

    def refuses_repetition(self, request: WireRequest) -> bool:
        """Whether the provider carries this request out once, however often it comes."""
        return "async_mode=true" in request.target or self.running.options.sync_ids_used

    def set_balance(self, amount: str) -> None:
        """What is left on the account."""
        ledger = self.running.ledger
        with ledger.transaction(writes=True):
            ledger.set_balance(self.running.options.account, parse_amount(amount, decimals_max=3))

    def close(self) -> None:
        self.running.ledger.close()
