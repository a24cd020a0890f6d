"""What a plan's status is bound to besides its commit: the pull request and the branch that it goes into.

One commit can be the head of several pull requests, into several branches: each of them has a plan of its own. They stand
in the query of the status's link, which GitHub keeps whole and shows as the page of the run that planned.
"""

from typing import NamedTuple
from urllib.parse import parse_qs, urlencode


class Bound(NamedTuple):
    """A pull request's number, and the branch that it goes into."""

    number: int
    base: str

    def __str__(self) -> str:
        return f"pull request #{self.number} into {self.base}"


def link_of(run_url: str, bound: Bound) -> str:
    """The status's link: the run's page, and what its plan is bound to."""
    return f"{run_url}?{urlencode({'pull-request': bound.number, 'base': bound.base})}"


def read_link(link: str) -> tuple[str, Bound | None]:
    """(the run's page, what the plan is bound to); None where the link says of no pull request."""
    page, _, query = link.partition("?")
    try:
        said = parse_qs(query, strict_parsing=True, max_num_fields=2)
    except ValueError:
        return page, None
    numbers, bases = said.get("pull-request", []), said.get("base", [])
    if len(numbers) != 1 or len(bases) != 1:
        return page, None
    (number,) = numbers
    plain = number.isascii() and number.isdigit() and len(number) <= 12
    return page, Bound(int(number), bases[0]) if plain else None
