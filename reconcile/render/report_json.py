"""The end of an apply or a refresh as JSON."""

from reconcile import identity
from reconcile.money import add, format_amount
from reconcile.protocol.report import Left, LeftBonus, Missing, Paid, Report, Wait
from reconcile.times import format_time


def render_report_json(report: Report) -> dict[str, object]:
    """One document: the summary, what was paid, and each bonus that is left with its reason."""
    return {
        "format_version": 1,
        "run_id": report.run_id,
        "digest": report.digest or None,
        "exit_code": report.exit_code,
        "interrupted": report.interrupted,
        "summary": _summary(report),
        "rejected": [
            {
                "address": left.address,
                "code": left.code,
                "message": left.message,
                "request_id": left.request_id or None,
                "advice": left.advice or None,
            }
            for left in report.left
            if left.why is Left.REJECTED
        ],
        "left": [_left(left) for left in report.left],
        "paid": [_paid(paid) for paid in report.paid],
        "waits": [_wait(wait) for wait in report.waits],
        "alarms": list(report.alarms),
        "missing": [_missing(missing) for missing in report.missing],
        "notes": list(report.notes),
    }


def totals_of(paid: tuple[Paid, ...]) -> dict[str, str]:
    """Currency → amount, both as texts."""
    currencies = sorted({item.currency for item in paid})
    return {code: format_amount(add(item.amount for item in paid if item.currency == code)) for code in currencies}


def _summary(report: Report) -> dict[str, object]:
    totals = totals_of(report.issued())
    return {
        "issued": len(report.issued()),
        "rejected": report.count(Left.REJECTED),
        "in_doubt": report.count(Left.IN_DOUBT),
        "not_sent": report.not_sent(),
        "total_issued": _total(totals),
        "totals": totals,
        "adopted": len(report.paid) - len(report.issued()),
        "unchanged": report.unchanged,
        "accepted": 0 if report.plan is None else len(report.plan.accepted),
        "not_approved": report.count(Left.NOT_APPROVED),
        "withdrawn": report.withdrawn,
        "unattributed": report.unattributed,
        "nobodys": report.nobodys,
    }


def _total(totals: dict[str, str]) -> str | None:
    """The one currency's total; null where there are two."""
    if len(totals) > 1:
        return None
    return next(iter(totals.values()), "0.00")


def _left(left: LeftBonus) -> dict[str, object]:
    return {
        "address": left.address,
        "bonus_id": identity.to_text(left.bonus_id),
        "provider": left.provider,
        "amount": format_amount(left.amount),
        "currency": left.currency,
        "reason": left.why.value,
        "code": left.code,
        "message": left.message,
        "request_id": left.request_id or None,
        "advice": left.advice or None,
    }


def _paid(paid: Paid) -> dict[str, object]:
    return {
        "address": paid.address,
        "payment_id": identity.to_text(paid.payment_id),
        "provider": paid.provider,
        "amount": format_amount(paid.amount),
        "currency": paid.currency,
        "remote_id": paid.remote_id,
        "adopted": paid.adopted,
    }


def _missing(missing: Missing) -> dict[str, object]:
    return {
        "address": missing.address,
        "payment_id": identity.to_text(missing.payment_id),
        "provider": missing.provider,
        "amount": format_amount(missing.amount),
        "currency": missing.currency,
        "remote_id": missing.remote_id,
        "listed_amount": None if missing.listed is None else format_amount(missing.listed),
    }


def _wait(wait: Wait) -> dict[str, object]:
    until = None if wait.until_ms is None else format_time(wait.until_ms)
    return {"provider": wait.provider, "reason": wait.why.value, "text": wait.text, "until": until}
