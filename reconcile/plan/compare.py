"""What changed between two plans: payments that came, went, cost otherwise or say something else.

Compared by payment id, which no edit of an amount or a text changes. Pure.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from reconcile.money import EXACT, add
from reconcile.plan.model import Action, Change, Plan, ProviderSummary

_ENDPOINT: Final = "its environment's own address"


class Gone(NamedTuple):
    """A payment of the old plan that the new one would not make, and why."""

    change: Change
    why: str


class Altered(NamedTuple):
    """A payment as it was and as it is."""

    was: Change
    now: Change


class Redirected(NamedTuple):
    """Something about where the money comes from: `what` of provider `name`, "" standing for nothing."""

    name: str
    what: str
    was: str
    now: str


class Difference(NamedTuple):
    """Everything that differs. `same`: the same set of payments, so an approval of one is an approval of the other.

    `unchanged` payments stand in both plans alike. `totals` is (currency, before, now) where the sum differs.
    """

    same: bool
    unchanged: int
    added: tuple[Change, ...]
    gone: tuple[Gone, ...]
    amounts: tuple[Altered, ...]
    texts: tuple[Altered, ...]
    redirected: tuple[Redirected, ...]
    totals: tuple[tuple[str, Decimal, Decimal], ...]


def compare(old: Plan, new: Plan, issued: frozenset[bytes]) -> Difference:
    """What differs. `issued`: payments of the old plan that the state knows to be made."""
    before = {change.payment_id: change for change in old.payments}
    after = {change.payment_id: change for change in new.payments}
    both = [Altered(before[key], change) for key, change in after.items() if key in before]
    amounts = tuple(one for one in both if one.was.amount != one.now.amount)
    texts = tuple(one for one in both if one.was.amount == one.now.amount and one.was.entry != one.now.entry)
    return Difference(
        same=old.digest == new.digest,
        unchanged=len(both) - len(amounts) - len(texts),
        added=tuple(change for key, change in after.items() if key not in before),
        gone=tuple(_gone(before, after, new, issued)),
        amounts=amounts,
        texts=texts,
        redirected=tuple(_redirected(old, new)),
        totals=tuple(_totals(old, new)),
    )


def _gone(
    before: dict[bytes | None, Change], after: dict[bytes | None, Change], new: Plan, issued: frozenset[bytes]
) -> Iterator[Gone]:
    doubtful = {row.bonus_id for row in new.in_doubt}
    conflicts = {change.bonus_id for change in new.changes if change.action is Action.CONFLICT}
    for key, change in before.items():
        if key in after:
            continue
        if key in issued:
            why = "paid since"
        elif change.bonus_id in doubtful:
            why = "in doubt now"
        elif change.bonus_id in conflicts:
            why = "in conflict now"
        else:
            why = "no longer to be paid"
        yield Gone(change, why)


def _redirected(old: Plan, new: Plan) -> Iterator[Redirected]:
    """Changes of what a reviewer must not miss: environment, account, address."""
    before = {provider.name: provider for provider in old.providers}
    for provider in new.providers:
        was = before.get(provider.name)
        if was is None:
            yield Redirected(provider.name, "provider", "", _place(provider))
            continue
        if (was.type, was.environment) != (provider.type, provider.environment):
            yield Redirected(provider.name, "environment", _place(was), _place(provider))
        # A first contact between the plans makes the account known, and changes nothing.
        if was.account and was.account != provider.account:
            yield Redirected(provider.name, "account", was.account, provider.account)
        if was.endpoint != provider.endpoint:
            yield Redirected(provider.name, "address", was.endpoint or _ENDPOINT, provider.endpoint or _ENDPOINT)
        if was.act_under != provider.act_under:
            yield Redirected(provider.name, "acting account", was.act_under, provider.act_under)


def _place(provider: ProviderSummary) -> str:
    return f"{provider.type} {provider.environment}"


def _totals(old: Plan, new: Plan) -> Iterator[tuple[str, Decimal, Decimal]]:
    currencies = dict.fromkeys(change.currency for change in (*old.payments, *new.payments))
    for currency in currencies:
        was = add(change.amount for change in old.payments if change.currency == currency)
        now = add(change.amount for change in new.payments if change.currency == currency)
        if EXACT.subtract(now, was):
            yield currency, was, now
