"""Guardrail: a recipient that is almost another one: one character apart, or only by case, or by a zero and an O.

Ids that providers give out are far apart by chance; a hand that types one slips by a character. Of two texts that are
one character apart the first half or the second is the same, so each is compared with those few that share one.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from reconcile.diagnostics import Diagnostic, Place, Severity
from reconcile.plan.guardrails import Allowed, Lane, finding, meant
from reconcile.plan.model import Change
from reconcile.settings import Rail

LENGTH_MIN: Final = 6
"""Shorter names are one character apart by their nature; case and zeros are compared all the same."""
COMPARED_MAX: Final = 2_000_000
"""Comparisons of one plan. Ids that are counted up share their halves by the thousand."""

_FOLD: Final = str.maketrans({"0": "o"})

Half = tuple[bool, int, str]
"""(whether it is the first half, its length, its text)."""


def check(lane: Lane, allowed: Allowed) -> Iterator[Diagnostic]:
    """Each recipient of the plan that is almost another recipient of the plan, or of its campaigns."""
    search = _Search()
    rows: dict[str, Change] = {}
    for change in lane.paying:
        rows.setdefault(change.identity.recipient, change)
    excused = {
        change.identity.recipient for change in lane.paying if "near-duplicate" in allowed.get(change.bonus_id, ())
    }
    for recipient in rows:
        other = search.like(recipient)
        search.add(recipient)
        if other is not None and recipient not in excused and other not in excused:
            yield _found(lane, rows[recipient], other, "is to be paid too")
            search.told.update((recipient, other))
    for recipient in _recorded(lane, rows):
        other = search.like(recipient)
        if other is not None and other not in excused and other not in search.told:
            yield _found(lane, rows[other], recipient, "was paid before")
            search.told.add(other)
    if search.exhausted:
        yield _partly(lane)


def _recorded(lane: Lane, rows: dict[str, Change]) -> Iterator[str]:
    """Recipients of the plan's campaigns that the plan does not pay, as they stream from the state."""
    if lane.ledger is None or lane.reader is None:
        return
    for campaign in dict.fromkeys(change.identity.campaign for change in rows.values()):
        for bonus in lane.reader.bonuses(lane.ledger.ledger, campaign):
            if bonus.recipient not in rows:
                yield bonus.recipient


class _Search:
    """The plan's recipients, to be asked which of them a text is almost. `told`: those that were found already."""

    def __init__(self) -> None:
        self.told: set[str] = set()
        self._folded: dict[str, str] = {}
        self._halves: defaultdict[Half, list[str]] = defaultdict(list)
        self._left = COMPARED_MAX

    @property
    def exhausted(self) -> bool:
        """Whether not everything was compared."""
        return self._left <= 0

    def add(self, text: str) -> None:
        """Take a recipient."""
        self._folded.setdefault(_fold(text), text)
        for half in _halves(text):
            self._halves[half].append(text)

    def like(self, text: str) -> str | None:
        """One that `text` is almost, but is not."""
        folded = self._folded.get(_fold(text))
        if folded is not None and folded != text:
            return folded
        for half in _halves(text):
            for other in self._halves.get(half, ()):
                if self._left <= 0:
                    return None
                self._left -= 1
                if one_apart(text, other):
                    return other
        return None


def _fold(text: str) -> str:
    return text.casefold().translate(_FOLD)


def _halves(text: str) -> Iterator[Half]:
    """The halves as they are cut for a partner of the same length, and for one that is a character shorter."""
    if len(text) < LENGTH_MIN:
        return
    for length in dict.fromkeys((len(text) // 2, (len(text) - 1) // 2)):
        yield True, length, text[:length]
        yield False, length, text[-length:]


def one_apart(one: str, other: str) -> bool:
    """Whether exactly one character is another, or is there in one text alone."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    short, long = sorted((one, other), key=len)
    at = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[at + (len(short) == len(long)) :] == long[at + 1 :]


def _found(lane: Lane, change: Change, other: str, state: str) -> Diagnostic:
    who = change.identity.recipient
    how = "by one character" if _fold(who) != _fold(other) else "only by case, or by a zero and an O"
    return finding(
        lane.policies.near_duplicates,
        "near-duplicate",
        f"{change.address}: recipient {who} differs {how} from {other}, who {state}",
        change=change,
        detail="A slip of the hand would pay somebody else.",
        hint=f"Correct the recipient. {meant('near-duplicate')}",
        mentions=(other,),
    )


def _partly(lane: Lane) -> Diagnostic:
    first = lane.paying[0]
    return Diagnostic(
        severity=Severity.ERROR if lane.policies.near_duplicates is Rail.REFUSE else Severity.WARNING,
        code="near-duplicate-partly",
        summary="Not all recipients were compared with each other: too many of them share half of their id",
        detail=f"After {COMPARED_MAX:,} comparisons it was left off.",
        hint="Where ids are counted up, almost equal ones mean nothing:\n  near_duplicates: off",
        place=Place(first.path, first.line),
    )
