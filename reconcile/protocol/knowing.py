"""Which payments of a listed page the state knows as the page shows them, found out for the whole page at once.

Known is a payment that the state calls issued under this remote id, with this amount, and whose marker names it rightly:
its bonus's id computed from recipient, assignment, campaign and key is the one that the state holds. Of such a payment
nothing is new. Whatever is not told so, for any reason, is left to who reads each payment by itself.
"""

import re
from collections.abc import Callable, Sequence
from struct import unpack
from typing import Final, NamedTuple

from reconcile.identity import many_bonus_ids
from reconcile.model import Marker, parse_marker
from reconcile.providers.columns import Columns
from reconcile.state.ledger import IssuedRow, Ledger

# A comment's end as we write it: a payment's id and a bracket. All ends of a page are looked at together.
_END: Final = 37
_ONE_END: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\]")
_ENDS: Final = re.compile(f"(?:{_ONE_END.pattern})*")
_NO_SIGNS: Final = {ord("-"): None, ord("]"): None}
_ANY_ID: Final = "00000000-0000-0000-0000-000000000000]"
_REMEMBERED_MAX: Final = 4_096
_NOTHING: Final = b""


class Known(NamedTuple):
    """`known` and `strange` are positions of a page; together they are all of it, each in the page's order."""

    known: Sequence[int]
    strange: Sequence[int]


class Knowing:
    """Tells the known from the strange, for one ledger and project. Reads the state once a page, and writes nothing."""

    def __init__(self, ledger: Ledger, number: int, project: str) -> None:
        self._ledger = ledger
        self._number = number
        self._project = project
        self._marks: dict[str, Marker | None] = {}
        self._makers: dict[str, Callable[[Sequence[bytes]], Sequence[bytes]]] = {}

    def tell(self, columns: Columns) -> Known:
        """What of a page is known."""
        places = range(len(columns.comments))
        marked = self._marked(columns)
        shown = self._shown(columns, marked)
        found = set(self._ledger.issued_rows(self._number, [row[0] for row in shown]))
        if len(shown) == len(places) and found.issuperset(shown):
            return Known(places, ())
        known = [place for place, row in zip(marked, shown, strict=True) if row in found]
        return Known(known, sorted(set(places).difference(known)))

    def _shown(self, columns: Columns, places: Sequence[int]) -> Sequence[IssuedRow]:
        """What the state would hold of each of these payments, whose comments end as ours do."""
        ends = "".join([columns.comments[place][-_END:] for place in places])
        ids = unpack("16s" * len(places), bytes.fromhex(ends.translate(_NO_SIGNS)))
        marks = [self._mark(columns.comments[place][:-_END]) for place in places]
        bonus_ids = self._bonus_ids(columns, places, marks)
        sequences = [mark.sequence if mark is not None else 0 for mark in marks]
        remote_ids = [columns.remote_ids[place] for place in places]
        amounts = [columns.amount_texts[place] for place in places]
        return list(zip(ids, bonus_ids, sequences, remote_ids, amounts, strict=True))

    def _marked(self, columns: Columns) -> Sequence[int]:
        """The positions whose comments end in an id and a bracket."""
        ends = [comment[-_END:] for comment in columns.comments]
        joined = "".join(ends)
        if len(joined) == _END * len(ends) and _ENDS.fullmatch(joined):
            return range(len(ends))
        return [place for place, end in enumerate(ends) if _ONE_END.fullmatch(end)]

    def _bonus_ids(self, columns: Columns, places: Sequence[int], marks: Sequence[Marker | None]) -> Sequence[bytes]:
        """The id of each one's bonus, made from what is listed; nothing where there is no marker, or where a text must be
        normalised first.
        """
        made = [_NOTHING] * len(places)
        for campaign in {mark.campaign for mark in set(marks) if mark is not None}:
            make = self._makers.get(campaign)
            if make is None:
                make = self._makers[campaign] = many_bonus_ids(self._project, campaign)
            names = [
                (row, f"{columns.recipients[place]}\x1f{columns.assignment_ids[place]}\x1f{mark.key}")
                for row, (place, mark) in enumerate(zip(places, marks, strict=True))
                if mark is not None and mark.campaign == campaign
            ]
            plain = [(row, name.encode()) for row, name in names if name.isascii()]
            for (row, _), bonus_id in zip(plain, make([name for _, name in plain]), strict=True):
                made[row] = bonus_id
        return made

    def _mark(self, start: str) -> Marker | None:
        """The marker of comments that begin so, with any id."""
        try:
            return self._marks[start]
        except KeyError:
            if len(self._marks) >= _REMEMBERED_MAX:
                self._marks.clear()
            mark = self._marks[start] = parse_marker(start + _ANY_ID)
            return mark
