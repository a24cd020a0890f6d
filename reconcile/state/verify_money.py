"""The money of each campaign, counted anew from its payments and its bonuses."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from reconcile.money import ZERO, format_amount
from reconcile.state import queries
from reconcile.state.findings import Findings
from reconcile.state.queries import Source


class _Sums(NamedTuple):
    issued: Decimal = ZERO
    issued_count: int = 0
    opened: Decimal = ZERO
    open_count: int = 0


def check_money(source: Source, findings: Findings) -> None:
    """The money of each campaign, counted once from its payments and once from its bonuses."""
    payments, bonuses = _sums(_payment_sums(source)), _sums(_bonus_sums(source))
    for campaign, issued, in_doubt in source.rows("SELECT campaign, issued, in_doubt FROM campaigns ORDER BY campaign"):
        counted = payments.get(campaign, _Sums())
        if bonuses.get(campaign, _Sums()) != counted:
            findings.add("bonuses", campaign, "sums", counted, bonuses.get(campaign, _Sums()))
        for column, expected, found in (("issued", counted.issued, issued), ("in_doubt", counted.opened, in_doubt)):
            if format_amount(expected) != found:
                findings.add("campaigns", campaign, column, format_amount(expected), found)


def _payment_sums(source: Source) -> Iterator[tuple[int, _Sums]]:
    amounts = queries.Amounts()
    for campaign, status, amount, count in source.rows(
        "SELECT campaign, status, amount, count(*) FROM payments "
        "WHERE campaign IS NOT NULL AND status IN ('issued', 'prepared') GROUP BY campaign, status, amount"
    ):
        total = amounts[amount] * count
        yield (
            campaign,
            _Sums(issued=total, issued_count=count) if status == "issued" else _Sums(opened=total, open_count=count),
        )


def _bonus_sums(source: Source) -> Iterator[tuple[int, _Sums]]:
    amounts = queries.Amounts()
    for campaign, issued, opened, count, issued_count, open_count in source.rows(
        "SELECT campaign, issued, open_amount, count(*), sum(issued_count), sum(open_count) "
        "FROM bonuses GROUP BY campaign, issued, open_amount"
    ):
        yield campaign, _Sums(amounts[issued] * count, issued_count, amounts[opened] * count, open_count)


def _sums(parts: Iterator[tuple[int, _Sums]]) -> dict[int, _Sums]:
    totals: dict[int, _Sums] = {}
    for campaign, part in parts:
        before = totals.get(campaign, _Sums())
        totals[campaign] = _Sums(
            before.issued + part.issued,
            before.issued_count + part.issued_count,
            before.opened + part.opened,
            before.open_count + part.open_count,
        )
    return totals
