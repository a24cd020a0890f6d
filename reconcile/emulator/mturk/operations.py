"""MTurk's operations about bonuses, carried out on the ledger. Each function runs inside one transaction."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from decimal import Decimal
from typing import NamedTuple

from reconcile.emulator.ledger import Ledger
from reconcile.emulator.messages import Answer
from reconcile.emulator.mturk import store
from reconcile.emulator.mturk.refusals import (
    STS_NAMESPACE,
    AwsRefusal,
    aws_json,
    new_request_id,
    no_funds,
    no_such_assignment,
    no_such_hit,
    request_error,
    token_repeated,
    xml_answer,
)
from reconcile.emulator.mturk.store import Bonus, Page
from reconcile.emulator.mturk.validation import ListBonusPayments, SendBonus, read_list, read_object, read_send
from reconcile.emulator.options import Options
from reconcile.emulator.orders import Mischief
from reconcile.money import EXACT, add, fee, format_amount

_ABSENT = "MISSING"


class Asked(NamedTuple):
    """A request of an account at a moment. `lag_ms`: bonuses younger than that are not listed."""

    account: str
    body: bytes
    now_ms: int
    mischief: Mischief = Mischief()
    lag_ms: int = 0


def send_bonus(ledger: Ledger, options: Options, asked: Asked) -> Answer:
    """Pay one bonus. Raises AwsRefusal: then nothing of it stays, and its token is free."""
    wanted = read_send(asked.body)
    used_by = None
    if wanted.token:
        since_ms = asked.now_ms - options.mturk_token_ms
        used_by = store.find_token(ledger.connection, asked.account, wanted.token, since_ms)
    if used_by is not None:
        raise token_repeated(wanted.token, used_by, asked.now_ms)
    hit_id = _hit_of(ledger, options, asked, wanted)
    if asked.mischief.reject:
        raise _rejected(asked, wanted)
    balance = EXACT.subtract(ledger.balance(asked.account, options.mturk_balance), cost(options, wanted.amount))
    if balance < 0:
        raise no_funds()
    ledger.set_balance(asked.account, balance)
    request_id = new_request_id()
    bonus = Bonus(
        id=0,
        account=asked.account,
        hit_id=hit_id,
        assignment_id=wanted.assignment_id,
        worker_id=wanted.worker_id,
        amount=format_amount(wanted.amount),
        reason=wanted.reason,
        token=wanted.token,
        granted_ms=asked.now_ms,
        request_id=request_id,
    )
    store.add_bonus(ledger.connection, bonus)
    if wanted.token:
        store.remember_token(ledger.connection, asked.account, wanted.token, request_id, asked.now_ms)
    return aws_json(200, {}, request_id)


def cost(options: Options, amount: Decimal) -> Decimal:
    """What a bonus takes from the balance: with MTurk's fee, up to the next cent, at least one."""
    return add((amount, fee(amount, Decimal(options.mturk_fee_percent))))


def list_bonus_payments(ledger: Ledger, options: Options, asked: Asked) -> Answer:
    """One page of what was paid for an assignment or a HIT, the oldest first.

    A full page has a NextToken, also when nothing follows: the page after it may be empty.
    """
    wanted = read_list(asked.body)
    if not wanted.assignment_id and not wanted.hit_id:
        raise request_error("InvalidParameterValue", "Either HITId or AssignmentId must be specified")
    _refuse_unknown(ledger, options, asked, wanted)
    page = Page(
        account=asked.account,
        assignment_id=wanted.assignment_id,
        hit_id=wanted.hit_id,
        after_id=_after(wanted),
        until_ms=asked.now_ms - asked.lag_ms,
        limit=wanted.results_max,
    )
    found = store.page_of_bonuses(ledger.connection, page)
    shown: dict[str, object] = {"NumResults": len(found), "BonusPayments": [_shown(bonus) for bonus in found]}
    if len(found) == wanted.results_max:
        shown["NextToken"] = _next_token(wanted, found[-1].id)
    return aws_json(200, shown)


def get_account_balance(ledger: Ledger, options: Options, asked: Asked) -> Answer:
    """The account's money, in whole cents."""
    read_object(asked.body)
    balance = ledger.balance(asked.account, options.mturk_balance)
    cents = balance.quantize(Decimal("0.01"), rounding="ROUND_FLOOR")
    return aws_json(200, {"AvailableBalance": format_amount(cents), "OnHoldBalance": "0.00"})


def get_caller_identity(account: str) -> Answer:
    """STS: whose credentials these are."""
    request_id = new_request_id()
    return xml_answer(
        200,
        f'<GetCallerIdentityResponse xmlns="{STS_NAMESPACE}"><GetCallerIdentityResult>'
        f"<Arn>arn:aws:iam::{account}:user/emulator</Arn><UserId>AIDAEMULATOR</UserId><Account>{account}</Account>"
        f"</GetCallerIdentityResult><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>\n",
        request_id,
    )


def run_late(ledger: Ledger, options: Options, now_ms: int) -> None:
    """Carry out the requests whose connection died and whose time has come: as of that time, also where nobody asked
    anything for a day, and a token would be forgotten by now.
    """
    for due_ms, account, body in store.take_late(ledger.connection, now_ms):
        try:
            with ledger.all_or_nothing():
                send_bonus(ledger, options, Asked(account, body, due_ms))
        except AwsRefusal:
            continue  # nobody is there to be told


def _hit_of(ledger: Ledger, options: Options, asked: Asked, wanted: SendBonus) -> str:
    registered = store.find_assignment(ledger.connection, asked.account, wanted.assignment_id)
    if registered is None:
        if options.mturk_registered_only or wanted.assignment_id.startswith(_ABSENT):
            raise no_such_assignment(wanted.assignment_id, asked.now_ms)
        return f"HIT{wanted.assignment_id}"
    if registered.worker_id != wanted.worker_id:
        text = f"Worker {wanted.worker_id} did not submit assignment {wanted.assignment_id}. ({asked.now_ms})"
        raise request_error("InvalidParameterValue", text)
    return registered.hit_id


def _rejected(asked: Asked, wanted: SendBonus) -> AwsRefusal:
    code = asked.mischief.reject
    if code.startswith("AWS."):
        return AwsRefusal(400, "RequestError", f"Rejected on request. ({asked.now_ms})", code)
    return no_such_assignment(wanted.assignment_id, asked.now_ms)


def _refuse_unknown(ledger: Ledger, options: Options, asked: Asked, wanted: ListBonusPayments) -> None:
    connection, only = ledger.connection, options.mturk_registered_only
    name = wanted.assignment_id or wanted.hit_id
    if wanted.assignment_id:
        known = store.find_assignment(connection, asked.account, name) is not None
    else:
        known = store.is_registered_hit(connection, asked.account, name)
    if known or not (only or name.startswith(_ABSENT)):
        return
    raise (no_such_assignment if wanted.assignment_id else no_such_hit)(name, asked.now_ms)


def _shown(bonus: Bonus) -> dict[str, object]:
    return {
        "WorkerId": bonus.worker_id,
        "BonusAmount": bonus.amount,
        "AssignmentId": bonus.assignment_id,
        "Reason": bonus.reason,
        "GrantTime": bonus.granted_ms // 1000,
    }


def _next_token(wanted: ListBonusPayments, last_id: int) -> str:
    return urlsafe_b64encode(f"{wanted.assignment_id}/{wanted.hit_id}/{last_id}".encode()).decode()


def _after(wanted: ListBonusPayments) -> int:
    if not wanted.next_token:
        return 0
    try:
        text = urlsafe_b64decode(wanted.next_token).decode()
        asked_for, _, last_id = text.rpartition("/")
        if asked_for == f"{wanted.assignment_id}/{wanted.hit_id}":
            return int(last_id)
    except ValueError:
        pass
    raise request_error("InvalidParameterValue", "The NextToken is of no list, or of another")
