"""What can go wrong at one point of a history: rows of names for stories, and what each does.

Times keep the promise that the settle window of 900 seconds stands for: a request that was cut off is carried out at
most 590 seconds later, and a list lags at most 300 behind.
"""

from typing import Final, NamedTuple

from reconcile.emulator.fault import Fault
from reconcile.emulator.orders import Kind

LATE_MS: Final = 590_000
LAG_MS: Final = 300_000
HOURS_MS: Final = 10_800_000


class Trouble(NamedTuple):
    """One way in which a request goes wrong. `again_ms`: a copy of it arrives so much later."""

    words: str
    fault: Fault | None
    again_ms: int | None = None


def _fault(words: str, name: str, **more: object) -> Trouble:
    return Trouble(words, Fault(name=name, **more))  # type: ignore[arg-type]


CORE_SENDS: Final = (
    _fault("the request is lost", "cut_before"),
    _fault("the answer is lost", "cut_after"),
    _fault("it is carried out ten minutes later", "late", delay_ms=LATE_MS),
    _fault("the operation fails, nothing made", "fail"),
    _fault("the first payment in it is refused", "reject", positions=(0,)),
    _fault("it runs for hours", "slow_run", delay_ms=HOURS_MS),
    _fault("a 429 with its code", "too_many", interval="MIN", retry_after_s=2),
)
MORE_SENDS: Final = (
    Trouble("it is delivered twice", None, again_ms=0),
    Trouble("a copy of it arrives ten minutes later", None, again_ms=LATE_MS),
    _fault("it starts only after hours", "slow_start", delay_ms=HOURS_MS),
    _fault("it is carried out five minutes later", "late", delay_ms=LATE_MS // 2),
    _fault("no answer, done", "hang"),
    _fault("no answer, not done", "hang", executes=False),
    _fault("the connection is reset", "reset"),
    _fault("the answer breaks off", "truncate"),
    _fault("half of the answer", "shorten"),
    _fault("a garbled answer", "garble"),
    _fault("an answer with another id", "wrong_id"),
    _fault("an answer with other counts", "wrong_counts"),
    _fault("a 503 before anything was done", "error_before", status=503),
    _fault("a 500 after it was done", "error_after"),
    _fault("a proxy's page, not done", "proxy_page"),
    _fault("a proxy's page, done", "proxy_page", executes=True, status=504),
    _fault("a bare 429, not done", "bare"),
    _fault("a bare 429, done", "bare", executes=True),
    _fault("a redirect, done", "redirect", executes=True),
    _fault("a redirect, not done", "redirect"),
    _fault("a 429 for the day", "too_many", interval="DAY"),
    _fault("a 429 for the hour", "too_many", interval="HOUR"),
    _fault("refused as a whole", "refuse"),
    _fault("not enough balance", "no_funds"),
    _fault("refused while paying", "reject_payment"),
    _fault("the second payment is refused while paying", "reject_payment", positions=(1,)),
    _fault("the operation fails after one payment", "fail", made=1),
    _fault("the operation fails after one payment, its log lost", "fail", made=1, code="NO_LOG"),
)
CORE_READS: Final = (_fault("unread (503)", "error_before", status=503),)
MORE_READS: Final = (
    _fault("unread (connection closed)", "cut_before", executes=True),
    _fault("unread (429)", "too_many", interval="MIN", retry_after_s=3),
    _fault("garbled", "garble"),
    _fault("breaks off", "truncate"),
)
LAGS: Final = (_fault("lags five minutes behind", "lag", delay_ms=LAG_MS),)
ARCHIVED: Final = (_fault("archived", "log_archived"),)
LAGGING: Final = frozenset({Kind.BONUSES, Kind.OPERATION, Kind.OPERATIONS, Kind.LIST_BONUS_PAYMENTS})
PAYING: Final = frozenset({Kind.SEND, Kind.SEND_BONUS})

# --- MTurk: one payment a request, which ends at once ----------------------------------------------------------------

CORE_BONUSES: Final = (
    _fault("the request is lost", "cut_before"),
    _fault("the answer is lost", "cut_after"),
    _fault("it is carried out ten minutes later", "late", delay_ms=LATE_MS),
    _fault("a ServiceFault before anything was done", "error_before"),
    _fault("a ServiceFault after it was done", "error_after"),
    _fault("a RequestError", "refuse"),
    _fault("throttled", "too_many", retry_after_s=2),
)
NOT_OF_MTURK: Final = frozenset(
    {
        "it starts only after hours",
        "an answer with another id",
        "an answer with other counts",
        "a 503 before anything was done",
        "a 500 after it was done",
        "a 429 for the day",
        "a 429 for the hour",
        "refused as a whole",
        "refused while paying",
        "the second payment is refused while paying",
        "the operation fails after one payment",
        "the operation fails after one payment, its log lost",
    }
)
MORE_BONUSES: Final = (
    *(trouble for trouble in MORE_SENDS if trouble.words not in NOT_OF_MTURK),
    _fault("its assignment does not exist", "reject"),
)
LIES: Final = (
    _fault("a page of another assignment", "wrong_id"),
    _fault("a page whose number is another", "wrong_counts"),
    _fault("half of a page", "shorten"),
)


def troubles(kind: Kind, *, core: bool) -> tuple[Trouble, ...]:
    """What can happen to a request of this kind; with `core` only what differs most."""
    if kind is Kind.SEND:
        return CORE_SENDS if core else CORE_SENDS + MORE_SENDS
    if kind is Kind.SEND_BONUS:
        return CORE_BONUSES if core else CORE_BONUSES + MORE_BONUSES
    lies = LIES if kind is Kind.LIST_BONUS_PAYMENTS and not core else ()
    lags = LAGS if kind in LAGGING else ()
    archived = ARCHIVED if kind is Kind.LOG else ()
    return CORE_READS + (() if core else MORE_READS) + lags + archived + lies
