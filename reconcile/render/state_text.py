"""The state for people: `state list`, `state show`, `status` and `history` as tables."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Final

from reconcile import identity
from reconcile.model import public_status
from reconcile.money import Money, canonical, format_amount
from reconcile.render.safe import visible
from reconcile.render.state_values import BonusRow, CampaignRow, StatusNotes, address_of, totals_by_currency
from reconcile.render.table import aligned, table, widest
from reconcile.state.ledger import RunRecord
from reconcile.times import format_time

_BONUS_HEADS: Final = ("ADDRESS", "STATUS", "DESIRED", "ISSUED", "")
_PAGE: Final = 1_000

# Codes of ours, where the message is not the provider's.
_SAID = {"resolved": "decided      ", "imported": "taken over   "}
_STATUS_WORDS = {"issued": "issued", "in_doubt": "in doubt", "rejected": "rejected", "planned": "planned"}


def render_bonuses_text(rows: Iterable[BonusRow]) -> Iterator[str]:
    """One line a bonus. A long list comes in pieces: its columns are as wide as its first thousand lines need, and wider
    from where more is needed.
    """
    remaining, widths = iter(rows), (0,) * len(_BONUS_HEADS)
    lines: list[tuple[str, ...]] = [_BONUS_HEADS]
    while page := [_bonus_cells(row) for row in islice(remaining, _PAGE)]:
        lines += page
        widths = widest(lines, widths)
        yield _lines(aligned(lines, widths, right=(2, 3)))
        lines = []
    if lines:
        yield "No bonus is recorded or desired.\n"


def _bonus_cells(row: BonusRow) -> tuple[str, ...]:
    return (
        visible(row.address),
        _status(row),
        "-" if row.desired is None else format_amount(row.desired),
        format_amount(row.issued),
        row.currency,
    )


def _status(row: BonusRow) -> str:
    formerly = f", formerly {visible(row.formerly)}" if row.formerly else ""
    return f"{_STATUS_WORDS[row.status]}{', accepted' if row.accepted else ''}{formerly}"


def render_bonus_text(row: BonusRow) -> str:
    """One bonus with its payments."""
    desired = "not by these specs" if row.desired is None else str(Money(row.desired, row.currency))
    lines = [
        visible(row.address),
        f"  bonus id   {identity.to_text(row.bonus_id)}",
        f"  provider   {visible(row.provider)}",
        f"  status     {_STATUS_WORDS[row.status]}",
        f"  desired    {desired}",
        f"  issued     {Money(row.issued, row.currency)}",
    ]
    if row.formerly:
        lines.append(f"  formerly   {visible(row.formerly)}")
    if row.accepted is not None:
        what = f"as rejected ({visible(row.accepted.code)})" if row.accepted.code else "as it is"
        by = f"by {visible(row.accepted.actor)}, {format_time(row.accepted.at_ms)}"
        lines.append(f"  accepted   {what} {by}: {visible(row.accepted.reason)}")
    for payment in row.payments:
        status = _STATUS_WORDS[public_status(payment.status, sent=payment.sent)]
        lines.append("")
        was = address_of(payment)
        name = f" as {visible(was)}" if was != row.address else ""
        lines.append(f"  Payment {payment.sequence}: {Money(payment.amount, row.currency)}, {status}{name}")
        lines.append(f"    payment id    {identity.to_text(payment.payment_id)}")
        if payment.operation_id is not None:
            lines.append(f"    operation id  {identity.to_text(payment.operation_id)}")
        if payment.remote_id:
            lines.append(f"    remote id     {visible(payment.remote_id)}")
        if payment.created_ms is not None:
            lines.append(f"    issued at     {format_time(payment.created_ms)}")
        if payment.code or payment.message:
            said = _SAID.get(payment.code, "provider said")
            lines.append(f"    {said} {visible(': '.join(filter(None, (payment.code, payment.message))))}")
    return _lines(lines)


def render_status_text(rows: Iterable[CampaignRow], notes: StatusNotes) -> str:
    """One line a campaign, the totals by currency, and what stands beside them."""
    rows = tuple(rows)
    cells = [
        (
            visible(row.campaign),
            f"{row.desired:,}",
            f"{row.issued:,}",
            f"{row.to_issue:,}",
            f"{row.in_doubt:,}",
            f"{row.rejected:,}",
            f"{row.conflict:,}",
            f"{row.orphaned:,}",
            _grouped(row.issued_amount),
            _grouped(row.amount),
            _budget(row.budget_left),
            row.currency,
        )
        for row in rows
    ]
    if not cells:
        return "No campaign is recorded or desired.\n"
    heads = ("CAMPAIGN", "DESIRED", "ISSUED", "TO ISSUE", "IN DOUBT", "REJECTED", "CONFLICT", "ORPHANED")
    lines = table((*heads, "PAID", "TO PAY", "BUDGET LEFT", ""), cells, right=range(1, 11))
    if len(rows) > 1:
        lines.append("")
        for total in totals_by_currency(rows):
            paid, left = _grouped(total.issued_amount), _grouped(total.amount)
            lines.append(f"Total: {paid} {total.currency} paid, {left} {total.currency} to pay")
    accepted = sum(row.accepted for row in rows)
    if accepted:
        lines += ["", f"{accepted:,} of them accepted as they are, not as the specs ask: `bonusctl state list`."]
    rejected = sum(row.rejected for row in rows)
    if rejected:
        lines += [
            "",
            f"{rejected:,} rejected: what is still to be issued of it counts under TO ISSUE too, and is tried again.",
        ]
    return _lines([*lines, *_notes(notes)])


def _notes(notes: StatusNotes) -> Iterator[str]:
    if notes.open_operations:
        yield ""
        are = "operation is" if notes.open_operations == 1 else "operations are"
        yield f"{notes.open_operations:,} {are} open: `bonusctl refresh` settles what can be settled."
    if notes.held:
        yield ""
        yield f"{notes.held:,} of what is to issue the last apply held back: a payment that this state does not know may be it."
        yield "`bonusctl apply` names each; `bonusctl state resolve ADDRESS` says whose the payment is."
    if notes.unattributed:
        yield ""
        belong = "payment of ours belongs" if notes.unattributed == 1 else "payments of ours belong"
        yield f"{notes.unattributed:,} {belong} to no bonus that the state knows."
    if notes.nobodys:
        yield ""
        are = "payment is" if notes.nobodys == 1 else "payments are"
        yield f"{notes.nobodys:,} {are} known as nobody's bonus, as a person said: `bonusctl history`."


def render_history_text(runs: Iterable[RunRecord]) -> str:
    """One line a run, newest first."""
    cells = [
        (
            visible(run.run_id[:8]),
            format_time(run.started_ms)[:19].replace("T", " "),
            visible(run.command),
            _outcome(run),
            counted(run.issued, run.paid),
            counted(run.adopted, run.found),
            visible(run.actor),
            f"{run.commit[:10]}{'-dirty' if run.dirty else ''}" or "-",
            visible(run.pull_request) or "-",
            run.plan_digest.removeprefix("sha256:")[:12] or "-",
        )
        for run in runs
    ]
    if not cells:
        return "No run is recorded yet.\n"
    heads = ("RUN", "STARTED (UTC)", "COMMAND", "OUTCOME", "ISSUED", "FOUND", "WHO", "COMMIT", "PULL REQUEST", "DIGEST")
    return _lines(table(heads, cells, right=(4, 5)))


def counted(payments: int, money: Iterable[tuple[str, Decimal]]) -> str:
    """So many payments and their money: `64 (16.60 USD)`, or `-` for none."""
    if not payments:
        return "-"
    return f"{payments:,} ({', '.join(f'{format_amount(amount)} {currency}' for currency, amount in money) or '?'})"


def _outcome(run: RunRecord) -> str:
    if run.ended_ms is None:
        return "cut off or running"
    left = run.rejected + run.in_doubt + run.not_sent
    return f"{run.outcome} ({left:,} left)" if left else run.outcome


def _budget(left: Decimal | None) -> str:
    if left is None:
        return "-"
    return _grouped(left) if left >= 0 else f"-{_grouped(-left)}"


def _grouped(amount: Decimal) -> str:
    """For people, as plans show it: 4,745.01."""
    return f"{canonical(amount):,}"


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
