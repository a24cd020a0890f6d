"""First words with a provider: whose money is this? A ledger is bound to the account found, once and for all."""

from reconcile.errors import ProviderError, Refused
from reconcile.protocol.gateway import Gateway, over_ms, told
from reconcile.protocol.ports import Clock
from reconcile.providers.base import AccountFound, ReadAccount, Unread
from reconcile.providers.rules import currency_of
from reconcile.settings import ProviderSettings, same_account
from reconcile.state.events import AccountBound, BalanceRead, GateClosed
from reconcile.state.ledger import Ledger, LedgerRecord
from reconcile.times import format_time


def find_account(gateway: Gateway) -> AccountFound:
    """The account behind the credentials, checked against the one that the config means.

    Raises ProviderError when the provider does not answer, Refused(account_mismatch) for another account.
    """
    settings = gateway.settings
    answer = ask_account(gateway)
    if isinstance(answer, Unread):
        until_ms = over_ms(answer, gateway.moment())
        raise ProviderError(
            f"{settings.name}: the provider does not answer: {told(answer, gateway.codec)}",
            detail="Nothing was sent." + (f" Come back after {format_time(until_ms)}." if until_ms else ""),
            remedy="Try again, or look at what is wrong:\n  bonusctl doctor",
            reason="unreachable" if until_ms is None else "too_many_requests",
        )
    if settings.account and not same_account(settings.account, answer.id):
        if settings.act_under:
            raise _not_acted_for(settings, answer.id)
        raise Refused(
            f"{settings.name}: the token belongs to account {answer.id}, the config means {settings.account}",
            detail="Nothing was sent. A token of another account would pay with somebody else's money.",
            remedy=f"Use the token of {settings.account}, or correct `account:` of `{settings.name}` in the config.",
            reason="account_mismatch",
        )
    return answer


def ask_account(gateway: Gateway) -> AccountFound | Unread:
    """The account with its balance, in one question or in two. Raises ProviderError where access is refused."""
    found = gateway.ask(ReadAccount())
    assert isinstance(found, AccountFound | Unread)
    if isinstance(found, Unread) or not gateway.codec.balance_apart:
        return found
    told = gateway.ask(ReadAccount(found.id))
    return told if isinstance(told, AccountFound) else found


def bind(ledger: Ledger, gateway: Gateway, found: AccountFound, clock: Clock) -> LedgerRecord:
    """The ledger of this provider and environment, begun now if this is the first contact.

    Raises Refused(account_mismatch) when the ledger belongs to another account.
    """
    settings = gateway.settings
    record = ledger.ledger(*settings.ledger_key)
    if record is None:
        number, at_ms = ledger.next_ledger(), clock.now_ms()
        ledger.commit(
            [
                AccountBound(
                    ledger=number,
                    account=settings.account_of(found.id),
                    name=found.name,
                    currency=currency_of(settings.type, settings.environment),
                    at_ms=at_ms,
                ),
                GateClosed(ledger=number, reason="new", at_ms=at_ms),
            ]
        )
        record = ledger.ledger(*settings.ledger_key)
        assert record is not None
    elif not same_account(record.account.id, found.id):
        raise Refused(
            f"{settings.name}: this state belongs to account {record.account.id}, the token to {found.id}",
            detail="Nothing was sent. What this state calls issued was paid by another account.",
            remedy="Use the token of the state's account, or another state file for this account.",
            reason="account_mismatch",
        )
    return record


def note_balance(ledger: Ledger, number: int, found: AccountFound, clock: Clock) -> None:
    """Keep the balance for the next plan, where the provider tells one."""
    if found.balance is not None and found.balance >= 0:
        ledger.commit([BalanceRead(ledger=number, balance=found.balance, at_ms=clock.now_ms())])


def _not_acted_for(settings: ProviderSettings, found: str) -> Refused:
    return Refused(
        f"{settings.name}: the provider answers for account {found}, the config acts for {settings.act_under}",
        detail="Nothing was sent. Whose money would be paid is not proved.",
        remedy=f"Let account {settings.act_under} share its access with the token's account, or correct `act_under`.",
        reason="account_mismatch",
    )
