"""`apply --summary FILE` appends how it ended, and never changes how it ended."""

from pathlib import Path

from tests.support.cli import bonusctl, project, write_specs

ANN = "fac97860c7929add8048ed2ef63b66fd"


def test_the_report_is_appended_to_what_is_there(tmp_path: Path) -> None:
    write_specs(project(tmp_path), f"{{user_id: {ANN}, amount: 1.00}}")
    page = tmp_path / "page.md"
    page.write_text("before\n")
    assert bonusctl(tmp_path, "apply", "--auto-approve", "--summary", "page.md").code == 0
    text = page.read_text()
    assert text.startswith("before\n## Bonuses: all that was asked for is paid\n")
    assert "Done: 1 issued (1.00 USD), 0 unchanged." in text


def test_a_refusal_is_appended_masked_where_that_is_asked_for(tmp_path: Path) -> None:
    write_specs(project(tmp_path), f"{{user_id: {ANN}, amount: 9.00}}")
    arguments = ("apply", "--auto-approve", "--mask-recipients", "--summary", "page.md")
    assert bonusctl(tmp_path, *arguments).code == 1
    text = (tmp_path / "page.md").read_text()
    assert text.startswith("## Bonuses: refused\n")
    assert "week-47/masked-" in text
    assert ANN not in text


def test_a_file_that_cannot_be_written_loses_nothing(tmp_path: Path) -> None:
    write_specs(project(tmp_path), f"{{user_id: {ANN}, amount: 1.00}}")
    ended = bonusctl(tmp_path, "apply", "--auto-approve", "--summary", "nowhere/page.md")
    assert ended.code == 0
    assert "Done: 1 issued" in ended.out
    assert "The summary was not written to nowhere/page.md: No such file or directory." in ended.err
