"""What decides how a history can go on between two of its runs, as one name: equal names, equal futures.

It holds all that production code, provider, people and invariants can see from here on: each state's journal (its chain's
newest hash and what is not folded from events), every row of the provider, all clocks as they are, what is asked for and
how it is paid, and what the checks remember. Times stand in it as they are: nothing is taken for equal because it is only
later. What is left out cannot be seen any more: the story, how many steps there were, requests that are over.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from tests.sim.mturk_end import MturkTruth
from tests.support.sim_provider import Server
from tests.support.stores import MemoryStore

if TYPE_CHECKING:
    from tests.sim.history import History
    from tests.sim.machine import Machine


def name_of(history: History) -> bytes:
    """The world's name. States in memory alone have one."""
    server = history.provider.running.ledger
    assert isinstance(server, Server)
    clock = history.clock
    seen = (
        history.chooser.run,
        (clock.wall_ms, clock.boot_ms, clock.boot, clock.skew_ms),
        server.rows(),
        _asked(history),
        _remembered(history),
        [_state(machine) for machine in history.machines],
    )
    return sha256(repr(seen).encode()).digest()


def _asked(history: History) -> tuple[object, ...]:
    """The specs, the config, and what people hold to."""
    rows = [(row._replace(texts=tuple), row.texts()) for row in history.desired]
    flags = (history.plain, history.carried, history.copied, history.shared)
    return (rows, sorted(history.formers.items()), history.way, history.policies, history.daily_limit, flags)


def _remembered(history: History) -> tuple[object, ...]:
    """What the checks know besides the journals."""
    truth = history.provider.truth
    by_hand = truth.by_hand if isinstance(truth, MturkTruth) else []
    made = sorted((payment, *rows) for payment, rows in truth.made.items())
    return (made, by_hand, sorted(truth.keys.items()), *history.watch.remembered())


def _state(machine: Machine) -> tuple[object, ...]:
    """One machine's state. Its book is a fold of the same journal."""
    assert isinstance(machine.store, MemoryStore)
    events, clocked = machine.store.content(), sorted(machine.clocked.items())
    return (machine.name, events, machine.cuts, machine.life, machine.runs, machine.page, clocked)
