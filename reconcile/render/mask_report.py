"""What an apply says without the people in it: its report, and the reason why it was refused.

As in a masked plan, ids of recipients and assignments become keyed hashes wherever they stand, and the ids that are made
from them with them. The provider's own ids and every figure stay.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconcile.errors import BonusctlError, InvalidInput
from reconcile.model import parse_address
from reconcile.protocol.report import LeftBonus, Report
from reconcile.render.mask import Masker, Masking, ids_of, withheld


def mask_report(report: Report, masker: Masker) -> Report:
    """The report to be shown. Its plan stays as it is: reports show nothing of it but counts."""
    ids = set() if report.plan is None else ids_of(report.plan)
    masking = Masking(masker, ids | set(_named(report)))
    clean, raw = masking.clean, masker.raw

    def left(one: LeftBonus) -> LeftBonus:
        return one._replace(
            address=clean(one.address),
            bonus_id=raw(one.bonus_id),
            message=clean(one.message),
            advice=clean(one.advice),
        )

    return replace(
        report,
        paid=tuple(one._replace(address=clean(one.address), payment_id=raw(one.payment_id)) for one in report.paid),
        left=tuple(map(left, report.left)),
        missing=tuple(
            one._replace(address=clean(one.address), payment_id=raw(one.payment_id)) for one in report.missing
        ),
        waits=tuple(one._replace(text=clean(one.text)) for one in report.waits),
        alarms=tuple(map(clean, report.alarms)),
        notes=tuple(map(clean, report.notes)),
    )


def mask_error(error: BonusctlError, masker: Masker, ids: Iterable[str]) -> BonusctlError:
    """The same error without these ids. Of specs with errors only kinds and places are left."""
    if isinstance(error, InvalidInput):
        return InvalidInput(error.summary, withheld(error.diagnostics))
    clean = Masking(masker, set(ids) - {""}).clean
    error.summary, error.detail, error.remedy = clean(error.summary), clean(error.detail), clean(error.remedy)
    return error


def _named(report: Report) -> Iterator[str]:
    """The ids in its addresses: payments that were found belong to people whom no spec may name any more."""
    for address in (one.address for rows in (report.left, report.paid, report.missing) for one in rows):
        parsed = parse_address(address)
        if parsed is not None:
            yield from (part for part in parsed[1:3] if part)
