"""The end of an apply or a refresh for people: what was paid, what is left and why, what to do next."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from reconcile.money import Money
from reconcile.protocol.report import UNOWNED, Left, LeftBonus, Report
from reconcile.render.report_json import totals_of
from reconcile.render.safe import visible
from reconcile.render.style import Style
from reconcile.render.table import table
from reconcile.times import format_time

ROWS_MAX: Final = 100
ADVICE_MAX: Final = 10

WORDS: Final = {
    Left.REJECTED: "rejected by the provider",
    Left.IN_DOUBT: "in doubt: whether it was paid is not known yet",
    Left.CONFLICT: "in conflict with what was issued",
    Left.NOT_APPROVED: "not approved",
    Left.GATE: "waiting: requests of another life may still be in flight",
    Left.QUOTA: "waiting: a limit of requests is used up",
    Left.FUNDS: "waiting: the balance does not suffice",
    Left.LIMIT: "left for later by --limit",
    Left.UNREACHABLE: "not sent: the provider could not be reached",
    Left.REFUSED: "not sent: the provider refuses our requests",
    Left.INTERRUPTED: "not sent: the run was interrupted",
    Left.SCAN_FAILED: "not sent: the provider's list could not be read whole",
    Left.ASSIGNMENT: "not sent: its assignment does not bear it",
}
_NEXT: Final = {
    Left.REJECTED: "Correct what the provider rejected in the specs; the next apply tries again.",
    Left.IN_DOUBT: "Run `bonusctl apply` again later: it looks before it sends.",
    Left.CONFLICT: "Let the specs say what was paid, or allow top-ups: `bonusctl plan` explains each.",
    Left.NOT_APPROVED: "Plan again and approve that: `bonusctl plan --out FILE`.",
    Left.FUNDS: "Top up the account, then run `bonusctl apply` again.",
    Left.LIMIT: "Run `bonusctl apply` again for the rest.",
    Left.ASSIGNMENT: "Correct the assignments in the specs, or accept the work first; the next apply looks again.",
}


_HELD: Final = "in doubt: not sent, since a payment that this state does not know may be this bonus"
_HELD_NEXT: Final = (
    "Decide what waits for a payment that this state does not know: `bonusctl import --from-provider --since DATE` takes it "
    "over, `bonusctl state resolve ADDRESS --issued` or `--not-issued` says whose it is."
)


def render_report_text(report: Report, *, color: bool = False, limit_rows: int = ROWS_MAX) -> str:
    """The report as text, with a line end."""
    style = Style(color)
    groups = _groups(report, limit_rows)
    blocks = [
        list(_alarms(report, style)),
        list(_left(groups, style)),
        list(_waits(report)),
        list(_counts(report, style)),
        list(_advice(report, groups)),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _alarms(report: Report, style: Style) -> Iterator[str]:
    for alarm in report.alarms:
        yield f"{style.paint('Alarm:', 'red', 'bold')} {visible(alarm)}"


class _Group:
    """What is left for one reason: how many, the first of them, and what their codes mean."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[LeftBonus] = []
        # What a code means is said once, not beside each of ten thousand rows.
        self.advice: dict[tuple[str, str], None] = {}

    def take(self, left: LeftBonus, limit_rows: int) -> None:
        self.count += 1
        if len(self.first) < limit_rows:
            self.first.append(left)
        if left.advice and len(self.advice) < ADVICE_MAX:
            self.advice[left.code, left.advice] = None


def _groups(report: Report, limit_rows: int) -> dict[tuple[Left, bool], _Group]:
    """(why, whether it was held back) → what is left for it, in the order of the reasons. Reads the list once."""
    groups: defaultdict[tuple[Left, bool], _Group] = defaultdict(_Group)
    for left in report.left:
        groups[left.why, _is_held(left)].take(left, limit_rows)
    return {key: groups[key] for key in ((why, held) for why in Left for held in (False, True)) if key in groups}


def _left(groups: Mapping[tuple[Left, bool], _Group], style: Style) -> Iterator[str]:
    if not groups:
        return
    yield style.paint("Left", "bold")
    for (why, held), group in groups.items():
        yield f"  {group.count:,} {_HELD if held else WORDS[why]}"
        yield from _rows(group)
        yield from (f"    {visible(code)}: {visible(text)}" for code, text in group.advice)


def _is_held(left: LeftBonus) -> bool:
    return left.why is Left.IN_DOUBT and left.code == UNOWNED


def _rows(group: _Group) -> Iterator[str]:
    cells = [(visible(left.address), str(Money(left.amount, left.currency)), _said(left)) for left in group.first]
    yield from (f"    {line}" for line in table(("", "", ""), cells, right=(1,))[1:])
    if group.count > len(group.first):
        yield f"    … and {group.count - len(group.first):,} more (--format json lists all)"


def _said(left: LeftBonus) -> str:
    request = f" (request {left.request_id})" if left.request_id else ""
    code = "" if _is_held(left) else left.code
    return visible(": ".join(part for part in (code, left.message) if part) + request)


def _waits(report: Report) -> Iterator[str]:
    for wait in report.waits:
        until = "" if wait.until_ms is None else f" Come back after {format_time(wait.until_ms)}."
        yield f"{visible(wait.text).rstrip('.')}.{until}"
    yield from (visible(note) for note in report.notes)


def _counts(report: Report, style: Style) -> Iterator[str]:
    issued = len(report.issued())
    adopted = len(report.paid) - issued
    money = ", ".join(f"{amount} {code}" for code, amount in totals_of(report).items())
    if report.plan is None and not report.paid and not report.left:
        parts = ["nothing new"]
    else:
        parts = [f"{issued:,} issued" + (f" ({money})" if money else "")]
    if adopted:
        parts.append(f"{adopted:,} found paid at the provider and recorded")
    if report.plan is not None:
        parts.append(f"{report.unchanged:,} unchanged")
    if report.left:
        parts.append(f"{len(report.left):,} left")
    if report.withdrawn:
        parts.append(f"{report.withdrawn:,} approved and no longer asked for")
    if report.unattributed:
        parts.append(f"{report.unattributed:,} of ours that belong to no bonus of these specs")
    if report.nobodys:
        parts.append(f"{report.nobodys:,} known as nobody's bonus")
    word = "Interrupted" if report.interrupted else "Done" if report.exit_code == 0 else "Ended, with something left"
    paint = ("green", "bold") if report.exit_code == 0 else ("yellow", "bold")
    yield f"{style.paint(f'{word}:', *paint)} {', '.join(parts)}."
    if report.digest and report.plan is not None and report.plan.payments:
        yield style.paint(f"Approved set {report.digest}", "dim")


def _advice(report: Report, groups: Mapping[tuple[Left, bool], _Group]) -> Iterator[str]:
    yield from (text for why, text in _NEXT.items() if (why, False) in groups)
    if (Left.IN_DOUBT, True) in groups:
        yield _HELD_NEXT
    if report.interrupted:
        yield "Nothing is lost: run `bonusctl apply` again to go on."
