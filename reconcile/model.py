"""The nouns: what a bonus, a payment and an account are. Frozen values that every other file speaks in.

Ids are 16 bytes here (`reconcile.identity`), amounts exact decimals (`reconcile.money`), times milliseconds since the
epoch, UTC (`reconcile.times`). A part that is absent is the empty text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias, assert_never

from reconcile import identity
from reconcile.money import format_amount

TextValue: TypeAlias = str | bool | tuple[tuple[str, str], ...]
Texts: TypeAlias = tuple[tuple[str, TextValue], ...]
"""What a payment says, as (field, value) sorted by field; absent fields are left away.

A value is a text, a flag, or (language, text) pairs sorted by language. Toloka: private_comment (the user's own part,
without our marker), public_title, public_message, without_message. MTurk: reason.
"""


class Account(NamedTuple):
    """Whose money it is: provider type, environment, and the provider's own name for the account."""

    type: str
    environment: str
    id: str

    def __str__(self) -> str:
        return f"{self.type}/{self.environment}/{self.id}"


class Identity(NamedTuple):
    """What makes a bonus that bonus: project (or ""), campaign, recipient, assignment_id (or ""), key (or "")."""

    project: str
    campaign: str
    recipient: str
    assignment_id: str
    key: str

    @property
    def bonus_id(self) -> bytes:
        """The 16 bytes of the bonus's id."""
        return identity.bonus_id(
            project=self.project,
            campaign=self.campaign,
            recipient=self.recipient,
            assignment_id=self.assignment_id,
            key=self.key,
        )

    @property
    def address(self) -> str:
        """The bonus as people type it."""
        return format_address(self.campaign, self.recipient, self.assignment_id, self.key)


class Campaign(NamedTuple):
    """The head of one spec file. Several files may share a campaign's name, provider and budget.

    `allow` holds exceptions that the file states for all its bonuses (`repeat`); `formerly` is the campaign's earlier
    name or "". `path` is the file as the user would type it, `line` the line of its `campaign:`, `budget_line` that of its
    `budget:` (0 where there is none).
    """

    name: str
    provider: str
    budget: Decimal | None
    allow: frozenset[str]
    formerly: str
    path: str
    line: int
    budget_line: int = 0


class Desired(NamedTuple):
    """One bonus that a spec asks for. `amount` is canonical (`money.canonical`).

    `texts` makes the texts on demand, since most bonuses of a plan are unchanged and never need them. `formerly` is
    the identity under which it may have been paid before, None if the spec names none. `path` and `line` say where
    the bonus stands: in the spec, or in the data file its row came from.
    """

    bonus_id: bytes
    campaign: Campaign
    recipient: str
    assignment_id: str
    key: str
    amount: Decimal
    texts: Callable[[], Texts]
    allow: frozenset[str]
    formerly: Identity | None
    path: str
    line: int

    @property
    def address(self) -> str:
        """The bonus as people type it."""
        return format_address(self.campaign.name, self.recipient, self.assignment_id, self.key)

    def identity(self, project: str) -> Identity:
        """The parts of its id."""
        return Identity(project, self.campaign.name, self.recipient, self.assignment_id, self.key)


class Block(NamedTuple):
    """Bonuses of rows that follow each other in one data file: so many cost little more than one.

    `bonus_ids` and `fingerprints` (`fingerprint`) are as long as each other; `bonus` makes the one at a position, as long as the
    stream that gave the block has not gone on. None of them
    has a former identity. `campaign` stands where Desired has it.
    """

    bonus_ids: Sequence[bytes]
    campaign: Campaign
    fingerprints: Sequence[bytes]
    bonus: Callable[[int], Desired]

    def bonuses(self) -> Iterator[Desired]:
        """Each of them, in order."""
        return map(self.bonus, range(len(self.bonus_ids)))


ID_BYTES: Final = 16


def fingerprint(bonus_id: bytes, amount: Decimal) -> bytes:
    """A bonus and what it was, or shall be, paid: the id's bytes, then the amount's canonical text."""
    return bonus_id + format_amount(amount).encode()


class PaymentStatus(StrEnum):
    """What the state knows of a payment. ISSUED is absorbing.

    PREPARED: in an open operation. Once that operation was sent, the payment is in doubt until its outcome is proved.
    RELEASED: proved not executed, free to be planned again.
    """

    PREPARED = "prepared"
    ISSUED = "issued"
    REJECTED = "rejected"
    RELEASED = "released"


class SendOutcome(StrEnum):
    """What one try to deliver an operation proved. A send without an outcome counts as AMBIGUOUS."""

    NOT_EXECUTED = "not_executed"
    EXECUTED = "executed"
    AMBIGUOUS = "ambiguous"


PublicStatus: TypeAlias = Literal["issued", "in_doubt", "rejected", "planned"]


def public_status(status: PaymentStatus, *, sent: bool) -> PublicStatus:
    """The word that users see. `sent`: its open operation has been sent at least once."""
    match status:
        case PaymentStatus.ISSUED:
            return "issued"
        case PaymentStatus.REJECTED:
            return "rejected"
        case PaymentStatus.PREPARED:
            return "in_doubt" if sent else "planned"
        case PaymentStatus.RELEASED:
            return "planned"
        case _:
            assert_never(status)


# --- addresses and names -------------------------------------------------------------------------------------------

# No separator of addresses and markers, no control character (C0, DEL, C1, line and paragraph separators).
FORBIDDEN_IN_NAMES: Final = re.compile(r"[/#\[\]\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ADDRESS: Final = re.compile(r"([^/#]+)/([^/#]+)(?:/([^/#]+))?(?:#([^/#]+))?")


def format_address(campaign: str, recipient: str, assignment_id: str, key: str) -> str:
    """`campaign/recipient[/assignment_id][#key]`."""
    assignment = f"/{assignment_id}" if assignment_id else ""
    return f"{campaign}/{recipient}{assignment}{f'#{key}' if key else ''}"


def parse_address(text: str) -> tuple[str, str, str, str] | None:
    """(campaign, recipient, assignment_id, key) of an address as people type it, or None."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    campaign, recipient, assignment_id, key = match.groups(default="")
    return campaign, recipient, assignment_id, key


# --- the marker in a comment ---------------------------------------------------------------------------------------

_MARKER: Final = re.compile(
    r"\[([^/#\[\]]+)(?:#([^/#\[\]]+))?/([1-9][0-9]{0,5})\] \[bonusctl:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\]\s*\Z"
)
LOOKS_LIKE_MARKER: Final = re.compile(
    r"\[\s*bonusctl\s*:|\[[^\[\]]*/[0-9]+\]\s*\Z|\[b:[\w-]{22}(?:\.[0-9]+)?\]\s*\Z", re.IGNORECASE
)


class Marker(NamedTuple):
    """What the end of a comment says about a payment: only believed once the id computed from it fits."""

    campaign: str
    key: str
    sequence: int
    payment_id: bytes


def marker(campaign: str, key: str, sequence: int, payment: bytes) -> str:
    """The end of every comment we send, with its leading blank."""
    return f" [{campaign}{f'#{key}' if key else ''}/{sequence}] [bonusctl:{identity.to_text(payment)}]"


@lru_cache(maxsize=512)
def parse_marker(comment: str) -> Marker | None:
    """The marker at the end of a comment, or None."""
    match = _MARKER.search(comment)
    if match is None:
        return None
    campaign, key, sequence, payment = match.groups(default="")
    raw = identity.from_text(payment)
    assert raw is not None
    return Marker(campaign, key, int(sequence), raw)
