"""What a soak is made of: shares, each cut into parts that are played one by one, in any order, on any machine.

A part is a run of pytest over a share of the tests (BONUSCTL_PART), with the environment that makes them long.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final, NamedTuple

HISTORIES: Final = "tests/sim/test_random_histories.py"
EVERY: Final = "tests/sim/test_every_history.py::test_every_history_with"
CRASH: Final = "tests/crash/test_crash"


class Share(NamedTuple):
    """`asked`: counts by name that the whole share must reach, 0 where only the whole can tell. `rank`: shares of a
    lower rank come first. `seeded`: each part takes all tests, with a seed of its own. `program`: a module in the place
    of tests. `code`: what it plays, besides the tests' own: a part counts as long as none of that has changed.
    """

    name: str
    says: str
    parts: int
    tests: tuple[str, ...]
    environ: Mapping[str, str] = {}
    asked: Mapping[str, int] = {}
    rank: int = 1
    seeded: bool = False
    program: str = ""
    code: tuple[str, ...] = ("reconcile",)

    @property
    def plays(self) -> tuple[str, ...]:
        """The files and folders on which the outcome depends, whole; `folders` beside them."""
        return (*self.code, "tests/support") if self.folders else (*self.code, "tests")

    @property
    def folders(self) -> tuple[str, ...]:
        """Those of its tests: what they share counts, other tests do not."""
        return tuple(dict.fromkeys("/".join(test.split("/")[:2]) for test in self.tests))


VALUES: Final = ("digest", "errors", "identity", "model", "money", "settings", "times")
ONE_PROCESS: Final = (
    *(f"reconcile/{room}" for room in ("protocol", "plan", "state", "providers", "emulator")),
    *(f"reconcile/{value}.py" for value in VALUES),
)
"""What a world in one process is made of: no command line, no specs, no rendering."""
DEEP: Final = {"BONUSCTL_EXHAUSTIVE_K": "3"}
ALL_PAIRS: Final = {"BONUSCTL_CRASH_PAIRS": "1"}
SHARES: Final = (
    Share(
        "histories",
        "seeded random histories",
        100,
        (HISTORIES,),
        {"BONUSCTL_HISTORIES": "100000"},
        {"histories": 100_000},
        code=ONE_PROCESS,
    ),
    Share(
        "three",
        "every history with at most three bad choices, asynchronous singles, over what differs most",
        19,
        (f"{EVERY}_three_bad_choices_pays_once",),
        DEEP,
        {"histories": 0},
        code=ONE_PROCESS,
    ),
    Share(
        "pairs",
        "every pair of crash points, in every scenario and mode",
        100,
        (f"{CRASH}_pairs.py",),
        ALL_PAIRS,
        {"pairs died at": 0},
        code=ONE_PROCESS,
    ),
    Share(
        "kills",
        "SIGKILL of the real command, at points and at random moments",
        42,
        (
            "tests/kill/test_kill_points.py",
            "tests/kill/test_kill.py::test_kills_at_random_moments_pay_nothing_twice_and_lose_nothing",
            "tests/kill/test_kill.py::test_kills_in_synchronous_mode_where_operation_ids_count_pay_each_bonus_once",
            "tests/kill/test_kill.py::test_kills_at_yandex_tasks_pay_each_bonus_of_roubles_once",
        ),
        {"BONUSCTL_KILLS": "5000"},
        {"kills at points": 3_500, "kills at random moments": 1_500},
    ),
    Share(
        "two",
        "one bad choice in every kind over everything, two in four kinds over what differs most",
        23,
        (
            f"{EVERY}_one_bad_choice_pays_once",
            f"{EVERY}_two_bad_choices_pays_once",
            f"{EVERY}_two_bad_choices_in_other_modes_pays_once",
        ),
        DEEP,
        {"histories": 0},
        rank=2,
        code=ONE_PROCESS,
    ),
    Share(
        "points",
        "every crash point, every failed write, every lost request, in every scenario and mode",
        40,
        (f"{CRASH}_scenarios.py", f"{CRASH}_failed_writes.py", f"{CRASH}_network.py", f"{CRASH}_yandex.py"),
        ALL_PAIRS,
        {"points died at": 0, "writes failed": 0, "requests lost": 0},
        rank=2,
        code=ONE_PROCESS,
    ),
    Share(
        "fuzz",
        "fuzzed specs, data files, configs, plans, exports and answers",
        18,
        ("tests/fuzz/test_fuzzing.py::test_any_input_is_a_value_or_a_refusal_in_our_own_words",),
        {"BONUSCTL_FUZZ": "5000", "BONUSCTL_FUZZ_SEED": "2"},
        {"cases": 90_000},
        rank=2,
    ),
    Share(
        "moves",
        "stories of users' moves",
        20,
        ("tests/moves/test_moves.py",),
        {"BONUSCTL_MOVES": "100"},
        {"stories": 2_000},
        rank=2,
        seeded=True,
    ),
    Share(
        "mutants",
        "every mutant against every suite; its own page is docs/mutants.md",
        1,
        (),
        rank=3,
        program="tests.mutants.run_mutants",
    ),
)


class Job(NamedTuple):
    """One part of a share; `part` counts from 1."""

    share: Share
    part: int

    @property
    def name(self) -> str:
        return f"{self.share.name}-{self.part:03}"

    @property
    def arguments(self) -> tuple[str, ...]:
        """What Python is started with."""
        if self.share.program:
            return ("-m", self.share.program)
        seed = (f"--hypothesis-seed={self.part}",) if self.share.seeded else ()
        kept = ("-p", "no:cacheprovider", "-o", "tmp_path_retention_policy=failed")
        return ("-m", "pytest", "-q", *kept, *seed, *self.share.tests)

    @property
    def environ(self) -> dict[str, str]:
        """The part's own variables."""
        whole = self.share.seeded or self.share.program
        return dict(self.share.environ) | ({} if whole else {"BONUSCTL_PART": f"{self.part}/{self.share.parts}"})


def jobs(names: frozenset[str], part: int = 1, parts: int = 1) -> Iterator[Job]:
    """All parts of the shares of these names (all shares without any), or one machine's part of them. Shares of one rank
    come to their ends together, so that a soak that is stopped has played about as much of each.
    """
    chosen = [share for share in SHARES if not names or share.name in names]
    every = [Job(share, number) for share in chosen for number in range(1, share.parts + 1)]
    every.sort(key=lambda job: (job.share.rank, Fraction(2 * job.part - 1, 2 * job.share.parts), job.share.name))
    yield from every[part - 1 :: parts]
