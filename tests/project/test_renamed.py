"""What was paid under a former name is counted once, and never listed as missing under the new one."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import bonusctl

CONFIG = "version: 1\nproviders:\n  toloka: {type: toloka, environment: emulator}\npolicies: {max_bonus: 9, allow_top_up: true}\n"
BONUSES = "provider: toloka\nbonuses:\n  - {user_id: a, amount: 1.00}\n  - {user_id: b, amount: 2.00}\n"
ISSUED = [("new/a", "issued", "1.00", "1.00", "old/a"), ("new/b", "issued", "2.00", "2.00", "old/b")]


@pytest.fixture
def renamed(tmp_path: Path) -> Path:
    """Two bonuses paid as `old`, whose campaign is called `new` now."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "bonusctl.yaml").write_text(CONFIG)
    spec = tmp_path / "specs" / "c.yaml"
    spec.write_text(f"version: 1\ncampaign: old\n{BONUSES}")
    assert bonusctl(tmp_path, "apply", "--auto-approve").code == 0
    spec.write_text(f"version: 1\ncampaign: new\nformerly: old\n{BONUSES}")
    return tmp_path


def listed(folder: Path, *arguments: str) -> list[tuple[Any, ...]]:
    """(address, status, desired, issued, former address) of each bonus."""
    rows = bonusctl(folder, "state", "list", *arguments, "--format", "json").json()["bonuses"]
    names = ("address", "status", "desired_amount", "issued_amount", "formerly")
    return sorted(tuple(row[name] for name in names) for row in rows)


def test_a_renamed_campaign_is_counted_and_listed_once(renamed: Path) -> None:
    status = json.loads(bonusctl(renamed, "status", "--format", "json").out)
    assert [(row["campaign"], row["issued"], row["orphaned"]) for row in status["campaigns"]] == [("new", 2, 0)]
    assert listed(renamed) == ISSUED


@pytest.mark.parametrize("name", ["new", "old"])
def test_a_renamed_campaign_is_listed_as_paid_by_either_name(renamed: Path, name: str) -> None:
    assert listed(renamed, "--campaign", name) == ISSUED


def test_the_list_of_a_renamed_campaign_names_the_former_address(renamed: Path) -> None:
    line = bonusctl(renamed, "state", "list", "--campaign", "new").out.splitlines()[1]
    assert line.split() == ["new/a", "issued,", "formerly", "old/a", "1.00", "1.00", "USD"]


@pytest.mark.parametrize("address", ["new/b", "old/b"])
def test_a_renamed_bonus_is_shown_by_either_name_with_its_payment(renamed: Path, address: str) -> None:
    shown = bonusctl(renamed, "state", "show", address)
    assert shown.code == 0
    assert shown.out.splitlines()[0] == "new/b"
    assert "  issued     2.00 USD\n  formerly   old/b\n" in shown.out
    assert "  Payment 1: 2.00 USD, issued as old/b\n" in shown.out


def test_a_top_up_after_a_renaming_stands_beside_what_was_paid_before(renamed: Path) -> None:
    spec = renamed / "specs" / "c.yaml"
    spec.write_text(spec.read_text().replace("amount: 2.00", "amount: 2.50"))
    assert bonusctl(renamed, "apply", "--auto-approve").code == 0
    assert listed(renamed, "--campaign", "new")[1] == ("new/b", "issued", "2.50", "2.50", "old/b")
    shown = bonusctl(renamed, "state", "show", "new/b").out
    assert [line for line in shown.splitlines() if line.startswith("  Payment")] == [
        "  Payment 1: 2.00 USD, issued as old/b",
        "  Payment 2: 0.50 USD, issued",
    ]
    assert listed(renamed) == listed(renamed, "--campaign", "new")


def test_a_bonus_that_was_given_a_key_later_is_shown_with_its_payment(renamed: Path) -> None:
    spec = renamed / "specs" / "c.yaml"
    spec.write_text(
        "version: 1\ncampaign: old\nprovider: toloka\nbonuses:\n  - {user_id: a, amount: 1.00}\n"
        "  - {user_id: b, amount: 2.00, key: award, formerly: {key: ~}}\n"
    )
    assert listed(renamed) == [
        ("old/a", "issued", "1.00", "1.00", None),
        ("old/b#award", "issued", "2.00", "2.00", "old/b"),
    ]
    assert "issued as old/b\n" in bonusctl(renamed, "state", "show", "old/b#award").out


def test_without_readable_specs_the_former_name_is_the_one_that_is_known(renamed: Path) -> None:
    (renamed / "specs" / "c.yaml").write_text("version: [\n")
    assert [row[:2] for row in listed(renamed)] == [("old/a", "issued"), ("old/b", "issued")]
    assert bonusctl(renamed, "state", "show", "old/a").code == 0
    missing = bonusctl(renamed, "state", "show", "new/a")
    assert missing.code == 1
    assert "The specs, which may say what it was called before, cannot be read." in missing.err
