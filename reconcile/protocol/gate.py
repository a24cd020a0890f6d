"""The gate before new payments: a state that is new, restored, imported, unlocked by hand or behind may have requests
in flight from another life. Until that is excluded nothing new is sent.

It opens at once where every possible request in flight carries an id that the provider itself refuses to repeat: all
of the account's operations of the last day are of one payment, none is open that the state does not own, and the
config sends asynchronous singles. Otherwise only time opens it: one settle window since the gate closed and since the
newest payment of ours, with no foreign operation open. Accepted operations can run for hours: no window bounds them.

A bonus with a former name is protected by no id: what was paid under that name has another. Behind a gate that singles
opened it waits for the window all the same.
"""

from typing import Final, NamedTuple

from reconcile.errors import Refused
from reconcile.protocol.gateway import Gateway
from reconcile.providers.base import ListOperations, OperationPhase, OperationsPage, Unread
from reconcile.settings import ProviderSettings
from reconcile.state.events import SINGLES, GateClosed, GateOpened
from reconcile.state.ledger import Ledger, LedgerRecord
from reconcile.times import DAY_MS, HOUR_MS, MINUTE_MS, duration

ANCHORED = frozenset({"imported", "restored"})
"""What a kept head can prove, where this gate was open when it was kept. It says nothing of requests that the provider
shows and this state does not know, nor of a run that was pushed aside, nor of lives before the first contact."""


LOOK_BACK_MS: Final = 7 * DAY_MS
"""Operations submitted earlier are not looked for: they run for hours, and an id is trusted for as long."""


class Closed(NamedTuple):
    """The gate stays closed: `text` says why, `wait_s` how long at least, None where no one can say."""

    text: str
    wait_s: int | None


class _Operations(NamedTuple):
    """The account's operations of late. `all_single`: those of the last day, and all that are open, are of one payment.
    `ended_ms`: when the last of those ended that another life may have asked for, None where there is none.
    """

    all_single: bool
    foreign_open: int
    ended_ms: int | None


RENAMED = "bonuses with `formerly` are paid"
ANY_NEW = "nothing new is sent"


def names_wait(gateway: Gateway, record: LedgerRecord, what: str = RENAMED) -> Closed | None:
    """Until when payments that no id protects wait behind a gate that singles opened. None once the newest complete scan
    began a settle window after the first one since the gate closed, both by the provider's clock, if it has any, and our
    own clock agrees.
    """
    if not record.gate_ms:
        return None
    window_ms = gateway.settings.settle_window_s * 1000
    now = gateway.moment()
    if record.watermark_ms:
        first_ms, newest_ms, now_ms = record.gate_server_ms, record.watermark_ms, now.server_ms
    else:
        first_ms, newest_ms, now_ms = record.gate_ms, record.scanned_ms or 0, now.wall_ms
    # One answer with a wrong date opens nothing.
    ours_ms = window_ms - max(0, now.wall_ms - record.gate_ms)
    if first_ms is not None and newest_ms - first_ms >= window_ms and ours_ms <= 0:
        return None
    left_ms = max(ours_ms, window_ms if first_ms is None or now_ms is None else window_ms - (now_ms - first_ms))
    wait_s = min(max(1, -(-left_ms // 1000)), window_ms // 1000)
    return Closed(
        f"{gateway.settings.name}: this state is so young that what was paid before it may not show yet: {what} in "
        f"{duration(wait_s)} at the earliest (`--wait {wait_s}` waits for it)",
        wait_s,
    )


def pass_names(ledger: Ledger, gateway: Gateway, record: LedgerRecord, what: str = RENAMED) -> Closed | None:
    """Record that payments that no id protects may be sent, or say what they wait for: the window, and operations that
    this state does not know. None: they may be sent.
    """
    if not record.gate_ms:
        return None
    waiting = names_wait(gateway, record, what)
    return waiting or _settle(ledger, gateway, record, _operations(ledger, gateway, record))


def begin_anew(ledger: Ledger, gateway: Gateway, record: LedgerRecord) -> None:
    """Close the gate as of now where it closed in the future of the clocks that there are now: one of them was wrong, and
    a wait that counts from there might take years.
    """
    now = gateway.moment()
    begun = (record.gate_ms, now.wall_ms), (record.gate_server_ms, now.server_ms)
    if any(then is not None and at is not None and then > at + MINUTE_MS for then, at in begun):
        ledger.commit([GateClosed(ledger=record.ledger, reason=record.gate or "clock", at_ms=now.wall_ms)])


def pass_gate(ledger: Ledger, gateway: Gateway, record: LedgerRecord, *, anchored: bool) -> Closed | None:
    """Open the gate if it may be opened, and record why; else say what it waits for. None: it is open.

    `anchored`: a head was kept outside while this gate was open, and the state holds it.
    """
    settings = gateway.settings
    proved = anchored and record.gate in ANCHORED
    if gateway.codec.lists_by_assignment:
        # Singles under tokens that any repetition shares, behind a scan of each assignment: `scan_assignments` has why.
        if record.gate:
            _open(ledger, gateway, record, "anchor" if proved else SINGLES)
        return None
    promise = gateway.codec.promise(settings.mode)
    singles = settings.batch_size == 1 and promise.holds_operations and promise.protection_ms > 0
    if not record.gate:
        # Only ids of singles are safe by themselves: for others an operation that this state does not know speaks first.
        if singles or settings.environment == "emulator":
            return None
        if record.gate_ms:
            # Other ids than those of the singles that opened it.
            return pass_names(ledger, gateway, record, ANY_NEW)
        return _foreign(settings.name, _operations(ledger, gateway, record))
    if settings.environment == "emulator":
        _open(ledger, gateway, record, "emulator")
        return None
    if proved:
        _open(ledger, gateway, record, "anchor")
        return None if singles else _foreign(settings.name, _operations(ledger, gateway, record))
    found = _operations(ledger, gateway, record)
    if singles and isinstance(found, _Operations) and found.all_single and not found.foreign_open:
        _open(ledger, gateway, record, SINGLES)
        return None
    waiting_s = _window_left_s(gateway, record)
    if waiting_s > 0:
        return Closed(
            f"{settings.name}: this state is {_WHY[record.gate]}, and requests of another life may still be in flight: "
            f"nothing new is sent for another {duration(waiting_s)}",
            waiting_s,
        )
    return _settle(ledger, gateway, record, found)


def check_unscanned(ledger: Ledger, settings: ProviderSettings, record: LedgerRecord, now_ms: int) -> None:
    """Let a run go on without a scan only where a repetition would be refused by the provider itself, nothing is open,
    no gate is closed, and a complete scan is less than an hour old. Raises Refused(refresh_needed).
    """
    fresh_scan = record.scanned_ms is not None and 0 <= now_ms - record.scanned_ms < HOUR_MS
    reasons = {
        "payments are not asynchronous singles": settings.mode != "async" or settings.batch_size != 1,
        "an outcome is open": ledger.count_open(record.ledger) > 0,
        "the gate is closed": bool(record.gate),
        "the last complete scan is an hour old or more": not fresh_scan,
    }
    for reason, holds in reasons.items():
        if holds:
            raise Refused(
                f"{settings.name}: --no-refresh is not safe now: {reason}",
                detail="Nothing was sent.",
                remedy="Leave --no-refresh away:\n  bonusctl apply",
                reason="refresh_needed",
            )


def _foreign(name: str, found: _Operations | Closed) -> Closed | None:
    """Why operations of the provider keep new payments back: unread, or open and unknown to this state."""
    if isinstance(found, Closed):
        return found
    if not found.foreign_open:
        return None
    return Closed(
        f"{name}: {found.foreign_open} operations at the provider are open that this state does not know: "
        "nothing new is sent until they have ended",
        None,
    )


def _settle(ledger: Ledger, gateway: Gateway, record: LedgerRecord, found: _Operations | Closed) -> Closed | None:
    """Record that time has passed, unless operations of another life keep new payments back."""
    waiting = _foreign(gateway.settings.name, found) or _just_ended(gateway, record, found)
    if waiting is None:
        _open(ledger, gateway, record, "settled")
    return waiting


def _just_ended(gateway: Gateway, record: LedgerRecord, found: _Operations | Closed) -> Closed | None:
    """Why what has just ended keeps new payments back: the newest scan began too early to show all that it paid."""
    if isinstance(found, Closed) or found.ended_ms is None:
        return None
    now_ms = gateway.moment().theirs_ms
    window_ms = gateway.settings.settle_window_s * 1000
    # One answer with a wrong date opens nothing: no list was read later than now.
    if min(record.watermark_ms or now_ms, now_ms) - found.ended_ms >= window_ms:
        return None
    wait_s = max(1, -(-(window_ms - (now_ms - found.ended_ms)) // 1000))
    return Closed(
        f"{gateway.settings.name}: operations at the provider have ended so shortly ago that what they paid may not show "
        f"yet: nothing new is sent for another {duration(wait_s)}",
        wait_s,
    )


_WHY = {
    "new": "new",
    "imported": "imported",
    "doubted": "pulled while the mark of another run stood on its branch",
    "restored": "restored from a backup",
    "unlocked": "unlocked by hand",
    "behind": "older than what the provider shows",
    "clock": "of a time that has not come yet, by the clocks that there are now",
}


def _open(ledger: Ledger, gateway: Gateway, record: LedgerRecord, reason: str) -> None:
    ledger.commit([GateOpened(ledger=record.ledger, reason=reason, at_ms=gateway.moment().wall_ms)])


def _window_left_s(gateway: Gateway, record: LedgerRecord) -> int:
    """Seconds until the newest scan began a settle window after the gate closed and since the newest payment of ours."""
    now = gateway.moment()
    window_ms = gateway.settings.settle_window_s * 1000
    # A wall clock that went backwards makes the gate as fresh as if it had closed now.
    left_ms = window_ms - max(0, now.wall_ms - record.gate_ms)
    # One that went forward, or another machine's that is ahead, opens nothing: the provider's clock counts, from the
    # first scan since the gate closed to the start of the newest: what came after that it cannot show.
    read_ms = record.watermark_ms or now.theirs_ms
    since_ms = [moment for moment in (record.gate_server_ms, record.newest_ours_ms) if moment is not None]
    left_ms = max([left_ms, *(window_ms - max(0, read_ms - moment) for moment in since_ms)])
    return max(0, -(-left_ms // 1000))


def _operations(ledger: Ledger, gateway: Gateway, record: LedgerRecord) -> _Operations | Closed:
    # Whatever mode the config names now: another life may have used one whose operations run on for hours.
    if not gateway.codec.lists_operations:
        return _Operations(all_single=False, foreign_open=0, ended_ms=None)
    owned = {operation.operation_id for operation in ledger.open_operations(record.ledger)}
    now = gateway.moment()
    # By whichever clock looks further back.
    day_ms, now_ms = min(now.theirs_ms, now.wall_ms) - DAY_MS, now.theirs_ms
    # What is submitted later than a window after the first look is of no other life.
    first_ms, window_ms = record.gate_server_ms, gateway.settings.settle_window_s * 1000
    all_single, foreign, ended_ms, cursor = True, 0, 0, ""
    while True:
        page = gateway.ask(ListOperations(day_ms + DAY_MS - LOOK_BACK_MS, cursor))
        if isinstance(page, Unread):
            return Closed(
                f"{gateway.settings.name}: the list of operations could not be read: {page.message or page.code}", None
            )
        assert isinstance(page, OperationsPage)
        for seen in page.operations:
            open_now = seen.phase is OperationPhase.RUNNING
            if open_now and seen.operation_id not in owned:
                foreign += 1
            early = first_ms is None or seen.submitted_ms is None or seen.submitted_ms <= first_ms + window_ms
            last_ms = seen.submitted_ms if seen.finished_ms is None else seen.finished_ms
            fresh = open_now or last_ms is None or last_ms >= day_ms
            if not open_now and early and fresh:
                ended_ms = max(ended_ms, now_ms if seen.finished_ms is None else seen.finished_ms)
            # An operation that shows no counts yet may hold any number of payments.
            single = seen.total == 1 or (open_now and seen.operation_id in owned and seen.total is None)
            all_single &= single or not fresh
        if not page.next_cursor:
            return _Operations(all_single, foreign, ended_ms or None)
        cursor = page.next_cursor
