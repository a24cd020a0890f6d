"""A world that keeps all that its runs say, as it is and as a masked run shows it, and what a provider's list can show."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconcile.cli.complaints import error_text
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
            assert ports.met is not None
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
