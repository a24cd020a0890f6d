"""Whose are the payments that a provider lists without any id of ours? Pure: one assignment's list against our books.

Payments are matched as a multiset by recipient, amount and text. What the state calls issued takes its share first,
then what is in doubt; equal ones are interchangeable. Four rules keep that safe:

- Issued before in doubt: an outcome is never proved by a payment that has an owner.
- Of equal ones in doubt, those that were executed by proof come first. Where fewer payments are left than equal ones
  may have been made, nobody gets one: each is sent again under its own token, or observed until every token is
  forgotten (`Open.forgotten`), since only then does it not matter which of them it was.
- A reference in the text (`RemotePayment.reference`) beats everything else, and is believed only for its own
  recipient. A payment in doubt that was sent with one (`Open.referring`) is never matched by its looks.
- What is left has no owner here. It may be a payment of ours that a lost state made, with whatever amount it was asked
  for then, so that it puts everything of its recipient in doubt.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from reconcile.model import Texts, TextValue
from reconcile.providers.base import RemotePayment

Looks: TypeAlias = tuple[str, Decimal, Texts]
"""(recipient, amount, texts): what two equal payments share."""


class Owned(NamedTuple):
    """A payment that the state calls issued. `texts` empty: what it said is not known, and any text fits. `remote_id`:
    the name under which the list showed it.
    """

    payment_id: bytes
    recipient: str
    amount: Decimal
    texts: Texts
    remote_id: str = ""


class Open(NamedTuple):
    """A payment that may have been made. `executed`: it was, by proof. `forgotten`: the provider would pay it again
    under its token, for certain. `referring`: it was sent with a reference.
    """

    payment_id: bytes
    recipient: str
    amount: Decimal
    texts: Texts
    executed: bool
    forgotten: bool
    referring: bool = False


class Matched(NamedTuple):
    """`found`: payment in doubt → what the list shows for it. `referred`: payments whose reference names one that is
    neither open nor issued here, and so ours from another life. `copied`: a reference on somebody else's payment.
    `doubled`: a second payment under a reference. `unowned`: what is left, the copied and doubled among it.
    `undecided`: recipients of equal payments in doubt, of which fewer were made than may have been. `unseen`: issued
    here, and not in the list.
    """

    found: dict[bytes, RemotePayment]
    referred: tuple[RemotePayment, ...]
    copied: tuple[RemotePayment, ...]
    doubled: tuple[RemotePayment, ...]
    unowned: tuple[RemotePayment, ...]
    undecided: frozenset[str]
    unseen: tuple[bytes, ...]


def match(
    listed: Iterable[RemotePayment],
    owned: Sequence[Owned],
    opened: Sequence[Open],
    *,
    perhaps: Iterable[RemotePayment] = (),
) -> Matched:
    """Everything of one assignment. `perhaps`: payments that may be one of `listed`, shown twice. They prove nothing that is
    not proved already: they are what is issued, or was executed, and else keep everything like them in doubt.
    """
    books = _Books(owned, opened)
    plain = [payment for payment in listed if not books.by_reference(payment)]
    # With a reference it is the very payment that has its equal in the list.
    unsure = [payment for payment in perhaps if payment.reference is None]
    books.take_decided()
    rest = books.take_owned(plain)
    unsure = books.take_owned(unsure)
    rest = books.take_open(rest, unsure)
    return books.matched(rest)


def looks(recipient: str, amount: Decimal, texts: Texts) -> Looks:
    """What payments are compared by: blanks and spellings that a provider may alter do not count."""
    return recipient, amount, tuple((name, _plain(value)) for name, value in texts)


def _plain(value: TextValue) -> TextValue:
    return " ".join(unicodedata.normalize("NFC", value).split()) if isinstance(value, str) else value


class _Books:
    """What is still without its payment in the list."""

    def __init__(self, owned: Sequence[Owned], opened: Sequence[Open]) -> None:
        self.owned = {one.payment_id: one for one in owned}
        self.opened = {one.payment_id: one for one in opened}
        self.recipients = {one.payment_id: one.recipient for one in owned}
        self.recipients |= {one.payment_id: one.recipient for one in opened}
        self.found: dict[bytes, RemotePayment] = {}
        self.referred: list[RemotePayment] = []
        self.copied: list[RemotePayment] = []
        self.doubled: list[RemotePayment] = []
        self.undecided: set[Looks] = set()
        self._named: set[bytes] = set()

    def by_reference(self, payment: RemotePayment) -> bool:
        """Whether its reference tells whose it is; it is put where it belongs."""
        if payment.reference is None:
            return False
        name = payment.reference[0]
        if self.recipients.get(name, payment.recipient) != payment.recipient:
            self.copied.append(payment)
            return True
        if name in self._named:
            self.doubled.append(payment)
            return True
        self._named.add(name)
        if self.owned.pop(name, None) is None:
            if self.opened.pop(name, None) is None:
                self.referred.append(payment)
            else:
                self.found[name] = payment
        return True

    def take_decided(self) -> None:
        """Payments whose reference does not fit, and of which a person said whose they are: known by the list's own name
        for them. An owner whose reference stands in the list has its payment there.
        """
        named = {one.remote_id: one for one in self.owned.values() if one.payment_id not in self._named}
        for misfits in (self.referred, self.copied, self.doubled):
            for payment in list(misfits):
                owner = named.get(payment.remote_id)
                if owner is not None and (owner.recipient, owner.amount) == (payment.recipient, payment.amount):
                    misfits.remove(payment)
                    del self.owned[named.pop(payment.remote_id).payment_id]

    def take_owned(self, payments: Sequence[RemotePayment]) -> list[RemotePayment]:
        """The payments that are left once each issued one has taken its own."""
        exact: defaultdict[Looks, list[bytes]] = defaultdict(list)
        vague: defaultdict[tuple[str, Decimal], list[bytes]] = defaultdict(list)
        for one in self.owned.values():
            if one.texts:
                exact[looks(one.recipient, one.amount, one.texts)].append(one.payment_id)
            else:
                vague[one.recipient, one.amount].append(one.payment_id)
        rest = self._taken(payments, lambda payment: exact[_looks_of(payment)])
        # What may be in doubt first: where it is not known whose it is, it proves nothing.
        doubtful = {looks(one.recipient, one.amount, one.texts) for one in self.opened.values()}
        rest.sort(key=lambda payment: (_looks_of(payment) not in doubtful, repr(payment.texts), payment.created_ms))
        return self._taken(rest, lambda payment: vague[payment.recipient, payment.amount])

    def _taken(
        self, payments: Sequence[RemotePayment], owners: Callable[[RemotePayment], list[bytes]]
    ) -> list[RemotePayment]:
        rest = []
        for payment in payments:
            waiting = owners(payment)
            if waiting:
                del self.owned[waiting.pop()]
            else:
                rest.append(payment)
        return rest

    def take_open(self, payments: Sequence[RemotePayment], unsure: Sequence[RemotePayment]) -> list[RemotePayment]:
        """The payments that are left once those in doubt have theirs. Undecided ones are not left: they have an owner,
        only it is not known which.
        """
        waiting: defaultdict[Looks, list[Open]] = defaultdict(list)
        for one in self.opened.values():
            if one.referring:
                continue
            waiting[looks(one.recipient, one.amount, one.texts)].append(one)
        made = Counter(map(_looks_of, payments))
        entitled = {key: self._entitled(key, ones, made[key]) for key, ones in waiting.items()}
        rest = []
        for payment in payments:
            key = _looks_of(payment)
            if entitled.get(key):
                self.found[entitled[key].pop(0).payment_id] = payment
            elif key not in self.undecided:
                rest.append(payment)
        for payment in unsure:
            key = _looks_of(payment)
            if entitled.get(key):
                self.found[entitled[key].pop(0).payment_id] = payment
            elif any(one.payment_id not in self.found for one in waiting.get(key, ())):
                self.undecided.add(key)
            elif key not in self.undecided:
                rest.append(payment)
        return rest

    def _entitled(self, key: Looks, ones: list[Open], made: int) -> list[Open]:
        """Which of these equal payments were made, if `made` of them were."""
        sure = [one for one in ones if one.executed]
        unsure = [one for one in ones if not one.executed]
        left = made - len(sure)
        if left <= 0 or not unsure:
            return sure
        if left >= len(unsure) or all(one.forgotten for one in unsure):
            return [*sure, *unsure[:left]]
        self.undecided.add(key)
        return sure

    def matched(self, unowned: Sequence[RemotePayment]) -> Matched:
        """The result."""
        return Matched(
            self.found,
            tuple(self.referred),
            tuple(self.copied),
            tuple(self.doubled),
            (*self.copied, *self.doubled, *unowned),
            frozenset(recipient for recipient, _, _ in self.undecided),
            tuple(self.owned),
        )


def _looks_of(payment: RemotePayment) -> Looks:
    return looks(payment.recipient, payment.amount, payment.texts)
