"""Plans for reviewers, what changed since, and looking back: through the real command, on the emulator."""

import re
from pathlib import Path

import pytest

from tests.support.cli import bonusctl, project, write_specs

ANN = "fac97860c7929add8048ed2ef63b66fd"
BEN = "a1b0b42923c429daa2c764d7ccfc364d"
KEY = {"BONUSCTL_MASK_KEY": "a key of sixteen bytes or more"}


def two(folder: Path, first: str = "1.00") -> Path:
    """A project that owes Ann and Ben."""
    project(folder)
    write_specs(
        folder,
        f"{{user_id: {ANN}, amount: {first}, key: award, private_comment: 'for {ANN}'}}",
        f"{{user_id: {BEN}, assignment_id: assignment-0001, amount: 0.50}}",
    )
    return folder


def test_a_plan_as_a_comment_without_the_people(tmp_path: Path) -> None:
    two(tmp_path)
    plain = bonusctl(tmp_path, "plan", "--format", "markdown")
    assert plain.code == 0
    assert plain.out.startswith("## Bonus plan: 2 payments, 1.50 USD\n")
    assert ANN in plain.out
    masked = bonusctl(tmp_path, "plan", "--format", "markdown", "--mask-recipients", environ=KEY)
    assert masked.out.count("masked-") == 4
    for plainly in (ANN, BEN, "assignment-0001"):
        assert plainly not in masked.out + masked.err
    (digest,) = re.findall(r"sha256:[0-9a-f]{64}", plain.out)
    assert digest in masked.out


def test_every_form_can_be_masked_and_a_saved_plan_too(tmp_path: Path) -> None:
    two(tmp_path)
    assert bonusctl(tmp_path, "plan", "--out", "p.bonusplan").code == 0
    for form in ("text", "json", "markdown", "html"):
        for ended in (
            bonusctl(tmp_path, "plan", "--format", form, "--mask-recipients", environ=KEY),
            bonusctl(tmp_path, "show", "--format", form, "--mask-recipients", "p.bonusplan", environ=KEY),
        ):
            assert ended.code == 0
            assert "masked-" in ended.out
            for plainly in (ANN, BEN, "assignment-0001"):
                assert plainly not in ended.out + ended.err


def test_the_saved_plan_is_not_masked_and_can_be_applied(tmp_path: Path) -> None:
    two(tmp_path)
    bonusctl(tmp_path, "plan", "--out", "p.bonusplan", "--mask-recipients", environ=KEY)
    assert bonusctl(tmp_path, "apply", "p.bonusplan").code == 0


def test_broken_specs_name_nobody_where_recipients_are_masked(tmp_path: Path) -> None:
    two(tmp_path, first="-1")
    plain = bonusctl(tmp_path, "plan", "--format", "json")
    assert ANN in plain.out + plain.err
    ended = bonusctl(tmp_path, "plan", "--format", "json", "--mask-recipients", environ=KEY)
    assert ended.code == 1
    assert ANN not in ended.out + ended.err
    (found,) = ended.json()["diagnostics"]
    assert (found["path"], found["line"]) == ("specs/week.yaml", 5)


def test_without_a_variable_the_key_is_made_beside_the_state(tmp_path: Path) -> None:
    two(tmp_path)
    first = bonusctl(tmp_path, "plan", "--format", "markdown", "--mask-recipients").out
    assert (tmp_path / "state" / "mask.key").stat().st_mode & 0o777 == 0o600
    assert bonusctl(tmp_path, "plan", "--format", "markdown", "--mask-recipients").out == first


def test_what_changed_since_a_saved_plan(tmp_path: Path) -> None:
    two(tmp_path)
    bonusctl(tmp_path, "plan", "--out", "old.bonusplan")
    assert "The same payments: 2, the same digest." in bonusctl(tmp_path, "plan", "--diff", "old.bonusplan").out
    two(tmp_path, first="1.20")
    text = bonusctl(tmp_path, "plan", "--diff", "old.bonusplan").out
    assert f"~ week-47/{ANN}#award  1.00 → 1.20 USD" in text
    review = bonusctl(
        tmp_path, "plan", "--diff", "old.bonusplan", "--format", "markdown", "--mask-recipients", environ=KEY
    ).out
    assert "### Since the plan before\n\n1 with another amount; 1 as before; 1.50 → 1.70 USD." in review
    assert ANN not in review


def test_what_was_paid_since_is_told(tmp_path: Path) -> None:
    two(tmp_path)
    bonusctl(tmp_path, "plan", "--out", "old.bonusplan")
    bonusctl(tmp_path, "apply", "--auto-approve")
    text = bonusctl(tmp_path, "plan", "--diff", "old.bonusplan").out
    assert text.count("paid since") == 2


def test_options_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    two(tmp_path)
    for arguments, said in (
        (("plan", "--max-chars", "5000"), "--max-chars goes with --format markdown or html"),
        (("plan", "--diff", "x", "--format", "json"), "--diff goes with --format text, markdown or html"),
        (("plan", "--format", "markdown", "--max-chars", "3999"), "Invalid value for '--max-chars'"),
    ):
        ended = bonusctl(tmp_path, *arguments)
        assert (ended.code, said in ended.err) == (1, True), ended.err


def test_a_run_is_shown_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    two(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve", environ={"GITHUB_REF": "refs/pull/45/merge"})
    (run,) = bonusctl(tmp_path, "history", "--format", "json").json()["runs"]
    assert run["pull_request"] == "45"
    assert run["plan_digest"] in bonusctl(tmp_path, "show", run["run_id"][:8]).out
    shown = bonusctl(tmp_path, "show", run["run_id"], "--format", "json").json()
    assert [(one["outcome"], one["recipient"], one["amount"]) for one in shown["payments"]] == [
        ("issued", ANN, "1.00"),
        ("issued", BEN, "0.50"),
    ]
    assert all(one["remote_id"].isdigit() for one in shown["payments"])
    masked = bonusctl(tmp_path, "show", run["run_id"][:8], "--mask-recipients", environ=KEY).out
    assert ANN not in masked
    assert "masked-" in masked


def test_a_run_that_is_not_there(tmp_path: Path) -> None:
    two(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    ended = bonusctl(tmp_path, "show", "00000000-0000-0000")
    assert ended.code == 1
    assert "is neither a file nor the beginning of a run's id" in ended.err


def test_what_was_paid_is_reported_in_every_format(tmp_path: Path) -> None:
    two(tmp_path)
    assert bonusctl(tmp_path, "report").out == "Nothing was paid.\n"
    bonusctl(tmp_path, "apply", "--auto-approve")
    assert "In all 1.50 USD in 2 payments." in bonusctl(tmp_path, "report").out
    rows = bonusctl(tmp_path, "report", "--by", "recipient", "--format", "json").json()["rows"]
    assert {row["recipient"]: row["amount"] for row in rows} == {ANN: "1.00", BEN: "0.50"}
    lines = bonusctl(tmp_path, "report", "--by", "campaign,recipient", "--format", "csv").out.splitlines()
    assert lines[0] == "campaign,recipient,provider,environment,account,payments,amount,currency"
    assert len(lines) == 3
    assert "  Expenses:Bonuses:Week-47" in bonusctl(tmp_path, "report", "--format", "beancount").out
    assert bonusctl(tmp_path, "report", "--until", "2026-01-01").out == "Nothing was paid before 2026-01-01.\n"
    bounds = ("--since", "2020-01-01", "--until", "2020-02-01")
    assert bonusctl(tmp_path, "report", *bounds).out == "Nothing was paid since 2020-01-01 and before 2020-02-01.\n"


@pytest.mark.parametrize(
    ("what", "said"), [("zzzz", "is neither a file nor"), ("old.bonusplan", "Cannot read the saved")]
)
def test_a_word_that_is_no_file_may_have_been_meant_as_a_run(tmp_path: Path, what: str, said: str) -> None:
    """And what is hinted at is ignored by git, as the plans of `init`'s project are."""
    two(tmp_path)
    ended = bonusctl(tmp_path, "show", what)
    assert ended.code == 1
    assert said in ended.err
    assert "bonusctl plan --out plan.bonusplan" in ended.err
    assert "*.bonusplan" in (tmp_path / ".gitignore").read_text()


def test_a_report_that_leaves_the_team_shows_no_recipient(tmp_path: Path) -> None:
    two(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    for form in ("text", "csv", "json", "beancount"):
        shown = bonusctl(tmp_path, "report", "--by", "recipient", "--mask-recipients", "--format", form).out
        assert ANN not in shown
        assert BEN not in shown
        assert shown.lower().count("masked-") >= 2


def test_a_report_takes_only_what_it_knows(tmp_path: Path) -> None:
    two(tmp_path)
    assert "knows no 'worker'" in bonusctl(tmp_path, "report", "--by", "worker").err
    assert "names something twice" in bonusctl(tmp_path, "report", "--by", "month,month").err
    assert "is no date" in bonusctl(tmp_path, "report", "--since", "yesterday").err


def test_a_guardrail_refuses_through_the_command_and_its_exception_lets_it_through(tmp_path: Path) -> None:
    two(tmp_path)
    providers = "providers: {toloka: {type: toloka, environment: emulator}}"
    (tmp_path / "bonusctl.yaml").write_text(f"version: 1\n{providers}\npolicies: {{max_per_day: 1.00}}\n")
    ended = bonusctl(tmp_path, "plan", "--format", "json")
    assert (ended.code, ended.json()["reason"]) == (1, "policy")
    write_specs(tmp_path, f"{{user_id: {ANN}, amount: 1.50, allow: [window]}}")
    assert bonusctl(tmp_path, "plan").code == 0
