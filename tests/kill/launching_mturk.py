"""`tests.kill.launching.Project` at MTurk: signed by AWS's own credential chain, paid by tokens."""

import re
from collections import Counter

from tests.kill.launching import Project

ACCOUNT = "300000000001"
KEYS = {
    "AWS_ACCESS_KEY_ID": f"AKIDEMULATOR{ACCOUNT}",
    "AWS_SECRET_ACCESS_KEY": "emulator-secret-key",
    # Nobody asks this machine's cloud for a role.
    "AWS_EC2_METADATA_DISABLED": "true",
}
CONFIG = """\
version: 1
providers:
  mturk:
    type: mturk
    environment: {environment}
    endpoint: {endpoint}
    concurrency: {concurrency}
    settle_window: 1
{mode}policies:
  allow_top_up: true
"""
HEAD = 'version: 1\ncampaign: {campaign}\nprovider: mturk\ndefaults: {{reason: "Thank you!"}}\nbonuses:\n'


def worker_of(name: str) -> str:
    """A worker's id as MTurk has them."""
    return "A" + re.sub(r"[^A-Z0-9]", "", name.upper())


class MturkProject(Project):
    """Each bonus is for an assignment that is named after its worker."""

    config = CONFIG
    keys = KEYS

    def ask(self, campaign: str = "c", **amounts: str) -> None:
        self.asked |= amounts
        rows = [(worker_of(name), amount) for name, amount in amounts.items()]
        text = "".join(f"  - {{worker_id: {who}, assignment_id: 3{who}, amount: {much}}}\n" for who, much in rows)
        (self.folder / "specs" / f"{campaign}.yaml").write_text(HEAD.format(campaign=campaign) + text)

    def assert_true(self) -> None:
        """Each bonus was paid once, and the state says the same, under the names that the lists gave."""
        remote = Counter((row["worker_id"], row["amount"]) for row in self.emulator.mturk_payments())
        assert remote == Counter((worker_of(name), amount) for name, amount in self.asked.items())
        state = self.expect(0, "state", "list", "--format", "json").json()["bonuses"]
        payments = [payment | {"recipient": row["recipient"]} for row in state for payment in row["payments"]]
        assert {payment["status"] for payment in payments} == {"issued"}
        assert Counter((row["recipient"], row["amount"]) for row in payments) == remote
        assert all(row["remote_id"].startswith(f"3{row['recipient']}@") for row in payments)
        self.expect(0, "state", "verify")
