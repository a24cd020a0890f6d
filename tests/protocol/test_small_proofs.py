"""What proves what, case by case: ages at their edges, absence, and settlements from what is known."""

from dataclasses import replace
from decimal import Decimal

import pytest

from reconcile.model import SendOutcome
from reconcile.protocol.absence import absence_counts, accounts_for, window_left_ms
from reconcile.protocol.ages import Moment, oldest_ms, youngest_ms
from reconcile.protocol.recovery import ambiguous
from reconcile.protocol.settling import Proofs, from_absence, from_proofs, refused, released
from reconcile.protocol.track import Stage, Track, recovered
from reconcile.providers.base import ItemResult, OperationPhase, OperationSeen, RemotePayment
from reconcile.state.events import Result, Settlement
from reconcile.state.ledger import OperationItem, OperationRecord, RecordedSend

NOT, YES, MAYBE = SendOutcome.NOT_EXECUTED, SendOutcome.EXECUTED, SendOutcome.AMBIGUOUS
WINDOW = 900_000
ONE, TWO = b"1" * 16, b"2" * 16


def send(outcome: SendOutcome | None = MAYBE, at_ms: int = 0, server_ms: int | None = None) -> RecordedSend:
    return RecordedSend(1, at_ms, "a", at_ms, outcome, server_ms)


def moment(ms: int, server_ms: int | None = None) -> Moment:
    return Moment(ms, "a", ms, server_ms)


def item(payment: bytes = ONE, amount: str = "1.00") -> OperationItem:
    return OperationItem(payment, payment, "c", "w", "", "", 1, 1, Decimal(amount), b"", open=True)


def track(*sends: RecordedSend, ended: OperationSeen | None = None, items: int = 1) -> Track:
    rows = tuple(item(payment) for payment in (ONE, TWO)[:items])
    made = recovered(OperationRecord(1, b"o" * 16, "async", "/t", "[]", 0, rows, sends), Stage.ACCEPTED)
    made.ended = ended
    return made


def ended(finished_ms: int | None = 0, issued: int | None = 0, total: int = 1) -> OperationSeen:
    return OperationSeen(
        operation_id=b"o" * 16,
        phase=OperationPhase.DONE,
        total=total,
        issued=issued,
        failed=False,
        submitted_ms=0,
        finished_ms=finished_ms,
    )


def shown(amount: str = "1.00") -> RemotePayment:
    return RemotePayment(
        remote_id="7", recipient="w", assignment_id="", amount=Decimal(amount), created_ms=5, comment="", texts=()
    )


def logged(
    payment: bytes = ONE, *, issued: bool = True, amount: str | None = "1.00", remote_id: str = "8"
) -> ItemResult:
    return ItemResult(
        payment_id=payment,
        issued=issued,
        remote_id=remote_id if issued else "",
        amount=Decimal(amount) if issued and amount is not None else None,
        code="" if issued else "NO",
        message="" if issued else "no",
    )


def made(**fields: object) -> Settlement:
    return replace(Settlement(payment_id=ONE, result=Result.ISSUED), **fields)  # type: ignore[arg-type]


# --- ages ------------------------------------------------------------------------------------------------------------


def test_in_the_moment_of_a_send_its_age_is_nothing_on_every_clock() -> None:
    assert oldest_ms([send(at_ms=6)], moment(6)) == 0
    assert youngest_ms([send(at_ms=6)], moment(6)) == 0


def test_nothing_that_was_sent_has_no_age() -> None:
    assert (oldest_ms([], moment(6)), youngest_ms([], moment(6))) == (0, 0)


@pytest.mark.parametrize(("at", "now"), [(None, 50), (50, None)])
def test_the_providers_clock_counts_only_where_it_is_known_twice(at: int | None, now: int | None) -> None:
    assert oldest_ms([send(server_ms=at)], moment(6, server_ms=now)) == 6
    assert youngest_ms([send(server_ms=at)], moment(6, server_ms=now)) == 6


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [((), False), ((NOT,), False), ((YES,), False), ((MAYBE,), True), ((None,), True), ((NOT, MAYBE, YES), True)],
)
def test_one_send_without_an_outcome_makes_an_operation_ambiguous(
    outcomes: tuple[SendOutcome | None, ...], expected: bool
) -> None:
    assert ambiguous([send(outcome) for outcome in outcomes]) is expected


# --- absence ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "end", "at", "server", "expected"),
    [
        (send(), None, WINDOW, None, True),
        (send(), None, WINDOW - 1, None, False),
        (send(YES), None, WINDOW, None, False),
        (send(NOT), None, 0, None, True),
        (send(YES), ended(0), WINDOW, WINDOW, True),
        (send(YES), ended(1), WINDOW, WINDOW, False),
        (send(YES), ended(None), WINDOW, WINDOW, False),
        (send(YES), ended(0), WINDOW, None, False),
        (send(YES), ended(0), WINDOW - 1, WINDOW, False),
    ],
)
def test_absence_counts_after_every_window_and_never_against_an_execution(
    sent: RecordedSend, end: OperationSeen | None, at: int, server: int | None, expected: bool
) -> None:
    assert absence_counts(track(sent, ended=end), window_ms=WINDOW, scanned=moment(at, server)) is expected


@pytest.mark.parametrize(
    ("sent", "end", "at", "server", "left_ms"),
    [
        (send(), None, 100, None, WINDOW - 100),
        (send(), None, WINDOW, None, 0),
        (send(), None, 2 * WINDOW, None, 0),
        (send(YES), ended(500), WINDOW, 600, WINDOW - 100),
        (send(YES), ended(None), WINDOW, 600, 0),
        (send(YES), ended(500), WINDOW, None, 0),
    ],
)
def test_how_long_until_absence_can_count(
    sent: RecordedSend, end: OperationSeen | None, at: int, server: int | None, left_ms: int
) -> None:
    assert window_left_ms(track(sent, ended=end), window_ms=WINDOW, now=moment(at, server)) == left_ms


def test_a_refused_send_does_not_make_the_window_longer() -> None:
    waiting = track(send(MAYBE, at_ms=0), send(NOT, at_ms=1_000))
    assert window_left_ms(waiting, window_ms=WINDOW, now=moment(2_000)) == WINDOW - 2_000


@pytest.mark.parametrize(
    ("end", "known", "before", "expected"),
    [
        (None, 0, 0, True),
        (ended(issued=None), 0, 0, True),
        (ended(issued=1), 0, 0, False),
        (ended(issued=1), 1, 0, True),
        (ended(issued=1), 0, 1, True),
        (ended(issued=2, total=2), 1, 0, False),
        (ended(issued=2, total=2), 1, 1, True),
        (ended(issued=0), 1, 0, True),
    ],
)
def test_an_ended_operation_counts_no_more_than_is_known(
    end: OperationSeen | None, known: int, before: int, expected: bool
) -> None:
    looked_at = track(send(YES), ended=end)
    looked_at.issued_before = before
    rows = [made()] * known + [Settlement(payment_id=TWO, result=Result.RELEASED)]
    assert accounts_for(looked_at, rows) is expected


# --- settlements -----------------------------------------------------------------------------------------------------


def test_the_list_speaks_before_the_log() -> None:
    (found,) = from_proofs((item(),), Proofs(found={ONE: shown("0.90")}, log={ONE: logged(issued=False)})) or ()
    assert found == made(amount=Decimal("0.90"), remote_id="7", created_ms=5)


def test_a_log_proves_with_its_amount_and_id_at_the_operations_end() -> None:
    (found,) = from_proofs((item(),), Proofs(found={}, log={ONE: logged(amount="0.80")}, finished_ms=9)) or ()
    assert found == made(amount=Decimal("0.80"), remote_id="8", created_ms=9)


def test_a_log_that_names_a_payments_own_time_is_taken_at_it() -> None:
    proof = replace(logged(), created_ms=4)
    (found,) = from_proofs((item(),), Proofs(found={}, log={ONE: proof}, finished_ms=9)) or ()
    assert found.created_ms == 4


@pytest.mark.parametrize("proof", [logged(amount=None), logged(remote_id="")])
def test_a_log_without_amount_or_id_proves_nothing_whole(proof: ItemResult) -> None:
    assert from_proofs((item(),), Proofs(found={}, log={ONE: proof})) is None
    assert from_absence((item(),), Proofs(found={}, log={ONE: proof})) is None


def test_one_payment_without_a_proof_keeps_all_open() -> None:
    assert from_proofs((item(ONE), item(TWO)), Proofs(found={ONE: shown()}, log={})) is None


@pytest.mark.parametrize("burnt", [True, False])
def test_what_no_proof_names_is_free_once_absence_counts(burnt: bool) -> None:
    found = from_absence((item(ONE), item(TWO)), Proofs(found={ONE: shown()}, log={}, burnt=burnt))
    assert found == (
        made(amount=Decimal("1.00"), remote_id="7", created_ms=5),
        Settlement(payment_id=TWO, result=Result.RELEASED, burnt=burnt),
    )


@pytest.mark.parametrize("burnt", [True, False])
def test_a_refused_item_says_why_and_takes_a_new_id_where_the_old_one_is_used_up(burnt: bool) -> None:
    found = from_proofs((item(),), Proofs(found={}, log={ONE: logged(issued=False)}, burnt=burnt))
    assert found == (Settlement(payment_id=ONE, result=Result.REJECTED, code="NO", message="no", burnt=burnt),)


def test_a_refused_request_rejects_the_named_and_frees_the_rest_under_their_ids() -> None:
    items = (item(ONE), item(TWO))
    assert refused(items, code="X", message="x", named={ONE: logged(issued=False)}) == (
        Settlement(payment_id=ONE, result=Result.REJECTED, code="NO", message="no", burnt=False),
        Settlement(payment_id=TWO, result=Result.RELEASED, burnt=False),
    )
    assert refused(items[:1], code="X", message="x", named={}) == (
        Settlement(payment_id=ONE, result=Result.REJECTED, code="X", message="x", burnt=False),
    )
    assert released(items[:1]) == (Settlement(payment_id=ONE, result=Result.RELEASED, burnt=False),)
