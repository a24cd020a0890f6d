"""What was paid under a former name is counted once, and not listed as missing under the new one."""

import json
from pathlib import Path

from tests.support.cli import bonusctl

CONFIG = "version: 1\nproviders:\n  toloka: {type: toloka, environment: emulator}\n"
BONUSES = "provider: toloka\nbonuses:\n  - {user_id: a, amount: 1.00}\n  - {user_id: b, amount: 2.00}\n"


def test_a_renamed_campaign_is_counted_and_listed_once(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "bonusctl.yaml").write_text(CONFIG)
    spec = tmp_path / "specs" / "c.yaml"
    spec.write_text(f"version: 1\ncampaign: old\n{BONUSES}")
    assert bonusctl(tmp_path, "apply", "--auto-approve").code == 0
    spec.write_text(f"version: 1\ncampaign: new\nformerly: old\n{BONUSES}")
    status = json.loads(bonusctl(tmp_path, "status", "--format", "json").out)
    assert [(row["campaign"], row["issued"], row["orphaned"]) for row in status["campaigns"]] == [("new", 2, 0)]
    listed = json.loads(bonusctl(tmp_path, "state", "list", "--format", "json").out)["bonuses"]
    assert sorted((row["address"], row["status"], row["desired_amount"]) for row in listed) == [
        ("old/a", "issued", "1.00"),
        ("old/b", "issued", "2.00"),
    ]
