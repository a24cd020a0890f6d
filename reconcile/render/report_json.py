"""The end of an apply or a refresh as JSON, made in pieces: a million payments are not there as one text."""

import json
from collections.abc import Iterator

from reconcile import identity
from reconcile.money import format_amount
from reconcile.protocol.report import Left, LeftBonus, Missing, Paid, Report, Wait
from reconcile.times import format_time


def render_report_json(report: Report) -> dict[str, object]:
    """One document: the summary, what was paid, and each bonus that is left with its reason."""
    return {key: list(part) if isinstance(part, Iterator) else part for key, part in _parts(report)}


def render_report_rest(report: Report) -> dict[str, object]:
    """The same without `paid`, for who heard of each payment when it was proved."""
    parts = (pair for pair in _parts(report) if pair[0] != "paid")
    return {key: list(part) if isinstance(part, Iterator) else part for key, part in parts}


def report_chunks(report: Report) -> Iterator[str]:
    """The text of the document, piece by piece: together what `json.dumps` with two blanks makes of the whole."""
    opening = "{"
    for key, part in _parts(report):
        yield f"{opening}\n  {json.dumps(key)}: "
        opening = ","
        if isinstance(part, Iterator):
            yield from _array(part)
        else:
            yield _text(part, "\n  ")
    yield "\n}\n"


def _array(items: Iterator[object]) -> Iterator[str]:
    opening = "["
    for item in items:
        yield f"{opening}\n    {_text(item, chr(10) + 4 * ' ')}"
        opening = ","
    yield "[]" if opening == "[" else "\n  ]"


def _text(value: object, line: str) -> str:
    """A value whose further lines begin with `line`: no text in JSON holds a line end of its own."""
    return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", line)


def _parts(report: Report) -> tuple[tuple[str, object], ...]:
    """The document's keys in order; lists that may be long as iterators."""
    return (
        ("format_version", 1),
        ("run_id", report.run_id),
        ("digest", report.digest or None),
        ("exit_code", report.exit_code),
        ("interrupted", report.interrupted),
        ("summary", _summary(report)),
        ("rejected", (_rejected(left) for left in _of(report, Left.REJECTED))),
        ("left", iter(map(_left, report.left))),
        ("paid", iter(map(_paid, report.paid))),
        ("waits", [_wait(wait) for wait in report.waits]),
        ("alarms", list(report.alarms)),
        ("missing", iter(map(_missing, report.missing))),
        ("notes", list(report.notes)),
    )


def _of(report: Report, why: Left) -> Iterator[LeftBonus]:
    """Those that are left for this reason. Where none is, a long list is not read for it."""
    return (left for left in (report.left if report.count(why) else ()) if left.why is why)


def totals_of(report: Report) -> dict[str, str]:
    """Currency → what was issued, both as texts."""
    return {currency: format_amount(amount) for currency, amount in report.sums().items()}


def _summary(report: Report) -> dict[str, object]:
    totals = totals_of(report)
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


def _rejected(left: LeftBonus) -> dict[str, object]:
    return {
        "address": left.address,
        "code": left.code,
        "message": left.message,
        "request_id": left.request_id or None,
        "advice": left.advice or None,
    }


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
