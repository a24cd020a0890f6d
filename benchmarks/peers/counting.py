"""What was paid against what was asked and what was said. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from benchmarks.peers.stories import AMOUNT, Bonus


class Count(NamedTuple):
    """The outcome of one story with one contender.

    `once`, `twice` (or more often) and `never` are bonuses, by the provider's ledger; `too_much` is the money beyond what
    was asked. `wrong` are bonuses of which the last word was not true: `paid` for one that was not paid or paid twice,
    `failed` for one that was paid. `unsaid` are those left in doubt or not spoken of. `exits` are the exit codes in
    order (`K`: killed); `sends` the requests that pay, `requests` all of them.
    """

    asked: int
    once: int
    twice: int
    never: int
    too_much: str
    wrong: int
    unsaid: int
    exits: str
    sends: int
    requests: int


def count(
    rows: Sequence[Bonus],
    paid: Iterable[tuple[str, str]],
    said: Mapping[str, str],
    *,
    exits: str,
    sends: int,
    requests: int,
) -> Count:
    """Compare. `paid` are (recipient, amount) of each payment in the provider's ledger."""
    times = {bonus.recipient: 0 for bonus in rows}
    total: dict[str, Decimal] = dict.fromkeys(times, Decimal(0))
    for recipient, amount in paid:
        times[recipient] += 1
        total[recipient] += Decimal(amount)
    excess = sum((max(money - Decimal(AMOUNT), Decimal(0)) for money in total.values()), Decimal(0))
    return Count(
        asked=len(rows),
        once=sum(number == 1 for number in times.values()),
        twice=sum(number > 1 for number in times.values()),
        never=sum(number == 0 for number in times.values()),
        too_much=f"{excess:.2f}",
        wrong=sum(_is_wrong(said.get(recipient, ""), number) for recipient, number in times.items()),
        unsaid=sum(said.get(recipient, "unknown") == "unknown" for recipient in times),
        exits=exits,
        sends=sends,
        requests=requests,
    )


def _is_wrong(word: str, times: int) -> bool:
    match word:
        case "paid":
            return times != 1
        case "failed":
            return times != 0
    return False
