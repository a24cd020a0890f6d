"""What changed since an older plan, for reviewers: as blocks, and as lines for a terminal."""

from collections.abc import Iterator, Sequence
from typing import Final

from reconcile.plan.compare import Altered, Difference, Redirected
from reconcile.plan.explain import text_differences
from reconcile.plan.model import Change
from reconcile.render.blocks import Block, Callout, Heading, Line, Mono, Para, Table, shortened
from reconcile.render.review_rows import NAME_MAX, names
from reconcile.render.safe import visible
from reconcile.render.style import Style

ROWS_MAX: Final = 200
# Saying what differs in a text costs more than a row: for so many it is said.
_EXPLAINED_MAX: Final = 50
_NOTE_MAX: Final = 300
_SIGNS: Final = {"added": ("+", "green"), "gone": ("-", "cyan"), "amount": ("~", "yellow"), "texts": ("~", "yellow")}

Row = tuple[str, Change, str]
"""(what changed, the payment, words about it)"""


def difference_blocks(diff: Difference, rows_max: int) -> Iterator[Block]:
    """The section of a review."""
    yield Heading(3, ("Since the plan before",))
    if diff.redirected:
        shown_lines = tuple(map(_redirected_line, diff.redirected[: max(1, min(rows_max, 20))]))
        rest: tuple[Line, ...] = ((f"… and {len(diff.redirected) - len(shown_lines):,} more.",),)
        yield Callout("danger", (*shown_lines, *(rest if len(diff.redirected) > len(shown_lines) else ())))
    yield Para((headline(diff),))
    rows = _rows(diff)
    shown = rows[:rows_max]
    if shown:
        heads = ("Change", "Campaign", "Recipient", "Assignment", "Key", "Amount", "What")
        yield Table(heads, tuple(map(_row, shown)), frozenset({5}))
    if len(rows) > len(shown):
        yield Para((f"… and {len(rows) - len(shown):,} more changes, left out for length.",))


def difference_lines(diff: Difference, style: Style) -> Iterator[str]:
    """The section of a plan as text."""
    yield style.paint("Since the plan before", "bold")
    for one in diff.redirected:
        words = f"! {visible(one.name)}: {one.what} {visible(one.was) or 'none'} → {visible(one.now) or 'none'}"
        yield f"  {style.paint(words, 'bold', 'red')}"
    rows = _rows(diff)
    for kind, change, words in rows[:ROWS_MAX]:
        sign, color = _SIGNS[kind]
        yield f"  {style.paint(f'{sign} {visible(change.address)}', color)}  {visible(words)}"
    if len(rows) > ROWS_MAX:
        yield f"  … and {len(rows) - ROWS_MAX:,} more changes"
    yield f"  {headline(diff)}"


def headline(diff: Difference) -> str:
    """One sentence with the figures."""
    parts = [
        f"{count:,} {word}"
        for count, word in (
            (len(diff.added), "added"),
            (len(diff.gone), "gone"),
            (len(diff.amounts), "with another amount"),
            (len(diff.texts), "with other texts"),
        )
        if count
    ]
    if not parts:
        same = "the same digest" if diff.same else "another digest"
        return f"The same payments: {diff.unchanged:,}, {same}."
    money = "".join(f"; {was:,} → {now:,} {currency}" for currency, was, now in diff.totals)
    return f"{', '.join(parts)}; {diff.unchanged:,} as before{money}."


def _rows(diff: Difference) -> list[Row]:
    rows: list[Row] = [
        ("amount", one.now, f"{one.was.amount:,} → {one.now.amount:,} {one.now.currency}") for one in diff.amounts
    ]
    rows += [("added", change, f"{change.amount:,} {change.currency}") for change in diff.added]
    rows += [("texts", one.now, words) for one, words in zip(diff.texts, _explained(diff.texts), strict=True)]
    rows += [("gone", one.change, one.why) for one in diff.gone]
    return rows


def _explained(altered: Sequence[Altered]) -> Iterator[str]:
    for number, one in enumerate(altered):
        found = text_differences(one.was.texts, one.now.texts) if number < _EXPLAINED_MAX else ()
        yield "; ".join(found) or "other texts"


def _row(row: Row) -> tuple[Line, ...]:
    kind, change, words = row
    amount = f"{change.amount:,} {change.currency}"
    note = "" if words == amount else shortened(words, _NOTE_MAX)
    return (kind,), *names(change), (amount,), (Mono(note),)


def _redirected_line(one: Redirected) -> Line:
    was, now = (Mono(shortened(text, NAME_MAX) or "none") for text in (one.was, one.now))
    return Mono(shortened(one.name, NAME_MAX)), f": its {one.what} was ", was, ", is now ", now
