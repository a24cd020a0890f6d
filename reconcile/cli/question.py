"""The questions before something that cannot be taken back: they say what it is, and no is what Enter means."""

from collections.abc import Sequence
from typing import Final

from reconcile.cli.console import Console
from reconcile.errors import Interrupted, UsageError
from reconcile.money import Money, add
from reconcile.plan.model import Change, Plan
from reconcile.protocol.funds import Funds
from reconcile.render.balance import balance_lines
from reconcile.render.safe import visible

# Where real money moves, a habit of typing `y` is not enough.
_REAL_MONEY: Final = frozenset({"production", "yandex"})


def agree(console: Console, plan: Plan, payments: Sequence[Change], funds: Sequence[Funds]) -> bool:
    """Whether a person wants these payments made. The plan was shown before; `funds`: the money before and after."""
    for line in balance_lines(each for each in funds if each.payments):
        console.message(line)
    total = total_text(payments)
    count = f"{len(payments):,} {'payment' if len(payments) == 1 else 'payments'}"
    names = {change.provider for change in payments}
    real = sorted(
        provider.environment
        for provider in plan.providers
        if provider.name in names and provider.environment in _REAL_MONEY
    )
    if not real:
        return console.confirm(f"\nPay {total} in {count}?")
    # With two currencies the form is not plain: it is shown beside the question.
    form = f" as it stands here ({total})" if "," in total else ""
    typed = console.ask(f"\nThis pays {total} of real money ({real[0]}) in {count}.\nType the total{form} to go on: ")
    if typed in (total, total.partition(" ")[0] if "," not in total else total):
        return True
    console.message(f"{visible(typed) or 'Nothing'} is not the total, {total}.")
    return False


def total_text(payments: Sequence[Change]) -> str:
    """`18.50 USD`; with two currencies `18.50 USD, 200.00 RUB`."""
    currencies = dict.fromkeys(change.currency for change in payments)
    sums = (Money(add(one.amount for one in payments if one.currency == code), code) for code in currencies)
    return ", ".join(map(str, sums))


def must_agree(console: Console, question: str, *, approved: bool) -> None:
    """Go on only with a yes. Raises UsageError where nobody can be asked, Interrupted for a no."""
    if approved:
        return
    if not console.has_terminal:
        raise UsageError(
            "There is no terminal to ask on",
            detail="Nothing was changed.",
            remedy="Say it in advance with --auto-approve.",
        )
    if not console.confirm(question):
        raise Interrupted("Nothing was changed.")
