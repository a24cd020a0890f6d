"""What was paid as a beancount ledger: the account's money becomes the campaigns' expense, day by day.

The names of ledger accounts are made of letters, digits and dashes; what a campaign is really called stands in the
transaction's metadata. Where two names would make one account, each carries a piece of its hash.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final

from reconcile.money import format_amount
from reconcile.providers.rules import RULES
from reconcile.render.audit_values import Sum
from reconcile.render.safe import visible

_OTHERS: Final = re.compile(r"[^A-Za-z0-9-]+")
_HASH_CHARACTERS: Final = 6
_NONE: Final = "All"


def render_beancount(sums: Sequence[Sum], by: Sequence[str]) -> Iterator[str]:
    """The ledger in pieces. Each sum becomes a transaction on the last of its days."""
    yield '; Made by "bonusctl report --format beancount".\n\n'
    yield 'option "title" "Bonuses paid"\n'
    yield from (f'option "operating_currency" "{code}"\n' for code in sorted({one.currency for one in sums}))
    yield "\n"
    expenses = _components(_campaign(one, by) for one in sums)
    assets = _components(one.account.id for one in sums)
    yield from _opened((account, one) for one in sums for account in (_asset(one, assets), _expense(one, by, expenses)))
    for one in sorted(sums, key=lambda one: (one.last_day, one.account, one.names)):
        yield "\n"
        yield from _transaction(one, by, _asset(one, assets), _expense(one, by, expenses))


def _opened(used: Iterable[tuple[str, Sum]]) -> Iterator[str]:
    """Each account once, on the first day that it is used, with all its currencies."""
    first: dict[str, str] = {}
    currencies: defaultdict[str, set[str]] = defaultdict(set)
    for account, one in used:
        first[account] = min(first.get(account, one.first_day), one.first_day)
        currencies[account].add(one.currency)
    for account, day in sorted(first.items()):
        yield f"{day} open {account} {','.join(sorted(currencies[account]))}\n"


def _transaction(one: Sum, by: Sequence[str], asset: str, expense: str) -> Iterator[str]:
    title = RULES[one.account.type].title if one.account.type in RULES else one.account.type
    payments = "payment" if one.payments == 1 else "payments"
    yield f"{one.last_day} * {_string(f'{title} {one.account.environment}')} {_string(f'{one.payments} {payments}')}\n"
    yield f"  account: {_string(one.account.id)}\n"
    for name, value in zip(by, one.names, strict=True):
        yield f"  {name}: {_string(value)}\n"
    amount = format_amount(one.amount)
    width = max(len(asset), len(expense)) + 2
    yield f"  {expense:<{width}} {amount} {one.currency}\n"
    yield f"  {asset:<{width}}-{amount} {one.currency}\n"


def _campaign(one: Sum, by: Sequence[str]) -> str:
    return dict(zip(by, one.names, strict=True)).get("campaign", _NONE)


def _expense(one: Sum, by: Sequence[str], components: Mapping[str, str]) -> str:
    return f"Expenses:Bonuses:{components[_campaign(one, by)]}"


def _asset(one: Sum, components: Mapping[str, str]) -> str:
    return f"Assets:{_component(one.account.type)}:{_component(one.account.environment)}:{components[one.account.id]}"


def _components(names: Iterable[str]) -> dict[str, str]:
    """Name → its part of an account, no two alike."""
    by_component: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        by_component[_component(name)].append(name)
    found = {}
    for component, same in by_component.items():
        for name in same:
            piece = sha256(name.encode()).hexdigest()[:_HASH_CHARACTERS]
            found[name] = component if len(same) == 1 else f"{component}-{piece}"
    return found


def _component(name: str) -> str:
    """Letters, digits and dashes, the first of them a capital letter or a digit."""
    plain = _OTHERS.sub("-", name).strip("-")
    if not plain:
        return f"X-{sha256(name.encode()).hexdigest()[:_HASH_CHARACTERS]}"
    return plain[0].upper() + plain[1:]


def _string(text: str) -> str:
    escaped = visible(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
