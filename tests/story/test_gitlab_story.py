"""GitLab's template in one story: looked at, started by a person, left in the middle, started again."""

from pathlib import Path

from tests.ci.test_gitlab_played import Pipelines
from tests.story.team import ANN, BEN, CONFIG, NAMES, TOKEN
from tests.support.cli import write_specs
from tests.support.emulator import EmulatorProcess


def test_a_pipeline_that_ran_out_of_funds_goes_on_when_its_job_is_started_again(
    tmp_path: Path, emulator: EmulatorProcess
) -> None:
    """The same saved plan, no new one; then there is nothing to do."""
    made = Pipelines(tmp_path, {"TOLOKA_TOKEN": TOKEN})
    config = CONFIG.format(endpoint=emulator.endpoint, provider="settle_window: 1")
    (made.clone / "bonusctl.yaml").write_text(config)
    write_specs(made.clone, f"{{user_id: {ANN}, amount: 1.00}}", f"{{user_id: {BEN}, amount: 0.50}}")
    made.commit()
    plan = made.job("bonusctl-plan")
    assert "## Bonus plan: 2 payments, 1.50 USD" in plan.out
    emulator.faults([{"name": "no_funds", "on": "send", "nth": [2]}])
    left = made.job("bonusctl-apply", needs=plan.folder)
    assert left.code == 3, left.out
    assert paid(emulator) == ["ann 1.00"]
    emulator.faults([])
    for _ in range(2):
        again = made.job("bonusctl-apply", needs=plan.folder)
        # The plan of the first pipeline was made without a state; the state has recorded what it approved.
        assert again.code == 0, again.out
        assert paid(emulator) == ["ann 1.00", "ben 0.50"]


def paid(emulator: EmulatorProcess) -> list[str]:
    return sorted(f"{NAMES[one['user_id']]} {one['amount']}" for one in emulator.payments())
