"""MTurk's words: frozen bodies, requests, and what each kind of answer means."""

import json
from decimal import Decimal

import pytest

from reconcile.model import SendOutcome, Texts
from reconcile.providers.base import (
    AccountFound,
    Answer,
    ListPayments,
    Lost,
    NotSent,
    Outgoing,
    PaymentsPage,
    ReadAccount,
    SendAnswer,
    SendOperation,
    Trouble,
    Unread,
    WireRequest,
    WireResponse,
    WireResult,
)
from reconcile.providers.mturk import outcomes
from reconcile.providers.mturk.codec import MTurkCodec
from reconcile.providers.mturk.reference import reference, split
from reconcile.state.ledger import OperationRecord

PAYMENT = bytes.fromhex("6dd303c5a67157d6b149274d46b6b2f9")
TOP_UP = bytes.fromhex("a2bff27f51fd532ca9f84b2928c11e79")
BODY = (
    '{"WorkerId":"A1","BonusAmount":"1.00","AssignmentId":"3A","Reason":"Thank you!",'
    '"UniqueRequestToken":"6dd303c5-a671-57d6-b149-274d46b6b2f9"}'
)
PLAIN = MTurkCodec(reason_marker=False)
MARKED = MTurkCodec(reason_marker=True)
DATE = {"date": "Sun, 22 Nov 2026 10:00:00 GMT", "x-amzn-requestid": "r-1"}
LIST = ListPayments(None, "", "3A")


def outgoing(
    payment_id: bytes = PAYMENT, sequence: int = 1, reason: str = "Thank you!", amount: str = "1.00"
) -> Outgoing:
    texts: Texts = (("reason", reason),)
    return Outgoing(payment_id, "c", "A1", "3A", "", sequence, Decimal(amount), texts)


def operation(body: str = BODY) -> OperationRecord:
    return OperationRecord(1, b"o" * 16, "token", "/", body, 0, (), ())


def response(status: int, value: object, **headers: str) -> WireResponse:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return WireResponse(status, DATE | headers, body)


def sent(result: WireResult) -> SendAnswer:
    answer = PLAIN.answer(SendOperation(operation()), result)
    assert isinstance(answer, SendAnswer)
    return answer


def refusal(code: str, message: str = "m", *, kind: str = "RequestError", status: int = 400) -> WireResponse:
    return response(status, {"__type": kind, "Message": message, "TurkErrorCode": code})


# --- what goes out -----------------------------------------------------------------------------------------------------


def test_a_frozen_body_holds_the_payments_own_id_as_its_token() -> None:
    """The operation's id, which rises with an attempt, is not in it."""
    assert PLAIN.prepare(b"o" * 16, [outgoing()]) == ("/", BODY)
    assert PLAIN.prepare(b"p" * 16, [outgoing()]) == ("/", BODY)


def test_a_body_is_plain_ascii_and_amounts_have_two_decimals() -> None:
    _, body = PLAIN.prepare(b"o" * 16, [outgoing(reason="Grüße 🎉", amount="12.50")])
    assert body.isascii()
    assert json.loads(body)["Reason"] == "Grüße 🎉"
    assert json.loads(body)["BonusAmount"] == "12.50"


def test_a_reason_ends_with_a_reference_where_it_is_asked_for() -> None:
    _, body = MARKED.prepare(b"o" * 16, [outgoing()])
    assert json.loads(body)["Reason"] == "Thank you! [b:bdMDxaZxV9axSSdNRray-Q]"
    assert (MARKED.refers(body), MARKED.texts_of(body, 0)) == (True, (("reason", "Thank you!"),))
    assert (PLAIN.refers(BODY), PLAIN.texts_of(BODY, 0)) == (False, (("reason", "Thank you!"),))


def test_a_top_ups_reference_names_its_number() -> None:
    _, body = MARKED.prepare(b"o" * 16, [outgoing(TOP_UP, 2)])
    assert json.loads(body)["Reason"] == "Thank you! [b:or_yf1H9Uyyp-EspKMEeeQ.2]"


@pytest.mark.parametrize(("payment_id", "sequence"), [(PAYMENT, 1), (TOP_UP, 2), (b"\xff" * 16, 999_999)])
def test_a_reference_gives_back_its_payment(payment_id: bytes, sequence: int) -> None:
    assert split(f"Thanks{reference(payment_id, sequence)}") == ("Thanks", (payment_id, sequence))


@pytest.mark.parametrize(
    "reason",
    [
        "Thanks",
        "Thanks [b:bdMDxaZxV9axSSdNRray-Q] and more",
        "Thanks [b:bdMDxaZxV9axSSdNRray-]",
        "Thanks [b:bdMDxaZxV9axSSdNRray-R]",
        "Thanks [b:bdMDxaZxV9axSSdNRray-Q.1]",
        "Thanks [b:bdMDxaZxV9axSSdNRray-Q.02]",
        "Thanks [b:bdMDxaZxV9axSSdNRray-Q",
    ],
    ids=["none", "not last", "short", "bits too many", "number one", "leading zero", "cut off"],
)
def test_what_only_looks_like_a_reference_is_none(reason: str) -> None:
    assert split(reason) == (reason, None)


def test_the_requests() -> None:
    """Operation and body of each call; the account is asked of AWS's token service, in its own form."""
    json_type = ("Content-Type", "application/x-amz-json-1.1")
    target = "X-Amz-Target"
    service = "MTurkRequesterServiceV20170117"
    assert PLAIN.request(SendOperation(operation())) == WireRequest(
        "POST", "/", BODY.encode(), (json_type, (target, f"{service}.SendBonus"))
    )
    assert PLAIN.request(LIST) == WireRequest(
        "POST", "/", b'{"AssignmentId":"3A","MaxResults":100}', (json_type, (target, f"{service}.ListBonusPayments"))
    )
    assert PLAIN.request(ListPayments(None, "next", "3A")).body == (
        b'{"AssignmentId":"3A","MaxResults":100,"NextToken":"next"}'
    )
    assert PLAIN.request(ReadAccount("100000000001")) == WireRequest(
        "POST", "/", b"{}", (json_type, (target, f"{service}.GetAccountBalance"))
    )
    assert PLAIN.request(ReadAccount()) == WireRequest(
        "POST",
        "/",
        b"Action=GetCallerIdentity&Version=2011-06-15",
        (("Content-Type", "application/x-www-form-urlencoded"),),
    )


# --- the table of outcomes -----------------------------------------------------------------------------------------------

EXECUTED, NOT_EXECUTED, AMBIGUOUS = SendOutcome.EXECUTED, SendOutcome.NOT_EXECUTED, SendOutcome.AMBIGUOUS
REPEATED = 'The idempotency token "t" has already been processed. (1626172412406)'
TABLE: dict[str, tuple[WireResult, SendOutcome, Trouble, bool]] = {
    "paid": (response(200, {}), EXECUTED, Trouble.NONE, False),
    "2xx of another shape": (response(200, {"Bonus": 1}), AMBIGUOUS, Trouble.NONE, False),
    "2xx that is a list": (response(200, []), AMBIGUOUS, Trouble.NONE, False),
    "2xx of zero": (response(200, 0), AMBIGUOUS, Trouble.NONE, False),
    "2xx cut short": (response(200, b"{"), AMBIGUOUS, Trouble.NONE, False),
    "2xx without a body": (response(200, b""), AMBIGUOUS, Trouble.NONE, False),
    "a repeated token": (refusal("AWS.MechanicalTurk.DuplicateCall", REPEATED), EXECUTED, Trouble.NONE, True),
    "its words under another code": (refusal("AWS.MechanicalTurk.Other", REPEATED), EXECUTED, Trouble.NONE, True),
    "its words without a code": (
        response(400, {"__type": "RequestError", "Message": REPEATED}),
        EXECUTED,
        Trouble.NONE,
        True,
    ),
    "its words in a server's fault": (
        refusal("AWS.MechanicalTurk.Other", REPEATED, kind="ServiceFault", status=500),
        AMBIGUOUS,
        Trouble.NONE,
        False,
    ),
    "no funds": (refusal("AWS.MechanicalTurk.InsufficientFunds"), NOT_EXECUTED, Trouble.FUNDS, False),
    "no such assignment": (refusal("AWS.MechanicalTurk.AssignmentDoesNotExist"), NOT_EXECUTED, Trouble.NONE, False),
    "a code that is not known": (refusal("AWS.MechanicalTurk.Unheard"), NOT_EXECUTED, Trouble.NONE, False),
    "a refusal without a code": (
        response(400, {"__type": "RequestError", "Message": "no"}),
        AMBIGUOUS,
        Trouble.NONE,
        False,
    ),
    "a refusal with status 500": (
        refusal("AWS.MechanicalTurk.InvalidParameterValue", status=500),
        AMBIGUOUS,
        Trouble.NONE,
        False,
    ),
    "invalid": (response(400, {"__type": "ValidationException", "message": "m"}), NOT_EXECUTED, Trouble.NONE, False),
    "a fault": (refusal("AWS.ServiceUnavailable", kind="ServiceFault", status=500), AMBIGUOUS, Trouble.NONE, False),
    "a fault with status 400": (refusal("AWS.ServiceUnavailable", kind="ServiceFault"), AMBIGUOUS, Trouble.NONE, False),
    "throttled": (
        response(400, {"__type": "ThrottlingException", "message": "Rate exceeded"}),
        NOT_EXECUTED,
        Trouble.LATER,
        False,
    ),
    "throttled with 503": (
        response(503, {"__type": "RequestLimitExceeded", "message": "m"}),
        NOT_EXECUTED,
        Trouble.LATER,
        False,
    ),
    "a wrong signature": (
        response(403, {"__type": "com.amazon.coral.service#InvalidSignatureException", "message": "m"}),
        NOT_EXECUTED,
        Trouble.STOP,
        False,
    ),
    "expired keys": (
        response(400, {"__type": "ExpiredTokenException", "message": "m"}),
        NOT_EXECUTED,
        Trouble.STOP,
        False,
    ),
    "a type that is not known": (response(400, {"__type": "Unheard", "message": "m"}), AMBIGUOUS, Trouble.NONE, False),
    "a bare 400": (response(400, b"<html>"), AMBIGUOUS, Trouble.NONE, False),
    "a bare 403": (response(403, b"<html>"), AMBIGUOUS, Trouble.STOP, False),
    "a bare 429": (response(429, b"slow down"), AMBIGUOUS, Trouble.LATER, False),
    "a bare 502": (response(502, b"<html>"), AMBIGUOUS, Trouble.NONE, False),
    "a redirect": (response(307, b"", location="https://evil"), AMBIGUOUS, Trouble.NONE, False),
    "lost": (Lost("time-out"), AMBIGUOUS, Trouble.NONE, False),
    "not sent": (NotSent("no connection"), NOT_EXECUTED, Trouble.NONE, False),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_an_answer_to_a_payment_proves(case: str) -> None:
    """Outcome, what it means for the run, and whether it was paid before."""
    result, outcome, trouble, exists = TABLE[case]
    answer = sent(result)
    assert (answer.outcome, answer.trouble, answer.exists) == (outcome, trouble, exists)


def test_what_is_kept_of_a_refusal() -> None:
    """The TurkErrorCode, MTurk's words, the request's id and MTurk's own time."""
    answer = sent(refusal("AWS.MechanicalTurk.InvalidParameterValue", "not this worker"))
    assert (answer.status, answer.code, answer.message, answer.request_id, answer.server_ms) == (
        400,
        "AWS.MechanicalTurk.InvalidParameterValue",
        "not this worker",
        "r-1",
        1_795_341_600_000,
    )


@pytest.mark.parametrize("code", [*outcomes.CODES, "Unheard"])
def test_every_code_has_plain_words(code: str) -> None:
    assert PLAIN.explain(code).endswith(".")


def test_no_code_needs_no_words() -> None:
    assert PLAIN.explain("") == ""


# --- who pays ----------------------------------------------------------------------------------------------------------

XML = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Arn>arn:aws:iam::100000000001:root</Arn><UserId>100000000001</UserId><Account>100000000001</Account>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)
ACCOUNT_JSON = {"GetCallerIdentityResponse": {"GetCallerIdentityResult": {"Account": "100000000001"}}}


@pytest.mark.parametrize("value", [XML, ACCOUNT_JSON], ids=["xml", "json"])
def test_the_account_is_the_one_behind_the_keys(value: object) -> None:
    answer = PLAIN.answer(ReadAccount(), response(200, value))
    assert isinstance(answer, AccountFound)
    assert (answer.id, answer.balance) == ("100000000001", None)


@pytest.mark.parametrize("value", [b"<html>", {}, XML.replace(b"100000000001", b"1"), {"Account": "100000000001"}])
def test_an_answer_without_an_account_proves_no_account(value: object) -> None:
    answer = PLAIN.answer(ReadAccount(), response(200, value))
    assert isinstance(answer, Unread)


def test_keys_that_the_token_service_refuses_end_the_run() -> None:
    body = b"<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>bad</Message></Error></ErrorResponse>"
    answer = PLAIN.answer(ReadAccount(), response(403, body))
    assert answer == Unread(code="InvalidClientTokenId", message="bad", trouble=Trouble.STOP, request_id="r-1")


def test_the_balance_is_asked_for_apart() -> None:
    answer = PLAIN.answer(ReadAccount("100000000001"), response(200, {"AvailableBalance": "10000.00"}))
    assert isinstance(answer, AccountFound)
    assert (answer.id, answer.balance) == ("100000000001", Decimal("10000.00"))


# --- what was paid -----------------------------------------------------------------------------------------------------


def entry(**changes: object) -> dict[str, object]:
    return {
        "WorkerId": "A1",
        "BonusAmount": "1.00",
        "AssignmentId": "3A",
        "Reason": "Thank you! [b:bdMDxaZxV9axSSdNRray-Q]",
        "GrantTime": 1700000000.25,
        **changes,
    }


def page(*entries: object, **changes: object) -> Answer:
    return PLAIN.answer(LIST, response(200, {"NumResults": len(entries), "BonusPayments": list(entries), **changes}))


def test_a_page_of_payments() -> None:
    """Worker, amount, time, the reason with and without its reference, and the payment that it names."""
    found = page(entry(), NextToken="more")
    assert isinstance(found, PaymentsPage)
    (payment,) = found.payments
    assert (payment.recipient, payment.assignment_id, payment.amount) == ("A1", "3A", Decimal("1.00"))
    assert (payment.created_ms, payment.remote_id) == (1_700_000_000_250, "3A@1700000000250-e654f154")
    assert payment.comment == "Thank you! [b:bdMDxaZxV9axSSdNRray-Q]"
    assert (payment.texts, payment.reference) == ((("reason", "Thank you!"),), (PAYMENT, 1))
    assert found.next_cursor == "more"


def test_payments_of_one_second_have_the_same_names_in_any_order() -> None:
    """A worker, an amount and a reason each tell two of them apart; alike in all, they share a name."""
    entries = [
        entry(),
        entry(BonusAmount="0.50"),
        entry(WorkerId="A2"),
        entry(Reason="Again"),
        entry(BonusAmount="0.50"),
    ]
    there, back = page(*entries), page(*reversed(entries))
    assert isinstance(there, PaymentsPage)
    assert isinstance(back, PaymentsPage)
    names = [one.remote_id for one in there.payments]
    assert names == [one.remote_id for one in back.payments][::-1]
    assert len(set(names)) == 4
    assert names[1] == names[4]


def test_an_empty_page_may_be_followed_by_others() -> None:
    found = page(NextToken="more")
    assert isinstance(found, PaymentsPage)
    assert (found.payments, found.next_cursor) == ((), "more")


@pytest.mark.parametrize(
    "found",
    [
        page(entry(), NumResults=2),
        page(entry(), NumResults=True),
        PLAIN.answer(LIST, response(200, {})),
        PLAIN.answer(LIST, response(200, {"NumResults": 0})),
        PLAIN.answer(LIST, response(200, {"BonusPayments": []})),
        page(entry(AssignmentId="3B")),
        page(entry(WorkerId="w1")),
        page(entry(BonusAmount="1.005")),
        page(entry(BonusAmount="x")),
        page(entry(GrantTime="yesterday")),
        page(entry(Reason=1)),
        page("text"),
        page(NextToken=1),
        PLAIN.answer(
            ListPayments(None, "same", "3A"), response(200, {"NumResults": 0, "BonusPayments": [], "NextToken": "same"})
        ),
        PLAIN.answer(LIST, response(200, [])),
        PLAIN.answer(LIST, response(200, b"{")),
    ],
)
def test_a_list_that_cannot_be_read_whole_is_unread(found: Answer) -> None:
    """One entry that cannot be read spoils the page: what it hides may be a payment of ours."""
    assert isinstance(found, Unread)
    assert (found.code, found.final) == (outcomes.BAD_ANSWER, False)


def test_a_refusal_to_list_an_assignment_is_final() -> None:
    found = PLAIN.answer(LIST, refusal("AWS.MechanicalTurk.AssignmentDoesNotExist"))
    assert isinstance(found, Unread)
    assert (found.final, found.trouble) == (True, Trouble.NONE)


def test_a_fault_while_listing_is_not_final() -> None:
    found = PLAIN.answer(LIST, refusal("AWS.ServiceUnavailable", kind="ServiceFault", status=500))
    assert isinstance(found, Unread)
    assert (found.final, found.trouble) == (False, Trouble.NONE)
