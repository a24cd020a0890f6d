"""What an apply says without the people in it: its progress, its report, and the reason why it was refused.

As in a masked plan, ids of recipients and assignments become keyed hashes wherever they stand, and the ids that are made
from them with them. The provider's own ids stay, except where it makes them from an assignment; so does every figure.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from reconcile.errors import BonusctlError, InvalidInput, ProviderError
from reconcile.model import parse_address
from reconcile.protocol.report import LeftBonus, Missing, Paid, Report
from reconcile.render.mask import Masker, Masking, ids_of, withheld


def mask_report(report: Report, masker: Masker) -> Report:
    """The report to be shown. Its plan stays as it is: reports show nothing of it but counts."""
    ids = set() if report.plan is None else ids_of(report.plan)
    masking = Masking(masker, ids | report.mentions | set(_named(report)))
    clean, said, raw = masking.clean, masking.said, masker.raw

    def left(one: LeftBonus) -> LeftBonus:
        return one._replace(
            address=clean(one.address),
            bonus_id=raw(one.bonus_id),
            code=said(one.code),
            message=said(one.message),
            request_id=clean(one.request_id),
            advice=clean(one.advice),
        )

    def paid(one: Paid) -> Paid:
        address, remote_id = clean(one.address), clean(one.remote_id)
        return one._replace(address=address, payment_id=raw(one.payment_id), remote_id=remote_id)

    def missing(one: Missing) -> Missing:
        address, remote_id = clean(one.address), clean(one.remote_id)
        return one._replace(address=address, payment_id=raw(one.payment_id), remote_id=remote_id)

    return replace(
        report,
        paid=tuple(map(paid, report.paid)),
        left=tuple(map(left, report.left)),
        missing=tuple(map(missing, report.missing)),
        waits=tuple(one._replace(text=said(one.text)) for one in report.waits),
        alarms=tuple(map(said, report.alarms)),
        notes=tuple(map(said, report.notes)),
        mentions=frozenset(),
    )


def mask_sentence(text: str, masker: Masker, ids: Iterable[str]) -> str:
    """A sentence of a run's progress without these ids."""
    return Masking(masker, ids).said(text)


def mask_error(error: BonusctlError, masker: Masker, ids: Iterable[str]) -> BonusctlError:
    """The same error without these ids. Of specs with errors only kinds and places are left."""
    if isinstance(error, InvalidInput):
        return InvalidInput(error.summary, withheld(error.diagnostics))
    masking = Masking(masker, ids)
    # Other errors name accounts, whose ids have the form of a recipient's.
    clean: Callable[[str], str] = masking.said if isinstance(error, ProviderError) else masking.clean
    error.summary, error.detail, error.remedy = clean(error.summary), clean(error.detail), clean(error.remedy)
    return error


def _named(report: Report) -> Iterator[str]:
    """The ids in its addresses: payments that were found belong to people whom no spec may name any more."""
    for address in (one.address for rows in (report.left, report.paid, report.missing) for one in rows):
        parsed = parse_address(address)
        if parsed is not None:
            yield from (part for part in parsed[1:3] if part)
