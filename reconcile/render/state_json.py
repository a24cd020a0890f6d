"""The state as JSON: `state list`, `state show`, `status` and `history`."""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal

from reconcile import identity
from reconcile.model import public_status
from reconcile.money import format_amount
from reconcile.render.state_values import BonusRow, CampaignRow, StatusNotes, totals_by_currency
from reconcile.state.ledger import AcceptanceRecord, RecordedPayment, RunRecord
from reconcile.times import format_time

FORMAT_VERSION = 1


def render_bonuses_json(rows: Iterable[BonusRow]) -> Iterator[str]:
    """`{"format_version": 1, "bonuses": […]}`, one bonus a line, so that a long list streams."""
    yield f'{{"format_version": {FORMAT_VERSION}, "bonuses": ['
    separator = "\n"
    for row in rows:
        yield f"{separator}{json.dumps(bonus_json(row))}"
        separator = ",\n"
    yield "\n]}\n"


def bonus_json(row: BonusRow) -> dict[str, object]:
    """One bonus with its payments."""
    return {
        "address": row.address,
        "bonus_id": identity.to_text(row.bonus_id),
        "campaign": row.campaign,
        "provider": row.provider,
        "recipient": row.recipient,
        "assignment_id": row.assignment_id or None,
        "key": row.key or None,
        "formerly": row.formerly or None,
        "currency": row.currency,
        "desired_amount": _amount(row.desired),
        "issued_amount": _amount(row.issued),
        "status": row.status,
        "accepted": None if row.accepted is None else _accepted(row.accepted),
        "payments": [_payment(payment) for payment in row.payments],
    }


def render_status_json(rows: Iterable[CampaignRow], notes: StatusNotes) -> dict[str, object]:
    """The figures of every campaign."""
    rows = tuple(rows)
    return {
        "format_version": FORMAT_VERSION,
        "campaigns": [
            {name: _amount(value) if isinstance(value, Decimal) else value for name, value in row._asdict().items()}
            for row in rows
        ],
        "totals": {
            total.currency: {
                "issued_amount": format_amount(total.issued_amount),
                "amount": format_amount(total.amount),
            }
            for total in totals_by_currency(rows)
        },
        **notes._asdict(),
    }


def render_history_json(runs: Iterable[RunRecord]) -> dict[str, object]:
    """The runs, newest first."""
    return {"format_version": FORMAT_VERSION, "runs": [run_json(run) for run in runs]}


def run_json(run: RunRecord) -> dict[str, object]:
    """One run."""
    return {
        "run_id": run.run_id,
        "command": run.command,
        "actor": run.actor,
        "host": run.host,
        "git_commit": run.commit or None,
        "git_dirty": run.dirty,
        "pull_request": run.pull_request or None,
        "version": run.version,
        "started_at": format_time(run.started_ms),
        "ended_at": None if run.ended_ms is None else format_time(run.ended_ms),
        "outcome": run.outcome or None,
        "plan_digest": run.plan_digest or None,
        "issued": run.issued,
        "adopted": run.adopted,
        "rejected": run.rejected,
        "in_doubt": run.in_doubt,
        "not_sent": run.not_sent,
        "paid": _money(run.paid),
        "adopted_money": _money(run.found),
    }


def _money(sums: Iterable[tuple[str, Decimal]]) -> list[dict[str, str]]:
    return [{"currency": currency, "amount": format_amount(amount)} for currency, amount in sums]


def _accepted(record: AcceptanceRecord) -> dict[str, object]:
    return {
        "code": record.code or None,
        "reason": record.reason,
        "actor": record.actor,
        "accepted_at": format_time(record.at_ms),
    }


def _payment(payment: RecordedPayment) -> dict[str, object]:
    return {
        "payment_id": identity.to_text(payment.payment_id),
        "sequence": payment.sequence,
        "amount": format_amount(payment.amount),
        "status": public_status(payment.status, sent=payment.sent),
        "operation_id": None if payment.operation_id is None else identity.to_text(payment.operation_id),
        "remote_id": payment.remote_id or None,
        "issued_at": None if payment.created_ms is None else format_time(payment.created_ms),
        "code": payment.code or None,
        "message": payment.message or None,
    }


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else format_amount(amount)
