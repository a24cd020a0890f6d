"""`python -m tests.crash.figures`: how many points, writes, requests and pairs of moments the crash suites know, as JSON.

Counted in runs that nobody kills: each of these is one death, one failed write, one lost request or one pair.
"""

import json
import tempfile
from pathlib import Path

from tests.crash.scenarios import MODES, SCENARIOS, begin
from tests.crash.test_crash_network import WAYS
from tests.crash.test_crash_scenarios import EVERY_POINT
from tests.support.world import Points


def main() -> None:
    """Print one line."""
    figures = {"scenarios": len(SCENARIOS), "modes": len(MODES), "points": 0, "points_in_make_test": 0}
    figures |= {"failed_writes": 0, "lost_requests": 0}
    kinds: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        for name, scenario in SCENARIOS.items():
            for word, mode in MODES.items():
                here = Path(folder) / f"{name}-{word}"
                here.mkdir()
                world, points = begin(here, scenario, mode), Points()
                scenario.run(world, points)
                figures["points"] += points.count
                figures["points_in_make_test"] += points.count if word in EVERY_POINT else points.count // 5
                figures["failed_writes"] += points.names["before commit"]
                figures["lost_requests"] += len(WAYS) * len(world.requests)
                kinds |= {event.kind for event in world.store.events()}
                world.close()
    print(json.dumps(figures | {"kinds_of_events_in_runs": len(kinds)}))


if __name__ == "__main__":
    main()
