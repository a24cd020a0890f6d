"""A page of listed payments by column: as it came, checked, and made into payments only where somebody asks for one.

Most of what a provider lists is known already, and what is known is told from the columns, for a whole page at once.
What is new, or differs, is read as the payment it is.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Final, NamedTuple, overload

from reconcile.model import Texts
from reconcile.providers.base import RemotePayment


class Columns(NamedTuple):
    """The parts of a page's payments, each as long as the page. `remote_ids` are texts of digits that rise as numbers,
    `numbers` the same as numbers; `amount_texts` are `amounts` as `money.format_amount` writes them; `assignment_ids` and `comments` are "" where there is none.
    """

    remote_ids: Sequence[str]
    numbers: Sequence[int]
    recipients: Sequence[str]
    assignment_ids: Sequence[str]
    amounts: Sequence[Decimal]
    amount_texts: Sequence[str]
    created_ms: Sequence[int]
    comments: Sequence[str]


class ColumnPayments(Sequence[RemotePayment]):
    """`RemotePayment`s that are made from columns when they are asked for. `texts_of` tells a payment's texts by its
    position. Equal to every sequence of the same payments.
    """

    __slots__ = ("_texts_of", "columns")

    def __init__(self, columns: Columns, texts_of: Callable[[int], Texts]) -> None:
        self.columns: Final = columns
        self._texts_of = texts_of

    def __len__(self) -> int:
        return len(self.columns.remote_ids)

    @overload
    def __getitem__(self, position: int) -> RemotePayment: ...

    @overload
    def __getitem__(self, position: slice) -> tuple[RemotePayment, ...]: ...

    def __getitem__(self, position: int | slice) -> RemotePayment | tuple[RemotePayment, ...]:
        if isinstance(position, slice):
            return tuple(self._payment(one) for one in range(*position.indices(len(self))))
        return self._payment(range(len(self))[position])

    def __iter__(self) -> Iterator[RemotePayment]:
        return map(self._payment, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def _payment(self, position: int) -> RemotePayment:
        columns = self.columns
        return RemotePayment(
            remote_id=columns.remote_ids[position],
            recipient=columns.recipients[position],
            assignment_id=columns.assignment_ids[position],
            amount=columns.amounts[position],
            created_ms=columns.created_ms[position],
            comment=columns.comments[position],
            texts=self._texts_of(position),
        )
