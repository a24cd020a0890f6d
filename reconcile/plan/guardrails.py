"""Guardrails: what a slip looks like although every single limit is kept.

Rolling windows, amounts far from the campaign's others, recipients that are almost another, the same payment under
another key. Each warns or refuses as the config says, and each has an exception of its own that a spec can state;
nothing switches all of them off at once. They look only at what is to be paid: where nothing is, they cost nothing.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from reconcile.diagnostics import Diagnostic, Place, Severity
from reconcile.plan.changes import kinds_of
from reconcile.plan.model import Change
from reconcile.plan.tally import Shelf
from reconcile.rows import chosen
from reconcile.settings import Policies, ProviderSettings, Rail
from reconcile.state.ledger import LedgerRecord, StateReader

SHOWN_MAX: Final = 20

Allowed = Mapping[bytes, frozenset[str]]
"""bonus id → the exceptions that the specs state for it."""


class Lane(NamedTuple):
    """What is to be paid from one account: `paying` in the order of the specs, `held_back` the ids among it that wait
    for another apply. `ledger` None: not met yet.
    """

    provider: ProviderSettings
    currency: str
    policies: Policies
    ledger: LedgerRecord | None
    reader: StateReader | None
    project: str
    paying: Sequence[Change]
    held_back: Container[bytes | None]

    def without(self, allowed: Allowed, exception: str) -> list[Change]:
        """The payments for which no spec states this exception."""
        return [change for change in self.paying if exception not in allowed.get(change.bonus_id, ())]


def check(
    shelf: Shelf, changes: Sequence[Change], allowed: Allowed, held_back: Container[bytes | None], now_ms: int
) -> Iterator[Diagnostic]:
    """What the guardrails find in a plan's payments. `held_back`: ids of those that wait for another apply. `now_ms`:
    where the windows end.
    """
    from reconcile.plan import likeness, outliers, recent

    for lane in _lanes(shelf, changes, held_back):
        yield from recent.check(lane, allowed, now_ms)
        if lane.policies.outliers is not Rail.OFF:
            yield from shortened(outliers.check(lane, allowed), lane.policies.outliers)
        if lane.policies.near_duplicates is not Rail.OFF:
            yield from shortened(likeness.check(lane, allowed), lane.policies.near_duplicates)


def _lanes(shelf: Shelf, changes: Sequence[Change], held_back: Container[bytes | None]) -> list[Lane]:
    """One for each account that is paid from, in the order of the specs."""
    first: dict[tuple[str, str], ProviderSettings] = {}
    by_name = {provider.name: provider for provider in shelf.settings.providers}
    for name in dict.fromkeys(kind.provider for kind in kinds_of(changes) if kind.action.pays):
        first.setdefault(by_name[name].ledger_key, by_name[name])
    lanes = []
    for key, provider in first.items():
        currency = shelf.tariff(provider).currency
        policies = shelf.settings.policies_for(currency)
        ledger, reader = shelf.ledger(provider), shelf.reader
        names = frozenset(one.name for one in shelf.settings.providers if one.ledger_key == key)
        paying = chosen(changes, _paid_by(names), _count(changes, names))
        lanes.append(Lane(provider, currency, policies, ledger, reader, shelf.settings.project, paying, held_back))
    return lanes


def _count(changes: Sequence[Change], providers: frozenset[str]) -> int:
    kinds = kinds_of(changes).items()
    return sum(count for kind, count in kinds if kind.action.pays and kind.provider in providers)


def _paid_by(providers: frozenset[str]) -> Callable[[Change], bool]:
    return lambda change: change.pays and change.provider in providers


# --- the form of a finding -----------------------------------------------------------------------------------------


def finding(
    rail: Rail, code: str, summary: str, *, change: Change, detail: str, hint: str, mentions: tuple[str, ...] = ()
) -> Diagnostic:
    """A warning or an error, at the bonus that it is about."""
    assert rail is not Rail.OFF
    return Diagnostic(
        severity=Severity.ERROR if rail is Rail.REFUSE else Severity.WARNING,
        code=code,
        summary=summary,
        detail=detail,
        hint=hint,
        place=Place(change.path, change.line),
        mentions=mentions,
    )


def meant(exception: str) -> str:
    """The line for the spec that says that something is meant."""
    return f"If it is meant, say so at the bonus:\n  allow: [{exception}]"


def shortened(found: Iterator[Diagnostic], rail: Rail) -> Iterator[Diagnostic]:
    """The first twenty, and how many more there are."""
    left_out, code = 0, ""
    for number, diagnostic in enumerate(found):
        if number < SHOWN_MAX:
            yield diagnostic
        else:
            left_out, code = left_out + 1, diagnostic.code
    if left_out:
        yield Diagnostic(
            severity=Severity.ERROR if rail is Rail.REFUSE else Severity.WARNING,
            code=code,
            summary=f"And {left_out:,} more like that",
            hint="They have the same cause, or look at the first ones first.",
        )
