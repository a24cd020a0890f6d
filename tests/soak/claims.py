"""What docs/reliability.md claims: each row with the test that shows it, and the share of a soak that goes further."""

from typing import Final, NamedTuple

SIM: Final = "tests/sim"
CRASH: Final = "tests/crash/test_crash"
KILL: Final = "tests/kill/test_kill"


class Claim(NamedTuple):
    """`tests`: functions, or a folder for all in it. `counts`: their figures that are shown, none for how many passed.
    `share`: of `tests/soak/shares.py`, "" where `make test` is all there is.
    """

    says: str
    tests: tuple[str, ...]
    counts: tuple[str, ...] = ()
    share: str = ""

    @property
    def command(self) -> str:
        """What repeats it."""
        return f"pytest {' '.join(dict.fromkeys(test.partition('::')[0] for test in self.tests))}"


CLAIMS: Final = (
    Claim(
        "Histories drawn from seeds end with every bonus paid once and a true state; every promise holds at every step",
        (f"{SIM}/test_random_histories.py::test_random_histories_end_with_every_bonus_paid_once_and_a_true_state",),
        ("histories", "steps", "faults and events", "crashes"),
        "histories",
    ),
    Claim(
        "So does every history with one bad choice",
        (f"{SIM}/test_every_history.py::test_every_history_with_one_bad_choice_pays_once",),
        ("histories", "steps"),
    ),
    Claim(
        "… with two, over what differs most (in the soak also one in every kind, and two in batches and synchronous mode)",
        (f"{SIM}/test_every_history.py::test_every_history_with_two_bad_choices_pays_once",),
        ("histories", "worlds met again", "steps", "crashes"),
        "two",
    ),
    Claim(
        "… with three",
        (f"{SIM}/test_every_history.py::test_every_history_with_three_bad_choices_pays_once",),
        ("histories", "worlds met again", "steps", "crashes"),
        "three",
    ),
    Claim(
        "A run that dies at its Nth durable write or network event, for every N, is finished by the next one",
        (
            f"{CRASH}_scenarios.py::test_a_crash_at_every_point_and_a_second_run_end_with_the_truth",
            f"{CRASH}_failed_writes.py::test_after_a_failed_write_nothing_more_is_sent_and_the_next_run_ends_with_the_truth",
            f"{CRASH}_network.py::test_a_request_lost_anywhere_pays_nobody_twice_and_the_next_run_ends_with_the_truth",
        ),
        ("points died at", "writes failed", "requests lost"),
        "points",
    ),
    Claim(
        "So is one that dies, and dies again in its recovery",
        (f"{CRASH}_pairs.py::test_a_crash_during_the_recovery_from_a_crash_ends_with_the_truth",),
        ("pairs died at",),
        "pairs",
    ),
    Claim(
        "Every kind of event and of request is among the points at which something dies",
        (f"{CRASH}_registry.py::test_every_registered_point_is_reached",),
    ),
    Claim(
        "The real command, killed (SIGKILL) in every mode, pays each bonus once with its next runs, and its state is true",
        (
            f"{KILL}_points.py::test_a_kill_at_a_point_and_the_next_run_pay_each_bonus_once",
            f"{KILL}.py::test_kills_at_random_moments_pay_nothing_twice_and_lose_nothing",
            f"{KILL}.py::test_kills_in_synchronous_mode_where_operation_ids_count_pay_each_bonus_once",
            f"{KILL}.py::test_kills_at_yandex_tasks_pay_each_bonus_of_roubles_once",
        ),
        ("kills at points", "kills at random moments"),
        "kills",
    ),
    Claim(
        "Other commands killed at each commit; many runners on one state, one stopped and woken; two states; a dead emulator",
        (f"{KILL}_commands.py", f"{KILL}_runners.py"),
    ),
    Claim(
        "A full disk, a folder that cannot be written, a busy file; I/O errors of every sync, write and read (strace)",
        (f"{KILL}_disk.py", f"{KILL}_eio.py"),
    ),
    Claim(
        "An exchange cut after any byte proves nothing",
        (f"{KILL}_cuts.py::test_an_exchange_cut_after_any_byte_proves_nothing",),
        ("bytes cut after",),
    ),
    Claim(
        "The state is synced before a payment's first byte leaves, as the kernel sees it (strace)",
        (f"{KILL}_sync_order.py",),
    ),
    Claim(
        "Whatever users do, in any order, nobody holds more than was asked for, and no state says more than the truth",
        (
            "tests/moves/test_moves.py"
            "::test_whatever_users_do_nobody_holds_more_than_was_asked_for_and_no_state_says_more_than_the_truth",
        ),
        ("stories", "runs", "runs that died", "payments"),
        "moves",
    ),
    Claim(
        "A recorded answer with any node altered, or in another answer's place, is never taken for a proof that it is not",
        (
            "tests/providers/test_toloka_every_node.py"
            "::test_each_node_of_a_recorded_answer_altered_is_proved_rightly_or_not_at_all",
            "tests/providers/test_toloka_every_node.py"
            "::test_a_recorded_answer_with_another_status_or_to_another_question_is_proved_rightly_or_not_at_all",
        ),
        ("answers altered", "answers elsewhere"),
    ),
    Claim(
        "Any bytes in a spec, data file, config, plan, export or answer are a value or a refusal in our own words, "
        "within bounded time and memory",
        ("tests/fuzz/test_fuzzing.py::test_any_input_is_a_value_or_a_refusal_in_our_own_words",),
        ("cases", "valid", "refused"),
        "fuzz",
    ),
    Claim(
        "A rule of the protocol switched off is noticed by a named test or by the histories ([mutants.md](mutants.md))",
        ("tests/mutants",),
        (),
        "mutants",
    ),
    Claim("Each threat of [security.md](security.md)", ("tests/security",)),
    Claim("Amazon Mechanical Turk: a crash at every point, a lost state after each, histories", ("tests/mturk",)),
)
