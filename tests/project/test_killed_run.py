"""What history says of a run that was killed: what it paid until then, under which digest; and that runs add up."""

import random
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.project.audit import paid, with_sums
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
    # An account's first payment is settled by itself, and the list tells of the other three at once.
    assert seen == {0, 1, 4}


def test_a_run_that_ended_keeps_the_sums_it_wrote(tmp_path: Path) -> None:
    world = four(tmp_path / "w")
    world.apply()
    run = newest(world)
    world.close()
    assert (run.outcome, run.issued, run.paid) == ("done", 4, (("USD", Decimal("6.00")),))


def test_a_killed_run_shows_the_digest_that_was_agreed_to(tmp_path: Path) -> None:
    """The set is on record before anything is sent, so it is known although the run never wrote its end."""
    world = four(tmp_path / "w")
    with world.opened(Points(), 1, "look", {}) as (ports, _, _):
        digest = world.plan(ports.ledger).digest
    with pytest.raises(Crash):
        world.apply(Points(die_at=frozenset({40})), slots=1)
    run = newest(world)
    world.close()
    assert (run.ended_ms, run.plan_digest) == (None, digest)


def test_a_second_killed_run_shows_the_set_that_was_on_record_before_it(tmp_path: Path) -> None:
    """It records no set anew; one alone holds what it prepared."""
    world = four(tmp_path / "w")
    with pytest.raises(Crash):
        world.apply(Points(die_at=frozenset({40})), slots=1)
    world.expect_digest = newest(world).plan_digest
    with pytest.raises(Crash):
        world.apply(Points(die_at=frozenset({40})), slots=1)
    run = newest(world)
    world.close()
    assert run.issued > 0
    assert run.plan_digest == world.expect_digest


def test_a_run_killed_before_anybody_agreed_has_no_digest(tmp_path: Path) -> None:
    world = four(tmp_path / "w")
    with pytest.raises(Crash):
        world.apply(Points(die_at=frozenset({5})), slots=1)
    run = newest(world)
    world.close()
    assert (run.ended_ms, run.plan_digest) == (None, "")


def added_up(world: World) -> tuple[tuple[int, Decimal], tuple[int, Decimal]]:
    """All runs: (payments, money) by the history's issued and found, and by what `report` sums."""
    with world.looking() as ledger:
        runs = [with_sums(ledger, run) for run in ledger.runs(1_000)]
        reported = list(paid(ledger, since_ms=None, until_ms=None))
    money = [amount for run in runs for _, amount in (*run.paid, *run.found)]
    return (
        (sum(run.issued + run.adopted for run in runs), sum(money, Decimal(0))),
        (len(reported), sum((one.amount for one in reported), Decimal(0))),
    )


@pytest.mark.parametrize("seed", range(4))
def test_history_adds_up_to_the_report_over_kills_and_refreshes(tmp_path: Path, seed: int) -> None:
    """Runs die at drawn points, refreshes settle in between, the state is lost once: the sums stay those of the report."""
    draw = random.Random(seed)
    world = four(tmp_path / "w")
    lives = []
    for number in range(12):
        run = world.refresh if draw.random() < 0.3 else world.apply
        with suppress(Crash):
            run(Points(die_at=frozenset({draw.randrange(5, 60)})), slots=1)
        lives.append(added_up(world))
        if number == 6:
            world.state.unlink()
            world.state.with_name(f"{world.state.name}-journal").unlink(missing_ok=True)
    world.apply()
    lives.append(added_up(world))
    world.close()
    assert [history for history, _ in lives] == [reported for _, reported in lives]
    assert lives[-1] == ((4, Decimal("6.00")), (4, Decimal("6.00")))


def test_what_an_earlier_run_had_sent_is_issued_by_the_run_that_settles_it_and_not_found(tmp_path: Path) -> None:
    """A refresh reads it in the list: this state had sent it, whoever proves it."""
    world = four(tmp_path / "w")
    for number in range(20, 60):
        with suppress(Crash):
            world.apply(Points(die_at=frozenset({number})), slots=1)
        paid_before = len(world.issued())
        if len(world.paid()) > paid_before:
            break
    world.refresh()
    run = newest(world)
    world.close()
    assert (run.command, run.issued, run.adopted, run.paid) == ("refresh", 1, 0, (("USD", Decimal("1.50")),))


def test_a_run_that_makes_a_lost_state_anew_found_what_was_paid(tmp_path: Path) -> None:
    world = four(tmp_path / "w")
    world.apply()
    world.state.unlink()
    world.apply()
    run = newest(world)
    world.close()
    assert (run.issued, run.adopted, run.paid, run.found) == (0, 4, (), (("USD", Decimal("6.00")),))
