"""From an empty folder to paid bonuses, on the emulator, as a person types it: what is shown, and the exit codes."""

import json
import shutil
import sqlite3
from pathlib import Path

from tests.support.cli import bonusctl, project, write_specs


def paid(folder: Path) -> list[tuple[str, str]]:
    """What the emulator paid: (recipient, amount)."""
    with sqlite3.connect(folder / "state" / "emulator.db") as connection:
        rows = connection.execute("SELECT user_id, amount FROM bonuses ORDER BY id").fetchall()
    connection.close()
    return [(str(user), str(amount)) for user, amount in rows]


def test_init_validate_plan_apply_and_then_nothing_to_do(tmp_path: Path) -> None:
    project(tmp_path)
    assert bonusctl(tmp_path, "validate").out == "Valid: 5 bonuses.\n"
    assert bonusctl(tmp_path, "plan").code == 0
    assert bonusctl(tmp_path, "plan", "--detailed-exitcode").code == 2
    applied = bonusctl(tmp_path, "apply", "--auto-approve")
    assert applied.code == 0
    assert applied.out.startswith("Done: 5 issued (4.30 USD), 0 unchanged.\n")
    again = bonusctl(tmp_path, "plan", "--detailed-exitcode")
    assert again.code == 0
    assert "Nothing to do: all 5 bonuses are issued." in again.out
    assert len(paid(tmp_path)) == 5


def test_a_plan_over_a_policy_is_paid_in_parts_by_a_limit(tmp_path: Path) -> None:
    """The five bonuses are 4.30 in all; the first two 1.80, the next two 1.25, the last 1.25."""
    project(tmp_path)
    config = tmp_path / "bonusctl.yaml"
    config.write_text(config.read_text().replace("max_plan_total: 1000.00", "max_plan_total: 2.00"))
    refused = bonusctl(tmp_path, "apply", "--auto-approve", "--limit", "4", "--format", "json")
    assert (refused.code, refused.json()["reason"]) == (1, "policy")
    for total in ("1.80", "1.25", "1.25"):
        applied = bonusctl(tmp_path, "apply", "--auto-approve", "--limit", "2", "--format", "json")
        assert applied.json()["summary"]["total_issued"] == total
    assert len(paid(tmp_path)) == 5


def test_the_plan_shows_the_balance_that_the_last_run_left(tmp_path: Path) -> None:
    """Known after the first contact, and read again after what was paid."""
    project(tmp_path)
    (before,) = bonusctl(tmp_path, "plan", "--format", "json").json()["providers"]
    bonusctl(tmp_path, "apply", "--auto-approve", "--limit", "2")
    (after,) = bonusctl(tmp_path, "plan", "--format", "json").json()["providers"]
    assert (before["balance"], after["balance"]) == (None, "99998.20")


def test_a_yes_to_a_limit_approves_no_more_than_the_limit(tmp_path: Path) -> None:
    """The digest of the whole plan was agreed to by nobody: it pays nothing of the rest."""
    project(tmp_path)
    digest = bonusctl(tmp_path, "plan", "--format", "json").json()["digest"]
    bonusctl(tmp_path, "apply", "--auto-approve", "--limit", "2")
    rest = bonusctl(tmp_path, "apply", "--expect-digest", digest, "--format", "json")
    assert (rest.code, rest.json()["reason"]) == (1, "digest_mismatch")
    assert len(paid(tmp_path)) == 2


def test_what_a_run_settles_or_finds_is_not_counted_as_unchanged(tmp_path: Path) -> None:
    """Three of five were paid by a state that is lost: each bonus is counted once."""
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve", "--limit", "3")
    (tmp_path / "state" / "bonusctl.db").unlink()
    again = bonusctl(tmp_path, "apply", "--auto-approve")
    assert again.out.startswith("Done: 2 issued (2.00 USD), 3 found paid at the provider and recorded, 0 unchanged.\n")


def test_apply_again_pays_nothing(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    again = bonusctl(tmp_path, "apply", "--auto-approve", "--format", "json").json()
    assert again["summary"]["issued"] == 0
    assert again["summary"]["unchanged"] == 5
    assert len(paid(tmp_path)) == 5


def test_a_state_that_is_deleted_after_an_apply_costs_nothing(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    for name in ("bonusctl.db", "bonusctl.db.lock"):
        (tmp_path / "state" / name).unlink(missing_ok=True)
    again = bonusctl(tmp_path, "apply", "--auto-approve", "--format", "json")
    assert again.code == 0
    assert again.json()["summary"]["issued"] == 0
    assert again.json()["summary"]["adopted"] == 5
    assert len(paid(tmp_path)) == 5


def test_plan_writes_nothing(tmp_path: Path) -> None:
    """Neither a state nor a lock nor a folder for them, and an existing state keeps its every byte."""
    project(tmp_path)
    bonusctl(tmp_path, "plan")
    assert not (tmp_path / "state").exists()
    bonusctl(tmp_path, "apply", "--auto-approve")
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (tmp_path / "state").iterdir()}
    bonusctl(tmp_path, "plan")
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (tmp_path / "state").iterdir()} == before


def test_plan_refresh_knows_what_a_lost_state_had_paid(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    (tmp_path / "state" / "bonusctl.db").unlink()
    assert bonusctl(tmp_path, "plan", "--detailed-exitcode").code == 2
    assert bonusctl(tmp_path, "plan", "--refresh", "--detailed-exitcode").code == 0


def test_a_saved_plan_is_shown_and_applied_as_it_is(tmp_path: Path) -> None:
    project(tmp_path)
    planned = bonusctl(tmp_path, "plan", "--out", "week.bonusplan", "--format", "json").json()
    assert (tmp_path / "week.bonusplan").stat().st_mode & 0o777 == 0o600
    shown = bonusctl(tmp_path, "show", "--format", "json", "week.bonusplan").json()
    assert shown["digest"] == planned["digest"]
    assert shown["changes"] == planned["changes"]
    applied = bonusctl(tmp_path, "apply", "week.bonusplan", "--format", "json")
    assert applied.code == 0
    assert applied.json()["summary"]["issued"] == 5
    assert applied.json()["digest"] == planned["digest"]


def test_a_merge_job_run_again_finds_nothing_to_do(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "plan", "--out", "week.bonusplan")
    assert bonusctl(tmp_path, "apply", "week.bonusplan").code == 0
    assert bonusctl(tmp_path, "apply", "week.bonusplan").code == 0
    assert len(paid(tmp_path)) == 5


def test_what_is_not_in_the_approved_plan_is_not_sent(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00}", "{user_id: b, amount: 2.00}")
    bonusctl(tmp_path, "plan", "--out", "one.bonusplan")
    write_specs(tmp_path, "{user_id: a, amount: 1.00}", "{user_id: c, amount: 3.00}")
    applied = bonusctl(tmp_path, "apply", "one.bonusplan", "--format", "json")
    assert applied.code == 3
    assert paid(tmp_path) == [("a", "1.00")]
    assert [(left["address"], left["reason"]) for left in applied.json()["left"]] == [("week-47/c", "not_approved")]


def test_a_used_up_plan_is_refused_as_stale(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00}")
    bonusctl(tmp_path, "plan", "--out", "one.bonusplan")
    assert bonusctl(tmp_path, "apply", "one.bonusplan").code == 0
    write_specs(tmp_path, "{user_id: a, amount: 1.00}", "{user_id: c, amount: 3.00}")
    refused = bonusctl(tmp_path, "apply", "one.bonusplan", "--format", "json")
    assert refused.code == 1
    assert refused.json()["reason"] == "stale_plan"
    assert paid(tmp_path) == [("a", "1.00")]


def test_expect_digest_pays_the_plan_with_that_digest_and_no_other(tmp_path: Path) -> None:
    project(tmp_path)
    digest = bonusctl(tmp_path, "plan", "--format", "json").json()["digest"]
    wrong = bonusctl(tmp_path, "apply", "--expect-digest", "sha256:" + "0" * 64, "--format", "json")
    assert (wrong.code, wrong.json()["reason"]) == (1, "digest_mismatch")
    mistyped = bonusctl(tmp_path, "apply", "--expect-digest", digest[:-1], "--format", "json")
    assert (mistyped.code, mistyped.json()["reason"]) == (1, "digest_mismatch")
    assert "is no digest" in mistyped.err
    assert bonusctl(tmp_path, "apply", "--expect-digest", digest).code == 0
    assert bonusctl(tmp_path, "apply", "--expect-digest", digest).code == 0
    assert len(paid(tmp_path)) == 5


def test_a_file_and_another_digest_are_refused(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "plan", "--out", "p")
    ended = bonusctl(tmp_path, "apply", "p", "--expect-digest", "sha256:1", "--format", "json")
    assert (ended.code, ended.json()["reason"]) == (1, "digest_mismatch")
    assert not (tmp_path / "state").exists()


def test_expect_head_refuses_an_older_state(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00}")
    bonusctl(tmp_path, "apply", "--auto-approve")
    bonusctl(tmp_path, "state", "backup", "old.db")
    write_specs(tmp_path, "{user_id: a, amount: 1.00}", "{user_id: b, amount: 1.00}")
    bonusctl(tmp_path, "apply", "--auto-approve")
    head = bonusctl(tmp_path, "state", "head").out.strip()
    assert bonusctl(tmp_path, "apply", "--auto-approve", "--expect-head", head).code == 0
    shutil.copyfile(tmp_path / "old.db", tmp_path / "state" / "bonusctl.db")
    refused = bonusctl(tmp_path, "apply", "--auto-approve", "--expect-head", head, "--format", "json")
    assert (refused.code, refused.json()["reason"]) == (1, "head_mismatch")


def test_a_limit_leaves_the_rest_for_the_next_run(tmp_path: Path) -> None:
    project(tmp_path)
    limited = bonusctl(tmp_path, "apply", "--auto-approve", "--limit", "2", "--format", "json")
    assert limited.code == 3
    assert limited.json()["summary"]["issued"] == 2
    assert {left["reason"] for left in limited.json()["left"]} == {"limit"}
    assert bonusctl(tmp_path, "apply", "--auto-approve").code == 0
    assert len(paid(tmp_path)) == 5


def test_a_target_is_paid_alone_and_then_all_that_was_desired_is_issued(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00}", "{user_id: b, amount: 2.00}")
    assert bonusctl(tmp_path, "apply", "--auto-approve", "--target", "week-47/b").code == 0
    assert paid(tmp_path) == [("b", "2.00")]


def test_no_refresh_is_refused_where_it_is_not_proved_safe(tmp_path: Path) -> None:
    project(tmp_path)
    refused = bonusctl(tmp_path, "apply", "--auto-approve", "--no-refresh", "--format", "json")
    assert (refused.code, refused.json()["reason"]) == (1, "refresh_needed")


def test_no_refresh_pays_right_after_a_complete_scan(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00}")
    bonusctl(tmp_path, "apply", "--auto-approve")
    write_specs(tmp_path, "{user_id: a, amount: 1.00}", "{user_id: b, amount: 2.00}")
    assert bonusctl(tmp_path, "apply", "--auto-approve", "--no-refresh").code == 0
    assert paid(tmp_path) == [("a", "1.00"), ("b", "2.00")]


def test_a_bonus_that_the_provider_rejects_ends_apply_with_3_and_is_planned_again(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: unknown-worker, amount: 1.00}", "{user_id: b, amount: 2.00}")
    applied = bonusctl(tmp_path, "apply", "--auto-approve", "--format", "json")
    assert applied.code == 3
    summary = applied.json()["summary"]
    assert (summary["issued"], summary["rejected"], summary["in_doubt"], summary["not_sent"]) == (1, 1, 0, 0)
    assert summary["total_issued"] == "2.00"
    (rejected,) = applied.json()["rejected"]
    assert (rejected["address"], rejected["code"]) == ("week-47/unknown-worker", "ENTITY_DOES_NOT_EXIST")
    assert bonusctl(tmp_path, "plan", "--detailed-exitcode").code == 2


def test_a_plan_that_breaks_a_policy_is_shown_and_refused(tmp_path: Path) -> None:
    """max_bonus allows 5.00: one cent more is refused, by plan and by apply, and the plan is shown all the same."""
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 5.01}")
    planned = bonusctl(tmp_path, "plan", "--format", "json", "--out", "p")
    assert (planned.code, planned.json()["reason"]) == (1, "policy")
    assert [change["amount"] for change in planned.json()["changes"]] == ["5.01"]
    assert not (tmp_path / "p").exists()
    applied = bonusctl(tmp_path, "apply", "--auto-approve", "--format", "json")
    assert (applied.code, applied.json()["reason"]) == (1, "policy")
    assert paid(tmp_path) == []


def test_a_conflict_ends_apply_with_3_and_says_what_was_issued(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00}")
    bonusctl(tmp_path, "apply", "--auto-approve")
    write_specs(tmp_path, "{user_id: a, amount: 1.50}")
    planned = bonusctl(tmp_path, "plan")
    assert planned.code == 0
    assert "amount: 1.00 USD → 1.50 USD" in planned.out
    applied = bonusctl(tmp_path, "apply", "--auto-approve", "--format", "json")
    assert applied.code == 3
    assert [left["reason"] for left in applied.json()["left"]] == ["conflict"]


def test_without_a_terminal_apply_asks_for_an_approval_before_anything_happens(tmp_path: Path) -> None:
    project(tmp_path)
    ended = bonusctl(tmp_path, "apply", "--format", "json")
    assert (ended.code, ended.json()["reason"]) == (1, "usage")
    assert not (tmp_path / "state").exists()


def test_specs_with_errors_stop_apply_and_pay_nobody(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00}", "{user_id: b, amount: 1,50}")
    ended = bonusctl(tmp_path, "apply", "--auto-approve", "--format", "json")
    assert (ended.code, ended.json()["reason"]) == (1, "invalid")
    assert ended.json()["diagnostics"][0]["path"] == "specs/week.yaml"
    assert paid(tmp_path) == [] if (tmp_path / "state" / "emulator.db").exists() else True


def test_validate_in_json_has_the_contract_s_keys(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: b, amount: -1}")
    ended = bonusctl(tmp_path, "validate", "--format", "json")
    assert ended.code == 1
    document = ended.json()
    assert (document["format_version"], document["valid"]) == (1, False)
    (found,) = document["diagnostics"]
    assert (found["severity"], found["path"], found["line"], found["column"]) == ("error", "specs/week.yaml", 5, 26)


def test_the_commit_and_the_person_stand_in_the_history(tmp_path: Path) -> None:
    project(tmp_path)
    commit = "0123456789abcdef0123456789abcdef01234567"
    environ = {"GITHUB_SHA": commit, "GITHUB_ACTOR": "alice", "GITHUB_RUN_ID": "77"}
    bonusctl(tmp_path, "apply", "--auto-approve", environ=environ)
    (run,) = bonusctl(tmp_path, "history", "--format", "json").json()["runs"]
    assert run["git_commit"] == commit
    assert run["actor"] == "github:alice (run 77)"
    assert (run["command"], run["outcome"], run["issued"]) == ("apply", "done", 5)
    assert run["paid"] == [{"currency": "USD", "amount": "4.30"}]


def test_state_list_has_the_contract_s_keys_and_what_is_planned(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00, key: k}")
    bonusctl(tmp_path, "apply", "--auto-approve")
    write_specs(tmp_path, "{user_id: b, amount: 2.00}")
    gone, planned = bonusctl(tmp_path, "state", "list", "--format", "json").json()["bonuses"]
    assert (gone["address"], gone["status"], gone["desired_amount"], gone["issued_amount"]) == (
        "week-47/a#k",
        "issued",
        None,
        "1.00",
    )
    assert (gone["campaign"], gone["provider"], gone["recipient"], gone["assignment_id"], gone["key"]) == (
        "week-47",
        "toloka",
        "a",
        None,
        "k",
    )
    (payment,) = gone["payments"]
    assert {"payment_id", "amount", "status", "operation_id", "remote_id", "issued_at"} <= payment.keys()
    assert (payment["amount"], payment["status"]) == ("1.00", "issued")
    assert (planned["address"], planned["status"], planned["desired_amount"], planned["issued_amount"]) == (
        "week-47/b",
        "planned",
        "2.00",
        "0.00",
    )
    assert planned["payments"] == []


def test_a_campaign_without_specs_still_stands_in_the_status(tmp_path: Path) -> None:
    project(tmp_path)
    write_specs(tmp_path, "{user_id: a, amount: 1.00}", campaign="old")
    bonusctl(tmp_path, "apply", "--auto-approve")
    write_specs(tmp_path, "{user_id: b, amount: 2.25}", campaign="new")
    rows = bonusctl(tmp_path, "status", "--format", "json").json()["campaigns"]
    figures = {
        row["campaign"]: (row["desired"], row["to_issue"], row["orphaned"], row["issued_amount"]) for row in rows
    }
    assert figures == {"new": (1, 1, 0, "0.00"), "old": (0, 0, 1, "1.00")}


def test_json_amounts_are_texts_everywhere(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")

    def refuse(text: str) -> object:
        raise AssertionError(f"a number with a point: {text}")

    for arguments in (("plan",), ("status",), ("history",), ("state", "list"), ("doctor",)):
        json.loads(bonusctl(tmp_path, *arguments, "--format", "json").out, parse_float=refuse)
