"""Runs that die: what came before each, the run itself, and what everybody has in the end. Every mode plays them.

A scenario is a row of a table: `before` brings the world to the moment, `run` is the one command whose every durable
write and network event a test can end, `paid` says what each worker was paid once all is over.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qs

import pytest

from reconcile import identity
from reconcile.model import parse_marker
from reconcile.protocol.importing import run_import
from reconcile.protocol.runner import run_refresh
from reconcile.providers.base import RemotePayment, WireRequest
from reconcile.settings import Policies, Settings
from reconcile.state.events import ImportedPayment, OperationsPrepared, SendsFinished, SendsStarted
from reconcile.state.ledger import LedgerRecord, StateReader
from tests.support.again import Moment, moment_of, world_at
from tests.support.stores import MemoryStore
from tests.support.world import Crash, Fault, Points, World, bonus, settings

WINDOW_MS: Final = 901_000
PATIENT_S: Final = 2_000
"""A run that waits so long passes the gate by itself."""


class Mode(NamedTuple):
    """How payments go out. `ids_used`: which of Toloka's two readings of operation_id holds in synchronous mode."""

    mode: str = "async"
    batch_size: int = 1
    skip_invalid_items: bool = True
    ids_used: bool = False
    yandex: bool = False

    @property
    def singles(self) -> bool:
        """One payment a request, which the provider carries out once: the very next run may finish."""
        return self.mode == "async" and self.batch_size == 1

    def settings(self, account: str, **more: object) -> Settings:
        """The config of this mode."""
        if self.yandex:
            more |= {"environment": "yandex", "account": account}
        made = settings(mode=self.mode, batch_size=self.batch_size, skip_invalid_items=self.skip_invalid_items, **more)
        return replace(made, policies=(("RUB" if self.yandex else "USD", Policies(allow_top_up=True)),))


MODES: Final = {
    "singles": Mode(),
    "batches": Mode(batch_size=2),
    "batches, all or none": Mode(batch_size=2, skip_invalid_items=False),
    "sync": Mode("sync"),
    "sync, ids used": Mode("sync", ids_used=True),
    "sync batches": Mode("sync", 2),
    "sync batches, ids used": Mode("sync", 2, ids_used=True),
    "sync batches, all or none": Mode("sync", 2, skip_invalid_items=False),
    "yandex": Mode(yandex=True),
    "yandex batches": Mode(batch_size=2, yandex=True),
}


class Scenario(NamedTuple):
    """A run that dies. `paid`: the amounts that each worker was paid in the end. `faults` are in force while it runs.
    `again`: a person repeats the run, as it was, before the apply that recovers. `lost`: workers whose payment
    vanished at the provider while the state knows of it. `more` are settings.
    """

    before: Callable[[World], None]
    run: Callable[[World, Points], object]
    paid: Mapping[str, tuple[str, ...]] = {"w1": ("10.00",), "w2": ("20.00",), "w3": ("30.00",)}
    faults: tuple[Fault, ...] = ()
    again: bool = False
    lost: frozenset[str] = frozenset()
    warm: bool = True
    more: Mapping[str, object] = {}


def begun(folder: Path, scenario: Scenario, mode: Mode) -> Moment:
    """The moment at which the run starts: what came before it is played once for all of its deaths."""
    world = World(folder, desired=[bonus("w1", "10.00"), bonus("w2", "20.00"), bonus("w3", "30.00")])
    world.kept = MemoryStore()
    yandex = {"yandex": True, "ids_dashed": False, "created_ms": False, "log_amounts_as_text": True}
    world.options = replace(world.options, sync_ids_used=mode.ids_used, **(yandex if mode.yandex else {}))  # type: ignore[arg-type]
    world.settings = mode.settings(world.options.account, **scenario.more)
    if scenario.warm and not mode.singles:
        world.refresh()
        world.clock.advance(WINDOW_MS)
    scenario.before(world)
    moment = moment_of(world)
    world.close()
    return moment


def begin(folder: Path, scenario: Scenario, moment: Moment) -> World:
    """A world in which the run is about to start, its faults in force."""
    world = world_at(folder, moment)
    world.strike(*scenario.faults)
    return world


# --- what came before ------------------------------------------------------------------------------------------------


def nothing(world: World) -> None:
    """The run is the first that pays."""


def all_paid(world: World) -> None:
    assert world.apply(wait_s=PATIENT_S).exit_code == 0


def a_higher_amount(world: World) -> None:
    all_paid(world)
    world.desired[0] = bonus("w1", "18.00")


class DiesPaying(Points):
    """The process is gone when the second payment request was carried out, or lost, and no answer has come."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def reach(self, name: str) -> None:
        super().reach(name)
        if name.startswith("request carried out") and [one.method for one in self._world.requests].count("POST") == 2:
            raise Crash(name)


def answer_awaited(world: World) -> None:
    """The first payment is settled. The second request was carried out, and the process died before its answer."""
    with pytest.raises(Crash):
        world.apply(DiesPaying(world), wait_s=0)


def request_lost(world: World) -> None:
    """The same, and the second request never arrived."""
    world.strike(Fault(name="cut_before", nth=(2,)))
    answer_awaited(world)


def still_running(world: World) -> None:
    """Accepted, and not over when the run's patience was."""
    world.strike(Fault(name="slow_run", delay_ms=1_500_000))
    world.apply(wait_s=0)
    world.clock.advance(1_600_000)


def state_lost(world: World) -> None:
    """Two are paid, the state is gone, and a third is asked for."""
    third = world.desired.pop()
    all_paid(world)
    world.store.lose()
    world.desired.append(third)


def put_back(carried: str) -> Callable[[World], None]:
    """A state of before the second payment takes the place of the present one."""

    def before(world: World) -> None:
        rest, world.desired = world.desired[1:], world.desired[:1]
        all_paid(world)
        older = world.store.events()
        world.desired += rest[:1]
        all_paid(world)
        with world.locked("state restore") as lock:
            world.store.put_back(older, carried=carried, lock=lock, at_ms=world.clock.now_ms())
        world.desired += rest[1:]

    return before


def with_assignments(world: World) -> None:
    """Each bonus is for an assignment, which the emulator knows by its name as accepted and as that worker's."""
    for number, one in enumerate(world.desired):
        world.desired[number] = bonus(one.recipient, f"{one.amount:.2f}", assignment_id=f"a1@{one.recipient}")


def by_hand(world: World) -> None:
    """Somebody paid the first worker beside bonusctl."""
    body = b'{"user_id": "w1", "amount": 10.00, "private_comment": "by hand"}'
    world.serve(WireRequest("POST", "/api/v1/user-bonuses", body), lambda: None)


def of_another_project(world: World) -> None:
    """The state was made by a config with another project: payments that it could not attribute."""
    all_paid(world)
    world.store.lose()
    with world.opened(Points(), 2, "refresh", {}) as (ports, access, run):
        run_refresh(ports, [access], "another", run)
    world.clock.advance(WINDOW_MS)


def one_vanished(world: World) -> None:
    all_paid(world)
    world.clock.advance(7_200_000)
    with world.remote.ledger.transaction(writes=True):
        world.remote.ledger.connection.execute("DELETE FROM bonuses WHERE user_id = 'w2'")


# --- the runs --------------------------------------------------------------------------------------------------------


def apply(world: World, points: Points) -> object:
    return world.apply(points, wait_s=0)


def apply_patiently(world: World, points: Points) -> object:
    return world.apply(points, wait_s=PATIENT_S)


def refresh(world: World, points: Points) -> object:
    return world.refresh(points, wait_s=0)


def refresh_whole(world: World, points: Points) -> object:
    return world.refresh(points, full_scan=True, wait_s=0)


class _Matching:
    """Takes over every payment of the list that a desired bonus of the same worker and amount waits for."""

    origin = "the provider's list"

    def __init__(self, world: World) -> None:
        self._world = world

    def choose(
        self, reader: StateReader, record: LedgerRecord, found: tuple[RemotePayment, ...] | list[RemotePayment]
    ) -> tuple[ImportedPayment, ...]:
        changes = {(change.identity.recipient, change.amount): change for change in self._world.plan(reader).payments}
        known = {payment.remote_id for payment in reader.all_payments(record.ledger)}
        return tuple(
            ImportedPayment(
                payment_id=change.payment_id or b"",
                bonus=change.identity,
                amount=payment.amount,
                remote_id=payment.remote_id,
                created_ms=payment.created_ms,
                texts=payment.texts,
            )
            for payment in found
            if payment.remote_id not in known
            and (change := changes.get((payment.recipient, payment.amount))) is not None
        )


def take_over(world: World, points: Points) -> object:
    with world.opened(points, 2, "import", {}) as (ports, access, run):
        return run_import(ports, access, access.settings, _Matching(world), run, project="", since_ms=0)  # type: ignore[arg-type]


SCENARIOS: Final = {
    "fresh pay": Scenario(nothing, apply),
    "the gate of a new state": Scenario(nothing, apply_patiently, warm=False),
    "top-up": Scenario(a_higher_amount, apply, paid={"w1": ("8.00", "10.00"), "w2": ("20.00",), "w3": ("30.00",)}),
    "rejected item": Scenario(nothing, apply, faults=(Fault(name="reject", user="w2"),)),
    "item refused in payment": Scenario(nothing, apply, faults=(Fault(name="reject_payment", user="w3"),)),
    "failed operation": Scenario(nothing, apply, faults=(Fault(name="fail", user="w2", made=1),)),
    "lost answer": Scenario(nothing, apply, faults=(Fault(name="cut_after", nth=(1, 2)),)),
    "lost request": Scenario(nothing, apply, faults=(Fault(name="cut_before", nth=(1, 2)),)),
    "exists-answer": Scenario(answer_awaited, apply),
    "sent again": Scenario(request_lost, apply),
    "slow operation": Scenario(still_running, apply),
    "adoption": Scenario(state_lost, apply_patiently),
    "older state put back by hand": Scenario(put_back(""), apply_patiently),
    "restored": Scenario(put_back("restored"), apply_patiently),
    "imported state": Scenario(put_back("imported"), apply_patiently),
    "refresh": Scenario(answer_awaited, refresh),
    "whole refresh": Scenario(
        one_vanished, refresh_whole, paid={"w1": ("10.00",), "w3": ("30.00",)}, lost=frozenset({"w2"})
    ),
    "attributed later": Scenario(of_another_project, apply_patiently),
    "import of payments": Scenario(by_hand, take_over, again=True),
    "assignments looked at": Scenario(with_assignments, apply, more={"check_assignments": True}),
}


# --- what must hold --------------------------------------------------------------------------------------------------


def assert_none_twice(world: World) -> None:
    """At most one payment at the provider for one payment_id."""
    rows = world.remote.ledger.connection.execute("SELECT private_comment FROM bonuses").fetchall()
    ids = [marker.payment_id for (comment,) in rows if (marker := parse_marker(comment)) is not None]
    assert len(set(ids)) == len(ids), "paid twice"


def posts(world: World) -> Counter[str]:
    """How often each operation went out in the run that died."""
    sent = [one.target for one in world.requests if one.method == "POST"]
    return Counter(parse_qs(target.partition("?")[2])["operation_id"][0] for target in sent)


def journaled(world: World, *, finished: bool = False) -> Counter[str]:
    """How many sends of each operation are in the journal; `finished`: only those whose outcome is, too."""
    names: dict[int, str] = {}
    sends: Counter[str] = Counter()
    for event in world.store.events():
        if isinstance(event, OperationsPrepared):
            names |= {one.operation: identity.to_text(one.operation_id) for one in event.operations}
        elif isinstance(event, SendsFinished) and finished:
            sends.update(names[one.operation] for one in event.sends)
        elif isinstance(event, SendsStarted) and not finished:
            sends.update(names[number] for number, _ in event.sends)
    return sends


def assert_true(world: World, scenario: Scenario) -> None:
    """What was paid is what was asked for, to the cent, and the state says the same."""
    paid: dict[str, list[Decimal]] = {}
    for _, recipient, amount in world.paid():
        paid.setdefault(recipient, []).append(amount)
    assert {name: tuple(sorted(amounts)) for name, amounts in paid.items()} == {
        name: tuple(map(Decimal, amounts)) for name, amounts in scenario.paid.items()
    }
    issued = {f"c/{name}": sum(map(Decimal, amounts), Decimal(0)) for name, amounts in scenario.paid.items()}
    known = world.issued()
    for name in scenario.lost:
        assert known.pop(f"c/{name}") == world.desired[int(name[1:]) - 1].amount
    assert known == issued


def recover(world: World, scenario: Scenario, mode: Mode) -> None:
    """Nothing is wrong any more: apply until all is done. Asynchronous singles are done with the very next run."""
    world.strike()
    if scenario.again:
        scenario.run(world, Points())
    report = world.apply(wait_s=0)
    assert_none_twice(world)
    windows = 0
    while report.exit_code == 3 and windows < 3 and not mode.singles:
        windows += 1
        world.clock.advance(WINDOW_MS)
        report = world.apply(wait_s=0)
        assert_none_twice(world)
    assert report.exit_code == 0, report
    assert_true(world, scenario)
    with world.looking() as ledger:
        plan = world.plan(ledger)
    assert (plan.payments, plan.in_doubt, plan.unchanged) == ((), (), 3)
