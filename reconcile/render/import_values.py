"""The end of an import, as text and as JSON: what was taken over, what fits several bonuses, what fits none."""

from collections.abc import Iterator, Sequence
from typing import Final

from reconcile import identity
from reconcile.money import Money, add, format_amount
from reconcile.plan.importing import Candidate, Matching
from reconcile.render.safe import visible
from reconcile.render.table import table
from reconcile.times import format_time

ROWS_MAX: Final = 100


def render_matching_text(matching: Matching, currency: str, *, ours: int, limit_rows: int = ROWS_MAX) -> str:
    """What was matched and what was not, with a line end. `ours`: payments with our marker, which a refresh adopts."""
    blocks = [
        list(_matched(matching, currency, limit_rows)),
        list(_ambiguous(matching, currency, limit_rows)),
        list(_unmatched(matching, currency, limit_rows)),
        [counts_text(matching, currency, ours=ours)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def counts_text(matching: Matching, currency: str, *, ours: int) -> str:
    """One line of figures."""
    total = Money(add(one.candidate.amount for one in matching.matched), currency)
    parts = [f"{len(matching.matched):,} matched ({total})" if matching.matched else "0 matched"]
    for count, words in (
        (len(matching.ambiguous), "ambiguous"),
        (len(matching.unmatched), "unmatched"),
        (len(matching.already), "recorded already"),
        (ours, "made by bonusctl"),
    ):
        if count:
            parts.append(f"{count:,} {words}")
    return f"Payments: {', '.join(parts)}."


def matching_json(matching: Matching, *, ours: int) -> dict[str, object]:
    """The lists and their figures."""
    return {
        "summary": {
            "matched": len(matching.matched),
            "ambiguous": len(matching.ambiguous),
            "unmatched": len(matching.unmatched),
            "already": len(matching.already),
            "ours": ours,
            "total": format_amount(add(one.candidate.amount for one in matching.matched)),
        },
        "matched": [
            {
                "address": one.change.address,
                "bonus_id": identity.to_text(one.change.bonus_id),
                "payment_id": identity.to_text(one.change.payment_id or b""),
                **_candidate_json(one.candidate),
            }
            for one in matching.matched
        ],
        "ambiguous": [
            {**_candidate_json(one.candidate), "addresses": list(one.addresses)} for one in matching.ambiguous
        ],
        "unmatched": [{**_candidate_json(one.candidate), "why": one.why} for one in matching.unmatched],
    }


def _candidate_json(candidate: Candidate) -> dict[str, object]:
    return {
        "recipient": candidate.recipient,
        "assignment_id": candidate.assignment_id or None,
        "amount": format_amount(candidate.amount),
        "remote_id": candidate.remote_id or None,
        "created": None if candidate.created_ms is None else format_time(candidate.created_ms),
        "where": candidate.where or None,
    }


def _matched(matching: Matching, currency: str, limit: int) -> Iterator[str]:
    if not matching.matched:
        return
    shown = matching.matched[:limit]
    cells = [
        (visible(one.change.address), str(Money(one.candidate.amount, currency)), *_origin(one.candidate))
        for one in shown
    ]
    yield from table(("BONUS", "AMOUNT", "PAYMENT", "MADE (UTC)"), cells, right=(1,))
    yield from _more(matching.matched, shown)


def _ambiguous(matching: Matching, currency: str, limit: int) -> Iterator[str]:
    if not matching.ambiguous:
        return
    yield "Ambiguous: fewer payments than bonuses that they fit, so none of these is taken over"
    shown = matching.ambiguous[:limit]
    for one in shown:
        fitting = ", ".join(visible(address) for address in one.addresses[:3])
        more = f" and {len(one.addresses) - 3:,} more" if len(one.addresses) > 3 else ""
        yield f"  {_name(one.candidate, currency)}: {fitting}{more}"
    yield from _more(matching.ambiguous, shown)


def _unmatched(matching: Matching, currency: str, limit: int) -> Iterator[str]:
    if not matching.unmatched:
        return
    yield "Unmatched"
    shown = matching.unmatched[:limit]
    yield from (f"  {_name(one.candidate, currency)}: {one.why}" for one in shown)
    yield from _more(matching.unmatched, shown)


def _origin(candidate: Candidate) -> tuple[str, str]:
    made = "-" if candidate.created_ms is None else format_time(candidate.created_ms)[:19].replace("T", " ")
    return visible(candidate.remote_id or candidate.where), made


def _name(candidate: Candidate, currency: str) -> str:
    whom = visible("/".join(part for part in (candidate.recipient, candidate.assignment_id) if part))
    return f"{visible(candidate.remote_id or candidate.where)}, {Money(candidate.amount, currency)} to {whom}"


def _more(rows: Sequence[object], shown: Sequence[object]) -> Iterator[str]:
    if len(rows) > len(shown):
        yield f"  … and {len(rows) - len(shown):,} more (--format json lists all)"
