"""Users' moves in any order: edits, plans, approvals, runs that die, second machines, lost and restored states.

After every move: nobody holds more than the largest amount that was ever asked for, no payment stands twice, what a
state calls issued is at the provider with that amount. A run puts on the wire only what its specs ask for, and under
an approval only what was approved. At the end, after some quiet runs, everybody holds what is asked for or is named
with the reason. BONUSCTL_MOVES=2000 tells so many stories instead of 120; a failing one prints as its moves.
"""

import os
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from reconcile.emulator.fault import Fault
from reconcile.plan.saved import read_saved
from reconcile.project.approvals import AutoApprove, Consent, Expected, Saved
from reconcile.state.events import Result
from tests.moves.page import Name
from tests.moves.specs import CONFIG, CampaignFile
from tests.moves.story import LONG_MS, SEEN, Approval, Story, dying
from tests.support.figures import Tell
from tests.support.world import Points

STORIES = int(os.environ.get("BONUSCTL_MOVES", "0"))
WINDOW_MS = 901_000

recipients = st.sampled_from(["w1", "w2", "w3", "w4"])
keys = st.sampled_from(["", "", "k1", "k2"])
amounts = st.sampled_from([Decimal("1.00"), Decimal("1.50"), Decimal("2.00"), Decimal("0.25")])
desks = st.integers(0, 1)
places = st.integers(0, 5)
deaths = st.one_of(st.none(), st.integers(1, 60))
faults = st.lists(
    st.sampled_from(
        [
            ("cut_before", {}), ("cut_after", {}), ("hang", {}), ("error_after", {}), ("error_before", {}), ("garble", {}),
            ("wrong_counts", {}), ("late", {"delay_ms": 400_000}), ("slow_run", {"delay_ms": 900_000}), ("fail", {}),
            ("reject", {}), ("reject_payment", {}), ("log_archived", {}), ("lag", {"delay_ms": 600_000}),
            ("error_before", {"on": "operation"}), ("error_before", {"on": "log"}), ("error_before", {"on": "bonuses"}),
        ]
    ),
    max_size=2,
)  # fmt: skip


class Moves(Story):
    """The moves of one story."""

    @initialize(top_up=st.booleans(), batch=st.sampled_from([1, 1, 3]), paid=st.booleans())
    def begin(self, top_up: bool, batch: int, paid: bool) -> None:
        """One campaign of three bonuses, `paid` already or not. A batch needs one state and one writer: then there is no
        second machine.
        """
        self.single = batch == 1
        for desk in self.desks:
            desk.folder.mkdir()
            text = CONFIG.format(batch_size=batch, allow_top_up=str(top_up).lower())
            (desk.folder / "bonusctl.yaml").write_text(text)
        self.files.append(CampaignFile("c1"))
        for recipient in ("w1", "w2", "w3"):
            self.ask(self.files[0], recipient, "", Decimal("1.00"))
        if paid:
            self.run_apply(self.sit_down(0), AutoApprove(), Points(), wait_s=2_000)

    # --- edits -------------------------------------------------------------------------------------------------------

    @rule(place=places, recipient=recipients, key=keys, amount=amounts)
    def add_or_edit(self, place: int, recipient: str, key: str, amount: Decimal) -> None:
        """A new bonus, or another amount for one that is there; never one that another already was."""
        one = self.file(place)
        former = {name for entry in one.entries for name in one.names(entry) if entry.was}
        if Name(one.name, recipient, key) not in former:
            self.ask(one, recipient, key, amount)

    @rule(place=places, number=places)
    def remove(self, place: int, number: int) -> None:
        """A bonus is no longer asked for."""
        entries = self.file(place).entries
        if entries:
            entries.pop(number % len(entries))

    @rule(recipient=recipients, amount=amounts)
    def new_campaign(self, recipient: str, amount: Decimal) -> None:
        """Another spec."""
        if len(self.files) < 3:
            self.files.append(CampaignFile(f"c{next(self.numbers) + 1}"))
            self.ask(self.files[-1], recipient, "", amount)

    @rule(place=places)
    def rename_and_say_so(self, place: int) -> None:
        """A campaign under a new name, with `formerly`. Once: a second time cannot be said."""
        one = self.file(place)
        if one.formerly or any(entry.was for entry in one.entries) or one.repeat:
            return
        self.renames += 1
        old, one.formerly = one.name, one.name
        one.name = f"{old}n{self.renames}"
        for entry in one.entries:
            self.page.rename(Name(one.name, entry.recipient, entry.key), Name(old, entry.recipient, entry.key))
        # What was asked for and taken out again had the old name, and would come back under the new one.
        for recipient in ("w1", "w2", "w3", "w4"):
            for key in ("", "k1", "k2"):
                self.page.ask(Name(old, recipient, key), Decimal(0))
                self.page.rename(Name(one.name, recipient, key), Name(old, recipient, key))

    @rule(place=places, number=places)
    def add_a_key_and_say_so(self, place: int, number: int) -> None:
        """A bonus gets another key, with `formerly`."""
        one = self.file(place)
        if not one.entries or one.formerly:
            return
        entry = one.entries[number % len(one.entries)]
        key = f"r{next(self.numbers)}"
        if entry.was:
            return
        self.renames += 1
        self.page.rename(Name(one.name, entry.recipient, key), Name(one.name, entry.recipient, entry.key))
        entry.was, entry.key = entry.key or "~", key

    @rule(place=places)
    def rename_and_forget_to_say_so(self, place: int) -> None:
        """A campaign under a new name and nothing else: whoever has all that is asked for is not paid again."""
        one = self.file(place)
        self.run_apply(self.sit_down(0), AutoApprove(), Points(), wait_s=2_000)
        rows = self.place.rows()
        whole = one.entries and all(
            self.page.holds(Name(one.name, entry.recipient, entry.key), rows) == entry.amount for entry in one.entries
        )
        if not whole or one.formerly or one.repeat or any(entry.was for entry in one.entries):
            return
        old, one.name = one.name, f"{one.name}x{next(self.numbers)}"
        self.told(one)
        desk = self.sit_down(0)
        self.run_apply(desk, AutoApprove(), Points(), wait_s=2_000)
        new = [row for row in self.place.rows() if row.name.campaign == one.name]
        assert not new, f"{new} was paid again under another name"
        SEEN["renames that nobody said"] += 1
        one.name = old
        self.renames += 1

    # --- plans and runs ----------------------------------------------------------------------------------------------

    @rule(number=desks)
    def plan(self, number: int) -> None:
        """A plan is made and saved."""
        desk = self.sit_down(number)
        assert desk.errors() == []
        file = self.folder / f"{next(self.numbers)}.plan"
        made = desk.plan(file)
        if not made.refused:
            payments = frozenset(change.payment_id for change in made.payments if change.payment_id is not None)
            self.plans.append(Approval(file, made.digest, payments))

    @rule(
        number=desks,
        pull=st.booleans(),
        died=deaths,
        broken=faults,
        seed=places,
        wait_s=st.sampled_from([0, 60, 1_000]),
    )
    def apply(self, number: int, pull: bool, died: int | None, broken: Any, seed: int, wait_s: int) -> None:
        """Whatever the specs ask for, at a provider with faults, by a run that may die."""
        desk = self.sit_down(number, pull=pull)
        self.strike(broken, seed)
        self.run_apply(desk, AutoApprove(), dying(died), wait_s=wait_s)
        self.place.strike()

    @rule(number=desks)
    def apply_on_a_good_day(self, number: int) -> None:
        """Nothing goes wrong, and what is asked for is paid at once or has its reason."""
        self.run_apply(self.sit_down(number), AutoApprove(), Points(), wait_s=1_000)

    @rule(number=desks, amount=amounts, died=st.integers(1, 60))
    def edit_after_a_run_that_died(self, number: int, amount: Decimal, died: int) -> None:
        """What may be under way meets another amount."""
        self.run_apply(self.sit_down(number), AutoApprove(), dying(died), wait_s=60)
        for entry in self.files[0].entries:
            self.ask(self.files[0], entry.recipient, entry.key, amount)
        self.run_apply(self.sit_down(number), AutoApprove(), Points(), wait_s=60)

    @rule(number=desks, place=places, died=deaths, lost=st.sampled_from(["cut_before", "hang", "late"]))
    def take_out_what_may_be_under_way(self, number: int, place: int, died: int | None, lost: str) -> None:
        """What was sent, and nobody knows whether it arrived, is not sent again once it is no longer asked for."""
        one = self.file(place)
        for recipient in ("w1", "w2"):
            self.ask(one, recipient, f"o{next(self.numbers)}", Decimal("0.50"))
        self.place.strike(Fault(name=lost, delay_ms=400_000 if lost == "late" else 0))
        self.run_apply(self.sit_down(number), AutoApprove(), dying(died), wait_s=0)
        self.place.strike()
        one.entries = [entry for entry in one.entries if not entry.key.startswith("o")]
        self.run_apply(self.sit_down(number), AutoApprove(), Points(), wait_s=0)

    @rule(number=desks, place=places, digest=st.booleans(), died=deaths)
    def approve_and_ask_for_more(self, number: int, place: int, digest: bool, died: int | None) -> None:
        """A plan is approved, the specs go on, and the approval is used."""
        one = self.file(place)
        self.ask(one, "w1", f"p{next(self.numbers)}", Decimal("0.50"))
        known = len(self.plans)
        self.plan(number)
        self.ask(one, "w2", f"p{next(self.numbers)}", Decimal("0.50"))
        if len(self.plans) > known:
            approved = self.plans[-1]
            how = Expected(approved.digest) if digest else Saved(read_saved(approved.file))
            self._approved(number, approved, how, died, [], 0)

    @rule(number=desks, limit=st.integers(0, 2))
    def apply_some(self, number: int, limit: int) -> None:
        """At most so many payments are begun; what was under way before comes to its end all the same."""
        desk = self.sit_down(number)
        begun, sent = {payment.payment_id for payment in desk.open()}, len(self.place.requests)
        self.run_apply(desk, AutoApprove(), Points(), wait_s=0, limit=limit)
        assert len({payment for payment, _ in self.sent_since(sent)} - begun) <= limit

    @precondition(lambda self: self.plans)
    @rule(number=desks, which=places, died=deaths, broken=faults, seed=places)
    def apply_a_saved_plan(self, number: int, which: int, died: int | None, broken: Any, seed: int) -> None:
        """What somebody approved, and nothing else."""
        approved = self.plans[which % len(self.plans)]
        self._approved(number, approved, Saved(read_saved(approved.file)), died, broken, seed)

    @precondition(lambda self: self.plans)
    @rule(number=desks, which=places, died=deaths, broken=faults, seed=places)
    def apply_a_digest(self, number: int, which: int, died: int | None, broken: Any, seed: int) -> None:
        """The same, named by its digest alone."""
        approved = self.plans[which % len(self.plans)]
        self._approved(number, approved, Expected(approved.digest), died, broken, seed)

    def _approved(
        self, number: int, approved: Approval, how: Consent, died: int | None, broken: Any, seed: int
    ) -> None:
        desk = self.sit_down(number)
        begun = {payment.payment_id for payment in desk.open()}
        sent = len(self.place.requests)
        self.strike(broken, seed)
        self.run_apply(desk, how, dying(died), wait_s=0)
        self.place.strike()
        for payment, _ in self.sent_since(sent):
            assert payment in approved.payments | begun, "what nobody approved was sent"

    @rule(number=desks, died=deaths, full=st.booleans(), broken=faults, seed=places)
    def refresh(self, number: int, died: int | None, full: bool, broken: Any, seed: int) -> None:
        """Nothing is paid by looking."""
        desk = self.sit_down(number)
        self.strike(broken, seed)
        sent = len(self.place.requests)
        desk.refresh(dying(died), full=full)
        self.place.strike()
        begun = {payment.payment_id for payment in desk.payments()}
        assert {payment for payment, _ in self.sent_since(sent)} <= begun

    # --- states ------------------------------------------------------------------------------------------------------

    @rule(number=desks)
    def export(self, number: int) -> None:
        """The state as text, as a pipeline keeps it."""
        desk = self.sit_down(number)
        if desk.state.exists():
            self.exports.append(desk.export())

    @precondition(lambda self: self.exports)
    @rule(number=desks, which=places, fresh=st.booleans())
    def take_an_export(self, number: int, which: int, fresh: bool) -> None:
        """Into a fresh checkout, or over the state that is there: that only if it is an earlier part of it."""
        desk = self.sit_down(number)
        if fresh:
            desk.lose(whole=True)
        before = desk.head()
        if not desk.take(self.exports[which % len(self.exports)]):
            assert not fresh
            assert desk.head() == before

    @rule(number=desks)
    def back_up(self, number: int) -> None:
        """A copy of the state."""
        desk = self.sit_down(number)
        if desk.state.exists():
            self.backups.append(self.folder / f"{next(self.numbers)}.backup")
            desk.backup(self.backups[-1])

    @precondition(lambda self: self.backups)
    @rule(number=desks, which=places)
    def restore(self, number: int, which: int) -> None:
        """An older copy takes the state's place."""
        self.sit_down(number).restore(self.backups[which % len(self.backups)])

    @rule(number=desks, whole=st.booleans())
    def lose_the_state(self, number: int, whole: bool) -> None:
        """The disk died, or a pipeline's folder was swept."""
        self.sit_down(number).lose(whole=whole)

    @rule(number=desks, lost=st.sampled_from(["hang", "cut_before", "late"]))
    def resolve_what_is_in_doubt(self, number: int, lost: str) -> None:
        """No answer comes. A person waits until nothing can be under way any more, looks at the provider's own list,
        and says what is true.
        """
        # Every send is lost, and every question about it: else the run finds out by itself.
        unread = [Fault(name="error_before", on=what) for what in ("operation", "log")]
        self.place.strike(Fault(name=lost, delay_ms=400_000 if lost == "late" else 0), *unread)
        self.run_apply(self.sit_down(number), AutoApprove(), Points(), wait_s=0)
        self.place.strike()
        desk = self.sit_down(number)
        self.place.clock.advance(LONG_MS)
        made = {row.payment_id for row in self.place.rows()}
        for payment in desk.open():
            if payment.sent:
                key = f"#{payment.key}" if payment.key else ""
                result = Result.ISSUED if payment.payment_id in made else Result.RELEASED
                SEEN["decided by a person"] += 1
                desk.decide(f"{payment.campaign}/{payment.recipient}{key}", result)

    # --- time --------------------------------------------------------------------------------------------------------

    @rule(milliseconds=st.sampled_from([5_000, WINDOW_MS, 90_000_000, 700_000_000]))
    def time_passes(self, milliseconds: int) -> None:
        """Seconds, a window, a day, more than a week."""
        self.place.clock.advance(milliseconds)

    @rule()
    def reboot(self) -> None:
        """The machines start anew."""
        self.place.clock.boot, self.place.clock.boot_ms = f"boot-{next(self.numbers)}", 1_000

    # --- what must hold ----------------------------------------------------------------------------------------------


def test_whatever_users_do_nobody_holds_more_than_was_asked_for_and_no_state_says_more_than_the_truth(
    tell: Tell,
) -> None:
    told = settings(
        max_examples=STORIES or 120,
        stateful_step_count=18,
        derandomize=not STORIES,
        database=None,
        deadline=None,
        print_blob=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Moves, settings=told)
    tell(dict(sorted(SEEN.items())))
    # A story in which nothing is paid, dies or is refused proves nothing.
    assert SEEN["payments"] > SEEN["stories"]
    assert min(SEEN["runs that died"], SEEN["runs refused: policy"]) > 0
