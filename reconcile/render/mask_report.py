"""What an apply says without the people in it: its progress, its report, and the reason why it was refused.

As in a masked plan, ids of recipients and assignments become keyed hashes wherever they stand, and the ids that are made
from them with them. The provider's own ids stay, except where it makes them from an assignment; so does every figure.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from typing import TypeVar

from reconcile.errors import BonusctlError, InvalidInput, ProviderError
from reconcile.model import parse_address
from reconcile.protocol.report import LeftBonus, LeftRows, Missing, Paid, PaidRows, Report
from reconcile.render.mask import Masker, Masking, ids_of, withheld

T = TypeVar("T", Paid, LeftBonus)


def mask_report(report: Report, masker: Masker) -> Report:
    """The report to be shown. Its plan stays as it is: reports show nothing of it but counts."""
    ids = set() if report.plan is None else ids_of(report.plan)
    masking = Masking(masker, ids | report.mentions | set(_named(report)))
    clean, said, raw = masking.clean, masking.said, masker.raw

    def missing(one: Missing) -> Missing:
        address, remote_id = clean(one.address), clean(one.remote_id)
        return one._replace(address=address, payment_id=raw(one.payment_id), remote_id=remote_id)

    return replace(
        report,
        paid=_masked(report.paid, lambda one: _paid(one, masking, masker)),
        left=_masked(report.left, lambda one: _left(one, masking, masker)),
        missing=tuple(map(missing, report.missing)),
        waits=tuple(one._replace(text=said(one.text)) for one in report.waits),
        alarms=tuple(map(said, report.alarms)),
        notes=tuple(map(said, report.notes)),
        mentions=frozenset(),
    )


def _masked(rows: Sequence[T], mask: Callable[[T], T]) -> Sequence[T]:
    """The rows masked, in a list of the same form: a long one is counted anew, and not kept in memory."""
    if not isinstance(rows, PaidRows | LeftRows):
        return tuple(map(mask, rows))
    made = type(rows)(rows.spooling)
    made.extend(map(mask, rows))
    return made


def mask_settled(
    paid: Sequence[Paid], rejected: Sequence[LeftBonus], masker: Masker, met: Set[str]
) -> tuple[list[Paid], list[LeftBonus]]:
    """What was settled or found together, without the people in its addresses and in what the provider said of them. `met`:
    whom the run has met: payments that were found may be those of people whom no address can name.
    """
    addresses = [one.address for one in paid] + [one.address for one in rejected]
    ids = {part for address in addresses for part in _named_in(address)}
    masking = Masking(masker, ids | met if any(one.adopted for one in paid) else ids)
    return [_paid(one, masking, masker) for one in paid], [_left(one, masking, masker) for one in rejected]


def _paid(one: Paid, masking: Masking, masker: Masker) -> Paid:
    address, remote_id = masking.clean(one.address), masking.clean(one.remote_id)
    return one._replace(address=address, payment_id=masker.raw(one.payment_id), remote_id=remote_id)


def _left(one: LeftBonus, masking: Masking, masker: Masker) -> LeftBonus:
    return one._replace(
        address=masking.clean(one.address),
        bonus_id=masker.raw(one.bonus_id),
        code=masking.said(one.code),
        message=masking.said(one.message),
        request_id=masking.clean(one.request_id),
        advice=masking.clean(one.advice),
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
        yield from _named_in(address)


def _named_in(address: str) -> Iterator[str]:
    """The ids in an address."""
    parsed = parse_address(address)
    if parsed is not None:
        yield from (part for part in parsed[1:3] if part)
