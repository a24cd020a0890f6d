"""Whatever happened in a run, a masked report, its progress and its errors name no recipient and no assignment.

The people are many more than the specs name: the list shows payments twice and to others, the provider's words name
strangers, states are lost, specs forget whom an open operation pays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconcile.cli.complaints import error_text
from reconcile.emulator.fault import Fault
from reconcile.emulator.options import Options
from reconcile.errors import BonusctlError
from reconcile.identity import to_text
from reconcile.model import Desired
from reconcile.protocol.report import Report
from reconcile.protocol.runner import Ports, ProviderAccess, RunOptions
from reconcile.providers.base import WireRequest, WireResponse, WireResult
from reconcile.render.mask import Masker
from reconcile.render.mask_report import mask_error, mask_report, mask_sentence
from reconcile.render.report_json import render_report_json
from reconcile.render.report_text import render_report_text
from reconcile.render.summary import report_summary
from tests.mturk.mturk_world import award, mturk_settings
from tests.support import asked
from tests.support.points import Points
from tests.support.world import Quiet, World

MASKER = Masker(b"k" * 16)
# (worker, assignment). Only the last one's have the provider's usual form: the others are hidden because they were met.
TOLOKA = (
    ("worker-ann", "response-of-ann"),
    ("worker-ben", "response-of-ben"),
    ("worker-cat", "response-of-cat"),
    ("d4e0b42923c429daa2c764d7ccfc36bb", "00001092da--91ef030400c684132d0da0de"),
)
MTURK = (
    ("AWORKERANN", "3RESPONSEANN"),
    ("AWORKERBEN", "3RESPONSEBEN"),
    ("AWORKERCAT", "3RESPONSECAT"),
    ("A4X2Y3Z4K5L6M7", "3DAN7XRDS4IC1EZQ2W9B5V8TH6KJP0"),
)
NAMES = tuple(name for pair in (*TOLOKA, *MTURK) for name in pair)

Tattle = Callable[[WireRequest], WireResponse | None]


class Overheard(Quiet):
    """Keeps every sentence of the progress, as it is and as a masked run shows it at that moment."""

    def __init__(self, world: World, met: set[str]) -> None:
        super().__init__(world)
        self.met = met
        self.plain: list[str] = []
        self.masked: list[str] = []

    def phase(self, text: str) -> None:
        self.plain.append(text)
        self.masked.append(mask_sentence(text, MASKER, self.met))

    def note(self, text: str) -> None:
        self.phase(text)


@dataclass(slots=True)
class Told(World):
    """A world that keeps all that its runs say: `plain`, and `masked`. `tattle` may answer in the provider's place."""

    tattle: Tattle = lambda _: None
    plain: list[str] = field(default_factory=list)
    masked: list[str] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    overheard: Overheard | None = None

    def carry_out(self, request: WireRequest, carried_out: Callable[[], None]) -> tuple[WireResult, int]:
        result, delay_ms = World.carry_out(self, request, carried_out)
        return self.tattle(request) or result, delay_ms

    @contextmanager
    def opened(
        self, points: Points, slots: int, command: str, options: dict[str, object]
    ) -> Iterator[tuple[Ports, ProviderAccess, RunOptions]]:
        with World.opened(self, points, slots, command, options) as (ports, access, run):
            self.overheard = Overheard(self, ports.met)
            yield replace(ports, progress=self.overheard), access, run

    def tell(self, command: str, **options: object) -> Report | None:
        """One run, and everything that a command would show of it."""
        try:
            report = self.apply(**options) if command == "apply" else self.refresh(**options)  # type: ignore[arg-type]
        except BonusctlError as error:
            self.plain.append(error_text(error, head="Error:"))
            known = self.overheard.met if self.overheard else set()
            named = {part for one in self.desired for part in (one.recipient, one.assignment_id)}
            self.masked.append(error_text(mask_error(error, MASKER, known | named), head="Error:"))
            return self._heard(None)
        self.plain += _shown(report)
        self.masked += _shown(mask_report(report, MASKER))
        return self._heard(report)

    def _heard(self, report: Report | None) -> Report | None:
        assert self.overheard is not None
        self.plain += self.overheard.plain
        self.masked += self.overheard.masked
        return report

    def leaks(self) -> list[str]:
        """The ids that stand in what was shown masked, and the ids of payments that are made from them."""
        text = "\n".join(self.masked)
        made = []
        if self.state.exists():
            with self.looking() as ledger:
                made = [
                    to_text(one.payment_id) for record in ledger.ledgers() for one in ledger.all_payments(record.ledger)
                ]
        return [name for name in (*NAMES, *made) if name in text]


def _shown(report: Report) -> list[str]:
    return [render_report_text(report), json.dumps(render_report_json(report)), report_summary(report)]


def toloka(folder: Path, *owed: int, **changes: object) -> Told:
    return Told(folder, desired=[owes(TOLOKA, number) for number in owed], settings=asked.settings(**changes))


def mturk(folder: Path, *owed: int, **changes: object) -> Told:
    return Told(
        folder,
        desired=[owes(MTURK, number) for number in owed],
        settings=mturk_settings(**changes),  # type: ignore[arg-type]
        options=Options(mturk_signed=False),
    )


def owes(people: tuple[tuple[str, str], ...], number: int, amount: str = "1.00") -> Desired:
    worker, assignment = people[number]
    if people is MTURK:
        return award(worker, amount, assignment=assignment)
    return asked.bonus(worker, amount, assignment_id=assignment)


# --- what the list can show ----------------------------------------------------------------------------------------------


def shown_again(world: World, worker: str = "") -> None:
    """The newest payment of the list stands there once more, under another id; `worker`: as another's."""
    ledger = world.remote.ledger
    with ledger.transaction(writes=True):
        connection = ledger.connection
        newest = connection.execute("SELECT max(id) FROM bonuses").fetchone()[0]
        if newest is None:
            return
        connection.execute("CREATE TEMP TABLE again AS SELECT * FROM bonuses WHERE id = ?", (newest,))
        connection.execute("UPDATE again SET id = id + 1, body = replace(body, ?, ?)", (str(newest), str(newest + 1)))
        if worker:
            connection.execute("UPDATE again SET body = replace(body, user_id, ?), user_id = ?", (worker, worker))
        connection.execute("INSERT INTO bonuses SELECT * FROM again")
        connection.execute("DROP TABLE again")


def referred_elsewhere(world: World, worker: str, assignment: str) -> None:
    """MTurk: somebody paid another worker by hand, with the newest reason copied, its reference included."""
    ledger = world.remote.ledger
    with ledger.transaction(writes=True):
        ledger.connection.execute(
            "INSERT INTO mturk_bonuses SELECT NULL, account, hit_id, ?, ?, amount, reason, token || 'x', granted_ms, "
            "request_id || 'x' FROM mturk_bonuses ORDER BY id DESC LIMIT 1",
            (assignment, worker),
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


@pytest.mark.parametrize("odd", ["some#body", "some/body", "so[me]body"])
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
    assert [part for part in (odd, "body", *NAMES) if part in shown] == []
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
