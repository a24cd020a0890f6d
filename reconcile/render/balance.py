"""An account's money before and after what is about to be paid, for the person who is asked."""

from collections.abc import Iterable, Iterator

from reconcile.money import Money
from reconcile.protocol.funds import Funds
from reconcile.render.safe import visible


def balance_lines(funds: Iterable[Funds]) -> Iterator[str]:
    """One line for each account: `toloka: balance 100.00 USD, 77.80 USD afterwards (18.50 USD + 3.70 USD fees)`."""
    for each in funds:
        yield f"{visible(each.provider)}: {_balance(each)} ({each.cost()})"


def _balance(funds: Funds) -> str:
    if funds.balance is None:
        return "the provider does not tell the balance"
    before = f"balance {Money(funds.balance, funds.currency)}"
    if funds.missing:
        return f"{before}, {Money(funds.missing, funds.currency)} too little: nothing would be sent"
    assert funds.after is not None
    return f"{before}, {Money(funds.after, funds.currency)} afterwards"
