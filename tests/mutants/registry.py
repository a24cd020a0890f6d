"""The mutants: each is a mistake that a person could make in the protocol, and that some suite has to notice.

`killer` is the cheapest test that is known to fail under it: `make test` runs each mutant against that alone, and
`make mutants` against every suite. "" : no test fails, and `why` says why the rule is kept all the same.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from tests.mutants import of_mturk as mturk
from tests.mutants import of_proof as proof
from tests.mutants import of_sending as sending
from tests.mutants import of_state as state
from tests.mutants.switching import Switch

RANDOM: Final = "random histories"
"""In the place of a test's name: the simulation's seeded histories, from the first on."""


class Mutant(NamedTuple):
    """A mistake: what plants it, and who notices. `with_`: the other mutant of a pair that is noticed together only."""

    plant: Callable[[Switch], None]
    killer: str = ""
    with_: str = ""
    why: str = ""

    @property
    def name(self) -> str:
        """In words, from its function."""
        return self.plant.__name__.replace("_", " ")

    @property
    def rule(self) -> str:
        """What it does, in a sentence."""
        return " ".join((self.plant.__doc__ or "").split())


MUTANTS: Final = (
    Mutant(sending.sent_before_journaled, RANDOM),
    Mutant(sending.other_bytes_again, RANDOM),
    Mutant(sending.id_holds_the_amount, RANDOM),
    Mutant(sending.id_holds_the_place, RANDOM),
    Mutant(
        sending.id_of_the_first_payment_alone,
        "tests/plan/test_planner.py::test_an_operation_of_two_has_the_contracts_id",
    ),
    Mutant(
        sending.batches_count_for_singles,
        "tests/protocol/test_attempts.py::test_two_machines_send_a_payment_alone_under_one_id",
    ),
    Mutant(sending.always_sent_again, RANDOM),
    Mutant(sending.sent_again_after_executed, RANDOM),
    Mutant(
        sending.sent_again_although_unwanted,
        "tests/crash/test_crash_points.py::test_what_the_specs_no_longer_ask_for_is_never_sent_again",
    ),
    Mutant(
        sending.sent_again_in_part,
        "tests/protocol/test_modes.py::test_a_batch_with_a_payment_that_is_no_longer_wanted_is_not_sent_again",
    ),
    Mutant(
        sending.protected_for_ever,
        "tests/protocol/test_what_mutants_showed.py::test_an_asynchronous_id_is_trusted_for_seven_days_and_a_synchronous_one_never",
    ),
    Mutant(sending.synchronous_taken_for_protected, RANDOM),
    Mutant(sending.sends_after_a_failed_commit, RANDOM),
    Mutant(
        sending.sleep_unnoticed,
        "tests/protocol/test_runs.py::test_a_machine_that_stood_still_sends_nothing_before_the_next_scan",
    ),
    Mutant(
        sending.sends_on_an_old_scan,
        "tests/protocol/test_runs.py::test_a_question_that_took_an_hour_is_followed_by_a_new_scan",
    ),
    Mutant(
        sending.first_payment_not_read_back,
        "tests/protocol/test_runs.py::test_a_comment_that_comes_back_cut_short_stops_after_one_payment",
    ),
    Mutant(
        sending.no_fence_on_the_wire,
        "tests/providers/test_http_wire.py::test_a_payment_that_the_fence_refuses_is_not_sent",
    ),
    Mutant(proof.timeout_is_failure, RANDOM),
    Mutant(proof.proxy_is_believed, RANDOM),
    Mutant(
        proof.refusal_settles_an_ambiguous_send,
        "tests/protocol/test_what_mutants_showed.py::test_a_refusal_after_a_send_that_was_carried_out_settles_nothing",
    ),
    Mutant(proof.exists_is_failure, "tests/providers/test_toloka_outcomes.py"),
    Mutant(proof.absent_at_once, RANDOM),
    Mutant(proof.absent_right_after_the_end, RANDOM),
    Mutant(
        proof.counts_ignored,
        "tests/protocol/test_modes.py::test_an_operation_that_counts_more_than_the_list_shows_stays_in_doubt",
    ),
    Mutant(
        proof.archived_is_failure,
        "tests/protocol/test_modes.py::test_an_archived_log_of_a_batch_is_settled_from_the_list",
    ),
    Mutant(proof.never_a_new_id, RANDOM),
    Mutant(proof.always_a_new_id, RANDOM),
    Mutant(
        proof.settled_in_part,
        "tests/protocol/test_modes.py::test_a_failed_batch_is_settled_item_by_item_and_the_rest_takes_a_new_attempt",
    ),
    Mutant(
        proof.unproved_is_free,
        "tests/protocol/test_modes.py::test_a_failed_batch_is_settled_item_by_item_and_the_rest_takes_a_new_attempt",
    ),
    Mutant(
        proof.wished_amount,
        "tests/protocol/test_what_mutants_showed.py::test_what_is_settled_is_the_amount_that_the_provider_shows",
    ),
    Mutant(
        proof.last_log_entry_forgotten,
        "tests/providers/test_toloka_reads.py::test_the_log_proves_what_was_issued_and_what_was_refused",
    ),
    Mutant(
        proof.last_page_forgotten,
        "tests/protocol/test_what_mutants_showed.py::test_a_scan_reads_the_list_to_its_last_page",
    ),
    Mutant(
        proof.marker_believed, "tests/protocol/test_runs.py::test_a_marker_copied_to_another_worker_counts_for_nobody"
    ),
    Mutant(proof.clock_back_is_young, "tests/protocol/test_ages.py"),
    Mutant(proof.one_clock_for_windows, "tests/protocol/test_ages.py"),
    Mutant(state.no_scan, "tests/protocol/test_runs.py::test_a_second_machine_adopts_what_the_first_paid"),
    Mutant(state.scan_after_recovery, RANDOM),
    Mutant(state.no_gate, RANDOM),
    Mutant(
        state.foreign_operations_ignored,
        "tests/protocol/test_runs.py::test_batches_wait_while_an_operation_that_this_state_does_not_know_is_open",
    ),
    Mutant(
        state.gate_counts_from_the_past,
        "tests/crash/test_crash_points.py::test_the_gate_of_a_new_batching_state_waits_for_the_window",
    ),
    Mutant(
        state.former_names_wait_for_nothing,
        "tests/protocol/test_renamed.py::test_what_a_lost_state_paid_under_a_former_name_is_not_paid_again_under_a_list_that_lags",
    ),
    Mutant(
        state.restored_sends_again_at_once,
        "tests/protocol/test_restored.py::test_what_has_been_paid_under_a_new_name_is_not_sent_again_under_the_old_one",
    ),
    Mutant(
        state.what_has_just_ended_is_over,
        "tests/protocol/test_other_lives.py::test_an_operation_that_has_just_ended_holds_former_names_back_while_the_list_lags",
    ),
    Mutant(
        state.agreed_long_ago,
        "tests/protocol/test_other_lives.py::test_what_was_paid_under_a_former_name_while_somebody_agreed_is_not_paid_again",
    ),
    Mutant(
        state.restored_unnoticed,
        "tests/state/test_state_transfer.py::test_a_restored_state_keeps_the_former_file_closes_the_gates_and_fences_older_runs",
    ),
    Mutant(state.no_lock, "tests/state/test_state_lock.py::test_two_locks_in_one_process_exclude_each_other"),
    Mutant(
        state.lock_never_looked_at, "tests/state/test_state_lock.py::test_a_released_lock_is_no_longer_held_nor_signed"
    ),
    Mutant(state.no_epoch, "tests/state/test_state_lock.py::test_the_epoch_alone_stops_an_older_run"),
    Mutant(state.own_records_unread, "tests/plan/test_planner.py"),
    Mutant(state.open_is_missing, "tests/plan/test_planner.py"),
    Mutant(state.sequence_guessed, "tests/plan/test_planner.py"),
    Mutant(
        state.older_scan_suffices,
        "tests/protocol/test_runs.py::test_a_run_without_a_refresh_is_refused_where_it_is_not_safe",
    ),
    Mutant(
        state.watermark_too_new,
        "tests/protocol/test_what_mutants_showed.py::test_a_scan_looks_back_for_what_became_visible_late",
    ),
    Mutant(
        mturk.token_of_the_operation,
        "tests/providers/test_mturk_codec.py",
    ),
    Mutant(
        mturk.token_trusted_for_a_hundred_hours,
        "tests/mturk/test_mturk_runs.py::test_under_22_hours_the_same_is_sent_again_and_over_it_absence_decides",
    ),
    Mutant(
        mturk.what_the_state_owns_is_free,
        "tests/mturk/test_matching.py::test_what_is_issued_takes_its_payment_before_what_is_in_doubt",
    ),
    Mutant(
        mturk.last_page_of_an_assignment_forgotten,
        "tests/mturk/test_mturk_liars.py::test_a_payment_on_the_last_page_of_a_list_counts",
    ),
    Mutant(
        mturk.nobodys_payment_ignored,
        "tests/mturk/test_mturk_runs.py::test_a_payment_by_hand_puts_its_worker_in_doubt_whatever_its_amount",
    ),
    Mutant(
        mturk.repeated_token_is_a_refusal,
        "tests/mturk/test_mturk_runs.py::test_what_was_paid_and_does_not_show_yet_is_refused_by_its_token",
    ),
    Mutant(
        mturk.reference_without_a_bonus_owns,
        "tests/mturk/test_mturk_runs.py::test_a_reference_to_a_bonus_that_no_spec_names_leaves_its_worker_in_doubt_in_every_run",
    ),
)
BY_NAME: Final = {mutant.name: mutant for mutant in MUTANTS}
