"""The runs in which a person decides: they end whatever happens, and each payment gets its bonus's own next number."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.errors import EventRefused, Refused, UsageError
from reconcile.model import Identity
from reconcile.plan.claims import Claim
from reconcile.project.taking_over import next_sequence
from reconcile.project.unowned import own_payments, taken
from reconcile.protocol.adopting import Sought
from reconcile.protocol.deciding import Decide, run_deciding
from reconcile.providers.base import RemotePayment
from reconcile.state.events import Event, RunEnded
from reconcile.state.ledger import LedgerRecord
from tests.mturk.mturk_world import award, mturk_world
from tests.state.histories import ANN, BEN, executed, imported, imported_payment, issued, memory, pid, prepared, settled
from tests.support.points import Points
from tests.support.world import World


def decided(world: World, decide: Decide) -> None:
    """One run of `state resolve` about the world's first bonus."""
    with world.opened(Points(), 2, "state resolve", {}) as (ports, access, run):
        sought = Sought(world.desired[0].identity(""), b"", 0)
        run_deciding(ports, access, run, sought, decide, project="")


def last_outcome(world: World) -> str:
    ended = [event.outcome for event in world.store.events() if isinstance(event, RunEnded)]
    return ended[-1]


def test_a_decision_that_contradicts_the_state_ends_its_run(tmp_path: Path) -> None:
    """Whatever refuses an event has written nothing: the run is journaled as failed, and is not left open."""
    world = mturk_world(tmp_path, award("A1", "1.00"))
    world.apply()

    def first_once_more(record: LedgerRecord, _: Sequence[RemotePayment]) -> Sequence[Event]:
        name = world.desired[0].identity("")
        return [taken(record, name, shown("0.50"), 1, reason="seen", actor="ann", at_ms=world.clock.now_ms())]

    with pytest.raises(EventRefused, match="does not have the id of its next payment"):
        decided(world, first_once_more)
    assert last_outcome(world) == "failed"
    assert world.issued() == {"c/A1": Decimal("1.00")}
    world.close()


def test_a_list_that_is_refused_is_not_decided_about(tmp_path: Path) -> None:
    """That nobody waits would be untrue: nobody knows what was paid."""
    world = mturk_world(tmp_path, award("A1", "1.00", assignment="MISSING1"))
    with pytest.raises(Refused, match="The payments of assignment MISSING1 cannot be listed") as refused:
        decided(world, lambda _, __: [])
    assert refused.value.reason == "unlisted"
    assert last_outcome(world) == "failed"
    world.close()


# --- which number ------------------------------------------------------------------------------------------------------

OLD, NEW = ANN, Identity("", "week-48", "ann", "a1", "")


def sequence_after(*events: Event, former: Identity | None = None, bonus: Identity = ANN) -> int:
    with memory(list(events)) as ledger:
        return next_sequence(ledger, 1, bonus, former)


def test_the_first_payment_is_number_one_and_the_next_goes_on() -> None:
    paid = [prepared(1, ANN), *executed(1), settled(1, issued(ANN))]
    assert (sequence_after(), sequence_after(*paid)) == (1, 2)


def test_a_renamed_bonus_goes_on_from_its_former_names_payments() -> None:
    """And from its own as soon as it has one: numbers never begin anew."""
    former = imported(imported_payment(OLD))
    assert sequence_after(former, bonus=NEW, former=OLD) == 2
    own = imported(imported_payment(NEW, payment_id=pid(NEW, 2)))
    assert sequence_after(former, own, bonus=NEW, former=OLD) == 3


def test_nothing_is_taken_over_while_a_payment_is_under_way() -> None:
    with pytest.raises(Refused, match="a payment of it is under way"):
        sequence_after(prepared(1, ANN))
    with pytest.raises(Refused, match="a payment of it is under way"):
        sequence_after(prepared(1, OLD), bonus=NEW, former=OLD)


def test_nothing_is_taken_over_where_an_earlier_payment_is_not_known() -> None:
    with pytest.raises(Refused, match="an earlier payment of it is not known here"):
        sequence_after(imported(imported_payment(ANN, payment_id=pid(ANN, 2))))


# --- which payments ----------------------------------------------------------------------------------------------------


def shown(*amounts: str) -> list[RemotePayment]:
    return [
        RemotePayment(
            remote_id=f"a1@{number}",
            recipient="ann",
            assignment_id="a1",
            amount=Decimal(amount),
            created_ms=number,
            comment="Thank you!",
            texts=(),
        )
        for number, amount in enumerate(amounts)
    ]


def claim(bonus: Identity, lacks: str) -> Claim:
    return Claim(bonus, bonus.bonus_id, Decimal(lacks))


AWARD = ANN._replace(key="award")


@pytest.mark.parametrize(
    ("amounts", "lacking", "chosen"),
    [
        (("0.05", "1.00"), (claim(ANN, "1.00"), claim(AWARD, "0.05")), ["1.00"]),
        (("1.00", "1.00"), (claim(ANN, "1.00"),), ["1.00"]),
        (("0.90",), (claim(ANN, "1.00"),), ["0.90"]),
        (("0.90",), (claim(ANN, "1.00"), claim(AWARD, "0.05")), ["0.90"]),
        (("1.00", "0.50"), (claim(ANN, "1.50"),), ["1.00", "0.50"]),
    ],
    ids=["by its amount", "one of two equal ones", "the only one", "the only one of two bonuses", "all together"],
)
def test_what_is_taken_for_the_bonus(amounts: tuple[str, ...], lacking: tuple[Claim, ...], chosen: list[str]) -> None:
    assert [str(one.amount) for one in own_payments(shown(*amounts), ANN, lacking, "USD")] == chosen


@pytest.mark.parametrize(
    ("amounts", "lacking"),
    [
        (("1.00", "0.40"), (claim(ANN, "1.50"),)),
        (("1.00", "0.50"), (claim(ANN, "1.50"), claim(AWARD, "0.70"))),
        (("0.05",), (claim(ANN, "1.00"), claim(AWARD, "0.05"))),
    ],
    ids=["no sum fits", "another one waits too", "just what another one lacks"],
)
def test_where_nobody_can_tell_which_it_is_a_person_says_the_others_first(
    amounts: tuple[str, ...], lacking: tuple[Claim, ...]
) -> None:
    with pytest.raises(UsageError, match=f"None has the amount that it lacks, {lacking[0].lacks} USD"):
        own_payments(shown(*amounts), ANN, lacking, "USD")


def test_a_bonus_that_lacks_nothing_takes_nothing_over() -> None:
    with pytest.raises(Refused, match="lacks nothing"):
        own_payments(shown("1.00"), ANN, (claim(BEN, "1.00"),), "USD")
