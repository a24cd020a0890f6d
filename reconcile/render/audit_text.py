"""What was paid, as text, JSON and CSV: one run with its payments, and sums over what was asked for."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from reconcile import identity
from reconcile.money import format_amount
from reconcile.render.audit_values import RunPaymentRow, Sum
from reconcile.render.safe import visible
from reconcile.render.state_json import FORMAT_VERSION, run_json
from reconcile.render.state_text import counted
from reconcile.render.table import table
from reconcile.state.ledger import RunRecord
from reconcile.times import format_time

# Spreadsheets take a cell that begins so for a formula; the wide forms too, in some locales.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

# The journal's word is adopted; people read the one of `history`'s column.
_HOW: Final = {"adopted": "found"}

# --- one run -------------------------------------------------------------------------------------------------------


def render_run_text(run: RunRecord, payments: Sequence[RunPaymentRow]) -> str:
    """Who, when, for which commit and pull request, under which digest, and each payment with the provider's id."""
    ended = "cut off or running" if run.ended_ms is None else f"{format_time(run.ended_ms)}, {run.outcome}"
    lines = [
        f"Run {run.run_id}",
        f"  command       {visible(run.command)} (bonusctl {visible(run.version)})",
        f"  who           {visible(run.actor)} on {visible(run.host)}",
        f"  started       {format_time(run.started_ms)}",
        f"  ended         {ended}",
        f"  git commit    {visible(run.git_commit) or '-'}",
        f"  pull request  {visible(run.pull_request) or '-'}",
        f"  digest        {visible(run.plan_digest) or '-'}",
        f"  issued        {counted(run.issued, run.paid)}",
        f"  found         {counted(run.adopted, run.found)}",
    ]
    cells = [
        (
            _HOW.get(one.how, one.how),
            _address(one),
            format_amount(one.payment.amount),
            one.currency,
            visible(one.payment.remote_id) or visible(one.payment.code) or "-",
            "-" if one.payment.created_ms is None else format_time(one.payment.created_ms),
        )
        for one in payments
    ]
    if cells:
        heads = ("OUTCOME", "ADDRESS", "AMOUNT", "", "PROVIDER'S ID", "MADE AT (UTC)")
        lines += ["", *table(heads, cells, right=(2,))]
    return "".join(f"{line}\n" for line in lines)


def render_run_json(run: RunRecord, payments: Iterable[RunPaymentRow]) -> dict[str, object]:
    """The same as a document."""
    return {"format_version": FORMAT_VERSION, "run": run_json(run), "payments": [_payment(one) for one in payments]}


def _payment(one: RunPaymentRow) -> dict[str, object]:
    payment = one.payment
    return {
        "outcome": one.how,
        "campaign": payment.campaign,
        "provider": one.provider,
        "recipient": payment.recipient,
        "assignment_id": payment.assignment_id or None,
        "key": payment.key or None,
        "payment_id": identity.to_text(payment.payment_id),
        "sequence": payment.sequence,
        "amount": format_amount(payment.amount),
        "currency": one.currency,
        "remote_id": payment.remote_id or None,
        "issued_at": None if payment.created_ms is None else format_time(payment.created_ms),
        "code": payment.code or None,
        "message": payment.message or None,
    }


def _address(one: RunPaymentRow) -> str:
    payment = one.payment
    assignment = f"/{payment.assignment_id}" if payment.assignment_id else ""
    key = f"#{payment.key}" if payment.key else ""
    return visible(f"{payment.campaign}/{payment.recipient}{assignment}{key}")


# --- sums ----------------------------------------------------------------------------------------------------------


def render_report_lines(sums: Sequence[Sum], by: Sequence[str]) -> str:
    """A table, and the total of each currency."""
    if not sums:
        return "Nothing was paid.\n"
    cells = [
        (*map(visible, one.names), _account(one), f"{one.payments:,}", f"{one.amount:,}", one.currency) for one in sums
    ]
    heads = (*(name.upper() for name in by), "ACCOUNT", "PAYMENTS", "AMOUNT", "")
    lines = table(heads, cells, right=(len(by) + 1, len(by) + 2))
    for currency in dict.fromkeys(one.currency for one in sums):
        mine = [one for one in sums if one.currency == currency]
        total = sum((one.amount for one in mine[1:]), mine[0].amount)
        count = sum(one.payments for one in mine)
        lines.append(f"In all {total:,} {currency} in {count:,} {'payment' if count == 1 else 'payments'}.")
    return "".join(f"{line}\n" for line in lines)


def render_report_document(sums: Iterable[Sum], by: Sequence[str]) -> dict[str, object]:
    """The sums as a document."""
    return {
        "format_version": FORMAT_VERSION,
        "by": list(by),
        "rows": [
            {
                **dict(zip(by, one.names, strict=True)),
                "provider": one.account.type,
                "environment": one.account.environment,
                "account": one.account.id,
                "payments": one.payments,
                "amount": format_amount(one.amount),
                "currency": one.currency,
            }
            for one in sums
        ],
    }


def render_report_csv(sums: Iterable[Sum], by: Sequence[str]) -> Iterator[str]:
    """Lines of CSV, the heads first. No cell is a formula to a spreadsheet."""
    yield _csv((*by, "provider", "environment", "account", "payments", "amount", "currency"))
    for one in sums:
        names = (*one.names, *one.account)
        yield _csv((*map(csv_cell, names), str(one.payments), format_amount(one.amount), csv_cell(one.currency)))


def csv_cell(text: str) -> str:
    """A text as a cell: what is unseen spelled out, and what would be a formula made text by an apostrophe."""
    shown = visible(text)
    return f"'{shown}" if text.startswith(_FORMULA) or shown.startswith(_FORMULA) else shown


def _csv(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _account(one: Sum) -> str:
    return visible(f"{one.account.type} {one.account.environment} {one.account.id}")
