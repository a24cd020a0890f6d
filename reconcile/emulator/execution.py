"""How the bonuses of one request are paid: checked, paid one by one, and told in a log."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from reconcile.emulator.errors import field_error
from reconcile.emulator.ledger import Ledger, Payment
from reconcile.emulator.options import Options
from reconcile.emulator.orders import Mischief
from reconcile.emulator.validation import FieldErrors, Item, amount_of, check_item
from reconcile.emulator.wirejson import dumps
from reconcile.model import parse_marker
from reconcile.money import EXACT, add, fee, format_amount
from reconcile.times import format_time


class Work(NamedTuple):
    """The items of one request. `operation` is its id without dashes, "" for a synchronous one without."""

    account: str
    operation: str
    items: list[Item]
    skip_invalid: bool
    mischief: Mischief


class Outcome(NamedTuple):
    """What became of it. `paid` and `errors` by position; a bonus is its JSON text. `log` as JSON lines."""

    result: str
    paid: dict[int, str]
    errors: dict[int, FieldErrors]
    counts: dict[str, int]
    log: list[str]


def execute(ledger: Ledger, options: Options, work: Work, now_ms: int) -> Outcome:
    """Pay what can be paid, in the order of the items, inside the caller's transaction."""
    errors = _check(work, options)
    invalid = len(errors)
    paid: dict[int, str] = {}
    stopped = bool(errors) and not work.skip_invalid
    limit = work.mischief.made if work.mischief.fail else len(work.items)
    log = _Log(options)
    for position, item in enumerate(work.items):
        if position in errors:
            log.refused(item, errors[position], in_payment=False)
        elif not stopped and len(paid) < limit:
            refusal = _pay_one(ledger, options, work, position, now_ms, paid)
            if refusal:
                errors[position] = refusal
                log.refused(item, refusal, in_payment=True)
            elif work.mischief.log_kept:
                log.paid(item, paid[position])
    failed = stopped or work.mischief.fail or not paid
    valid = len(work.items) - invalid
    counts = {
        "total_count": len(work.items),
        "valid_count": valid,
        "not_valid_count": invalid,
        "success_count": len(paid),
        "failed_count": valid - len(paid),
    }
    return Outcome("FAIL" if failed else "SUCCESS", paid, errors, counts, log.lines)


def cost(options: Options, amounts: list[Decimal]) -> Decimal:
    """What bonuses of these amounts take from the balance, with Toloka's fee."""
    percent = Decimal(options.fee_percent)
    return add([*amounts, *(fee(amount, percent) for amount in amounts if percent)])


def created_text(options: Options, at_ms: int) -> str:
    """A time as Toloka writes it: UTC without a zone, with milliseconds or without."""
    text = format_time(at_ms).removesuffix("Z")
    return text if options.created_ms else text[:19]


def _check(work: Work, options: Options) -> dict[int, FieldErrors]:
    errors: dict[int, FieldErrors] = {}
    for position, item in enumerate(work.items):
        found = check_item(item, options)
        if work.mischief.rejects(position) and not work.mischief.in_payment:
            found = {"user_id": field_error(work.mischief.reject, "Rejected on request")}
        if found:
            errors[position] = found
    return errors


def _pay_one(
    ledger: Ledger, options: Options, work: Work, position: int, now_ms: int, paid: dict[int, str]
) -> FieldErrors:
    item = work.items[position]
    amount = amount_of(item)
    assert amount is not None
    if work.mischief.rejects(position):
        return {"user_id": field_error(work.mischief.reject, "Rejected on request")}
    balance = EXACT.subtract(ledger.balance(work.account, options.balance), cost(options, [amount]))
    if balance < 0:
        return {"amount": field_error("NOT_ENOUGH_BALANCE", "Not enough money on the account to issue the bonus")}
    ledger.set_balance(work.account, balance)
    payment = _payment(ledger.next_id(), options, work, position, now_ms)
    marker = parse_marker(payment.private_comment)
    ledger.add_payment(payment, marker.campaign if marker else "")
    paid[position] = payment.body
    return {}


def _payment(number: int, options: Options, work: Work, position: int, now_ms: int) -> Payment:
    item = work.items[position]
    amount = amount_of(item)
    assert amount is not None
    comment = _text(item, "private_comment")
    if options.comment_max:
        comment = comment[: options.comment_max]
    body = {"id": str(number), "user_id": item["user_id"], "amount": Decimal(format_amount(amount))}
    body |= {name: item[name] for name in ("public_title", "public_message", "assignment_id") if item.get(name)}
    if comment:
        body["private_comment"] = comment
    body["without_message"] = bool(item.get("without_message"))
    body["created"] = created_text(options, now_ms)
    return Payment(
        id=number,
        account=work.account,
        operation=work.operation,
        position=position,
        user_id=_text(item, "user_id"),
        assignment_id=_text(item, "assignment_id"),
        private_comment=comment,
        amount=amount,
        created_ms=now_ms if options.created_ms else now_ms - now_ms % 1000,
        body=dumps(body),
    )


def _text(item: Item, name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


class _Log:
    """Collects an operation's log. Input is echoed whole, fields that nobody knows included."""

    def __init__(self, options: Options) -> None:
        self.lines: list[str] = []
        self._echo: Callable[[Item], Item] = _amount_as_text if options.log_amounts_as_text else _as_sent
        self._validations = options.log_validations

    def paid(self, item: Item, body: str) -> None:
        """A bonus was issued: its id stands at the head of its JSON."""
        if self._validations:
            self._add("USER_BONUS_VALIDATE", item, {}, success=True)
        number = body[len('{"id":"') : body.index('"', len('{"id":"'))]
        self._add("USER_BONUS_PERSIST", item, {"user_bonus_id": number}, success=True)

    def refused(self, item: Item, errors: FieldErrors, *, in_payment: bool) -> None:
        """A bonus was not issued."""
        self._add("USER_BONUS_PERSIST" if in_payment else "USER_BONUS_VALIDATE", item, errors, success=False)

    def _add(self, kind: str, item: Item, output: object, *, success: bool) -> None:
        self.lines.append(dumps({"type": kind, "success": success, "input": self._echo(item), "output": output}))


def _as_sent(item: Item) -> Item:
    return item


def _amount_as_text(item: Item) -> Item:
    value = item.get("amount")
    return {**item, "amount": str(value)} if isinstance(value, Decimal | int) else item
