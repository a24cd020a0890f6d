"""What a run knows of assignments, where a provider lists payments by assignment only: `Books`.

They are opened by the run's scan, which reads every assignment with something to send or open, whole. From then on
they tell which payments are whose, and which recipients cannot be paid: an unowned payment to the same recipient for
the same assignment may be a payment of ours that this state does not know.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final

from reconcile import identity
from reconcile.model import PaymentStatus, Texts
from reconcile.money import Money
from reconcile.protocol.ages import Moment, youngest_ms
from reconcile.protocol.gateway import Gateway
from reconcile.protocol.matching import Matched, Open, Owned, match
from reconcile.protocol.reading_lists import Listed
from reconcile.protocol.track import Stage, Track
from reconcile.providers.base import RemotePayment, Unread
from reconcile.state.ledger import Ledger, LedgerRecord, StateReader
from reconcile.times import HOUR_MS, format_time

FORGOTTEN_MS: Final = 26 * HOUR_MS
"""After the last send of a token the provider has forgotten it for certain: its 24 hours, and two for clocks."""
SHOWN_MAX: Final = 3
TWICE: Final = ". Two pages of its list show it: it may be a known one, shown twice"


class Books:
    """One provider's assignments during one run. `unlisted`: those that the provider refuses to list, and why. `perhaps`:
    the names of payments that may be another one, shown twice.
    """

    def __init__(self, ledger: Ledger, gateway: Gateway, record: LedgerRecord) -> None:
        self._ledger = ledger
        self._gateway = gateway
        self._record = record
        self._owned: defaultdict[str, list[Owned]] = defaultdict(list)
        self._tracks: defaultdict[str, list[Track]] = defaultdict(list)
        self._unowned: dict[tuple[str, str], list[RemotePayment]] = {}
        self._undecided: set[tuple[str, str]] = set()
        self._read: set[str] = set()
        self.unlisted: dict[str, Unread] = {}
        self.perhaps: set[str] = set()

    def load(self, assignments: Collection[str]) -> None:
        """What the state calls issued for these assignments. One pass over its payments.

        A payment of ours whose bonus is not known owns nothing: it may be a bonus of today under an earlier name.
        """
        number, account = self._record.ledger, str(self._record.account)
        for payment in self._ledger.all_payments(number):
            homeless = payment.bonus_id is None and payment.payment_id != unowned_id(account, payment.remote_id)
            issued = payment.status is PaymentStatus.ISSUED and not homeless
            if issued and payment.assignment_id in assignments:
                texts = self._texts(payment.payment_id)
                owned = Owned(payment.payment_id, payment.recipient, payment.amount, texts, payment.remote_id)
                self._owned[payment.assignment_id].append(owned)

    def follow(self, track: Track) -> None:
        """An operation of this run: what may have been made of it has a claim on what the list shows."""
        for item in track.operation.items:
            self._tracks[item.assignment_id].append(track)

    def unfollow(self) -> None:
        """The scan is over: recovery follows what is still open anew."""
        self._tracks.clear()

    def judge(self, assignment_id: str, listed: Listed) -> Matched:
        """Match the whole list of an assignment. What is found for a track is its proof, and has an owner from now on."""
        now = self._gateway.moment()
        tracks = {
            item.payment_id: track
            for track in self._tracks[assignment_id]
            if track.stage is not Stage.SETTLED and not track.found and track.in_doubt
            for item in track.open_items
        }
        opened = [self.open(track, now) for track in tracks.values()]
        matched = match(listed.payments, self._owned[assignment_id], opened, perhaps=listed.perhaps)
        self.perhaps |= {payment.remote_id for payment in listed.perhaps}
        for payment_id, payment in matched.found.items():
            tracks[payment_id].found[payment_id] = payment
            self.own(payment_id, payment)
        self._note(assignment_id, matched)
        return matched

    def open(self, track: Track, now: Moment) -> Open:
        """What matching needs to know of the one payment of an operation in doubt."""
        (item,) = track.operation.items
        codec, body = self._gateway.codec, track.operation.body
        return Open(
            item.payment_id,
            item.recipient,
            item.amount,
            codec.texts_of(body, 0),
            executed=track.executed,
            forgotten=youngest_ms(track.sends, now) >= FORGOTTEN_MS,
            referring=codec.refers(body),
        )

    def own(self, payment_id: bytes, payment: RemotePayment) -> None:
        """A payment of the list has an owner from now on."""
        owned = Owned(payment_id, payment.recipient, payment.amount, payment.texts, payment.remote_id)
        self._owned[payment.assignment_id].append(owned)
        place = payment.recipient, payment.assignment_id
        self._unowned[place] = [one for one in self._unowned.get(place, ()) if one != payment]

    def is_read(self, assignment_id: str) -> bool:
        """Whether this run has read the assignment's whole list."""
        return assignment_id in self._read

    def doubt(self, recipient: str, assignment_id: str, address: str) -> str:
        """Why nothing can be concluded or sent for this recipient and assignment, as a sentence that names the bonus
        at `address`; "" where it can.
        """
        unowned = self._unowned.get((recipient, assignment_id), ())
        if unowned:
            twice = any(payment.remote_id in self.perhaps for payment in unowned)
            return _sentence(unowned, self._record.currency, address) + (TWICE if twice else "")
        if (recipient, assignment_id) in self._undecided:
            return (
                "several equal payments to this worker are in doubt, and fewer were made: which ones shows when each "
                "was sent again, or a day after the last was sent"
            )
        return ""

    def is_held(self, recipient: str, assignment_id: str) -> bool:
        """Whether the provider shows a payment without an owner for this recipient and assignment: only a person, or an
        import, settles that.
        """
        return bool(self._unowned.get((recipient, assignment_id)))

    def unowned(self) -> tuple[RemotePayment, ...]:
        """Every payment that has no owner here, by assignment and time."""
        found = [payment for payments in self._unowned.values() for payment in payments]
        return tuple(sorted(found, key=lambda payment: (payment.assignment_id, payment.created_ms)))

    def _note(self, assignment_id: str, matched: Matched) -> None:
        self._read.add(assignment_id)
        self._unowned = {key: value for key, value in self._unowned.items() if key[1] != assignment_id}
        self._undecided = {key for key in self._undecided if key[1] != assignment_id}
        # What a reference names has no owner before somebody adopts it: `own`.
        for payment in (*matched.unowned, *matched.referred):
            self._unowned.setdefault((payment.recipient, assignment_id), []).append(payment)
        self._undecided |= {(recipient, assignment_id) for recipient in matched.undecided}

    def _texts(self, payment_id: bytes) -> Texts:
        content = self._ledger.issued_content(payment_id, ledger=self._record.ledger)
        if content is None:
            return ()
        return self._gateway.codec.texts_of(content.body, content.position) if content.texts is None else content.texts


def unowned_id(account: str, remote_id: str) -> bytes:
    """The id under which a payment is known that is nobody's bonus, as a person said."""
    return identity.uuid5("\x1f".join(("unowned", account, remote_id)))


def nobodys(reader: StateReader, record: LedgerRecord) -> int:
    """How many payments the state knows as nobody's bonus, as a person said."""
    account = str(record.account)
    known = reader.unattributed(record.ledger)
    return sum(1 for payment in known if payment.payment_id == unowned_id(account, payment.remote_id))


def _sentence(unowned: Sequence[RemotePayment], currency: str, address: str) -> str:
    shown = [
        f"{Money(payment.amount, currency)} of {format_time(payment.created_ms)}" for payment in unowned[:SHOWN_MAX]
    ]
    more = f" and {len(unowned) - SHOWN_MAX} more" if len(unowned) > SHOWN_MAX else ""
    them, none = ("it was", "it was no") if len(unowned) == 1 else ("one of them was", "none of them was a")
    return (
        f"the provider shows {', '.join(shown)}{more} for this worker and assignment that this state does not know. "
        f"Look whether {them} this bonus: `import --from-provider` takes it over by its amount, "
        f"`state resolve '{address}' --issued` says that it was, and `--not-issued` that {none} bonus of these specs"
    )
