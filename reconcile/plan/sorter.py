"""Desired bonuses stream in; each is found settled and forgotten, or becomes a row of the plan.

A settled bonus costs one `pop` from its campaign's book. Everything else is a few: only for those are texts made,
ids computed and rows built.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, assert_never

from reconcile import digest, identity
from reconcile.model import Block, Desired, Identity, Texts, fingerprint
from reconcile.money import ZERO, add
from reconcile.plan import acceptance, decision
from reconcile.plan.books import EMPTY, Held, held, merge, plain
from reconcile.plan.changes import Changes
from reconcile.plan.model import FIRST, Accepted, Action, Attempts, Change, InDoubt
from reconcile.plan.tally import Carried, Shelf, Tally
from reconcile.state.ledger import RecordedPayment

NEAR_MAX: Final = 2_000
"""How many addresses are kept to suggest one for a target that matches nothing."""


TEXTS_MAX: Final = 1_000
"""How many different texts are remembered, so that rows which say the same share it."""


class Sorter:
    """What the specs ask for, sorted. `changes` (an empty list at first), `in_doubt` and `accepted` stand in the order of
    the specs.

    `attributed`: payments that found their bonus. `allowed`: the exceptions that the specs state for a row that pays
    (`allow: [repeat]`), by bonus id.
    `met`: targets that were found; `near`: addresses that look like one.
    """

    def __init__(self, shelf: Shelf, targets: frozenset[tuple[str, str, str, str]], changes: Changes) -> None:
        self.changes = changes
        self.in_doubt: list[InDoubt] = []
        self.accepted: list[Accepted] = []
        self.attributed: list[tuple[bytes, int, Identity]] = []
        self.allowed: dict[bytes, frozenset[str]] = {}
        self.met: set[tuple[str, str, str, str]] = set()
        self.near: list[str] = []
        self._shelf = shelf
        self._project = shelf.settings.project
        self._targets = targets
        self._near_parts = {part for target in targets for part in target[:2]}
        self._claims: dict[bytes, Identity] = {}
        self._texts: dict[Texts, Texts] = {}

    def take(self, desired: Iterable[Desired | Block]) -> None:
        """Sort all that the specs ask for."""
        campaign = None
        targets = self._targets
        for bonus in desired:
            # The way of the many: nothing is named, built or looked up here that an unchanged bonus does not need.
            if bonus[1] is not campaign:
                campaign = bonus[1]
                tally = self._shelf.tally(campaign)
                pop = None
            if isinstance(bonus, Block):
                self._take_block(tally, bonus)
                continue
            if pop is None:
                pop = tally.book.plain.pop
            issued = pop(bonus[0], None)
            if targets and not self._targeted(bonus):
                self._pass_by(tally, bonus)
                continue
            tally.asked += 1
            if issued is not None and issued == bonus[5] and bonus[8] is None:
                tally.unchanged += 1
            else:
                self._sort(tally, bonus, None if issued is None else plain(issued))

    def _take_block(self, tally: Tally, block: Block) -> None:
        """The same for many: those that are settled are told apart from the others all at once."""
        if self._targets:
            self.take(block.bonuses())
            return
        tally.asked += len(block.bonus_ids)
        if tally.book.use(block.fingerprints):
            tally.unchanged += len(block.bonus_ids)
            return
        pop = tally.book.plain.pop
        for position, bonus_id in enumerate(block.bonus_ids):
            issued = pop(bonus_id, None)
            if issued is not None and fingerprint(bonus_id, issued) == block.fingerprints[position]:
                tally.unchanged += 1
            else:
                self._sort(tally, block.bonus(position), None if issued is None else plain(issued))

    def _sort(self, tally: Tally, bonus: Desired, taken: Held | None) -> None:
        """One bonus that is not plainly settled. `taken`: what its book held for it, if that was seen already."""
        own = taken or tally.book.take(bonus.bonus_id) or EMPTY
        claimant = self._claims.get(bonus.bonus_id)
        if claimant is not None:
            self._conflict(
                tally, bonus, ZERO, f"what it was paid counts for {claimant.address}, which names it `formerly`"
            )
            return
        former = self._former(tally, bonus)
        if former is None:
            assert bonus.formerly is not None
            self._conflict(
                tally,
                bonus,
                own.issued,
                f"it says `formerly` {bonus.formerly.address}, but that bonus is asked for too",
            )
            return
        known = merge(own, former, self._without_bonus(tally, bonus))
        if own is not EMPTY:
            known = known._replace(attempts=self._attempts(tally, bonus, known.next_sequence))
        verdict = decision.decide(bonus.amount, known, tally.terms)
        match verdict:
            case decision.Settled():
                tally.unchanged += 1
            case decision.Pay() if not self._accept(tally, bonus, known.issued, rejected=known.rejected):
                self._pay(tally, bonus, verdict, known.issued)
            case decision.Pay():
                pass
            case decision.Conflict(why):
                self._conflict(tally, bonus, known.issued, why, rejected=known.rejected)
            case decision.Doubt(amount, why):
                who, provider = bonus.identity(self._project), tally.provider.name
                doubt = InDoubt(who, bonus.bonus_id, provider, tally.currency, amount, why, _former_name(bonus))
                self.in_doubt.append(doubt)
            case _:
                assert_never(verdict)

    # --- what is known of it ---------------------------------------------------------------------------------------

    def _former(self, tally: Tally, bonus: Desired) -> Held | None:
        """What is recorded under the bonus's former identity, used up by this; None if that is asked for itself."""
        former = _former_name(bonus)
        if former is None or tally.ledger is None:
            return EMPTY
        former_id = former.bonus_id
        ours = former.project == self._project
        ledger = tally.ledger.ledger
        found = self._shelf.book(ledger, former.campaign).take(former_id) if ours else None
        if found is None:
            row = self._shelf.row(ledger, former_id)
            if row is not None and (ours or former_id in self._claims):
                return None
            found = EMPTY if row is None else held(row)
        found = self._with_found(ledger, former, found)
        if found is EMPTY:
            return EMPTY
        self._claims[former_id] = bonus.identity(self._project)
        if not ours or former.campaign != tally.head.name:
            tally.carried.append(Carried(bonus.recipient, found.issued, found.open_amount, former.campaign))
        return found

    def _with_found(self, ledger: int, former: Identity, found: Held) -> Held:
        """What is recorded under a former name, with payments of ours that were found again and had no bonus yet."""
        taken = self._shelf.unattributed(ledger).take(former.bonus_id, former.recipient)
        if not taken:
            return found
        self.attributed += [(payment.payment_id, sequence, former) for sequence, payment in taken]
        return found._replace(
            issued=add((found.issued, *(payment.amount for _, payment in taken))),
            payments=found.payments + len(taken),
            sequence=max(found.sequence, taken[-1][0]),
        )

    def _attempts(self, tally: Tally, bonus: Desired, sequence: int) -> Attempts:
        """The attempts that this payment of the bonus takes: under a former name the bonus had other payments."""
        assert self._shelf.reader is not None
        assert tally.ledger is not None
        payment_id = identity.payment_id(bonus.bonus_id, sequence)
        known = self._shelf.reader.payment_by_id(payment_id, ledger=tally.ledger.ledger)
        return FIRST if known is None else Attempts(known.attempt_alone, known.attempt)

    def _without_bonus(self, tally: Tally, bonus: Desired) -> tuple[tuple[int, RecordedPayment], ...]:
        """Issued payments of ours that no bonus was known for, and that were made for this one: by sequence."""
        if tally.ledger is None:
            return ()
        found = self._shelf.unattributed(tally.ledger.ledger).take(bonus.bonus_id, bonus.recipient)
        for sequence, payment in found:
            self.attributed.append((payment.payment_id, sequence, bonus.identity(self._project)))
            tally.carried.append(Carried(bonus.recipient, payment.amount, ZERO, ""))
        return found

    # --- rows ------------------------------------------------------------------------------------------------------

    def _pay(self, tally: Tally, bonus: Desired, pay: decision.Pay, issued: Decimal) -> None:
        assert add((issued, pay.amount)) == bonus.amount, "no more is paid than was asked for"
        payment_id = identity.payment_id(bonus.bonus_id, pay.sequence)
        made = bonus.texts()
        texts = self._texts.setdefault(made, made)
        if len(self._texts) > TEXTS_MAX:
            self._texts.clear()
        entry = digest.entry_hash(
            provider_type=tally.provider.type,
            environment=tally.provider.environment,
            payment_id=payment_id,
            recipient=bonus.recipient,
            assignment_id=bonus.assignment_id,
            amount=pay.amount,
            currency=tally.currency,
            texts=texts,
        )
        row = self._row(tally, bonus, pay.action, pay.amount, issued, pay.why)
        self.changes.append(
            row._replace(
                payment_id=payment_id,
                sequence=pay.sequence,
                attempt=pay.attempts.alone,
                attempts=pay.attempts,
                entry=entry,
                texts=texts,
                former=_former_name(bonus),
            )
        )
        if bonus.allow or bonus.campaign.allow:
            self.allowed[bonus.bonus_id] = bonus.allow | bonus.campaign.allow

    def _accept(self, tally: Tally, bonus: Desired, issued: Decimal, *, rejected: bool) -> bool:
        """Whether a person accepted the bonus as it is; it is counted then."""
        found = acceptance.held(self._shelf, tally, bonus, issued, rejected=rejected)
        if found is not None:
            tally.accepted += 1
            self.accepted.append(found)
        return found is not None

    def _conflict(self, tally: Tally, bonus: Desired, issued: Decimal, why: str, *, rejected: bool = False) -> None:
        if self._accept(tally, bonus, issued, rejected=rejected):
            return
        row = self._row(tally, bonus, Action.CONFLICT, bonus.amount, issued, why)
        self.changes.append(row._replace(texts=bonus.texts()))

    def _row(self, tally: Tally, bonus: Desired, action: Action, amount: Decimal, issued: Decimal, why: str) -> Change:
        """A row that sends nothing yet."""
        return Change(
            action=action,
            identity=bonus.identity(self._project),
            bonus_id=bonus.bonus_id,
            provider=tally.provider.name,
            currency=tally.currency,
            amount=amount,
            issued=issued,
            payment_id=None,
            sequence=0,
            attempt=0,
            operation_id=None,
            entry=b"",
            texts=(),
            path=bonus.path,
            line=bonus.line,
            why=why,
            differences=(),
        )

    # --- targets ---------------------------------------------------------------------------------------------------

    def _targeted(self, bonus: Desired) -> bool:
        address = (bonus.campaign.name, bonus.recipient, bonus.assignment_id, bonus.key)
        if address in self._targets:
            self.met.add(address)
            return True
        return False

    def _pass_by(self, tally: Tally, bonus: Desired) -> None:
        """A bonus beside the targets: what is recorded for it is accounted for, so that it is no leftover later."""
        tally.book.take(bonus.bonus_id)
        if bonus.formerly is not None:
            self._former(tally, bonus)
        close = bonus.campaign.name in self._near_parts or bonus.recipient in self._near_parts
        if close and len(self.near) < NEAR_MAX:
            self.near.append(bonus.address)


def _former_name(bonus: Desired) -> Identity | None:
    """The other name that a bonus had, None if it had none."""
    return None if bonus.formerly is None or bonus.formerly.bonus_id == bonus.bonus_id else bonus.formerly
