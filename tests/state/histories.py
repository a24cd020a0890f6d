"""Events for tests, in the words of a story, and random histories that could be true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from reconcile import identity
from reconcile.model import Account, Identity, SendOutcome, Texts
from reconcile.state.events import (
    AcceptanceRevoked,
    AccountBound,
    AdoptedPayment,
    AlarmRaised,
    ApprovalRecorded,
    Basis,
    BonusAccepted,
    Event,
    FinishedSend,
    GateClosed,
    GateOpened,
    ImportedPayment,
    OperationSettled,
    OperationsPrepared,
    PaymentResolved,
    PaymentsAdopted,
    PaymentsAttributed,
    PaymentsImported,
    PreparedOperation,
    PreparedPayment,
    Result,
    RunEnded,
    RunStarted,
    ScanCompleted,
    SendsFinished,
    SendsStarted,
    Settlement,
    StateCarried,
)
from reconcile.state.lock import Holder, RunLock, acquire
from reconcile.state.sqlite import SqliteLedger, open_ledger, open_memory

LINEAGE = "11111111-2222-4333-8444-555555555555"
START_MS = 1_790_000_000_000
SANDBOX = Account("toloka", "sandbox", "566ec2b0ff0deeaae5f9d500629de162")
PRODUCTION = Account("toloka", "production", "566ec2b0ff0deeaae5f9d500629de162")
HOLDER = Holder(pid=7, host="runner", command="bonusctl apply", since_ms=START_MS)
ENTRY = bytes(range(32))
ANN = Identity("", "week-47", "ann", "a1", "")
BEN = Identity("", "week-47", "ben", "", "quality")
CAT = Identity("vision", "week-48", "cat", "", "")
FAY = Identity("", "week-46", "fay", "a9", "")
GUS = Identity("", "week-46", "gus", "", "")


def pid(bonus: Identity, sequence: int = 1) -> bytes:
    """The payment_id of a bonus's payment."""
    return identity.payment_id(bonus.bonus_id, sequence)


def run_started(epoch: int = 1) -> RunStarted:
    return RunStarted(
        run_id=f"run-{epoch}",
        epoch=epoch,
        command="apply",
        actor="ann@example.org",
        host="runner",
        git_commit="0123abc",
        version="0.1.0",
        at_ms=START_MS,
        pull_request="45",
    )


def run_ended(epoch: int = 1) -> RunEnded:
    return RunEnded(
        run_id=f"run-{epoch}",
        outcome="done",
        plan_digest="sha256:ab",
        issued=1,
        adopted=2,
        rejected=3,
        in_doubt=4,
        not_sent=5,
        paid=(("RUB", Decimal("5.00")), ("USD", Decimal("1.50"))),
        at_ms=START_MS + 9,
    )


def bound(ledger: int = 1, account: Account = SANDBOX) -> AccountBound:
    return AccountBound(ledger=ledger, account=account, name="Ann's lab", currency="USD", at_ms=START_MS)


def prepared(
    number: int,
    *bonuses: Identity,
    amount: str = "1.50",
    attempt: int = 1,
    sequence: int = 1,
    ledger: int = 1,
    account: Account = SANDBOX,
) -> OperationsPrepared:
    """One operation with a payment of each bonus."""
    payments = tuple(
        PreparedPayment(
            payment_id=pid(bonus, sequence),
            bonus=bonus,
            sequence=sequence,
            attempt=attempt,
            amount=Decimal(amount),
            entry=ENTRY,
        )
        for bonus in bonuses
    )
    operation = PreparedOperation(
        operation=number,
        operation_id=identity.operation_id(str(account), [(payment.payment_id, attempt) for payment in payments]),
        mode="async",
        target=f"/api/v1/user-bonuses?operation={number}",
        body=f'[{{"amount":{amount}}}]',
        payments=payments,
    )
    return OperationsPrepared(ledger=ledger, operations=(operation,), at_ms=START_MS + 1)


def sent(number: int, send: int = 1, ledger: int = 1) -> SendsStarted:
    return SendsStarted(
        ledger=ledger,
        sends=((number, send),),
        at_ms=START_MS + 2,
        boot_id="boot",
        boottime_ms=5_000 + send,
        server_ms=None,
    )


def finished(number: int, outcome: SendOutcome, send: int = 1, ledger: int = 1) -> SendsFinished:
    one = FinishedSend(
        operation=number,
        send=send,
        outcome=outcome,
        status=201,
        code="",
        message="",
        request_id="req-1",
        server_ms=START_MS + 3,
    )
    return SendsFinished(ledger=ledger, sends=(one,), at_ms=START_MS + 3)


def executed(number: int) -> tuple[Event, Event]:
    """A send that the provider took."""
    return sent(number), finished(number, SendOutcome.EXECUTED)


def issued(bonus: Identity, amount: str = "1.50", sequence: int = 1, remote_id: str = "") -> Settlement:
    return Settlement(
        payment_id=pid(bonus, sequence),
        result=Result.ISSUED,
        amount=Decimal(amount),
        remote_id=remote_id or f"{bonus.recipient}-{sequence}",
        created_ms=START_MS + 4,
    )


def rejected(bonus: Identity, *, burnt: bool = True) -> Settlement:
    return Settlement(
        payment_id=pid(bonus), result=Result.REJECTED, code="BLOCKED", message="The worker is blocked", burnt=burnt
    )


def released(bonus: Identity, *, burnt: bool = False) -> Settlement:
    return Settlement(payment_id=pid(bonus), result=Result.RELEASED, burnt=burnt)


def settled(number: int, *items: Settlement, basis: Basis = Basis.LOG, ledger: int = 1) -> OperationSettled:
    return OperationSettled(ledger=ledger, operation=number, basis=basis, items=items, at_ms=START_MS + 5)


def adopted_payment(
    bonus: Identity, *, known: bool = True, amount: str = "1.50", sequence: int = 1, remote_id: str = "77"
) -> AdoptedPayment:
    return AdoptedPayment(
        payment_id=pid(bonus, sequence),
        sequence=sequence,
        bonus=bonus if known else None,
        campaign=bonus.campaign,
        key=bonus.key,
        recipient=bonus.recipient,
        assignment_id=bonus.assignment_id,
        amount=Decimal(amount),
        remote_id=remote_id,
        created_ms=START_MS + 6,
        texts=(("private_comment", "well done"), ("public_title", (("EN", "Thanks"),)), ("without_message", False)),
    )


def adopted(*payments: AdoptedPayment, ledger: int = 1) -> PaymentsAdopted:
    return PaymentsAdopted(ledger=ledger, payments=payments, at_ms=START_MS + 6)


def accepted(bonus: Identity, *, issued: str = "0.00", desired: str = "1.50", code: str = "") -> BonusAccepted:
    return BonusAccepted(
        ledger=1,
        bonus=bonus,
        issued=Decimal(issued),
        desired=Decimal(desired),
        code=code,
        reason="agreed with the team",
        actor="ann",
        at_ms=START_MS + 7,
    )


def revoked(bonus: Identity) -> AcceptanceRevoked:
    return AcceptanceRevoked(ledger=1, bonus=bonus, reason="after all", actor="ann", at_ms=START_MS + 8)


def imported_payment(
    bonus: Identity,
    *,
    amount: str = "1.50",
    remote_id: str = "",
    texts: Texts = (("private_comment", "thanks"),),
    payment_id: bytes = b"",
) -> ImportedPayment:
    return ImportedPayment(
        payment_id=payment_id or pid(bonus),
        bonus=bonus,
        amount=Decimal(amount),
        remote_id=remote_id,
        created_ms=START_MS if remote_id else None,
        texts=texts,
    )


def imported(*payments: ImportedPayment) -> PaymentsImported:
    return PaymentsImported(ledger=1, origin="week-46.csv", payments=payments, actor="ann", at_ms=START_MS + 9)


def scanned(newest_ours_ms: int | None = None) -> ScanCompleted:
    return ScanCompleted(
        ledger=1,
        started_ms=START_MS + 7,
        since_ms=None,
        newest_remote_id="123",
        newest_ours_ms=newest_ours_ms,
        payments=3,
        at_ms=START_MS + 8,
    )


def approval(*payments: bytes, total: int, digest: str = "sha256:aa", entry: bytes = ENTRY) -> ApprovalRecorded:
    return ApprovalRecorded(
        digest=digest,
        total=total,
        entries=tuple((payment, entry) for payment in payments),
        actor="ann",
        at_ms=START_MS,
    )


@contextmanager
def memory(*commits: Sequence[Event] | Event) -> Iterator[SqliteLedger]:
    """A state in memory with a run and the sandbox's ledger, and then these commits."""
    with open_memory(lineage=LINEAGE, at_ms=START_MS) as ledger:
        ledger.commit([run_started(), bound()])
        for events in commits:
            ledger.commit([*events] if isinstance(events, Sequence) else [events])
        yield ledger


@contextmanager
def locked_ledger(path: Path) -> Iterator[tuple[SqliteLedger, RunLock]]:
    """The state at `path`, opened as a run does."""
    with (
        acquire(path, HOLDER, timeout_s=0) as lock,
        open_ledger(path, lock=lock, lineage=LINEAGE, at_ms=START_MS) as ledger,
    ):
        yield ledger, lock


def fill(path: Path, *commits: Sequence[Event]) -> None:
    """Make a state at `path` with a run, a ledger and these commits."""
    with locked_ledger(path) as (ledger, _):
        ledger.commit([run_started(ledger.epoch + 1), *([bound()] if ledger.next_ledger() == 1 else [])])
        for events in commits:
            ledger.commit(events)


def everything() -> list[list[Event]]:
    """A history with every kind of event and every kind of row, after `run_started` and `bound`."""
    return [
        [approval(pid(ANN), pid(BEN), total=2)],
        [GateClosed(ledger=1, reason="new", at_ms=START_MS), GateOpened(ledger=1, reason="settled", at_ms=START_MS)],
        [prepared(1, ANN, BEN)],
        [sent(1), finished(1, SendOutcome.EXECUTED)],
        [settled(1, issued(ANN), rejected(BEN))],
        [prepared(2, BEN, attempt=2), sent(2)],
        [prepared(3, CAT), sent(3), finished(3, SendOutcome.AMBIGUOUS)],
        [adopted(adopted_payment(Identity("other", "week-49", "dan", "", ""), known=False))],
        [scanned(START_MS), AlarmRaised(ledger=1, code="twice", detail="two remote payments", at_ms=START_MS)],
        [
            PaymentResolved(
                ledger=1, payment_id=pid(CAT), result=Result.ISSUED, reason="seen", actor="ann", at_ms=START_MS
            )
        ],
        [
            PaymentsAttributed(
                ledger=1,
                payments=(
                    (pid(Identity("other", "week-49", "dan", "", "")), 1, Identity("other", "week-49", "dan", "", "")),
                ),
                at_ms=START_MS,
            )
        ],
        [adopted(adopted_payment(Identity("x", "week-50", "eve", "", ""), known=False, remote_id="78"))],
        [accepted(ANN, issued="1.50", desired="2.00"), accepted(BEN, code="BLOCKED"), revoked(BEN)],
        [imported(imported_payment(FAY, remote_id="41"), imported_payment(GUS, texts=()))],
        [run_ended()],
        [StateCarried(how="unlocked", reason="it hung", actor="ann", epoch=2, at_ms=START_MS)],
        [run_started(3)],
    ]


# --- random histories ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Teller:
    """Tells a history that could be true: small numbers choose among the moves that are possible at each point."""

    choices: Iterator[int]
    epoch: int = 1
    operations: int = 0
    unsettled: dict[int, tuple[tuple[Identity, ...], list[SendOutcome | None]]] = field(default_factory=dict)
    attempts: dict[Identity, int] = field(default_factory=dict)
    alone: dict[Identity, int] = field(default_factory=dict)
    paid: dict[Identity, int] = field(default_factory=dict)
    unknown: list[Identity] = field(default_factory=list)

    def choose(self, among: int) -> int:
        return next(self.choices, 0) % among

    def bonus(self) -> Identity:
        number = self.choose(12)
        return Identity("", f"week-{number % 3}", f"worker-{number}", "", "k" if number % 2 else "")

    def move(self) -> list[Event]:
        moves = (self.prepare, self.prepare, self.send, self.answer, self.settle, self.settle, self.adopt, self.other)
        return moves[self.choose(len(moves))]()

    def prepare(self) -> list[Event]:
        held = {bonus for bonuses, _ in self.unsettled.values() for bonus in bonuses}
        bonuses = tuple({self.bonus(): None for _ in range(1 + self.choose(3))})
        first = bonuses[0]
        if any(bonus in held or bonus in self.paid for bonus in bonuses):
            return []
        counts = self.alone if len(bonuses) == 1 else self.attempts
        attempt = counts.get(first, 1)
        if any(counts.get(bonus, 1) != attempt for bonus in bonuses):
            return []
        self.operations += 1
        self.unsettled[self.operations] = bonuses, []
        amount = ("0.005", "1.00", "99.99")[self.choose(3)]
        return [prepared(self.operations, *bonuses, amount=amount, attempt=attempt)]

    def pick(self) -> int | None:
        return sorted(self.unsettled)[self.choose(len(self.unsettled))] if self.unsettled else None

    def send(self) -> list[Event]:
        number = self.pick()
        if number is None:
            return []
        bonuses, sends = self.unsettled[number]
        if SendOutcome.EXECUTED in sends or any(bonus in self.paid for bonus in bonuses):
            return []
        sends.append(None)
        return [sent(number, len(sends))]

    def answer(self) -> list[Event]:
        number = self.pick()
        if number is None or None not in self.unsettled[number][1]:
            return []
        sends = self.unsettled[number][1]
        place, outcome = sends.index(None), list(SendOutcome)[self.choose(3)]
        sends[place] = outcome
        return [finished(number, outcome, place + 1)]

    def settle(self) -> list[Event]:
        number = self.pick()
        if number is None:
            return []
        bonuses, sends = self.unsettled.pop(number)
        items = [bonus for bonus in bonuses if bonus not in self.paid]
        if not sends:
            return [settled(number, *(released(bonus) for bonus in items), basis=Basis.NEVER_SENT)]
        return [settled(number, *(self.end(bonus, len(bonuses)) for bonus in items))]

    def end(self, bonus: Identity, payments: int) -> Settlement:
        match self.choose(4):
            case 0 | 1:
                self.paid[bonus] = 1
                self.attempts.pop(bonus, None)
                return issued(bonus, "1.00")
            case 2:
                self.attempts[bonus] = self.attempts.get(bonus, 1) + 1
                self.alone[bonus] = self.alone.get(bonus, 1) + (payments == 1)
                return rejected(bonus)
            case _:
                return released(bonus)

    def adopt(self) -> list[Event]:
        bonus = self.bonus()
        if bonus in self.paid:
            return []
        self.paid[bonus] = 1
        self.attempts.pop(bonus, None)
        for number, (bonuses, _) in list(self.unsettled.items()):
            if all(other in self.paid for other in bonuses):
                del self.unsettled[number]
        return [adopted(adopted_payment(bonus, amount="1.01", remote_id=f"r-{bonus.recipient}"))]

    def other(self) -> list[Event]:
        match self.choose(4):
            case 0:
                return [scanned(START_MS)]
            case 1:
                self.epoch += 1
                return [run_started(self.epoch)]
            case 2:
                self.unknown.append(Identity("p", "lost", f"w{len(self.unknown)}", "", ""))
                return [adopted(adopted_payment(self.unknown[-1], known=False, remote_id=f"u{len(self.unknown)}"))]
            case _:
                return [GateClosed(ledger=1, reason="behind", at_ms=START_MS)]


def tell(choices: Sequence[int], moves: int) -> list[list[Event]]:
    """Commits of a random history, after `run_started` and `bound`."""
    teller = Teller(iter(choices))
    return [events for _ in range(moves) if (events := teller.move())]
