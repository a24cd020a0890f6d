"""A world for planning tests: a state with a memory, and short words for specs.

`Records` implements what planning reads of `StateReader`; `issue` does to it what a clean apply would.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from reconcile import identity
from reconcile.model import (
    Account,
    Block,
    Campaign,
    Desired,
    Identity,
    PaymentStatus,
    Texts,
    fingerprint,
    parse_address,
)
from reconcile.plan.model import Plan, PlanScope
from reconcile.plan.planner import make_plan
from reconcile.rows import IN_MEMORY, Spooling
from reconcile.settings import Policies, ProviderSettings, Settings
from reconcile.state.ledger import (
    AcceptanceRecord,
    AlarmRecord,
    CampaignRecord,
    Head,
    IssuedContent,
    IssuedPage,
    KnownPayment,
    LedgerRecord,
    OperationRecord,
    PaidRow,
    RecordedBonus,
    RecordedPayment,
    RunPayment,
    RunRecord,
    RunSum,
)

ACCOUNT = "566ec2b0ff0deeaae5f9d500629de162"
D = Decimal


def settings(
    *,
    project: str = "",
    policies: Policies | None = None,
    fee_percent: Decimal | None = Decimal(20),
    batch_size: int = 1,
    providers: tuple[ProviderSettings, ...] = (),
    account: str = "",
    daily_request_limit: int = 10_000,
) -> Settings:
    """A config with one provider, `toloka`, on the sandbox; or with those given."""
    toloka = ProviderSettings(
        name="toloka",
        type="toloka",
        environment="sandbox",
        account=account,
        fee_percent=fee_percent,
        batch_size=batch_size,
        daily_request_limit=daily_request_limit,
    )
    return Settings(
        path=Path("bonusctl.yaml"),
        root=Path(),
        project=project,
        specs=("specs/",),
        state="state/bonusctl.db",
        providers=providers or (toloka,),
        policies=(("USD", policies or Policies()),),
    )


def head(
    name: str, *, provider: str = "toloka", budget: str = "", allow: Iterable[str] = (), formerly: str = ""
) -> Campaign:
    """The head of `specs/<name>.yaml`, its budget on line 4."""
    path = f"specs/{name}.yaml"
    return Campaign(
        name, provider, D(budget) if budget else None, frozenset(allow), formerly, path, 2, 4 if budget else 2
    )


def bonus(
    address: str,
    amount: str,
    *,
    campaign: Campaign | None = None,
    formerly: str = "",
    allow: Iterable[str] = (),
    texts: Texts = (("public_message", (("EN", "Thank you!"),)),),
    project: str = "",
    line: int = 5,
) -> Desired:
    """A bonus by its address. `formerly`: the address it had before."""
    parsed = parse_address(address)
    assert parsed is not None
    name, recipient, assignment_id, key = parsed
    campaign = campaign or head(name)
    old = parse_address(formerly) if formerly else None
    return Desired(
        Identity(project, *parsed).bonus_id,
        campaign,
        recipient,
        assignment_id,
        key,
        D(amount),
        lambda: texts,
        frozenset(allow),
        Identity(project, *old) if old else None,
        campaign.path,
        line,
    )


def recorded(
    address: str,
    issued: str = "0.00",
    *,
    project: str = "",
    count: int | None = None,
    sequence: int | None = None,
    in_doubt: str = "",
    attempt: int = 1,
    rejected: bool = False,
) -> RecordedBonus:
    """A recorded bonus by its address; by default with one issued payment."""
    parsed = parse_address(address)
    assert parsed is not None
    who = Identity(project, *parsed)
    payments = count if count is not None else int(D(issued) > 0)
    return RecordedBonus(
        who.bonus_id,
        *who,
        D(issued),
        payments,
        payments if sequence is None else sequence,
        int(bool(in_doubt)),
        D(in_doubt or "0.00"),
        attempt,
        rejected,
    )


def lost(
    address: str, amount: str, *, sequence: int = 1, project: str = "", marker_campaign: str = ""
) -> RecordedPayment:
    """A payment of ours that no bonus is known for, although it was made for this address."""
    parsed = parse_address(address)
    assert parsed is not None
    campaign, recipient, assignment_id, key = parsed
    return RecordedPayment(
        payment_id=identity.payment_id(Identity(project, *parsed).bonus_id, sequence),
        bonus_id=None,
        campaign=marker_campaign or campaign,
        recipient=recipient,
        assignment_id=assignment_id,
        key=key,
        sequence=sequence,
        status=PaymentStatus.ISSUED,
        amount=D(amount),
        attempt=1,
        attempt_alone=1,
        sent=False,
        operation_id=None,
        remote_id="7001",
        created_ms=1_700_000_000_000,
        code="",
        message="",
    )


def ledger_record(number: int = 1, provider_type: str = "toloka", environment: str = "sandbox") -> LedgerRecord:
    """A ledger that is bound to the account of these tests."""
    account = Account(provider_type, environment, ACCOUNT)
    return LedgerRecord(number, account, "Requester", "USD", 0, "", 0, None, None, None, "", True)


class Records:
    """A state in memory with one ledger (number 1) on Toloka's sandbox."""

    lineage = "0b7cfa3e-52a3-4f2b-9a4a-4f5a4a0f5d11"

    def __init__(self, *rows: RecordedBonus, unattributed: Sequence[RecordedPayment] = ()) -> None:
        self.rows = {row.bonus_id: row for row in rows}
        self.lost = list(unattributed)
        self.alone: dict[bytes, int] = {}
        self.known: tuple[LedgerRecord, ...] = (ledger_record(),)
        self.paid: dict[bytes, RecordedPayment] = {}
        self.contents: dict[bytes, IssuedContent] = {}
        self.sets: dict[str, dict[bytes, bytes]] = {}
        self.sent_today = 0
        self.adopted_today = 0
        self.recent: list[PaidRow] = []
        self.read: list[str] = []
        self.accepted: list[AcceptanceRecord] = []

    def issue(self, plan: Plan) -> None:
        """Every payment of a plan was made and recorded."""
        for change in plan.payments:
            assert change.payment_id is not None
            row = self.rows.get(change.bonus_id)
            before, count = (row.issued, row.issued_count) if row else (D("0.00"), 0)
            self.rows[change.bonus_id] = RecordedBonus(
                change.bonus_id,
                *change.identity,
                before + change.amount,
                count + 1,
                change.sequence,
                0,
                D("0.00"),
                1,
                False,
            )
            self.settle(change.payment_id, change.amount, change.bonus_id)

    def settle(self, payment_id: bytes, amount: Decimal, bonus_id: bytes, *, sequence: int = 1) -> None:
        """One payment is issued."""
        self.paid[payment_id] = RecordedPayment(
            payment_id, bonus_id, "", "", "", "", sequence, PaymentStatus.ISSUED, amount, 1, 1,
            True, None, "1", 0, "", "",
        )  # fmt: skip

    # --- StateReader -----------------------------------------------------------------------------------------------

    def head(self) -> Head:
        return Head(12, "ab" * 32)

    def ledgers(self) -> tuple[LedgerRecord, ...]:
        return self.known

    def ledger(self, provider_type: str, environment: str) -> LedgerRecord | None:
        return next((record for record in self.known if record.account[:2] == (provider_type, environment)), None)

    def acceptances(self, ledger: int) -> Iterator[AcceptanceRecord]:
        return iter(self.accepted if ledger == 1 else [])

    def imported(self, ledger: int) -> Iterator[RecordedPayment]:
        return iter([])

    def bonuses(self, ledger: int, campaign: str) -> Iterator[RecordedBonus]:
        self.read.append(campaign)
        return iter([row for row in self.rows.values() if row.campaign == campaign] if ledger == 1 else [])

    def issued_once(self, ledger: int, project: str, campaign: str) -> Iterator[IssuedPage]:
        for row in self.bonuses(ledger, campaign):
            if row.project == project:
                sums = row.issued_count, row.issued_sequence, row.open_count, row.attempt
                once = sums == (1, 1, 0, 1)
                yield (
                    IssuedPage([fingerprint(row.bonus_id, row.issued)], []) if once else IssuedPage([], [row.bonus_id])
                )

    def bonuses_by_id(self, ledger: int, bonus_ids: Iterable[bytes]) -> Iterator[RecordedBonus]:
        return iter([self.rows[key] for key in bonus_ids if key in self.rows] if ledger == 1 else [])

    def campaigns(self, ledger: int) -> tuple[CampaignRecord, ...]:
        sums: dict[tuple[str, str], CampaignRecord] = {}
        for row in self.rows.values() if ledger == 1 else ():
            key = row.project, row.campaign
            old = sums.get(key, CampaignRecord(*key, 0, D("0.00"), D("0.00")))
            sums[key] = CampaignRecord(*key, old.bonuses + 1, old.issued + row.issued, old.in_doubt + row.open_amount)
        return tuple(sums[key] for key in sorted(sums))

    def count_rejected(self, ledger: int) -> dict[str, int]:
        return dict(Counter(row.campaign for row in self.rows.values() if row.rejected)) if ledger == 1 else {}

    def payments(self, bonus_id: bytes, *, ledger: int | None = None) -> tuple[RecordedPayment, ...]:
        found = [payment for payment in self.paid.values() if payment.bonus_id == bonus_id]
        return tuple(sorted(found, key=lambda payment: payment.sequence))

    def all_payments(self, ledger: int, campaign: str | None = None) -> Iterator[RecordedPayment]:
        return iter(self.paid.values())

    def unattributed(self, ledger: int) -> Iterator[RecordedPayment]:
        return iter(self.lost)

    def known_payments(self, ledger: int, payment_ids: Sequence[bytes]) -> dict[bytes, KnownPayment]:
        found = {key: self.payment_by_id(key, ledger=ledger) for key in payment_ids}
        return {
            key: KnownPayment(one.bonus_id, one.sequence, one.status, one.remote_id, one.code)
            for key, one in found.items()
            if one is not None
        }

    def payment_by_id(self, payment_id: bytes, *, ledger: int | None = None) -> RecordedPayment | None:
        return self.paid.get(payment_id) or self._tried(payment_id)

    def _tried(self, payment_id: bytes) -> RecordedPayment | None:
        """What an attempt above 1 tells of the payment that follows a bonus's issued ones. `alone` has that of a single
        payment where it is another one.
        """
        for row in self.rows.values():
            sequence = row.issued_sequence + 1
            if row.attempt > 1 and identity.payment_id(row.bonus_id, sequence) == payment_id:
                tried, amount = PaymentStatus.REJECTED, D("0.00")
                names = row.campaign, row.recipient, row.assignment_id, row.key
                return RecordedPayment(
                    payment_id,
                    row.bonus_id,
                    *names,
                    sequence,
                    tried,
                    amount,
                    row.attempt,
                    self.alone.get(row.bonus_id, row.attempt),
                    True,
                    None,
                    "",
                    0,
                    "",
                    "",
                )
        return None

    def issued_content(self, payment_id: bytes, *, ledger: int | None = None) -> IssuedContent | None:
        return self.contents.get(payment_id)

    def open_operations(self, ledger: int) -> Iterator[OperationRecord]:
        return iter(())

    def count_open(self, ledger: int) -> int:
        return 0

    def sends_since(self, ledger: int, at_ms: int) -> int:
        return self.sent_today

    def adopted_since(self, ledger: int, at_ms: int) -> int:
        return self.adopted_today

    def paid_since(self, ledger: int, at_ms: int) -> Iterator[PaidRow]:
        return (row for row in self.recent if row.at_ms > at_ms)

    def issued_amounts(self, ledger: int, project: str, campaign: str) -> Iterator[tuple[Decimal, int]]:
        mine = (row for row in self.rows.values() if (row.project, row.campaign) == (project, campaign))
        return iter(Counter(row.issued for row in mine if row.issued_count).items())

    def find_runs(self, beginning: str) -> tuple[RunRecord, ...]:
        return ()

    def run_payments(self, run_id: str) -> Iterator[RunPayment]:
        return iter(())

    def run_sums(self, run_id: str) -> tuple[RunSum, ...]:
        return ()

    def run_digest(self, run_id: str) -> str:
        return ""

    def resolved_as_issued(self) -> frozenset[tuple[int, bytes]]:
        return frozenset()

    def approved(self, digest: str) -> dict[bytes, bytes] | None:
        return self.sets.get(digest)

    def runs(self, limit: int) -> Iterator[RunRecord]:
        return iter(())

    def alarms(self) -> tuple[AlarmRecord, ...]:
        return ()


def plan(
    *desired: Desired | Block,
    state: Records | None = None,
    config: Settings | None = None,
    whole: Iterable[str] | None = None,
    held: Iterable[str] | None = None,
    targets: Iterable[str] = (),
    limit: int | None = None,
    spooling: Spooling = IN_MEMORY,
) -> Plan:
    """Plan these bonuses; by default their campaigns are loaded whole and no other spec exists."""
    names = {one.campaign.name for one in desired}
    loaded = frozenset(names if whole is None else whole)
    parsed = [parse_address(target) for target in targets]
    scope = PlanScope(
        whole=loaded,
        held=frozenset(held) if held is not None else loaded | names,
        targets=frozenset(target for target in parsed if target is not None),
        limit=limit,
    )
    return make_plan(
        settings=config or settings(),
        desired=iter(desired),
        reader=state,
        scope=scope,
        day_start_ms=0,
        spooling=spooling,
    )


def rows(made: Plan) -> list[tuple[str, ...]]:
    """(action, address, amount, issued) of each row, in order."""
    return [(change.action.value, change.address, f"{change.amount}", f"{change.issued}") for change in made.changes]


def codes(made: Plan) -> list[str]:
    """The codes of a plan's diagnostics."""
    return [diagnostic.code for diagnostic in made.diagnostics]
