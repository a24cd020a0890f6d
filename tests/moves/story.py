"""One story of users' moves: the desks, the page, the specs as they are, and what must hold after every move."""

import json
import shutil
import tempfile
from collections import Counter
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis.stateful import RuleBasedStateMachine, invariant

from reconcile.emulator.fault import Fault
from reconcile.errors import Refused
from reconcile.model import parse_marker
from reconcile.project.approvals import AutoApprove, Consent
from reconcile.protocol.report import Left, Report
from tests.moves.desk import Desk, Place
from tests.moves.page import Name, Page, Row
from tests.moves.specs import CampaignFile, Entry, asked, known_names, write
from tests.support.world import Points

# The disk is not the subject: in memory, a sync costs nothing.
MEMORY = Path("/dev/shm")
# Longer than any late request stays on its way.
LONG_MS = 20_000_000
SEEN: Counter[str] = Counter()
"""What happened in all stories together."""


class Approval(NamedTuple):
    """A plan that somebody approved: its file, its digest, the payments in it."""

    file: Path
    digest: str
    payments: frozenset[bytes]


class Story(RuleBasedStateMachine):
    """What every move uses; the moves themselves are rules of a subclass."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="moves-", dir=MEMORY if MEMORY.is_dir() else None))
        self.place = Place(self.folder)
        self.page = Page()
        self.files: list[CampaignFile] = []
        self.desks = [Desk(self.folder / name, self.place) for name in ("one", "two")]
        self.checkouts: list[frozenset[Name]] = [frozenset(), frozenset()]
        self.pulled = [-1, -1]
        self.renames = 0
        self.plans: list[Approval] = []
        self.exports: list[list[str]] = []
        self.backups: list[Path] = []
        self.numbers = count(1)
        self.single = True

    # --- edits -------------------------------------------------------------------------------------------------------

    def ask(self, one: CampaignFile, recipient: str, key: str, amount: Decimal) -> None:
        entry = one.find(recipient, key)
        if entry is None:
            one.entries.append(Entry(recipient, key, amount))
        else:
            entry.amount = amount
        self.told(one)

    def told(self, one: CampaignFile) -> None:
        """The page learns what this file asks for by now."""
        for entry in one.entries:
            self.page.ask(Name(one.name, entry.recipient, entry.key), entry.amount)

    def file(self, place: int) -> CampaignFile:
        return self.files[place % len(self.files)]

    # --- runs --------------------------------------------------------------------------------------------------------

    def sit_down(self, number: int, *, pull: bool = True) -> Desk:
        """A desk with the specs as they are, or (`pull` false) as it had them, as long as no name has changed."""
        number = number if self.single else 0
        if pull or self.pulled[number] != self.renames:
            write(self.files, self.desks[number].folder)
            self.checkouts[number] = known_names(self.files)
            self.pulled[number] = self.renames
        return self.desks[number]

    def strike(self, broken: Any, seed: int) -> None:
        self.place.strike(*(Fault(name=name, per_mille=400, seed=seed, **more) for name, more in broken))

    def run_apply(
        self, desk: Desk, how: Consent, points: Points, *, wait_s: int, limit: int | None = None
    ) -> Report | None:
        """A run; None where it died or was refused. Whatever it sends, its specs ask for."""
        wanted = self.checkouts[self.desks.index(desk)]
        sent = len(self.place.requests)
        try:
            report = desk.apply(how, points, wait_s=wait_s, limit=limit)
            SEEN["runs"] += 1
            SEEN["runs that died"] += report is None
            return report
        except Refused as refused:
            SEEN[f"runs refused: {refused.reason}"] += 1
            self._has_a_cause(refused)
            return None
        finally:
            for _, name in self.sent_since(sent):
                assert name in wanted, f"{name} was sent, and these specs do not ask for it"

    def _has_a_cause(self, refused: Refused) -> None:
        """An approval that does not fit; else the one rule that these specs can break: money went to a name that no
        spec holds by now.
        """
        if refused.reason in {"stale_plan", "digest_mismatch", "lineage_mismatch"}:
            return
        assert refused.reason == "policy", refused.summary
        held = {row.name for row in self.place.rows()} | {
            Name(payment.campaign, payment.recipient, payment.key) for desk in self.desks for payment in desk.payments()
        }
        assert held - known_names(self.files), f"refused without a cause: {refused.summary}"

    def sent_since(self, number: int) -> list[tuple[bytes, Name]]:
        """The payments that were put on the wire since then."""
        found = []
        for request in self.place.requests[number:]:
            for bonus in json.loads(request.body) if request.method == "POST" else ():
                marked = parse_marker(bonus["private_comment"])
                assert marked is not None
                found.append((marked.payment_id, Name(marked.campaign, bonus["user_id"], marked.key)))
        return found

    # --- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def the_page_holds(self) -> None:
        """Nobody has too much, and no state says more than the truth."""
        rows = self.place.rows()
        self.page.check(rows)
        for desk in self.desks:
            self._state_is_true(desk, rows)

    def _state_is_true(self, desk: Desk, rows: list[Row]) -> None:
        made = {row.payment_id: (row.amount, row.remote_id) for row in rows}
        for payment in desk.issued():
            amount, remote_id = made.get(payment.payment_id, (None, ""))
            assert amount == payment.amount, f"{payment} is not at the provider"
            # A person who resolves says that it was made, and not under which id.
            assert payment.remote_id in (remote_id, "")

    def teardown(self) -> None:
        """Four quiet runs at the first desk: everybody has what is asked for, or is named with the reason."""
        try:
            if self.files:
                self._end_quietly()
        finally:
            SEEN["stories"] += 1
            SEEN["payments"] += len(self.place.rows())
            self.place.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end_quietly(self) -> None:
        self.place.strike()
        self.place.clock.advance(LONG_MS)
        desk, report = self.sit_down(0), None
        for _ in range(4):
            report = self.run_apply(desk, AutoApprove(), Points(), wait_s=0)
            self.place.clock.advance(2_000_000)
            if report is None:
                # Refused: it looks like bonuses under new names. Here they are all meant, and the specs say so.
                for one in self.files:
                    one.repeat = True
                desk = self.sit_down(0)
        assert report is not None
        rows = self.place.rows()
        self.page.check(rows)
        self._state_is_true(desk, rows)
        named = {left.address: left.why for left in report.left}
        for name, amount in asked(self.files).items():
            if self.page.holds(name, rows) != amount:
                address = f"{name.campaign}/{name.recipient}{f'#{name.key}' if name.key else ''}"
                SEEN[f"left at the end: {named.get(address)}"] += 1
                assert named.get(address) in (Left.CONFLICT, Left.IN_DOUBT), f"{name}: {named.get(address)}"
        assert {payment.payment_id for payment in desk.issued()} == {row.payment_id for row in rows}
        assert desk.sound()


def dying(at: int | None) -> Points:
    return Points() if at is None else Points(die_at=frozenset({at}))
