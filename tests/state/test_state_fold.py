"""What each event makes of the state, as readers see it."""

from dataclasses import replace
from decimal import Decimal

from reconcile.model import Identity, PaymentStatus, SendOutcome
from reconcile.state.events import (
    AlarmRaised,
    BalanceRead,
    Basis,
    GateClosed,
    GateOpened,
    PaymentResolved,
    PaymentsAttributed,
    Result,
    StateCarried,
)
from reconcile.state.ledger import (
    AlarmRecord,
    CampaignRecord,
    IssuedContent,
    LedgerRecord,
    OperationItem,
    RecordedBonus,
    RecordedPayment,
    RecordedSend,
    RunRecord,
)
from reconcile.state.sqlite import SqliteLedger
from tests.state.histories import (
    ANN,
    BEN,
    CAT,
    ENTRY,
    LINEAGE,
    PRODUCTION,
    SANDBOX,
    START_MS,
    adopted,
    adopted_payment,
    approval,
    bound,
    executed,
    finished,
    issued,
    memory,
    pid,
    prepared,
    rejected,
    released,
    run_ended,
    run_started,
    scanned,
    sent,
    settled,
)


def recorded(ledger: SqliteLedger, bonus: Identity) -> RecordedBonus:
    (found,) = ledger.bonuses_by_id(1, [bonus.bonus_id])
    return found


def status(ledger: SqliteLedger, bonus: Identity) -> PaymentStatus:
    payment = ledger.payment_by_id(pid(bonus))
    assert payment is not None
    return payment.status


def test_a_new_state_knows_its_lineage_and_nothing_else() -> None:
    with memory() as ledger:
        assert ledger.lineage == LINEAGE
        assert ledger.head().sequence == 3
        assert ledger.next_operation() == 1
        assert ledger.next_ledger() == 2


def test_a_run_is_open_until_it_ends_and_then_says_what_it_did() -> None:
    with memory() as ledger:
        assert [run.ended_ms for run in ledger.runs(10)] == [None]
        ledger.commit([run_ended(), run_started(2)])
        assert [run.run_id for run in ledger.runs(1)] == ["run-2"]
        assert list(ledger.runs(10))[1] == RunRecord(
            run_id="run-1",
            command="apply",
            actor="ann@example.org",
            host="runner",
            git_commit="0123abc",
            version="0.1.0",
            started_ms=START_MS,
            ended_ms=START_MS + 9,
            outcome="done",
            plan_digest="sha256:ab",
            issued=1,
            adopted=2,
            rejected=3,
            in_doubt=4,
            not_sent=5,
            paid=(("RUB", Decimal("5.00")), ("USD", Decimal("1.50"))),
            pull_request="45",
        )
        assert ledger.epoch == 2


def test_a_bound_account_is_a_ledger_with_an_open_gate_and_no_scan() -> None:
    with memory() as ledger:
        assert ledger.ledger("toloka", "production") is None
        assert ledger.ledger("toloka", "sandbox") == LedgerRecord(
            ledger=1,
            account=SANDBOX,
            name="Ann's lab",
            currency="USD",
            bound_ms=START_MS,
            gate="",
            gate_ms=START_MS,
            watermark_ms=None,
            scanned_ms=None,
            newest_ours_ms=None,
            newest_remote_id="",
            verified_first=False,
        )


def test_the_balance_read_last_is_kept_with_its_moment() -> None:
    with memory(BalanceRead(ledger=1, balance=Decimal("99.50"), at_ms=START_MS)) as ledger:
        ledger.commit([BalanceRead(ledger=1, balance=Decimal("9.50"), at_ms=START_MS + 5)])
        (record,) = ledger.ledgers()
    assert (record.balance, record.balance_ms) == (Decimal("9.50"), START_MS + 5)


def test_a_gate_closes_for_a_reason_and_opens_again() -> None:
    with memory(GateClosed(ledger=1, reason="behind", at_ms=START_MS + 1)) as ledger:
        assert ledger.ledgers()[0].gate == "behind"
        assert ledger.ledgers()[0].gate_ms == START_MS + 1
        ledger.commit([GateOpened(ledger=1, reason="settled", at_ms=START_MS + 2)])
        assert ledger.ledgers()[0].gate == ""


def test_a_carried_state_closes_every_gate_and_raises_the_epoch() -> None:
    with memory(bound(2, PRODUCTION)) as ledger:
        ledger.commit([StateCarried(how="unlocked", reason="it hung", actor="ann", epoch=2, at_ms=START_MS + 5)])
        assert [(one.gate, one.gate_ms) for one in ledger.ledgers()] == [("unlocked", START_MS + 5)] * 2
        assert ledger.epoch == 2


def test_a_prepared_payment_is_open_and_its_money_is_held() -> None:
    with memory(prepared(1, ANN, BEN)) as ledger:
        assert recorded(ledger, BEN) == RecordedBonus(
            bonus_id=BEN.bonus_id,
            project="",
            campaign="week-47",
            recipient="ben",
            assignment_id="",
            key="quality",
            issued=Decimal("0.00"),
            issued_count=0,
            issued_sequence=0,
            open_count=1,
            open_amount=Decimal("1.50"),
            attempt=1,
            rejected=False,
        )
        assert ledger.campaigns(1) == (CampaignRecord("", "week-47", 2, Decimal("0.00"), Decimal("3.00")),)
        assert ledger.payment_by_id(pid(ANN)) == RecordedPayment(
            payment_id=pid(ANN),
            bonus_id=ANN.bonus_id,
            campaign="week-47",
            recipient="ann",
            assignment_id="a1",
            key="",
            sequence=1,
            status=PaymentStatus.PREPARED,
            amount=Decimal("1.50"),
            attempt=1,
            attempt_alone=1,
            sent=False,
            operation_id=prepared(1, ANN, BEN).operations[0].operation_id,
            remote_id="",
            created_ms=None,
            code="",
            message="",
        )
        assert ledger.next_operation() == 2


def test_an_open_operation_has_its_frozen_bytes_its_items_and_its_sends() -> None:
    with memory(prepared(1, ANN), [sent(1), finished(1, SendOutcome.NOT_EXECUTED)], sent(1, 2)) as ledger:
        (operation,) = ledger.open_operations(1)
        assert (operation.operation, operation.mode, operation.prepared_ms) == (1, "async", START_MS + 1)
        assert operation.target == "/api/v1/user-bonuses?operation=1"
        assert operation.body == '[{"amount":1.50}]'
        assert operation.items == (
            OperationItem(pid(ANN), ANN.bonus_id, "week-47", "ann", "a1", "", 1, 1, Decimal("1.50"), ENTRY, open=True),
        )
        assert operation.sends == (
            RecordedSend(1, START_MS + 2, "boot", 5_001, SendOutcome.NOT_EXECUTED, START_MS + 3),
            RecordedSend(2, START_MS + 2, "boot", 5_002, None, None),
        )
        assert ledger.count_open(1) == 1
        assert [ledger.sends_since(1, START_MS + 2), ledger.sends_since(1, START_MS + 3)] == [2, 0]
        payment = ledger.payment_by_id(pid(ANN))
        assert payment is not None
        assert payment.sent


def test_an_issued_payment_has_the_providers_amount_and_id() -> None:
    """The spec asked for 1.50; the provider made it 1.40."""
    with memory(prepared(1, ANN), executed(1), settled(1, issued(ANN, "1.40", remote_id="99"))) as ledger:
        bonus = recorded(ledger, ANN)
        assert (bonus.issued, bonus.issued_count, bonus.issued_sequence) == (Decimal("1.40"), 1, 1)
        assert (bonus.open_count, bonus.open_amount) == (0, Decimal("0.00"))
        (payment,) = ledger.payments(ANN.bonus_id)
        assert (payment.status, payment.amount) == (PaymentStatus.ISSUED, Decimal("1.40"))
        assert (payment.remote_id, payment.created_ms) == ("99", START_MS + 4)
        assert ledger.campaigns(1) == (CampaignRecord("", "week-47", 1, Decimal("1.40"), Decimal("0.00")),)
        assert ledger.issued_content(pid(ANN)) == IssuedContent(None, '[{"amount":1.50}]', 0)
        assert list(ledger.open_operations(1)) == []


def test_an_issued_payments_place_in_a_batch_is_known() -> None:
    with memory(prepared(1, ANN, BEN), executed(1), settled(1, issued(ANN), issued(BEN))) as ledger:
        assert ledger.issued_content(pid(BEN)) == IssuedContent(None, '[{"amount":1.50}]', 1)


def test_an_operations_payments_may_end_differently() -> None:
    with memory(prepared(1, ANN, BEN), executed(1), settled(1, issued(ANN), rejected(BEN))) as ledger:
        assert [status(ledger, ANN), status(ledger, BEN)] == [PaymentStatus.ISSUED, PaymentStatus.REJECTED]
        assert recorded(ledger, BEN).rejected
        payment = ledger.payment_by_id(pid(BEN))
        assert payment is not None
        assert (payment.code, payment.message) == ("BLOCKED", "The worker is blocked")
        assert ledger.issued_content(pid(BEN)) is None
        assert ledger.count_open(1) == 0


def test_a_burnt_id_raises_the_attempt_and_an_issue_brings_it_back() -> None:
    with memory(prepared(1, ANN), executed(1), settled(1, rejected(ANN, burnt=True))) as ledger:
        assert recorded(ledger, ANN).attempt == 2
        ledger.commit([prepared(2, ANN, attempt=2)])
        assert not recorded(ledger, ANN).rejected
        ledger.commit([*executed(2), settled(2, released(ANN, burnt=True))])
        assert recorded(ledger, ANN).attempt == 3
        ledger.commit([prepared(3, ANN, attempt=3), *executed(3), settled(3, issued(ANN))])
        assert (recorded(ledger, ANN).attempt, recorded(ledger, ANN).rejected) == (1, False)


def test_a_refusal_keeps_the_id() -> None:
    with memory(prepared(1, ANN), [sent(1), finished(1, SendOutcome.NOT_EXECUTED)]) as ledger:
        ledger.commit([settled(1, released(ANN), basis=Basis.REFUSAL)])
        assert recorded(ledger, ANN).attempt == 1
        assert status(ledger, ANN) is PaymentStatus.RELEASED


def test_a_released_payment_is_one_row_when_it_is_prepared_again() -> None:
    with memory(prepared(1, ANN), settled(1, released(ANN), basis=Basis.NEVER_SENT)) as ledger:
        ledger.commit([prepared(2, ANN, amount="2.00")])
        (payment,) = ledger.payments(ANN.bonus_id)
        assert (payment.status, payment.amount, payment.sent) == (PaymentStatus.PREPARED, Decimal("2.00"), False)


def test_a_top_up_is_a_second_payment_of_the_bonus() -> None:
    with memory(prepared(1, ANN), executed(1), settled(1, issued(ANN))) as ledger:
        ledger.commit([prepared(2, ANN, amount="0.50", sequence=2), *executed(2)])
        ledger.commit([settled(2, issued(ANN, "0.50", sequence=2))])
        bonus = recorded(ledger, ANN)
        assert (bonus.issued, bonus.issued_count, bonus.issued_sequence) == (Decimal("2.00"), 2, 2)
        assert [payment.sequence for payment in ledger.payments(ANN.bonus_id)] == [1, 2]


def test_an_adopted_payment_is_issued_with_the_texts_that_the_provider_lists() -> None:
    with memory(adopted(adopted_payment(ANN, remote_id="500"))) as ledger:
        bonus = recorded(ledger, ANN)
        assert (bonus.issued, bonus.issued_count, bonus.issued_sequence) == (Decimal("1.50"), 1, 1)
        (payment,) = ledger.payments(ANN.bonus_id)
        assert (payment.status, payment.operation_id, payment.remote_id) == (PaymentStatus.ISSUED, None, "500")
        content = ledger.issued_content(pid(ANN))
        assert content == IssuedContent(adopted_payment(ANN).texts, "", 0)


def test_only_payments_that_this_state_did_not_send_count_as_adopted_since_a_moment() -> None:
    with memory(
        prepared(1, ANN), executed(1), settled(1, issued(ANN)), adopted(adopted_payment(BEN, remote_id="500"))
    ) as ledger:
        (payment,) = ledger.payments(BEN.bonus_id)
        assert payment.created_ms is not None
        assert ledger.adopted_since(1, payment.created_ms) == 1
        assert ledger.adopted_since(1, payment.created_ms + 1) == 0
        assert ledger.adopted_since(2, payment.created_ms) == 0


def test_an_adopted_payment_closes_its_item_in_an_open_operation() -> None:
    with memory(prepared(1, ANN, BEN), sent(1), adopted(adopted_payment(ANN))) as ledger:
        (operation,) = ledger.open_operations(1)
        assert [item.open for item in operation.items] == [False, True]
        ledger.commit([adopted(adopted_payment(BEN))])
        assert ledger.count_open(1) == 0
        assert ledger.campaigns(1)[0].in_doubt == Decimal("0.00")


def test_an_adopted_payment_that_was_called_released_counts_once() -> None:
    with memory(prepared(1, ANN), sent(1), settled(1, released(ANN), basis=Basis.ABSENCE)) as ledger:
        ledger.commit([adopted(adopted_payment(ANN))])
        bonus = recorded(ledger, ANN)
        assert (bonus.issued, bonus.issued_count, bonus.open_count) == (Decimal("1.50"), 1, 0)


def test_an_adopted_payment_whose_recipient_does_not_fit_still_settles_the_one_we_sent() -> None:
    with memory(prepared(1, ANN), sent(1), adopted(adopted_payment(ANN, known=False))) as ledger:
        assert recorded(ledger, ANN).issued == Decimal("1.50")
        assert ledger.count_open(1) == 0


def test_a_payment_adopted_again_changes_nothing_and_another_remote_id_does_not_replace_the_first() -> None:
    with memory(adopted(adopted_payment(ANN, remote_id="500"))) as ledger:
        ledger.commit([adopted(adopted_payment(ANN, remote_id="500"))])
        ledger.commit([adopted(adopted_payment(ANN, remote_id="501", amount="9.00"))])
        (payment,) = ledger.payments(ANN.bonus_id)
        assert (payment.remote_id, payment.amount) == ("500", Decimal("1.50"))
        assert recorded(ledger, ANN).issued == Decimal("1.50")


def test_an_unattributed_payment_keeps_its_markers_words_until_it_finds_its_bonus() -> None:
    with memory(adopted(adopted_payment(BEN, known=False))) as ledger:
        (payment,) = ledger.unattributed(1)
        assert payment.bonus_id is None
        assert (payment.campaign, payment.key, payment.recipient) == ("week-47", "quality", "ben")
        assert list(ledger.all_payments(1)) == [payment]
        assert ledger.campaigns(1) == ()
        ledger.commit([PaymentsAttributed(ledger=1, payments=((pid(BEN), 1, BEN),), at_ms=START_MS)])
        assert list(ledger.unattributed(1)) == []
        assert recorded(ledger, BEN).issued == Decimal("1.50")
        assert [one.recipient for one in ledger.payments(BEN.bonus_id)] == ["ben"]


def test_a_scan_moves_the_watermark_and_keeps_the_newest_payment_of_ours() -> None:
    with memory(scanned(START_MS + 4), replace(scanned(None), newest_remote_id="", started_ms=START_MS + 20)) as ledger:
        record = ledger.ledgers()[0]
        assert (record.watermark_ms, record.scanned_ms) == (START_MS + 20, START_MS + 8)
        assert (record.newest_ours_ms, record.newest_remote_id) == (START_MS + 4, "123")
        assert record.verified_first


def test_a_first_payment_is_verified_by_a_marker_that_was_read_back_and_by_nothing_less() -> None:
    with memory(scanned(None), prepared(1, ANN), executed(1), settled(1, issued(ANN))) as ledger:
        assert not ledger.ledgers()[0].verified_first
        ledger.commit([adopted(adopted_payment(CAT, known=False))])
        assert not ledger.ledgers()[0].verified_first
        ledger.commit([adopted(adopted_payment(BEN))])
        assert ledger.ledgers()[0].verified_first


def test_a_payment_settled_from_the_list_verifies_the_first_payment() -> None:
    with memory(prepared(1, ANN), executed(1), settled(1, issued(ANN), basis=Basis.LIST)) as ledger:
        assert ledger.ledgers()[0].verified_first


def test_alarms_are_kept_in_their_order() -> None:
    with memory() as ledger:
        ledger.commit([AlarmRaised(ledger=1, code=code, detail="d", at_ms=START_MS) for code in ("b", "a")])
        assert ledger.alarms() == (AlarmRecord(1, "b", "d", START_MS), AlarmRecord(1, "a", "d", START_MS))


def test_an_approved_set_is_known_once_all_its_parts_are() -> None:
    with memory(approval(pid(ANN), total=2)) as ledger:
        assert ledger.approved("sha256:aa") is None
        ledger.commit([approval(pid(BEN), total=2)])
        assert ledger.approved("sha256:aa") == {pid(ANN): ENTRY, pid(BEN): ENTRY}
        assert ledger.approved("sha256:bb") is None


def test_a_set_approved_again_is_the_same_set() -> None:
    with memory(
        approval(pid(ANN), total=1), approval(pid(ANN), total=1), approval(total=0, digest="sha256:none")
    ) as ledger:
        assert ledger.approved("sha256:aa") == {pid(ANN): ENTRY}
        assert ledger.approved("sha256:none") == {}


def resolution(bonus: Identity, result: Result) -> PaymentResolved:
    return PaymentResolved(ledger=1, payment_id=pid(bonus), result=result, reason="seen", actor="ann", at_ms=START_MS)


def test_a_person_may_call_an_open_payment_issued() -> None:
    with memory(prepared(1, ANN), sent(1), resolution(ANN, Result.ISSUED)) as ledger:
        assert recorded(ledger, ANN).issued == Decimal("1.50")
        assert ledger.count_open(1) == 0
        (payment,) = ledger.payments(ANN.bonus_id)
        assert (payment.code, payment.message) == ("resolved", "seen")
        assert ledger.issued_content(pid(ANN)) == IssuedContent(None, '[{"amount":1.50}]', 0)


def test_a_person_may_call_an_open_payment_not_issued() -> None:
    with memory(prepared(1, ANN), sent(1), resolution(ANN, Result.RELEASED)) as ledger:
        assert status(ledger, ANN) is PaymentStatus.RELEASED
        assert (recorded(ledger, ANN).open_count, recorded(ledger, ANN).attempt) == (0, 1)


def test_what_a_person_called_issued_takes_the_providers_amount_once_it_is_seen_there() -> None:
    with memory(prepared(1, ANN), sent(1), resolution(ANN, Result.ISSUED)) as ledger:
        ledger.commit([adopted(adopted_payment(ANN, amount="1.20", remote_id="500"))])
        assert recorded(ledger, ANN).issued == Decimal("1.20")
        assert ledger.campaigns(1)[0].issued == Decimal("1.20")
        (payment,) = ledger.payments(ANN.bonus_id)
        assert (payment.remote_id, payment.amount) == ("500", Decimal("1.20"))


def test_a_bonus_that_was_adopted_meanwhile_stays_issued_when_its_operation_settles() -> None:
    with memory(prepared(1, ANN, BEN), sent(1), adopted(adopted_payment(ANN))) as ledger:
        ledger.commit([settled(1, released(ANN), released(BEN), basis=Basis.ABSENCE)])
        assert [status(ledger, ANN), status(ledger, BEN)] == [PaymentStatus.ISSUED, PaymentStatus.RELEASED]


def test_campaigns_of_one_name_in_two_projects_are_listed_together_in_the_order_of_their_ids() -> None:
    other = Identity("vision", "week-47", "ann", "a1", "")
    with memory(prepared(1, ANN), prepared(2, other), prepared(3, BEN)) as ledger:
        ids = [bonus.bonus_id for bonus in ledger.bonuses(1, "week-47")]
        assert ids == sorted([ANN.bonus_id, BEN.bonus_id, other.bonus_id])
        assert [record.project for record in ledger.campaigns(1)] == ["", "vision"]
