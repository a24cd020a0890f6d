"""`refresh --full` compares both ways: what the state lacks is adopted, what the provider does not show is said."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.identity import payment_id
from reconcile.protocol.comparing import Listed, Span
from reconcile.providers.base import RemotePayment
from reconcile.state.events import ImportedPayment, PaymentsImported
from tests.support.world import Fault, World, bonus

HOUR_MS = 3_600_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Three payments, made two hours ago."""
    made = World(tmp_path, desired=[bonus("w1", "1.00"), bonus("w2", "2.00"), bonus("w3", "3.00")])
    assert made.apply().exit_code == 0
    made.clock.advance(2 * HOUR_MS)
    yield made
    made.close()


def at_provider(world: World, sql: str) -> None:
    """Something happens to the provider's own rows."""
    with world.remote.ledger.transaction(writes=True):
        world.remote.ledger.connection.execute(sql)


def vanish(world: World, recipient: str) -> None:
    at_provider(world, f"DELETE FROM bonuses WHERE user_id = '{recipient}'")


def alarms(world: World) -> list[tuple[str, str]]:
    with world.looking() as ledger:
        return [(alarm.code, alarm.detail) for alarm in ledger.alarms()]


def test_a_full_refresh_that_finds_both_sides_equal_says_nothing(world: World) -> None:
    report = world.refresh(full_scan=True)
    assert (report.exit_code, report.missing, report.alarms) == (0, (), ())


def test_a_payment_that_the_provider_no_longer_shows_is_named_and_ends_with_3(world: World) -> None:
    remote_id = world.remote_ids()["c/w2"]
    vanish(world, "w2")
    report = world.refresh(full_scan=True)
    assert report.exit_code == 3
    (missing,) = report.missing
    assert (missing.address, missing.amount, missing.remote_id, missing.listed) == (
        "c/w2",
        Decimal("2.00"),
        remote_id,
        None,
    )
    assert [code for code, _ in alarms(world)] == ["missing"]
    assert f"(2.00 USD, remote id {remote_id}) is issued in this state" in report.alarms[0]


def test_the_same_alarm_is_told_again_and_journaled_once(world: World) -> None:
    vanish(world, "w2")
    world.refresh(full_scan=True)
    report = world.refresh(full_scan=True)
    assert (report.exit_code, len(report.alarms), len(alarms(world))) == (3, 1, 1)


def test_an_amount_that_differs_is_named_with_both(world: World) -> None:
    at_provider(world, "UPDATE bonuses SET amount = '9.00', body = replace(body, '2.00', '9.00') WHERE user_id = 'w2'")
    report = world.refresh(full_scan=True)
    assert report.exit_code == 3
    assert [(one.address, one.amount, one.listed) for one in report.missing] == [
        ("c/w2", Decimal("2.00"), Decimal("9.00"))
    ]
    assert [code for code, _ in alarms(world)] == ["amount_differs"]


def test_an_ordinary_refresh_does_not_compare(world: World) -> None:
    vanish(world, "w2")
    assert world.refresh().exit_code == 0


def test_what_is_younger_than_the_settle_window_may_not_show_yet(world: World) -> None:
    world.desired.append(bonus("w4", "4.00"))
    world.apply()
    vanish(world, "w4")
    assert world.refresh(full_scan=True).missing == ()
    world.clock.advance(901_000)
    assert [one.address for one in world.refresh(full_scan=True).missing] == ["c/w4"]


def test_what_was_made_before_the_scan_begins_is_not_looked_for(world: World) -> None:
    since_ms = world.clock.now_ms() - HOUR_MS
    provider = replace(world.settings.providers[0], since_ms=since_ms)
    world.settings = replace(world.settings, providers=(provider,))
    assert world.refresh(full_scan=True).missing == ()


def test_a_payment_without_a_remote_id_is_not_looked_for(world: World) -> None:
    """Somebody vouched for it: resolved as issued, or imported from a file without ids."""
    world.desired.append(bonus("w4", "4.00"))
    world.strike(Fault(name="hang", executes=False), Fault(name="error_before", on="operation", times=100))
    world.apply(wait_s=0)
    world.resolve_issued("w4")
    imported = bonus("w5", "5.00").identity("")
    with world.looking() as ledger:
        payment = ImportedPayment(
            payment_id=payment_id(imported.bonus_id, 1),
            bonus=imported,
            amount=Decimal("5.00"),
            remote_id="",
            created_ms=None,
            texts=(),
        )
        ledger.commit(
            [PaymentsImported(ledger=1, origin="old.csv", payments=(payment,), actor="ann", at_ms=world.clock.now_ms())]
        )
    world.strike()
    world.clock.advance(2 * HOUR_MS)
    assert world.refresh(full_scan=True).missing == ()


def test_a_full_refresh_adopts_what_the_state_lacks(world: World) -> None:
    for path in world.folder.glob("bonusctl.db*"):
        path.unlink()
    report = world.refresh(full_scan=True)
    assert (report.exit_code, len(report.paid), report.missing) == (0, 3, ())


def test_a_payment_imported_without_an_id_and_paid_by_bonusctl_too_is_an_alarm(world: World) -> None:
    """The state was lost, the bonus imported from an old file, and the list then shows our own payment of it."""
    for path in world.folder.glob("bonusctl.db*"):
        path.unlink()
    world.desired = [bonus("w1", "1.00")]
    identity = world.desired[0].identity("")
    since = replace(world.settings.providers[0], since_ms=world.clock.now_ms())
    before, world.settings = world.settings, replace(world.settings, providers=(since,))
    world.refresh()
    with world.looking() as ledger:
        payment = ImportedPayment(
            payment_id=payment_id(identity.bonus_id, 1),
            bonus=identity,
            amount=Decimal("1.00"),
            remote_id="",
            created_ms=None,
            texts=(),
        )
        ledger.commit(
            [PaymentsImported(ledger=1, origin="old.csv", payments=(payment,), actor="ann", at_ms=world.clock.now_ms())]
        )
    world.settings = before
    report = world.refresh(full_scan=True)
    assert report.exit_code == 3
    assert "stands twice at the provider: one taken over by an import and" in report.alarms[0]


# --- the parts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("created_ms", "covered"),
    [(1_099, False), (1_100, True), (4_900, True), (4_901, False), (None, False)],
)
def test_a_span_covers_what_is_a_window_away_from_either_end(created_ms: int | None, covered: bool) -> None:
    assert Span(1_000, 5_000, 100).covers(created_ms) is covered


def test_a_span_from_the_beginning_covers_the_oldest() -> None:
    assert Span(None, 5_000, 100).covers(0)


def test_a_remote_id_is_its_text_and_no_number() -> None:
    listed = Listed()
    listed.see([remote("7", "1.00"), remote("a7", "2.00")])
    assert [listed.amount(one) for one in ("7", "a7", "007", "8")] == [Decimal("1.00"), Decimal("2.00"), None, None]


def remote(remote_id: str, amount: str) -> RemotePayment:
    return RemotePayment(
        remote_id=remote_id,
        recipient="w1",
        assignment_id="",
        amount=Decimal(amount),
        created_ms=0,
        comment="",
        texts=(),
    )
