"""AWS closed MTurk: who starts hears it, a plan warns, an apply asks for a word of its own, and records work as always."""

from pathlib import Path

import pytest

from reconcile.providers.rules import MTURK
from tests.mturk.test_mturk_commands import ACCOUNT, emulator, project
from tests.support.commandline import CommandLine
from tests.support.emulator import EmulatorProcess

__all__ = ["emulator"]
ROOT = Path(__file__).resolve().parents[2]
DAY = "2026-09-30"


def test_the_day_is_one_everywhere() -> None:
    assert MTURK.closed == {"production": DAY}


def test_init_says_that_it_closed_where_the_config_names_it(tmp_path: Path) -> None:
    line = CommandLine(tmp_path, "", {})
    line.expect(0, "init", "new", "--ci", "none")
    (about,) = [text for text in (tmp_path / "new" / "bonusctl.yaml").read_text().splitlines() if "mturk" in text]
    assert f"AWS closed MTurk's production on {DAY}" in about
    assert "needs bonusctl[mturk]" in about


@pytest.mark.parametrize("page", ["README.md", "docs/mturk.md"])
def test_the_pages_say_that_it_closed(page: str) -> None:
    words = " ".join((ROOT / page).read_text().replace("*", "").split())
    assert f"closed on {DAY}" in words or f"closed MTurk on {DAY}" in words


def test_a_plan_warns_in_every_format(tmp_path: Path) -> None:
    line = project(tmp_path, "", environment="production", account=f'"{ACCOUNT}"')
    for form in ("text", "json", "markdown", "html"):
        assert f"closed on {DAY}" in line.expect(0, "plan", "--format", form).out.replace("&#x27;", "'")


def test_a_word_of_its_own_lets_an_apply_try(tmp_path: Path) -> None:
    """It gets as far as it gets: here, to keys that are not there. Without the word nothing was asked at all."""
    line = project(tmp_path, "", environment="production", account=f'"{ACCOUNT}"')
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del line.environ[name]
    apply = ("apply", "--auto-approve", "--format", "json")
    assert line.expect(1, *apply).json()["reason"] == "closed_provider"
    assert line.expect(1, *apply, "--allow-closed-provider").json()["reason"] == "no_token"


def test_records_of_what_was_paid_are_read_as_always(tmp_path: Path, emulator: EmulatorProcess) -> None:
    """Paid at a service that speaks its protocol; the config then names none, and only paying is refused."""
    line = project(tmp_path, emulator.endpoint, environment="production", account=f'"{ACCOUNT}"')
    line.expect(0, "apply", "--auto-approve")
    config = line.folder / "bonusctl.yaml"
    kept = [text for text in config.read_text().splitlines() if "endpoint" not in text]
    config.write_text("\n".join(kept) + "\n")
    rows = line.expect(0, "state", "list", "--format", "json").json()["bonuses"]
    issued = sorted((row["issued_amount"], row["status"]) for row in rows)
    assert issued == [("0.05", "issued"), ("0.50", "issued"), ("1.00", "issued")]
    assert "1.55 USD" in line.expect(0, "history").out
    assert "Nothing to do: all 3 bonuses are issued." in line.expect(0, "plan").out
    for command in (("status",), ("report",), ("state", "export"), ("state", "verify")):
        line.expect(0, *command)
    assert line.expect(1, "apply", "--auto-approve", "--format", "json").json()["reason"] == "closed_provider"
