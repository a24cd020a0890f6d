"""Yandex Tasks: die at every durable write and every network event of a run in roubles, and run again: paid once."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tests.support.world import Crash, Fault, Points, World, bonus, settings

WORKERS = {f"w{number}": Decimal(f"{number * 5}.50") for number in range(1, 4)}


def three(folder: Path) -> World:
    """Three bonuses in roubles; the provider shows its ids without dashes and its times without milliseconds."""
    folder.mkdir()
    world = World(folder, desired=[bonus(name, f"{amount:.2f}") for name, amount in WORKERS.items()])
    world.options = replace(world.options, yandex=True, ids_dashed=False, created_ms=False, log_amounts_as_text=True)
    world.settings = settings(environment="yandex", account=world.options.account)
    return world


def assert_paid_once(world: World) -> None:
    assert sorted((recipient, amount) for _, recipient, amount in world.paid()) == sorted(WORKERS.items())
    assert world.issued() == {f"c/{name}": amount for name, amount in WORKERS.items()}
    with world.looking() as reader:
        (ledger,) = reader.ledgers()
    assert (ledger.account.environment, ledger.currency) == ("yandex", "RUB")


def test_a_crash_at_every_point_and_a_second_run_pay_each_bonus_once(tmp_path: Path) -> None:
    for number in range(1, 10_000):
        world = three(tmp_path / str(number))
        try:
            world.apply(Points(die_at=frozenset({number})))
        except Crash:
            assert world.apply().exit_code == 0
            assert_paid_once(world)
            world.close()
        else:
            world.close()
            assert number > 20
            return
    raise AssertionError("the run never ends")


def test_a_crash_with_a_lost_answer_before_it(tmp_path: Path) -> None:
    """Every answer to a send is lost after it was carried out, and the run dies at every third point."""
    for number in range(3, 60, 3):
        world = three(tmp_path / str(number))
        world.strike(Fault(name="cut_after"))
        try:
            world.apply(Points(die_at=frozenset({number})))
        except Crash:
            world.strike()
            assert world.apply().exit_code == 0
        assert_paid_once(world)
        world.close()
