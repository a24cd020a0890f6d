"""Where every choice of a history comes from: a seed, an enumeration of all of them, or a script that is replayed.

A choice is named by the run it belongs to, by what it is about, and by how often that was asked before in the same
run: a script keeps its meaning when one of its choices is left away. Option 0 is always the harmless one.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class Choice(NamedTuple):
    """One choice that was not the harmless one: `run` and `about` say where, `nth` counts from 1 within them."""

    run: str
    about: str
    nth: int
    option: int


Rates = tuple[float, ...]
SELDOM: Rates = (0.0, 0.0, 0.0, 0.005, 0.02, 0.05)
"""For what is asked dozens of times in a run."""
READS: Rates = (0.0, 0.0, 0.02, 0.1, 0.4)
SENDS: Rates = (0.0, 0.1, 0.3, 0.6, 0.9)
BETWEEN: Rates = (0.5, 0.8, 1.0)


class Merged(Exception):
    """This history has come to a world that an earlier one was in at the same moment: what follows was played there."""


class Chooser:
    """Gives harmless choices only, and remembers the others that its kinds make. `bad` counts those that were bad.
    `details`: whether it also draws what only seeds vary.
    """

    def __init__(self) -> None:
        self.run = ""
        self.made: list[Choice] = []
        self.bad = 0
        self.muted = False
        self.details = True
        self._asked: Counter[tuple[str, str]] = Counter()

    def pick(self, about: str, options: int, rates: Rates = SELDOM) -> int:
        """One of `options`; any but 0 is a fault or a mistake. `rates`: how often seeds may choose one."""
        if options < 2 or self.muted:
            return 0
        option = self._take(about, options, rates)
        self.bad += option > 0
        return option

    def place(self, about: str, options: int) -> int:
        """Where or how much: it belongs to another choice and counts for nothing."""
        return 0 if options < 2 or self.muted else self._take(about, options, None)

    def came_to(self, world: Callable[[], bytes]) -> None:
        """All that decides what can happen from here on is named by `world`. Raises Merged where it was all played."""

    def _take(self, about: str, options: int, rates: Rates | None) -> int:
        key = (self.run, about)
        self._asked[key] += 1
        option = self._choose(about, self._asked[key], options, rates)
        assert 0 <= option < options
        if option:
            self.made.append(Choice(self.run, about, self._asked[key], option))
        return option

    def _choose(self, about: str, nth: int, options: int, rates: Rates | None) -> int:
        return 0


class RandomChooser(Chooser):
    """A swarm: each seed draws how many bad choices it may make, which kinds of them, and how often. Else rare
    combinations drown among the frequent ones.
    """

    BUDGETS = (2, 3, 4, 6, 10, 20, 40)

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._draw = random.Random(seed)
        self._budget = self._draw.choice(self.BUDGETS)
        self._kinds: dict[str, tuple[float, list[int]]] = {}

    def _choose(self, about: str, nth: int, options: int, rates: Rates | None) -> int:
        if rates is None:
            return self._draw.randrange(options)
        if self.bad >= self._budget:
            return 0
        rate, alive = self._kinds.get(about) or self._kind(about, options, rates)
        return self._draw.choice(alive) if self._draw.random() < rate else 0

    def _kind(self, about: str, options: int, rates: Rates) -> tuple[float, list[int]]:
        share = self._draw.choice((0.2, 0.5, 1.0))
        alive = [one for one in range(1, options) if self._draw.random() < share]
        self._kinds[about] = kind = (self._draw.choice(rates), alive or [self._draw.randrange(1, options)])
        return kind


class Script(Chooser):
    """Makes the choices of a script, and harmless ones elsewhere."""

    def __init__(self, choices: Iterable[Choice], *, details: bool = True) -> None:
        super().__init__()
        self.details = details
        self._script = {choice[:3]: choice.option for choice in choices}

    def _choose(self, about: str, nth: int, options: int, rates: Rates | None) -> int:
        option = self._script.get((self.run, about, nth), 0)
        return option if option < options else 0


Seen = dict[bytes, int]
"""The worlds below which all was played, and with how many bad choices at most."""


class Enumerating(Chooser):
    """One history of an enumeration: the first choices are given, the later ones harmless. `widths` tells how many
    options each choice offered within the budget. Everything behind the first `fixed` choices is going to be played.
    """

    def __init__(self, given: list[int], budget: int, *, fixed: int = 0, seen: Seen | None = None) -> None:
        super().__init__()
        self._given = given
        self._budget = budget
        self._fixed = fixed
        self._seen = seen
        self.details = False
        self.widths: list[int] = []
        self.taken: list[int] = []

    def came_to(self, world: Callable[[], bytes]) -> None:
        """Before its fixed choices are made a history stands in a world of which this walk plays a part alone."""
        if self._seen is None or len(self.widths) < self._fixed:
            return
        name, left = world(), self._budget - self.bad
        if self._seen.get(name, -1) >= left and len(self.widths) >= len(self._given):
            raise Merged
        self._seen[name] = max(left, self._seen.get(name, -1))

    def _choose(self, about: str, nth: int, options: int, rates: Rates | None) -> int:
        here = len(self.widths)
        option = self._given[here] if here < len(self._given) else 0
        self.widths.append(options if rates is None or self.bad < self._budget else 1)
        self.taken.append(option)
        return option


class Walk:
    """Depth first through every history with at most `budget` bad choices, or through one of `blocks` parts of them.

    `for chooser in walk` plays one history with each. A part holds the histories whose first bad choice is one of its
    own; together the parts are the whole. With `merging` a history ends (Merged) in a world that an earlier one of this
    part was in at the same moment with at least as many bad choices left: depth first, all that can follow was played.
    """

    def __init__(self, budget: int, *, block: int = 0, blocks: int = 1, merging: bool = False) -> None:
        self._budget = budget
        self._block, self._blocks = block, blocks
        self._seen: Seen | None = {} if merging else None

    def __iter__(self) -> Iterator[Enumerating]:
        first = Enumerating([], self._budget)
        yield first
        if not self._budget:
            return
        starts = [(here, option) for here, width in enumerate(first.widths) for option in range(1, width)]
        for here, option in starts[self._block :: self._blocks]:
            yield from self._below([0] * here + [option])

    def _below(self, start: list[int]) -> Iterator[Enumerating]:
        given = list(start)
        while True:
            chooser = Enumerating(given, self._budget, fixed=len(start), seen=self._seen)
            yield chooser
            given = list(chooser.taken)
            while len(given) > len(start) and given[-1] + 1 >= chooser.widths[len(given) - 1]:
                given.pop()
            if len(given) <= len(start):
                return
            given[-1] += 1
