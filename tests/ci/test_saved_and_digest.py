"""`apply PLAN --expect-digest D`: what a merge job says, which has the digest for certain and the file perhaps."""

from pathlib import Path

from tests.ci.job import ANN, BEN
from tests.support.cli import bonusctl, project, write_specs

CAT = "4f8a1c02e7d94b5fb0a1c2d3e4f50617"


def planned(folder: Path, name: str) -> str:
    assert bonusctl(folder, "plan", "--out", name).code == 0
    digest: str = bonusctl(folder, "show", "--format", "json", name).json()["digest"]
    return digest


def test_a_plan_made_before_there_was_a_state_is_applied_by_its_digest(tmp_path: Path) -> None:
    """Two pull requests planned against nothing; the second is merged after the first was paid. Its plan has not
    changed since, so that its digest is the plan's as it is now.
    """
    folder = project(tmp_path)
    write_specs(folder, f"{{user_id: {BEN}, amount: 0.50}}", campaign="second")
    digest = planned(folder, "second.bonusplan")
    write_specs(folder, f"{{user_id: {ANN}, amount: 1.00}}", campaign="first")
    assert bonusctl(folder, "apply", "--auto-approve").code == 0
    (folder / "specs" / "second.yaml").write_text(
        f"version: 1\ncampaign: second\nprovider: toloka\nbonuses:\n  - {{user_id: {BEN}, amount: 0.50}}\n"
    )
    alone = bonusctl(folder, "apply", "second.bonusplan")
    assert alone.code == 1
    assert "The plan was made without a state" in alone.err
    named = bonusctl(folder, "apply", "second.bonusplan", "--expect-digest", digest)
    assert (named.code, "Done: 1 issued" in named.out) == (0, True)


def test_where_more_is_missing_now_the_file_says_what_was_approved(tmp_path: Path) -> None:
    """The digest alone would be refused: it is not the plan's any more, and no state has recorded its set."""
    folder = project(tmp_path)
    write_specs(folder, f"{{user_id: {ANN}, amount: 1.00}}")
    digest = planned(folder, "p.bonusplan")
    write_specs(folder, f"{{user_id: {ANN}, amount: 1.00}}", f"{{user_id: {CAT}, amount: 0.90}}")
    assert bonusctl(folder, "apply", "--expect-digest", digest).code == 1
    ended = bonusctl(folder, "apply", "p.bonusplan", "--expect-digest", digest, "--format", "json")
    assert ended.code == 3
    assert ended.json()["summary"]["issued"] == 1
    again = bonusctl(folder, "apply", "--expect-digest", digest)
    assert again.code == 1
    assert "The approved plan is used up" in again.err


def test_another_plan_than_the_digest_s_is_refused(tmp_path: Path) -> None:
    folder = project(tmp_path)
    write_specs(folder, f"{{user_id: {ANN}, amount: 1.00}}")
    planned(folder, "p.bonusplan")
    ended = bonusctl(folder, "apply", "p.bonusplan", "--expect-digest", "sha256:" + "0" * 64)
    assert ended.code == 1
    assert "p.bonusplan is not the plan with the expected digest" in ended.err
