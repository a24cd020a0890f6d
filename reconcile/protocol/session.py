"""One provider's part of a run: contact, scan, gate, recovery, and the sending of what was agreed."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Final

from reconcile.errors import ProviderError
from reconcile.model import PaymentStatus, SendOutcome
from reconcile.money import EXACT, Money, add
from reconcile.plan.model import Change, amounts_of
from reconcile.protocol.adopting import Sought
from reconcile.protocol.ages import Moment
from reconcile.protocol.assignments import CHUNK, Assignments
from reconcile.protocol.books import Books
from reconcile.protocol.contact import ask_account, bind, find_account, note_balance
from reconcile.protocol.context import Context, Tally
from reconcile.protocol.engine import Engine
from reconcile.protocol.funds import funds_of, shortage
from reconcile.protocol.gate import begin_anew, check_unscanned, names_wait, pass_gate, pass_names
from reconcile.protocol.gateway import Gateway
from reconcile.protocol.journal import Journal
from reconcile.protocol.ports import Clock, Control, Progress
from reconcile.protocol.preparing import Rest, prepare
from reconcile.protocol.quota import Quota
from reconcile.protocol.readback import marker_problem
from reconcile.protocol.recovery import Step
from reconcile.protocol.repeating import Wanted, next_steps
from reconcile.protocol.report import Left, Paid, Wait
from reconcile.protocol.scan import IMPORTED, scan
from reconcile.protocol.scan_assignments import payable, scan_assignments
from reconcile.protocol.settling import released
from reconcile.protocol.track import Stage, Track, fresh, recovered
from reconcile.providers.base import AccountFound
from reconcile.rows import chosen
from reconcile.state.events import Basis
from reconcile.state.ledger import Ledger, LedgerRecord, OperationRecord
from reconcile.times import MINUTE_MS, SECOND_MS

STALE_MS: Final = 10 * MINUTE_MS
"""How old a run's scan may be when sending begins."""


class Session:
    """A provider during one run. After `prepare`, `closed` says whether anything new may be sent."""

    def __init__(
        self,
        ledger: Ledger,
        gateway: Gateway,
        *,
        tally: Tally,
        clock: Clock,
        control: Control,
        progress: Progress,
        project: str,
    ) -> None:
        self.gateway = gateway
        self.settings = gateway.settings
        self._ledger = ledger
        self._tally = tally
        self._clock = clock
        self._control = control
        self._progress = progress
        self._project = project
        self._scanned: Moment | None = None
        self._patience_ms = 0
        self._assignments = Assignments()
        self._books: Books | None = None
        self.closed: Left | None = None
        self.account = find_account(gateway)
        self._record = bind(ledger, gateway, self.account, clock)
        note_balance(ledger, self._record.ledger, self.account, clock)
        self._verified = self._record.verified_first
        self._newest = self._record.newest_remote_id

    @property
    def record(self) -> LedgerRecord:
        """The ledger as it is now."""
        record = self._ledger.ledger(*self.settings.ledger_key)
        assert record is not None
        return record

    # --- before the plan -----------------------------------------------------------------------------------------------

    def prepare(
        self,
        wanted: Wanted | None,
        *,
        full: bool,
        anchored: bool,
        until_ms: int,
        sought: Callable[[], Sequence[Sought]] = tuple,
        renamed: Callable[[], bool] = bool,
    ) -> None:
        """Scan, gate, recover; again while something only waits for a moment before `until_ms` (boot-time clock).

        `wanted` tells which open payments may be sent again, None: none (a refresh never sends). `sought`: what the
        specs may want paid, for a provider that lists by assignment. `renamed`: whether they ask for a payment of a
        bonus with a former name. Raises ScanFailed.
        """
        self._patience_ms = until_ms
        while True:
            waits: list[Wait] = []
            self._scan(sought, full=full)
            self.closed = None
            if wanted is not None:
                begin_anew(self._ledger, self.gateway, self.record)
                closed = pass_gate(self._ledger, self.gateway, self.record, anchored=anchored)
                if closed is not None:
                    self.closed = Left.GATE
                    waits.append(self._wait(*closed))
            open_gate = wanted is not None and self.closed is None
            self._tally.waits, kept = [], self._tally.waits
            # What kept an old operation from being sent again keeps new ones from being sent, too.
            self.closed = self._recover(wanted) or self.closed
            waits += self._tally.waits
            self._tally.waits = kept
            if open_gate:
                # What recovery has settled as not made may be asked for under its new name by now.
                waits += self._for_renamed(renamed, until_ms)
            soon = self._soon(waits, until_ms)
            if soon is None or self._control.stop_requested():
                self._tally.waits += waits
                return
            self._progress.note(f"{waits[0].text} (waiting)")
            self.gateway.sleep(soon / SECOND_MS)

    def is_stale(self) -> bool:
        """Whether this run's scan is too old to send on: a person may have taken hours to agree."""
        scanned = self._scanned
        return scanned is not None and self._clock.boottime_ms() - scanned.boottime_ms > STALE_MS

    def skip_scan(self) -> None:
        """Go on without a scan of this run. Raises Refused(refresh_needed) where that is not safe."""
        check_unscanned(self._ledger, self.settings, self.record, self._clock.now_ms())

    def _scan(self, sought: Callable[[], Sequence[Sought]], *, full: bool) -> None:
        self._progress.phase(f"{self.settings.name}: reading what was paid")
        moment = self.gateway.moment()
        if self.gateway.codec.lists_by_assignment:
            found, self._books = scan_assignments(
                self._ledger,
                self.gateway,
                self.record,
                sought=sought(),
                full=full,
                project=self._project,
                control=self._control,
            )
            self._found(found.adopted)
        else:
            found = scan(self._ledger, self.gateway, self.record, project=self._project, full=full, tell=self._found)
        self._scanned = moment
        self._newest = found.newest_remote_id or self._newest
        self._tally.alarms += [alarm for alarm in found.alarms if alarm not in self._tally.alarms]
        others = [one for one in self._tally.missing if one.provider != self.settings.name]
        self._tally.missing = [*others, *found.missing]
        self._verified = self.record.verified_first

    def _found(self, paid: Sequence[Paid]) -> None:
        """Payments that a scan has just recorded; it may yet break off."""
        self._tally.paid += paid
        if paid:
            self._progress.settled(paid, rejected=(), under_way=0)

    def _recover(self, wanted: Wanted | None) -> Left | None:
        """Settle what an earlier run left open. Returns why sending stopped, None if it did not."""
        self._tally.forget(self.settings.name)
        operations = list(self._ledger.open_operations(self.record.ledger))
        if not operations:
            return None
        self._progress.phase(f"{self.settings.name}: settling {len(operations)} open operations")
        for item in (item for operation in operations for item in operation.items):
            self.gateway.meet(item.recipient, item.assignment_id)
        # Behind a closed gate nothing is sent, neither new nor again.
        still = self.closed is not None or self._control.stop_requested()
        steps, held = next_steps(self._ledger, self.gateway, self.record, operations, None if still else wanted)
        context = self._context()
        again: list[Track] = []
        observed: list[Track] = []
        for operation, step in zip(operations, steps, strict=True):
            match step:
                case Step.CANCEL:
                    self._cancel(context, operation)
                case Step.SEND_AGAIN:
                    again.append(self._recovered(operation, Stage.READY))
                case Step.OBSERVE:
                    observed.append(self._recovered(operation, Stage.ACCEPTED))
        engine = Engine(context, newest_remote_id=self._newest, scanned=self._scanned)
        engine.observe(observed)
        stopped = engine.run(again, iter(()), quota=self._quota(), more=lambda: False)
        if held is not None and self._ledger.count_open(self._record.ledger):
            self._tally.waits.append(self._wait(*held))
        return stopped

    def _recovered(self, operation: OperationRecord, stage: Stage) -> Track:
        track = recovered(operation, stage)
        for item in operation.items:
            if not item.open:
                known = self._ledger.payment_by_id(item.payment_id, ledger=self._record.ledger)
                track.issued_before += known is not None and known.status is PaymentStatus.ISSUED
        return self._followed(track)

    def _followed(self, track: Track) -> Track:
        if self._books is not None:
            self._books.follow(track)
        return track

    def _cancel(self, context: Context, operation: OperationRecord) -> None:
        track = recovered(operation, Stage.READY)
        assert all(send.outcome is SendOutcome.NOT_EXECUTED for send in operation.sends)
        context.settle(track, Basis.REFUSAL if operation.sends else Basis.NEVER_SENT, released(track.open_items))

    # --- after consent -------------------------------------------------------------------------------------------------

    def pay(self, changes: Sequence[Change], *, until_ms: int) -> Left | None:
        """Send these payments and see each through. Returns why sending stopped early, None if it did not.

        A limit of the provider's that is over before `until_ms` (boot-time clock) is waited for.
        """
        if changes and self.closed is not None:
            return self.closed
        changes = self._with_settled_names(self.payable(changes))
        if not changes:
            return None
        self._patience_ms = until_ms
        lacking = self._shortage(changes)
        if lacking:
            self._context().wait(Left.FUNDS, lacking, None)
            return Left.FUNDS
        total = Money(
            add(EXACT.multiply(amount, count) for amount, count in amounts_of(changes).items()), self._record.currency
        )
        self._progress.paying(self.settings.name, payments=len(changes), amount=total)
        paid_before = len(self._tally.paid)
        stopped = self._pay_all(changes)
        if len(self._tally.paid) > paid_before:
            self._note_what_is_left()
        return stopped

    def payable(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Those that the provider's lists allow; the others are left, each with its reason."""
        return changes if self._books is None else payable(changes, self._books, self._tally)

    def _with_settled_names(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Those that no payment under a former name may have made already; for the others a wait says until when."""
        if not self.record.gate_ms or all(change.former is None for change in changes):
            return changes
        held = pass_names(self._ledger, self.gateway, self.record)
        if held is None:
            return changes
        self._tally.hold(self.settings.name, self._wait(*held))
        return chosen(changes, lambda change: change.former is None)

    def _pay_all(self, changes: Sequence[Change]) -> Left | None:
        context = self._context()
        if not self.settings.check_assignments:
            return self._pay(context, changes)
        stopped: Left | None = None
        rest = iter(changes)
        while stopped is None and (part := list(islice(rest, CHUNK))):
            kept = self._assignments.bearing(part, context)
            stopped = Left.INTERRUPTED if self._control.stop_requested() else self._pay(context, kept)
        return stopped

    def _pay(self, context: Context, changes: Sequence[Change]) -> Left | None:
        rest = Rest(changes)
        stopped = self._read_earlier()
        while not self._verified and stopped is None:
            first = list(islice(rest, 1))
            if not first:
                return None
            stopped = self._send(context, Rest(first)) or self._read_back(first[0])
        return stopped or self._send(context, rest)

    def _shortage(self, changes: Sequence[Change]) -> str:
        """Why the balance does not suffice for what can be sent today; "" if it does, or is not known."""
        # Asked again: recovery may have paid since the contact, and a person may have taken hours to agree.
        self._read_balance()
        sendable = self._quota().left(self._clock.now_ms()) * self.settings.batch_size
        return shortage(funds_of(self.settings, self._record.currency, self.account.balance, changes[:sendable]))

    def _note_what_is_left(self) -> None:
        """The balance after paying is for the next plan alone: a refusal of it takes nothing from this run's report."""
        try:
            self._read_balance()
        except ProviderError as error:
            self._tally.notes.append(f"{error.summary}: the balance after paying is not known")

    def _read_balance(self) -> None:
        if isinstance(found := ask_account(self.gateway), AccountFound):
            self.account = found
            note_balance(self._ledger, self._record.ledger, found, self._clock)

    def _send(self, context: Context, changes: Rest) -> Left | None:
        engine = Engine(context, newest_remote_id=self._newest, scanned=self._scanned)
        return engine.run((), self._operations(context, changes), quota=self._quota(), more=lambda: bool(changes))

    def _read_earlier(self) -> Left | None:
        """A payment that an earlier run made and whose marker it could not read back speaks before a new first one; so
        does one whose outcome is open: it may be there without a marker.
        """
        if self._verified:
            return None
        if self._ledger.count_open(self._record.ledger):
            return self._hold_back()
        payments = self._ledger.all_payments(self._record.ledger)
        made = next(
            (one for one in payments if one.status is PaymentStatus.ISSUED and one.remote_id and one.code != IMPORTED),
            None,
        )
        return None if made is None else self._judge_marker(made.payment_id, made.remote_id)

    def _read_back(self, first: Change) -> Left | None:
        paid = next((paid for paid in self._tally.paid if paid.payment_id == first.payment_id), None)
        if paid is None:
            # It was refused or is in doubt: the next payment is the first.
            return self._hold_back() if first.payment_id in self._doubtful() else None
        return self._judge_marker(paid.payment_id, paid.remote_id)

    def _judge_marker(self, payment_id: bytes, remote_id: str) -> Left | None:
        if self._books is not None:
            # It was settled by the list, which showed it as it was sent.
            self._verified = True
            return None
        problem = marker_problem(self.gateway, payment_id, remote_id)
        if problem:
            self._tally.notes.append(f"{self.settings.name}: {problem}")
            return Left.REFUSED
        self._verified = True
        return None

    def _hold_back(self) -> Left:
        text = (
            "this account's first payment is in doubt: nothing more is sent before the provider's list showed it whole"
        )
        self._context().wait(Left.GATE, text, None)
        return Left.GATE

    def _doubtful(self) -> frozenset[bytes]:
        return frozenset(payment for payment, left in self._tally.left.items() if left.why is Left.IN_DOUBT)

    def _operations(self, context: Context, changes: Iterator[Change]) -> Iterator[Track]:
        """Journal operations one by one as the sender asks for them."""
        number = self._ledger.next_operation()
        account = str(self._record.account)
        while group := list(islice(changes, self.settings.batch_size)):
            assert all(change.provider == self.settings.name for change in group), "each provider pays its own"
            prepared = prepare(number, account, self.settings.mode, group, context.gateway)
            context.journal.prepare(prepared)
            yield self._followed(fresh(prepared, self._clock.now_ms()))
            number += 1

    # --- helpers ---------------------------------------------------------------------------------------------------------

    def _context(self) -> Context:
        return Context(
            gateway=self.gateway,
            journal=Journal(self._ledger, self._record.ledger),
            tally=self._tally,
            control=self._control,
            progress=self._progress,
            project=self._project,
            currency=self._record.currency,
            patience_ms=self._patience_ms,
            books=self._books,
        )

    def _quota(self) -> Quota:
        return Quota(self.settings.daily_request_limit, partial(self._ledger.sends_since, self._record.ledger))

    def _wait(self, text: str, seconds: int | None) -> Wait:
        until_ms = None if seconds is None else self._clock.now_ms() + seconds * SECOND_MS
        return Wait(provider=self.settings.name, why=Left.GATE, text=text, until_ms=until_ms)

    def _for_renamed(self, renamed: Callable[[], bool], until_ms: int) -> list[Wait]:
        """What bonuses with a former name wait for, where this run pays any and has the patience."""
        held = names_wait(self.gateway, self.record)
        waits = [] if held is None else [self._wait(*held)]
        return waits if self._soon(waits, until_ms) is not None and renamed() else []

    def _soon(self, waits: Sequence[Wait], until_ms: int) -> int | None:
        """Milliseconds to the first wait that ends in time, None if there is none."""
        now_ms, left_ms = self._clock.now_ms(), until_ms - self._clock.boottime_ms()
        # What is over by now is no reason to end, either: it was not yet when it was looked at.
        times = [max(100, wait.until_ms - now_ms) for wait in waits if wait.until_ms is not None]
        return min((time for time in times if time <= left_ms), default=None)
