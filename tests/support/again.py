"""A world at one moment, to go on from as often as a test wants: what came before it is played once.

What is kept is all that outlives a run: the state's own pages, every row of the provider, the clocks, what is asked for and
how it is paid. A run under way has more than that, so a moment is taken between two runs, or where a run has died.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

from reconcile.emulator.control import Running
from reconcile.emulator.faults import FaultBook
from reconcile.emulator.options import Options
from reconcile.emulator.ratelimit import RateLimit
from reconcile.model import Desired
from reconcile.settings import Settings
from tests.support.sim_provider import Rows, Server, SimClock
from tests.support.stores import MemoryStore
from tests.support.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """All that a world with its state in memory holds between two runs. No faults are in force. `content` stands for the
    state where two moments are compared.
    """

    state: bytes
    content: tuple[object, ...]
    remote: Rows
    clock: SimClock
    desired: tuple[Desired, ...]
    settings: Settings
    options: Options
    rate: RateLimit
    runs: int


def moment_of(world: World) -> Moment:
    """This moment of a world; the world may go on, or be closed."""
    assert isinstance(world.kept, MemoryStore)
    ledger = world.remote.ledger
    assert isinstance(ledger, Server)
    return Moment(
        state=world.kept.copy(),
        content=world.kept.content(),
        remote=ledger.rows(),
        clock=replace(world.clock),
        desired=tuple(world.desired),
        settings=world.settings,
        options=world.remote.options,
        rate=deepcopy(world.remote.rate),
        runs=world.runs,
    )


def world_at(folder: Path, moment: Moment) -> World:
    """A world that goes on from a moment, with an empty list of requests. Worlds of one folder live one by one."""
    clock, store = replace(moment.clock), MemoryStore()
    store.put(moment.state)
    server = Server(None, clock)
    server.put(moment.remote)
    running = Running(ledger=server, options=moment.options, book=FaultBook([]), rate=deepcopy(moment.rate))
    return World(
        folder,
        desired=list(moment.desired),
        clock=clock,
        options=moment.options,
        settings=moment.settings,
        running=running,
        runs=moment.runs,
        kept=store,
    )
