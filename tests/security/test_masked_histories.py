"""Whatever happened in a run, a masked report, its progress and its errors name no recipient and no assignment.

The people are many more than the specs name: the list shows payments twice and to others, the provider's words name
strangers, states are lost, specs forget whom an open operation pays.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconcile.emulator.fault import Fault
from reconcile.providers.base import WireRequest, WireResponse
from tests.mturk.mturk_world import award
from tests.security.told import (
    MTURK,
    NAMES,
    TOLOKA,
    Tattle,
    Told,
    mturk,
    owes,
    referred_elsewhere,
    shown_again,
    toloka,
)

# --- one claim each ------------------------------------------------------------------------------------------------------


def test_a_payment_of_a_settled_bonus_that_stands_twice_names_nobody(tmp_path: Path) -> None:
    """The bonus is unchanged, so that no row of plan or report has its worker."""
    world = toloka(tmp_path, 0)
    world.tell("apply")
    shown_again(world)
    world.desired.append(owes(TOLOKA, 1))
    report = world.tell("apply")
    assert report is not None
    assert TOLOKA[0][0] in report.alarms[0]
    assert world.leaks() == []
    world.close()


def test_a_marker_that_was_copied_to_a_stranger_names_nobody(tmp_path: Path) -> None:
    world = toloka(tmp_path, 0)
    world.tell("apply")
    shown_again(world, TOLOKA[3][0])
    report = world.tell("apply")
    assert report is not None
    assert f"to {TOLOKA[3][0]}" in report.alarms[0]
    assert world.leaks() == []
    world.close()


@pytest.mark.parametrize("odd", ["some#zyx", "some/zyx", "so[me]zyx"])
def test_a_payment_that_was_found_for_a_name_that_no_address_can_hold_names_nobody(tmp_path: Path, odd: str) -> None:
    world = toloka(tmp_path, 0)
    world.tell("apply")
    world.store.lose()
    with world.remote.ledger.transaction(writes=True):
        world.remote.ledger.connection.execute(
            "UPDATE bonuses SET body = replace(body, user_id, ?), user_id = ?", (odd, odd)
        )
    report = world.tell("refresh")
    assert report is not None
    assert odd in report.paid[0].address
    shown = "\n".join(world.masked)
    assert [part for part in (odd, "zyx", *NAMES) if part in shown] == []
    world.close()


def test_an_assignment_of_another_worker_names_neither(tmp_path: Path) -> None:
    world = toloka(tmp_path, 0, check_assignments=True)
    whose = {"id": TOLOKA[0][1], "user_id": TOLOKA[3][0], "status": "ACCEPTED"}
    world.tattle = lambda request: (
        WireResponse(200, {}, json.dumps(whose).encode()) if "/assignments/" in request.target else None
    )
    report = world.tell("apply")
    assert report is not None
    assert TOLOKA[3][0] in report.left[0].message
    assert world.leaks() == []
    world.close()


def test_what_is_issued_and_not_shown_names_nobody(tmp_path: Path) -> None:
    world = toloka(tmp_path, 0, 1)
    world.tell("apply")
    world.clock.advance(3_600_000)
    with world.remote.ledger.transaction(writes=True):
        world.remote.ledger.connection.execute("DELETE FROM bonuses")
    report = world.tell("refresh", full_scan=True)
    assert report is not None
    assert (len(report.missing), len(report.alarms)) == (2, 2)
    assert world.leaks() == []
    world.close()


def test_a_list_of_an_assignment_that_no_spec_holds_any_more_is_not_named(tmp_path: Path) -> None:
    """Its operation is still open: the scan cannot read its list."""
    world = mturk(tmp_path, 1)
    world.tell("apply")
    world.desired[:] = [award(MTURK[0][0], "1.00", assignment=MTURK[0][1], campaign="old")]
    unread = tuple(range(2, 90))
    world.strike(
        Fault(name="cut_after", on="send_bonus"), Fault(name="error_before", on="list_bonus_payments", nth=unread)
    )
    world.tell("apply", wait_s=0)
    world.desired[:] = [owes(MTURK, 1)]
    world.strike(Fault(name="error_before", on="list_bonus_payments"))
    report = world.tell("apply", wait_s=0)
    assert report is not None
    assert MTURK[0][1] in report.waits[0].text
    assert world.leaks() == []
    world.close()


def test_remote_ids_that_are_made_from_assignments_name_none(tmp_path: Path) -> None:
    world = mturk(tmp_path, 0)
    report = world.tell("apply")
    assert report is not None
    assert report.paid[0].remote_id.startswith(MTURK[0][1])
    assert world.leaks() == []
    world.close()


def test_a_reference_that_was_copied_to_a_stranger_names_nobody(tmp_path: Path) -> None:
    world = mturk(tmp_path, 0, reason_marker=True)
    world.tell("apply")
    referred_elsewhere(world, MTURK[3][0], MTURK[0][1])
    world.desired[:] = [owes(MTURK, 0, "1.50")]
    report = world.tell("refresh", full_scan=True)
    assert report is not None
    assert MTURK[3][0] in report.alarms[0]
    assert world.leaks() == []
    world.close()


def test_access_that_is_refused_in_words_that_name_a_stranger_names_nobody(tmp_path: Path) -> None:
    world = toloka(tmp_path, 0)
    said = json.dumps({"code": "ACCESS_DENIED", "message": f"not for {TOLOKA[3][0]}", "request_id": "r"}).encode()
    world.tattle = lambda _: WireResponse(403, {}, said)
    assert world.tell("apply") is None
    assert TOLOKA[3][0] in world.plain[0]
    assert world.leaks() == []
    world.close()


def test_a_pause_that_is_told_while_paying_names_nobody(tmp_path: Path) -> None:
    world = toloka(tmp_path, 0, 1)
    said = {"code": "TOO_MANY_REQUESTS", "message": f"too many for {TOLOKA[0][0]}", "request_id": "r"}
    once = iter([WireResponse(429, {"retry-after": "5"}, json.dumps(said).encode())])
    world.tattle = lambda request: next(once, None) if request.method == "POST" else None
    world.tell("apply")
    assert world.overheard is not None
    assert TOLOKA[0][0] in "\n".join(world.overheard.plain)
    assert world.leaks() == []
    world.close()


# --- whole histories -----------------------------------------------------------------------------------------------------

FAULTS = (
    "cut_after",
    "cut_before",
    "error_after",
    "garble",
    "wrong_id",
    "late",
    "fail",
    "reject",
    "reject_payment",
    "no_funds",
)
STEPS = ("apply", "apply", "apply", "refresh", "want", "again", "stranger", "fault", "lose", "later", "tattle", "calm")


def tattling(people: tuple[tuple[str, str], ...], rng: Random) -> Tattle:
    """A provider that now and then refuses in words that name a stranger, and everybody whom it was asked about."""

    def answer(request: WireRequest) -> WireResponse | None:
        if rng.random() > 0.2:
            return None
        asked_about = request.target + request.body.decode()
        words = " ".join([*people[3], *(name for pair in people for name in pair if name in asked_about)])
        status = rng.choice((400, 400, 403, 404, 409, 429, 500))
        if people is MTURK:
            value: dict[str, object] = {
                "__type": "RequestError",
                "Message": words,
                "TurkErrorCode": "AWS.MechanicalTurk.Unwilling",
            }
        else:
            value = {"code": "VALIDATION_ERROR", "message": words, "request_id": "r", "payload": {"0": words}}
        return WireResponse(status, {}, json.dumps(value).encode())

    return answer


def play(world: Told, people: tuple[tuple[str, str], ...], steps: list[str], rng: Random) -> None:
    """The steps, one after the other."""
    for step in steps:
        match step:
            case "apply":
                world.tell("apply", wait_s=rng.choice((0, 1200)))
            case "refresh":
                world.tell("refresh", full_scan=rng.random() < 0.7, wait_s=0)
            case "want":
                chosen = rng.sample(range(3), rng.randint(1, 3))
                world.desired[:] = [owes(people, number, rng.choice(("1.00", "1.50"))) for number in chosen]
            case "again" if people is TOLOKA:
                shown_again(world)
            case "stranger" if people is TOLOKA:
                shown_again(world, rng.choice(people)[0])
            case "again" | "stranger":
                referred_elsewhere(world, rng.choice(people)[0], rng.choice(people)[1])
            case "fault":
                world.strike(Fault(name=rng.choice(FAULTS), per_mille=600, seed=rng.randrange(1000), delay_ms=1000))
            case "lose":
                world.store.lose()
            case "later":
                world.clock.advance(rng.choice((60_000, 3_600_000, 90_000_000)))
            case "tattle":
                world.tattle = tattling(people, rng)
            case _:
                world.strike()
                world.tattle = lambda _: None


@pytest.mark.parametrize("provider", ["toloka", "mturk"])
@given(steps=st.lists(st.sampled_from(STEPS), min_size=3, max_size=14), rng=st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_history_makes_a_masked_run_name_somebody(provider: str, steps: list[str], rng: Random) -> None:
    with TemporaryDirectory() as folder:
        if provider == "toloka":
            batch = rng.choice((1, 1, 3))
            world = toloka(Path(folder), 0, 1, batch_size=batch, check_assignments=rng.random() < 0.4)
            people = TOLOKA
        else:
            world = mturk(Path(folder), 0, 1, reason_marker=rng.random() < 0.5)
            people = MTURK
        try:
            play(world, people, ["apply", *steps, "apply"], rng)
            assert world.leaks() == []
        finally:
            world.close()
