"""Payments in batches: as many requests as are needed and no more, each under an id of its own."""

from pathlib import Path

import pytest

from tests.support.asked import settings
from tests.support.world import World, bonus


@pytest.mark.parametrize(
    ("payments", "requests"), [(1, 1), (99, 1), (100, 1), (101, 2), (200, 2), (250, 3), (1_000, 10)]
)
def test_payments_in_batches_of_a_hundred_take_a_hundredth_of_the_requests(
    tmp_path: Path, payments: int, requests: int
) -> None:
    """On an account whose first payment was read back before: that one goes alone."""
    world = World(tmp_path, desired=[bonus("w0", "1.00")])
    assert world.apply().exit_code == 0
    world.settings = settings(batch_size=100)
    world.clock.advance(901_000)
    world.desired += [bonus(f"n{number}", "1.00") for number in range(payments)]
    world.requests.clear()
    report = world.apply(slots=8)
    sent = [one for one in world.requests if one.method == "POST"]
    world.close()
    assert (report.exit_code, len(report.paid), len(sent)) == (0, payments, requests)
    assert len({one.target for one in sent}) == requests
    assert all("operation_id=" in one.target for one in sent)
