"""MTurk's crash points: before and after the commit of every kind of event that a run there has, and every network event of
each of its questions. They are made from the production vocabularies; a point that no story dies at fails here.

The stories of `test_crash_mturk` die at all their points, whose writes all fail and whose requests all are lost.
"""

from pathlib import Path
from typing import Final, get_args

from reconcile.providers.base import Call
from reconcile.state.events import EVENTS
from tests.crash.test_crash_mturk import MODES, PLAYED, STORIES
from tests.kill.calls import MTURK_CALLS, asked_of, call_name
from tests.mturk.mturk_world import award, mturk_world
from tests.support.stores import MemoryStore
from tests.support.world import Points

BY_HAND = "what a command commits, the same for every provider: tests/kill/test_kill_commands.py dies there"
DECIDED = "what a person says of payments that nobody owns: tests/kill/test_kill_mturk_commands.py dies there"
NOT_REACHED: Final[dict[str, str]] = {
    "acceptance_revoked": BY_HAND,
    "bonus_accepted": BY_HAND,
    "payment_resolved": BY_HAND,
    "state_carried": BY_HAND,
    "payments_imported": DECIDED,
}
"""Kinds of events that no story dies at, each with its reason."""
NOT_ASKED: Final = {"PollOperation", "ListOperations", "ReadItems", "ReadAssignment"}
"""MTurk has no operations and no question about an assignment: its codec sends none of these."""


def test_every_registered_point_of_mturk_is_reached(tmp_path: Path) -> None:
    kinds: set[str] = set()
    asked: set[str] = set()
    calls: set[str] = set()
    places: set[str] = set()
    for number, (name, mode) in enumerate(PLAYED):
        three = (award("A1", "1.00"), award("A1", "1.00", key="equal"), award("A2", "0.50"))
        folder = tmp_path / str(number)
        folder.mkdir()
        world = mturk_world(folder, *three, reason_marker=MODES[mode], allow_top_up=True)
        world.kept = MemoryStore()
        STORIES[name].before(world)
        world.strike(*STORIES[name].faults)
        world.requests.clear()
        before, points = len(world.store.events()), Points()
        STORIES[name].run(world, points)
        kinds |= {event.kind for event in world.store.events()[before:]}
        asked |= {asked_of(request) for request in world.requests}
        calls |= {call_name(request.method, request.target, asked_of(request)) for request in world.requests}
        places |= set(points.names)
        world.close()
    assert {event.kind for event in EVENTS} - kinds == set(NOT_REACHED)
    assert asked == set(MTURK_CALLS)
    assert calls == {call.__name__ for call in get_args(Call)} - NOT_ASKED
    assert places == {
        "before commit",
        "after commit",
        "request leaves",
        "request carried out, no answer yet",
        "answer received",
    }
