"""What goes wrong: each story is a list of faults, fixed by a seed, and the moves of whoever pays."""

import random
from collections.abc import Callable
from typing import Final, NamedTuple

BONUSES: Final = 6
VICTIMS: Final = 2
AMOUNT: Final = "1.00"
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 25 * HOUR_MS  # longer than MTurk remembers a token
# More than any of the clients tries by itself in one call (toloka-kit: 4, boto3: 5).
OUTAGE: Final = 6

FaultJson = dict[str, object]


class Bonus(NamedTuple):
    """One bonus of `AMOUNT`."""

    recipient: str
    assignment_id: str


class Story(NamedTuple):
    """`faults` are made for the victims' ids. `steps` are the moves:

    `run`: it is run to its end · `again`: the same, unless it ended with 0 the last time · `kill`: it is run, and killed
    with SIGKILL as soon as the first fault has struck · `both`: two at the same time · `heal`: no more faults · `hour`,
    `day`: so much later · `forget`: the files that it wrote are gone. No run lasts longer than `limit_s`: then it is
    killed, as a CI job is. `platforms` are where the story can happen.
    """

    key: str
    title: str
    says: str
    faults: Callable[[list[str]], list[FaultJson]]
    steps: tuple[str, ...] = ("run", "again", "hour", "again")
    platforms: tuple[str, ...] = ("toloka", "mturk")
    limit_s: int = 180
    unpayable: bool = False


def victims(seed: int, recipients: list[str]) -> list[str]:
    """Whom the faults strike, in the order of the list. Never the first, so that something was paid before."""
    chosen = random.Random(seed).sample(recipients[1:], VICTIMS)
    return [recipient for recipient in recipients if recipient in chosen]


def bonuses(story: Story, platform: str, seed: int) -> list[Bonus]:
    """The bonuses of a story; one that cannot be paid takes the place of the first victim's."""
    letter = "A" if platform == "mturk" else "worker-"
    made = [Bonus(f"{letter}{number}", f"3A{number}") for number in range(1, BONUSES + 1)]
    if story.unpayable:
        victim = victims(seed, [bonus.recipient for bonus in made])[0]
        bad = Bonus(victim, "MISSING1") if platform == "mturk" else Bonus("unknown-1", "3A0")
        made = [bad if bonus.recipient == victim else bonus for bonus in made]
    return made


def _nothing(_victims: list[str]) -> list[FaultJson]:
    return []


def _each(name: str, times: int = 1, **more: object) -> Callable[[list[str]], list[FaultJson]]:
    return lambda users: [{"name": name, "user": user, "times": times, **more} for user in users]


def _first(name: str, **more: object) -> Callable[[list[str]], list[FaultJson]]:
    return lambda users: [{"name": name, "user": users[0], "times": 1, **more}]


def _poll(name: str) -> Callable[[list[str]], list[FaultJson]]:
    return lambda _users: [{"name": name, "on": "operation", "nth": [1]}]


TOLOKA: Final = ("toloka",)

STORIES: Final = (
    Story("quiet", "Nothing goes wrong", "It is run once.", _nothing),
    Story(
        "lost-answer", "An answer is lost, once", "Paid, and the connection ends without a word.", _each("cut_after")
    ),
    Story(
        "lost-answers",
        "Answers are lost for a while",
        f"Paid, and the connection ends without a word, {OUTAGE} times in a row.",
        _each("cut_after", OUTAGE),
    ),
    Story(
        "lost-requests",
        "Requests are lost for a while",
        f"The connection ends before anything was done, {OUTAGE} times in a row.",
        _each("cut_before", OUTAGE),
    ),
    Story(
        "error-before",
        "500, and nothing was done",
        f"The server fails before it pays, {OUTAGE} times in a row.",
        _each("error_before", OUTAGE),
    ),
    Story(
        "error-after",
        "500, and it was paid",
        f"The server fails after it paid, {OUTAGE} times in a row.",
        _each("error_after", OUTAGE),
    ),
    Story(
        "proxy",
        "A proxy's 502, and it was paid",
        "A page of HTML in place of the answer, once.",
        _each("proxy_page", executes=True),
    ),
    Story(
        "too-many-retry-after",
        "429 with Retry-After",
        "Refused once, to come back in a second.",
        _each("too_many", interval="MIN", retry_after_s=1),
        platforms=TOLOKA,
    ),
    Story(
        "too-many",
        "429 without Retry-After",
        "Refused once (at MTurk: a ThrottlingException).",
        _each("too_many", interval="MIN"),
    ),
    Story("garbled", "A garbled answer", "Paid, and the body is no JSON, once.", _each("garble")),
    Story(
        "killed-sending",
        "Killed while a payment is under way, run again",
        "The request was carried out, and SIGKILL comes before its answer.",
        _first("hang"),
        ("kill", "heal", "run", "again", "hour", "again"),
    ),
    Story(
        "killed-waiting",
        "Killed while it waits for an operation, run again",
        "The first look at an operation gets no answer, and SIGKILL comes.",
        _poll("hang"),
        ("kill", "heal", "run", "again", "hour", "again"),
        TOLOKA,
    ),
    Story("twice", "Run twice", "A job is started again that had ended well.", _nothing, ("run", "run")),
    Story("both", "Run twice at the same time", "Two jobs start together.", _nothing, ("both", "again")),
    Story(
        "runs-on",
        "An operation that runs on",
        "It starts, and pays, half an hour after its request; no job may last longer than a minute.",
        _first("slow_start", delay_ms=HOUR_MS // 2),
        ("run", "heal", "again", "hour", "again"),
        TOLOKA,
        limit_s=60,
    ),
    Story(
        "operation-fails",
        "An operation fails",
        "It ends with FAIL and pays nobody, once.",
        _first("fail", made=0),
        platforms=TOLOKA,
    ),
    Story(
        "rejected",
        "One cannot be paid",
        "One worker (at MTurk: assignment) does not exist. Right is 5 once and 1 never.",
        _nothing,
        unpayable=True,
    ),
    Story(
        "late",
        "Requests that arrive late",
        f"The connection ends and the request is carried out half an hour later, {OUTAGE} times in a row.",
        _each("late", OUTAGE, delay_ms=HOUR_MS // 2),
    ),
    Story(
        "next-day",
        "Answers are lost for a while, run again the next day",
        f"As above ({OUTAGE} times in a row), and who did not end with 0 is run again after 25 hours.",
        _each("cut_after", OUTAGE),
        ("run", "heal", "day", "again", "again"),
    ),
    Story(
        "file-lost",
        "Its files are lost, run again",
        "What it keeps between runs is gone (a new CI runner, a new laptop), an hour later.",
        _nothing,
        ("run", "hour", "forget", "run", "again"),
    ),
    Story(
        "file-lost-next-day",
        "Its files are lost, run again the next day",
        "The same after 25 hours.",
        _nothing,
        ("run", "day", "forget", "run", "again"),
        ("mturk",),
    ),
)


def story(key: str) -> Story:
    """The story of this key."""
    return next(one for one in STORIES if one.key == key)
