"""Identities that stand twice, over all files of a run. Only 16 bytes are kept for each bonus: the places of those
that stand twice are found by reading the specs once more, which happens only when there is an error to report.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from reconcile.diagnostics import Diagnostics
from reconcile.model import ID_BYTES, Desired
from reconcile.spec.files import DATA_BYTES_MAX, open_regular
from reconcile.spec.report import Report

_SMALL: Final = 1_600_000
"""Bytes of a hundred thousand ids."""
_INDENT: Final = re.compile(r"[\s-]*")


class Doubles:
    """Meets every bonus; `found` tells once an identity, or a claim to a former one, was met twice.

    `ids` are those met, one behind the other: in a set a million of them would take six times as much.
    """

    def __init__(self) -> None:
        self.ids = bytearray()
        self._former: set[bytes] = set()
        self._claimed_twice: set[bytes] = set()

    def meet(self, desired: Desired) -> None:
        """Take note of a bonus."""
        self.ids += desired.bonus_id
        if desired.formerly is not None:
            former = desired.formerly.bonus_id
            (self._claimed_twice if former in self._former else self._former).add(former)

    def meet_all(self, bonus_ids: Sequence[bytes]) -> None:
        """Take note of bonuses without former identities."""
        self.ids += b"".join(bonus_ids)

    @property
    def found(self) -> bool:
        """Whether there may be something to report: two ids that share their first half count as one here."""
        if self._claimed_twice or (self._former and not self._former.isdisjoint(self._each())):
            return True
        halves = array("Q", bytes(self.ids))[::2]
        if len(self.ids) <= _SMALL:
            return len(set(halves)) < len(halves)
        # In parts, so that only a part of them is there as numbers at a time.
        different = sum(len({half for half in halves if half & 1 == part}) for part in (0, 1))
        return different < len(halves)

    def _each(self) -> Iterator[bytes]:
        return (bytes(self.ids[at : at + ID_BYTES]) for at in range(0, len(self.ids), ID_BYTES))

    def _twice(self) -> tuple[set[bytes], set[bytes]]:
        """(every identity that was met, those that were met twice)."""
        met: set[bytes] = set()
        twice: set[bytes] = set()
        for bonus_id in self._each():
            (twice if bonus_id in met else met).add(bonus_id)
        return met, twice

    def report(self, bonuses: Iterable[Desired], diagnostics: Diagnostics) -> None:
        """Report every double with both places; `bonuses` are all of them, again."""
        met, twice = self._twice()
        held = met & self._former
        first: dict[bytes, Desired] = {}
        claims: dict[bytes, Desired] = {}
        with _Places(diagnostics) as places:
            for desired in bonuses:
                bonus_id = desired.bonus_id
                if bonus_id in twice or bonus_id in held:
                    earlier = first.setdefault(bonus_id, desired)
                    if earlier is not desired:
                        places.twice(desired, earlier)
                former = b"" if desired.formerly is None else desired.formerly.bonus_id
                if former in self._claimed_twice or former in held:
                    claim = claims.setdefault(former, desired)
                    if claim is not desired:
                        places.claimed_twice(desired, claim)
            for former, claim in claims.items():
                if former in first:
                    places.still_asked_for(claim, first[former])


class _Places:
    """Reports at the place of a bonus, in whatever file it stands."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._diagnostics = diagnostics
        self._reports: dict[str, Report] = {}
        self._shared: set[tuple[str, str, str]] = set()

    def twice(self, desired: Desired, earlier: Desired) -> None:
        of_a_data_file = desired.path != desired.campaign.path
        if of_a_data_file and (desired.path, desired.line) == (earlier.path, earlier.line):
            self._read_twice(desired, earlier)
            return
        self._error(
            "duplicate-bonus",
            desired,
            f"The bonus {desired.address} stands twice",
            f"It stands in {earlier.path}:{earlier.line} too. One identity is paid once, whatever the amounts.",
            "Give one of the two a `key` if both are meant, or take one away.",
        )

    def _read_twice(self, desired: Desired, earlier: Desired) -> None:
        """One row that was met twice: its data file is named twice. Said once, not for each of its rows."""
        one, other = earlier.campaign.path, desired.campaign.path
        if (desired.path, one, other) in self._shared:
            return
        self._shared.add((desired.path, one, other))
        who = f"{one} takes the rows of {desired.path} twice"
        if one != other:
            who = f"{one} and {other} both take the rows of {desired.path}"
        self._error(
            "duplicate-data-file",
            desired,
            who,
            f"So {desired.address} stands twice, and what else both ask for. One identity is paid once.",
            "Take `from` away in one place, or name there the data file that was meant.",
        )

    def claimed_twice(self, desired: Desired, earlier: Desired) -> None:
        assert desired.formerly is not None
        self._error(
            "duplicate-formerly",
            desired,
            f"Two bonuses were formerly {desired.formerly.address}",
            f"{earlier.path}:{earlier.line} says so too. What was paid then counts for one bonus alone.",
            "Leave `formerly` at the one that it is true for.",
        )

    def still_asked_for(self, claim: Desired, present: Desired) -> None:
        assert claim.formerly is not None
        itself = claim.bonus_id == present.bonus_id
        self._error(
            "formerly-itself" if itself else "formerly-present",
            claim,
            "`formerly` names the bonus itself"
            if itself
            else f"This bonus was formerly {claim.formerly.address}, which is still asked for",
            "" if itself else f"It stands in {present.path}:{present.line}. What was paid then cannot count for both.",
            "Say what was different, or take `formerly` away." if itself else "Take one of the two away.",
        )

    def _error(self, code: str, desired: Desired, summary: str, detail: str, hint: str) -> None:
        report = self._reports.get(desired.path)
        if report is None:
            opener = partial(open_regular, Path(desired.path), bytes_max=DATA_BYTES_MAX)
            report = self._reports[desired.path] = Report(self._diagnostics, desired.path, opener)
        indent = None if report.full else _INDENT.match(report.line(desired.line))
        column = indent.end() + 1 if indent else 1
        report.error(code, summary, line=desired.line, column=column, detail=detail, hint=hint)

    def __enter__(self) -> "_Places":
        return self

    def __exit__(self, *_: object) -> None:
        for report in self._reports.values():
            report.close()
