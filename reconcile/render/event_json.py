"""What happens in an apply, as JSON documents of one line each, in the order in which it became durable.

Every line has `format_version` and `event`; the last one of a run that came to its end is `report`.
"""

from reconcile import identity
from reconcile.money import Money, format_amount
from reconcile.protocol.report import LeftBonus, Paid, Report
from reconcile.render.report_json import render_report_rest


def phase_event(text: str) -> dict[str, object]:
    """A step of the run begins."""
    return _event("phase", text=text)


def note_event(text: str) -> dict[str, object]:
    """Something a person should know."""
    return _event("note", text=text)


def paying_event(provider: str, *, payments: int, amount: Money) -> dict[str, object]:
    """Sending begins."""
    return _event(
        "paying", provider=provider, payments=payments, amount=format_amount(amount.amount), currency=amount.currency
    )


def issued_event(paid: Paid) -> dict[str, object]:
    """A payment is proved issued: `adopted` where it was found and not sent by this state."""
    return _event(
        "adopted" if paid.adopted else "issued",
        address=paid.address,
        payment_id=identity.to_text(paid.payment_id),
        provider=paid.provider,
        amount=format_amount(paid.amount),
        currency=paid.currency,
        remote_id=paid.remote_id,
    )


def rejected_event(left: LeftBonus) -> dict[str, object]:
    """The provider refused a payment."""
    return _event(
        "rejected",
        address=left.address,
        bonus_id=identity.to_text(left.bonus_id),
        provider=left.provider,
        amount=format_amount(left.amount),
        currency=left.currency,
        code=left.code,
        message=left.message,
        request_id=left.request_id or None,
    )


def ending_event(report: Report) -> dict[str, object]:
    """The report without what was paid: each payment had a line of its own when it was settled or found."""
    return {**_event("report"), **render_report_rest(report)}


def _event(name: str, **fields: object) -> dict[str, object]:
    return {"format_version": 1, "event": name, **fields}
