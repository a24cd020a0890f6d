"""`plan --format markdown` and `html`: the same review, written two ways, cut honestly where a comment has a limit."""

from collections.abc import Callable, Iterator
from typing import Final

from reconcile.plan.compare import Difference
from reconcile.plan.model import Plan
from reconcile.render.html import html
from reconcile.render.markdown import markdown
from reconcile.render.review import review

MARKDOWN_CHARS_MAX: Final = 65_536
"""What a comment on GitHub holds."""
CHARS_MIN: Final = 4_000
"""The figures, the digest and what must not be overlooked take so much at most."""
# The shortest row there can be: past so many rows nothing fits any more, so they are not even written.
_ROW_CHARS_MIN: Final = 30


def render_plan_markdown(plan: Plan, *, max_chars: int = MARKDOWN_CHARS_MAX, diff: Difference | None = None) -> str:
    """The review as Markdown of at most `max_chars` characters: as many rows of every list as fit, the rest counted."""

    def write(rows_max: int) -> str:
        return markdown(review(plan, rows_max=rows_max, diff=diff))

    return _fitting(write, len(plan.changes) + len(plan.in_doubt), max_chars)


def render_plan_html(plan: Plan, *, max_chars: int | None = None, diff: Difference | None = None) -> Iterator[str]:
    """The review as one HTML file, in pieces; whole, unless `max_chars` is given."""
    every = len(plan.changes) + len(plan.in_doubt) + (0 if diff is None else len(diff.gone))

    def write(rows_max: int) -> str:
        return "".join(html("Bonus plan", review(plan, rows_max=rows_max, diff=diff)))

    if max_chars is None:
        yield from html("Bonus plan", review(plan, rows_max=max(every, 1_000), diff=diff))
    else:
        yield _fitting(write, every, max_chars)


def _fitting(write: Callable[[int], str], rows: int, max_chars: int) -> str:
    """The text with the most rows that is not longer. Without any row it may be: then there is no shorter one."""
    most = min(max(rows, 1_000), max_chars // _ROW_CHARS_MIN)
    text = write(most)
    if len(text) <= max_chars:
        return text
    fits, too_many, best = 0, most, write(0)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        text = write(middle)
        if len(text) <= max_chars:
            fits, best = middle, text
        else:
            too_many = middle
    return best
