"""The registry of crash points: before and after the commit of every kind of event, and every network event of every kind
of question. It is made from the production vocabularies; a point that no test reaches fails here.

A test that dies at a run's every point reaches what that run goes through (`test_crash_scenarios`); what only commands
commit is reached before and after by `tests/kill/test_kill_commands.py`, which holds this very table against the points
that the real command told.
"""

from pathlib import Path
from typing import get_args

from reconcile.providers.base import Call
from reconcile.state.events import EVENTS
from tests.crash.scenarios import MODES, SCENARIOS, begin, begun
from tests.kill.calls import call_name
from tests.kill.test_kill_commands import COMMANDS
from tests.support.world import Points

# Kinds of events and calls that no test dies at, each with its reason.
NOT_REACHED: dict[str, str] = {}


def test_every_registered_point_is_reached(tmp_path: Path) -> None:
    reached: set[str] = {kind for command in COMMANDS.values() for kind in command.events}
    places: set[str] = set()
    for scenario, mode in ((one, two) for one in SCENARIOS.values() for two in MODES.values()):
        world = begin(tmp_path, scenario, begun(tmp_path, scenario, mode))
        before, points = len(world.store.events()), Points()
        scenario.run(world, points)
        reached |= {event.kind for event in world.store.events()[before:]}
        reached |= {call_name(request.method, request.target) for request in world.requests}
        places |= set(points.names)
        world.close()
    registered = {event.kind for event in EVENTS} | {call.__name__ for call in get_args(Call)}
    assert registered - reached == set(NOT_REACHED)
    assert places == {
        "before commit",
        "after commit",
        "request leaves",
        "request carried out, no answer yet",
        "answer received",
    }
