"""What `make mutate` mutates: each module that decides whether money moves, or what is remembered of it, with the tests that
hold it. They are few and fast on purpose: the histories and crash points notice more, and take hours for it.
"""

from collections.abc import Mapping
from typing import Final

_FOLD: Final = (
    "tests/state/test_state_fold.py",
    "tests/state/test_state_refusals.py",
    "tests/state/test_state_decided.py",
    "tests/state/test_state_audit.py",
    "tests/state/test_state_fold_edges.py",
)
_ANSWERS: Final = (
    "tests/providers/test_toloka_outcomes.py",
    "tests/providers/test_toloka_reads.py",
    "tests/providers/test_toloka_sync.py",
)
_VERIFY: Final = ("tests/state/test_state_verify.py", "tests/state/test_state_verify_since.py")
TARGETS: Final[Mapping[str, tuple[str, ...]]] = {
    "reconcile/protocol/recovery.py": ("tests/protocol/test_recovery.py", "tests/protocol/test_small_proofs.py"),
    "reconcile/protocol/ages.py": ("tests/protocol/test_ages.py", "tests/protocol/test_small_proofs.py"),
    "reconcile/protocol/absence.py": ("tests/protocol/test_small_proofs.py",),
    "reconcile/protocol/settling.py": ("tests/protocol/test_small_proofs.py",),
    "reconcile/protocol/gate.py": ("tests/protocol/test_gate_cases.py", "tests/protocol/test_gate_waits.py"),
    "reconcile/protocol/scan.py": ("tests/protocol/test_runs.py", "tests/protocol/test_few_questions.py"),
    "reconcile/protocol/comparing.py": ("tests/protocol/test_full_refresh.py",),
    "reconcile/protocol/adopting.py": ("tests/protocol/test_runs.py", "tests/protocol/test_few_questions.py"),
    "reconcile/plan/decision.py": ("tests/plan/test_decision.py", "tests/plan/test_planner.py"),
    "reconcile/plan/sorter.py": (
        "tests/plan/test_planner.py",
        "tests/plan/test_acceptance.py",
        "tests/plan/test_blocks.py",
        "tests/plan/test_claims.py",
        "tests/plan/test_plan_json.py",
    ),
    "reconcile/providers/reply_words.py": ("tests/providers/test_reply_words.py",),
    "reconcile/providers/toloka/outcomes.py": (
        "tests/providers/test_toloka_outcomes.py",
        "tests/providers/test_reply_words.py",
    ),
    "reconcile/providers/toloka/reply.py": ("tests/providers/test_toloka_reply_edges.py", *_ANSWERS),
    "reconcile/providers/toloka/answers.py": (
        "tests/providers/test_toloka_answer_edges.py",
        "tests/providers/test_toloka_assignments.py",
        *_ANSWERS,
    ),
    "reconcile/providers/toloka/sync.py": ("tests/providers/test_toloka_sync.py",),
    "reconcile/providers/toloka/log.py": (
        "tests/providers/test_toloka_answer_edges.py",
        "tests/providers/test_toloka_reads.py",
    ),
    "reconcile/providers/toloka/operations.py": ("tests/providers/test_toloka_reads.py",),
    "reconcile/providers/toloka/payments.py": ("tests/providers/test_toloka_reads.py",),
    "reconcile/state/fold_bonuses.py": _FOLD,
    "reconcile/state/fold_decided.py": _FOLD,
    "reconcile/state/fold_operations.py": _FOLD,
    "reconcile/state/fold_plain.py": ("tests/state/test_state_fold_plain.py", *_FOLD),
    "reconcile/state/fold_settling.py": _FOLD,
    "reconcile/state/projection.py": ("tests/state/test_state_gate_clock.py", *_FOLD),
    "reconcile/state/rowsums.py": ("tests/state/test_state_verify_since.py",),
    "reconcile/state/kept_sums.py": ("tests/state/test_state_kept_files.py", "tests/state/test_state_verify_since.py"),
    "reconcile/state/verify.py": _VERIFY,
    "reconcile/state/verify_money.py": _VERIFY,
    "reconcile/state/findings.py": _VERIFY,
    "reconcile/state/chain.py": ("tests/state/test_state_commits.py", *_VERIFY),
    "reconcile/state/lock.py": ("tests/state/test_state_lock_words.py", "tests/state/test_state_lock.py"),
    "reconcile/state/anchor.py": ("tests/state/test_state_kept_files.py", "tests/state/test_state_beside.py"),
    "reconcile/state/beside.py": ("tests/state/test_state_beside.py",),
    "reconcile/state/checked.py": ("tests/state/test_state_kept_files.py", "tests/state/test_state_checked.py"),
    "reconcile/state/files.py": ("tests/state/test_state_file.py",),
}
