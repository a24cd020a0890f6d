"""The one place that decides whether a bonus is paid: what is known of it against what is asked for.

Pure. What is known comes from `reconcile.plan.books`; the verdict becomes a row of the plan in `reconcile.plan.sorter`.
"""

from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from reconcile.money import EXACT, ZERO, Money
from reconcile.plan.model import FIRST, Action, Attempts
from reconcile.providers.rules import Tariff


class Known(NamedTuple):
    """All that is known to have been paid, or may have been, for one bonus, under its present and its former name.

    `next_sequence` and `attempts` are those of the next payment. `missing` is how many payments below the highest one
    are not known. `rejected`: the newest attempt was rejected.
    """

    issued: Decimal
    next_sequence: int
    attempts: Attempts
    open_count: int
    open_amount: Decimal
    missing: int
    rejected: bool


NOTHING: Final = Known(ZERO, 1, FIRST, 0, ZERO, 0, False)  # noqa: FBT003 (a row of a table)


class Terms(NamedTuple):
    """What a provider pays and what the policies allow. `title` is the provider's name for people."""

    tariff: Tariff
    allow_top_up: bool
    title: str


class Pay(NamedTuple):
    """Send this."""

    action: Action
    amount: Decimal
    sequence: int
    attempts: Attempts
    why: str


class Conflict(NamedTuple):
    """Nothing is sent: a person must change the spec or the config."""

    why: str


class Doubt(NamedTuple):
    """Nothing is sent until the outcome of something else is known. `amount` as in `InDoubt`."""

    amount: Decimal
    why: str


class Settled(NamedTuple):
    """Exactly what is asked for was issued."""


Verdict: TypeAlias = Pay | Conflict | Doubt | Settled


def decide(asked: Decimal, known: Known, terms: Terms) -> Verdict:
    """What to do for a bonus of which `asked` should have been issued. Never pays past `asked`."""
    currency = terms.tariff.currency
    if known.open_count:
        return Doubt(known.open_amount, _open(known, currency))
    if known.missing:
        return Doubt(asked, _gap(known))
    if known.issued == asked:
        return Settled()
    if known.issued > asked:
        return Conflict(
            f"{Money(known.issued, currency)} was issued, but the spec now asks for {Money(asked, currency)}: "
            f"nothing is taken back from a worker. Ask for {known.issued} again."
        )
    return _pay(asked, known, terms)


def _pay(asked: Decimal, known: Known, terms: Terms) -> Verdict:
    """A first payment, or a top-up of what is missing, if the policies and the provider allow it."""
    difference = EXACT.subtract(asked, known.issued)
    tariff = terms.tariff
    money = Money(difference, tariff.currency)
    if known.issued and not terms.allow_top_up:
        return Conflict(
            f"{Money(known.issued, tariff.currency)} was issued, and the spec now asks for "
            f"{Money(asked, tariff.currency)}. `allow_top_up: true` under `policies` would pay the difference of {money}."
        )
    what = f"the difference of {money}" if known.issued else f"{money}"
    if difference < tariff.amount_min:
        return Conflict(
            f"{what} is less than the {Money(tariff.amount_min, tariff.currency)} that {terms.title} pays at least."
        )
    if difference > tariff.amount_max:
        return Conflict(
            f"{what} is more than the {Money(tariff.amount_max, tariff.currency)} that {terms.title} pays at most at a time."
        )
    assert difference > 0
    assert known.issued + difference == asked, "no more is paid than was asked for"
    if known.issued:
        return Pay(Action.TOP_UP, difference, known.next_sequence, known.attempts, "")
    why = "an earlier attempt was rejected: it is tried again" if known.rejected else ""
    return Pay(Action.ISSUE, difference, known.next_sequence, known.attempts, why)


def _open(known: Known, currency: str) -> str:
    if known.open_count == 1:
        return f"a payment of {Money(known.open_amount, currency)} is under way and its outcome is not known yet"
    return (
        f"{known.open_count} payments of {Money(known.open_amount, currency)} together are under way "
        "and their outcome is not known yet"
    )


def _gap(known: Known) -> str:
    are = "is" if known.missing == 1 else "are"
    return (
        f"payment number {known.next_sequence - 1} of this bonus was issued, but {known.missing} before it {are} not "
        "known here: it may have been made under an earlier name (`formerly` says which)"
    )
