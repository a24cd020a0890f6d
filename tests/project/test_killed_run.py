"""What history says of a run that was killed: what it paid until then, not nothing."""

from decimal import Decimal
from pathlib import Path

from reconcile.project.audit import with_sums
from reconcile.state.ledger import RunRecord
from tests.support.world import Crash, Points, World, bonus


def four(folder: Path) -> World:
    folder.mkdir()
    return World(folder, desired=[bonus(f"w{number}", "1.50") for number in range(4)])


def newest(world: World) -> RunRecord:
    with world.looking() as ledger:
        return with_sums(ledger, next(ledger.runs(1)))


def test_a_killed_run_shows_the_sum_of_what_it_settled(tmp_path: Path) -> None:
    """It dies at ever later points; what its record says is what the state calls issued, which is all of its doing."""
    seen = set()
    for number in range(10, 95, 5):
        world = four(tmp_path / str(number))
        try:
            world.apply(Points(die_at=frozenset({number})), slots=1)
        except Crash as crash:
            run = newest(world)
            # Only at its very last point has its end become durable.
            at_last = str(crash) == "after commit"
            assert at_last or run.ended_ms is None
            assert sum(amount for _, amount in run.paid) == run.issued * Decimal("1.50")
            assert run.issued == len(world.issued())
            seen.add(run.issued)
        finally:
            world.close()
    assert seen == {0, 1, 2, 3, 4}


def test_a_run_that_ended_keeps_the_sums_it_wrote(tmp_path: Path) -> None:
    world = four(tmp_path / "w")
    world.apply()
    run = newest(world)
    world.close()
    assert (run.outcome, run.issued, run.paid) == ("done", 4, (("USD", Decimal("6.00")),))
