"""What happens between two runs: people edit, machines change hands, states get lost, clocks jump."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from reconcile.model import Desired, Texts
from reconcile.money import parse_amount
from tests.sim.deciding import decide_all
from tests.sim.kinds import WAYS
from tests.sim.mturk_end import MturkProvider

if TYPE_CHECKING:
    from tests.sim.history import History

HOUR_MS: Final = 3_600_000
WINDOW_MS: Final = 901_000
TWIN: Final = "twin"
"""The key of a bonus that equals w0's in everything else."""


class Between(NamedTuple):
    """One thing that can happen. `happen` says whether it could. `core`: it belongs to the smallest worlds. `toloka`,
    `mturk`: where it can happen at all.
    """

    words: str
    happen: Callable[[History], bool]
    core: bool = True
    toloka: bool = True
    mturk: bool = True


# --- edits ---------------------------------------------------------------------------------------------------------


def _row(history: History, name: str) -> Desired | None:
    worker = history.kind.worker(name)
    return next((row for row in history.desired if row.recipient == worker and row.key != TWIN), None)


def _amount(text: str) -> Callable[[History], bool]:
    def happen(history: History) -> bool:
        row = _row(history, "w0")
        if row is not None and row.formerly is None and row.bonus_id in history.formers:
            # A campaign renamed without a word is known by its workers and amounts: with the amounts changed as well
            # nobody could tell it from a new one (docs/reliability.md).
            return False
        if row is not None:
            history.ask(row._replace(amount=parse_amount(history.money(text), decimals_max=3)))
        return row is not None

    return happen


def _text(history: History) -> bool:
    row = _row(history, "w0")
    if row is not None:
        other: Texts = (("reason", "Well done"),) if history.kind.mturk else (("public_title", (("EN", "Well done"),)),)
        history.ask(row._replace(texts=lambda: other))
    return row is not None


def _remove(history: History) -> bool:
    row = _row(history, "w0")
    if row is not None and _equalled(history, row):
        # Its equal, not paid yet, would look like the same bonus under another key: rightly refused.
        return False
    if row is not None:
        history.withdraw(row)
    return row is not None


def _equalled(history: History, row: Desired) -> bool:
    """Whether another bonus of the same campaign asks for the same for the same worker."""
    same = (row.campaign.name, row.recipient, row.amount)
    rows = [one for one in history.desired if (one.campaign.name, one.recipient, one.amount) == same]
    return len(rows) > 1


def _add(history: History) -> bool:
    # Under its old name again, or a new bonus: whichever is missing.
    name = "w0" if _row(history, "w0") is None else "w9"
    campaign = history.desired[0].campaign.name if history.desired else "c"
    history.ask(history.kind.bonus(history.kind.worker(name), history.money("1.50"), campaign=campaign))
    return True


def _rename(*, named: bool) -> Callable[[History], bool]:
    def happen(history: History) -> bool:
        if any(row.campaign.name != "c" or row.formerly is not None for row in history.desired):
            return False
        if not _may_rename(history):
            return False
        if history.shared:
            # What another state paid under the former names is to be seen by all.
            history.clock.advance(WINDOW_MS)
        for row in list(history.desired):
            new = history.kind.bonus(row.recipient, "1.00", campaign="d", key=row.key)
            new = new._replace(amount=row.amount, allow=row.allow, texts=row.texts)
            history.rename(row, new, named=named)
        return True

    return happen


def _may_rename(history: History) -> bool:
    """Whether people may give bonuses other names by the rules of docs/reliability.md. A second state knows nothing of what
    is under way under the former ones; nor does a copy that nobody noticed (the commands notice it by the head that is
    kept beside a state, which no state here has).
    """
    return not history.copied and not (history.shared and history.in_flight())


def _key(history: History) -> bool:
    row = _row(history, "w1")
    if row is None or row.key or row.bonus_id in history.formers or history.shared or not _may_rename(history):
        return False
    new = history.kind.bonus(row.recipient, "1.00", campaign=row.campaign.name, key="k")
    history.rename(row, new._replace(amount=row.amount, texts=row.texts), named=True)
    return True


def _repeat(history: History) -> bool:
    row = _row(history, "w1")
    if row is None or row.key or row.formerly is not None:
        return False
    history.withdraw(row)
    again = history.kind.bonus(row.recipient, "1.00", campaign=row.campaign.name, key="again", allow={"repeat"})
    history.ask(again._replace(amount=row.amount), group=f"{row.recipient}#again")
    return True


def _top_ups(history: History) -> bool:
    history.allow_top_ups(allowed=not history.policies.allow_top_up)
    return True


# --- states --------------------------------------------------------------------------------------------------------


def _lose(history: History) -> bool:
    history.first.lose()
    history.carried = True
    return True


def _older(carried: str) -> Callable[[History], bool]:
    def happen(history: History) -> bool:
        cuts = history.first.cuts
        if not cuts or (not carried and (not history.plain or history.formers)):
            return False
        history.copied |= not carried
        some = cuts[:: 1 + len(cuts) // 5] if history.shape.core else cuts
        length = some[history.chooser.place("length", len(some))]
        history.first.put_back(length, carried=carried)
        history.carried = True
        history.tell(f"  the first {length} events of {cuts[-1]}")
        return True

    return happen


def _round_trip(history: History) -> bool:
    cuts = history.first.cuts
    if cuts:
        history.first.put_back(cuts[-1], carried="imported")
        history.carried = True
    return bool(cuts)


def _unlock(history: History) -> bool:
    history.first.pushed_aside()
    return True


def _other(history: History) -> bool:
    possible = history.may_share()
    if possible:
        history.other().play(wait_s=0)
    return possible


def _refresh(history: History) -> bool:
    history.first.play("refresh", wait_s=0)
    return True


def _limited(history: History) -> bool:
    history.first.play(wait_s=0, limit=1)
    return True


def _unread(history: History) -> bool:
    history.first.play(wait_s=0, scan=False)
    return True


def _few_requests(history: History) -> bool:
    history.limit_requests(2)
    return True


def _way(number: int) -> Callable[[History], bool]:
    def happen(history: History) -> bool:
        # With two states on the account only asynchronous singles are safe.
        if history.shared or history.way == WAYS[number]:
            return False
        history.send_by(WAYS[number])
        return True

    return happen


def _by_hand(amount: str, name: str = "w0") -> Callable[[History], bool]:
    def happen(history: History) -> bool:
        worker = history.kind.worker(name)
        assert isinstance(history.provider, MturkProvider)
        history.provider.pay_by_hand(worker, f"3{worker}", amount)
        history.watch.served()
        return True

    return happen


def _decide(history: History) -> bool:
    for machine in history.machines:
        decide_all(machine)
    return True


# --- time and money ------------------------------------------------------------------------------------------------


def _time(milliseconds: int) -> Callable[[History], bool]:
    def happen(history: History) -> bool:
        history.clock.advance(milliseconds)
        return True

    return happen


def _skew(milliseconds: int) -> Callable[[History], bool]:
    def happen(history: History) -> bool:
        history.clock.skew_ms += milliseconds
        return True

    return happen


def _reboot(history: History) -> bool:
    history.clock.boot, history.clock.boot_ms = f"{history.clock.boot}'", 1_000
    return True


def _balance(text: str) -> Callable[[History], bool]:
    def happen(history: History) -> bool:
        history.provider.set_balance(text)
        return True

    return happen


EVENTS: Final = (
    Between("w0 is asked for more", _amount("4.00")),
    Between("w0 is asked for less", _amount("0.75")),
    Between("another text for w0", _text),
    Between("w0 is removed", _remove),
    Between("a bonus is added", _add),
    Between("the campaign is renamed, with formerly", _rename(named=True)),
    Between("the campaign is renamed, without a word", _rename(named=False), core=False),
    Between("w1 gets a key, with formerly", _key, core=False),
    Between("w1 is asked for again under a key", _repeat, core=False),
    Between("top-ups are allowed, or no longer", _top_ups, core=False),
    Between("the state is lost", _lose),
    Between("an older state comes back without a word", _older("")),
    Between("an older state is restored", _older("restored")),
    Between("an older state is imported", _older("imported"), core=False),
    Between("the state is exported and imported", _round_trip, core=False),
    Between("state unlock", _unlock, core=False),
    Between("the other machine runs", _other),
    Between("a refresh", _refresh, core=False),
    Between("an apply of one payment", _limited, core=False),
    Between("an apply without a refresh", _unread, core=False),
    Between("the config allows two requests a day", _few_requests, core=False),
    Between("ways: asynchronous, one by one", _way(0), core=False, mturk=False),
    Between("ways: batches of three", _way(1), mturk=False),
    Between("ways: synchronous", _way(2), mturk=False),
    Between("ways: synchronous batches", _way(3), core=False, mturk=False),
    Between("ways: batches, all or none", _way(4), core=False, mturk=False),
    Between("a minute passes", _time(60_000), core=False),
    Between("a settle window passes", _time(WINDOW_MS)),
    Between("an hour passes", _time(HOUR_MS), core=False),
    Between("a day passes", _time(25 * HOUR_MS), core=False),
    Between("eight days pass", _time(8 * 24 * HOUR_MS)),
    Between("the clock goes back two hours", _skew(-2 * HOUR_MS)),
    Between("the clock goes ahead three hours", _skew(3 * HOUR_MS)),
    Between("the machine is started anew", _reboot),
    Between("the balance is gone", _balance("0.00"), core=False),
    Between("the balance is back", _balance("100000.00"), core=False),
    Between("21 hours and 50 minutes pass", _time(22 * HOUR_MS - 600_000), toloka=False),
    Between("22 hours and 10 minutes pass", _time(22 * HOUR_MS + 600_000), core=False, toloka=False),
    Between("23 hours and 55 minutes pass", _time(24 * HOUR_MS - 300_000), toloka=False),
    Between("24 hours and 5 minutes pass", _time(24 * HOUR_MS + 300_000), toloka=False),
    Between("somebody pays w0 by hand, as much", _by_hand("1.50"), toloka=False),
    Between("somebody pays w1 by hand, something else", _by_hand("0.30", "w1"), core=False, toloka=False),
    Between("a person decides whose payments are whose", _decide, toloka=False),
)


def menu_of(history: History) -> list[Between]:
    """What can happen where this history is played."""
    mturk, core = history.kind.mturk, history.shape.core
    return [event for event in EVENTS if (event.core or not core) and (event.mturk if mturk else event.toloka)]
