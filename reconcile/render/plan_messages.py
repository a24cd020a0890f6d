"""What workers will read: each distinct text of a plan once, with how many payments carry it."""

from collections.abc import Iterator
from typing import Final

from reconcile.model import Texts
from reconcile.plan.model import Plan
from reconcile.render.safe import visible
from reconcile.render.style import Style
from reconcile.render.texts import texts_of

SHOWN_MAX: Final = 10
_TEXT_MAX: Final = 300


def message_lines(plan: Plan, style: Style) -> Iterator[str]:
    """The section, nothing where nothing is paid."""
    messages = texts_of(plan.payments, SHOWN_MAX)
    if not messages.different:
        return
    yield style.paint("Texts", "bold")
    for texts, payments in messages.first:
        yield f"  {payments:,} {'payment' if payments == 1 else 'payments'}:{'' if texts else ' without any text'}"
        yield from _fields(texts)
    if messages.different > SHOWN_MAX:
        left_out = messages.different - SHOWN_MAX
        yield f"  … and {left_out:,} more different {'text' if left_out == 1 else 'texts'} (--format json lists all)"


def _fields(texts: Texts) -> Iterator[str]:
    for field, value in texts:
        if isinstance(value, bool):
            yield f"    {field}: {'true' if value else 'false'}"
        elif isinstance(value, str):
            yield f"    {field}: {_short(value)}"
        else:
            yield from (f"    {field} {visible(language)}: {_short(text)}" for language, text in value)


def _short(text: str) -> str:
    if len(text) <= _TEXT_MAX:
        return visible(text)
    return f"{visible(text[:_TEXT_MAX])}… ({len(text):,} characters)"
